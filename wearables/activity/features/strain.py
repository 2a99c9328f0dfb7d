"""Features of one repetition seen by textile strain sensors, whatever their gain and offset.

A sleeve sits differently on everybody: rest values differ twofold between wearers, gains drift. So
a repetition is described by shapes: what each sensor does while the leading one is strained, how
long, in which order, and how large against the leading one.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Rows = NDArray[np.float64]
_SPIKE_S = 0.09
_SMOOTH_S = 0.03
_REST_S = (0.3, 0.6)
_LEVELS = (0.25, 0.5, 0.75, 0.9)
_ACTIVE = 0.2
_N_PHASES = 12
# Strain below this is noise of the sensor; it keeps ratios finite.
_FLOOR = 1e-3


def rest_and_excursion(values: NDArray[np.floating], rate_hz: float) -> tuple[Rows, Rows]:
    """Part windows into rest level and what goes beyond it, spikes taken out.

    Args:
        values: Windows of strain, shape (n_windows, n_samples, n_sensors).
        rate_hz: Rate.

    Returns:
        Rest, shape (n_windows, n_sensors), and excursion, as the input.
    """
    if values.shape[-1] == 0:
        return np.zeros((len(values), 0)), np.zeros(values.shape)
    width = 2 * round(_SPIKE_S * rate_hz / 2) + 1
    calm = _running_median(np.asarray(values, dtype=np.float64), width)
    calm = gaussian_filter1d(calm, _SMOOTH_S * rate_hz, axis=1)
    begin, end = (max(1, round(seconds * rate_hz)) for seconds in _REST_S)
    rest = np.median(np.concatenate([calm[:, :begin], calm[:, -end:]], axis=1), axis=1)
    return rest, calm - rest[:, None]


def _running_median(values: Rows, width: int) -> Rows:
    """Median over an odd width along time, ends mirrored; faster than scipy's on short windows."""
    half = width // 2
    padded = np.pad(values, ((0, 0), (half, half), (0, 0)), mode="symmetric")
    around = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    return np.partition(around, half, axis=-1)[..., half]


def leading_sensor(excursion: Rows) -> int:
    """The sensor with the largest excursions over all windows; fixed by the training set."""
    return int(np.median(np.abs(excursion).max(axis=1), axis=0).argmax())


def strain_features(values: NDArray[np.floating], rate_hz: float, *, leading: int) -> Rows:
    """Describe repetitions.

    Args:
        values: Windows of strain, one repetition each, shape (n_windows, n_samples, n_sensors).
        rate_hz: Rate.
        leading: Column of the leading sensor.

    Returns:
        Features, shape (n_windows, n_features), no unit in common.
    """
    rest, excursion = rest_and_excursion(values, rate_hz)
    return repetition_features(rest, excursion, rate_hz, leading=leading)


def repetition_features(rest: Rows, excursion: Rows, rate_hz: float, *, leading: int) -> Rows:
    """The same of windows that were parted already, shape (n_windows, n_features)."""
    return np.stack(
        [_repetition(r, e, rate_hz, leading) for r, e in zip(rest, excursion, strict=True)]
    )


def _repetition(rest: Rows, strain: Rows, rate_hz: float, leading: int) -> Rows:
    lead = np.abs(strain[:, leading])
    size = max(float(lead.max()), _FLOOR)
    active = np.flatnonzero(lead > _ACTIVE * size)
    first, last = (int(active[0]), int(active[-1])) if active.size else (0, len(lead) - 1)
    highest, lowest = strain.max(axis=0), -strain.min(axis=0)
    reach = np.maximum(np.abs(strain).max(axis=0), _FLOOR)
    i, j = np.triu_indices(strain.shape[1], 1)
    parts = [
        highest / size,
        lowest / size,
        [np.log(size)],
        np.log(np.maximum(highest, _FLOOR)),
        rest,
        [(last - first) / rate_hz],
        _timing(strain, reach, first, last, rate_hz),
        _shapes(strain, reach, first, last, size),
        _alike(strain)[i, j],
        np.log(reach)[j] - np.log(reach)[i],
    ]
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])


def _timing(strain: Rows, reach: Rows, first: int, last: int, rate_hz: float) -> Rows:
    """Time above levels, place of the peak, steepest rise and fall, sensor by sensor."""
    own = np.abs(strain) / reach
    above = [(own > level).sum(axis=0) / rate_hz for level in _LEVELS]
    peak = (np.abs(strain).argmax(axis=0) - first) / max(last - first, 1)
    slope = np.gradient(strain, axis=0) / reach * rate_hz / 10
    return np.concatenate([*above, peak, slope.max(axis=0), slope.min(axis=0)])


def _shapes(strain: Rows, reach: Rows, first: int, last: int, size: float) -> Rows:
    """Each sensor at equal phases of the repetition, against the leading one and itself."""
    span = last - first
    phases = np.linspace(first - 0.1 * span, last + 0.3 * span, _N_PHASES)
    rows = np.arange(len(strain))
    at = np.stack([np.interp(phases, rows, column) for column in strain.T])
    return np.concatenate([(at / size).ravel(), (at / reach[:, None]).ravel()])


def _alike(strain: Rows) -> Rows:
    centred = strain - strain.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0)) + 1e-9
    return centred.T @ centred / np.outer(scale, scale)
