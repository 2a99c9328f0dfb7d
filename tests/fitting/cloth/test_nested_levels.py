"""Finer levels start on the coarse surface, keep seams shut and the boundary on its curves."""

import numpy as np
import pytest

from fitting.cloth import garment_levels_on_body, mesh_pattern
from fitting.cloth.ears import without_double_ears
from fitting.cloth.mesh import FlatMesh
from fitting.cloth.triangulate import min_angles_rad, recover_edges, triangulate
from fitting.pattern import Edge, Notch, Panel, Pattern, Run, Seam, draft_tshirt


@pytest.fixture(scope="module")
def shirt(demo_measures):
    return draft_tshirt(demo_measures[0])


@pytest.fixture(scope="module")
def levels(shirt, demo_body):
    return garment_levels_on_body(shirt, demo_body, edge_length_m=0.016, n_levels=2)


def test_the_fine_start_is_the_coarse_surface(levels):
    coarse, fine = levels.levels
    matrix = levels.prolongations[0]
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0)
    np.testing.assert_allclose(matrix @ coarse.positions_m, fine.positions_m, atol=1e-15)
    assert len(fine.faces) == 4 * len(coarse.faces)
    # Old vertices keep their place.
    n = len(coarse.positions_m)
    assert (np.isclose(matrix.max(axis=1).toarray().ravel(), 1.0)).sum() == n


def test_both_sides_of_every_seam_stay_together(levels):
    for cloth in levels.levels:
        a, b = cloth.seam_pairs.T
        np.testing.assert_array_equal(cloth.flat_to_welded[a], cloth.flat_to_welded[b])
        assert (cloth.flat_seam[a] >= 0).all()


def test_the_boundary_lies_on_the_patterns_curves_at_every_level(levels, shirt):
    for cloth in levels.levels:
        on_edge = np.flatnonzero(cloth.flat_edge >= 0)
        for row in on_edge[::7]:
            panel = shirt.panels[cloth.flat_panel[row]]
            share = cloth.flat_share[row]
            point = panel.points_m(int(cloth.flat_edge[row]), np.array([share]))[0]
            np.testing.assert_allclose(cloth.flat_uv_m[row], point, atol=1e-9)
        angles = np.degrees(min_angles_rad(cloth.flat_uv_m, cloth.flat_faces))
        assert np.quantile(angles, 0.05) >= 45
        assert angles.min() >= 20


def square(name, *, notches=()):
    corners = np.array([[0.0, 0], [0.3, 0], [0.3, 0.3], [0, 0.3]])
    return Panel(
        name=name,
        vertices_m=corners,
        edges=tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(4)),
        notches=notches,
    )


def test_a_seam_of_runs_meets_corner_to_corner():
    runs = (Run(panel="b", edge=0), Run(panel="c", edge=0, start=0.5, stop=1.0))
    seam = Seam(side_a=("a", 0), runs_b=runs, kind="gather", reversed=False)
    pattern = Pattern(name="p", panels=(square("a"), square("b"), square("c")), seams=(seam,))
    flat = mesh_pattern(pattern, edge_length_m=0.04)
    a, b = flat.seam_pairs.T
    assert (flat.panel[a] == 0).all()
    # Two thirds of the gathered side go to the whole edge, one third to the half of the other.
    corner = flat.uv_m[a][flat.panel[b] == 1][-1]
    np.testing.assert_allclose(corner, [0.2, 0.0], atol=1e-12)
    half = flat.uv_m[b][flat.panel[b] == 2]
    np.testing.assert_allclose(half[[0, -1]], [[0.15, 0], [0.3, 0]], atol=1e-12)


def test_notches_of_a_seam_meet():
    one = square("a", notches=(Notch(edge=0, share=0.4),))
    other = square("b", notches=(Notch(edge=0, share=0.55),))
    seam = Seam(side_a=("a", 0), side_b=("b", 0))
    flat = mesh_pattern(Pattern(name="p", panels=(one, other), seams=(seam,)), edge_length_m=0.04)
    a, b = flat.seam_pairs.T
    met = flat.share[b][np.isclose(flat.share[a], 0.4)]
    np.testing.assert_allclose(met, 0.55)


def test_a_narrow_strip_gets_smaller_triangles():
    corners = np.array([[0.0, 0], [0.9, 0], [0.9, 0.03], [0, 0.03]])
    edges = tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(4))
    band = Panel(name="band", vertices_m=corners, edges=edges)
    flat = mesh_pattern(Pattern(name="p", panels=(band,), seams=()), edge_length_m=0.04)
    angles = np.degrees(min_angles_rad(flat.uv_m, flat.faces))
    assert np.quantile(angles, 0.05) >= 45


def test_flips_bring_a_lost_edge_back():
    points = np.array([[0.0, 0], [1, -0.2], [2, 0], [1, 0.2], [1, 0.0]])
    points[4] = [1, 0.35]
    triangles = np.array([[0, 1, 3], [1, 2, 3]])
    found = recover_edges(points[:4], triangles, np.array([[0, 2]]))
    assert {frozenset(t) for t in found.tolist()} == {frozenset((0, 1, 2)), frozenset((0, 2, 3))}


def test_a_slot_narrower_than_the_edges_keeps_its_boundary():
    slot = [
        [0.0, 0],
        [0.1, 0],
        [0.1, 0.2],
        [0.101, 0.2],
        [0.101, 0],
        [0.2, 0],
        [0.2, 0.3],
        [0, 0.3],
    ]
    boundary = np.array(slot)
    dense = np.concatenate([
        np.linspace(boundary[i], boundary[(i + 1) % 8], n, endpoint=False)
        for i, n in enumerate((4, 7, 1, 5, 4, 10, 7, 10))
    ])  # fmt: skip
    points, triangles = triangulate("slot", dense, 0.03)
    edges = {
        tuple(sorted(e)) for t in triangles.tolist() for e in zip(t, t[1:] + t[:1], strict=True)
    }
    n = len(dense)
    assert all(tuple(sorted((i, (i + 1) % n))) in edges for i in range(n))
    assert len(points) > n


def test_two_ears_on_one_seam_are_not_one_double_triangle():
    """Corners of two panels that meet with all three edges of a triangle lie in each other."""
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    # Both squares are cut along the same diagonal, and sewn along two sides: 0-1 and 1-2.
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    flat = FlatMesh(
        uv_m=np.concatenate([square, square]), panel=np.repeat([0, 1], 4),
        edge=np.full(8, -1), share=np.full(8, np.nan), seam=np.full(8, -1), faces=faces,
        face_panel=np.repeat([0, 1], 2), seam_sides=(), edge_points={},
    )  # fmt: skip
    welded = np.array([0, 1, 2, 3, 0, 1, 2, 4])
    mended = without_double_ears(flat, welded)
    corners = np.sort(welded[mended.faces], axis=1)
    assert len(np.unique(corners, axis=0)) == 4
    uv = mended.uv_m[mended.faces]
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    np.testing.assert_allclose(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], 1.0)


def test_runs_that_end_nearly_together_end_together():
    """Corners of both sides a hair apart leave no sliver between them."""

    def panel(name, middle):
        corners = np.array([[0.0, 0.0], [0.2, 0.0], [0.2, middle], [0.2, 0.4], [0.0, 0.4]])
        edges = tuple(Edge(start=i, stop=(i + 1) % 5) for i in range(5))
        return Panel(name=name, vertices_m=corners, edges=edges)

    runs = [tuple(Run(panel=name, edge=i) for i in (1, 2)) for name in "ab"]
    seam = Seam(runs_a=runs[0], runs_b=runs[1], reversed=False)
    panels = (panel("a", 0.2), panel("b", 0.2002))
    flat = mesh_pattern(Pattern(name="x", panels=panels, seams=(seam,)), edge_length_m=0.05)
    steps = flat.uv_m[flat.faces] - flat.uv_m[np.roll(flat.faces, 1, axis=1)]
    assert np.linalg.norm(steps, axis=2).min() > 0.02
    a, b = flat.seam_pairs.T
    assert len(a) == len(b) > 6
