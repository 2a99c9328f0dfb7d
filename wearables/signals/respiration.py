"""Breaths from a belt or a strain line: causal band-pass, then extrema with hysteresis.

An extremum counts once the signal has moved back by a share of its range over the last twelve
seconds, in the manner of Khodadad et al. 2018 (Physiol. Meas. 39, 094001); the band and the share
are ours. A breath is told at the end of its inspiration.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth

BAND_HZ = (0.08, 1.0)
HYSTERESIS_SHARE = 0.25
RANGE_WINDOW_S = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breath:
    """One inspiration.

    Attributes:
        time_s: Session time of its end, the fullest point.
        depth: From the lowest to the fullest point, unit of the signal.
        inspiration_s: Time from the lowest to the fullest point.
        after_gap: Whether samples are missing since the breath before.
    """

    time_s: float
    depth: float
    inspiration_s: float
    after_gap: bool


class BreathDetector:
    """Streaming breath detector for one channel."""

    def __init__(self, *, rate_hz: float, channel: int = 0) -> None:
        if rate_hz < 4 * BAND_HZ[1]:
            raise SignalError(f"rate of {rate_hz} Hz is too low for breathing; 4 Hz are needed")
        self._filter = Butterworth(band="bandpass", cutoff_hz=BAND_HZ, rate_hz=rate_hz)
        self._channel = channel
        self._n_range = round(RANGE_WINDOW_S * rate_hz)
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        self._recent: list[float] = []
        self._restart()

    def _restart(self) -> None:
        self._filter.reset()
        self._rising = True
        self._low = self._high = (0.0, float("nan"))
        self._has_low = False
        self._after_gap = False

    def gap(self) -> Sequence[Breath]:
        """Samples are missing: what was half seen is dropped, the range stays known.

        With an empty range the first wiggle after the gap would count as a breath.
        """
        self._restart()
        self._after_gap = True
        return []

    def flush(self) -> Sequence[Breath]:
        """A breath that is not turned yet is not told."""
        return []

    def __call__(self, block: SampleBlock) -> Sequence[Breath]:
        """Take in a block; returns the breaths that are certain now."""
        filtered = self._filter.filter(block.values[:, [self._channel]])[:, 0]
        breaths: list[Breath] = []
        for time_s, value in zip(block.time_s.tolist(), filtered.tolist(), strict=True):
            self._recent.append(value)
            if len(self._recent) > 2 * self._n_range:
                del self._recent[: -self._n_range]
            breaths += self._step(time_s, value)
        return breaths

    def _step(self, time_s: float, value: float) -> list[Breath]:
        if np.isnan(self._low[1]):
            self._low = self._high = (time_s, value)
            return []
        window = self._recent[-self._n_range :]
        # The range is looked at when a turn is possible only, which keeps the loop light.
        if self._rising:
            if value >= self._high[1]:
                self._high = (time_s, value)
                return []
            if not _turned(self._high[1] - value, window):
                return []
            return self._end_of_inspiration(time_s, value)
        if value <= self._low[1]:
            self._low = (time_s, value)
        elif _turned(value - self._low[1], window):
            self._rising, self._has_low = True, True
            self._high = (time_s, value)
        return []

    def _end_of_inspiration(self, time_s: float, value: float) -> list[Breath]:
        self._rising = False
        low, high, known = self._low, self._high, self._has_low
        self._low = (time_s, value)
        if not known:
            return []
        after_gap, self._after_gap = self._after_gap, False
        return [
            Breath(
                time_s=high[0],
                depth=high[1] - low[1],
                inspiration_s=high[0] - low[0],
                after_gap=after_gap,
            )
        ]


def _turned(back: float, window: list[float]) -> bool:
    """Whether the signal has moved back far enough for an extremum to count."""
    return back > 0 and back > HYSTERESIS_SHARE * (max(window) - min(window))
