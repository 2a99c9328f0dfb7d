"""Motion of a body segment from the module on it. Body frame: x left, y up, z forward.

The wearer first stands still. What the drape says of how the module lies on its segment is then
turned by the least angle that makes gravity right. Gravity says nothing of a turn about the
vertical: where nearly all of the movement is about one axis, and that axis is near the one to the
left, it is taken for it (Seel 2012, as in `wearables.signals.motion.segment_rotation`); and also
where gravity shows that the drape did not know how the module was worn. Heading is that of the
still stand.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muslin.errors import InputError
from wearables.events import SampleBlock
from wearables.signals.motion import Orientation, segment_rotation

Rows = NDArray[np.float64]
FIRST_S, STILL_S = 10.0, 1.0
# A drape that is farther off than this did not know how the module was worn.
BELIEVED_RAD = np.radians(25.0)
_TURNING_RAD_S, _FEWEST_TURNING = 0.3, 50
_ONE_AXIS, _NEAR_LEFT_RAD = 0.85, np.radians(35.0)
_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMotion:
    """How a segment turned.

    Attributes:
        time_s: Session time, shape (n,).
        R_turn: Rotation since the still stand in the body frame, shape (n, 3, 3).
        R_sensor_segment: Sensor-to-segment calibration, shape (3, 3).
        tilt_rad: How far gravity was from where the drape expects it.
        method: ``drape``, ``drape and movement``, or ``movement``.
    """

    time_s: Rows
    R_turn: Rows
    R_sensor_segment: Rows
    tilt_rad: float
    method: str


def segment_motion(block: SampleBlock, *, rate_hz: float, R_body_sensor: Rows) -> SegmentMotion:
    """Turns of a segment since the still stand.

    Args:
        block: Six columns: acceleration [m/s2] and turning rate [rad/s], x y z each.
        rate_hz: Its rate.
        R_body_sensor: How the drape says the module lies while the wearer stands, (3, 3).

    Raises:
        InputError: If there is no second with samples in the first ten.
    """
    rows = np.flatnonzero(np.isfinite(block.values).all(axis=1))
    values, time_s = block.values[rows], block.time_s[rows]
    still = still_second(time_s, values[:, 3:], rate_hz)
    up = values[still, :3].mean(axis=0)
    up /= np.linalg.norm(up)
    expected = R_body_sensor.T @ _UP
    tilt = float(np.arccos(np.clip(up @ expected, -1, 1)))
    if tilt <= BELIEVED_RAD:
        upright = _least_turn(expected, up) @ R_body_sensor.T
        R_sensor_segment, method = _refined(upright, up, values[:, 3:])
    else:
        R_sensor_segment, method = segment_rotation(up, _main_axis(values[:, 3:])[0]), "movement"
    R_world_sensor = _orientations(block, rate_hz)[rows]
    turn = _since(R_world_sensor, still, R_sensor_segment)
    if method == "movement" and _flexion(turn)[np.abs(_flexion(turn)).argmax()] < 0:
        # The movement knows its axis and not the sign of it: limbs go farther forward than back.
        R_sensor_segment = R_sensor_segment @ np.diag([-1.0, 1.0, -1.0])
        turn = _since(R_world_sensor, still, R_sensor_segment)
    return SegmentMotion(
        time_s=time_s, R_turn=turn, R_sensor_segment=R_sensor_segment, tilt_rad=tilt, method=method
    )


def still_second(time_s: Rows, gyr_rad_s: Rows, rate_hz: float) -> slice:
    """Rows of the stillest second in the first ten.

    Raises:
        InputError: If there are too few samples.
    """
    n = round(STILL_S * rate_hz)
    first = int(np.searchsorted(time_s, time_s[0] + FIRST_S)) if len(time_s) else 0
    if first < n:
        raise InputError("the recording does not start with a second of motion samples")
    speed = np.linalg.norm(gyr_rad_s[:first], axis=1)
    mean = np.convolve(speed, np.ones(n) / n, "valid")
    start = int(mean.argmin())
    return slice(start, start + n)


def _orientations(block: SampleBlock, rate_hz: float) -> Rows:
    """``R_world_sensor``, z up, of every row; rows without samples repeat the one before."""
    from scipy.spatial.transform import Rotation

    found = Orientation(rate_hz=rate_hz)(block)
    R = np.tile(np.eye(3), (block.n_samples, 1, 1))
    known = np.zeros(block.n_samples, dtype=bool)
    for part in found:
        at = slice(part.first_index - block.first_index, None)
        own = Rotation.from_quat(part.values[:, [1, 2, 3, 0]]).as_matrix()
        R[at][: part.n_samples], known[at][: part.n_samples] = own, True
    last = np.maximum.accumulate(np.where(known, np.arange(block.n_samples), 0))
    return R[last]


def _since(R_world_sensor: Rows, still: slice, R_sensor_segment: Rows) -> Rows:
    """Turn of the segment since the still stand, in its own frame of then, shape (n, 3, 3)."""
    from scipy.spatial.transform import Rotation

    rest = Rotation.from_matrix(R_world_sensor[still]).mean().as_matrix()
    turn = rest.T @ R_world_sensor
    return R_sensor_segment.T @ turn @ R_sensor_segment


def _least_turn(a: Rows, b: Rows) -> Rows:
    """Smallest rotation that brings a unit vector to another, shape (3, 3)."""
    from scipy.spatial.transform import Rotation

    axis = np.cross(a, b)
    size = float(np.linalg.norm(axis))
    if size < 1e-12:
        return np.eye(3)
    return Rotation.from_rotvec(axis / size * np.arctan2(size, float(a @ b))).as_matrix()


def _refined(upright: Rows, up: Rows, gyr_rad_s: Rows) -> tuple[Rows, str]:
    """Turn about the vertical by the movement's axis, where that is clear and near the left."""
    if (np.linalg.norm(gyr_rad_s, axis=1) > _TURNING_RAD_S).sum() < _FEWEST_TURNING:
        return upright, "drape"
    axis, share = _main_axis(gyr_rad_s)
    near = float(axis @ upright[:, 0])
    if share < _ONE_AXIS or abs(near) < np.cos(_NEAR_LEFT_RAD):
        return upright, "drape"
    return segment_rotation(up, np.sign(near) * axis), "drape and movement"


def _main_axis(gyr_rad_s: Rows) -> tuple[Rows, float]:
    """Axis of most turning in the sensor's frame, sign open, and its share of all turning.

    Raises:
        InputError: If hardly anything turns.
    """
    turning = gyr_rad_s[np.linalg.norm(gyr_rad_s, axis=1) > _TURNING_RAD_S]
    if len(turning) < _FEWEST_TURNING:
        raise InputError("the module hardly turns, so nothing tells how it lies on its segment")
    size, axes = np.linalg.eigh(turning.T @ turning)
    return axes[:, -1], float(size[-1] / size.sum())


def _flexion(R_turn: Rows) -> Rows:
    """Turn about the axis to the left that brings a limb forward, shape (n,) [rad]."""
    return -np.arctan2(R_turn[:, 2, 1], R_turn[:, 1, 1])


def limb_angles(R_turn: Rows, *, sign: float) -> dict[str, Rows]:
    """Flexion, abduction and rotation of a limb that hung straight down, shape (n,) [rad].

    Args:
        R_turn: Turns since then, shape (n, 3, 3).
        sign: 1 for the left side, -1 for the right.
    """
    from scipy.spatial.transform import Rotation

    z, x, y = Rotation.from_matrix(R_turn).as_euler("ZXY").T
    angles = {"flexion": -x, "abduction": sign * z, "rotation": sign * y}
    return {name: np.unwrap(angle) for name, angle in angles.items()}


def trunk_angles(R_turn: Rows) -> dict[str, Rows]:
    """Tilt, lean to the left and turn to the left of the trunk, shape (n,) [rad]."""
    from scipy.spatial.transform import Rotation

    y, z, x = Rotation.from_matrix(R_turn).as_euler("YZX").T
    angles = {"tilt": x, "lateral": -z, "rotation": y}
    return {name: np.unwrap(angle) for name, angle in angles.items()}
