"""Joint angles from the orientations of two segments.

Axes after Grood & Suntay 1983 (J. Biomech. Eng. 105, 136): flexion about the upper segment's
left-right axis, axial rotation about the lower segment's long axis, abduction about the axis
between. Segment frames: x left, y up, z forward. For hinges the two free headings are brought
together after Laidig et al. 2017 (ICORR, 971): the hinge axis must point the same way in both;
changed: the correction is a causal low-pass of that difference, weighted by how level the axis is.
"""

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.motion.rotation import (
    matrix_to_quat,
    quat_inverse,
    quat_product,
    quat_to_matrix,
    rotated,
)
from wearables.signals.operator import RunOperator

CHANNELS = ("flexion_rad", "abduction_rad", "rotation_rad")
HEADING_HZ = 0.05


def joint_angles(
    quat_world_upper_wxyz: NDArray[np.float64], quat_world_lower_wxyz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Flexion, abduction and rotation of the lower segment against the upper, shape (n, 3) [rad].

    Flexion turns the lower segment backwards about the axis to the left, abduction and rotation
    follow the right-hand rule about z and y.
    """
    relative = quat_product(quat_inverse(quat_world_upper_wxyz), quat_world_lower_wxyz)
    R = quat_to_matrix(relative)
    flexion = np.arctan2(R[..., 2, 1], R[..., 1, 1])
    abduction = np.arcsin(np.clip(-R[..., 0, 1], -1.0, 1.0))
    rotation = np.arctan2(R[..., 0, 2], R[..., 0, 0])
    return np.stack([flexion, abduction, rotation], axis=-1)


class JointAngles(RunOperator[SampleBlock]):
    """Joint angles from two quaternions in one block: columns 0 to 3 upper, 4 to 7 lower, wxyz.

    ``R_upper`` and ``R_lower`` say how the sensors sit (`segment_rotation`). With ``is_hinge``
    the headings may be free (6 axes): they are brought together by the hinge.
    """

    memory = (*RunOperator.memory, "_turn")

    def __init__(
        self,
        *,
        rate_hz: float,
        R_upper: NDArray[np.float64],
        R_lower: NDArray[np.float64],
        is_hinge: bool = True,
    ) -> None:
        super().__init__(rate_hz=rate_hz, columns=range(8))
        for name, R in (("upper", R_upper), ("lower", R_lower)):
            if R.shape != (3, 3) or np.abs(R @ R.T - np.eye(3)).max() > 1e-6:
                raise SignalError(f"the {name} sensor's rotation is no rotation matrix")
        self._upper, self._lower = matrix_to_quat(R_upper), matrix_to_quat(R_lower)
        self._is_hinge = is_hinge
        self._turn = Butterworth(band="lowpass", cutoff_hz=HEADING_HZ, rate_hz=rate_hz, order=1)
        self.warmup_s = 1.0 / HEADING_HZ if is_hinge else 0.0
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._turn.reset()

    def _resume(self, missing_s: float) -> None:
        """Headings drift slowly: their difference stays known."""

    def _take(self, block: SampleBlock) -> list[SampleBlock]:
        upper = quat_product(block.values[:, :4], self._upper)
        lower = quat_product(block.values[:, 4:8], self._lower)
        quality = np.ones(block.n_samples) if block.quality is None else block.quality.copy()
        if self._is_hinge:
            upper, level = self._together(upper, lower)
            quality = np.minimum(quality, level)
        return [
            SampleBlock(
                stream=block.stream, first_index=block.first_index, time_s=block.time_s,
                values=joint_angles(upper, lower), channels=CHANNELS, quality=quality,
            )
        ]  # fmt: skip

    def _together(
        self, upper: NDArray[np.float64], lower: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The upper segment turned about the vertical, and how well its heading is known."""
        axis = np.array([1.0, 0.0, 0.0])
        first, second = rotated(upper, axis), rotated(lower, axis)
        a, b = first[:, 0] + 1j * first[:, 1], second[:, 0] + 1j * second[:, 1]
        product = b * np.conj(a)
        smooth = self._turn.filter(np.stack([product.real, product.imag], axis=1))
        half = np.arctan2(smooth[:, 1], smooth[:, 0]) / 2
        zero = np.zeros(len(half))
        turn = np.stack([np.cos(half), zero, zero, np.sin(half)], axis=1)
        level = np.clip(2.0 * np.hypot(smooth[:, 0], smooth[:, 1]), 0.0, 1.0)
        return quat_product(turn, upper), level
