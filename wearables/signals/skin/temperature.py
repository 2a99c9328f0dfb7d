"""Skin temperature: a level per window that says when it is no skin temperature."""

import math
from dataclasses import dataclass

import numpy as np

from wearables.events import SampleBlock
from wearables.signals.operator import Operator
from wearables.signals.windows import Window, Windows

# Skin under a garment, from frost to fever; outside of it the sensor is off, or the unit is wrong.
SKIN_K = (288.0, 314.0)
MAX_SLOPE_K_S = 0.05
MIN_COVERAGE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinTemperature:
    """Temperature of a window.

    Attributes:
        time_s: Middle of the window.
        temperature_k: Median; NaN below half of coverage or outside of 288 to 314 K.
        slope_k_s: Slope over the window.
        coverage: Share of samples that are there.
        reasons: ``missing``, ``not skin``, ``jump``.
    """

    time_s: float
    temperature_k: float
    slope_k_s: float
    coverage: float
    reasons: tuple[str, ...]


class SkinThermometer(Operator[SkinTemperature]):
    """Median and slope of one channel of temperature in windows."""

    memory = ("_windows",)

    def __init__(self, *, rate_hz: float, window_s: float = 30.0, channel: int = 0) -> None:
        n = max(2, round(window_s * rate_hz))
        self.rate_hz, self._channel = rate_hz, channel
        self.delay_s = window_s / 2
        self._windows = Windows(n=n, hop=n, rate_hz=rate_hz)

    def reset(self) -> None:
        """Forget the signal."""
        self._windows.reset()

    def __call__(self, block: SampleBlock) -> list[SkinTemperature]:
        """Take in the next block."""
        return [self._judge(window) for window in self._windows(block)]

    def gap(self, n_missing: int) -> list[SkinTemperature]:
        """Missing samples lower the coverage."""
        return [self._judge(window) for window in self._windows.gap(n_missing)]

    def _judge(self, window: Window) -> SkinTemperature:
        values = window.values[:, self._channel]
        known = np.isfinite(values)
        coverage = float(known.mean())
        reasons = [] if coverage == 1.0 else ["missing"]
        level = slope = math.nan
        if coverage >= MIN_COVERAGE:
            level = float(np.median(values[known]))
            at = np.flatnonzero(known) / self.rate_hz
            slope = float(np.polyfit(at, values[known], 1)[0]) if len(at) > 2 else math.nan
            if not SKIN_K[0] <= level <= SKIN_K[1]:
                reasons.append("not skin")
                level = math.nan
            elif abs(slope) > MAX_SLOPE_K_S:
                reasons.append("jump")
        return SkinTemperature(
            time_s=window.time_s,
            temperature_k=level,
            slope_k_s=slope,
            coverage=coverage,
            reasons=tuple(reasons),
        )
