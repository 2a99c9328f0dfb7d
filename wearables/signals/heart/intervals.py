"""Which beat-to-beat intervals can be trusted: artefacts found, never filled in.

After Lipponen & Tarvainen 2019 (J. Med. Eng. Technol. 43, 173): differences of intervals, and
intervals against their running median, both scaled by 5.2 quartile deviations over 91 beats, tell
ectopic, missed, extra, long and short beats. Changed: intervals over gaps are NaN and count for
nothing, and an artefact's intervals become NaN instead of being interpolated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

_Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Artefact = Literal["", "ectopic", "missed", "extra", "long", "short"]
ALPHA = 5.2
N_AROUND = 91
N_MEDIAN = 11
SLOPE, INTERCEPT = 0.13, 0.17
# Where a heart is as regular as a clock the quartile deviation is rounding: 10 ms bound it.
MIN_SCALE_S = 0.010


def artefacts(intervals_s: NDArray[np.float64]) -> tuple[Artefact, ...]:
    """What is wrong with each interval; an empty word where nothing is.

    Args:
        intervals_s: Intervals in order, NaN where unknown, shape (n,).
    """
    n = len(intervals_s)
    if not n:
        return ()
    change = np.diff(intervals_s, prepend=np.nan)
    change_scale = _scale(change)
    offset = intervals_s - _running(intervals_s, N_MEDIAN, _nanmedian)
    offset = np.where(offset < 0, 2 * offset, offset)
    offset_scale = _scale(offset)
    rows = _Rows(
        intervals_s=intervals_s,
        medians_s=_running(intervals_s, N_MEDIAN, _nanmedian),
        scale_s=offset_scale,
        d=np.append(change / change_scale, [np.nan, np.nan]),
        m=offset / offset_scale,
    )
    labels: list[Artefact] = []
    while len(labels) < n:
        label, length = _judge(len(labels), rows)
        labels.extend(label for _ in range(min(length, n - len(labels))))
    return tuple(labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Intervals, their running medians, and the paper's scaled dRR (padded by two) and mRR."""

    intervals_s: NDArray[np.float64]
    medians_s: NDArray[np.float64]
    scale_s: NDArray[np.float64]
    d: NDArray[np.float64]
    m: NDArray[np.float64]


def _judge(i: int, rows: _Rows) -> tuple[Artefact, int]:
    """Artefact that starts at an interval, and how many intervals it takes."""
    d, m = rows.d, rows.m[i]
    if np.isnan(d[i]) or (abs(d[i]) <= 1 and not abs(m) > 3):
        return "", 1
    if _is_ectopic_center(i + 1, d):
        return "ectopic", 2
    is_long = d[i] > 1 and min(d[i + 1], d[i + 2]) < -1
    is_short = d[i] < -1 and max(d[i + 1], d[i + 2]) > 1
    if not (is_long or is_short or abs(m) > 3):
        return "", 1
    own, median, scale = rows.intervals_s[i], rows.medians_s[i], rows.scale_s[i]
    if m > 0:
        return ("missed" if abs(own / 2 - median) < scale else "long"), 1
    following = rows.intervals_s[i + 1] if i + 1 < len(rows.m) else np.nan
    if abs(own + following - median) < scale:
        return "extra", 2
    return "short", 1


def _is_ectopic_center(k: int, d: NDArray[np.float64]) -> bool:
    """Whether a difference stands against both its neighbours (eq. 5 of the paper)."""
    if not 0 < k < len(d) - 1:
        return False
    around = (d[k - 1], d[k + 1])
    if d[k] > 1:
        return max(around) < -SLOPE * d[k] - INTERCEPT
    return d[k] < -1 and min(around) > -SLOPE * d[k] + INTERCEPT


def clean_intervals(intervals_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same intervals with artefacts as NaN, shape (n,)."""
    is_bad = np.array([label != "" for label in artefacts(intervals_s)], dtype=bool)
    return np.where(is_bad, np.nan, intervals_s)


def _scale(values: NDArray[np.float64]) -> NDArray[np.float64]:
    def quartile_deviation(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = np.nanquantile(np.abs(rows), (0.25, 0.75), axis=1)
        return (high - low) / 2

    return np.fmax(ALPHA * _running(values, N_AROUND, quartile_deviation), MIN_SCALE_S)


def _nanmedian(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.nanmedian(rows, axis=1)


def _running(values: NDArray[np.float64], width: int, statistic: _Statistic) -> NDArray[np.float64]:
    half = width // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    rows = np.lib.stride_tricks.sliding_window_view(padded, width)
    known = np.isfinite(rows).any(axis=1)
    result = np.full(len(values), np.nan)
    if known.any():
        result[known] = statistic(rows[known])
    return result
