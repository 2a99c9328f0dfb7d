"""Hearts: beats at the right place, intervals that respect gaps, variability by definition."""

import numpy as np
import pytest

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals import (
    BreathDetector,
    PulseDetector,
    RPeakDetector,
    rates_from_intervals,
    run,
    with_clipping,
)
from wearables.signals.breath import breathing_from_beats
from wearables.signals.heart import (
    Oximeter,
    artefacts,
    clean_intervals,
    intervals_s,
    variability,
)
from wearables.signals.heart.hrv import dfa_alpha1, lomb_density, sample_entropy


def pulse(seconds, *, rate_hz=100.0, per_minute=66.0, seed=0):
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = (time_s * per_minute / 60) % 1
    wave = np.exp(-((phase - 0.3) ** 2) / 0.008) + 0.3 * np.exp(-((phase - 0.6) ** 2) / 0.01)
    return 500 + 60 * wave + 20 * np.sin(2 * np.pi * 0.2 * time_s) + rng.normal(0, 0.5, time_s.size)


def pulse_rates(beats, blocks, **settings):
    times = np.array([beat.time_s for beat in beats])
    return rates_from_intervals(
        times, intervals_s(beats), blocks, window_s=10.0, hop_s=2.0, **settings
    )


@pytest.mark.parametrize("per_minute", [48.0, 66.0, 110.0])
def test_pulse_rate_of_a_known_pulse(block, per_minute):
    whole = block(pulse(60.0, per_minute=per_minute))
    beats = run(PulseDetector(rate_hz=100.0), [whole])
    rates = pulse_rates(beats, [whole], rate_hz=100.0)
    values = np.array([rate.per_minute for rate in rates[3:-3]])
    np.testing.assert_allclose(values, per_minute, rtol=0.02)
    assert min(rate.quality for rate in rates[3:-3]) > 0.8
    assert np.median([beat.quality for beat in beats]) > 0.9


def test_beats_do_not_depend_on_the_gain(block, ecg):
    wave = pulse(30.0)
    first = run(PulseDetector(rate_hz=100.0), [block(wave)])
    second = run(PulseDetector(rate_hz=100.0), [block(8.0 * wave)])
    assert [beat.index for beat in first] == [beat.index for beat in second]
    values, _ = ecg(30.0)
    first = run(RPeakDetector(rate_hz=250.0), [block(values, rate_hz=250.0)])
    second = run(RPeakDetector(rate_hz=250.0), [block(-4 * values, rate_hz=250.0)])
    assert [beat.index for beat in first] == [beat.index for beat in second]


def test_no_interval_reaches_over_a_gap(block, pieces):
    whole = block(pulse(60.0))
    first, _, last = pieces(whole, [2400, 3300])
    beats = run(PulseDetector(rate_hz=100.0), [first, last])
    assert sum(beat.after_gap for beat in beats) == 1
    assert not any(24.0 <= beat.time_s < 33.0 for beat in beats)
    rates = pulse_rates(beats, [first, last], rate_hz=100.0)
    known = [rate.per_minute for rate in rates if np.isfinite(rate.per_minute)]
    np.testing.assert_allclose(known, 66.0, rtol=0.03)
    hole = [rate for rate in rates if 27.0 < rate.time_s < 30.0]
    assert all(np.isnan(rate.per_minute) and rate.coverage < 0.5 for rate in hole)


def test_real_finger_pulse(block, shared_data):
    """Beats per minute as counted by others in a public recording."""
    whole = block(np.loadtxt(shared_data / "heartpy_ppg" / "data.csv"))
    beats = run(PulseDetector(rate_hz=100.0), [whole])
    rates = [r.per_minute for r in pulse_rates(beats, [whole], rate_hz=100.0)]
    assert np.nanmedian(rates) == pytest.approx(58.8, abs=3.0)


@pytest.mark.parametrize("rate_hz", [125.0, 250.0, 512.0])
def test_r_peaks_lie_on_the_apex(block, ecg, rate_hz):
    values, peaks = ecg(60.0, rate_hz=rate_hz)
    beats = run(RPeakDetector(rate_hz=rate_hz), [block(values, rate_hz=rate_hz)])
    assert len(beats) == len(peaks)
    times = np.array([beat.time_s for beat in beats])
    np.testing.assert_allclose(times, peaks, atol=1.5 / rate_hz)
    assert np.median([beat.quality for beat in beats]) > 0.9
    np.testing.assert_allclose([b.amplitude for b in beats], 1.0, atol=0.15)


def test_r_peaks_hold_their_latency(block, ecg):
    """Fed sample by sample, no beat after the learning phase comes later than it says."""
    values, _ = ecg(20.0)
    detector = RPeakDetector(rate_hz=250.0, latency_s=1.0)
    whole = block(values, rate_hz=250.0)
    late = []
    for i in range(0, whole.n_samples, 5):
        now_s = whole.time_s[min(i + 4, whole.n_samples - 1)]
        late += [now_s - b.time_s for b in detector(whole.part(i, i + 5)) if b.time_s > 3.0]
    assert late
    assert max(late) <= detector.delay_s + 0.02


def test_real_ecg_peaks_agree_with_the_annotations(shared_data):
    """One clean and one noisy record; the benchmark does all of them, and the peers."""
    for name, least in (("115", 0.999), ("203", 0.985)):
        values, truth = read_record(shared_data / "mitbih", name)
        whole = SampleBlock(
            stream="ecg", first_index=0, time_s=np.arange(len(values)) / 360.0,
            values=values[:, None], channels=("ecg_v",),
        )  # fmt: skip
        beats = run(RPeakDetector(rate_hz=360.0), [whole])
        found = np.array([beat.index for beat in beats])
        near = np.abs(found[np.clip(np.searchsorted(found, truth), 1, len(found) - 1)] - truth)
        before = np.abs(found[np.clip(np.searchsorted(found, truth) - 1, 0, None)] - truth)
        hits = (np.minimum(near, before) <= 54).sum()
        assert 2 * hits / (len(found) + len(truth)) > least


def read_record(folder, name):
    """First lead [V] and beat annotations of a record in format 212."""
    raw = np.frombuffer((folder / f"{name}.dat").read_bytes(), np.uint8).astype(np.int64)
    first = raw[0::3] | ((raw[1::3] & 0x0F) << 8)
    first = np.where(first > 2047, first - 4096, first)
    marks = np.frombuffer((folder / f"{name}.atr").read_bytes(), "<u2").tolist()
    at, i, beats = 0, 0, []
    while i < len(marks) and marks[i]:
        code, value = marks[i] >> 10, marks[i] & 0x3FF
        if code == 59:
            at += (marks[i + 1] << 16) + marks[i + 2]
            i += 2
        elif code == 63:
            i += (value + 1) // 2
        elif code < 50:
            at += value
            if 1 <= code <= 13 or code in (25, 30, 34, 35, 38):
                beats.append(at)
        i += 1
    return (first - 1024) / 200e3, np.array(beats)


def test_a_clipped_ecg_gives_beats_of_no_quality(block, ecg):
    values, _ = ecg(30.0)
    cut = np.clip(values, -0.1, 0.3)
    clipped = (cut >= 0.3)[:, None]
    marked = with_clipping([block(cut, rate_hz=250.0)], clipped, rate_hz=250.0)
    beats = run(RPeakDetector(rate_hz=250.0), marked)
    assert max(beat.quality for beat in beats) == 0.0
    assert np.isnan(intervals_s(beats, min_quality=0.3)).all()


def test_noise_lowers_the_quality_of_beats(block, ecg):
    clean, noisy = (
        run(RPeakDetector(rate_hz=250.0), [block(ecg(60.0, noise=n)[0], rate_hz=250.0)])
        for n in (0.01, 0.5)
    )
    means = [np.mean([beat.quality for beat in beats]) for beats in (clean, noisy)]
    assert means[0] > 0.9 > 0.6 > means[1]


def test_a_gap_hardly_changes_rmssd(block, pieces, ecg):
    """60 s with a hole of 8 s; over the hole no interval and no difference is taken."""
    values, _ = ecg(60.0)
    whole = block(values, rate_hz=250.0)
    first, _, last = pieces(whole, [6500, 8500])
    results = []
    for parts in ([whole], [first, last]):
        beats = run(RPeakDetector(rate_hz=250.0), parts)
        times = np.array([beat.time_s for beat in beats])
        results.append(variability(times, intervals_s(beats)))
    assert abs(results[1].rmssd_s - results[0].rmssd_s) <= 0.05 * results[0].rmssd_s
    assert results[1].coverage == pytest.approx(52 / 60, abs=0.04)  # a cut interval a side
    assert np.isnan(results[1].lf_s2)


def made_intervals(n=400, seed=0):
    rng = np.random.default_rng(seed)
    beat = np.arange(n)
    return 0.85 + 0.03 * np.sin(2 * np.pi * 0.1 * 0.85 * beat) + 0.01 * rng.normal(size=n)


def test_time_domain_is_the_definition():
    rr = made_intervals()
    found = variability(np.cumsum(rr), rr)
    change = np.diff(rr)
    assert found.coverage == pytest.approx(1.0)
    assert found.sdnn_s == pytest.approx(rr.std(ddof=1), rel=1e-12)
    assert found.rmssd_s == pytest.approx(np.sqrt(np.mean(change**2)), rel=1e-12)
    assert found.pnn50 == pytest.approx(np.sum(np.abs(change) > 0.05) / len(rr), rel=1e-12)
    assert found.sd1_s == pytest.approx(change.std(ddof=1) / np.sqrt(2), rel=1e-12)
    assert found.sd2_s == pytest.approx((rr[1:] + rr[:-1]).std(ddof=1) / np.sqrt(2), rel=1e-12)


def test_power_of_a_modulation_is_half_its_square():
    beat = np.arange(600)
    rr = 0.8 + 0.02 * np.sin(2 * np.pi * 0.25 * 0.8 * beat)
    found = variability(np.cumsum(rr), rr)
    assert found.hf_s2 == pytest.approx(0.02**2 / 2, rel=0.05)
    assert found.hf_s2 > 20 * found.lf_s2
    density = lomb_density(np.cumsum(rr), rr, np.array([0.1, 0.25]))
    assert density[1] > 100 * density[0]


def test_entropy_and_scaling_know_noise_from_order():
    rng = np.random.default_rng(5)
    noise = rng.normal(size=600)
    order = np.sin(np.arange(600) / 3)
    assert sample_entropy(noise) > 1.5 > 0.5 > sample_entropy(order)
    assert dfa_alpha1(noise) == pytest.approx(0.5, abs=0.12)
    assert dfa_alpha1(np.cumsum(noise)) == pytest.approx(1.5, abs=0.2)
    assert np.isnan(sample_entropy(noise[:5]))
    assert np.isnan(dfa_alpha1(noise[:20]))
    assert np.isnan(dfa_alpha1(np.ones(200)))


def test_too_little_gives_nan_not_a_guess():
    rr = made_intervals(100)
    rr[20:60] = np.nan
    times = np.cumsum(np.where(np.isnan(rr), 0.85, rr))
    found = variability(times, rr)
    assert found.coverage < 0.8
    assert np.isnan([found.sdnn_s, found.rmssd_s, found.lf_hf, found.sd1_s]).all()
    empty = variability(np.zeros(0), np.zeros(0))
    assert empty.n_intervals == 0
    assert np.isnan(empty.mean_s)


def test_artefacts_are_told_by_kind_and_become_nan():
    rr = made_intervals(300, seed=1)
    assert np.mean([label != "" for label in artefacts(rr)]) < 0.02
    early = rr.copy()
    early[100], early[101] = rr[100] - 0.35, rr[101] + 0.35
    missed = np.concatenate([rr[:150], [rr[150] + rr[151]], rr[152:]])
    extra = np.concatenate([rr[:200], [0.3, rr[200] - 0.3], rr[201:]])
    assert "ectopic" in artefacts(early)[99:103]
    assert "missed" in artefacts(missed)[149:152]
    assert set(artefacts(extra)[199:203]) & {"extra", "short", "ectopic"}
    assert np.isnan(clean_intervals(missed)[150])
    np.testing.assert_allclose(clean_intervals(missed)[:140], rr[:140])
    assert artefacts(np.zeros(0)) == ()


def two_waves(ratio, *, seed=0):
    rng = np.random.default_rng(seed)
    wave = pulse(60.0) - 500
    red = 900 + ratio * wave * 0.9 + rng.normal(0, 0.05, len(wave))
    return np.stack([red, 1000 + wave + rng.normal(0, 0.05, len(wave))], axis=1)


def test_saturation_follows_the_sensors_own_table(block):
    table = ((0.4, 1.0), (1.0, 0.85), (2.0, 0.6))
    for ratio, spo2 in ((0.4, 1.0), (0.7, 0.925), (1.5, 0.725)):
        found = run(Oximeter(rate_hz=100.0, calibration=table), [block(two_waves(ratio))])
        known = [s.spo2 for s in found[2:] if np.isfinite(s.spo2)]
        assert np.median(known) == pytest.approx(spo2, abs=0.02)


def test_saturation_needs_a_table_two_wavelengths_and_a_pulse(block):
    for bad in ((), ((1.0, 0.9),), ((0.4, 1.0), (1.0, 85.0))):
        with pytest.raises(SignalError, match="saturation"):
            Oximeter(rate_hz=100.0, calibration=bad)
    with pytest.raises(SignalError, match="two wavelengths"):
        Oximeter(rate_hz=100.0, calibration=((0.4, 1.0), (1.0, 0.85)), red=1, infrared=1)
    noise = 900 + np.random.default_rng(0).normal(size=(6000, 2))
    found = run(Oximeter(rate_hz=100.0, calibration=((0.4, 1.0), (2.0, 0.6))), [block(noise)])
    assert all(np.isnan(s.spo2) for s in found)


def test_breathing_is_read_off_the_height_of_beats(block):
    rng = np.random.default_rng(2)
    time_s = np.arange(60 * 250) / 250.0
    values = rng.normal(0, 0.01, time_s.size)
    for peak in np.arange(0.5, 59.5, 0.7):
        height = 1 + 0.2 * np.sin(2 * np.pi * 0.25 * peak)
        values += height * np.exp(-((time_s - peak) ** 2) / (2 * 0.012**2))
    beats = run(RPeakDetector(rate_hz=250.0), [block(values, rate_hz=250.0)])
    rows = breathing_from_beats(beats)
    breaths = run(BreathDetector(rate_hz=4.01), rows)
    starts = np.array([breath.start_s for breath in breaths])
    assert np.median(np.diff(starts)) == pytest.approx(4.0, abs=0.4)
    assert breathing_from_beats(beats[:2]) == []


@pytest.mark.parametrize(
    ("make", "rate_hz"), [(PulseDetector, 2.0), (BreathDetector, 2.0), (RPeakDetector, 50.0)]
)
def test_rates_that_are_too_low_are_refused(make, rate_hz):
    with pytest.raises(SignalError, match="too low"):
        make(rate_hz=rate_hz)


def test_a_latency_nobody_can_hold_is_refused():
    with pytest.raises(SignalError, match="too short"):
        RPeakDetector(rate_hz=250.0, latency_s=0.3)


def test_an_empty_signal_gives_nothing(block):
    assert run(PulseDetector(rate_hz=100.0), [block(np.zeros((0, 1)))]) == []
    assert rates_from_intervals(np.zeros(0), np.zeros(0), [], rate_hz=1, window_s=1, hop_s=1) == []
    with pytest.raises(SignalError, match="column"):
        PulseDetector(rate_hz=100.0, channel=3)(block(np.zeros(10)))
