"""Transducers against closed forms, and bit for bit with any cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from firmware_bridge.schema import ChannelSchema
from muslin.errors import InputError
from muslin.twin.signals.counts import counts_of, values_of
from muslin.twin.signals.gauge import GaugeSettings, StrainGauge
from muslin.twin.signals.imu import GRAVITY_M_S2, ImuErrors, ImuPath, ImuSettings
from muslin.twin.signals.noise import SensorNoise
from muslin.twin.signals.pad import PadSettings, PressurePad
from wearables.events import SampleBlock
from wearables.signals.textile.strain import CreepCompensation

RATE_HZ = 100.0


def block(values, first=0):
    values = np.asarray(values, dtype=np.float64)
    return SampleBlock(
        stream="s", first_index=first, time_s=(first + np.arange(len(values))) / RATE_HZ,
        values=values, channels=tuple(f"c{i}" for i in range(values.shape[1])),
    )  # fmt: skip


def one_go(operator, values):
    return operator(block(values))[0].values


def in_pieces(operator, values, cuts):
    edges = [0, *sorted(cuts), len(values)]
    return np.concatenate([
        operator(block(values[a:b], a))[0].values for a, b in pairwise(edges)
    ])  # fmt: skip


def operators():
    return {
        "gauge": (lambda: StrainGauge(GaugeSettings(), rate_hz=RATE_HZ, n_channels=2, seed=3), 2),
        "pad": (lambda: PressurePad(PadSettings(), rate_hz=RATE_HZ, n_channels=2, seed=3), 2),
        "imu": (lambda: ImuErrors(ImuSettings(), rate_hz=RATE_HZ, seed=3), 6),
    }


@pytest.mark.parametrize("name", list(operators()))
@given(cuts=st.lists(st.integers(0, 120), max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_cut_gives_the_same_bits(name, cuts):
    make, n_channels = operators()[name]
    values = np.random.default_rng(0).normal(0, 0.1, (120, n_channels))
    np.testing.assert_array_equal(one_go(make(), values), in_pieces(make(), values, cuts))


@pytest.mark.parametrize("name", list(operators()))
def test_a_saved_state_goes_on_in_another_one(name):
    make, n_channels = operators()[name]
    values = np.random.default_rng(0).normal(0, 0.1, (200, n_channels))
    first, second = make(), make()
    whole = one_go(make(), values)
    first(block(values[:90]))
    second.restore(first.state())
    np.testing.assert_array_equal(second(block(values[90:], 90))[0].values, whole[90:])
    first.reset()
    np.testing.assert_array_equal(one_go(first, values), whole)


@pytest.mark.parametrize("name", list(operators()))
def test_a_gap_moves_the_noise_on(name):
    """What comes after a gap does not repeat the noise from before it."""
    make, n_channels = operators()[name]
    still = np.zeros((50, n_channels))
    with_gap, without = make(), make()
    with_gap(block(still[:10]))
    with_gap.gap(20)
    late = with_gap(block(still[30:], 30))[0].values
    np.testing.assert_allclose(late, one_go(without, still)[30:], atol=1e-12)


def test_another_seed_is_another_noise():
    a, b = (SensorNoise(white=1, walk=1, n_channels=1, rate_hz=10, seed=s).draw(9) for s in (1, 2))
    assert np.abs(a - b).min() > 0


def test_noise_has_the_spread_it_was_given():
    drawn = SensorNoise(white=0.5, walk=0.0, n_channels=1, rate_hz=100, seed=1).draw(40_000)
    assert drawn.std() == pytest.approx(0.5, rel=0.02)
    walks = SensorNoise(white=0.0, walk=0.2, n_channels=400, rate_hz=100, seed=1).draw(900)
    assert walks[-1].std() == pytest.approx(0.2 * 3, rel=0.1)  # nine seconds


def triangle(stroke, n_cycles=3, n=400):
    up = np.linspace(0, stroke, n)
    return np.concatenate([np.concatenate([up, up[::-1]]) for _ in range(n_cycles)])[:, None]


@pytest.mark.parametrize("share", [0.0, 0.03, 0.125, 0.3])
def test_the_loop_of_a_stroke_is_as_wide_as_asked(share):
    quiet = GaugeSettings(gauge_factor=2.0).ideal()
    made = GaugeSettings(
        gauge_factor=2.0, hysteresis_share=share, stroke=0.2, creep_share=0, lag_s=0, noise=0,
        walk=0,
    )  # fmt: skip
    strain = triangle(0.2)
    gauge = StrainGauge(made, rate_hz=RATE_HZ, n_channels=1, seed=0)
    reading = one_go(gauge, strain)[-800:, 0]
    height = np.ptp(reading)
    width = reading[::-1][200] - reading[200]  # same strain, down against up
    assert width / height == pytest.approx(share, abs=0.01)
    assert height == pytest.approx(2.0 * 0.2, rel=0.01)
    plain = one_go(StrainGauge(quiet, rate_hz=RATE_HZ, n_channels=1, seed=0), strain)
    np.testing.assert_allclose(plain, 2.0 * strain, atol=1e-12)


def test_creep_comes_with_its_time_constant_and_can_be_undone():
    made = GaugeSettings(
        gauge_factor=1.0, hysteresis_share=0, creep_share=0.25, creep_s=2.0, lag_s=0, noise=0,
        walk=0,
    )  # fmt: skip
    strain = np.concatenate([np.zeros(10), np.full(1000, 0.1)])[:, None]
    reading = one_go(StrainGauge(made, rate_hz=RATE_HZ, n_channels=1, seed=0), strain)
    time_s = np.arange(1, 1001) / RATE_HZ
    wanted = 0.1 / 1.25 * (1 + 0.25 * (1 - np.exp(-time_s / 2.0)))
    np.testing.assert_allclose(reading[10:, 0], wanted, atol=1e-9)
    undone = CreepCompensation(rate_hz=RATE_HZ, share=0.25, time_constant_s=2.0)
    back = one_go(undone, 1.25 * reading)
    np.testing.assert_allclose(back, strain, atol=1e-9)


def test_each_line_may_have_its_own_gauge_factor():
    made = GaugeSettings(gauge_factor=(1.0, 3.0)).ideal()
    reading = one_go(StrainGauge(made, rate_hz=RATE_HZ, n_channels=2, seed=0), np.full((5, 2), 0.1))
    np.testing.assert_allclose(reading, [[0.1, 0.3]] * 5)


def test_a_pad_is_right_where_it_was_calibrated_and_low_beyond():
    pad = PadSettings(half_pa=10_000, calibrated_pa=2_000)
    said = pad.static_pa(np.array([0.0, 2_000.0, 8_000.0, -50.0]))
    assert said[0] == said[3] == 0
    assert said[1] == pytest.approx(2_000)
    assert said[2] < 0.8 * 8_000


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GaugeSettings(hysteresis_share=1.0), "hysteresis of 1"),
        (lambda: GaugeSettings(stroke=0.0), "stroke is 0"),
        (lambda: GaugeSettings(lag_s=-1.0), "lag_s is -1"),
        (lambda: PadSettings(half_pa=0.0), "half_pa is 0"),
        (lambda: ImuSettings(R_sensor_mount=np.ones((3, 3))), "no rotation"),
        (lambda: ImuPath(np.arange(3.0), np.zeros((3, 3)), np.zeros((3, 3, 3))), "at least 6"),
        (lambda: SensorNoise(white=-1, walk=0, n_channels=1, rate_hz=1, seed=0), "at least 0"),
    ],
)
def test_what_no_sensor_can_be_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_a_constant_turn_about_a_tilted_axis_is_felt_exactly():
    """Rate w about a fixed axis, sensor at radius r: w in the sensor's frame, w^2 r inward."""
    time_s = np.linspace(0, 3, 301)
    axis = np.array([0.0, 0.8, 0.6])
    w, r = 2.5, np.array([0.3, 0.0, 0.0])
    turn = Rotation.from_rotvec(np.outer(time_s * w, axis))
    path = ImuPath(time_s, turn.apply(r), turn.as_matrix())
    at = np.linspace(0.5, 2.5, 77)
    np.testing.assert_allclose(path.rate_rad_s(at), np.tile(w * axis, (77, 1)), atol=1e-7)
    inward = np.cross(w * axis, np.cross(w * axis, r))
    up = Rotation.from_rotvec(np.outer(at * w, axis)).inv().apply([0.0, GRAVITY_M_S2, 0.0])
    np.testing.assert_allclose(path.specific_force_m_s2(at), inward + up, atol=2e-5)


def test_a_pendulum_feels_what_mechanics_says():
    """Swing a sin(wt) on a rod: along it L q'^2 + g cos q outward, across it L q'' + g sin q."""
    time_s = np.linspace(0, 4, 401)
    a, w, length = 0.7, 3.0, 0.45
    q, dq, ddq = a * np.sin(w * time_s), a * w * np.cos(w * time_s), -a * w**2 * np.sin(w * time_s)
    turn = Rotation.from_rotvec(np.outer(q, [0.0, 0.0, 1.0]))
    path = ImuPath(time_s, turn.apply([0.0, -length, 0.0]), turn.as_matrix())
    inner = slice(20, -20)
    felt = path.felt(time_s[inner])
    np.testing.assert_allclose(felt[:, 5], dq[inner], atol=2e-4)
    np.testing.assert_allclose(
        felt[:, 1], length * dq[inner] ** 2 + GRAVITY_M_S2 * np.cos(q[inner]), atol=1e-3
    )
    np.testing.assert_allclose(
        felt[:, 0], length * ddq[inner] + GRAVITY_M_S2 * np.sin(q[inner]), atol=1e-3
    )
    np.testing.assert_allclose(felt[:, [2, 3, 4]], 0, atol=1e-6)


def test_a_tilted_biased_module_says_so():
    R = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    made = ImuSettings(
        R_sensor_mount=R, acc_bias_m_s2=(0.1, 0, 0), gyr_bias_rad_s=(0, 0, 0.02),
        acc_noise_m_s2_rthz=0, gyr_noise_rad_s_rthz=0, gyr_walk_rad_s=0,
    )  # fmt: skip
    still = np.tile([0.0, GRAVITY_M_S2, 0, 0, 0, 0], (4, 1))
    said = one_go(ImuErrors(made, rate_hz=RATE_HZ, seed=0), still)
    np.testing.assert_allclose(said[0], [0.1 - GRAVITY_M_S2, 0, 0, 0, 0, 0.02], atol=1e-12)


def test_counts_clip_at_the_rails_and_come_back_within_half_a_step():
    channel = ChannelSchema(
        name="a", unit="[g]", bits=12, signed=True, scale=0.001, offset=5.0, kind="acc"
    )
    values = np.array([-1e6, -3.0, 0.0, 9.80665, 1e6])
    counts = counts_of(values, channel)
    assert counts[0] == -2048
    assert counts[-1] == 2047
    half = 0.5 * 0.001 * GRAVITY_M_S2
    np.testing.assert_allclose(values_of(counts[1:4], channel), values[1:4], atol=half * 1.01)
