"""Health Thermometer and Pulse Oximeter payloads, with the medical floats of IEEE 11073-20601.

A FLOAT is a 24-bit mantissa and an 8-bit power of ten, an SFLOAT 12 and 4 bits, both two's
complement. Five mantissas at exponent 0 are no numbers: NaN, not at this resolution, reserved,
and both infinities.
"""

import math
import struct
from dataclasses import dataclass

from firmware_bridge.events import Damaged

_STAMP_SIZE = 7
_FAHRENHEIT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyTemperature:
    """Temperature Measurement, 2A1C.

    Attributes:
        temperature_k: Temperature; NaN where the sensor has none.
        stamp: The device's own calendar time (year, month, day, hour, minute, second).
        site: Where it was measured, the number of 2A1D.
    """

    temperature_k: float
    stamp: tuple[int, ...] | None
    site: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseOximetry:
    """PLX Spot-check (2A5E) or Continuous (2A5F) Measurement.

    Attributes:
        spo2: Oxygen saturation, 0..1; NaN where the sensor has none.
        pulse_hz: Pulse rate; NaN where the sensor has none.
        spo2_fast: Saturation with the fast response, where sent.
        pulse_fast_hz: Its pulse rate.
        spo2_slow: Saturation with the slow response, where sent.
        pulse_slow_hz: Its pulse rate.
        stamp: Calendar time of a spot check, where sent.
        measurement_status: Bits of the status, where sent.
        device_status: Bits of the device and sensor status, where sent.
        pulse_amplitude: Pulse amplitude index (share, 1 = 100 %), where sent.
    """

    spo2: float
    pulse_hz: float
    spo2_fast: float | None = None
    pulse_fast_hz: float | None = None
    spo2_slow: float | None = None
    pulse_slow_hz: float | None = None
    stamp: tuple[int, ...] | None = None
    measurement_status: int | None = None
    device_status: int | None = None
    pulse_amplitude: float | None = None


def _medical(mantissa: int, exponent: int, *, bits: int) -> float:
    top = (1 << (bits - 1)) - 1
    if exponent == 0:
        if mantissa in (top - 1, -top - 1 + 2):
            return math.copysign(math.inf, mantissa)
        if mantissa >= top or mantissa <= -top:
            return math.nan
    return mantissa * 10.0**exponent


def float32_11073(data: bytes) -> float:
    """Value of a 4-byte FLOAT."""
    (word,) = struct.unpack("<i", data)
    mantissa = word & 0xFFFFFF
    return _medical(mantissa - (mantissa >> 23 << 24), word >> 24, bits=24)


def float16_11073(data: bytes) -> float:
    """Value of a 2-byte SFLOAT."""
    (word,) = struct.unpack("<h", data)
    mantissa = word & 0x0FFF
    return _medical(mantissa - (mantissa >> 11 << 12), word >> 12, bits=12)


class _Fields:
    """Take optional fields from a payload, each only where it is whole."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self.position = start

    def take(self, size: int) -> bytes:
        """Next bytes, padded where the payload is too short; the position tells."""
        part = self._data[self.position : self.position + size]
        self.position += size
        return part.ljust(size, b"\0")

    def sfloat(self) -> float:
        """Next SFLOAT."""
        return float16_11073(self.take(2))

    def stamp(self) -> tuple[int, ...]:
        """Next Date Time, 2A08."""
        return struct.unpack("<H5B", self.take(_STAMP_SIZE))

    def damage(self, what: str, *, host_ns: int, epoch: int) -> Damaged | None:
        """What is wrong with the length, once all fields were taken."""
        if self.position == len(self._data):
            return None
        reason = f"{what} has {len(self._data)} bytes, wanted {self.position}"
        return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)


def decode_body_temperature(data: bytes, *, host_ns: int, epoch: int) -> BodyTemperature | Damaged:
    """Read 2A1C: flags b0 Fahrenheit, b1 stamp, b2 site; then FLOAT, 7 bytes, u8."""
    flags = data[0] if data else 0
    fields = _Fields(data, 1)
    value = float32_11073(fields.take(4))
    stamp = fields.stamp() if flags & 2 else None
    site = fields.take(1)[0] if flags & 4 else None
    damage = fields.damage("body temperature", host_ns=host_ns, epoch=epoch)
    celsius = (value - 32) / 1.8 if flags & _FAHRENHEIT else value
    return damage or BodyTemperature(temperature_k=celsius + 273.15, stamp=stamp, site=site)


def decode_spot_oximetry(data: bytes, *, host_ns: int, epoch: int) -> PulseOximetry | Damaged:
    """Read 2A5E: flags b0 stamp, b1 measurement status u16, b2 device status u24, b3 amplitude."""
    flags = data[0] if data else 0
    fields = _Fields(data, 1)
    found = PulseOximetry(
        spo2=fields.sfloat() / 100,
        pulse_hz=fields.sfloat() / 60,
        stamp=fields.stamp() if flags & 1 else None,
        measurement_status=int.from_bytes(fields.take(2), "little") if flags & 2 else None,
        device_status=int.from_bytes(fields.take(3), "little") if flags & 4 else None,
        pulse_amplitude=fields.sfloat() / 100 if flags & 8 else None,
    )
    return fields.damage("spot oximetry", host_ns=host_ns, epoch=epoch) or found


def decode_continuous_oximetry(data: bytes, *, host_ns: int, epoch: int) -> PulseOximetry | Damaged:
    """Read 2A5F: flags b0 fast, b1 slow, b2 measurement, b3 device status, b4 amplitude."""
    flags = data[0] if data else 0
    fields = _Fields(data, 1)
    normal = (fields.sfloat() / 100, fields.sfloat() / 60)
    fast = (fields.sfloat() / 100, fields.sfloat() / 60) if flags & 1 else (None, None)
    slow = (fields.sfloat() / 100, fields.sfloat() / 60) if flags & 2 else (None, None)
    found = PulseOximetry(
        spo2=normal[0],
        pulse_hz=normal[1],
        spo2_fast=fast[0],
        pulse_fast_hz=fast[1],
        spo2_slow=slow[0],
        pulse_slow_hz=slow[1],
        measurement_status=int.from_bytes(fields.take(2), "little") if flags & 4 else None,
        device_status=int.from_bytes(fields.take(3), "little") if flags & 8 else None,
        pulse_amplitude=fields.sfloat() / 100 if flags & 16 else None,
    )
    return fields.damage("continuous oximetry", host_ns=host_ns, epoch=epoch) or found
