"""Motion service of the Nordic Thingy:52: fixed-point numbers, little endian."""

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.events import Damaged

_TAIL = "-9b35-4933-9b10-52ffa9740042"
SERVICE_UUID = f"ef680400{_TAIL}"
CONFIG_UUID = f"ef680401{_TAIL}"
QUATERNION_UUID = f"ef680404{_TAIL}"
STEPS_UUID = f"ef680405{_TAIL}"
RAW_UUID = f"ef680406{_TAIL}"
EULER_UUID = f"ef680407{_TAIL}"
ROTATION_UUID = f"ef680408{_TAIL}"
HEADING_UUID = f"ef680409{_TAIL}"
GRAVITY_UUID = f"ef68040a{_TAIL}"

STANDARD_GRAVITY_M_S2 = 9.80665
# Units per count of the raw characteristic: Q6.10 g, Q11.5 deg/s, Q12.4 uT.
ACC_G_PER_COUNT, GYR_DEG_S_PER_COUNT, MAG_UT_PER_COUNT = 2.0**-10, 2.0**-5, 2.0**-4


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionSettings:
    """Configuration, 0401.

    Attributes:
        step_interval_ms: Between step counts.
        temperature_interval_ms: Between temperature compensations.
        compass_interval_ms: Between compass readings.
        motion_rate_hz: Rate of the raw and fused data, 5 to 200.
        wake_on_motion: Whether movement wakes the sensor.
    """

    step_interval_ms: int = 1000
    temperature_interval_ms: int = 500
    compass_interval_ms: int = 500
    motion_rate_hz: int = 50
    wake_on_motion: bool = True

    def to_bytes(self) -> bytes:
        """Bytes to write."""
        return struct.pack(
            "<4HB", self.step_interval_ms, self.temperature_interval_ms,
            self.compass_interval_ms, self.motion_rate_hz, self.wake_on_motion,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMotion:
    """Raw motion, 0406; each of shape (3,)."""

    counts: NDArray[np.int64]

    @property
    def acc_m_s2(self) -> NDArray[np.float64]:
        """Specific force."""
        return self.counts[:3].astype(np.float64) * (ACC_G_PER_COUNT * STANDARD_GRAVITY_M_S2)

    @property
    def gyr_rad_s(self) -> NDArray[np.float64]:
        """Angular rate."""
        return self.counts[3:6].astype(np.float64) * math.radians(GYR_DEG_S_PER_COUNT)

    @property
    def mag_t(self) -> NDArray[np.float64]:
        """Magnetic flux density."""
        return self.counts[6:].astype(np.float64) * (MAG_UT_PER_COUNT * 1e-6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Pedometer, 0405."""

    n_steps: int
    walking_s: float


def _unpack(
    what: str, layout: str, data: bytes, *, host_ns: int, epoch: int
) -> tuple[float, ...] | Damaged:
    size = struct.calcsize(layout)
    if len(data) == size:
        return struct.unpack(layout, data)
    reason = f"{what} has {len(data)} bytes, wanted {size}"
    return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)


def decode_raw_motion(data: bytes, *, host_ns: int, epoch: int) -> RawMotion | Damaged:
    """Read 0406: acceleration, angular rate and compass, three i16 each."""
    numbers = _unpack("raw motion", "<9h", data, host_ns=host_ns, epoch=epoch)
    if isinstance(numbers, Damaged):
        return numbers
    return RawMotion(counts=np.array(numbers, dtype=np.int64))


def decode_quaternion(data: bytes, *, host_ns: int, epoch: int) -> NDArray[np.float64] | Damaged:
    """Read 0404: w, x, y, z in Q2.30, shape (4,); all zeros are damage, not an orientation."""
    numbers = _unpack("quaternion", "<4i", data, host_ns=host_ns, epoch=epoch)
    if isinstance(numbers, Damaged):
        return numbers
    if not any(numbers):
        return Damaged(reason="quaternion is all zero", host_ns=host_ns, epoch=epoch)
    return np.array(numbers) * 2.0**-30


def decode_steps(data: bytes, *, host_ns: int, epoch: int) -> Steps | Damaged:
    """Read 0405: steps, and the time walked in ms."""
    numbers = _unpack("steps", "<2I", data, host_ns=host_ns, epoch=epoch)
    if isinstance(numbers, Damaged):
        return numbers
    return Steps(n_steps=int(numbers[0]), walking_s=numbers[1] / 1000)


def decode_euler_rad(data: bytes, *, host_ns: int, epoch: int) -> NDArray[np.float64] | Damaged:
    """Read 0407: roll, pitch, yaw in Q16.16 degrees; returns radians, shape (3,)."""
    numbers = _unpack("Euler angles", "<3i", data, host_ns=host_ns, epoch=epoch)
    if isinstance(numbers, Damaged):
        return numbers
    return np.radians(np.array(numbers) * 2.0**-16)


def decode_heading_rad(data: bytes, *, host_ns: int, epoch: int) -> float | Damaged:
    """Read 0409: heading in Q16.16 degrees; returns radians."""
    numbers = _unpack("heading", "<i", data, host_ns=host_ns, epoch=epoch)
    if isinstance(numbers, Damaged):
        return numbers
    return math.radians(numbers[0] * 2.0**-16)


def decode_rotation(data: bytes, *, host_ns: int, epoch: int) -> NDArray[np.float64] | Damaged:
    """Read 0408: rotation matrix in Q2.14, row by row, shape (3, 3)."""
    numbers = _unpack("rotation", "<9h", data, host_ns=host_ns, epoch=epoch)
    if isinstance(numbers, Damaged):
        return numbers
    return np.array(numbers).reshape(3, 3) * 2.0**-14


def decode_gravity_m_s2(data: bytes, *, host_ns: int, epoch: int) -> NDArray[np.float64] | Damaged:
    """Read 040A: gravity, three f32 in m/s2, shape (3,)."""
    numbers = _unpack("gravity", "<3f", data, host_ns=host_ns, epoch=epoch)
    if isinstance(numbers, Damaged):
        return numbers
    if not all(math.isfinite(number) for number in numbers):
        return Damaged(reason="gravity is not finite", host_ns=host_ns, epoch=epoch)
    return np.array(numbers)
