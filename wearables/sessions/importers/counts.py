"""Foreign numbers as integers of at most 32 bits, exact wherever they can be."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import ChannelSchema
from wearables.errors import SessionError
from wearables.sessions.importers.recording import ForeignChannel
from wearables.sessions.units import si_factor

MAX_COUNT = (1 << 31) - 1
_MAX_DECIMALS = 9
_WIDTHS = (8, 16, 24, 32)
_ZERO_CELSIUS_K = 273.15

# Words of other programs for units of UCUM.
_UNITS = {
    "": "1", "none": "1", "na": "1", "n/a": "1", "counts": "{count}", "count": "{count}",
    "adc": "{count}", "percent": "%", "uv": "uV", "µv": "uV", "μv": "uV", "microvolt": "uV",
    "microvolts": "uV", "mv": "mV", "millivolt": "mV", "millivolts": "mV", "v": "V", "volt": "V",
    "volts": "V", "g": "[g]", "mg": "m[g]", "m/s^2": "m/s2", "m/s²": "m/s2", "m/s2": "m/s2",
    "deg/s": "deg/s", "dps": "deg/s", "°/s": "deg/s", "rad/s": "rad/s", "us": "uS", "µs": "uS",
    "microsiemens": "uS", "ut": "uT", "µt": "uT", "bpm": "/min", "1/min": "/min", "rpm": "/min",
    "s": "s", "sec": "s", "seconds": "s", "ms": "ms", "degc": "Cel", "°c": "Cel", "c": "Cel",
    "celsius": "Cel", "pa": "Pa", "kpa": "kPa", "k": "K",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantized:
    """Integers of a channel; number = (count - offset) * step, within ``error``."""

    counts: NDArray[np.int64]
    step: float
    offset: float
    error: float


def quantize(values: NDArray[np.float64]) -> Quantized:
    """Find integers for numbers: whole, else decimal, else the range in 32 bits.

    Args:
        values: Finite numbers, shape (n,).

    Raises:
        SessionError: If the range of the numbers is beyond a float.
    """
    largest = float(np.abs(values).max(initial=0))
    for digits in range(_MAX_DECIMALS + 1):
        scaled_largest = largest * 10**digits
        if scaled_largest > MAX_COUNT:
            break
        scaled = values * 10**digits
        counts = np.rint(scaled)
        # What a decimal text loses as a float is a few of the last bits.
        if (np.abs(scaled - counts) <= 4 * np.spacing(np.abs(scaled))).all():
            return Quantized(
                counts=counts.astype(np.int64), step=1 / 10**digits, offset=0.0, error=0.0
            )
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low):
        raise SessionError(f"values from {low:g} to {high:g} cannot be kept as integers")
    step = (high - low) / (2 * MAX_COUNT) or max(largest, 1e-300) / MAX_COUNT
    middle = low / 2 + high / 2
    counts = np.clip(np.rint((values - middle) / step), -MAX_COUNT, MAX_COUNT)
    return Quantized(
        counts=counts.astype(np.int64), step=step, offset=-middle / step, error=step / 2
    )


def ucum(unit: str) -> tuple[str, bool]:
    """UCUM word of a unit, and whether it is known; what is not becomes a plain number."""
    known = _UNITS.get(unit.strip().lower(), unit.strip())
    if known == "Cel":
        return "K", True
    try:
        si_factor(known)
    except SessionError:
        return "1", False
    return known, True


def channel_schema(channel: ForeignChannel, found: Quantized) -> ChannelSchema:
    """Describe the integers of a channel, in the narrowest width."""
    low, high = int(found.counts.min(initial=0)), int(found.counts.max(initial=0))
    signed = low < 0
    needed = max(high.bit_length(), (-low - 1).bit_length() if signed else 0) + signed
    scale = found.step * channel.scale
    offset = found.offset + channel.offset / found.step
    unit, is_known = ucum(channel.unit)
    if is_known and _UNITS.get(channel.unit.strip().lower()) == "Cel":
        offset -= _ZERO_CELSIUS_K / scale
    return ChannelSchema(
        name=channel.name,
        unit=unit,
        bits=min(width for width in _WIDTHS if width >= needed),
        signed=signed,
        scale=scale,
        offset=offset,
        kind=channel.kind,
        site=channel.site,
    )


def renamed(channels: tuple[ForeignChannel, ...]) -> tuple[ForeignChannel, ...]:
    """Channels with names that differ: a repeated one gets a number."""
    seen: dict[str, int] = {}
    result: list[ForeignChannel] = []
    for channel in channels:
        name = channel.name or "channel"
        seen[name] = seen.get(name, 0) + 1
        suffix = f"_{seen[name]}" if seen[name] > 1 else ""
        result.append(dataclasses.replace(channel, name=name + suffix))
    return tuple(result)
