"""Event and status frames of the garment itself: what their CBOR maps mean.

Bytes with a right checksum may still hold anything, so every value is checked here, once.
"""

import math
from typing import Any, cast

from firmware_bridge.errors import FrameError
from firmware_bridge.events import Marker, Status
from firmware_bridge.packet import EventKind, Frame, FrameKind, device_content


def read_device_frame(frame: Frame, *, host_ns: int) -> Marker | Status:
    """Read an event or status frame.

    Args:
        frame: Frame of kind EVENT or STATUS.
        host_ns: Arrival.

    Raises:
        FrameError: If its body is not the map that its kind needs.
    """
    content = device_content(frame)
    if frame.kind is FrameKind.STATUS:
        return _status(content, host_ns)
    return _marker(content, frame.device_us, host_ns)


def _marker(content: dict[int, Any], device_us: int, host_ns: int) -> Marker:
    number, text = content.get(0, 0), content.get(1, "")
    if not _is_count(number) or not isinstance(text, str):
        raise FrameError(f"event frame holds kind {number!r} and text {text!r}")
    known = set(EventKind)
    kind = EventKind(number).name.lower() if number in known else f"event_{number}"
    return Marker(host_ns=host_ns, kind=kind, text=text, source="device", device_us=device_us)


def _status(content: dict[int, Any], host_ns: int) -> Status:
    battery_pct, used_b = content.get(0, math.nan), content.get(2, 0)
    if isinstance(battery_pct, bool) or not isinstance(battery_pct, int | float):
        raise FrameError(f"status frame holds a battery charge of {battery_pct!r}, wanted a number")
    if not _is_count(used_b):
        raise FrameError(f"status frame holds {used_b!r} log bytes, wanted a count")
    rows = content.get(1, [])
    if not isinstance(rows, list):
        raise FrameError(f"status frame holds {rows!r} for its streams, wanted a list")
    lost, dropped = 0, 0
    for row in cast("list[object]", rows):
        cells = cast("list[object]", row) if isinstance(row, list) else []
        if len(cells) != 3 or not all(map(_is_count, cells)):
            raise FrameError(f"status frame holds the row {row!r}, wanted [stream, lost, dropped]")
        lost += cast("int", cells[1])
        dropped += cast("int", cells[2])
    return Status(
        host_ns=host_ns,
        battery_pct=float(battery_pct) if abs(battery_pct) < 1e6 else math.nan,
        producer_lost=lost,
        frames_dropped=dropped,
        log_used_b=used_b,
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63
