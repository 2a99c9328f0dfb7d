"""Orientation of a sensor by VQF (Laidig & Seel 2023, Information Fusion 91, 187).

The filter is the authors' own package; this file adds the rules for gaps, checks of units, and a
quality. World frame: z up, heading free with 6 axes, magnetic north along y with 9. Output
``quat_world_sensor``, wxyz.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.operator import ADAPTIVE_GAP_S, RunOperator

GRAVITY_M_S2 = 9.80665
CHANNELS = ("quat_w_1", "quat_x_1", "quat_y_1", "quat_z_1")
# The smoothed length of an acceleration in m/s2 stays within these shares of gravity.
LENGTH_SHARES = (0.5, 3.0)
LENGTH_HZ = 0.1
# Twice the range of common gyroscopes (2000 degrees per second).
MAX_GYR_RAD_S = 70.0
INCLINATION_GAP_S = 0.2
UNSURE_S = 2.0
UNSURE = 0.5


class Orientation(RunOperator[SampleBlock]):
    """Quaternion of each sample from acceleration, angular rate and, if given, magnetic field.

    After a gap above 0.2 s the quality is at most 0.5 for two seconds; after one above 2 s it stays
    so until `reset`, or with a magnetometer until the filter calls the field undisturbed. Where
    the length of the acceleration cannot be m/s2, or a rate cannot be rad/s, the quality is 0.
    """

    memory = (
        *RunOperator.memory, "_filter_state", "_length", "_n_unsure", "_is_heading_lost",
    )  # fmt: skip

    def __init__(
        self,
        *,
        rate_hz: float,
        acc: Sequence[int] = (0, 1, 2),
        gyr: Sequence[int] = (3, 4, 5),
        mag: Sequence[int] | None = None,
    ) -> None:
        groups = [tuple(acc), tuple(gyr), *([tuple(mag)] if mag is not None else [])]
        if any(len(group) != 3 for group in groups):
            raise SignalError(f"each sensor needs three columns, {groups} were given")
        columns = [column for group in groups for column in group]
        if len(set(columns)) != len(columns):
            raise SignalError(f"a column was given twice: {columns}")
        super().__init__(rate_hz=rate_hz, columns=columns)
        self._acc, self._gyr = list(acc), list(gyr)
        self._mag = None if mag is None else list(mag)
        self.warmup_s = UNSURE_S
        self._length = Butterworth(band="lowpass", cutoff_hz=LENGTH_HZ, rate_hz=rate_hz)
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        from vqf import VQF

        self._filter: Any = VQF(1.0 / self.rate_hz)
        self._length.reset()
        self._n_unsure = round(UNSURE_S * self.rate_hz)
        self._is_heading_lost = False

    @property
    def _filter_state(self) -> Any:
        return self._filter.state

    @_filter_state.setter
    def _filter_state(self, value: Any) -> None:
        self._filter.state = value

    def _resume(self, missing_s: float) -> None:
        """The filter keeps its state: the best guess is that nothing turned."""
        if missing_s > INCLINATION_GAP_S:
            self._n_unsure = round(UNSURE_S * self.rate_hz)
        if missing_s > ADAPTIVE_GAP_S:
            self._is_heading_lost = True

    def _take(self, block: SampleBlock) -> list[SampleBlock]:
        acc = np.ascontiguousarray(block.values[:, self._acc])
        gyr = np.ascontiguousarray(block.values[:, self._gyr])
        quality = np.ones(block.n_samples) if block.quality is None else block.quality.copy()
        if self._mag is None:
            out = self._filter.updateBatch(gyr, acc)
            quat = out["quat6D"]
        else:
            out = self._filter.updateBatch(
                gyr, acc, np.ascontiguousarray(block.values[:, self._mag])
            )
            quat = out["quat9D"]
        unsure = np.arange(block.n_samples) < self._n_unsure
        self._n_unsure = max(0, self._n_unsure - block.n_samples)
        if self._is_heading_lost:
            unsure |= self._heading(out, block.n_samples)
        quality = np.where(unsure, np.minimum(quality, UNSURE), quality)
        quality[~self._plausible(acc, gyr)] = 0.0
        return [
            SampleBlock(
                stream=block.stream, first_index=block.first_index, time_s=block.time_s,
                values=np.asarray(quat, dtype=np.float64), channels=CHANNELS, quality=quality,
            )
        ]  # fmt: skip

    def _heading(self, out: dict[str, NDArray[np.float64]], n: int) -> NDArray[np.bool_]:
        """Rows whose heading is lost; the first undisturbed field brings it back."""
        if self._mag is None:
            return np.ones(n, dtype=bool)
        found = np.flatnonzero(~np.asarray(out["magDistDetected"], dtype=bool))
        lost = np.ones(n, dtype=bool)
        if len(found):
            lost[found[0] :] = False
            self._is_heading_lost = False
        return lost

    def _plausible(self, acc: NDArray[np.float64], gyr: NDArray[np.float64]) -> NDArray[np.bool_]:
        length = np.sqrt(np.square(acc).sum(axis=1))
        smooth = self._length.filter(length[:, None])[:, 0] / GRAVITY_M_S2
        inside = (smooth > LENGTH_SHARES[0]) & (smooth < LENGTH_SHARES[1])
        return inside & (np.abs(gyr) < MAX_GYR_RAD_S).all(axis=1)
