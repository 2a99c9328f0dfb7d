"""Pulse beats from a photoplethysmogram.

Two moving means after Elgendi et al. 2013 (PLoS ONE 8(10): e76585), with two changes: the offset
comes from the last three seconds instead of the whole record, so that it can stream, and a
refractory time of 0.3 s separates beats. Every mean runs over a window of fixed size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.operator import moving_mean

PEAK_WINDOW_S = 0.111
BEAT_WINDOW_S = 0.667
OFFSET_WINDOW_S = 3.0
OFFSET_SHARE = 0.02
REFRACTORY_S = 0.3
BAND_HZ = (0.5, 8.0)
# Below this the intervals are so irregular that their median would be a guess.
MIN_QUALITY = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One pulse.

    Attributes:
        index: Sample of its peak.
        time_s: Session time of the peak.
        amplitude: Height of the band-passed peak, unit of the signal.
        after_gap: Whether samples are missing between the beat before and this one.
    """

    index: int
    time_s: float
    amplitude: float
    after_gap: bool


class PulseDetector:
    """Streaming beat detector for one channel; a beat is final when it is told.

    ``delay_s`` says how long after its peak a beat is told at the latest.
    """

    def __init__(self, *, rate_hz: float, channel: int = 0) -> None:
        if rate_hz < 2.5 * BAND_HZ[1]:
            raise SignalError(f"rate of {rate_hz} Hz is too low for a pulse; 20 Hz are needed")
        self._filter = Butterworth(band="bandpass", cutoff_hz=BAND_HZ, rate_hz=rate_hz)
        self._channel = channel
        self._n_peak = _odd(PEAK_WINDOW_S * rate_hz)
        self._n_beat = _odd(BEAT_WINDOW_S * rate_hz)
        self._n_offset = round(OFFSET_WINDOW_S * rate_hz)
        self._refractory = round(REFRACTORY_S * rate_hz)
        self.delay_s = (self._n_beat // 2 + self._n_peak) / rate_hz + REFRACTORY_S
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        self._filter.reset()
        self._after_gap = False
        self._clear()

    def _clear(self) -> None:
        self._value = np.zeros(0)
        self._time = np.zeros(0)
        self._first: int | None = None
        # Position of the next undecided sample, counted from the first one kept.
        self._next = 0
        self._run: tuple[int, int] | None = None
        self._last_index = -(10**9)

    def gap(self) -> Sequence[Beat]:
        """Samples are missing: finish what is certain and start anew."""
        beats = list(self.flush())
        self._filter.reset()
        self._clear()
        self._after_gap = True
        return beats

    def __call__(self, block: SampleBlock) -> Sequence[Beat]:
        """Take in a block; returns the beats that are certain now."""
        if block.n_samples == 0:
            return []
        if self._first is None:
            self._first = block.first_index
        filtered = self._filter.filter(block.values[:, [self._channel]])[:, 0]
        self._value = np.concatenate([self._value, filtered])
        self._time = np.concatenate([self._time, block.time_s])
        return self._decide(len(self._value) - self._n_beat // 2)

    def flush(self) -> Sequence[Beat]:
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
        after_gap, self._after_gap = self._after_gap, False
        return [
            Beat(
                index=index,
                time_s=float(self._time[at]),
                amplitude=float(self._value[at]),
                after_gap=after_gap,
            )
        ]

    def _trim(self) -> None:
        """Drop what no window reaches any more, so that memory stays bounded."""
        needed = self._next - self._n_offset - self._n_beat
        if self._run is not None:
            needed = min(needed, self._run[0])
        if needed > 4 * self._n_offset and self._first is not None:
            self._value, self._time = self._value[needed:], self._time[needed:]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate over one window.

    Attributes:
        time_s: Middle of the window.
        per_minute: Events per minute; NaN where it would be a guess.
        coverage: Share of the window's samples that were recorded.
        quality: 0 to 1; how regular the intervals are, times the coverage.
    """

    time_s: float
    per_minute: float
    coverage: float
    quality: float


def pulse_rate(
    beats: Sequence[Beat],
    blocks: Sequence[SampleBlock],
    *,
    rate_hz: float,
    window_s: float = 10.0,
    hop_s: float = 2.0,
) -> list[Rate]:
    """Pulse rate from intervals between adjacent beats; none over a gap.

    Args:
        beats: Beats in order.
        blocks: The recorded samples, for the coverage.
        rate_hz: Rate of the signal.
        window_s: Length of a window.
        hop_s: Distance of windows.

    Returns:
        One rate per window; NaN below half of coverage, with fewer than two intervals, or where
        they are too irregular.
    """
    times = np.array([beat.time_s for beat in beats])
    valid = np.array([not beat.after_gap for beat in beats[1:]], dtype=bool)
    intervals = np.diff(times)
    return _windowed(times[1:], intervals, valid, blocks, rate_hz, window_s, hop_s)


def _windowed(
    ends_s: NDArray[np.float64],
    intervals_s: NDArray[np.float64],
    valid: NDArray[np.bool_],
    blocks: Sequence[SampleBlock],
    rate_hz: float,
    window_s: float,
    hop_s: float,
) -> list[Rate]:
    if not blocks:
        return []
    first, last = blocks[0].time_s[0], blocks[-1].time_s[-1]
    recorded = np.concatenate([block.time_s for block in blocks])
    rates = []
    for start in np.arange(first, max(last - window_s, first) + 1e-9, hop_s):
        stop = start + window_s
        n = np.searchsorted(recorded, stop) - np.searchsorted(recorded, start)
        coverage = min(1.0, float(n) / (window_s * rate_hz))
        inside = valid & (ends_s >= start) & (ends_s < stop)
        chosen = intervals_s[inside]
        value, quality = float("nan"), 0.0
        if coverage >= 0.5 and chosen.size >= 2:
            median = float(np.median(chosen))
            spread = float(np.median(np.abs(chosen - median))) / median
            quality = coverage * max(0.0, 1.0 - 4.0 * spread)
            value = 60.0 / median if quality >= MIN_QUALITY else float("nan")
        rates.append(
            Rate(
                time_s=float(start + window_s / 2),
                per_minute=value,
                coverage=coverage,
                quality=quality,
            )
        )
    return rates


def rates_from_intervals(
    times_s: NDArray[np.float64],
    after_gap: NDArray[np.bool_],
    blocks: Sequence[SampleBlock],
    *,
    rate_hz: float,
    window_s: float,
    hop_s: float,
) -> list[Rate]:
    """The same for any kind of event, such as breaths."""
    return _windowed(
        times_s[1:], np.diff(times_s), ~after_gap[1:], blocks, rate_hz, window_s, hop_s
    )
