"""Breath, muscle and skin: known signals give known answers."""

import numpy as np
import pytest

from wearables.errors import SignalError
from wearables.signals import BreathDetector, rates_from_intervals, run
from wearables.signals.breath import belt_phase_rad, breath_intervals_s
from wearables.signals.muscle import BurstDetector, EmgEnvelope, EmgSpectra, fatigue
from wearables.signals.rates import BREATH_STRICTNESS
from wearables.signals.skin import ResponseDetector, SkinThermometer, TonicPhasic


@pytest.mark.parametrize("per_minute", [10.0, 15.0, 24.0])
def test_breathing_of_a_known_rate(block, per_minute):
    time_s = np.arange(6000) / 50.0
    rng = np.random.default_rng(1)
    values = np.sin(2 * np.pi * per_minute / 60 * time_s) + 0.02 * time_s
    whole = block(values + rng.normal(0, 0.02, time_s.size), rate_hz=50.0)
    breaths = run(BreathDetector(rate_hz=50.0), [whole])
    rates = rates_from_intervals(
        np.array([breath.start_s for breath in breaths]), breath_intervals_s(breaths), [whole],
        rate_hz=50.0, window_s=30.0, hop_s=10.0, strictness=BREATH_STRICTNESS,
    )  # fmt: skip
    np.testing.assert_allclose([r.per_minute for r in rates[2:-1]], per_minute, rtol=0.05)
    assert 1.2 < np.median([breath.depth for breath in breaths[3:]]) < 2.4
    ratio = np.median([b.inspiration_s / b.expiration_s for b in breaths[3:]])
    assert ratio == pytest.approx(1.0, abs=0.2)


def test_breaths_start_anew_after_a_gap(block, pieces):
    time_s = np.arange(3000) / 50.0
    whole = block(np.sin(2 * np.pi * 0.25 * time_s), rate_hz=50.0)
    first, _, last = pieces(whole, [1200, 1700])
    breaths = run(BreathDetector(rate_hz=50.0), [first, last])
    assert sum(breath.after_gap for breath in breaths) == 1
    assert np.isnan(breath_intervals_s(breaths)).sum() == 2
    assert breath_intervals_s([]).size == 0


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_two_belts_tell_their_phase(block, shift):
    time_s = np.arange(3000) / 50.0
    chest = np.sin(2 * np.pi * 0.25 * time_s)
    belly = np.sin(2 * np.pi * 0.25 * time_s - shift)
    both = block(np.stack([chest, belly], axis=1), rate_hz=50.0)
    breaths = run(BreathDetector(rate_hz=50.0), [both])
    phase = belt_phase_rad(both, breaths)
    assert np.nanmedian(phase[2:]) == pytest.approx(shift, abs=0.05)
    assert np.isnan(phase[-1])
    with pytest.raises(SignalError, match="columns"):
        belt_phase_rad(both, breaths, columns=(0, 4))


def bursts_signal(*, snr_db=10.0, rate_hz=1000.0, seed=0):
    """Noise at rest, coloured noise in bursts; returns values, onsets and ends."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(20 * rate_hz)) / rate_hz
    rest = rng.normal(0, 1.0, time_s.size)
    onsets = np.arange(2.0, 19.0, 2.0)
    active = np.zeros(time_s.size)
    for onset in onsets:
        active[(time_s >= onset) & (time_s < onset + 0.8)] = 1.0
    strength = 10 ** (snr_db / 20)
    return rest + strength * active * rng.normal(0, 1.0, time_s.size), onsets, onsets + 0.8


def test_bursts_start_when_they_start(block):
    """At 10 dB the onset is within 30 ms on average, and none is missed or made up."""
    values, onsets, ends = bursts_signal()
    bursts = run(BurstDetector(rate_hz=1000.0), [block(values, rate_hz=1000.0)])
    assert len(bursts) == len(onsets)
    assert np.abs([b.start_s for b in bursts] - onsets).mean() < 0.030
    assert np.abs([b.stop_s for b in bursts] - ends).mean() < 0.060


def test_a_burst_after_a_gap_says_so(block, pieces):
    values, *_ = bursts_signal()
    first, _, last = pieces(block(values, rate_hz=1000.0), [5000, 9000])
    bursts = run(BurstDetector(rate_hz=1000.0), [first, last])
    assert [burst.after_gap for burst in bursts].count(True) == 1
    assert not any(5.0 < burst.start_s < 9.0 for burst in bursts)


def test_an_envelope_is_a_share_of_the_largest_contraction(block):
    time_s = np.arange(8000) / 1000.0
    carrier = np.sin(2 * np.pi * 90 * time_s) + 0.5 * np.sin(2 * np.pi * 50 * time_s)
    plain = EmgEnvelope(rate_hz=1000.0, mains_hz=50.0)(block(carrier, rate_hz=1000.0))[0]
    assert np.median(plain.values[4000:]) == pytest.approx(2 / np.pi, rel=0.03)
    share = EmgEnvelope(rate_hz=1000.0, mains_hz=50.0, reference=2 / np.pi)
    assert np.median(share(block(carrier, rate_hz=1000.0))[0].values[4000:]) == pytest.approx(
        1.0, rel=0.03
    )
    for bad in ({"rate_hz": 100.0}, {"rate_hz": 1000.0, "reference": 0.0}):
        with pytest.raises(SignalError):
            EmgEnvelope(**bad)


def test_fatigue_is_a_median_frequency_that_falls(block):
    rng = np.random.default_rng(1)
    n, rate = 20000, 1000.0
    time_s = np.arange(n) / rate
    phase = 2 * np.pi * np.cumsum(110 - 2.0 * time_s) / rate
    whole = block(np.sin(phase) + rng.normal(0, 0.01, n), rate_hz=rate)
    found = fatigue(run(EmgSpectra(rate_hz=rate), [whole]))
    assert found.slope_hz_s == pytest.approx(-2.0, abs=0.1)
    assert np.isnan(fatigue([]).slope_hz_s)
    with pytest.raises(SignalError, match="800"):
        EmgSpectra(rate_hz=500.0)


def conductance(onsets, amplitude_s=0.3e-6, *, rate_hz=20.0, seconds=120.0, seed=0):
    """Slow level with responses that rise in about a second and fall with four."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    shape = np.exp(-time_s / 4.0) - np.exp(-time_s / 0.7)
    values = 5e-6 + 0.1e-6 * np.sin(2 * np.pi * 0.004 * time_s)
    for onset in onsets:
        start = round(onset * rate_hz)
        values[start:] += amplitude_s * (shape / shape.max())[: len(values) - start]
    return values + rng.normal(0, 0.3e-9, time_s.size)


def test_skin_responses_are_found_with_their_size(block):
    onsets = np.array([10.0, 30.0, 47.0, 70.0, 95.0])
    found = run(ResponseDetector(rate_hz=20.0), [block(conductance(onsets), rate_hz=20.0)])
    assert len(found) == len(onsets)
    np.testing.assert_allclose([r.onset_s for r in found], onsets, atol=0.5)
    np.testing.assert_allclose([r.amplitude_s for r in found], 0.3e-6, rtol=0.1)
    assert np.isfinite([r.half_recovery_s for r in found]).all()


def test_small_wiggles_are_no_responses(block):
    values = conductance([20.0], amplitude_s=0.004e-6)
    assert run(ResponseDetector(rate_hz=20.0), [block(values, rate_hz=20.0)]) == []
    with pytest.raises(SignalError, match="too low"):
        ResponseDetector(rate_hz=2.0)


def test_a_response_that_a_gap_cuts_has_no_recovery(block, pieces):
    whole = block(conductance([20.0, 60.0]), rate_hz=20.0)
    first, _, last = pieces(whole, [450, 900])
    found = run(ResponseDetector(rate_hz=20.0), [first, last])
    assert np.isnan(found[0].half_recovery_s)
    assert [r.after_gap for r in found] == [False, True]


def test_level_and_rest_add_up(block):
    whole = block(conductance([20.0]), rate_hz=20.0)
    split = TonicPhasic(rate_hz=20.0)(whole)[0]
    np.testing.assert_allclose(split.values.sum(axis=1), whole.values[:, 0], rtol=1e-12)
    assert split.channels == ("tonic_s", "phasic_s")


def test_a_thermometer_knows_what_skin_is(block):
    warm = block(np.full(120, 306.0) + np.linspace(0, 0.5, 120), rate_hz=1.0)
    found = run(SkinThermometer(rate_hz=1.0), [warm])
    assert found[0].temperature_k == pytest.approx(306.1, abs=0.1)
    assert found[0].slope_k_s == pytest.approx(0.5 / 119, rel=0.01)
    celsius = run(SkinThermometer(rate_hz=1.0), [block(np.full(60, 33.0), rate_hz=1.0)])
    assert np.isnan(celsius[0].temperature_k)
    assert "not skin" in celsius[0].reasons
    fast = run(SkinThermometer(rate_hz=1.0), [block(np.linspace(300, 305, 30), rate_hz=1.0)])
    assert "jump" in fast[0].reasons
