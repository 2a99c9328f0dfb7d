"""Pulse beats from a photoplethysmogram.

Two moving means after Elgendi et al. 2013 (PLoS ONE 8(10): e76585), with two changes: the offset
comes from the last three seconds instead of the whole record, so that it can stream, and a
refractory time of 0.3 s separates beats. Every mean runs over a window of fixed size.
"""

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.heart.beat import Beat, correlation
from wearables.signals.operator import ADAPTIVE_GAP_S, RunOperator, moving_mean

PEAK_WINDOW_S = 0.111
BEAT_WINDOW_S = 0.667
OFFSET_WINDOW_S = 3.0
OFFSET_SHARE = 0.02
REFRACTORY_S = 0.3
BAND_HZ = (0.5, 8.0)
N_TEMPLATES = 8


class PulseDetector(RunOperator[Beat]):
    """Streaming beat detector for one channel; a beat is final when it is told.

    The quality of a beat is its likeness to the mean of the eight before it, after Orphanidou et
    al. 2015 (IEEE J. Biomed. Health Inform. 19, 832), whose template is the mean of ten seconds.
    Short gaps keep the template, gaps above 2 s do not.
    """

    memory = (
        *RunOperator.memory, "_filter", "_value", "_time", "_sound", "_first", "_next", "_run",
        "_last_index", "_is_after_gap", "_templates",
    )  # fmt: skip

    def __init__(self, *, rate_hz: float, channel: int = 0) -> None:
        super().__init__(rate_hz=rate_hz, columns=(channel,))
        if rate_hz < 2.5 * BAND_HZ[1]:
            raise SignalError(f"rate of {rate_hz} Hz is too low for a pulse; 20 Hz are needed")
        self._filter = Butterworth(band="bandpass", cutoff_hz=BAND_HZ, rate_hz=rate_hz)
        self._n_peak = _odd(PEAK_WINDOW_S * rate_hz)
        self._n_beat = _odd(BEAT_WINDOW_S * rate_hz)
        self._n_offset = round(OFFSET_WINDOW_S * rate_hz)
        self._refractory = round(REFRACTORY_S * rate_hz)
        self.delay_s = (self._n_beat // 2 + self._n_peak) / rate_hz + REFRACTORY_S
        self.warmup_s = OFFSET_WINDOW_S
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._is_after_gap = False
        self._templates: list[NDArray[np.float64]] = []
        self._last_index = -(10**9)
        self._clear()

    def _clear(self) -> None:
        self._filter.reset()
        self._value = self._time = self._sound = np.zeros(0)
        self._first: int | None = None
        # Position of the next undecided sample, counted from the first one kept.
        self._next = 0
        self._run: tuple[int, int] | None = None

    def _resume(self, missing_s: float) -> None:
        self._clear()
        self._is_after_gap = self._last_index >= 0
        if missing_s > ADAPTIVE_GAP_S:
            self._templates = []

    def _take(self, block: SampleBlock) -> list[Beat]:
        if self._first is None:
            self._first = block.first_index
        filtered = self._filter.filter(block.values[:, list(self.columns)])[:, 0]
        sound = np.ones(block.n_samples) if block.quality is None else block.quality
        self._value = np.concatenate([self._value, filtered])
        self._time = np.concatenate([self._time, block.time_s])
        self._sound = np.concatenate([self._sound, sound])
        return self._decide(len(self._value) - self._n_beat // 2)

    def _end(self) -> list[Beat]:
        """Decide the rest; the last half window has no look-ahead and gives no beat."""
        if self._run is None:
            return []
        beat = self._close(self._run[0], self._next)
        self._run = None
        return beat

    def _decide(self, stop: int) -> list[Beat]:
        """Decide samples up to a position; the windows round each lie inside what is kept."""
        start = max(self._next, self._n_offset)
        if stop <= start:
            return []
        squared = np.square(np.maximum(self._value, 0.0))
        peak = _centered(squared, self._n_peak, start, stop)
        beat = _centered(squared, self._n_beat, start, stop)
        trailing = moving_mean(squared[start - self._n_offset : stop - 1], self._n_offset)
        above = peak > beat + OFFSET_SHARE * trailing
        beats: list[Beat] = []
        for position, inside in zip(range(start, stop), above.tolist(), strict=True):
            if inside and self._run is None:
                self._run = (position, position)
            elif not inside and self._run is not None:
                beats += self._close(self._run[0], position)
                self._run = None
        self._next = stop
        self._trim()
        return beats

    def _close(self, start: int, stop: int) -> list[Beat]:
        """End a run of samples above the threshold; its highest point is a beat if long enough."""
        if stop - start < self._n_peak or self._first is None:
            return []
        at = start + int(self._value[start:stop].argmax())
        index = self._first + at
        if index - self._last_index < self._refractory:
            return []
        self._last_index = index
        after_gap, self._is_after_gap = self._is_after_gap, False
        return [
            Beat(
                index=index,
                time_s=float(self._time[at]),
                amplitude=float(self._value[at]),
                after_gap=after_gap,
                quality=self._quality(at),
            )
        ]

    def _quality(self, at: int) -> float:
        """Likeness to the beats before; samples after the peak need not be known, so none count."""
        shape = self._value[max(0, at - self._n_beat) : at + 1]
        sound = float(self._sound[max(0, at - self._n_peak) : at + 1].min())
        if len(shape) <= self._n_beat:
            return 0.5 * sound
        known = self._templates
        self._templates = [*known[1 - N_TEMPLATES :], shape]
        if not known:
            return 0.5 * sound
        return sound * max(0.0, correlation(shape, np.mean(known, axis=0)))

    def _trim(self) -> None:
        """Drop what no window reaches any more, so that memory stays bounded."""
        needed = self._next - self._n_offset - self._n_beat
        if self._run is not None:
            needed = min(needed, self._run[0])
        if needed > 4 * self._n_offset and self._first is not None:
            self._value, self._time = self._value[needed:], self._time[needed:]
            self._sound = self._sound[needed:]
            self._first += needed
            self._next -= needed
            if self._run is not None:
                self._run = (self._run[0] - needed, self._run[1] - needed)


def _odd(width: float) -> int:
    return 2 * int(width / 2) + 1


def _centered(
    values: NDArray[np.float64], width: int, start: int, stop: int
) -> NDArray[np.float64]:
    """Centred moving mean at positions ``[start, stop)``."""
    half = width // 2
    return moving_mean(values[start - half : stop + half], width)
