"""Posture from the inclination of the trunk and, if worn, the thigh.

Angles between gravity and the segments' long axes after Lyons et al. 2005 (Med. Eng. Phys. 27,
497); changed: hysteresis and a least dwell, so that a lean does not flicker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.operator import RunOperator

PostureName = Literal["upright", "leaning", "lying", "standing", "sitting"]
GRAVITY_HZ = 0.4
LEAN_RAD = np.deg2rad(30.0)
LIE_RAD = np.deg2rad(60.0)
SIT_RAD = np.deg2rad(45.0)
HYSTERESIS_RAD = np.deg2rad(7.0)
DWELL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostureSpan:
    """A posture and how long it held.

    Attributes:
        name: ``lying``, ``leaning``; ``upright`` without a thigh sensor, else ``standing`` or
            ``sitting``.
        start_s: Session time of its start.
        stop_s: Session time of its end.
        inclination_rad: Mean angle of the trunk to the vertical.
    """

    name: PostureName
    start_s: float
    stop_s: float
    inclination_rad: float


class PostureDetector(RunOperator[PostureSpan]):
    """Spans of posture from one trunk accelerometer, and a thigh's if there is one.

    ``trunk_up`` and ``thigh_up`` say what the sensor reads, in its own frame, when the person
    stands: median acceleration of a still pose. A span is told when the next one has held 1 s.
    """

    memory = (
        *RunOperator.memory, "_gravity", "_name", "_start_s", "_last_s", "_sum", "_n", "_new",
        "_new_s", "_new_sum", "_new_n",
    )  # fmt: skip

    def __init__(
        self,
        *,
        rate_hz: float,
        trunk_up: NDArray[np.float64],
        trunk: Sequence[int] = (0, 1, 2),
        thigh: Sequence[int] | None = None,
        thigh_up: NDArray[np.float64] | None = None,
    ) -> None:
        if (thigh is None) != (thigh_up is None):
            raise SignalError("a thigh sensor needs both its columns and its upright direction")
        super().__init__(rate_hz=rate_hz, columns=[*trunk, *(thigh or ())])
        self._ups = [_unit(trunk_up), *([] if thigh_up is None else [_unit(thigh_up)])]
        self._gravity = Butterworth(band="lowpass", cutoff_hz=GRAVITY_HZ, rate_hz=rate_hz)
        self.warmup_s = self._gravity.warmup_s
        self.delay_s = float("inf")
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._clear()

    def _clear(self) -> None:
        self._gravity.reset()
        self._name: PostureName | None = None
        self._new: PostureName | None = None
        self._start_s = self._last_s = self._new_s = float("nan")
        self._sum = self._new_sum = 0.0
        self._n = self._new_n = 0

    def _resume(self, missing_s: float) -> None:
        self._clear()

    def _end(self) -> list[PostureSpan]:
        found = self._close(self._last_s)
        self._name = None
        return found

    def _take(self, block: SampleBlock) -> list[PostureSpan]:
        gravity = self._gravity.filter(block.values[:, list(self.columns)])
        angles = []
        for k, up in enumerate(self._ups):
            own = gravity[:, 3 * k : 3 * k + 3]
            size = np.sqrt(np.square(own).sum(axis=1))
            cosine = (own * up).sum(axis=1) / np.maximum(size, 1e-12)
            angles.append(np.arccos(np.clip(cosine, -1.0, 1.0)))
        if len(angles) == 1:
            angles.append(np.full(block.n_samples, np.nan))
        spans: list[PostureSpan] = []
        columns = (block.time_s, *angles)
        for time_s, trunk, thigh in zip(*(each.tolist() for each in columns), strict=True):
            spans += self._step(time_s, trunk, thigh)
        return spans

    def _step(self, time_s: float, trunk: float, thigh: float) -> list[PostureSpan]:
        self._last_s = time_s
        name = self._judge(trunk, thigh)
        spans: list[PostureSpan] = []
        if self._name is None:
            self._name, self._start_s = name, time_s
        if name == self._name:
            self._new = None
            self._sum, self._n = self._sum + trunk, self._n + 1
            return []
        if name != self._new:
            self._new, self._new_s, self._new_sum, self._new_n = name, time_s, 0.0, 0
        self._new_sum, self._new_n = self._new_sum + trunk, self._new_n + 1
        if time_s - self._new_s >= DWELL_S:
            spans = self._close(self._new_s)
            self._name, self._start_s, self._new = name, self._new_s, None
            self._sum, self._n = self._new_sum, self._new_n
        return spans

    def _judge(self, trunk: float, thigh: float) -> PostureName:
        """Posture of two angles; the present one is left only beyond the hysteresis."""

        def beyond(angle: float, limit: float, inside: tuple[PostureName, ...]) -> bool:
            shift = -HYSTERESIS_RAD if self._name in inside else HYSTERESIS_RAD
            return angle > limit + (shift if self._name is not None else 0.0)

        if beyond(trunk, LIE_RAD, ("lying",)):
            return "lying"
        if thigh == thigh and beyond(thigh, SIT_RAD, ("sitting",)):
            return "sitting"
        if beyond(trunk, LEAN_RAD, ("leaning", "lying")):
            return "leaning"
        return "standing" if thigh == thigh else "upright"

    def _close(self, stop_s: float) -> list[PostureSpan]:
        if self._name is None or not self._n:
            return []
        mean = self._sum / self._n
        return [
            PostureSpan(name=self._name, start_s=self._start_s, stop_s=stop_s, inclination_rad=mean)
        ]


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    size = float(np.linalg.norm(vector))
    if vector.shape != (3,) or not size > 0:
        raise SignalError(f"an upright direction has three numbers and a length, not {vector}")
    return vector / size
