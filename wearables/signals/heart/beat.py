"""A heart beat, however it was seen, and intervals between beats."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POSSIBLE_S = (0.25, 2.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One beat.

    Attributes:
        index: Sample of its peak.
        time_s: Session time of the peak.
        amplitude: Height of the peak over its surroundings, unit of the signal.
        after_gap: Whether samples are missing between the beat before and this one.
        quality: 0 to 1: how far it is a beat like its neighbours, in a signal that is sound.
    """

    index: int
    time_s: float
    amplitude: float
    after_gap: bool
    quality: float = 1.0


def intervals_s(beats: Sequence[Beat], *, min_quality: float = 0.0) -> NDArray[np.float64]:
    """Time from each beat to the one before, shape (n_beats,); NaN over gaps and doubtful beats.

    The first is NaN. An interval is known where nothing is missing, both beats are good enough, and
    it is 0.25 to 2.2 s long: a longer one has a beat that was not seen.
    """
    times = np.array([beat.time_s for beat in beats])
    good = np.array([beat.quality >= min_quality for beat in beats], dtype=bool)
    gap = np.array([beat.after_gap for beat in beats], dtype=bool)
    result = np.full(len(beats), np.nan)
    if len(beats) > 1:
        known = good[1:] & good[:-1] & ~gap[1:]
        steps = np.diff(times)
        known &= (steps >= POSSIBLE_S[0]) & (steps <= POSSIBLE_S[1])
        result[1:][known] = steps[known]
    return result


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Correlation of two shapes of one length; zero where one of them is flat."""
    a, b = first - first.mean(), second - second.mean()
    size = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0
