"""Where foreign samples lie on an index, from their time stamps: runs, and gaps between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A longer hole is no gap of a recording, but two recordings.
LONGEST_GAP_S = 7 * 86400.0
_STEADY = 0.1
_JITTERS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Samples without a gap: rows ``[start, stop)`` lie at ``index`` and after, in a boot."""

    boot: int
    index: int
    start: int
    stop: int


def find_runs(time_s: NDArray[np.float64], rate_hz: float) -> list[Run]:
    """Split rows where stamps jump.

    One missing sample is found where stamps are steady; where they jitter, as those of a computer
    do, only jumps that stand out of the jitter count. Stamps that run back start a new boot.

    Args:
        time_s: Stamp of each row, shape (n,).
        rate_hz: Nominal rate.
    """
    if not time_s.size:
        return []
    steps_s = np.diff(time_s)
    period_s = 1 / rate_hz
    # Below the median, so that gaps in a short recording do not pass for jitter.
    odd_s = np.abs(steps_s - period_s)
    jitter_s = float(np.quantile(odd_s, 0.4, method="lower")) if steps_s.size else 0.0
    limit_s = 1.5 * period_s
    if jitter_s > _STEADY * period_s:
        limit_s = max(limit_s, period_s + _JITTERS * jitter_s)
    is_back = (steps_s < -limit_s) | (steps_s > LONGEST_GAP_S)
    is_break = (steps_s > limit_s) | is_back
    starts = np.concatenate([[0], np.flatnonzero(is_break) + 1])
    stops = np.concatenate([starts[1:], [time_s.size]])
    smooth = steps_s[~is_break]
    # Where most rows are breaks, the nominal rate is the better guess.
    total_s = float(smooth.sum())
    rate = smooth.size / total_s if smooth.size > len(starts) and total_s > 0 else rate_hz
    runs: list[Run] = []
    boot, zero_s, next_index = 1, float(time_s[0]), 0
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        if start and is_back[start - 1]:
            boot, zero_s, next_index = boot + 1, float(time_s[start]), 0
        index = max(next_index, round((float(time_s[start]) - zero_s) * rate))
        runs.append(Run(boot=boot, index=index, start=start, stop=stop))
        next_index = index + stop - start
    return runs
