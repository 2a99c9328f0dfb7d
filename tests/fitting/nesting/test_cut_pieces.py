"""Pieces to cut: allowance, right side up, grain along the roll, pairs and counts."""

from dataclasses import replace

import numpy as np
import pytest

from fitting.errors import PatternError
from fitting.nesting import Allowance, cut_pieces
from fitting.pattern import Edge, Hole, Panel, Pattern, Seam, complete_measures, draft_block
from fitting.pattern.panels.allowance import cut_polygon


def square(name="front", side_m=0.4, **properties):
    corners = np.array([[0.0, 0.0], [side_m, 0.0], [side_m, side_m], [0.0, side_m]])
    edges = tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(4))
    return Panel(name=name, vertices_m=corners, edges=edges, **properties)


def pattern(*panels, seams=()):
    return Pattern(name="test", panels=panels, seams=tuple(seams), size="M")


def only(made):
    (piece,) = cut_pieces([(made, 1)], allowance=Allowance(seam_m=0.01, hem_m=0.02))
    return piece


def test_a_square_grows_by_its_allowance_and_keeps_its_corners():
    assert only(pattern(square())).cut.area == pytest.approx(0.44**2, rel=1e-9)


def test_sewn_and_open_edges_have_their_own_allowance():
    seam = Seam(side_a=("front", 1), side_b=("back", 3))
    made = pattern(square(), square("back"), seams=[seam])
    front, _ = cut_pieces([(made, 1)], allowance=Allowance(seam_m=0.01, hem_m=0.02))
    assert front.cut.area == pytest.approx(0.43 * 0.44, rel=1e-9)


def test_no_allowance_cuts_the_sew_line():
    (piece,) = cut_pieces([(pattern(square()), 1)], allowance=Allowance(seam_m=0, hem_m=0))
    assert piece.cut.area == pytest.approx(0.16, rel=1e-9)


def test_the_sense_of_the_loop_does_not_change_what_is_cut():
    panel = square()
    edges = tuple(Edge(start=(4 - i) % 4, stop=(3 - i) % 4) for i in range(4))
    turned = replace(panel, edges=edges)
    assert only(pattern(turned)).cut.area == pytest.approx(0.44**2, rel=1e-9)


def test_a_sharp_corner_is_cut_off():
    corners = np.array([[0.0, 0.0], [0.5, -0.02], [0.5, 0.02]])
    edges = tuple(Edge(start=i, stop=(i + 1) % 3) for i in range(3))
    spike = Panel(name="spike", vertices_m=corners, edges=edges)
    low_x = cut_polygon(spike, [0.01] * 3).bounds[0]
    assert -0.03 < low_x < 0


def test_a_dart_is_marked_and_not_cut():
    corners = np.array(
        [[0, 0], [0.18, 0], [0.2, 0.1], [0.22, 0], [0.4, 0], [0.4, 0.4], [0, 0.4]], dtype=float
    )
    edges = tuple(Edge(start=i, stop=(i + 1) % 7) for i in range(7))
    panel = Panel(name="front", vertices_m=corners, edges=edges)
    dart = Seam(side_a=("front", 1), side_b=("front", 2), kind="dart")
    assert only(pattern(panel, seams=[dart])).cut.area == pytest.approx(0.44**2, rel=1e-6)


def test_a_cut_out_is_no_cloth():
    hole = Hole(
        center_m=(0.2, 0.2),
        outline_m=np.array([[0.1, 0.1], [0.3, 0.1], [0.3, 0.3], [0.1, 0.3]]),
    )
    assert only(pattern(square(holes=(hole,)))).cut.area == pytest.approx(0.44**2 - 0.04)


@pytest.mark.parametrize("grain_rad", [0.0, np.pi / 2, 2.0])
def test_the_grain_runs_along_the_roll(grain_rad):
    piece = only(pattern(square(grain_rad=grain_rad)))
    along = np.array([[np.cos(grain_rad), np.sin(grain_rad)]])
    np.testing.assert_allclose(piece.laid(along), [[1.0, 0.0]], atol=1e-12)


def test_two_of_a_panel_are_a_mirrored_pair():
    corners = np.array([[0.0, 0.0], [0.4, 0.0], [0.1, 0.3]])
    edges = tuple(Edge(start=i, stop=(i + 1) % 3) for i in range(3))
    sleeve = Panel(name="sleeve", vertices_m=corners, edges=edges, n_cut=2)
    plain, twin = cut_pieces([(pattern(sleeve), 3)])
    assert (plain.count, twin.count) == (3, 3)
    assert twin.mirrored
    assert plain.cut.area == pytest.approx(twin.cut.area)
    assert not plain.cut.equals_exact(twin.cut, 1e-3)


def test_a_twin_that_the_pattern_shows_is_not_cut_again():
    sleeve = square("sleeve", n_cut=2)
    twin = replace(square("sleeve mirrored", n_cut=2), label="mirror of sleeve")
    assert sum(piece.count for piece in cut_pieces([(pattern(sleeve, twin), 1)])) == 2


def test_left_and_right_of_a_block_are_mirror_images_when_laid_right_side_up(
    demo_measures, demo_fit
):
    measures = complete_measures(demo_measures[0], demo_fit.achieved)
    pieces = {p.panel.name: p for p in cut_pieces([(draft_block("tshirt", measures), 1)])}
    left, right = pieces["sleeve_l"].cut, pieces["sleeve_r"].cut
    flipped = np.asarray(left.exterior.coords) * [1.0, -1.0]
    offset = np.subtract(right.bounds[:2], flipped.min(axis=0))
    import shapely

    assert shapely.Polygon(flipped + offset).symmetric_difference(right).area < 1e-5


@pytest.mark.parametrize("block", ["skirt", "trousers", "base_layer", "leggings", "knee_sleeve"])
def test_the_cut_line_of_a_block_lies_around_its_sew_line(block, demo_measures, demo_fit):
    import shapely

    measures = complete_measures(demo_measures[0], demo_fit.achieved)
    for piece in cut_pieces([(draft_block(block, measures), 1)]):
        sew = shapely.Polygon(piece.laid(piece.panel.outline_m(0.002)))
        assert piece.cut.is_valid
        assert sew.difference(piece.cut.buffer(1e-4)).area < 1e-7
        assert piece.cut.difference(sew.buffer(0.055)).area < 1e-4


def test_an_allowance_of_metres_is_refused():
    with pytest.raises(PatternError, match="outside 0 to 10 cm"):
        Allowance(seam_m=1.0)
