"""Textile sensors: what a knit does to a strain is undone, and pressure images are read right."""

import numpy as np
import pytest

from wearables.errors import SignalError
from wearables.signals import Butterworth, run
from wearables.signals.textile import (
    CreepCompensation,
    JointAngle,
    PlayOperators,
    RestBaseline,
    calibrate_wearer,
    check_cells,
    fit_angle,
    footprint,
    posture_features,
)

RATE = 100.0


def test_the_rest_pose_becomes_zero(block, pieces):
    rng = np.random.default_rng(0)
    values = np.array([0.4, 0.9]) + rng.normal(0, 0.001, (1000, 2))
    values[500:] += 0.2
    parts = run(RestBaseline(rate_hz=RATE, n_channels=2), pieces(block(values), [3, 499, 700]))
    out = np.concatenate([p.values for p in parts])
    assert len(out) == 1000
    np.testing.assert_allclose(np.median(out[:500], axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.median(out[500:], axis=0), 0.2, atol=1e-3)
    assert (parts[0].quality == 0.5).all()
    assert run(RestBaseline(rate_hz=RATE, n_channels=2), [block(values[:300])]) == []
    with pytest.raises(SignalError, match="rest"):
        RestBaseline(rate_hz=RATE, n_channels=1, rest_s=0)


def test_creep_is_undone_for_the_model_it_is_of(block):
    time_s = np.arange(3000) / RATE
    strain = np.where(time_s > 5, 1.0, 0.0) + 0.2 * np.sin(time_s)
    a = np.exp(-1 / (8.0 * RATE))
    slow, reading = 0.0, []
    for value in strain:
        slow = a * slow + (1 - a) * value
        reading.append(value + 0.3 * slow)
    out = CreepCompensation(rate_hz=RATE, share=0.3, time_constant_s=8.0)(block(reading))[0]
    np.testing.assert_allclose(out.values[:, 0], strain, atol=1e-9)
    with pytest.raises(SignalError, match="time constant"):
        CreepCompensation(rate_hz=RATE, share=0.3, time_constant_s=0.0)


def test_a_play_follows_with_its_backlash(block):
    up_down = np.concatenate([np.linspace(0, 1, 50), np.linspace(1, 0, 50)])
    out = PlayOperators(rate_hz=RATE, widths=(0.0, 0.2))(block(up_down))[0].values
    np.testing.assert_array_equal(out[:, 0], up_down)
    assert out[49, 1] == pytest.approx(0.8)
    assert out[60, 1] == pytest.approx(0.8)  # inside the backlash nothing moves
    assert out[-1, 1] == pytest.approx(0.2)
    with pytest.raises(SignalError, match="widths"):
        PlayOperators(rate_hz=RATE, widths=())


def knit(angle_rad, rng):
    """A sensor with hysteresis and its own scale, three channels."""
    slow = Butterworth(band="lowpass", cutoff_hz=0.4, rate_hz=RATE, order=1).filter(
        angle_rad[:, None]
    )
    gain = rng.uniform(0.2, 0.6, 3)
    return 0.5 + gain * (angle_rad[:, None] + 0.3 * slow) + rng.normal(0, 0.003, (len(slow), 3))


def knees(n, seed):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        t = np.arange(3000) / RATE
        angle = 0.7 * (1 - np.cos(2 * np.pi * rng.uniform(0.2, 0.5) * t))
        angle[:300] = 0.0
        strain = knit(angle, rng)
        scale = calibrate_wearer(strain[:250], strain[angle > 1.35])
        made.append((scale.apply(strain), angle))
    return made


def test_a_joint_angle_comes_from_strain_of_a_wearer_never_seen(block):
    model = fit_angle(knees(4, seed=1), rate_hz=RATE)
    assert np.rad2deg(model.residual_rad) < 6
    strain, angle = knees(1, seed=9)[0]
    out = run(JointAngle(model, rate_hz=RATE), [block(strain)])[0]
    assert np.rad2deg(np.sqrt(np.mean((out.values[:, 0] - angle) ** 2))) < 8
    with pytest.raises(SignalError, match="channels"):
        JointAngle(model, rate_hz=RATE)(block(strain[:, :2]))


def test_a_missing_channel_gives_no_angle(block):
    model = fit_angle(knees(2, seed=1), rate_hz=RATE)
    strain = knees(1, seed=2)[0][0].copy()
    strain[100:200, 1] = np.nan
    out = JointAngle(model, rate_hz=RATE)(block(strain))[0]
    assert np.isnan(out.values[100:200]).all()
    assert (out.quality[100:200] == 0).all()
    assert np.isfinite(out.values[200:]).all()


def test_what_cannot_be_learned_or_calibrated_is_said():
    with pytest.raises(SignalError, match="no row"):
        fit_angle([], rate_hz=RATE)
    with pytest.raises(SignalError, match="belong"):
        fit_angle([(np.zeros((5, 2)), np.zeros(4))], rate_hz=RATE)
    rng = np.random.default_rng(0)
    with pytest.raises(SignalError, match="no channel"):
        calibrate_wearer(rng.normal(size=(50, 2)), rng.normal(size=(50, 2)))
    with pytest.raises(SignalError, match="agree"):
        calibrate_wearer(np.zeros((5, 2)), np.zeros((5, 3)))
    with pytest.raises(SignalError, match="finite"):
        calibrate_wearer(np.full((5, 2), np.nan), np.zeros((5, 2)))


def test_a_channel_that_tells_nothing_is_not_used():
    rng = np.random.default_rng(0)
    rest = rng.normal(0, 0.01, (100, 2))
    bent = np.array([1.0, 0.0]) + rest
    scale = calibrate_wearer(rest, bent)
    assert scale.usable.tolist() == [True, False]
    scaled = scale.apply(bent)
    assert np.median(scaled[:, 0]) == pytest.approx(1.0, abs=0.02)
    assert np.isnan(scaled[:, 1]).all()


def person():
    """Two loads on a mat of 64 by 32, the left one heavier."""
    rows, columns = np.indices((64, 32))
    left = 60 * np.exp(-((rows - 20) ** 2 + (columns - 22) ** 2) / 20)
    right = 30 * np.exp(-((rows - 40) ** 2 + (columns - 8) ** 2) / 20)
    return left + right


def test_a_footprint_is_read_off_a_frame():
    frame = person()
    found = footprint(frame)
    rows, columns = np.indices(frame.shape)
    assert found.center[0] == pytest.approx((frame * rows).sum() / frame.sum())
    assert found.center[1] == pytest.approx((frame * columns).sum() / frame.sum())
    assert found.asymmetry == pytest.approx(1 / 3, abs=0.02)
    assert found.quality == 1.0
    assert found.peak == pytest.approx(60, rel=0.01)
    empty = footprint(np.zeros((64, 32)))
    assert np.isnan(empty.center).all()
    assert empty.contact_share == 0.0
    with pytest.raises(SignalError):
        footprint(np.zeros(10))


def test_cells_that_lie_are_found_and_left_out():
    rng = np.random.default_rng(0)
    frames = person() * rng.uniform(0.8, 1.2, (40, 1, 1)) + rng.uniform(0.1, 1.0, (40, 64, 32))
    frames[:, 20, 22] = 0.0
    frames[:, 50, 5] = 99.0
    found = check_cells(frames, full_scale=250.0)
    assert np.argwhere(found.dead).tolist() == [[20, 22]]
    assert np.argwhere(found.stuck).tolist() == [[50, 5]]
    sound = footprint(frames[0], found.bad)
    assert sound.peak < 99
    assert sound.quality == pytest.approx(1 - 2 / 2048)
    with pytest.raises(SignalError):
        check_cells(frames[:1])


def test_posture_features_do_not_depend_on_the_weight():
    frame = person()
    features = posture_features(frame)
    assert features.shape == (256,)
    np.testing.assert_allclose(posture_features(3 * frame), features)
    assert features.sum() == pytest.approx(1.0)
    holes = frame.copy()
    holes[20, 22] = np.nan
    assert np.abs(posture_features(holes) - features).max() < 0.02
    assert posture_features(np.zeros((64, 32))).sum() == 0
    with pytest.raises(SignalError):
        posture_features(np.zeros((4, 4)))
