"""The seam assistant and the file that a person edits."""

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.errors import PatternError
from fitting.pattern import (
    Pattern,
    ReadOptions,
    draft_tshirt,
    read_pattern,
    read_pattern_sizes,
)
from fitting.pattern.formats.dxf_write import write_dxf
from fitting.pattern.seams.propose import propose_seams, with_copies
from fitting.pattern.seams.seams_file import SeamNote, seams_path, with_seams_file, write_seams_file


@pytest.fixture
def shirt():
    body = {"stature": 166.2, "bust_girth": 93.0, "hip_girth": 103.7, "neck_girth": 32.4}
    return draft_tshirt(Measurements.from_cm(body))


def test_seams_survive_a_format_without_them(tmp_path, shirt):
    path = tmp_path / "shirt.dxf"
    write_dxf(path, (shirt,))
    write_seams_file(seams_path(path), shirt, [SeamNote(seam=seam) for seam in shirt.seams])
    again = read_pattern(path)
    assert again.seams == shirt.seams
    assert [p.wrap for p in again.panels] == [p.wrap for p in shirt.panels]
    assert again.warnings == ()


def pairs(seams):
    return {
        frozenset((run.panel, run.edge) for run in (*seam.runs_a, *seam.runs_b)) for seam in seams
    }


def test_most_seams_of_public_patterns_are_proposed(shared_data):
    wanted = found = proposed = 0
    for file in sorted(shared_data.glob("garment_pattern_generator/Patterns/**/*.json")):
        pattern = read_pattern(file)
        bare = Pattern(name=pattern.name, panels=pattern.panels, seams=())
        notes = propose_seams([bare])
        right = pairs(note.seam for note in notes) & pairs(pattern.seams)
        wanted, found, proposed = (
            wanted + len(pattern.seams), found + len(right), proposed + len(notes)
        )  # fmt: skip
    assert found / wanted > 0.6
    assert found / proposed > 0.5


def test_grading_tells_true_pairs(shared_data):
    sizes = read_pattern_sizes(shared_data / "dxf_aama_astm" / "dxf" / "simple.DXF")
    by_size = {p.size: p for p in sizes}
    notes = propose_seams([by_size["36"], *(p for p in sizes if p.size != "36")])
    side = frozenset({("C-S1615WWO206-B", 4), ("C-S1615WWO206-F", 4)})
    best = next(n for n in notes if pairs([n.seam]) == {side})
    assert best.confidence > 0.9
    assert "over 14 sizes" in best.why
    assert not best.confirmed


def test_proposals_are_marked_until_confirmed(tmp_path, shared_data):
    source = shared_data / "dxf_aama_astm" / "dxf" / "ORILEGWB_AAMA.DXF"
    bare = with_copies(read_pattern(source))
    twin = next(p for p in bare.panels if p.name.endswith("LL mirrored"))
    notes = propose_seams([bare])
    path = tmp_path / "p.seams.toml"
    write_seams_file(path, bare, notes)
    sewn = with_seams_file(read_pattern(source), path)
    assert len(sewn.seams) == len(notes)
    np.testing.assert_allclose(sewn.panel(twin.name).vertices_m, twin.vertices_m)
    assert f"{len(notes)} of {len(notes)} seams are proposals" in sewn.warnings[-1]
    text = path.read_text(encoding="utf-8").replace("use = true", "use = false", 1)
    path.write_text(text.replace("confirmed = false", "confirmed = true"), encoding="utf-8")
    edited = with_seams_file(read_pattern(source), path)
    assert len(edited.seams) == len(notes) - 1
    assert edited.warnings == read_pattern(source).warnings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[seams", "not readable TOML"),
        ('[[seams]]\na = []\nb = [{panel = "front", edge = 1}]', "at least one edge"),
        ('[[seams]]\na = [{panel = "front"}]\nb = []', "cannot be understood"),
        ('[[seams]]\nkind = "glue"\na = []\nb = []', "'glue' is not one of"),
        ('[panels."x"]\nlayer = 1', "'x' does not exist"),
        ('[panels."x"]\nmirror_of = "y"', "copies 'y'"),
        ('[panels."front"]\nwrap = "tail"', "'tail' is not one of"),
        ("panels = 3", "cannot be understood"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path, shirt, text, said):
    path = tmp_path / "p.seams.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PatternError, match=said):
        with_seams_file(shirt, path)


def test_grain_and_layer_come_from_the_file(tmp_path, shirt):
    path = tmp_path / "p.seams.toml"
    path.write_text('[panels."front"]\ngrain_deg = 45\nlayer = 2\n', encoding="utf-8")
    front = with_seams_file(shirt, path).panel("front")
    assert front.grain_rad == pytest.approx(np.pi / 4)
    assert front.layer == 2


def test_unit_and_allowance_are_kept(tmp_path, shirt):
    path = tmp_path / "shirt.dxf"
    write_dxf(path, (shirt,))
    text = path.read_text(encoding="ascii").replace("Units: METRIC", "Units unknown")
    path.write_text(text, encoding="ascii")
    options = ReadOptions(unit_m=0.001, allowance_m=0.01)
    pattern = read_pattern(path, options=options)
    write_seams_file(seams_path(path), pattern, [], options=options)
    again = read_pattern(path)
    np.testing.assert_allclose(again.panels[0].vertices_m, pattern.panels[0].vertices_m)
    assert len(read_pattern_sizes(path)) == 1
    for line in ('unit = "ell"', "allowance_cm = 40"):
        seams_path(path).write_text(line, encoding="utf-8")
        with pytest.raises(PatternError, match=line.split(" ", maxsplit=1)[0]):
            read_pattern(path)
