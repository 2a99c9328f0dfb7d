"""Oxygen saturation from two wavelengths, only with a calibration table of the sensor.

Ratio of ratios (Webster 1997, Design of Pulse Oximeters, ch. 4): pulsatile over steady part, red
over infrared. There is no universal table, so without the sensor's own there is no number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.heart.beat import correlation
from wearables.signals.operator import Operator
from wearables.signals.windows import Window, Windows

PULSE_HZ = (0.5, 5.0)
# Both wavelengths see the same blood: below this the pulse is noise or movement.
MIN_LIKENESS = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """Oxygen saturation of a window; NaN where it would be a guess.

    Attributes:
        time_s: Middle of the window.
        spo2: 0 to 1.
        ratio: Ratio of ratios.
        quality: Likeness of the two pulses, times coverage.
    """

    time_s: float
    spo2: float
    ratio: float
    quality: float


class Oximeter(Operator[Saturation]):
    """Saturation per window from a red and an infrared channel."""

    memory = ("_filter", "_windows")

    def __init__(
        self,
        *,
        rate_hz: float,
        calibration: Sequence[tuple[float, float]],
        red: int = 0,
        infrared: int = 1,
        window_s: float = 8.0,
    ) -> None:
        table = np.array(sorted(calibration), dtype=np.float64)
        if table.ndim != 2 or len(table) < 2 or (np.diff(table[:, 0]) <= 0).any():
            raise SignalError(
                "saturation needs a table of at least two (ratio, share) of the sensor"
            )
        if (table[:, 1] < 0).any() or (table[:, 1] > 1).any():
            raise SignalError("saturations in the table are shares between 0 and 1")
        if red == infrared:
            raise SignalError("saturation needs two wavelengths, one channel was given twice")
        self._table, self._columns = table, [red, infrared]
        self.rate_hz, self.delay_s = rate_hz, window_s / 2
        self._filter = Butterworth(band="bandpass", cutoff_hz=PULSE_HZ, rate_hz=rate_hz)
        self.warmup_s = self._filter.warmup_s
        n = round(window_s * rate_hz)
        self._windows = Windows(n=n, hop=n // 2, rate_hz=rate_hz)

    def reset(self) -> None:
        """Forget the signal."""
        self._filter.reset()
        self._windows.reset()

    def __call__(self, block: SampleBlock) -> list[Saturation]:
        """Take in a block with both wavelengths."""
        steady = block.values[:, self._columns]
        pulse = self._filter.filter(steady)
        both = SampleBlock(
            stream=block.stream, first_index=block.first_index, time_s=block.time_s,
            values=np.concatenate([steady, pulse], axis=1),
            channels=("red", "infrared", "red_pulse", "infrared_pulse"),
        )  # fmt: skip
        return [self._saturation(window) for window in self._windows(both)]

    def gap(self, n_missing: int) -> list[Saturation]:
        """Windows over the gap are NaN."""
        self._filter.reset()
        return [self._saturation(window) for window in self._windows.gap(n_missing)]

    def _saturation(self, window: Window) -> Saturation:
        values = window.values
        ratio = spo2 = math.nan
        quality = 0.0
        if window.coverage == 1.0 and (values[:, :2].mean(axis=0) > 0).all():
            quality = max(0.0, correlation(values[:, 2], values[:, 3]))
            red, infrared = values[:, 2:].std(axis=0) / values[:, :2].mean(axis=0)
            ratio = float(red / infrared) if infrared > 0 else math.nan
            low, high = self._table[0, 0], self._table[-1, 0]
            if quality >= MIN_LIKENESS and low <= ratio <= high:
                spo2 = float(np.interp(ratio, self._table[:, 0], self._table[:, 1]))
        return Saturation(time_s=window.time_s, spo2=spo2, ratio=ratio, quality=quality)
