"""Breaths from a belt or a strain line: causal band-pass, then extrema with hysteresis.

An extremum counts once the signal has moved back by a share of its range over the last twelve
seconds, in the manner of Khodadad et al. 2018 (Physiol. Meas. 39, 094001); the band and the share
are ours. A breath is told at the end of its inspiration. The lowest point, where the inspiration
starts, is the sharper mark of the two.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.operator import ADAPTIVE_GAP_S, RunOperator

BAND_HZ = (0.05, 1.0)
HYSTERESIS_SHARE = 0.15
RANGE_WINDOW_S = 12.0
# Below this share of the signal's size a movement is rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Breath:
    """One inspiration.

    Attributes:
        start_s: Session time of its start, the lowest point.
        time_s: Session time of its end, the fullest point.
        depth: From the lowest to the fullest point, unit of the signal.
        inspiration_s: Time from the lowest to the fullest point.
        expiration_s: Time from the fullest point before to the lowest; NaN after a gap.
        after_gap: Whether samples are missing since the breath before.
        quality: 0 to 1; the least of the samples' during the inspiration.
    """

    start_s: float
    time_s: float
    depth: float
    inspiration_s: float
    expiration_s: float
    after_gap: bool
    quality: float = 1.0


def breath_intervals_s(breaths: list[Breath] | tuple[Breath, ...]) -> NDArray[np.float64]:
    """Time from each breath's start to the one before, NaN over gaps, shape (n_breaths,)."""
    if not breaths:
        return np.zeros(0)
    starts = np.array([breath.start_s for breath in breaths])
    result = np.diff(starts, prepend=np.nan)
    result[[breath.after_gap for breath in breaths]] = np.nan
    return result


class BreathDetector(RunOperator[Breath]):
    """Streaming breath detector for one channel.

    A breath is told when the signal has fallen by the hysteresis, so the delay depends on how
    fast the person breathes out.
    """

    memory = (
        *RunOperator.memory, "_filter", "_recent", "_is_rising", "_low", "_high", "_has_low",
        "_last_high_s", "_is_after_gap", "_has_breath", "_quality",
    )  # fmt: skip

    def __init__(self, *, rate_hz: float, channel: int = 0) -> None:
        super().__init__(rate_hz=rate_hz, columns=(channel,))
        if rate_hz < 4 * BAND_HZ[1]:
            raise SignalError(f"rate of {rate_hz} Hz is too low for breathing; 4 Hz are needed")
        self._filter = Butterworth(band="bandpass", cutoff_hz=BAND_HZ, rate_hz=rate_hz)
        self._n_range = round(RANGE_WINDOW_S * rate_hz)
        self.warmup_s = RANGE_WINDOW_S
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._recent = np.zeros(0)
        self._has_breath = False
        self._restart()

    def _restart(self) -> None:
        self._filter.reset()
        self._is_rising = True
        self._low = self._high = (0.0, float("nan"))
        self._has_low = False
        self._last_high_s = float("nan")
        self._is_after_gap = False
        self._quality = 1.0

    def _resume(self, missing_s: float) -> None:
        """What was half seen is dropped; after a short gap the range stays known.

        With an empty range the first wiggle after the gap would count as a breath.
        """
        self._restart()
        self._is_after_gap = self._has_breath
        if missing_s > ADAPTIVE_GAP_S:
            self._recent = np.zeros(0)

    def _take(self, block: SampleBlock) -> list[Breath]:
        raw = block.values[:, list(self.columns)]
        filtered = self._filter.filter(raw)[:, 0]
        bars = np.fmax(self._bars(filtered), ROUNDING * np.abs(raw[:, 0]))
        sound = np.ones(block.n_samples) if block.quality is None else block.quality
        breaths: list[Breath] = []
        columns = (block.time_s, filtered, bars, sound)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            breaths += self._step(*row)
        return breaths

    def _bars(self, filtered: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far back the signal must move for an extremum to count, at each sample."""
        whole = np.concatenate([self._recent, filtered])
        origin = (self._n_range - 1) // 2 if self._n_range % 2 else self._n_range // 2 - 1
        span = ndimage.maximum_filter1d(
            whole, self._n_range, mode="nearest", origin=origin
        ) - ndimage.minimum_filter1d(whole, self._n_range, mode="nearest", origin=origin)
        self._recent = whole[-(self._n_range - 1) :]
        return HYSTERESIS_SHARE * span[len(whole) - len(filtered) :]

    def _step(self, time_s: float, value: float, bar: float, sound: float) -> list[Breath]:
        if self._low[1] != self._low[1]:
            self._low = self._high = (time_s, value)
        self._quality = min(self._quality, sound)
        if self._is_rising:
            if value >= self._high[1]:
                self._high = (time_s, value)
            elif self._high[1] - value > bar:
                return self._end_of_inspiration(time_s, value)
        elif value <= self._low[1]:
            self._low = (time_s, value)
        elif value - self._low[1] > bar:
            self._is_rising = self._has_low = True
            self._high = (time_s, value)
            self._quality = sound
        return []

    def _end_of_inspiration(self, time_s: float, value: float) -> list[Breath]:
        self._is_rising = False
        low, high, is_known = self._low, self._high, self._has_low
        self._low = (time_s, value)
        before_s, self._last_high_s = self._last_high_s, high[0]
        if not is_known:
            return []
        gap, self._is_after_gap = self._is_after_gap, False
        self._has_breath = True
        return [
            Breath(
                start_s=low[0],
                time_s=high[0],
                depth=high[1] - low[1],
                inspiration_s=high[0] - low[0],
                expiration_s=low[0] - before_s,
                after_gap=gap,
                quality=self._quality,
            )
        ]
