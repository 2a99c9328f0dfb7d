"""Every operator: any cut gives the same bits, state moves, gaps give nothing, nothing raises."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals import (
    BreathDetector,
    Bridge,
    Butterworth,
    Hampel,
    Notch,
    PulseDetector,
    Resampler,
    RPeakDetector,
    Spectra,
    Windows,
    chain,
    run,
)
from wearables.signals.heart import Oximeter
from wearables.signals.motion import (
    JointAngles,
    MovementIntensity,
    Orientation,
    PostureDetector,
    StepDetector,
    StrideDetector,
    TrunkGait,
    WearDetector,
)
from wearables.signals.muscle import BurstDetector, EmgEnvelope
from wearables.signals.skin import ResponseDetector, SkinThermometer, TonicPhasic
from wearables.signals.textile import (
    CreepCompensation,
    JointAngle,
    PlayOperators,
    RestBaseline,
    fit_angle,
)

N = 3000
RATE = 200.0
EYE = np.eye(3)


def lively():
    """Ten channels that make every operator say something, 15 s at 200 Hz."""
    rng = np.random.default_rng(3)
    t = np.arange(N) / RATE
    pulse = np.zeros(N)
    for beat in np.arange(0.4, 15, 0.83):
        pulse += np.exp(-((t - beat) ** 2) / (2 * 0.015**2))
    walk = 3.0 * np.sin(2 * np.pi * 1.9 * t)
    angle = 0.5 * np.sin(2 * np.pi * 0.7 * t)
    quat = np.stack([np.cos(angle / 2), np.sin(angle / 2), 0 * t, 0 * t], axis=1)
    gyr = 2.5 * (np.sin(2 * np.pi * 0.9 * t) > 0)
    columns = [
        0.5 * pulse, 0.3 * np.sin(2 * np.pi * 0.3 * t), 9.8 + walk,
        gyr, 0.2 * np.cos(t), 0.1 * np.sin(3 * t), *quat.T,
    ]  # fmt: skip
    return np.stack(columns, axis=1) + rng.normal(0, 1e-3, (N, 10))


VALUES = lively()
MODEL = fit_angle([(VALUES[:, :2], VALUES[:, 1])], rate_hz=RATE)
WHOLE = SampleBlock(
    stream="s",
    first_index=0,
    time_s=np.arange(N) / RATE,
    values=VALUES,
    channels=tuple(f"c{i}" for i in range(10)),
)
UP = np.array([0.0, 0.0, 1.0])


OPERATORS = {
    "butterworth": lambda: (Butterworth(band="bandpass", cutoff_hz=(1, 8), rate_hz=RATE), 10),
    "notch": lambda: (Notch(frequency_hz=50, rate_hz=RATE), 10),
    "hampel": lambda: (Hampel(rate_hz=RATE, n_channels=10), 10),
    "resampler_up": lambda: (Resampler(rate_hz=RATE, to_hz=333.3, n_channels=3), 3),
    "resampler_down": lambda: (Resampler(rate_hz=RATE, to_hz=31.0, n_channels=3), 3),
    "bridge": lambda: (Bridge(rate_hz=RATE), 3),
    "windows": lambda: (Windows(n=128, hop=50, rate_hz=RATE), 3),
    "spectra": lambda: (Spectra(rate_hz=RATE, window_s=1.0, hop_s=0.4), 1),
    "r_peaks": lambda: (RPeakDetector(rate_hz=RATE), 1),
    "r_peaks_early": lambda: (RPeakDetector(rate_hz=RATE, latency_s=1.0), 1),
    "pulse": lambda: (PulseDetector(rate_hz=RATE), 1),
    "oximeter": lambda: (
        Oximeter(rate_hz=RATE, calibration=((0.4, 1.0), (3.4, 0.5)), red=2, infrared=0, window_s=4),
        3,
    ),
    "breaths": lambda: (BreathDetector(rate_hz=RATE, channel=1), 2),
    "emg_envelope": lambda: (EmgEnvelope(rate_hz=RATE, mains_hz=50), 2),
    "bursts": lambda: (BurstDetector(rate_hz=RATE), 1),
    "tonic_phasic": lambda: (TonicPhasic(rate_hz=RATE), 1),
    "responses": lambda: (ResponseDetector(rate_hz=RATE, channel=1), 2),
    "thermometer": lambda: (SkinThermometer(rate_hz=RATE, window_s=1.0), 1),
    "rest_baseline": lambda: (RestBaseline(rate_hz=RATE, n_channels=2, rest_s=2.0), 2),
    "creep": lambda: (CreepCompensation(rate_hz=RATE, share=0.2, time_constant_s=5.0), 2),
    "play": lambda: (PlayOperators(rate_hz=RATE, widths=(0.0, 0.1)), 2),
    "joint_angle": lambda: (JointAngle(MODEL, rate_hz=RATE), 2),
    "orientation": lambda: (Orientation(rate_hz=RATE), 6),
    "orientation_9": lambda: (Orientation(rate_hz=RATE, mag=(6, 7, 8)), 9),
    "steps": lambda: (StepDetector(rate_hz=RATE), 3),
    "trunk_gait": lambda: (TrunkGait(rate_hz=RATE), 3),
    "strides": lambda: (StrideDetector(rate_hz=RATE), 10),
    "posture": lambda: (PostureDetector(rate_hz=RATE, trunk_up=UP), 3),
    "intensity": lambda: (MovementIntensity(rate_hz=RATE), 3),
    "wear": lambda: (WearDetector(rate_hz=RATE, window_s=2.0, hop_s=1.0), 3),
    "chain": lambda: (
        chain(
            Bridge(rate_hz=RATE), Butterworth(band="lowpass", cutoff_hz=30, rate_hz=RATE),
            Resampler(rate_hz=RATE, to_hz=125.0, n_channels=1), RPeakDetector(rate_hz=125.0),
        ),
        1,
    ),
}  # fmt: skip
BLOCKWISE = {"joint_angles": lambda: (JointAngles(rate_hz=RATE, R_upper=EYE, R_lower=EYE), 8)}


def signal_for(name, n_columns):
    if name == "joint_angles":
        return np.concatenate([VALUES[:, 6:10], VALUES[:, [6, 7, 8, 9]]], axis=1)
    return VALUES[:, :n_columns]


def part(name, n_columns, start, stop):
    values = signal_for(name, n_columns)[start:stop]
    return SampleBlock(
        stream="s", first_index=start, time_s=WHOLE.time_s[start:stop], values=values,
        channels=tuple(f"c{i}" for i in range(values.shape[1])),
    )  # fmt: skip


def plain(results):
    """Results as numbers that can be compared bit for bit, blocks put together."""
    blocks = [r for r in results if isinstance(r, SampleBlock)]
    others = [r for r in results if not isinstance(r, SampleBlock)]
    flat = []
    for block in blocks:
        if block.n_samples:
            rows = [block.first_index + np.arange(block.n_samples), block.time_s, block.values]
            if block.quality is not None:
                rows.append(block.quality)
            flat.append(np.concatenate([np.atleast_2d(r.T).T for r in rows], axis=1))
    table = np.concatenate(flat) if flat else np.zeros((0, 0))
    return table, [repr_exact(event) for event in others]


def repr_exact(event):
    fields = {name: getattr(event, name) for name in event.__slots__}
    return tuple(
        value.tobytes() if isinstance(value, np.ndarray) else repr(value)
        for value in fields.values()
    )


def assert_same(first, second):
    one, two = plain(first), plain(second)
    np.testing.assert_array_equal(one[0], two[0])
    assert one[1] == two[1]


ALL = {**OPERATORS, **BLOCKWISE}
CUTS = st.lists(st.integers(0, N), max_size=10)
QUIET = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def pieces_of(name, n_columns, cuts, holes):
    edges = sorted({0, N, *cuts})
    spans = list(itertools.pairwise(edges))
    parts = []
    for start, stop in spans:
        inside = [(max(start, a), min(stop, b)) for a, b in holes if a < stop and b > start]
        at = start
        for low, high in sorted(inside):
            if at < low:
                parts.append(part(name, n_columns, at, low))
            at = max(at, high)
        if at < stop:
            parts.append(part(name, n_columns, at, stop))
    return parts


@pytest.mark.parametrize("name", ALL)
@QUIET
@given(cuts=CUTS)
def test_any_cut_gives_the_same_bits(name, cuts):
    operator, n = ALL[name]()
    whole = run(operator, [part(name, n, 0, N)])
    again, _ = ALL[name]()
    assert_same(whole, run(again, pieces_of(name, n, cuts, [])))


@pytest.mark.parametrize("name", ALL)
@QUIET
@given(
    cuts=CUTS,
    holes=st.lists(st.tuples(st.integers(0, N), st.integers(1, 700)), min_size=1, max_size=3),
)
def test_any_cut_gives_the_same_bits_with_gaps_too(name, cuts, holes):
    spans = [(start, start + n) for start, n in holes]
    operator, n = ALL[name]()
    whole = run(operator, pieces_of(name, n, [], spans))
    again, _ = ALL[name]()
    assert_same(whole, run(again, pieces_of(name, n, cuts, spans)))


@pytest.mark.parametrize("name", ALL)
def test_single_samples_and_empty_blocks_change_nothing(name):
    operator, n = ALL[name]()
    whole = run(operator, [part(name, n, 0, 600)])
    again, _ = ALL[name]()
    parts = [part(name, n, i, i + 1) for i in range(600)]
    parts.insert(400, part(name, n, 400, 400))
    assert_same(whole, run(again, parts))


@pytest.mark.parametrize("name", ALL)
def test_state_moves_to_another_operator_in_the_middle(name):
    first, n = ALL[name]()
    whole = run(first, [part(name, n, 0, N)])
    second, _ = ALL[name]()
    third, _ = ALL[name]()
    begun = list(second(part(name, n, 0, 1234)))
    third.restore(pickle.loads(pickle.dumps(second.state())))
    rest = [*third(part(name, n, 1234, N)), *third.flush()]
    assert_same(whole, [*begun, *rest])


@pytest.mark.parametrize("name", ALL)
def test_state_of_another_operator_is_refused(name):
    operator, _ = ALL[name]()
    with pytest.raises(SignalError, match="state"):
        operator.restore({"something": 1})


@pytest.mark.parametrize("name", ALL)
def test_reset_forgets_the_signal(name):
    operator, n = ALL[name]()
    first = run(operator, [part(name, n, 0, N)])
    operator.reset()
    assert_same(first, run(operator, [part(name, n, 0, N)]))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("trouble", ["nan", "constant", "saturated", "huge", "back", "short"])
def test_bad_data_raise_nothing_and_give_no_infinity(name, trouble):
    operator, n = ALL[name]()
    block = part(name, n, 0, N)
    values, time_s = block.values.copy(), block.time_s.copy()
    if trouble == "nan":
        values[500:900] = np.nan
        values[1500:1600, 0] = np.inf
    elif trouble == "constant":
        values[:] = 7.0
    elif trouble == "saturated":
        values = np.clip(values, -0.1, 0.1)
    elif trouble == "huge":
        values *= 1e12
    elif trouble == "back":
        time_s[1500:] -= 5.0
    else:
        values, time_s = values[:3], time_s[:3]
    bad = SampleBlock(
        stream="s", first_index=0, time_s=time_s, values=values, channels=block.channels
    )
    with np.errstate(all="raise", under="ignore", invalid="ignore"):
        results = run(operator, [bad])
    for result in results:
        if isinstance(result, SampleBlock):
            if result.quality is not None:
                unknown = ~np.isfinite(result.values).all(axis=1)
                assert (result.quality[unknown] == 0).all()
                assert ((result.quality >= 0) & (result.quality <= 1)).all()
            continue
        for field in result.__slots__:
            value = getattr(result, field)
            assert not (isinstance(value, float) and np.isinf(value))


@pytest.mark.parametrize("name", ALL)
def test_delay_warmup_and_rate_are_told(name):
    operator, _ = ALL[name]()
    assert operator.delay_s >= 0
    assert operator.warmup_s >= 0
    assert operator.rate_hz > 0
