"""Steps, cadence and gait regularity from an accelerometer anywhere on the trunk or leg.

The length of the acceleration, band-passed at 0.8 to 3 Hz, has one peak a step (Zijlstra & Hof
2003, Gait Posture 18, 1, for the trunk). Changed: the length replaces the forward axis, so the
sensor may sit any way round; peaks must come three in a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.operator import RunOperator

BAND_HZ = (0.8, 3.0)
# Peaks below it are sway, not steps.
MIN_PEAK_M_S2 = 1.3
REFRACTORY_S = 0.3
MAX_STEP_S = 1.2
MIN_ROW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step.

    Attributes:
        time_s: Session time of the peak of the band-passed acceleration.
        height_m_s2: Height of that peak.
        is_first: Whether it starts a row: no step interval leads to it.
        quality: 0 to 1, of the sample.
    """

    time_s: float
    height_m_s2: float
    is_first: bool
    quality: float


class _Peak(NamedTuple):
    time_s: float
    height: float
    quality: float


class StepDetector(RunOperator[Step]):
    """Streaming step detector; the first two steps of a row are told with the third."""

    memory = (
        *RunOperator.memory, "_filter", "_before", "_last", "_row", "_is_walking",
    )  # fmt: skip

    def __init__(self, *, rate_hz: float, columns: Sequence[int] = (0, 1, 2)) -> None:
        super().__init__(rate_hz=rate_hz, columns=columns)
        if len(self.columns) != 3:
            raise SignalError(f"steps need three axes, columns {self.columns} were given")
        if rate_hz < 4 * BAND_HZ[1]:
            raise SignalError(f"rate of {rate_hz} Hz is too low for steps; 12 Hz are needed")
        self._filter = Butterworth(band="bandpass", cutoff_hz=BAND_HZ, rate_hz=rate_hz)
        self.warmup_s = self._filter.warmup_s
        self.delay_s = (MIN_ROW - 1) * MAX_STEP_S + REFRACTORY_S + 1 / rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._clear()

    def _clear(self) -> None:
        self._filter.reset()
        # The two samples before, and the peak that a higher one may still replace.
        self._before: list[_Peak] = []
        self._last: _Peak | None = None
        self._row: list[_Peak] = []
        self._is_walking = False

    def _resume(self, missing_s: float) -> None:
        self._clear()

    def _end(self) -> list[Step]:
        return self._settle() if self._last is not None else []

    def _take(self, block: SampleBlock) -> list[Step]:
        own = block.values[:, list(self.columns)]
        length = np.sqrt(np.square(own).sum(axis=1))[:, None]
        filtered = self._filter.filter(length)[:, 0]
        sound = np.ones(block.n_samples) if block.quality is None else block.quality
        steps: list[Step] = []
        rows = zip(block.time_s.tolist(), filtered.tolist(), sound.tolist(), strict=True)
        for row in rows:
            steps += self._step(_Peak(*row))
        return steps

    def _step(self, own: _Peak) -> list[Step]:
        steps: list[Step] = []
        if self._last is not None and own.time_s - self._last.time_s > REFRACTORY_S + 1e-9:
            steps += self._settle()
        if len(self._before) == 2:
            first, middle = self._before
            is_top = middle.height > MIN_PEAK_M_S2 and first.height < middle.height >= own.height
            if is_top and (self._last is None or middle.height > self._last.height):
                self._last = middle
        self._before = [*self._before[-1:], own]
        return steps

    def _settle(self) -> list[Step]:
        """No higher peak came within the refractory time: the last one counts."""
        peak, self._last = self._last, None
        if peak is None:
            return []
        if self._row and peak.time_s - self._row[-1].time_s > MAX_STEP_S:
            self._row, self._is_walking = [], False
        self._row.append(peak)
        if self._is_walking:
            self._row = self._row[-1:]
            return [_step(peak, is_first=False)]
        if len(self._row) < MIN_ROW:
            return []
        self._is_walking = True
        told = [_step(each, is_first=i == 0) for i, each in enumerate(self._row)]
        self._row = self._row[-1:]
        return told


def _step(peak: _Peak, *, is_first: bool) -> Step:
    return Step(
        time_s=peak.time_s, height_m_s2=peak.height, is_first=is_first, quality=peak.quality
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkingBout:
    """A row of steps.

    Attributes:
        start_s: First step.
        stop_s: Last step.
        n_steps: Steps.
        cadence_per_min: Steps a minute, from the median interval.
        step_variation: Standard deviation over mean of the step intervals.
        asymmetry: Difference of the two alternating mean intervals over their mean, at least 0.
    """

    start_s: float
    stop_s: float
    n_steps: int
    cadence_per_min: float
    step_variation: float
    asymmetry: float


def walking_bouts(steps: Sequence[Step]) -> list[WalkingBout]:
    """Rows of steps with their cadence, variation and asymmetry."""
    starts = [i for i, step in enumerate(steps) if step.is_first or i == 0]
    bouts = []
    for start, stop in pairwise([*starts, len(steps)]):
        times = np.array([step.time_s for step in steps[start:stop]])
        if len(times) >= MIN_ROW:
            bouts.append(_bout(times))
    return bouts


def _bout(times: NDArray[np.float64]) -> WalkingBout:
    intervals = np.diff(times)
    one, other = intervals[::2], intervals[1::2]
    mean = float(intervals.mean())
    return WalkingBout(
        start_s=float(times[0]),
        stop_s=float(times[-1]),
        n_steps=len(times),
        cadence_per_min=60.0 / float(np.median(intervals)),
        step_variation=float(intervals.std(ddof=1)) / mean if len(intervals) > 1 else float("nan"),
        asymmetry=abs(float(one.mean() - other.mean())) / mean if len(other) else float("nan"),
    )
