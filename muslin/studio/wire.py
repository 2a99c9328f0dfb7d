"""Binary messages from the studio to its page: little endian, a head of 20 bytes, then a payload.

One web-socket message holds one frame or several, one after the other; a payload of text is padded
with blanks to a multiple of four bytes.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEAD = struct.Struct("<BBHIdf")


class Kind(IntEnum):
    """What a frame holds."""

    SAMPLES = 0
    ENVELOPE = 1
    EVENTS = 2
    STATE = 3
    POSITIONS = 4
    COLORS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WireFrame:
    """One decoded frame.

    Attributes:
        kind: What it holds.
        number: Stream or mesh.
        first_s: Time of the first sample on the session clock.
        rate_hz: Samples a second.
        values: Samples, shape (n, n_channels); empty for text.
        content: Text as it was, for events and states.
    """

    kind: Kind
    number: int
    first_s: float
    rate_hz: float
    values: NDArray[np.float32]
    content: Any = None


def pack_samples(
    values: NDArray[np.floating], *, number: int, first_s: float, rate_hz: float,
    kind: Kind = Kind.SAMPLES,
) -> bytes:  # fmt: skip
    """Frame of samples, shape (n, n_channels), or of least and largest side by side, twice as wide.

    NaN where nothing was measured.
    """
    n, n_columns = values.shape
    n_channels = n_columns // 2 if kind == Kind.ENVELOPE else n_columns
    head = HEAD.pack(kind, number, n_channels, n, first_s, rate_hz)
    return head + np.ascontiguousarray(values, dtype="<f4").tobytes()


def pack_json(content: Any, *, kind: Kind = Kind.EVENTS, number: int = 0) -> bytes:
    """Frame of text; NaN must have become null before."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return HEAD.pack(kind, number, 1, len(text), 0.0, 0.0) + text


def unpack(message: bytes) -> Iterator[WireFrame]:
    """Frames of a message, in order.

    Raises:
        ValueError: If it ends inside a frame or holds an unknown kind.
    """
    at = 0
    while at < len(message):
        if at + HEAD.size > len(message):
            raise ValueError(f"message of {len(message)} bytes ends inside a head at {at}")
        number_kind, number, n_channels, n, first_s, rate_hz = HEAD.unpack_from(message, at)
        kind = Kind(number_kind)
        is_text = kind in (Kind.EVENTS, Kind.STATE)
        size = n if is_text else 4 * n * n_channels * (2 if kind == Kind.ENVELOPE else 1)
        at += HEAD.size
        if at + size > len(message):
            raise ValueError(f"frame at {at} wants {size} bytes, {len(message) - at} are there")
        values = np.zeros((0, 0), dtype=np.float32)
        if not is_text:
            values = np.frombuffer(message, dtype="<f4", count=size // 4, offset=at)
            values = values.reshape(n, -1) if n else values.reshape(0, n_channels)
        yield WireFrame(
            kind=kind, number=number, first_s=first_s, rate_hz=rate_hz, values=values,
            content=json.loads(message[at : at + size]) if is_text else None,
        )  # fmt: skip
        at += size
