"""Standard GATT payloads of the Bluetooth SIG, little endian.

Damage is data: a payload of the wrong length gives a `Damaged` event, never an exception.
"""

import struct
from dataclasses import dataclass

from firmware_bridge.events import Damaged

BODY_LOCATIONS = ("other", "chest", "wrist", "finger", "hand", "ear", "foot")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartRate:
    """Heart Rate Measurement, 2A37.

    Attributes:
        rate_bpm: Beats per minute.
        has_contact: Skin contact; nothing where the sensor cannot tell.
        energy_j: Energy expended since reset.
        rr_s: Intervals between beats, oldest first.
    """

    rate_bpm: int
    has_contact: bool | None
    energy_j: float | None
    rr_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCadence:
    """RSC Measurement, 2A53; nothing where the sensor leaves a field out."""

    speed_m_s: float
    cadence_per_min: int
    stride_m: float | None
    distance_m: float | None
    is_running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclingCadence:
    """CSC Measurement, 2A5B; nothing where the sensor leaves a part out.

    Event times count 1/1024 s in 16 bits, so they wrap every 64 s; see `revolutions_per_s`.

    Attributes:
        wheel_revolutions: Turns of the wheel since reset.
        wheel_event_ticks: Time of the last one, 1/1024 s.
        crank_revolutions: Turns of the crank since reset, 16 bits.
        crank_event_ticks: Time of the last one, 1/1024 s.
    """

    wheel_revolutions: int | None
    wheel_event_ticks: int | None
    crank_revolutions: int | None
    crank_event_ticks: int | None


def _wrong_size(what: str, data: bytes, wanted: str, *, host_ns: int, epoch: int) -> Damaged:
    reason = f"{what} has {len(data)} bytes, wanted {wanted}"
    return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)


def decode_heart_rate(data: bytes, *, host_ns: int, epoch: int) -> HeartRate | Damaged:
    """Read 2A37; RR intervals count 1/1024 s."""
    flags = data[0] if data else 0
    rate_size, energy_size = 1 + (flags & 1), 2 * (flags >> 3 & 1)
    start = 1 + rate_size + energy_size
    rest = len(data) - start
    if rest < 0 or (rest % 2 if flags & 16 else rest):
        wanted = f"{start} and whole RR intervals" if flags & 16 else str(start)
        return _wrong_size("heart rate", data, wanted, host_ns=host_ns, epoch=epoch)
    energy_kj = int.from_bytes(data[1 + rate_size : start], "little")
    return HeartRate(
        rate_bpm=int.from_bytes(data[1 : 1 + rate_size], "little"),
        has_contact=bool(flags & 2) if flags & 4 else None,
        energy_j=energy_kj * 1000.0 if energy_size else None,
        rr_s=tuple(ticks / 1024 for (ticks,) in struct.iter_unpack("<H", data[start:])),
    )


def decode_running(data: bytes, *, host_ns: int, epoch: int) -> RunningCadence | Damaged:
    """Read 2A53: speed 1/256 m/s, stride in cm, distance in dm."""
    flags = data[0] if data else 0
    stride_end = 4 + 2 * (flags & 1)
    size = stride_end + 4 * (flags >> 1 & 1)
    if len(data) != size:
        return _wrong_size("running speed", data, str(size), host_ns=host_ns, epoch=epoch)
    return RunningCadence(
        speed_m_s=int.from_bytes(data[1:3], "little") / 256,
        cadence_per_min=data[3],
        stride_m=int.from_bytes(data[4:stride_end], "little") / 100 if flags & 1 else None,
        distance_m=int.from_bytes(data[stride_end:], "little") / 10 if flags & 2 else None,
        is_running=bool(flags & 4),
    )


def decode_cycling(data: bytes, *, host_ns: int, epoch: int) -> CyclingCadence | Damaged:
    """Read 2A5B: wheel u32 and u16, crank u16 and u16, each only where its flag is set."""
    flags = data[0] if data else 0
    wheel_end = 1 + 6 * (flags & 1)
    size = wheel_end + 4 * (flags >> 1 & 1)
    if len(data) != size:
        return _wrong_size("cycling cadence", data, str(size), host_ns=host_ns, epoch=epoch)
    wheel = struct.unpack("<IH", data[1:wheel_end]) if flags & 1 else (None, None)
    crank = struct.unpack("<HH", data[wheel_end:]) if flags & 2 else (None, None)
    return CyclingCadence(
        wheel_revolutions=wheel[0],
        wheel_event_ticks=wheel[1],
        crank_revolutions=crank[0],
        crank_event_ticks=crank[1],
    )


def revolutions_per_s(
    before: tuple[int, int], after: tuple[int, int], *, counter_bits: int
) -> float | None:
    """Turns per second between two readings, across the wraps of counter and clock.

    Args:
        before: Revolutions and event ticks (1/1024 s) of the earlier reading.
        after: The same of the later one.
        counter_bits: 32 for the wheel, 16 for the crank.

    Returns:
        Rate; nothing when no turn ended between the two.
    """
    turns = (after[0] - before[0]) % (1 << counter_bits)
    ticks = (after[1] - before[1]) % (1 << 16)
    return turns * 1024 / ticks if ticks else None


def decode_temperature_c(data: bytes, *, host_ns: int, epoch: int) -> float | Damaged | None:
    """Read 2A6E, 0.01 degrees Celsius; nothing for "not known"."""
    if len(data) != 2:
        return _wrong_size("temperature", data, "2", host_ns=host_ns, epoch=epoch)
    (raw,) = struct.unpack("<h", data)
    return None if raw == -0x8000 else raw / 100


def decode_body_location(data: bytes, *, host_ns: int, epoch: int) -> str | Damaged:
    """Read 2A38, where a heart rate sensor is worn."""
    if len(data) != 1:
        return _wrong_size("body location", data, "1", host_ns=host_ns, epoch=epoch)
    return BODY_LOCATIONS[data[0]] if data[0] < len(BODY_LOCATIONS) else "unknown"


def decode_battery_pct(data: bytes, *, host_ns: int, epoch: int) -> int | Damaged:
    """Read 2A19, charge in percent."""
    if len(data) != 1:
        return _wrong_size("battery level", data, "1", host_ns=host_ns, epoch=epoch)
    if data[0] > 100:
        reason = f"battery level is {data[0]} %, wanted 0 to 100 %"
        return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)
    return data[0]
