"""Markers: short, legal, and checked by shapes that the search never saw."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fitting.errors import PatternError
from fitting.nesting import Allowance, NestSettings, check_marker, cut_pieces, nest_pieces
from fitting.nesting.draw import write_marker_dxf, write_marker_svg
from fitting.pattern import Edge, Panel, Pattern

BARE = Allowance(seam_m=0.0, hem_m=0.0)


def triangle(name, wide_m, high_m):
    corners = np.array([[0.0, 0.0], [wide_m, 0.0], [0.0, high_m]])
    edges = tuple(Edge(start=i, stop=(i + 1) % 3) for i in range(3))
    return Panel(name=name, vertices_m=corners, edges=edges)


def pieces(count=4, wide_m=0.3, high_m=0.4):
    made = Pattern(name="test", panels=(triangle("kite", wide_m, high_m),), seams=(), size="M")
    return cut_pieces([(made, count)], allowance=BARE)


def search(**changes):
    return replace(NestSettings(width_m=0.31, seconds=1, n_threads=1), **changes)


def test_triangles_turned_by_half_a_turn_fill_rectangles():
    # Grain along the roll: each pair makes a rectangle of 0.4 m along it and 0.3 m across.
    marker = nest_pieces(pieces(), search())
    assert marker.utilisation > 0.9
    assert {round(np.degrees(placed.turn_rad)) % 360 for placed in marker.pieces} == {0, 180}


def test_a_one_way_cloth_is_never_turned_and_takes_more():
    marker = nest_pieces(pieces(), search(turns_rad=(0.0,)))
    assert {placed.turn_rad for placed in marker.pieces} == {0.0}
    assert marker.length_m > 1.2 * nest_pieces(pieces(), search()).length_m


@settings(max_examples=4, deadline=None)
@given(gap_mm=st.floats(0, 12), seed=st.integers(0, 1000), wide_m=st.floats(0.05, 0.3))
def test_gaps_are_kept_and_all_lies_on_the_cloth(gap_mm, seed, wide_m):
    marker = nest_pieces(pieces(3, wide_m), search(gap_m=gap_mm / 1000, seed=seed))
    cuts = [placed.cut() for placed in marker.pieces]
    cloth = shapely.box(0, 0, marker.length_m, marker.width_m).buffer(2e-5)
    assert all(cloth.covers(cut) for cut in cuts)
    for i, cut in enumerate(cuts):
        assert all(cut.distance(other) > gap_mm / 1000 - 2e-5 for other in cuts[i + 1 :])


def test_numbers_of_a_marker_belong_together():
    marker = nest_pieces(pieces(2), search())
    assert marker.piece_area_m2 == pytest.approx(0.12)
    assert marker.utilisation == pytest.approx(0.12 / (0.31 * marker.length_m))
    assert marker.waste_m2 + marker.piece_area_m2 == pytest.approx(marker.area_m2)
    assert marker.mass_kg(0.2) == pytest.approx(0.2 * marker.area_m2)
    assert f"fabric length {marker.length_m * 100:.1f} cm, waste" in marker.sentence()


def test_the_check_finds_overlap_gap_and_edge():
    marker = nest_pieces(pieces(2), search(gap_m=0.005))
    assert check_marker(marker) == ()
    first, second = marker.pieces
    upon = replace(second, shift_m=first.shift_m, turn_rad=first.turn_rad)
    kinds = {fault.kind for fault in check_marker(replace(marker, pieces=(first, upon)))}
    assert kinds == {"overlap"}
    assert {f.kind for f in check_marker(replace(marker, length_m=0.1))} == {"outside"}
    wider = check_marker(replace(marker, gap_m=0.02))
    assert [fault.kind for fault in wider] == ["gap"]
    assert "kite" in str(wider[0])


def test_a_piece_wider_than_the_cloth_is_named():
    with pytest.raises(PatternError, match=r"kite of size M is 30\.0 cm across the roll"):
        nest_pieces(pieces(1), search(width_m=0.25))


def test_nothing_to_cut_is_said():
    with pytest.raises(PatternError, match="nothing to cut"):
        nest_pieces((), search())


@pytest.mark.parametrize(
    ("change", "word"),
    [({"width_m": 0.0}, "fabric width"), ({"gap_m": -1.0}, "gap"), ({"seconds": 0.0}, "search"),
     ({"turns_rad": ()}, "turn")],
)  # fmt: skip
def test_impossible_settings_are_refused(change, word):
    with pytest.raises(PatternError, match=word):
        search(**change)


def test_the_drawings_hold_every_piece_with_size_panel_and_grain(tmp_path):
    import ezdxf

    marker = nest_pieces(pieces(2), search())
    lines = (marker.sentence(),)
    write_marker_svg(tmp_path / "m.svg", marker, title="kites <2>", margin_lines=lines)
    svg = (tmp_path / "m.svg").read_text(encoding="utf-8")
    assert svg.count('class="cut"') == 2
    assert "size M" in svg
    assert "kites &lt;2&gt;" in svg
    assert marker.sentence() in svg
    write_marker_dxf(tmp_path / "m.dxf", marker, title="kites", margin_lines=lines)
    space = ezdxf.readfile(tmp_path / "m.dxf").modelspace()
    cut = [line for line in space.query("LWPOLYLINE") if line.dxf.layer == "CUT"]
    area_m2 = sum(shapely.Polygon(line.get_points("xy")).area for line in cut) * 1e-6
    assert area_m2 == pytest.approx(marker.piece_area_m2, rel=1e-6)
    assert {line.dxf.layer for line in space} == {"CLOTH", "CUT", "SEW", "GRAIN", "TEXT"}


def test_a_shape_that_the_search_refuses_is_one_sentence(monkeypatch, capfd):
    import spyrrow

    eight = [(0.0, 0.0), (100.0, 0.0), (50.0, 50.0), (100.0, 100.0), (0.0, 100.0), (50.0, 50.0)]
    item = spyrrow.Item("0", eight, 1, [0.0])
    monkeypatch.setattr("fitting.nesting.search._items", lambda *_: [item])
    with pytest.raises(PatternError, match="the search refuses a shape"):
        nest_pieces(pieces(1), search())
    capfd.readouterr()  # the library tells its own stack
