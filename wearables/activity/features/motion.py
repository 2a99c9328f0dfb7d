"""Features of a window of acceleration, with or without turning rate.

Time and frequency features as in Anguita et al. 2013 (HAPT), fewer of them, in a frame that knows
down: the mean acceleration gives the vertical, the rest is horizontal. Added: how the window's
beginning and end differ, which tells a change of posture from a posture.
"""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
_QUANTILES = (5, 25, 50, 75, 95)
_TINY = 1e-6


def motion_features(values: NDArray[np.floating], rate_hz: float) -> Rows:
    """Describe windows of motion.

    Args:
        values: Windows, shape (n_windows, n_samples, 3 or 6): acceleration with gravity, then
            turning rate; any units, the same for all windows.
        rate_hz: Rate.

    Returns:
        Features, shape (n_windows, n_features), no unit in common.
    """
    acc = np.asarray(values[..., :3], dtype=np.float64)
    turn = np.asarray(values[..., 3:6], dtype=np.float64)
    gravity = acc.mean(axis=1)
    length = np.linalg.norm(gravity, axis=1, keepdims=True) + _TINY
    body = acc - gravity[:, None]
    up = (body * (gravity / length)[:, None]).sum(axis=2)
    level = np.linalg.norm(body - up[..., None] * (gravity / length)[:, None], axis=2)
    sizes = [np.linalg.norm(acc, axis=2)]
    if turn.shape[2]:
        sizes.append(np.linalg.norm(turn, axis=2))
    signals = np.concatenate([body, turn, np.stack([up, level, *sizes], axis=2)], axis=2)
    parts = [
        gravity,
        gravity / length,
        np.arctan2(gravity, np.roll(gravity, 1, axis=1)),
        *_amplitudes(signals, acc, turn, rate_hz),
        *_spectra(signals),
        _correlations(np.concatenate([body, turn], axis=2)),
        *_changes(acc, turn, rate_hz),
    ]
    return np.concatenate(parts, axis=1)


def _amplitudes(signals: Rows, acc: Rows, turn: Rows, rate_hz: float) -> list[Rows]:
    steps = np.diff(signals, axis=1)
    jerks = [np.diff(part, axis=1) * rate_hz for part in (acc, turn) if part.shape[2]]
    quantiles = np.percentile(signals, _QUANTILES, axis=1)
    return [
        signals.std(axis=1),
        np.concatenate(list(quantiles), axis=1),
        np.abs(steps).mean(axis=1),
        np.log(_TINY + signals.var(axis=1)),
        *[np.log(_TINY + (jerk**2).mean(axis=1)) for jerk in jerks],
    ]


def _spectra(signals: Rows) -> list[Rows]:
    """Log power in pairs of lines, centre, peak place and height of each spectrum."""
    n = signals.shape[1]
    power = np.abs(np.fft.rfft(signals * np.hanning(n)[:, None], axis=1)) ** 2
    n_pairs = min(15, (power.shape[1] - 1) // 2)
    pairs = power[:, 1 : 1 + 2 * n_pairs].reshape(len(signals), n_pairs, 2, -1).sum(axis=2)
    lines = power[:, 1:] / (power[:, 1:].sum(axis=1, keepdims=True) + _TINY)
    number = np.arange(1, lines.shape[1] + 1)
    return [
        np.log(_TINY + pairs).reshape(len(signals), -1),
        np.einsum("wls,l->ws", lines, number),
        lines.argmax(axis=1).astype(np.float64),
        lines.max(axis=1),
    ]


def _correlations(signals: Rows) -> Rows:
    centred = signals - signals.mean(axis=1, keepdims=True)
    scale = np.sqrt((centred**2).sum(axis=1)) + _TINY
    products = np.einsum("wni,wnj->wij", centred, centred) / (scale[:, :, None] * scale[:, None])
    i, j = np.triu_indices(signals.shape[2], 1)
    return products[:, i, j]


def _changes(acc: Rows, turn: Rows, rate_hz: float) -> list[Rows]:
    """How the end differs from the beginning, and the angle turned about each axis."""
    quarter = max(1, acc.shape[1] // 4)
    middle = acc.shape[1] // 2
    begin = acc[:, :quarter].mean(axis=1)
    end = acc[:, -quarter:].mean(axis=1)
    half = slice(middle - quarter // 2, middle - quarter // 2 + quarter)
    parts = [
        end - begin,
        acc[:, half].mean(axis=1) - begin,
        np.linalg.norm(end - begin, axis=1, keepdims=True),
    ]
    return parts if turn.shape[2] == 0 else [*parts, turn.sum(axis=1) / rate_hz]
