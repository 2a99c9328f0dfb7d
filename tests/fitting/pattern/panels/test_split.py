"""Seams of runs and notches become seams of whole edges on the same outline."""

import numpy as np
import pytest

from fitting.pattern import Edge, Notch, Panel, Pattern, Run, Seam, split_seams
from fitting.pattern.panels.cut import cut_panel

SHARE = np.linspace(0, 1, 11)
CURVES = [
    Edge(start=0, stop=1),
    Edge(start=0, stop=1, controls_m=((0.2, 0.1),)),
    Edge(start=0, stop=1, controls_m=((0.1, 0.1), (0.3, -0.1))),
    Edge(start=0, stop=1, arc=(0.25, False, True)),
    Edge(start=0, stop=1, arc=(0.25, True, False)),
    Edge(start=0, stop=1, through_m=((0.1, -0.05), (0.3, -0.05))),
    Edge(start=0, stop=1, through_m=((0.1, -0.05), (0.3, -0.05)), smooth=True),
]


def square(name="a", first=CURVES[0], **more):
    corners = np.array([[0.0, 0.0], [0.4, 0.0], [0.4, 0.6], [0.0, 0.6]])
    rest = tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(1, 4))
    return Panel(name=name, vertices_m=corners, edges=(first, *rest), **more)


@pytest.mark.parametrize("edge", CURVES)
def test_cut_edges_lie_on_the_old_curve(edge):
    panel = square(first=edge, notches=(Notch(edge=0, share=0.5), Notch(edge=2, share=0.3)))
    cut = cut_panel(panel, {0: [0.3, 0.7]})
    assert len(cut.panel.edges) == 6
    lengths = [cut.panel.length_m(i) for i in range(3)]
    assert sum(lengths) == pytest.approx(panel.length_m(0), rel=2e-4)
    assert lengths[0] == pytest.approx(0.3 * panel.length_m(0), rel=2e-3)
    for i, (low, high) in enumerate(((0, 0.3), (0.3, 0.7), (0.7, 1))):
        old = panel.points_m(0, low + (high - low) * SHARE)
        np.testing.assert_allclose(cut.panel.points_m(i, SHARE), old, atol=3e-4)
    assert [(n.edge, round(n.share, 6)) for n in cut.panel.notches] == [(1, 0.5), (4, 0.3)]


def test_whole_edges_without_notches_stay_as_they_are():
    pattern = Pattern(
        name="p", panels=(square(), square("b")), seams=(Seam(side_a=("a", 1), side_b=("b", 3)),)
    )
    assert split_seams(pattern) is pattern


def lengths(pattern):
    return [
        tuple(pattern.panel(side[0]).length_m(side[1]) for side in (seam.side_a, seam.side_b))
        for seam in pattern.seams
    ]


def test_one_edge_meets_two():
    """A band along two edges of another panel: cut where those two meet."""
    long = Panel(
        name="band",
        vertices_m=np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.1], [0.0, 0.1]]),
        edges=tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(4)),
    )
    seam = Seam(
        runs_a=(Run(panel="band", edge=0),), runs_b=(Run(panel="a", edge=0), Run(panel="a", edge=1))
    )
    split = split_seams(Pattern(name="p", panels=(long, square()), seams=(seam,)))
    assert all(piece.is_whole and piece.reversed for piece in split.seams)
    # Reversed: the band's start meets the end of the second edge.
    assert [piece.side_b for piece in split.seams] == [("a", 1), ("a", 0)]
    np.testing.assert_allclose(lengths(split), [(0.6, 0.6), (0.4, 0.4)], atol=1e-9)


def test_notches_pair_by_order_and_keep_the_ease_between_them():
    a = square(notches=(Notch(edge=1, share=0.5),))
    b = square("b", notches=(Notch(edge=3, share=0.4),))
    seams = (Seam(side_a=("a", 1), side_b=("b", 3)),)
    split = split_seams(Pattern(name="p", panels=(a, b), seams=seams))
    np.testing.assert_allclose(lengths(split), [(0.3, 0.36), (0.3, 0.24)], atol=1e-9)


def test_partial_runs_leave_the_rest_open():
    runs = (Run(panel="a", edge=1, start=0.25, stop=0.75),)
    seam = Seam(runs_a=runs, runs_b=(Run(panel="b", edge=3, start=0.5, stop=0.0),), reversed=False)
    split = split_seams(Pattern(name="p", panels=(square(), square("b")), seams=(seam,)))
    (piece,) = split.seams
    assert len(split.panel("a").edges) == 6
    assert len(split.panel("b").edges) == 5
    assert piece.reversed
    np.testing.assert_allclose(lengths(split), [(0.3, 0.3)], atol=1e-9)


def test_a_seam_needs_two_sides():
    with pytest.raises(ValueError, match="side_b or runs_b"):
        Seam(side_a=("a", 0))
