"""Causal filters with memory: Butterworth, notch, and the Hampel filter against spikes.

Recursive filters run sample by sample (second-order sections), so blocks leave no trace. They
start, and start again after missing values, at the first value: a constant passes at once, and
there is no step from zero. What still settles is marked with a quality of at most `SETTLING`.
"""

from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.operator import Operator, RunOperator

Band = Literal["lowpass", "highpass", "bandpass"]
# Quality of values of a filter that has just started.
SETTLING = 0.5
# The median absolute deviation of a normal distribution, to its standard deviation.
MAD_TO_SD = 1.4826


class SosFilter(Operator[SampleBlock]):
    """A recursive filter in second-order sections, each channel on its own."""

    memory = ("_state", "_is_on", "_n_seen")

    def __init__(self, sos: NDArray[np.float64], *, rate_hz: float, warmup_s: float) -> None:
        self.sos = sos
        self.rate_hz = rate_hz
        self.warmup_s = warmup_s
        self._start_state = signal.sosfilt_zi(sos)
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        self._state: NDArray[np.float64] | None = None
        self._is_on = np.zeros(0, dtype=bool)
        self._n_seen = 0

    def filter(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next values, shape (n_samples, n_channels). Same shape and unit back.

        A value that is not finite gives NaN; its channel starts anew after it.
        """
        if values.shape[0] == 0:
            return values.copy()
        if self._state is None:
            self._state = np.zeros((len(self.sos), 2, values.shape[1]))
            self._is_on = np.zeros(values.shape[1], dtype=bool)
        finite = np.isfinite(values)
        if finite.all():
            return self._advance(values, slice(None), ~self._is_on)
        result = np.full(values.shape, np.nan)
        for column in range(values.shape[1]):
            own = finite[:, column]
            edges = [0, *(np.flatnonzero(own[1:] != own[:-1]) + 1).tolist(), len(own)]
            for start, stop in pairwise(edges):
                one = slice(column, column + 1)
                if own[start]:
                    part = values[start:stop, one]
                    result[start:stop, one] = self._advance(part, one, ~self._is_on[one])
                else:
                    self._is_on[one] = False
        return result

    def _advance(
        self, values: NDArray[np.float64], columns: slice, fresh: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        if self._state is None:
            raise SignalError("a filter advances only after it has started")
        state = self._state[:, :, columns]
        if fresh.any():
            state = np.where(fresh, self._start_state[:, :, None] * values[0], state)
        filtered, state = signal.sosfilt(self.sos, values, axis=0, zi=state)
        self._state[:, :, columns] = state
        self._is_on[columns] = True
        return filtered

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Filter the next block; its quality falls where the filter settles or nothing is known."""
        values = self.filter(block.values)
        quality = np.ones(block.n_samples) if block.quality is None else block.quality.copy()
        n_left = max(0, round(self.warmup_s * self.rate_hz) - self._n_seen)
        quality[:n_left] = np.minimum(quality[:n_left], SETTLING)
        quality[~np.isfinite(values).all(axis=1)] = 0.0
        self._n_seen += block.n_samples
        return [
            SampleBlock(
                stream=block.stream,
                first_index=block.first_index,
                time_s=block.time_s,
                values=values,
                channels=block.channels,
                quality=quality,
            )
        ]

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """Start anew at the next value."""
        self.reset()
        return []


class Butterworth(SosFilter):
    """Butterworth low-pass, high-pass or band-pass."""

    def __init__(
        self, *, band: Band, cutoff_hz: float | tuple[float, float], rate_hz: float, order: int = 2
    ) -> None:
        edges = np.atleast_1d(np.asarray(cutoff_hz, dtype=np.float64))
        wanted = 2 if band == "bandpass" else 1
        if edges.size != wanted:
            raise SignalError(f"{band} needs {wanted} cutoffs, {edges.size} were given")
        if not (edges[0] > 0 and (np.diff(edges) > 0).all() and edges[-1] < rate_hz / 2):
            raise SignalError(f"cutoff of {cutoff_hz} Hz is outside (0, {rate_hz / 2}) Hz")
        sos = signal.butter(
            order, edges if wanted == 2 else edges[0], btype=band, fs=rate_hz, output="sos"
        )
        super().__init__(np.asarray(sos), rate_hz=rate_hz, warmup_s=2.0 / float(edges[0]))


class Notch(SosFilter):
    """Takes out the mains at 50 or 60 Hz; Q is the frequency over the width of the notch."""

    def __init__(self, *, frequency_hz: float, rate_hz: float, q: float = 30.0) -> None:
        if not 0 < frequency_hz < rate_hz / 2:
            raise SignalError(f"notch at {frequency_hz} Hz is outside (0, {rate_hz / 2}) Hz")
        if q <= 0:
            raise SignalError(f"a notch of Q {q} makes no sense; it must be above 0")
        b, a = signal.iirnotch(frequency_hz, q, fs=rate_hz)
        super().__init__(signal.tf2sos(b, a), rate_hz=rate_hz, warmup_s=2.0 * q / frequency_hz)


class Hampel(RunOperator[SampleBlock]):
    """Replaces spikes by the median around them (Hampel 1974; window and limit are settings).

    A value further from the median of the ``2 * n_side + 1`` values around it than ``limit``
    standard deviations, estimated from the median absolute deviation, is a spike. Values within
    ``n_side`` of the end of a run pass as they are.
    """

    memory = (*RunOperator.memory, "_rest", "_is_start")

    def __init__(
        self, *, rate_hz: float, n_channels: int = 1, n_side: int = 5, limit: float = 4.0
    ) -> None:
        super().__init__(rate_hz=rate_hz, columns=range(n_channels))
        if n_side < 1 or limit <= 0:
            raise SignalError(f"{n_side} samples a side and a limit of {limit} make no sense")
        self.n_side, self.limit = n_side, limit
        self.delay_s = n_side / rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._rest: SampleBlock | None = None
        self._is_start = True

    def _resume(self, missing_s: float) -> None:
        self._rest, self._is_start = None, True

    def _take(self, block: SampleBlock) -> list[SampleBlock]:
        whole = block if self._rest is None else joined(self._rest, block)
        if whole.n_samples <= 2 * self.n_side:
            self._rest = whole
            return []
        clean = self._clean(whole)
        first = 0 if self._is_start else self.n_side
        stop = whole.n_samples - self.n_side
        self._is_start = False
        self._rest = whole.part(whole.n_samples - 2 * self.n_side, whole.n_samples)
        return [clean.part(first, stop)]

    def _clean(self, block: SampleBlock) -> SampleBlock:
        n = 2 * self.n_side + 1
        around = np.lib.stride_tricks.sliding_window_view(block.values, n, axis=0)
        median = np.median(around, axis=2)
        spread = MAD_TO_SD * np.median(np.abs(around - median[:, :, None]), axis=2)
        values = block.values.copy()
        inner = values[self.n_side : -self.n_side]
        is_spike = np.abs(inner - median) > np.maximum(self.limit * spread, 1e-300)
        inner[is_spike] = median[is_spike]
        quality = np.ones(block.n_samples) if block.quality is None else block.quality.copy()
        own = quality[self.n_side : -self.n_side]
        own[is_spike.any(axis=1)] = np.minimum(own[is_spike.any(axis=1)], SETTLING)
        return replaced(block, values, quality)

    def _end(self) -> list[SampleBlock]:
        rest, self._rest = self._rest, None
        if rest is None:
            return []
        first = 0 if self._is_start else self.n_side
        tail = rest.part(first, rest.n_samples)
        quality = np.ones(tail.n_samples) if tail.quality is None else tail.quality
        return [replaced(tail, tail.values, quality)]


def joined(first: SampleBlock, second: SampleBlock) -> SampleBlock:
    """Two blocks that follow each other as one."""
    quality = None
    if first.quality is not None or second.quality is not None:
        parts = [np.ones(b.n_samples) if b.quality is None else b.quality for b in (first, second)]
        quality = np.concatenate(parts)
    return SampleBlock(
        stream=first.stream,
        first_index=first.first_index,
        time_s=np.concatenate([first.time_s, second.time_s]),
        values=np.concatenate([first.values, second.values]),
        channels=first.channels,
        quality=quality,
    )


def replaced(
    block: SampleBlock, values: NDArray[np.float64], quality: NDArray[np.float64] | None = None
) -> SampleBlock:
    """The same rows with other values of the same channels."""
    return SampleBlock(
        stream=block.stream,
        first_index=block.first_index,
        time_s=block.time_s,
        values=values,
        channels=block.channels,
        quality=block.quality if quality is None else quality,
    )
