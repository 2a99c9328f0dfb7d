"""Windows that hang on the sample index, with movement intensity and signal quality per window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock

STANDARD_GRAVITY_M_S2 = 9.80665
FLAT_SHARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Samples of ``[first_index, first_index + n)``, missing ones as NaN.

    Attributes:
        first_index: Index of the first sample.
        time_s: Session time of the middle, by the samples that are there.
        values: shape (n, n_channels).
        coverage: Share of samples that are there.
        longest_gap: Longest run of missing samples.
    """

    first_index: int
    time_s: float
    values: NDArray[np.float64]
    coverage: float
    longest_gap: int


def windows(blocks: Sequence[SampleBlock], *, n: int, hop: int) -> list[Window]:
    """Cut blocks into windows whose first index is a multiple of the hop.

    Args:
        blocks: Runs of samples in order.
        n: Samples in a window.
        hop: Samples between starts.

    Raises:
        SignalError: If n or hop is below 1.
    """
    if n < 1 or hop < 1:
        raise SignalError(f"windows of {n} samples every {hop} samples make no sense")
    if not blocks:
        return []
    first = blocks[0].first_index
    stop = blocks[-1].first_index + blocks[-1].n_samples
    values = np.full((stop - first, blocks[0].values.shape[1]), np.nan)
    times = np.full(stop - first, np.nan)
    for block in blocks:
        rows = slice(block.first_index - first, block.first_index - first + block.n_samples)
        values[rows], times[rows] = block.values, block.time_s
    there = np.asarray(np.isfinite(values).all(axis=1))
    starts = range(-(-first // hop) * hop, stop - n + 1, hop)
    return [_window(values, times, there, start - first, start, n) for start in starts]


def _window(
    values: NDArray[np.float64],
    times: NDArray[np.float64],
    there: NDArray[np.bool_],
    row: int,
    index: int,
    n: int,
) -> Window:
    own = there[row : row + n]
    known = times[row : row + n][own]
    return Window(
        first_index=index,
        time_s=float((known[0] + known[-1]) / 2) if known.size else float("nan"),
        values=values[row : row + n],
        coverage=float(own.mean()),
        longest_gap=_longest_run(~own),
    )


def _longest_run(flags: NDArray[np.bool_]) -> int:
    change = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return int((change[1::2] - change[::2]).max(initial=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Intensity:
    """How much a limb moves.

    Attributes:
        time_s: Middle of the window.
        mad_m_s2: Mean amplitude deviation of the acceleration's magnitude (Vaha-Ypya 2015).
        coverage: Share of samples that are there.
    """

    time_s: float
    mad_m_s2: float
    coverage: float


def movement_intensity(
    blocks: Sequence[SampleBlock], *, rate_hz: float, columns: Sequence[int], window_s: float = 1.0
) -> list[Intensity]:
    """Mean amplitude deviation per window; NaN below half of coverage.

    Args:
        blocks: Runs of acceleration in m/s2.
        rate_hz: Rate of the signal.
        columns: Columns of the three axes.
        window_s: Length of a window.
    """
    n = max(2, round(window_s * rate_hz))
    result = []
    for window in windows(blocks, n=n, hop=n):
        length = np.linalg.norm(window.values[:, list(columns)], axis=1)
        length = length[np.isfinite(length)]
        mad = float("nan")
        if window.coverage >= 0.5:
            mad = float(np.abs(length - length.mean()).mean())
        result.append(Intensity(time_s=window.time_s, mad_m_s2=mad, coverage=window.coverage))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Whether a window can be used, and if not, why.

    Attributes:
        time_s: Middle of the window.
        quality: 0 to 1.
        reasons: ``missing``, ``clipped``, ``flat``.
    """

    time_s: float
    quality: float
    reasons: tuple[str, ...]


def signal_quality(
    blocks: Sequence[SampleBlock],
    clipped: NDArray[np.bool_],
    *,
    rate_hz: float,
    window_s: float = 2.0,
) -> list[Quality]:
    """Quality per window: coverage, less what is clipped, nothing where a channel is flat.

    Args:
        blocks: Runs of samples.
        clipped: Which raw values sit at an end of their range, by row, shape (n_rows, n_channels).
        rate_hz: Rate of the signal.
        window_s: Length of a window.
    """
    n = max(2, round(window_s * rate_hz))
    result = []
    for window in windows(blocks, n=n, hop=n):
        reasons = []
        quality = window.coverage
        if window.coverage < 1.0:
            reasons.append("missing")
        own = clipped[window.first_index : window.first_index + n]
        if own.any():
            reasons.append("clipped")
            quality *= 1.0 - float(own.any(axis=1).mean())
        known = window.values[np.isfinite(window.values).all(axis=1)]
        scale = np.abs(known).max(initial=0.0)
        if len(known) and (np.ptp(known, axis=0) <= FLAT_SHARE * max(scale, 1e-12)).any():
            reasons.append("flat")
            quality = 0.0
        time_s = window.time_s
        result.append(Quality(time_s=time_s, quality=quality, reasons=tuple(reasons)))
    return result
