"""Rates per minute over windows, from events that may have gaps between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.events import SampleBlock

# Below this the intervals are so irregular that their median would be a guess.
MIN_QUALITY = 0.3
MIN_COVERAGE = 0.5
OUTLIER_SHARE = 0.5
# Known intervals must fill this share of the covered time: a few of them may be the wrong ones.
MIN_TOLD_SHARE = 0.5
# Hearts are steadier than breath.
PULSE_STRICTNESS = 4.0
BREATH_STRICTNESS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate over a window.

    Attributes:
        time_s: Middle of the window.
        per_minute: Rate; NaN where it would be a guess.
        coverage: Share of the window's samples that are there.
        quality: 0 to 1: coverage times how regular the intervals are.
    """

    time_s: float
    per_minute: float
    coverage: float
    quality: float


def rates_from_intervals(
    ends_s: NDArray[np.float64],
    intervals: NDArray[np.float64],
    blocks: Sequence[SampleBlock],
    *,
    rate_hz: float,
    window_s: float,
    hop_s: float,
    strictness: float = PULSE_STRICTNESS,
) -> list[Rate]:
    """Rate of the intervals that end inside each window: their number over their time.

    Intervals further from the window's median than half of it are left out: a missed or an extra
    event.

    Args:
        ends_s: End of each interval, ascending, shape (n,).
        intervals: Intervals in seconds, NaN over gaps, shape (n,).
        blocks: The recorded samples, for the coverage.
        rate_hz: Rate of the samples.
        window_s: Length of a window.
        hop_s: Distance of windows.
        strictness: How fast the quality falls with the intervals' spread over their median.

    Returns:
        One rate per window; NaN below half of coverage, with fewer than two intervals, where known
        intervals fill less than half of the covered time, or where they are too irregular.
    """
    if not blocks or all(block.n_samples == 0 for block in blocks):
        return []
    recorded = np.concatenate([block.time_s for block in blocks])
    first, last = recorded[0], recorded[-1]
    valid = np.isfinite(intervals)
    rates = []
    for start in np.arange(first, max(last - window_s, first) + 1e-9, hop_s):
        stop = start + window_s
        n = np.searchsorted(recorded, stop) - np.searchsorted(recorded, start)
        coverage = min(1.0, float(n) / (window_s * rate_hz))
        chosen = intervals[valid & (ends_s >= start) & (ends_s < stop)]
        value, quality = float("nan"), 0.0
        if coverage >= MIN_COVERAGE and chosen.size >= 2:
            median = float(np.median(chosen))
            spread = float(np.median(np.abs(chosen - median))) / median
            quality = coverage * max(0.0, 1.0 - strictness * spread)
            usual = chosen[np.abs(chosen - median) < OUTLIER_SHARE * median]
            told = float(chosen.sum()) >= MIN_TOLD_SHARE * coverage * window_s
            if told and quality >= MIN_QUALITY:
                value = 60.0 / float(usual.mean())
        rates.append(
            Rate(
                time_s=float(start + window_s / 2),
                per_minute=value,
                coverage=coverage,
                quality=quality,
            )
        )
    return rates
