"""Bring streams to a common clock, and bridge the shortest gaps, each a named step."""

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import SETTLING, joined
from wearables.signals.operator import Operator, RunOperator

# Zero crossings of the sinc on each side, and the Kaiser window's shape for 80 dB.
HALF_CROSSINGS = 12
KAISER_BETA = 8.0
BRIDGE_S = 0.020
BRIDGE_SAMPLES = 4


class Resampler(RunOperator[SampleBlock]):
    """Samples at multiples of ``1 / to_hz`` on the session clock, by a Kaiser-windowed sinc.

    The new index of a sample is its time over the new period, so streams that were resampled to one
    rate share indices. The band is cut at 0.45 of the lower rate. Near the ends of a run the
    kernel is cut short and the quality is `SETTLING`; nothing is made up inside a gap.
    """

    memory = (*RunOperator.memory, "_rest", "_next", "_start_s")

    def __init__(self, *, rate_hz: float, to_hz: float, n_channels: int) -> None:
        super().__init__(rate_hz=rate_hz, columns=range(n_channels))
        if not (np.isfinite(to_hz) and to_hz > 0):
            raise SignalError(f"new rate of {to_hz} Hz is not above 0 Hz")
        self.to_hz = to_hz
        self._cutoff = 0.9 * min(1.0, to_hz / rate_hz)
        self._half = int(np.ceil(HALF_CROSSINGS / self._cutoff))
        self.delay_s = (self._half + 1) / rate_hz
        self.warmup_s = self._half / rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._rest: SampleBlock | None = None
        self._next: int | None = None
        self._start_s = 0.0

    def _resume(self, missing_s: float) -> None:
        self._rest = self._next = None

    def _take(self, block: SampleBlock) -> list[SampleBlock]:
        if self._rest is None:
            self._start_s = float(block.time_s[0])
            self._next = int(np.ceil(self._start_s * self.to_hz - 1e-9))
        whole = block if self._rest is None else joined(self._rest, block)
        self._rest = whole
        last = whole.n_samples - 1 - self._half
        return self._emit(float(whole.time_s[last])) if last > 0 else []

    def _end(self) -> list[SampleBlock]:
        if self._rest is None:
            return []
        out = self._emit(float(self._rest.time_s[-1]) + 1e-9)
        self._rest = self._next = None
        return out

    def _emit(self, until_s: float) -> list[SampleBlock]:
        """Grid points before a time, and forget what no kernel reaches any more."""
        whole, first = self._rest, self._next
        if whole is None or first is None:
            return []
        stop = int(np.ceil(until_s * self.to_hz - 1e-9))
        if stop <= first:
            return []
        grid = np.arange(first, stop)
        time_s = grid / self.to_hz
        values, quality = self._interpolate(whole, time_s)
        self._next = stop
        keep = int(np.searchsorted(whole.time_s, stop / self.to_hz)) - self._half - 2
        self._rest = whole.part(max(0, keep), whole.n_samples)
        return [
            SampleBlock(
                stream=whole.stream, first_index=first, time_s=time_s, values=values,
                channels=whole.channels, quality=quality,
            )
        ]  # fmt: skip

    def _interpolate(
        self, block: SampleBlock, time_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        right = np.clip(np.searchsorted(block.time_s, time_s, side="right"), 1, block.n_samples - 1)
        if block.n_samples == 1:
            return np.repeat(block.values, len(time_s), axis=0), np.full(len(time_s), SETTLING)
        before, after = block.time_s[right - 1], block.time_s[right]
        share = (time_s - before) / (after - before)
        offsets = np.arange(-self._half + 1, self._half + 1)
        rows = right[:, None] - 1 + offsets
        inside = (rows >= 0) & (rows < block.n_samples)
        distance = offsets - share[:, None]
        window = np.clip(1.0 - np.square(distance / self._half), 0.0, None)
        weight = np.sinc(self._cutoff * distance) * np.i0(KAISER_BETA * np.sqrt(window))
        weight = np.where(inside, weight, 0.0)
        weight /= weight.sum(axis=1, keepdims=True)
        taken = block.values[np.clip(rows, 0, block.n_samples - 1)]
        # One sum a sample and channel, over the same terms whatever the block.
        values = np.stack(
            [(weight * taken[:, :, i]).sum(axis=1) for i in range(taken.shape[2])], axis=1
        )
        edge_s = (self._half - 1) / self.rate_hz
        is_edge = ~inside.all(axis=1) | (time_s - self._start_s < edge_s)
        quality = np.where(is_edge, SETTLING, 1.0)
        if block.quality is not None:
            quality = np.minimum(
                quality, np.minimum(block.quality[right - 1], block.quality[right])
            )
        return values, quality


class Bridge(Operator[SampleBlock]):
    """Fills gaps of at most 20 ms and 4 samples by a line; filled rows have the quality 0.5.

    Longer gaps pass on as they are. Use it only where an operator behind it may see made-up values.
    """

    memory = ("_last",)

    def __init__(self, *, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self.max_samples = min(BRIDGE_SAMPLES, int(BRIDGE_S * rate_hz + 1e-9))
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        self._last: SampleBlock | None = None

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """Whether it can be bridged is known from the index of the next block."""
        return []

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Pass a block on, with the rows that bridge to it in front."""
        if block.n_samples == 0:
            return []
        last, self._last = self._last, block.part(block.n_samples - 1, block.n_samples)
        quality = np.ones(block.n_samples) if block.quality is None else block.quality.copy()
        quality[~np.isfinite(block.values).all(axis=1)] = 0.0
        own = SampleBlock(
            stream=block.stream, first_index=block.first_index, time_s=block.time_s,
            values=block.values, channels=block.channels, quality=quality,
        )  # fmt: skip
        if last is None:
            return [own]
        n = block.first_index - last.first_index - 1
        if not 0 < n <= self.max_samples:
            return [own]
        share = np.arange(1, n + 1) / (n + 1)
        between = last.values[0] + share[:, None] * (block.values[0] - last.values[0])
        filled = SampleBlock(
            stream=block.stream,
            first_index=last.first_index + 1,
            time_s=last.time_s[0] + share * (block.time_s[0] - last.time_s[0]),
            values=between,
            channels=block.channels,
            quality=np.full(n, SETTLING if np.isfinite(between).all() else 0.0),
        )
        return [filled, own]
