"""Which way a sensor sits on its segment, from a still pose and a movement of a hinge.

Segment frame as everywhere: x to the wearer's left, y along the segment towards the head, z
forward. The hinge axis is found from the angular rates of both sides (Seel et al. 2012, IEEE CCA,
242); changed: both axes are solved by least squares at once on rows that turn, and the pose's
gravity completes the frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from wearables.errors import SignalError

MIN_TURN_RAD_S = 0.3
MIN_TURNING = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class HingeAxes:
    """Axis of a hinge in both sensors' frames.

    Attributes:
        first: Unit vector in the first sensor's frame.
        second: The same axis in the second sensor's frame.
        residual_rad_s: Root mean square misfit of the constraint.
        converged: Whether the solver came to rest.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    residual_rad_s: float
    converged: bool


def find_hinge(
    gyr_first_rad_s: NDArray[np.float64], gyr_second_rad_s: NDArray[np.float64]
) -> HingeAxes:
    """Axis of a hinge from a movement about it while both segments turn.

    Args:
        gyr_first_rad_s: Angular rate of the first sensor, shape (n, 3).
        gyr_second_rad_s: Of the second, at the same times, shape (n, 3).

    Raises:
        SignalError: If shapes disagree or hardly anything turns.
    """
    first, second = gyr_first_rad_s, gyr_second_rad_s
    if first.shape != second.shape or first.ndim != 2 or first.shape[1] != 3:
        raise SignalError(f"rates have shapes {first.shape} and {second.shape}; both need (n, 3)")
    size = np.maximum(np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1))
    turning = size > MIN_TURN_RAD_S
    if turning.sum() < MIN_TURNING:
        raise SignalError(
            f"{int(turning.sum())} samples turn; {MIN_TURNING} are needed for an axis"
        )
    first, second = first[turning], second[turning]

    def misfit(angles: NDArray[np.float64]) -> NDArray[np.float64]:
        a, b = _direction(angles[:2]), _direction(angles[2:])
        return np.linalg.norm(np.cross(first, a), axis=1) - np.linalg.norm(
            np.cross(second, b), axis=1
        )

    start = np.concatenate([_angles(_main_axis(first)), _angles(_main_axis(second))])
    found = optimize.least_squares(misfit, start)
    a, b = _direction(found.x[:2]), _direction(found.x[2:])
    # The constraint does not know signs: relative rates about the axis should agree best.
    if np.square(first @ a - second @ b).sum() > np.square(first @ a + second @ b).sum():
        b = -b
    return HingeAxes(
        first=a,
        second=b,
        residual_rad_s=float(np.sqrt(np.square(found.fun).mean())),
        converged=bool(found.success),
    )


def _direction(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    theta, phi = angles
    return np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])


def _angles(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.arccos(np.clip(axis[2], -1, 1)), np.arctan2(axis[1], axis[0])])


def _main_axis(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Direction with most rotation; sensors mounted along it start the solver well."""
    return np.linalg.eigh(rates.T @ rates)[1][:, -1]


def segment_rotation(
    up_sensor: NDArray[np.float64], left_sensor: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``R_sensor_segment``: from the segment's to the sensor's frame, shape (3, 3).

    Args:
        up_sensor: What a still sensor's accelerometer reads while the segment stands upright.
        left_sensor: Axis of the hinge that points to the wearer's left, in the sensor's frame.

    Raises:
        SignalError: If the two are nearly parallel.
    """
    y = up_sensor / np.linalg.norm(up_sensor)
    x = left_sensor - (left_sensor @ y) * y
    if np.linalg.norm(x) < 0.3 * np.linalg.norm(left_sensor):
        raise SignalError("the hinge axis is nearly vertical in the still pose; repeat the pose")
    x = x / np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)], axis=1)
