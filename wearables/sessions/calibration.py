"""Calibration of a channel: from what its scale gives to the true value, in the channel's own unit.

Raw counts stay as they are; a calibration is applied on reading, so it can be corrected later.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import GarmentSchema
from wearables.errors import SessionError

KINDS = ("affine", "poly", "table")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How one channel is corrected.

    Attributes:
        channel: ``stream/channel``.
        kind: ``affine``: offset and gain; ``poly``: coefficients, constant first; ``table``: pairs
            of measured and true value, straight in between and beyond the ends constant.
        numbers: What the kind needs.
        date_utc: When it was measured, ISO 8601.
    """

    channel: str
    kind: str
    numbers: tuple[float, ...]
    date_utc: str = ""

    def __post_init__(self) -> None:
        n, where = len(self.numbers), f"calibration of {self.channel}"
        if self.kind not in KINDS:
            raise SessionError(f"{where} is of kind {self.kind!r}; known are {', '.join(KINDS)}")
        if not np.isfinite(self.numbers).all():
            raise SessionError(f"{where} has a number that is not finite")
        if (self.kind == "affine" and n != 2) or (self.kind == "poly" and n < 1):
            raise SessionError(f"{where} has {n} numbers, which is no {self.kind} calibration")
        if self.kind == "table" and (n < 4 or n % 2 or (np.diff(self.numbers[::2]) <= 0).any()):
            raise SessionError(f"{where} needs pairs, at least two, with rising measured values")

    def __call__(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Correct values of the channel, shape kept."""
        if self.kind == "table":
            return np.interp(values, self.numbers[::2], self.numbers[1::2])
        return np.polynomial.polynomial.polyval(values, self.numbers)

    def row(self, number: int) -> tuple[Any, ...]:
        """Row of the file's table."""
        return (number, self.channel, self.date_utc, self.kind, json.dumps(self.numbers))


def calibration_of_row(row: Any) -> Calibration:
    """Read a row of the file's table."""
    return Calibration(
        channel=row["channel"].decode(),
        kind=row["kind"].decode(),
        numbers=tuple(float(number) for number in json.loads(row["json"])),
        date_utc=row["date_utc"].decode(),
    )


def read_calibrations(path: Path) -> tuple[Calibration, ...]:
    """Read ``[[calibration]]`` tables of a TOML file: channel, kind, numbers, date_utc.

    Raises:
        SessionError: If it cannot be read or holds something else.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SessionError(f"calibration file {path} cannot be read: {error}") from error
    rows = content.get("calibration", [])
    try:
        return tuple(
            Calibration(**{**row, "numbers": tuple(float(n) for n in row["numbers"])})
            for row in rows
        )
    except (TypeError, KeyError, ValueError) as error:
        if isinstance(error, SessionError):
            raise
        raise SessionError(
            f"calibration file {path}: each [[calibration]] needs channel, kind and numbers"
        ) from error


def by_device(
    calibrations: Sequence[Calibration], schemas: Mapping[str, GarmentSchema]
) -> dict[str, tuple[Calibration, ...]]:
    """Which garment each calibration is of.

    Args:
        calibrations: Of ``device/stream/channel``; of ``stream/channel`` it is of every garment
            that has this channel.
        schemas: The garments, by device.

    Raises:
        SessionError: If one is of no channel.
    """
    channels = {
        key: [f"{s.name}/{c.name}" for s in schema.streams for c in s.channels]
        for key, schema in schemas.items()
    }
    found: dict[str, list[Calibration]] = {key: [] for key in schemas}
    for item in calibrations:
        owners = [key for key, own in channels.items() if item.channel in own]
        device, _, channel = item.channel.partition("/")
        if not owners and channel in channels.get(device, ()):
            found[device].append(replace(item, channel=channel))
            continue
        if not owners:
            known = ", ".join(dict.fromkeys(name for own in channels.values() for name in own))
            raise SessionError(f"calibration of {item.channel!r}: the garment has {known}")
        for key in owners:
            found[key].append(item)
    return {key: tuple(items) for key, items in found.items()}
