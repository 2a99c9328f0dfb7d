"""How much a body moves, and what that costs, with a range.

ENMO after van Hees et al. 2013 (PLoS ONE 8, e61691), MAD after Vaha-Ypya et al. 2015 (Clin.
Physiol. Funct. Imaging 35, 64), oxygen uptake after Hildebrand et al. 2014 (Med. Sci. Sports Exerc.
46, 1816), energy from heart rate after Keytel et al. 2005 (J. Sports Sci. 23, 289). Changed: every
estimate comes as a range; totals are never stretched over what is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.operator import Operator, run
from wearables.signals.windows import Window, Windows

STANDARD_GRAVITY_M_S2 = 9.80665
# Oxygen uptake [ml/kg/min] per mg of ENMO, and at rest: adults, sensor on wrist or hip.
UPTAKE = {"wrist": (0.0320, 7.28), "hip": (0.0554, 6.67)}
REST_UPTAKE = 3.5
# Spread of people around the published line; the range is ours.
MET_SPREAD = 0.25
KEYTEL_SPREAD = 0.20
KEYTEL_BEATS = (90.0, 150.0)
# The median length of an acceleration in m/s2 lies within these shares of gravity.
LENGTH_SHARES = (0.6, 1.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intensity:
    """How much a limb moves.

    Attributes:
        time_s: Middle of the window.
        mad_m_s2: Mean amplitude deviation of the acceleration's length.
        enmo_m_s2: Mean of the length less one gravity, negative values as zero.
        coverage: Share of samples that are there.
        reasons: ``missing``; ``no gravity`` where the length is far from it: another unit, or
            gravity was taken off, and ENMO is NaN. Below half of coverage all numbers are NaN.
    """

    time_s: float
    mad_m_s2: float
    enmo_m_s2: float
    coverage: float
    reasons: tuple[str, ...] = ()


class MovementIntensity(Operator[Intensity]):
    """MAD and ENMO in windows that hang on the sample index."""

    memory = ("_windows",)

    def __init__(
        self, *, rate_hz: float, columns: Sequence[int] = (0, 1, 2), window_s: float = 1.0
    ) -> None:
        if len(columns) != 3:
            raise SignalError(f"movement needs three axes, columns {tuple(columns)} were given")
        n = max(2, round(window_s * rate_hz))
        self.rate_hz, self._columns = rate_hz, list(columns)
        self.delay_s = window_s / 2
        self._windows = Windows(n=n, hop=n, rate_hz=rate_hz)

    def reset(self) -> None:
        """Forget the signal."""
        self._windows.reset()

    def __call__(self, block: SampleBlock) -> list[Intensity]:
        """Take in the next block; returns the windows that are full now."""
        return [self._judge(window) for window in self._windows(block)]

    def gap(self, n_missing: int) -> list[Intensity]:
        """Missing samples lower the coverage."""
        return [self._judge(window) for window in self._windows.gap(n_missing)]

    def _judge(self, window: Window) -> Intensity:
        rows = window.values[:, self._columns]
        length = np.sqrt(np.square(rows).sum(axis=1))
        length = length[np.isfinite(length)]
        coverage = len(length) / len(rows)
        mad = enmo = float("nan")
        reasons = [] if coverage == 1.0 else ["missing"]
        if coverage >= 0.5:
            mad = float(np.abs(length - length.mean()).mean())
            share = float(np.median(length)) / STANDARD_GRAVITY_M_S2
            if LENGTH_SHARES[0] <= share <= LENGTH_SHARES[1]:
                enmo = float(np.maximum(length - STANDARD_GRAVITY_M_S2, 0.0).mean())
            else:
                reasons.append("no gravity")
        return Intensity(
            time_s=window.time_s,
            mad_m_s2=mad,
            enmo_m_s2=enmo,
            coverage=coverage,
            reasons=tuple(reasons),
        )


def movement_intensity(
    blocks: Sequence[SampleBlock], *, rate_hz: float, columns: Sequence[int], window_s: float = 1.0
) -> list[Intensity]:
    """MAD and ENMO per window of a recording; NaN below half of coverage.

    Args:
        blocks: Runs of acceleration in m/s2.
        rate_hz: Rate of the signal.
        columns: Columns of the three axes.
        window_s: Length of a window.
    """
    return run(MovementIntensity(rate_hz=rate_hz, columns=columns, window_s=window_s), blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Metabolic equivalents as a range; never a bare number.

    Attributes:
        low_met: Lower end.
        met: Middle; 1 is rest.
        high_met: Upper end.
        level: By the middle: sedentary below 1.5, light below 3, moderate below 6.
    """

    low_met: float
    met: float
    high_met: float
    level: Literal["sedentary", "light", "moderate", "vigorous", "unknown"]


def metabolic_cost(enmo_m_s2: float, *, place: Literal["wrist", "hip"]) -> Cost:
    """Metabolic equivalents from ENMO over at least a minute."""
    slope, rest = UPTAKE[place]
    met = (slope * 1000 * enmo_m_s2 / STANDARD_GRAVITY_M_S2 + rest) / REST_UPTAKE
    # The published line starts near 2 MET: a still body rests.
    if enmo_m_s2 < 0.0015 * STANDARD_GRAVITY_M_S2:
        met = 1.0
    return _cost(met)


def _cost(met: float) -> Cost:
    if not np.isfinite(met):
        nan = float("nan")
        return Cost(low_met=nan, met=nan, high_met=nan, level="unknown")
    levels = ("sedentary", "light", "moderate", "vigorous")
    level = levels[int(np.searchsorted([1.5, 3.0, 6.0], met, side="right"))]
    low = max(0.9, met * (1 - MET_SPREAD))
    return Cost(low_met=low, met=met, high_met=met * (1 + MET_SPREAD), level=level)


def power_from_heart_rate_w(
    beats_per_min: float, *, age_years: float, mass_kg: float, sex: Literal["female", "male"]
) -> tuple[float, float]:
    """Metabolic power as a range [W]; NaN outside of 90 to 150 beats a minute, where it was fitted.

    Raises:
        SignalError: If age or mass cannot be a grown person's.
    """
    if not (15 <= age_years <= 100 and 30 <= mass_kg <= 250):
        raise SignalError(f"age of {age_years} years or mass of {mass_kg} kg is out of range")
    if not KEYTEL_BEATS[0] <= beats_per_min <= KEYTEL_BEATS[1]:
        return float("nan"), float("nan")
    if sex == "male":
        kj_min = -55.0969 + 0.6309 * beats_per_min + 0.1988 * mass_kg + 0.2017 * age_years
    else:
        kj_min = -20.4022 + 0.4472 * beats_per_min - 0.1263 * mass_kg + 0.0740 * age_years
    watt = kj_min * 1000 / 60
    return watt * (1 - KEYTEL_SPREAD), watt * (1 + KEYTEL_SPREAD)
