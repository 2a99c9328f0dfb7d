"""Events of two lists that are the same event: the pairing of beats, breaths and steps."""

import numpy as np
from numpy.typing import NDArray


def matched_lags(
    truth: NDArray[np.number], found: NDArray[np.number], tolerance: float
) -> list[float]:
    """Lags of the most one-to-one pairs within a tolerance, in order; units are the caller's."""
    one, other = truth.tolist(), found.tolist()
    i = j = 0
    lags = []
    while i < len(one) and j < len(other):
        lag = other[j] - one[i]
        if abs(lag) <= tolerance:
            lags.append(lag)
            i, j = i + 1, j + 1
        elif lag < 0:
            j += 1
        else:
            i += 1
    return lags


def f1(truth: NDArray[np.number], found: NDArray[np.number], tolerance: float) -> float:
    """F1 of two lists of events, each used once."""
    return 2 * len(matched_lags(truth, found, tolerance)) / max(1, len(truth) + len(found))
