"""What a textile pressure pad says: conductance that saturates, creep, noise; in pascals.

A piezoresistive pad conducts G = G_max p / (p + p_half): contacts that close one by one. Its
electronics read it with a straight line through the origin and the calibration pressure, so beyond
that the pad reads low. Creep is a standard linear solid as in `muslin.twin.signals.gauge`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from muslin.errors import InputError
from muslin.twin.signals.gauge import creep_filter, first_order_lag
from muslin.twin.signals.noise import SensorNoise
from wearables.events import SampleBlock
from wearables.signals.operator import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class PadSettings:
    """How a pressure pad answers; all numbers are estimates for foam between conductive knits.

    Attributes:
        half_pa: Pressure of half the largest conductance.
        calibrated_pa: Pressure at which its line was drawn.
        creep_share: Share of the reading that comes slowly.
        creep_s: Time constant of that.
        lag_s: Time constant of the answer.
        noise_pa: Standard deviation of white noise.
        walk_pa: Growth of its slow drift, per root second.
    """

    half_pa: float = 20_000.0
    calibrated_pa: float = 2_000.0
    creep_share: float = 0.1
    creep_s: float = 20.0
    lag_s: float = 0.03
    noise_pa: float = 10.0
    walk_pa: float = 2.0

    def __post_init__(self) -> None:
        for name in ("half_pa", "calibrated_pa", "creep_s"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name):g}; it must be above 0")

    def static_pa(self, pressure_pa: NDArray[np.float64]) -> NDArray[np.float64]:
        """Reading of a lasting pressure without noise, same shape [Pa]."""
        pressed = np.maximum(pressure_pa, 0.0)
        return pressed * (self.calibrated_pa + self.half_pa) / (pressed + self.half_pa)


class PressurePad(Operator[SampleBlock]):
    """Turns pressure on pads into their readings [Pa]; any cut into blocks gives the same bits."""

    memory = ("_lag", "_creep", "_noise")

    def __init__(
        self, settings: PadSettings, *, rate_hz: float, n_channels: int, seed: int
    ) -> None:
        self.settings, self.rate_hz = settings, rate_hz
        self._lag = first_order_lag(settings.lag_s, rate_hz)
        self._creep = creep_filter(settings.creep_share, settings.creep_s, rate_hz)
        self._noise = SensorNoise(
            white=settings.noise_pa, walk=settings.walk_pa, n_channels=n_channels,
            rate_hz=rate_hz, seed=seed,
        )  # fmt: skip

    def reset(self) -> None:
        """Start anew, at the seed."""
        for part in (self._lag, self._creep, self._noise):
            part.reset()

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """The pad was pressed on, unseen; its noise went on too."""
        self._noise.draw(n_missing)
        return []

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Readings of the next pressures, same shape."""
        pressed = self.settings.static_pa(self._lag.filter(block.values))
        reading = self._creep.filter(pressed) + self._noise.draw(block.n_samples)
        return [replace(block, values=reading)]
