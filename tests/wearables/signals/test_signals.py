"""Known signals give known answers: filters, windows, resampling, spectra, quality."""

import numpy as np
import pytest
from scipy import signal

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals import (
    Bridge,
    Butterworth,
    Hampel,
    Notch,
    Resampler,
    Spectra,
    chain,
    doubts,
    rails,
    run,
    signal_quality,
    windows,
    with_clipping,
)
from wearables.signals.spectra import band_power, mean_density, median_frequency_hz


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


@pytest.mark.parametrize(
    "make",
    [
        lambda: Notch(frequency_hz=60.0, rate_hz=100.0),
        lambda: Notch(frequency_hz=20.0, rate_hz=100.0, q=0.0),
        lambda: Hampel(rate_hz=100.0, n_side=0),
        lambda: Resampler(rate_hz=100.0, to_hz=0.0, n_channels=1),
        lambda: Resampler(rate_hz=-1.0, to_hz=10.0, n_channels=1),
        lambda: Spectra(rate_hz=100.0, window_s=0.01, hop_s=0.01),
        chain,
    ],
    ids=[
        "above_half",
        "flat_notch",
        "no_side",
        "no_rate",
        "rate_below_zero",
        "tiny_window",
        "empty",
    ],
)
def test_other_settings_that_make_no_sense_are_refused(make):
    with pytest.raises(SignalError):
        make()


def test_a_missing_channel_value_leaves_the_others_alone(block):
    values = np.random.default_rng(0).normal(size=(300, 2))
    holes = values.copy()
    holes[100:110, 0] = np.nan
    whole = Butterworth(band="lowpass", cutoff_hz=5.0, rate_hz=100.0)(block(values))[0]
    pierced = Butterworth(band="lowpass", cutoff_hz=5.0, rate_hz=100.0)(block(holes))[0]
    np.testing.assert_array_equal(pierced.values[:, 1], whole.values[:, 1])
    assert np.isnan(pierced.values[100:110, 0]).all()
    assert np.isfinite(pierced.values[110:, 0]).all()
    assert (pierced.quality[100:110] == 0).all()


def test_what_settles_is_marked(block):
    out = Butterworth(band="highpass", cutoff_hz=2.0, rate_hz=100.0)(block(np.ones(300)))[0]
    assert (out.quality[:100] == 0.5).all()
    assert (out.quality[100:] == 1.0).all()


def test_the_mains_go_and_the_signal_stays(block):
    time_s = np.arange(4000) / 500.0
    slow = np.sin(2 * np.pi * 5 * time_s)
    out = Notch(frequency_hz=50.0, rate_hz=500.0)(
        block(slow + np.sin(2 * np.pi * 50 * time_s), rate_hz=500.0)
    )[0]
    assert np.abs(out.values[2000:, 0] - slow[2000:]).max() < 0.02


def test_spikes_become_medians_and_are_marked(block):
    values = np.sin(np.arange(300) / 20)
    spiky = values.copy()
    spiky[[50, 51, 200]] += 30
    blocks = run(Hampel(rate_hz=100.0), [block(spiky)])
    out = np.concatenate([b.values[:, 0] for b in blocks])
    quality = np.concatenate([b.quality for b in blocks])
    assert len(out) == 300
    assert np.abs(out - values).max() < 0.3
    assert (quality[[50, 51, 200]] == 0.5).all()


def test_resampling_keeps_the_signal_and_shares_the_grid(block):
    fast = block(np.sin(2 * np.pi * 2 * np.arange(2000) / 200.0), rate_hz=200.0)
    slow = block(np.sin(2 * np.pi * 2 * np.arange(530) / 53.0), rate_hz=53.0)
    grids = []
    for whole, rate in ((fast, 200.0), (slow, 53.0)):
        parts = run(Resampler(rate_hz=rate, to_hz=50.0, n_channels=1), [whole])
        index = np.concatenate([p.first_index + np.arange(p.n_samples) for p in parts])
        values = np.concatenate([p.values[:, 0] for p in parts])
        good = np.concatenate([p.quality for p in parts]) == 1.0
        np.testing.assert_allclose(
            values[good], np.sin(2 * np.pi * 2 * index[good] / 50.0), atol=2e-3
        )
        grids.append(set(index.tolist()))
    assert len(grids[0] & grids[1]) > 450


def test_resampling_makes_nothing_up_inside_a_gap(block, pieces):
    first, _, last = pieces(block(np.arange(1000.0)), [400, 700])
    parts = run(Resampler(rate_hz=100.0, to_hz=70.0, n_channels=1), [first, last])
    times = np.concatenate([p.time_s for p in parts])
    assert not ((times > 4.0) & (times < 7.0)).any()


def test_only_the_shortest_gaps_are_bridged(block, pieces):
    whole = block(np.arange(1000.0), rate_hz=200.0)
    parts = pieces(whole, [100, 103, 500, 506])
    out = run(Bridge(rate_hz=200.0), [parts[0], parts[2], parts[4]])
    index = np.concatenate([b.first_index + np.arange(b.n_samples) for b in out])
    values = np.concatenate([b.values[:, 0] for b in out])
    quality = np.concatenate([b.quality for b in out])
    np.testing.assert_allclose(values, index)
    assert (quality[100:103] == 0.5).all()
    assert not ((index >= 500) & (index < 506)).any()


def test_power_of_a_sine_is_half_its_square(block):
    time_s = np.arange(4000) / 100.0
    spectra = run(
        Spectra(rate_hz=100.0, window_s=4.0, hop_s=1.0), [block(3 * np.sin(2 * np.pi * 7 * time_s))]
    )
    assert band_power(spectra[3], 5.0, 9.0) == pytest.approx(4.5, rel=1e-3)
    density = mean_density(spectra)
    assert median_frequency_hz(spectra[0].frequency_hz, density) == pytest.approx(7.0, abs=0.3)
    assert np.isnan(mean_density([])).all()
    assert np.isnan(median_frequency_hz(np.arange(3.0), np.zeros(3)))


def test_a_window_over_a_gap_has_no_spectrum(block, pieces):
    first, _, last = pieces(block(np.random.default_rng(0).normal(size=1000)), [400, 450])
    spectra = run(Spectra(rate_hz=100.0, window_s=1.0, hop_s=1.0), [first, last])
    assert [bool(np.isnan(s.density).all()) for s in spectra] == [i == 4 for i in range(10)]


def test_windows_hang_on_the_index(block):
    parts = [block(np.arange(23.0), first=7), block(np.arange(20.0), first=35)]
    found = windows(parts, n=10, hop=5)
    assert [window.first_index for window in found] == [10, 15, 20, 25, 30, 35, 40, 45]
    assert found[0].coverage == 1.0
    assert (found[3].coverage, found[3].longest_gap) == (0.5, 5)
    assert windows([], n=10, hop=5) == []
    with pytest.raises(SignalError):
        windows(parts, n=0, hop=5)


def test_an_index_that_goes_back_is_a_new_start(block):
    first, second = block(np.ones(200)), block(5 * np.ones(200))
    out = run(Butterworth(band="lowpass", cutoff_hz=5.0, rate_hz=100.0), [first, second])
    np.testing.assert_allclose(out[1].values, 5.0)


def test_quality_says_why(block, pieces):
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


def test_a_spike_is_a_reason(block):
    values = np.random.default_rng(0).normal(size=200)
    values[50] = 500.0
    found = signal_quality([block(values)], np.zeros((200, 1), bool), rate_hz=100.0, window_s=1.0)
    assert [quality.reasons for quality in found] == [("spikes",), ()]


def test_rails_are_found_without_knowing_the_range(block):
    values = np.clip(np.sin(np.arange(1000) / 20), -0.9, 2.0)[:, None]
    found = rails(values)[:, 0]
    np.testing.assert_array_equal(found, values[:, 0] <= -0.9)
    assert not rails(np.full((50, 1), 3.0)).any()
    assert rails(np.zeros((0, 2))).shape == (0, 2)
    marked = with_clipping([block(values)], found[:, None], rate_hz=100.0)[0]
    assert (marked.quality[found] == 0).all()
    assert (marked.quality == 1).any()


def stream(values, channels, *, rate_hz=100.0, times=None):
    time_s = np.arange(len(values)) / rate_hz if times is None else times
    return SampleBlock(
        stream="s", first_index=0, time_s=time_s, values=np.asarray(values), channels=channels
    )


ACC = ("acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2")
REST = np.array([0, 0, 9.81]) + np.random.default_rng(1).normal(0, 0.05, (500, 3))


@pytest.mark.parametrize(
    ("values", "channels", "kinds", "rate_hz", "said"),
    [
        (REST / 9.81, ACC, ("acc",) * 3, 100.0, "look like g"),
        (REST[:, [0, 1, 0]], ACC, ("acc",) * 3, 100.0, "gravity is 9.8"),
        (REST, ACC, ("acc",) * 3, 90.0, "100.00 Hz"),
        (REST * 20, ("gx_rad_s", "gy_rad_s", "gz_rad_s"), ("gyr",) * 3, 100.0, "degrees"),
        (REST[:, :1], ("ecg_v",), ("ecg",), 100.0, "millivolts"),
        (REST[:, :1] + 36.0, ("temp_k",), ("temperature",), 100.0, "Celsius"),
        (REST * 0 + 5, ("a", "b", "c"), ("x",) * 3, 100.0, "constant"),
        (REST * np.nan, ("a", "b", "c"), ("x",) * 3, 100.0, "no finite"),
    ],
    ids=["g", "order", "rate", "degrees", "volts", "celsius", "constant", "nan"],
)
@pytest.mark.filterwarnings("ignore:All-NaN")
def test_doubts_name_what_cannot_be_right(values, channels, kinds, rate_hz, said):
    found = doubts([stream(values, channels)], kinds, rate_hz=rate_hz)
    assert any(said in sentence for sentence in found), found


def test_a_clock_that_runs_backwards_is_a_doubt_and_a_sound_stream_has_none():
    times = np.arange(500) / 100.0
    assert doubts([stream(REST, ACC)], ("acc",) * 3, rate_hz=100.0) == ()
    times[300:] -= 1.0
    found = doubts([stream(REST, ACC, times=times)], ("acc",) * 3, rate_hz=100.0)
    assert any("clock" in sentence for sentence in found)
    assert doubts([], (), rate_hz=1.0) == ("the stream holds no sample",)


def test_blocks_check_their_shape():
    with pytest.raises(SignalError, match="need"):
        SampleBlock(
            stream="s", first_index=0, time_s=np.zeros(3), values=np.zeros((2, 1)), channels=("a",)
        )
    with pytest.raises(SignalError, match="quality"):
        SampleBlock(
            stream="s", first_index=0, time_s=np.zeros(2), values=np.zeros((2, 1)), channels=("a",),
            quality=np.zeros(3),
        )  # fmt: skip
