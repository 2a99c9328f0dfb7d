"""Pairs of boxes that overlap, found on a uniform grid; sorted, so every run lists them alike."""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.jit import njit

_CELLS_MAX = 2_000_000


def box_pairs(
    low_a: NDArray[np.float64],
    high_a: NDArray[np.float64],
    low_b: NDArray[np.float64],
    high_b: NDArray[np.float64],
    *,
    same: bool,
) -> NDArray[np.int64]:
    """Find overlapping boxes.

    Args:
        low_a: Lower corners of the first set, shape (n_a, 3).
        high_a: Upper corners of the first set.
        low_b: Lower corners of the second set, shape (n_b, 3).
        high_b: Upper corners of the second set.
        same: Whether both sets are one; then only pairs with a < b are listed.

    Returns:
        Index pairs, ordered by the first, shape (n_pairs, 2).
    """
    low = np.minimum(low_a.min(axis=0), low_b.min(axis=0))
    span = np.maximum(high_a.max(axis=0), high_b.max(axis=0)) - low
    size = np.maximum((high_b - low_b).max(axis=1).mean(), (high_a - low_a).max(axis=1).mean())
    cell = max(float(size), float(np.cbrt(np.prod(span + size) / _CELLS_MAX)), 1e-9)
    shape = (span / cell).astype(np.int64) + 1
    first_a, last_a = _cells(low_a, low, cell, shape), _cells(high_a, low, cell, shape)
    first_b, last_b = _cells(low_b, low, cell, shape), _cells(high_b, low, cell, shape)
    start, member = _fill(first_b, last_b, shape)
    n_pairs = _search(low_a, high_a, low_b, high_b, first_a, last_a, first_b, start, member,
                      shape, same, np.zeros((0, 2), np.int64))  # fmt: skip
    pairs = np.zeros((n_pairs, 2), np.int64)
    _search(low_a, high_a, low_b, high_b, first_a, last_a, first_b, start, member, shape, same,
            pairs)  # fmt: skip
    return pairs


def _cells(
    points: NDArray[np.float64],
    low: NDArray[np.float64],
    cell: float,
    shape: NDArray[np.int64],
) -> NDArray[np.int64]:
    return np.clip(((points - low) / cell).astype(np.int64), 0, shape - 1)


@njit
def _fill(first, last, shape):
    """Return row starts and members of each grid cell."""
    start = np.zeros(shape[0] * shape[1] * shape[2] + 1, np.int64)
    for k in range(first.shape[0]):
        for i in range(first[k, 0], last[k, 0] + 1):
            for j in range(first[k, 1], last[k, 1] + 1):
                for m in range(first[k, 2], last[k, 2] + 1):
                    start[(i * shape[1] + j) * shape[2] + m + 1] += 1
    for c in range(1, start.shape[0]):
        start[c] += start[c - 1]
    at = start[:-1].copy()
    member = np.zeros(start[-1], np.int64)
    for k in range(first.shape[0]):
        for i in range(first[k, 0], last[k, 0] + 1):
            for j in range(first[k, 1], last[k, 1] + 1):
                for m in range(first[k, 2], last[k, 2] + 1):
                    c = (i * shape[1] + j) * shape[2] + m
                    member[at[c]] = k
                    at[c] += 1
    return start, member


@njit
def _search(
    low_a, high_a, low_b, high_b, first_a, last_a, first_b, start, member, shape, same, out
):
    """Count pairs, and write them where out has room for them."""
    count = 0
    for a in range(low_a.shape[0]):
        for i in range(first_a[a, 0], last_a[a, 0] + 1):
            for j in range(first_a[a, 1], last_a[a, 1] + 1):
                for m in range(first_a[a, 2], last_a[a, 2] + 1):
                    c = (i * shape[1] + j) * shape[2] + m
                    for s in range(start[c], start[c + 1]):
                        b = member[s]
                        if same and b <= a:
                            continue
                        # A pair meets in several cells; it counts in the lowest common one.
                        if (
                            i != max(first_a[a, 0], first_b[b, 0])
                            or j != max(first_a[a, 1], first_b[b, 1])
                            or m != max(first_a[a, 2], first_b[b, 2])
                        ):
                            continue
                        apart = False
                        for d in range(3):
                            apart = (
                                apart or low_a[a, d] > high_b[b, d] or low_b[b, d] > high_a[a, d]
                            )
                        if apart:
                            continue
                        if count < out.shape[0]:
                            out[count, 0] = a
                            out[count, 1] = b
                        count += 1
    return count
