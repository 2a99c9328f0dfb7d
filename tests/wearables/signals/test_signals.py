"""Streaming equals one go; gaps are respected; known signals give known answers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals import (
    BreathDetector,
    Butterworth,
    PulseDetector,
    movement_intensity,
    pulse_rate,
    rates_from_intervals,
    run,
    signal_quality,
    windows,
)


def block(values, *, first=0, rate_hz=100.0, stream="s"):
    values = np.atleast_2d(np.asarray(values, dtype=np.float64).T).T
    return SampleBlock(
        stream=stream,
        first_index=first,
        time_s=(first + np.arange(len(values))) / rate_hz,
        values=values,
        channels=tuple(f"c{i}" for i in range(values.shape[1])),
    )


def pieces(whole, cuts):
    edges = [0, *sorted(cuts), whole.n_samples]
    return [
        SampleBlock(
            stream=whole.stream, first_index=whole.first_index + a, time_s=whole.time_s[a:b],
            values=whole.values[a:b], channels=whole.channels,
        )
        for a, b in itertools.pairwise(edges)
    ]  # fmt: skip


def pulse(seconds, *, rate_hz=100.0, per_minute=66.0, seed=0):
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = (time_s * per_minute / 60) % 1
    wave = np.exp(-((phase - 0.3) ** 2) / 0.008) + 0.3 * np.exp(-((phase - 0.6) ** 2) / 0.01)
    return 500 + 60 * wave + 20 * np.sin(2 * np.pi * 0.2 * time_s) + rng.normal(0, 0.5, time_s.size)


CUTS = st.lists(st.integers(0, 3000), max_size=12)


@settings(max_examples=25, deadline=None)
@given(cuts=CUTS)
def test_any_cut_gives_the_same_bits(cuts):
    """Filters, beats and breaths do not see where blocks end."""
    whole = block(pulse(30.0))
    parts = pieces(whole, cuts)
    for make in (
        lambda: Butterworth(band="bandpass", cutoff_hz=(0.5, 8.0), rate_hz=100.0),
        lambda: Butterworth(band="lowpass", cutoff_hz=5.0, rate_hz=100.0),
    ):
        one = np.concatenate([b.values for b in run(make(), [whole])])
        many = np.concatenate([b.values for b in run(make(), parts)])
        np.testing.assert_array_equal(one, many)
    assert run(PulseDetector(rate_hz=100.0), [whole]) == run(PulseDetector(rate_hz=100.0), parts)
    slow = block(np.sin(2 * np.pi * 0.25 * whole.time_s))
    assert run(BreathDetector(rate_hz=100.0), [slow]) == run(
        BreathDetector(rate_hz=100.0), pieces(slow, cuts)
    )


@pytest.mark.parametrize("frequency_hz", [1.0, 5.0, 20.0])
def test_gain_is_that_of_the_design(frequency_hz):
    low = Butterworth(band="lowpass", cutoff_hz=5.0, rate_hz=200.0)
    time_s = np.arange(4000) / 200.0
    out = low.filter(np.sin(2 * np.pi * frequency_hz * time_s)[:, None])[2000:, 0]
    _, response = signal.freqz_sos(low.sos, [frequency_hz], fs=200.0)
    assert np.sqrt(2) * out.std() == pytest.approx(abs(response[0]), rel=1e-3)


def test_a_constant_passes_at_once():
    low = Butterworth(band="lowpass", cutoff_hz=5.0, rate_hz=100.0)
    np.testing.assert_allclose(low.filter(np.full((50, 2), 7.0)), 7.0, rtol=1e-12)
    assert low.filter(np.zeros((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(
    ("band", "cutoff_hz"),
    [("lowpass", 60.0), ("lowpass", 0.0), ("bandpass", (8.0, 0.5)), ("bandpass", 5.0)],
)
def test_impossible_filters_are_refused(band, cutoff_hz):
    with pytest.raises(SignalError):
        Butterworth(band=band, cutoff_hz=cutoff_hz, rate_hz=100.0)


@pytest.mark.parametrize("per_minute", [48.0, 66.0, 110.0])
def test_pulse_rate_of_a_known_pulse(per_minute):
    whole = block(pulse(60.0, per_minute=per_minute))
    beats = run(PulseDetector(rate_hz=100.0), [whole])
    rates = pulse_rate(beats, [whole], rate_hz=100.0)
    values = np.array([rate.per_minute for rate in rates[3:-3]])
    np.testing.assert_allclose(values, per_minute, rtol=0.02)
    assert min(rate.quality for rate in rates[3:-3]) > 0.8


def test_beats_do_not_depend_on_the_gain():
    wave = pulse(30.0)
    first = run(PulseDetector(rate_hz=100.0), [block(wave)])
    second = run(PulseDetector(rate_hz=100.0), [block(8.0 * wave)])
    assert [beat.index for beat in first] == [beat.index for beat in second]


def test_no_interval_reaches_over_a_gap():
    whole = block(pulse(60.0))
    first, _, last = pieces(whole, [2400, 3300])
    beats = run(PulseDetector(rate_hz=100.0), [first, last])
    assert sum(beat.after_gap for beat in beats) == 1
    assert not any(24.0 <= beat.time_s < 33.0 for beat in beats)
    rates = pulse_rate(beats, [first, last], rate_hz=100.0)
    known = [rate.per_minute for rate in rates if np.isfinite(rate.per_minute)]
    np.testing.assert_allclose(known, 66.0, rtol=0.03)
    hole = [rate for rate in rates if 27.0 < rate.time_s < 30.0]
    assert all(np.isnan(rate.per_minute) and rate.coverage < 0.5 for rate in hole)


def test_real_finger_pulse(shared_data):
    """Beats per minute as counted by others in a public recording."""
    values = np.loadtxt(shared_data / "heartpy_ppg" / "data.csv")
    whole = block(values)
    beats = run(PulseDetector(rate_hz=100.0), [whole])
    rates = [r.per_minute for r in pulse_rate(beats, [whole], rate_hz=100.0)]
    assert np.nanmedian(rates) == pytest.approx(58.8, abs=3.0)


@pytest.mark.parametrize("per_minute", [10.0, 15.0, 24.0])
def test_breathing_of_a_known_rate(per_minute):
    time_s = np.arange(6000) / 50.0
    rng = np.random.default_rng(1)
    values = np.sin(2 * np.pi * per_minute / 60 * time_s) + 0.02 * time_s
    whole = block(values + rng.normal(0, 0.02, time_s.size), rate_hz=50.0)
    breaths = run(BreathDetector(rate_hz=50.0), [whole])
    after_gap = np.array([breath.after_gap for breath in breaths])
    times = np.array([breath.time_s for breath in breaths])
    rates = rates_from_intervals(times, after_gap, [whole], rate_hz=50.0, window_s=30.0, hop_s=10.0)
    np.testing.assert_allclose([r.per_minute for r in rates[2:-1]], per_minute, rtol=0.05)
    depths = [breath.depth for breath in breaths[3:]]
    assert 1.2 < np.median(depths) < 2.4


def test_breaths_start_anew_after_a_gap():
    time_s = np.arange(3000) / 50.0
    whole = block(np.sin(2 * np.pi * 0.25 * time_s), rate_hz=50.0)
    first, _, last = pieces(whole, [1200, 1700])
    breaths = run(BreathDetector(rate_hz=50.0), [first, last])
    assert sum(breath.after_gap for breath in breaths) == 1


def test_windows_hang_on_the_index():
    parts = [block(np.arange(23.0), first=7), block(np.arange(20.0), first=35)]
    found = windows(parts, n=10, hop=5)
    assert [window.first_index for window in found] == [10, 15, 20, 25, 30, 35, 40, 45]
    assert found[0].coverage == 1.0
    assert (found[3].coverage, found[3].longest_gap) == (0.5, 5)
    assert windows([], n=10, hop=5) == []
    with pytest.raises(SignalError):
        windows(parts, n=0, hop=5)


def test_intensity_does_not_depend_on_how_the_sensor_is_turned():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(200, 3))
    turned = values @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    first, second = (
        movement_intensity([block(v, rate_hz=10.0)], rate_hz=10.0, columns=(0, 1, 2))
        for v in (values, turned)
    )
    np.testing.assert_allclose([i.mad_m_s2 for i in first], [i.mad_m_s2 for i in second])
    parts = [block(values[:52], rate_hz=10.0), block(values[59:], first=59, rate_hz=10.0)]
    missing = movement_intensity(parts, rate_hz=10.0, columns=(0, 1, 2))
    assert np.isnan(missing[5].mad_m_s2)


def test_quality_says_why():
    values = np.sin(np.arange(400.0) / 7)
    values[200:400] = 0.5
    clipped = np.zeros((400, 1), dtype=bool)
    clipped[100:120] = True
    first, _, rest = pieces(block(values), [40, 60])
    found = signal_quality([first, rest], clipped, rate_hz=100.0, window_s=1.0)
    assert [quality.reasons for quality in found] == [
        ("missing",), ("clipped",), ("flat",), ("flat",),
    ]  # fmt: skip
    assert found[0].quality == pytest.approx(0.8)
    assert found[2].quality == 0.0


@pytest.mark.parametrize("make", [PulseDetector, BreathDetector])
def test_rates_that_are_too_low_are_refused(make):
    with pytest.raises(SignalError, match="too low"):
        make(rate_hz=2.0)


def test_an_empty_signal_gives_nothing():
    assert run(PulseDetector(rate_hz=100.0), [block(np.zeros((0, 1)))]) == []
    assert pulse_rate([], [], rate_hz=100.0) == []


def test_blocks_check_their_shape():
    with pytest.raises(SignalError, match="need"):
        SampleBlock(
            stream="s", first_index=0, time_s=np.zeros(3), values=np.zeros((2, 1)), channels=("a",)
        )
