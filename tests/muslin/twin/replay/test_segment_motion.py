"""Recorded modules and strain lines to joint angles, on movements whose truth is known."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from muslin.errors import InputError
from muslin.twin.motion.motion import least_jerk, there_and_back
from muslin.twin.replay.recorded import _angles_of
from muslin.twin.replay.segment_motion import (
    limb_angles,
    segment_motion,
    still_second,
    trunk_angles,
)
from muslin.twin.replay.strain_angle import StrainCurve, angle_from_strain
from muslin.twin.signals.imu import ImuErrors, ImuPath, ImuSettings
from wearables.events import SampleBlock
from wearables.signals.motion.rotation import matrices_to_quat, matrix_to_quat, quat_to_matrix

RATE_HZ = 100.0


def swing(duration_s=12.0, far_deg=70.0):
    """Hip flexion of a thigh that stands for three seconds and then swings."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    phase = np.maximum(time_s - 3, 0) / 3 % 1
    return time_s, np.radians(far_deg) * there_and_back(phase)


def recorded(time_s, turn, R_body_sensor, seed=1):
    """What a module says that rides on a segment which turns about the hip."""
    R = turn.as_matrix()
    path = ImuPath(time_s, turn.apply([0.02, -0.25, 0.06]), R @ R_body_sensor)
    felt = SampleBlock(
        stream="imu", first_index=0, time_s=time_s, values=path.felt(time_s),
        channels=tuple("abcdef"),
    )  # fmt: skip
    return ImuErrors(ImuSettings(), rate_hz=RATE_HZ, seed=seed)(felt)[0]


def rmse_deg(a, b):
    return float(np.degrees(np.sqrt(np.mean((a - b) ** 2))))


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_thigh_tells_its_hip_although_the_module_sits_askew(side):
    time_s, flexion = swing()
    turn = Rotation.from_euler("x", -flexion[:, None])
    drape = Rotation.from_euler("yzx", [20, 85, 10], degrees=True)
    askew = drape * Rotation.from_euler("zx", [8, -12], degrees=True)
    block = recorded(time_s, turn, askew.as_matrix())
    found = segment_motion(block, rate_hz=RATE_HZ, R_body_sensor=drape.as_matrix())
    assert found.method == "drape and movement"
    assert 3 < np.degrees(found.tilt_rad) < 20
    angles = limb_angles(found.R_turn, sign=side)
    assert rmse_deg(angles["flexion"], flexion) < 3
    assert rmse_deg(angles["abduction"], 0 * flexion) < 3


def test_a_drape_that_did_not_know_is_not_believed():
    time_s, flexion = swing()
    turn = Rotation.from_euler("x", -flexion[:, None])
    worn = Rotation.from_euler("yzx", [-130, 40, 70], degrees=True).as_matrix()
    found = segment_motion(recorded(time_s, turn, worn), rate_hz=RATE_HZ, R_body_sensor=np.eye(3))
    assert found.method == "movement"
    assert rmse_deg(limb_angles(found.R_turn, sign=1.0)["flexion"], flexion) < 3


def test_a_drape_alone_tells_a_movement_about_many_axes():
    time_s, flexion = swing()
    turn = Rotation.from_euler("ZXY", np.stack([0.6 * flexion, -flexion, -0.7 * flexion], axis=1))
    drape = Rotation.from_euler("yzx", [20, 85, 10], degrees=True).as_matrix()
    found = segment_motion(recorded(time_s, turn, drape), rate_hz=RATE_HZ, R_body_sensor=drape)
    assert found.method == "drape"
    angles = limb_angles(found.R_turn, sign=1.0)
    assert rmse_deg(angles["flexion"], flexion) < 3
    assert rmse_deg(angles["abduction"], 0.6 * flexion) < 3


def test_missing_samples_do_not_move_the_rest():
    time_s, flexion = swing()
    block = recorded(time_s, Rotation.from_euler("x", -flexion[:, None]), np.eye(3))
    block.values[500:505] = np.nan
    found = segment_motion(block, rate_hz=RATE_HZ, R_body_sensor=np.eye(3))
    assert len(found.time_s) == len(time_s) - 5
    own = np.interp(found.time_s, time_s, flexion)
    assert rmse_deg(limb_angles(found.R_turn, sign=1.0)["flexion"], own) < 3


def test_angles_of_a_limb_and_a_trunk_undo_their_turns():
    turn = Rotation.from_euler("ZXY", [[0.2, -0.6, 0.1]])
    angles = limb_angles(turn.as_matrix(), sign=-1.0)
    assert [round(float(v[0]), 9) for v in angles.values()] == [0.6, -0.2, -0.1]
    trunk = Rotation.from_euler("YZX", [[0.3, -0.1, 0.4]])
    told = trunk_angles(trunk.as_matrix())
    assert [round(float(v[0]), 9) for v in told.values()] == [0.4, 0.1, 0.3]


def test_a_recording_without_a_start_is_said():
    with pytest.raises(InputError, match="a second of motion"):
        still_second(np.zeros(0), np.zeros((0, 3)), RATE_HZ)
    still = SampleBlock(
        stream="i", first_index=0, time_s=np.arange(400) / RATE_HZ,
        values=np.tile([9.8, 0, 0, 0, 0, 0], (400, 1)), channels=tuple("abcdef"),
    )  # fmt: skip
    with pytest.raises(InputError, match="hardly turns"):
        segment_motion(still, rate_hz=RATE_HZ, R_body_sensor=np.eye(3))


def curve():
    angle = np.radians(np.linspace(0, 110, 8))
    return StrainCurve(
        angle_rad=angle,
        strain=np.stack([0.3 * least_jerk(angle / 2), 0.15 * angle, -0.01 * angle], axis=1),
    )


def readings(angle_rad, gain):
    grid, change = curve().on_grid()
    strain = np.stack([np.interp(angle_rad, grid, column) for column in change.T], axis=1)
    return strain * gain + np.array([0.3, -0.2, 1.0])


def test_the_angle_follows_from_known_gauges():
    angle = np.radians(90) * there_and_back(np.linspace(0, 2, 600) % 1)
    said = readings(angle, 2.4)
    said[7] = np.nan
    found = angle_from_strain(said, said[0], curve(), gauge_factor=2.4)
    assert np.isnan(found[7])
    assert np.nanmax(np.abs(found - angle)) < np.radians(0.5)


def test_the_angle_follows_from_two_poses_whatever_the_gains():
    angle = np.radians(80) * there_and_back(np.linspace(0, 2, 600) % 1)
    said = readings(angle, np.array([5.0, 0.7, 3.0]))
    found = angle_from_strain(said, said[0], curve(), bent_rad=np.radians(80))
    assert rmse_deg(found, angle) < 1


def test_a_pose_that_was_held_is_the_scale_beyond_it_too():
    angle = np.radians(80) * there_and_back(np.linspace(0, 2, 600) % 1)
    gains = np.array([5.0, 0.7, 3.0])
    held = readings(np.radians([45.0]), gains)[0]
    said = readings(angle, gains)
    found = angle_from_strain(said, said[0], curve(), bent_rad=np.radians(45), bent=held)
    assert rmse_deg(found, angle) < 1


def test_a_line_that_goes_the_wrong_way_is_not_asked():
    angle = np.radians(80) * there_and_back(np.linspace(0, 2, 600) % 1)
    said = readings(angle, np.array([5.0, -0.7, 3.0]))
    found = angle_from_strain(said, said[0], curve(), bent_rad=np.radians(80))
    assert rmse_deg(found, angle) < 1.5


def test_what_says_nothing_of_an_angle_is_said():
    still = np.zeros((50, 3))
    with pytest.raises(InputError, match="no strain line"):
        angle_from_strain(still, still[0], curve(), bent_rad=1.0)
    with pytest.raises(InputError, match="either"):
        angle_from_strain(still, still[0], curve())
    with pytest.raises(InputError, match="too few"):
        angle_from_strain(still[:5], still[0], curve(), bent_rad=1.0)


def test_modules_on_thigh_and_shank_tell_the_knee():
    """The thigh swings forward and the shank back; with one module alone the thigh hangs still."""
    time_s, hip = swing(far_deg=40.0)
    _, knee = swing(far_deg=70.0)
    drape = Rotation.from_euler("yzx", [20, 85, 10], degrees=True).as_matrix()
    segments = {
        joint: segment_motion(
            recorded(time_s, Rotation.from_euler("x", turn[:, None]), drape), rate_hz=RATE_HZ,
            R_body_sensor=drape,
        )
        for joint, turn in (("hip_l", -hip), ("knee_l", knee - hip))
    }  # fmt: skip
    both = _angles_of("knee_l", segments["knee_l"], segments)
    assert list(both) == ["knee_flexion_l"]
    assert rmse_deg(both["knee_flexion_l"], knee) < 5
    alone = _angles_of("knee_l", segments["knee_l"], {})
    assert rmse_deg(alone["knee_flexion_l"], knee - hip) < 5


def test_quaternions_of_many_are_those_of_one_each():
    R = Rotation.random(20, rng=np.random.default_rng(4)).as_matrix()
    quats = matrices_to_quat(R)
    np.testing.assert_array_equal(quats, [matrix_to_quat(one) for one in R])
    np.testing.assert_allclose(quat_to_matrix(quats), R, atol=1e-12)
    assert matrices_to_quat(R[:0]).shape == (0, 4)
