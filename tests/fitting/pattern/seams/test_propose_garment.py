"""Loose pieces are recognised by their shape, and put together as a cutter would."""

from dataclasses import replace

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.cloth import garment_on_body
from fitting.cloth.crossing import cloth_crossings
from fitting.pattern import Pattern, complete_measures, draft_block, read_pattern
from fitting.pattern.formats.dxf_write import write_dxf
from fitting.pattern.panels.fold import Frame, framed_panel
from fitting.pattern.seams.pieces import piece_of
from fitting.pattern.seams.propose_garment import propose_garment
from fitting.pattern.seams.seams_file import seams_path, write_seams_file


@pytest.fixture
def measures(demo_measures, demo_fit):
    return complete_measures(demo_measures[0], demo_fit.achieved)


def loose(pattern):
    """The same pieces as a file without places or seams has them, each lying at its own angle."""
    rng = np.random.default_rng(4)
    panels = [
        framed_panel(
            replace(panel, wrap="as_placed", half="whole", label=""),
            Frame(up_rad=rng.uniform(-3, 3), origin_m=tuple(rng.normal(size=2))),
        )
        for panel in pattern.panels
    ]
    return Pattern(name=pattern.name, panels=tuple(panels), seams=())


def lengths_m(pattern, seam):
    return sorted(
        round(sum(pattern.panel(run.panel).length_m(run.edge) for run in runs), 3)
        for runs in (seam.runs_a, seam.runs_b)
    )


@pytest.mark.parametrize("name", ["tshirt", "tank", "base_layer"])
def test_a_top_is_sewn_as_it_was_drafted(measures, name):
    block = draft_block(name, measures)
    garment = propose_garment(loose(block))
    wraps = {panel.wrap for panel in garment.sewn.panels}
    assert {"torso_front", "torso_back"} <= wraps
    sleeves = {panel.name for panel in block.panels if panel.wrap.startswith("sleeve")}
    assert sleeves <= {panel.name for panel in garment.sewn.panels}
    drafted = [lengths_m(block, seam) for seam in block.seams]
    for note in garment.notes:
        a, b = lengths_m(garment.sewn, note.seam)
        assert b < 1.2 * a, note.why
        # Cap and armhole are one seam here, and two in the block.
        assert [a, b] in drafted or "armhole" in note.why, note.why
    assert len(garment.notes) == 4 + 2 * len(sleeves)


@pytest.mark.slow
def test_a_top_put_together_by_shape_can_be_worn(measures, demo_body):
    sewn = propose_garment(loose(draft_block("tshirt", measures))).sewn
    cloth = garment_on_body(sewn, demo_body, edge_length_m=0.03)
    assert len(cloth_crossings(cloth.positions_m, cloth.faces)) == 0
    sleeve = cloth.flat_panel == cloth.panel_names.index("sleeve_l")
    assert cloth.positions_m[cloth.flat_to_welded[sleeve], 0].min() > 0


def test_pieces_are_what_their_outline_says(measures):
    roles = {
        panel.name: (piece_of(panel) or panel).role if piece_of(panel) else None
        for name in ("tshirt", "skirt", "chest_band")
        for panel in loose(draft_block(name, measures)).panels
    }
    assert roles["front"] == "torso" or roles["front"] is None
    assert roles["sleeve_l"] == "sleeve"
    assert "leg" not in roles.values()


def test_legs_of_a_graded_file_are_put_together(shared_data):
    pattern = read_pattern(shared_data / "dxf_aama_astm" / "dxf" / "ORILEGWB_AAMA.DXF")
    garment = propose_garment(pattern)
    wraps = {panel.name: panel.wrap for panel in garment.sewn.panels}
    assert sorted(wraps.values()) == ["leg_l", "leg_r", "waist"]
    leg = next(name for name, wrap in wraps.items() if wrap == "leg_l")
    others = {
        run.panel
        for note in garment.notes
        if "crotch" in note.why
        for run in (*note.seam.runs_a, *note.seam.runs_b)
    }
    assert leg in others
    assert len(others) == 2
    assert garment.left_out == {}


def test_what_is_no_piece_of_clothing_is_not_dressed_up(shared_data):
    box = shared_data / "dxf_aama_astm" / "dxf" / "clo-box.dxf"
    assert propose_garment(read_pattern(box)) is None


def test_a_seams_file_keeps_places_and_what_is_left_out(tmp_path, measures):
    pattern = loose(draft_block("tshirt", measures))
    path = tmp_path / "shirt.dxf"
    write_dxf(path, (pattern,))
    read = read_pattern(path)
    garment = propose_garment(read)
    left_out = garment.left_out | {"sleeve_r": "lost in the laundry"}
    notes = [
        note for note in garment.notes
        if "sleeve_r" not in {run.panel for run in (*note.seam.runs_a, *note.seam.runs_b)}
    ]  # fmt: skip
    write_seams_file(
        seams_path(path), garment.drawn, notes, frames=garment.frames, left_out=left_out
    )
    again = read_pattern(path)
    assert not again.panel("sleeve_r").worn
    assert "sleeve_r" not in {panel.name for panel in again.worn_part().panels}
    assert any("sleeve_r" in warning for warning in again.warnings)
    assert again.seams == tuple(note.seam for note in notes)
    for panel in again.worn_part().panels:
        sewn = garment.sewn.panel(panel.name)
        assert panel.wrap == sewn.wrap
        np.testing.assert_allclose(panel.vertices_m, sewn.vertices_m, atol=2e-5)
        np.testing.assert_allclose(panel.rotation_rad, sewn.rotation_rad)


def test_a_frame_turns_up_to_up():
    body = {"stature": 166.2, "bust_girth": 93.0, "hip_girth": 103.7, "neck_girth": 32.4}
    panel = draft_block("tshirt", Measurements.from_cm(body)).panels[0]
    frame = Frame(up_rad=0.0, origin_m=(0.1, 0.2))
    np.testing.assert_allclose(frame.seen(np.array([[0.3, 0.2]])), [[0.0, 0.2]], atol=1e-12)
    turned = framed_panel(panel, frame)
    np.testing.assert_allclose(
        [turned.length_m(i) for i in range(len(turned.edges))],
        [panel.length_m(i) for i in range(len(panel.edges))],
    )
    assert turned.grain_rad == pytest.approx(panel.grain_rad + np.pi / 2)
