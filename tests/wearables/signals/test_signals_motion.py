"""Motion: orientation, joints, steps, strides, posture, intensity and wear on known movements."""

import h5py
import numpy as np
import pytest

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals import run
from wearables.signals.motion import (
    JointAngles,
    MovementIntensity,
    Orientation,
    PostureDetector,
    StepDetector,
    StrideDetector,
    WearDetector,
    find_hinge,
    joint_angles,
    metabolic_cost,
    movement_intensity,
    power_from_heart_rate_w,
    segment_rotation,
    walking_bouts,
)
from wearables.signals.motion.rotation import (
    matrix_to_quat,
    quat_inverse,
    quat_product,
    quat_to_matrix,
    rotated,
)

G = 9.80665


def random_rotation(rng):
    Q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return Q if np.linalg.det(Q) > 0 else -Q


def test_quaternions_are_a_group():
    rng = np.random.default_rng(0)
    for _ in range(20):
        A, B = random_rotation(rng), random_rotation(rng)
        a, b = matrix_to_quat(A), matrix_to_quat(B)
        np.testing.assert_allclose(quat_to_matrix(quat_product(a, b)), A @ B, atol=1e-12)
        np.testing.assert_allclose(quat_product(a, quat_inverse(a)), [1, 0, 0, 0], atol=1e-12)
        v = rng.normal(size=3)
        np.testing.assert_allclose(rotated(a[None], v)[0], A @ v, atol=1e-12)


def error_deg(truth, found):
    q = quat_product(quat_inverse(truth), found)
    return np.rad2deg(2 * np.arctan2(np.linalg.norm(q[:, 1:], axis=1), np.abs(q[:, 0])))


def test_orientation_is_as_good_as_its_library(shared_data):
    """The operator adds gaps and checks, and changes no number."""
    from vqf import VQF

    path = shared_data / "broad" / "16_undisturbed_fast_translation_B.hdf5"
    with h5py.File(path) as file:
        acc, gyr = file["imu_acc"][:20000], file["imu_gyr"][:20000]
        rate = float(np.ravel(file["sampling_rate"][()])[0]) if "sampling_rate" in file else 285.714
    whole = SampleBlock(
        stream="imu", first_index=0, time_s=np.arange(len(acc)) / rate,
        values=np.concatenate([acc, gyr], axis=1), channels=tuple("abcdef"),
    )  # fmt: skip
    own = run(Orientation(rate_hz=rate), [whole])
    theirs = VQF(1 / rate).updateBatch(np.ascontiguousarray(gyr), np.ascontiguousarray(acc))
    np.testing.assert_array_equal(np.concatenate([b.values for b in own]), theirs["quat6D"])


def turning(block, n=3000, rate_hz=100.0, scale=1.0):
    time_s = np.arange(n) / rate_hz
    angle = 0.8 * np.sin(2 * np.pi * 0.3 * time_s)
    gyr = np.zeros((n, 3))
    gyr[:, 0] = 0.8 * 2 * np.pi * 0.3 * np.cos(2 * np.pi * 0.3 * time_s)
    acc = G * np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
    return block(np.concatenate([acc * scale, gyr], axis=1), rate_hz=rate_hz), angle


def test_inclination_follows_a_known_turn(block):
    whole, angle = turning(block)
    out = run(Orientation(rate_hz=100.0), [whole])[0]
    up = rotated(quat_inverse(out.values), np.array([0.0, 0.0, 1.0]))
    found = np.arctan2(up[:, 1], up[:, 2])
    assert np.sqrt(np.mean((found - angle)[500:] ** 2)) < np.deg2rad(1.0)


def test_gaps_and_wrong_units_lower_the_quality(block, pieces):
    whole, _ = turning(block)
    first, _, last = pieces(whole, [1000, 1050])
    out = run(Orientation(rate_hz=100.0), [first, last])
    quality = np.concatenate([b.quality for b in out])
    assert (quality[1000:1200] == 0.5).all()
    assert (quality[1250:] == 1.0).all()
    first, _, last = pieces(whole, [1000, 1400])
    late = run(Orientation(rate_hz=100.0), [first, last])[-1]
    assert (late.quality == 0.5).all()
    in_g, _ = turning(block, scale=1 / G)
    assert (run(Orientation(rate_hz=100.0), [in_g])[0].quality == 0).all()
    degrees = block(whole.values * [1, 1, 1, 57.3, 57.3, 57.3], rate_hz=100.0)
    assert (run(Orientation(rate_hz=100.0), [degrees])[0].quality == 0).any()
    for bad in ({"acc": (0, 1)}, {"gyr": (2, 3, 4)}):
        with pytest.raises(SignalError):
            Orientation(rate_hz=100.0, **bad)


def about(axis, angle):
    axis = axis / np.linalg.norm(axis)
    half = np.atleast_1d(angle) / 2
    return np.concatenate([np.cos(half)[:, None], np.sin(half)[:, None] * axis], axis=1)


def test_joint_angles_are_the_turns_they_are_made_of():
    rng = np.random.default_rng(4)
    flexion, abduction, rotation = rng.uniform(-0.9, 0.9, (3, 50))
    x, y, z = np.eye(3)
    relative = quat_product(
        quat_product(about(x, flexion), about(z, abduction)), about(y, rotation)
    )
    upper = np.array([matrix_to_quat(random_rotation(rng)) for _ in range(50)])
    found = joint_angles(upper, quat_product(upper, relative))
    np.testing.assert_allclose(found, np.stack([flexion, abduction, rotation], axis=1), atol=1e-9)


def two_links(rng, *, n=6000, rate_hz=100.0):
    """A leg that swings and bends, with sensors glued on any way round; noise of a usual IMU."""
    t = np.arange(n) / rate_hz
    swing = 0.5 * np.sin(2 * np.pi * 0.5 * t)
    bend = 0.6 + 0.5 * np.sin(2 * np.pi * 0.8 * t)
    # Segment frames: x left, y up, z forward; the world is z up, so upright is a turn about x.
    stand = about(np.array([1.0, 0, 0]), np.full(n, np.pi / 2))
    thigh = quat_product(stand, about(np.array([1.0, 0, 0]), swing))
    shank = quat_product(thigh, about(np.array([1.0, 0, 0]), bend))
    sensors, mounts = [], []
    for segment, rate in ((thigh, np.gradient(swing, 1 / rate_hz)),
                          (shank, np.gradient(swing + bend, 1 / rate_hz))):  # fmt: skip
        R = random_rotation(rng)
        acc = rotated(quat_inverse(segment), np.array([0, 0, G])) @ R.T
        gyr = np.stack([rate, 0 * rate, 0 * rate], axis=1) @ R.T
        sensors.append((acc + rng.normal(0, 0.05, (n, 3)), gyr + rng.normal(0, 0.01, (n, 3))))
        mounts.append(R)
    return sensors, mounts, bend


def test_a_knee_is_measured_with_sensors_glued_on_anyhow(block):
    """Axis from a movement, frame from gravity upright, headings from the hinge: below a degree."""
    rng = np.random.default_rng(11)
    sensors, mounts, bend = two_links(rng)
    hinge = find_hinge(sensors[0][1], sensors[1][1])
    assert hinge.converged
    sign = np.sign(hinge.first @ mounts[0][:, 0])
    frames = [
        segment_rotation(R @ np.array([0.0, 1.0, 0.0]), sign * axis)
        for R, axis in zip(mounts, (hinge.first, hinge.second), strict=True)
    ]
    for R, frame in zip(mounts, frames, strict=True):
        np.testing.assert_allclose(frame, R, atol=0.03)
    quats = [
        run(Orientation(rate_hz=100.0), [block(np.concatenate(pair, axis=1), rate_hz=100.0)])[0]
        for pair in sensors
    ]
    both = block(np.concatenate([q.values for q in quats], axis=1), rate_hz=100.0)
    joint = JointAngles(rate_hz=100.0, R_upper=frames[0], R_lower=frames[1])
    out = run(joint, [both])[0]
    error = out.values[3000:, 0] - bend[3000:]
    assert np.rad2deg(np.sqrt(np.mean(error**2))) < 1.0
    assert (out.quality[3000:] > 0.5).all()


def test_what_cannot_be_aligned_is_said():
    still = np.zeros((500, 3))
    with pytest.raises(SignalError, match="turn"):
        find_hinge(still, still)
    with pytest.raises(SignalError, match="shapes"):
        find_hinge(still, still[:10])
    with pytest.raises(SignalError, match="vertical"):
        segment_rotation(np.array([0.0, 0, 9.8]), np.array([0.0, 0.1, 1.0]))
    with pytest.raises(SignalError, match="rotation"):
        JointAngles(rate_hz=100.0, R_upper=np.ones((3, 3)), R_lower=np.eye(3))


def walk(n_steps=40, *, step_s=0.55, rate_hz=64.0, lead_s=5.0):
    time_s = np.arange(round((n_steps * step_s + 2 * lead_s) * rate_hz)) / rate_hz
    walking = (time_s > lead_s) & (time_s < lead_s + n_steps * step_s)
    up = G + 3.0 * walking * np.sin(2 * np.pi * (time_s - lead_s) / step_s)
    return np.stack([0 * up, 0.3 * up, up], axis=1)


def test_steps_are_counted_whichever_way_the_sensor_sits(block):
    values = walk()
    turned = values @ random_rotation(np.random.default_rng(2)).T
    for rows in (values, turned):
        steps = run(StepDetector(rate_hz=64.0), [block(rows, rate_hz=64.0)])
        assert abs(len(steps) - 40) <= 1
        (bout,) = walking_bouts(steps)
        assert bout.cadence_per_min == pytest.approx(60 / 0.55, rel=0.02)
        assert bout.step_variation < 0.05
        assert bout.asymmetry < 0.05


def test_no_step_interval_leads_over_a_gap(block, pieces):
    whole = block(walk(80), rate_hz=64.0)
    first, _, last = pieces(whole, [1500, 1800])
    steps = run(StepDetector(rate_hz=64.0), [first, last])
    assert [step.is_first for step in steps].count(True) == 2
    assert len(walking_bouts(steps)) == 2
    assert walking_bouts([]) == []


def test_standing_makes_no_steps(block):
    rng = np.random.default_rng(0)
    rows = np.array([0, 0, G]) + rng.normal(0, 0.2, (4000, 3))
    assert run(StepDetector(rate_hz=64.0), [block(rows, rate_hz=64.0)]) == []
    for bad in ({"rate_hz": 5.0}, {"rate_hz": 64.0, "columns": (0, 1)}):
        with pytest.raises(SignalError):
            StepDetector(**bad)


def strides(n=5, *, length_m=1.2, rate_hz=200.0, swing_s=0.5, stance_s=0.6):
    """A foot that slides forward and turns a little, flat while it stands."""
    parts = []
    n_swing, n_stance = round(swing_s * rate_hz), round(stance_s * rate_hz)
    share = np.arange(n_swing) / n_swing
    forward = length_m * 2 * np.pi / swing_s**2 * np.sin(2 * np.pi * share)
    for _ in range(n):
        still = np.zeros((n_stance, 10))
        still[:, 2], still[:, 6] = G, 1.0
        swing = np.zeros((n_swing, 10))
        swing[:, 1], swing[:, 2], swing[:, 3], swing[:, 6] = forward, G, 3.0, 1.0
        parts += [still, swing]
    return np.concatenate([*parts, still])


def test_a_stride_has_its_length(block):
    found = run(StrideDetector(rate_hz=200.0), [block(strides(), rate_hz=200.0)])
    assert len(found) == 5
    np.testing.assert_allclose([s.length_m for s in found], 1.2, rtol=0.03)
    np.testing.assert_allclose([s.height_m for s in found], 0.0, atol=0.01)
    np.testing.assert_allclose([s.swing_s for s in found], 0.5, atol=0.02)
    assert min(s.quality for s in found) > 0.8


def test_a_stride_over_a_gap_is_not_told(block, pieces):
    whole = block(strides(), rate_hz=200.0)
    first, _, last = pieces(whole, [380, 400])
    found = run(StrideDetector(rate_hz=200.0), [first, last])
    assert len(found) == 4
    with pytest.raises(SignalError, match="too low"):
        StrideDetector(rate_hz=20.0)


def lean(angles_deg, seconds, rate_hz=50.0):
    rows = []
    for angle in np.deg2rad(angles_deg):
        n = round(seconds * rate_hz)
        rows.append(np.tile([G * np.sin(angle), 0.0, G * np.cos(angle)], (n, 1)))
    return np.concatenate(rows)


def test_posture_is_the_inclination_with_hysteresis(block):
    up = np.array([0.0, 0.0, 1.0])
    spans = run(
        PostureDetector(rate_hz=50.0, trunk_up=up),
        [block(lean([0, 45, 5, 85, 33, 0], 10.0), rate_hz=50.0)],
    )
    assert [s.name for s in spans] == [
        "upright", "leaning", "upright", "lying", "leaning", "upright",
    ]  # fmt: skip
    assert spans[0].stop_s == pytest.approx(10.0, abs=1.0)
    assert np.rad2deg(spans[3].inclination_rad) == pytest.approx(80, abs=8)


def test_a_thigh_tells_sitting_from_standing(block):
    up = np.array([0.0, 0.0, 1.0])
    rows = np.concatenate([lean([0, 0, 0], 10.0), lean([0, 90, 0], 10.0)], axis=1)
    detector = PostureDetector(
        rate_hz=50.0, trunk_up=up, thigh=(3, 4, 5), thigh_up=up
    )  # fmt: skip
    spans = run(detector, [block(rows, rate_hz=50.0)])
    assert [s.name for s in spans] == ["standing", "sitting", "standing"]
    with pytest.raises(SignalError, match="thigh"):
        PostureDetector(rate_hz=50.0, trunk_up=up, thigh=(3, 4, 5))
    with pytest.raises(SignalError, match="upright direction"):
        PostureDetector(rate_hz=50.0, trunk_up=np.zeros(3))


def test_intensity_does_not_depend_on_how_the_sensor_is_turned(block):
    rng = np.random.default_rng(3)
    values = np.array([0, 0, G]) + rng.normal(size=(200, 3))
    turned = values @ random_rotation(rng)
    first, second = (
        movement_intensity([block(v, rate_hz=10.0)], rate_hz=10.0, columns=(0, 1, 2))
        for v in (values, turned)
    )
    np.testing.assert_allclose([i.mad_m_s2 for i in first], [i.mad_m_s2 for i in second])
    np.testing.assert_allclose([i.enmo_m_s2 for i in first], [i.enmo_m_s2 for i in second])
    parts = [block(values[:52], rate_hz=10.0), block(values[59:], first=59, rate_hz=10.0)]
    missing = movement_intensity(parts, rate_hz=10.0, columns=(0, 1, 2))
    assert np.isnan(missing[5].mad_m_s2)
    in_g = movement_intensity([block(values / G, rate_hz=10.0)], rate_hz=10.0, columns=(0, 1, 2))
    assert "no gravity" in in_g[0].reasons
    assert np.isnan(in_g[0].enmo_m_s2)
    with pytest.raises(SignalError, match="three axes"):
        MovementIntensity(rate_hz=10.0, columns=(0, 1))


def test_cost_is_a_range_and_matches_the_published_cut_points():
    for mg, place, level in (
        (0.5, "wrist", "sedentary"), (95, "wrist", "light"), (105, "wrist", "moderate"),
        (430, "wrist", "vigorous"), (66, "hip", "light"), (72, "hip", "moderate"),
    ):  # fmt: skip
        cost = metabolic_cost(mg * G / 1000, place=place)
        assert cost.level == level
        assert cost.low_met < cost.met < cost.high_met
    assert metabolic_cost(float("nan"), place="hip").level == "unknown"


def test_power_from_the_heart_is_a_range_inside_its_limits():
    low, high = power_from_heart_rate_w(120, age_years=30, mass_kg=70, sex="male")
    middle = (low + high) / 2 * 60 / 1000
    assert middle == pytest.approx(-55.0969 + 0.6309 * 120 + 0.1988 * 70 + 0.2017 * 30)
    assert power_from_heart_rate_w(120, age_years=30, mass_kg=70, sex="female")[0] > 0
    assert np.isnan(power_from_heart_rate_w(60, age_years=30, mass_kg=70, sex="male")[0])
    with pytest.raises(SignalError, match="range"):
        power_from_heart_rate_w(120, age_years=3, mass_kg=70, sex="male")


def test_a_garment_on_a_chair_is_not_worn(block, pieces):
    rng = np.random.default_rng(0)
    worn = np.array([0, 0, G]) + rng.normal(0, 0.5, (3600, 3))
    chair = np.array([0, 0, G]) + rng.normal(0, 0.005, (3600, 3))
    contact = np.ones((7200, 1))
    contact[3600:5400, 0] = rng.normal(size=1800)
    rows = np.concatenate([np.concatenate([worn, chair]), contact], axis=1)
    whole = block(rows, rate_hz=1.0)
    plain = run(WearDetector(rate_hz=1.0, window_s=1800, hop_s=1800), [whole])
    assert [w.verdict for w in plain] == ["worn", "worn", "not worn", "not worn"]
    touched = run(WearDetector(rate_hz=1.0, window_s=1800, hop_s=1800, contact=3), [whole])
    assert [w.verdict for w in touched] == ["worn", "worn", "worn", "not worn"]
    first, _, last = pieces(whole, [100, 1700])
    assert run(WearDetector(rate_hz=1.0, window_s=1800, hop_s=1800), [first, last])[0].verdict == (
        "unknown"
    )
    with pytest.raises(SignalError, match="three axes"):
        WearDetector(rate_hz=1.0, columns=(0,))
