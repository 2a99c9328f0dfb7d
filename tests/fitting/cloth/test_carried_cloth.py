"""Cloth goes along with a body that moves, keeps its layers in order, and ends free of the skin."""

import numpy as np
import pytest

from fitting.body import pose_body
from fitting.body.posing import rig_of
from fitting.body.touch import parts_of
from fitting.body.way import way_to
from fitting.cloth import garment_levels_on_body
from fitting.cloth.carry import Carrier
from fitting.cloth.crossing import body_crossings, cloth_crossings
from fitting.cloth.untangle import Untangler
from fitting.pattern import complete_measures, draft_block


def test_points_beside_a_limb_go_with_it(demo_body):
    way = way_to(pose_body(demo_body, "arms_up")).stances
    rig, first = rig_of(demo_body), way[0]
    wrist = list(rig.joint_names).index("elbow_l")
    rows = np.flatnonzero(rig.weights[:, wrist] > 0.95)[::10]
    start = first.vertices_m[rows] + 0.012 * first.normals[rows]
    carrier = Carrier(start, rig, first, edge_length_m=0.016)
    carrier.follow(way[1:])
    want = way[-1].vertices_m[rows] + 0.012 * way[-1].normals[rows]
    assert np.linalg.norm(carrier.points_m - want, axis=1).max() < 0.004
    carrier.rewind()
    np.testing.assert_array_equal(carrier.points_m, start)


def test_layers_between_arm_and_trunk_keep_their_order(demo_body):
    posed = pose_body(demo_body, "arms_down")
    way, rig = way_to(posed).stances, rig_of(demo_body)
    part, last = parts_of(rig), way[-1]
    # Points right on the skin of arm and trunk stay on their own side of the gap.
    from scipy.spatial import KDTree

    arm, trunk = (np.flatnonzero(part == k) for k in (2, 0))
    gap, _ = KDTree(last.vertices_m[trunk]).query(last.vertices_m[arm])
    rows = arm[gap < 0.03]
    start = way[0].vertices_m[rows] + 0.01 * way[0].normals[rows]
    carrier = Carrier(start, rig, way[0], edge_length_m=0.016)
    carrier.follow(way[1:])
    to_arm = KDTree(last.vertices_m[arm]).query(carrier.points_m)[0]
    to_trunk = KDTree(last.vertices_m[trunk]).query(carrier.points_m)[0]
    assert len(rows) > 20
    assert (to_arm < to_trunk).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "pose"),
    [("tshirt", "arms_down"), ("leggings", "sitting"), ("base_layer", "walk_contact")],
)
def test_blocks_go_into_poses_where_skin_meets_skin(demo_fit, demo_measures, name, pose):
    measures = complete_measures(demo_measures[0], demo_fit.achieved)
    body = pose_body(demo_fit.body, pose)
    garment = garment_levels_on_body(draft_block(name, measures), body, edge_length_m=0.016)
    fine, coarse = garment.finest, garment.levels[0]
    assert len(cloth_crossings(fine.positions_m, fine.faces)) == 0
    assert len(body_crossings(fine.positions_m, fine.faces, body.vertices_m, body.faces)) == 0
    # Coarser levels share the vertices of the finest.
    np.testing.assert_array_equal(
        coarse.positions_m[coarse.flat_to_welded],
        fine.positions_m[fine.flat_to_welded[: len(coarse.flat_to_welded)]],
    )


def test_a_crumpled_patch_is_pulled_taut():
    n = 12
    u, v = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    x = np.stack([0.01 * u, np.zeros_like(u, dtype=float), 0.01 * v], axis=-1).reshape(-1, 3)
    a = (u[:-1, :-1] * n + v[:-1, :-1]).ravel()
    faces = np.concatenate(
        [np.stack([a, a + 1, a + n], axis=1), np.stack([a + 1, a + n + 1, a + n], axis=1)]
    )
    skin = np.array([[-1.0, -0.05, -1], [2.0, -0.05, -1], [0, -0.05, 2]])
    tangled = x.copy()
    # Two rows lean over, and dip through the cloth beside them.
    for k in (4, 5, 6):
        tangled[5 * n + k] += [0.033, 0.012, 0.0]
        tangled[6 * n + k] += [0.033, -0.012, 0.0]
    assert len(cloth_crossings(tangled, faces)) > 0
    untangler = Untangler(faces, np.array([[0, 1, 2]]))
    freed, bad = untangler.freed(tangled, skin, lambda points, *, higher_m: points)
    assert len(bad) == 0
    assert len(cloth_crossings(freed, faces)) == 0
    np.testing.assert_array_equal(freed[:n], x[:n])


def test_cloth_is_pushed_over_a_spike():
    n = 12
    u, v = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    x = np.stack([0.01 * u, np.zeros_like(u, dtype=float), 0.01 * v], axis=-1).reshape(-1, 3)
    a = (u[:-1, :-1] * n + v[:-1, :-1]).ravel()
    faces = np.concatenate(
        [np.stack([a, a + 1, a + n], axis=1), np.stack([a + 1, a + n + 1, a + n], axis=1)]
    )
    # Four steep sides meet in a point above the sheet; no skin vertex is near it otherwise.
    corners = [[0.04, -0.03, 0.04], [0.04, -0.03, 0.07], [0.07, -0.03, 0.07], [0.07, -0.03, 0.04]]
    skin = np.array([*corners, [0.055, 0.008, 0.054]])
    sides = np.array([[i, (i + 1) % 4, 4] for i in range(4)])
    assert len(body_crossings(x, faces, skin, sides)) > 0
    freed, bad = Untangler(faces, sides).freed(x, skin, lambda points, *, higher_m: points)
    assert len(bad) == 0
    assert len(body_crossings(freed, faces, skin, sides)) == 0
    assert np.linalg.norm(freed - x, axis=1).max() < 0.03


def test_triangles_that_share_a_corner_may_cross_too():
    # The second stands on the first one's corner and leans through it, or beside it.
    points = np.array(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0.3, 0.3, 0.2], [0.3, 0.3, -0.2], [0.3, 0.3, 0.5]],
        dtype=float,
    )
    through, beside = np.array([[0, 1, 2], [3, 4, 0]]), np.array([[0, 1, 2], [3, 5, 0]])
    for turn in range(3):
        for faces in (through, through[::-1]):
            turned = np.roll(faces, turn, axis=1)
            assert len(cloth_crossings(points, turned)) == 1
        assert len(cloth_crossings(points, np.roll(beside, turn, axis=1))) == 0
