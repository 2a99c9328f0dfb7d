"""Skin gives way to skin: arms beside the trunk, thighs, creases."""

import numpy as np
import pytest

from fitting.body import REGIONS, body_from_measurements, pose_body
from fitting.body.measurements import Measurements
from fitting.body.pose import joint_rotations
from fitting.body.posing import POSES, rig_of
from fitting.body.touch import ROOM_M, room_lacking_m, stance_at, thighs_gap_m
from fitting.body.way import way_to
from fitting.cloth.crossing import cloth_crossings

LIMBS = ("shoulder", "chest", "waist", "hip", "upper_arm", "lower_arm", "thigh", "lower_leg")


def self_crossings(body):
    """Crossing triangles of the skin, face, hands and feet aside."""
    regions = [REGIONS.index(name) for name in LIMBS]
    own = np.isin(body.vertex_region, regions)[body.faces].all(axis=1)
    return len(cloth_crossings(body.vertices_m, body.faces[own]))


def test_an_arm_beside_the_trunk_gives_way(demo_body):
    through = pose_body(demo_body, "arms_down", apart=False)
    beside = pose_body(demo_body, "arms_down")
    assert self_crossings(through) > 0
    assert self_crossings(beside) == 0
    assert room_lacking_m(rig_of(beside), stance_of(beside)) < 0.5 * ROOM_M
    moved_m = np.linalg.norm(through.vertices_m - beside.vertices_m, axis=1)
    assert moved_m.max() < 0.06
    # Only flesh near the armpits moves.
    assert (moved_m > 1e-3).mean() < 0.1


def stance_of(body):
    stance = way_to(body).stances[-1]
    np.testing.assert_allclose(
        stance.vertices_m - stance.vertices_m[0], body.vertices_m - body.vertices_m[0], atol=1e-12
    )
    return stance


def test_a_groin_ends_in_a_crease(demo_body):
    through = pose_body(demo_body, "sitting", apart=False)
    assert self_crossings(pose_body(demo_body, "sitting")) < 0.1 * self_crossings(through)


@pytest.mark.parametrize("pose", ["t", "arms_up"])
def test_what_touches_nothing_stays_as_the_joints_put_it(demo_body, pose):
    free, bare = pose_body(demo_body, pose), pose_body(demo_body, pose, apart=False)
    same = np.linalg.norm(free.vertices_m - bare.vertices_m, axis=1) < 1e-9
    assert same.mean() > 0.98


def test_a_way_starts_at_rest_and_ends_in_the_pose(demo_body):
    posed = pose_body(demo_body, "arms_down")
    first, *_, last = way_to(posed).stances
    rest = stance_at(demo_body.rig, demo_body.faces, joint_rotations(demo_body.rig, POSES["a"]))
    np.testing.assert_array_equal(first.vertices_m, rest.vertices_m)
    assert last.rotations == posed.rotations


def test_thighs_that_touch_are_held_apart_at_rest():
    heavy = Measurements.from_cm(
        {"stature": 158, "bust_girth": 112, "waist_girth": 98, "hip_girth": 126, "thigh_girth": 80}
    )
    body = body_from_measurements(heavy, sex="female").body
    assert thighs_gap_m(body.rig) < 0.008
    names = list(body.rig.joint_names)
    left, right = (
        body.vertices_m[body.rig.weights[:, names.index(f"hip_{side}")] > 0.5] for side in "lr"
    )
    # Below the fold where thigh meets trunk both keep their room.
    low_m = body.landmarks_m["crotch"][1] - 0.06
    left, right = left[left[:, 1] < low_m], right[right[:, 1] < low_m]
    gap_m = np.linalg.norm(left[:, None] - right[None], axis=2).min()
    assert gap_m > 0.5 * ROOM_M
    np.testing.assert_allclose(pose_body(body, "a").vertices_m, body.vertices_m, atol=1e-9)


def test_a_way_takes_along_only_what_a_garment_feels(demo_body):
    posed, rig = pose_body(demo_body, "sitting"), demo_body.rig
    chest = demo_body.vertex_region == REGIONS.index("chest")
    high = rig.rest_m[:, 1] > np.median(rig.rest_m[chest, 1])
    way, whole = way_to(posed, garment_m=rig.rest_m[chest & high]), way_to(posed)
    assert len(way.rows) < 0.7 * len(rig.rest_m)
    # Legs that bend far below make no steps.
    assert len(way.stances) < len(whole.stances)
    shift = posed.joints_m["pelvis"] - rig.joints_m["pelvis"]
    np.testing.assert_allclose(
        way.stances[-1].vertices_m, posed.vertices_m[way.rows] - shift, atol=1e-12
    )
    assert way.faces.max() < len(way.rows)
    feet = demo_body.vertex_region == REGIONS.index("foot")
    assert feet[way.rows].sum() < 0.3 * feet.sum()
