"""What a knitted strain line says when it is stretched: lag, hysteresis, creep, noise.

Reading = gauge factor * H(L(strain)), with creep on top and noise added; dimensionless, as a
relative change of resistance. L is a lag of first order, H a Prandtl-Ishlinskii sum of plays
(Kuhnen 2003, Eur. J. Control 9, 407), creep a standard linear solid (Fluegge 1975, ch. 1) which
`wearables.signals.textile.CreepCompensation` undoes exactly.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from muslin.errors import InputError
from muslin.twin.signals.noise import SensorNoise
from wearables.events import SampleBlock
from wearables.signals.filters import SosFilter
from wearables.signals.operator import Operator
from wearables.signals.textile.strain import PlayOperators

# Half widths of the plays as shares of the stroke, so that the loop is round and not a slab.
_PLAY_SHARES = (0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeSettings:
    """How a strain line answers.

    Gauge factor and hysteresis are those of a weft-knitted line under cycles, 2.4 and 12.5 %
    ("Structural evolution of knitted piezoresistive strain sensors", preprints.org 202308.0816,
    2023); other knits reach from 0 to 1.2 with 3 % (Bozali 2022, Sensors 22, 7688). Creep, lag and
    noise are estimates.

    Attributes:
        gauge_factor: Reading per strain, one for all lines or one each.
        curvature: Share by which the gauge factor grows per unit of strain.
        hysteresis_share: Width of the loop over its height, at the stroke.
        stroke: Strain over which that holds.
        creep_share: Share of the reading that comes slowly.
        creep_s: Time constant of that.
        lag_s: Time constant of the answer.
        noise: Standard deviation of white noise of the reading.
        walk: Growth of its slow drift, per root second.
    """

    gauge_factor: float | tuple[float, ...] = 2.4
    curvature: float = 0.0
    hysteresis_share: float = 0.125
    stroke: float = 0.2
    creep_share: float = 0.08
    creep_s: float = 15.0
    lag_s: float = 0.02
    noise: float = 0.001
    walk: float = 0.0005

    def __post_init__(self) -> None:
        if not 0 <= self.hysteresis_share < 1:
            raise InputError(
                f"hysteresis of {self.hysteresis_share:g} is outside [0, 1); it is a share"
            )
        for name in ("stroke", "creep_s"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name):g}; it must be above 0")
        for name in ("creep_share", "lag_s"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is {getattr(self, name):g}; it must be at least 0")

    def ideal(self) -> "GaugeSettings":
        """The same gauge factor without anything that blurs it."""
        return replace(
            self, curvature=0.0, hysteresis_share=0.0, creep_share=0.0, lag_s=0.0, noise=0.0,
            walk=0.0,
        )  # fmt: skip


class StrainGauge(Operator[SampleBlock]):
    """Turns strain of lines into their readings; any cut into blocks gives the same bits."""

    memory = ("_lag", "_play", "_creep", "_noise")

    def __init__(
        self, settings: GaugeSettings, *, rate_hz: float, n_channels: int, seed: int
    ) -> None:
        self.settings, self.rate_hz = settings, rate_hz
        factors = np.broadcast_to(np.asarray(settings.gauge_factor, float), n_channels)
        self._factor = np.array(factors)
        self._lag = first_order_lag(settings.lag_s, rate_hz)
        self._play = PlayOperators(
            rate_hz=rate_hz, widths=(0.0, *(settings.stroke * share for share in _PLAY_SHARES))
        )
        self._weights = play_weights(settings.hysteresis_share)
        self._creep = creep_filter(settings.creep_share, settings.creep_s, rate_hz)
        self._noise = SensorNoise(
            white=settings.noise, walk=settings.walk, n_channels=n_channels, rate_hz=rate_hz,
            seed=seed,
        )  # fmt: skip

    def reset(self) -> None:
        """Start anew, at the seed."""
        for part in (self._lag, self._play, self._creep, self._noise):
            part.reset()

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """The line was stretched on, unseen; its noise went on too."""
        self._noise.draw(n_missing)
        return []

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Readings of the next strains, same shape."""
        lagged = replace(block, values=self._lag.filter(block.values))
        played = self._play(lagged)[0].values
        n = block.values.shape[1]
        # One sum per sample in a fixed order, so that no block changes its bits.
        parts = played.reshape(block.n_samples, n, len(self._weights)) * self._weights
        strain = parts.sum(axis=2)
        reading = self._factor * strain * (1 + self.settings.curvature * strain)
        reading = self._creep.filter(reading) + self._noise.draw(block.n_samples)
        return [replace(block, values=reading)]


def play_weights(hysteresis_share: float) -> NDArray[np.float64]:
    """Weights of the input and the plays, so that a stroke gives a loop of the wanted width.

    Over a stroke s a play of half width r covers s - 2 r and lies 2 r apart on the way up and down.
    With w for each play, g = sum 2 w r / s and loop width over height g / (1 - g); the height is
    scaled back to s.
    """
    g = hysteresis_share / (1 + hysteresis_share)
    each = g / (2 * sum(_PLAY_SHARES))
    weights = np.array([1 - each * len(_PLAY_SHARES), *[each] * len(_PLAY_SHARES)])
    return weights / (1 - g)


def _decay(time_constant_s: float, rate_hz: float) -> float:
    return float(np.exp(-1 / (time_constant_s * rate_hz))) if time_constant_s > 0 else 0.0


def first_order_lag(time_constant_s: float, rate_hz: float) -> SosFilter:
    """A lag of first order; 0 for none."""
    a = _decay(time_constant_s, rate_hz)
    sos = np.array([[1 - a, 0.0, 0.0, 1.0, -a, 0.0]])
    return SosFilter(sos, rate_hz=rate_hz, warmup_s=3 * time_constant_s)


def creep_filter(share: float, time_constant_s: float, rate_hz: float) -> SosFilter:
    """Reading plus a share of it that comes with a time constant; scaled to 1 at rest."""
    a = _decay(time_constant_s, rate_hz)
    gain = 1 / (1 + share)
    sos = np.array([[gain * (1 + share * (1 - a)), -gain * a, 0.0, 1.0, -a, 0.0]])
    return SosFilter(sos, rate_hz=rate_hz, warmup_s=3 * time_constant_s)
