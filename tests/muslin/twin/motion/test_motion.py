"""Motions by name, table and clip; on a body; and the key poses that stand for them."""

import numpy as np
import pytest

from fitting.body import Measurements, body_from_measurements
from muslin.errors import InputError
from muslin.twin.motion.crop import crop_near
from muslin.twin.motion.frames import motion_frames
from muslin.twin.motion.keyposes import KeyMap, joints_under, pick_keys, pose_features
from muslin.twin.motion.motion import (
    EXERCISES,
    NAMES,
    AngleTrack,
    least_jerk,
    motion_of,
    there_and_back,
)


@pytest.fixture(scope="module")
def body():
    measures = Measurements.from_cm({"stature": 170, "hip_girth": 100})
    return body_from_measurements(measures, sex="female").body


def knee_skin(body):
    knee = body.joints_m["knee_l"]
    return np.flatnonzero(np.linalg.norm(body.vertices_m - knee, axis=1) < 0.12)


def test_least_jerk_starts_and_ends_still():
    x = np.linspace(0, 1, 1001)
    y = least_jerk(x)
    assert y[0] == 0
    assert y[-1] == 1
    speed = np.gradient(y, x)
    assert abs(speed[0]) < 1e-3
    assert abs(np.gradient(speed, x)[2]) < 0.2
    assert (np.diff(y) >= 0).all()


def test_there_and_back_holds_at_both_ends():
    y = there_and_back(np.array([0.0, 0.04, 0.5, 0.96, 1.0]))
    np.testing.assert_allclose(y, [0, 0, 1, 0, 0], atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_named_motion_can_be_posed(name, body):
    frames = motion_frames(motion_of(name, duration_s=4.0), body, rate_hz=20)
    assert frames.n_frames == 81
    assert frames.rate_hz == pytest.approx(20)
    for R in frames.R_world.values():
        np.testing.assert_allclose(R @ R.transpose(0, 2, 1), np.broadcast_to(np.eye(3), R.shape),
                                   atol=1e-9)  # fmt: skip
    assert 0.4 < frames.joints_m["pelvis"][:, 1].min() < 1.1


def test_an_exercise_bends_as_far_as_it_says():
    track = motion_of("curl45", duration_s=8.0)
    assert np.degrees(track.angles_rad["knee_flexion_l"].max()) == pytest.approx(45, abs=0.01)
    assert track.markers == ((0.0, "standing"), (2.0, "curl45"))
    assert set(EXERCISES) <= set(NAMES)


def test_a_squat_lowers_the_pelvis_and_keeps_the_feet(body):
    frames = motion_frames(motion_of("squat", duration_s=5.0), body)
    height = frames.joints_m["pelvis"][:, 1]
    assert height.max() - height.min() > 0.1
    ankle = frames.joints_m["ankle_l"][:, 1]
    assert np.ptp(ankle) < 0.08


def test_a_table_of_angles_is_a_motion(tmp_path):
    path = tmp_path / "angles.csv"
    rows = [f"{i / 10},{i},{i * 0.01}" for i in range(50)]
    path.write_text("\n".join(["time_s,knee_flexion_l_deg,hip_flexion_l_rad", *rows]))
    track = motion_of(str(path))
    assert isinstance(track, AngleTrack)
    assert track.duration_s == pytest.approx(4.9)
    at = track.at(np.array([1.05, 99.0]))
    assert np.degrees(at["knee_flexion_l"]) == pytest.approx([10.5, 49])
    assert at["hip_flexion_l"] == pytest.approx([0.105, 0.49])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("t,knee_flexion_l_deg\n0,1\n1,2", "no column time_s"),
        ("time_s,knee_deg\n0,1\n1,2", "'knee_deg' is no joint angle"),
        ("time_s,knee_flexion_l\n0,1\n1,2", "no joint angle with its unit"),
        ("time_s\n0\n1", "no joint angle beside"),
        ("time_s,knee_flexion_l_deg\n0,1\n1,bent", "'bent' in row 3"),
        ("time_s,knee_flexion_l_deg\n0,1\n1", "row 3 has 1 cells"),
        ("time_s,knee_flexion_l_deg\n0,1", "at least two"),
        ("time_s,knee_flexion_l_deg\n1,1\n0,1", "rising times"),
    ],
)
def test_a_bad_table_is_said(text, words, tmp_path):
    path = tmp_path / "angles.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        motion_of(str(path))


@pytest.mark.parametrize(
    ("motion", "seconds", "words"),
    [("fly", None, "none of walk"), ("walk", 0.1, "outside 1"), ("no.bvh", None, "does not exist")],
)
def test_a_motion_that_is_not_there_is_said(motion, seconds, words):
    with pytest.raises(InputError, match=words):
        motion_of(motion, duration_s=seconds)


def test_too_short_a_motion_is_said(body):
    track = AngleTrack(
        name="blink", time_s=np.array([0.0, 0.02]), angles_rad={"knee_flexion_l": np.zeros(2)}
    )
    with pytest.raises(InputError, match="at least 6"):
        motion_frames(track, body)


def test_only_the_knee_bends_the_skin_round_it(body):
    assert joints_under(body, knee_skin(body)) == ("knee_l",)


def test_keys_reach_from_the_first_to_the_farthest_pose(body):
    frames = motion_frames(motion_of("bend", duration_s=8.0), body)
    features = pose_features(frames, ("knee_l",))
    keys = pick_keys(features, 5)
    bent = np.linalg.norm(features[keys] - features[0], axis=1)
    assert len(keys) == 5
    assert keys[0] == 0
    assert (np.diff(bent) > 0).all()
    assert bent[-1] == np.linalg.norm(features - features[0], axis=1).max()
    np.testing.assert_allclose(np.diff(bent), np.diff(bent).mean(), atol=np.radians(4))
    assert len(pick_keys(np.zeros((9, 3)), 5)) == 1


def test_keys_of_many_directions_lie_far_from_each_other():
    features = np.random.default_rng(0).uniform(-1, 1, (300, 3))
    keys = pick_keys(features, 8)
    assert len(set(keys.tolist())) == 8
    off = np.linalg.norm(features[keys][:, None] - features[keys], axis=2)
    assert off[np.triu_indices(8, 1)].min() > 0.7


def test_readings_between_keys_keep_order_on_a_line():
    features = np.stack([np.linspace(0, 1.5, 5), np.zeros(5), np.zeros(5)], axis=1)
    readings = np.array([[0.0, 1.0], [0.01, 0.9], [0.1, 0.5], [0.2, 0.1], [0.21, 0.0]])
    between = np.stack([np.linspace(-1, 2, 200), np.zeros(200), np.zeros(200)], axis=1)
    found = KeyMap(features=features, readings=readings).at(between)
    assert (np.diff(found[:, 0]) >= 0).all()
    assert (np.diff(found[:, 1]) <= 0).all()
    at_keys = KeyMap(features=features, readings=readings).at(features)
    np.testing.assert_allclose(at_keys, readings, atol=1e-12)


def test_readings_in_two_directions_pass_through_the_keys():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(7, 2))
    readings = (features @ np.array([0.3, -0.2]))[:, None]
    keys = KeyMap(features=features, readings=readings)
    np.testing.assert_allclose(keys.at(features), readings, atol=1e-9)
    middle = features.mean(axis=0, keepdims=True)
    np.testing.assert_allclose(keys.at(middle), [[middle[0] @ [0.3, -0.2]]], atol=1e-9)
    one = KeyMap(features=features[:1], readings=readings[:1])
    np.testing.assert_array_equal(one.at(features), np.repeat(readings[:1], 7, axis=0))


def test_a_cropped_body_is_closed_and_smaller(body):
    crop = crop_near(body, body.vertices_m[knee_skin(body)], within_m=0.05)
    part = crop.of(body)
    edges = np.sort(np.concatenate([part.faces[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    assert len(part.faces) < 0.2 * len(body.faces)
    a, b, c = (part.vertices_m[part.faces[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume > 0.001
