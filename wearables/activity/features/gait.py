"""Features of walking seen by capacitive sleeves, whatever the level and gain of each channel.

Levels differ by orders of magnitude between channels and legs, so each channel is put on its own
range first; then harmonics of the stride, repetition at fixed lags, shape, and which channels move
together (harmonic ratios as in Menz 2003, of capacitance instead of acceleration).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

Rows = NDArray[np.float64]
_SPIKE = 5
_CLIP = 3.0
_STRIDE_HZ = (0.6, 1.4)
_BAND_HZ = (0.3, 10.0)
_HARMONICS = (1, 2, 3, 4, 5)
_HALF_WIDTH_HZ = 0.2
_LAGS_S = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
_QUANTILES = (10, 25, 50, 75)
_TINY = 1e-6


def gait_features(values: NDArray[np.floating], rate_hz: float) -> Rows:
    """Describe windows of walking.

    Args:
        values: Windows, shape (n_windows, n_samples, n_channels), any unit.
        rate_hz: Rate.

    Returns:
        Features, shape (n_windows, n_features), no unit in common.
    """
    calm = median_filter(np.asarray(values, dtype=np.float64), size=(1, _SPIKE, 1))
    level = np.median(calm, axis=1)
    away = calm - level[:, None]
    span = np.percentile(np.abs(away), 90, axis=1) + 1e-9
    shape = np.clip(away / span[:, None], -_CLIP, _CLIP)
    harmonics, stride_hz = _harmonics(shape, rate_hz)
    log_span = np.log(span + 1)
    centred = shape - shape.mean(axis=1, keepdims=True)
    sd = centred.std(axis=1) + _TINY
    i, j = np.triu_indices(values.shape[2], 1)
    together = np.einsum("wni,wnj->wij", centred, centred) / values.shape[1]
    together /= sd[:, :, None] * sd[:, None]
    parts = [
        harmonics,
        np.log(1e-4 + harmonics),
        stride_hz[:, None],
        *_repetition(centred, rate_hz),
        together[:, i, j],
        (centred**3).mean(axis=1) / sd**3,
        (centred**4).mean(axis=1) / sd**4,
        *np.percentile(shape, _QUANTILES, axis=1),
        log_span - log_span.mean(axis=1, keepdims=True),
        np.log(span / (np.abs(level) + _TINY) + _TINY),
    ]
    return np.concatenate(parts, axis=1)


def _harmonics(shape: Rows, rate_hz: float) -> tuple[Rows, Rows]:
    """Share of each channel's power at harmonics of the stride, and the stride frequency [Hz]."""
    n = shape.shape[1]
    tapered = (shape - shape.mean(axis=1, keepdims=True)) * np.hanning(n)[:, None]
    power = np.abs(np.fft.rfft(tapered, axis=1)) ** 2
    frequency_hz = np.fft.rfftfreq(n, 1 / rate_hz)
    band = (frequency_hz > _BAND_HZ[0]) & (frequency_hz < _BAND_HZ[1])
    power /= power[:, band].sum(axis=1, keepdims=True) + 1e-9
    stride = np.flatnonzero((frequency_hz > _STRIDE_HZ[0]) & (frequency_hz < _STRIDE_HZ[1]))
    strongest = stride[power[:, stride].sum(axis=2).argmax(axis=1)]
    stride_hz = np.asarray(frequency_hz[strongest], dtype=np.float64)
    near = [
        np.abs(frequency_hz - number * stride_hz[:, None]) < _HALF_WIDTH_HZ for number in _HARMONICS
    ]
    shares = [np.einsum("wfc,wf->wc", power, mask.astype(np.float64)) for mask in near]
    return np.concatenate(shares, axis=1), stride_hz


def _repetition(centred: Rows, rate_hz: float) -> list[Rows]:
    """Correlation of each channel with itself at fixed lags."""
    found = []
    for lag_s in _LAGS_S:
        lag = max(1, round(lag_s * rate_hz))
        early, late = centred[:, :-lag], centred[:, lag:]
        scale = np.sqrt((early**2).sum(axis=1) * (late**2).sum(axis=1)) + _TINY
        found.append((early * late).sum(axis=1) / scale)
    return found
