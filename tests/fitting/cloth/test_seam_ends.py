"""Where seams of several runs end nearly together, no slivers of cloth are made."""

import numpy as np
import pytest

from fitting.cloth.edges import cut_edges
from fitting.cloth.mesh import mesh_pattern
from fitting.cloth.sew import weld
from fitting.cloth.triangulate import min_angles_rad
from fitting.pattern import Edge, Panel, Pattern, Seam
from fitting.pattern.seam import Run


def rectangle(name, width_m, height_m=0.1):
    corners = np.array([(0, 0), (width_m, 0), (width_m, height_m), (0, height_m)], float)
    edges = tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(4))
    return Panel(name=name, vertices_m=corners, edges=edges, wrap="skirt")


def yoke(off_m):
    """Two panels below two others, whose side seams differ by some length."""
    below = [rectangle("a", 0.2), rectangle("b", 0.2)]
    above = [rectangle("c", 0.2 + off_m), rectangle("d", 0.2 - off_m)]
    across = Seam(
        runs_a=(Run(panel="b", edge=2), Run(panel="a", edge=2)),
        runs_b=(Run(panel="c", edge=0), Run(panel="d", edge=0)),
    )
    down = [Seam(side_a=("a", 1), side_b=("b", 3)), Seam(side_a=("c", 1), side_b=("d", 3))]
    return Pattern(name="yoke", panels=(*below, *above), seams=(across, *down))


@pytest.mark.parametrize("off_m", [0.0, 6e-6, 5e-4, -2e-3])
def test_side_seams_that_nearly_meet_are_sewn_to_one_point(off_m):
    pattern = yoke(off_m)
    flat = mesh_pattern(pattern, edge_length_m=0.02)
    assert np.degrees(min_angles_rad(flat.uv_m, flat.faces)).min() > 20
    welded = weld(flat, pattern)
    crossing = [welded[flat.edge_points[name, 0 if name in "cd" else 2]] for name in "abcd"]
    a, b, c, d = (set(rows.tolist()) for rows in crossing)
    assert len(a & b & c & d) == 1


def test_side_seams_that_lie_apart_stay_apart():
    pattern = yoke(0.02)
    flat = mesh_pattern(pattern, edge_length_m=0.02)
    welded = weld(flat, pattern)
    a, b, c, d = (
        set(welded[flat.edge_points[name, 0 if name in "cd" else 2]].tolist()) for name in "abcd"
    )
    assert len(a & b) == len(c & d) == 1
    assert not a & b & c & d


def test_stretches_of_an_edge_that_nearly_touch_share_their_vertex():
    panels = (rectangle("a", 0.4), rectangle("b", 0.2), rectangle("c", 0.2))
    seams = tuple(
        Seam(runs_a=(Run(panel="a", edge=2, start=low, stop=high),), side_b=(name, 0))
        for name, low, high in (("b", 0.0, 0.5), ("c", 0.50001, 1.0))
    )
    cuts = cut_edges(Pattern(name="row", panels=panels, seams=seams), 0.02)
    assert np.diff(cuts.shares["a", 2]).min() > 0.02
