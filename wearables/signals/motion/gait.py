"""Strides of a foot-worn sensor: contacts, stride time and length.

Stance where the foot hardly turns (Sabatini et al. 2005, IEEE Trans. Biomed. Eng. 52, 486);
between two stances the acceleration in the world is integrated and the speed that is left at the
end is taken off as a line (zero-velocity update, Foxlin 2005, IEEE CG&A 25, 38). Changed: stance
needs the rate below a limit for a while, and a stride over a gap is not told.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import joined
from wearables.signals.motion.orientation import GRAVITY_M_S2
from wearables.signals.motion.rotation import rotated
from wearables.signals.operator import RunOperator

STANCE_RAD_S = 1.0
STANCE_S = 0.08
MAX_STRIDE_S = 2.5
MIN_SWING_S = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride:
    """From one foot-flat to the next.

    Attributes:
        toe_off_s: Start of the swing: the foot starts to turn.
        contact_s: End of the swing: the foot comes to rest.
        length_m: Level distance between the two stances.
        height_m: Difference of level.
        swing_s: Length of the swing.
        quality: 0 to 1; falls with the speed that integration left over.
    """

    toe_off_s: float
    contact_s: float
    length_m: float
    height_m: float
    swing_s: float
    quality: float


class StrideDetector(RunOperator[Stride]):
    """Strides from acceleration, angular rate and orientation in one block.

    Columns 0 to 2 acceleration [m/s2], 3 to 5 angular rate [rad/s], 6 to 9 quaternion wxyz from
    the sensor to the world (z up), as `Orientation` gives.
    """

    memory = (*RunOperator.memory, "_swing", "_n_still", "_is_swinging", "_had_stance")

    def __init__(self, *, rate_hz: float) -> None:
        super().__init__(rate_hz=rate_hz, columns=range(10))
        if rate_hz < 50:
            raise SignalError(f"rate of {rate_hz} Hz is too low for strides; 50 Hz are needed")
        self._n_stance = max(2, round(STANCE_S * rate_hz))
        self._n_max = round(MAX_STRIDE_S * rate_hz)
        self.delay_s = STANCE_S
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._clear()

    def _clear(self) -> None:
        self._swing: SampleBlock | None = None
        self._n_still = 0
        self._is_swinging = self._had_stance = False

    def _resume(self, missing_s: float) -> None:
        self._clear()

    def _take(self, block: SampleBlock) -> list[Stride]:
        still = np.sqrt(np.square(block.values[:, 3:6]).sum(axis=1)) < STANCE_RAD_S
        strides: list[Stride] = []
        start = 0
        for i, is_still in enumerate(still.tolist()):
            if is_still:
                self._n_still += 1
                if self._is_swinging and self._n_still >= self._n_stance:
                    strides += self._land(block.part(start, i + 1))
                    start = i + 1
                if self._n_still >= self._n_stance:
                    self._had_stance = True
                continue
            if not self._is_swinging:
                self._is_swinging, self._swing, start = True, None, i
            self._n_still = 0
        if self._is_swinging:
            rest = block.part(start, block.n_samples)
            self._swing = rest if self._swing is None else joined(self._swing, rest)
        return strides

    def _land(self, part: SampleBlock) -> list[Stride]:
        """A stance after a swing: integrate what lies between."""
        swing = part if self._swing is None else joined(self._swing, part)
        had, self._swing, self._is_swinging = self._had_stance, None, False
        n = swing.n_samples - self._n_stance
        if not had or n < MIN_SWING_S * self.rate_hz or n > self._n_max:
            return []
        return [_stride(swing.part(0, n), 1.0 / self.rate_hz)]


def _stride(swing: SampleBlock, dt: float) -> Stride:
    acc = rotated(swing.values[:, 6:10], swing.values[:, :3]) - np.array([0, 0, GRAVITY_M_S2])
    speed = _integral(acc, dt)
    left = speed[-1]
    share = np.linspace(0.0, 1.0, len(speed))[:, None]
    way = _integral(speed - share * left, dt)[-1]
    length = float(np.hypot(way[0], way[1]))
    time_s = float(swing.time_s[-1] - swing.time_s[0])
    usual = max(length / time_s, 0.1) if time_s > 0 else 0.1
    return Stride(
        toe_off_s=float(swing.time_s[0]),
        contact_s=float(swing.time_s[-1]),
        length_m=length,
        height_m=float(way[2]),
        swing_s=time_s,
        quality=float(1.0 / (1.0 + np.linalg.norm(left) / usual)),
    )


def _integral(values: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Trapezoid rule from zero, shape as given."""
    steps = (values[1:] + values[:-1]) * (dt / 2)
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(steps, axis=0)])
