"""Windows that hang on the sample index, missing samples as NaN."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.operator import Operator, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Samples of ``[first_index, first_index + n)``, missing ones as NaN.

    Attributes:
        first_index: Index of the first sample.
        time_s: Session time of the middle, by the samples that are there; NaN inside a gap.
        values: shape (n, n_channels).
        coverage: Share of samples that are there.
        longest_gap: Longest run of missing samples.
        rate_hz: Rate by the clock from the first to the last sample that is there; NaN where the
            clock does not go forward, or fewer than two are there.
    """

    first_index: int
    time_s: float
    values: NDArray[np.float64]
    coverage: float
    longest_gap: int
    rate_hz: float


class Windows(Operator[Window]):
    """Windows of n samples whose first index is a multiple of the hop, missing samples as NaN."""

    memory = ("_values", "_time_s", "_first", "_width")

    def __init__(self, *, n: int, hop: int, rate_hz: float = float("nan")) -> None:
        if n < 1 or hop < 1:
            raise SignalError(f"windows of {n} samples every {hop} samples make no sense")
        self.n, self.hop, self.rate_hz = n, hop, rate_hz
        self.delay_s = n / 2 / rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        self._values = np.zeros((0, 0))
        self._time_s = np.zeros(0)
        self._first: int | None = None
        self._width = 0

    def __call__(self, block: SampleBlock) -> list[Window]:
        """Take in a block; returns the windows that are full now."""
        if block.n_samples == 0:
            return []
        if self._first is None:
            self._first, self._width = block.first_index, block.values.shape[1]
            self._values = np.zeros((0, self._width))
        return self._append(block.values, block.time_s)

    def gap(self, n_missing: int) -> list[Window]:
        """Missing rows are NaN; windows wholly inside a long gap are told, too."""
        if self._first is None:
            return []
        found: list[Window] = []
        while n_missing > 0:
            n = min(n_missing, 8 * self.n)
            found += self._append(np.full((n, self._width), np.nan), np.full(n, np.nan))
            n_missing -= n
        return found

    def _append(self, values: NDArray[np.float64], time_s: NDArray[np.float64]) -> list[Window]:
        self._values = np.concatenate([self._values, values])
        self._time_s = np.concatenate([self._time_s, time_s])
        first = self._first or 0
        stop = first + len(self._values)
        start = -(-first // self.hop) * self.hop
        there = np.asarray(np.isfinite(self._values).all(axis=1))
        found: list[Window] = []
        while start + self.n <= stop:
            row = start - first
            found.append(_window(self._values, self._time_s, there, row, start, self.n))
            start += self.hop
        keep = min(start, stop) - first
        self._values, self._time_s = self._values[keep:], self._time_s[keep:]
        self._first = first + keep
        return found


def windows(blocks: Sequence[SampleBlock], *, n: int, hop: int) -> list[Window]:
    """Cut blocks into windows whose first index is a multiple of the hop.

    Args:
        blocks: Runs of samples in order.
        n: Samples in a window.
        hop: Samples between starts.

    Raises:
        SignalError: If n or hop is below 1.
    """
    return run(Windows(n=n, hop=hop), blocks)


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
    # Rows that came with holes still tell when they came.
    stamps = known if known.size else times[row : row + n][np.isfinite(times[row : row + n])]
    return Window(
        first_index=index,
        time_s=float((stamps[0] + stamps[-1]) / 2) if stamps.size else float("nan"),
        values=values[row : row + n].copy(),
        coverage=float(own.mean()),
        longest_gap=_longest_run(~own),
        rate_hz=_rate_hz(np.flatnonzero(own), known),
    )


def _rate_hz(rows: NDArray[np.integer], time_s: NDArray[np.float64]) -> float:
    if len(rows) < 2 or not (np.diff(time_s) > 0).all():
        return float("nan")
    return float((rows[-1] - rows[0]) / (time_s[-1] - time_s[0]))


def _longest_run(flags: NDArray[np.bool_]) -> int:
    change = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return int((change[1::2] - change[::2]).max(initial=0))
