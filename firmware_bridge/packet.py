"""The frame: 16-byte header, body, CRC. Little endian; every frame decodes alone.

======  ====  =======================================================
offset  type  field
======  ====  =======================================================
0       u8    version << 4 or kind
1       u8    stream, 0 is the device
2       u16   session: the garment's boot counter
4       u32   index of the first sample
8       u48   device time of the first sample, microseconds since boot
14      u8    number of samples
15      u8    flags
16            body
-2      u16   CRC-16/CCITT-FALSE of everything before
======  ====  =======================================================
"""

import binascii
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

import cbor2

from firmware_bridge.errors import ChecksumError, FrameError

VERSION = 1
HEADER_SIZE = 16
MIN_SIZE = 19
CRC_SIZE = 2
INDEX_MODULUS = 1 << 32

FLAG_CLOCK_SET = 0x02
FLAG_OVERRUN_BEFORE = 0x04
FLAG_END_OF_BLOCK = 0x08

_HEADER = struct.Struct("<BBHIIHBB")


class FrameKind(IntEnum):
    """Low half of the first byte."""

    DATA = 0
    EVENT = 1
    STATUS = 3


class EventKind(IntEnum):
    """Key 0 of an event frame's body."""

    MARKER = 0
    BUTTON = 1
    ON_BODY = 2
    OFF_BODY = 3
    ACTIVITY = 4
    END = 5


def crc16(data: bytes, start: int = 0xFFFF) -> int:
    """CRC-16/CCITT-FALSE; ``123456789`` gives 29B1."""
    return binascii.crc_hqx(data, start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One packet of the data plane, checksum already checked.

    Attributes:
        kind: Data, event or status.
        stream_id: Stream, 0 for the device.
        session: Boot counter of the garment.
        first_index: Index of the first sample modulo 2^32.
        device_us: Device time of the first sample.
        n_samples: Samples in the body, 0 for events and status.
        flags: Flags byte.
        body: What lies between header and checksum.
    """

    kind: FrameKind
    stream_id: int
    session: int
    first_index: int
    device_us: int
    n_samples: int
    flags: int
    body: bytes

    def to_bytes(self) -> bytes:
        """Encode header, body and checksum."""
        head = _HEADER.pack(
            VERSION << 4 | self.kind,
            self.stream_id,
            self.session,
            self.first_index % INDEX_MODULUS,
            self.device_us & 0xFFFFFFFF,
            self.device_us >> 32 & 0xFFFF,
            self.n_samples,
            self.flags,
        )
        data = head + self.body
        return data + struct.pack("<H", crc16(data))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frame":
        """Check length, version, checksum and kind, in this order.

        Raises:
            FrameError: If the bytes are not a frame.
            ChecksumError: If they are one that was damaged.
        """
        if len(data) < MIN_SIZE:
            raise FrameError(f"frame has {len(data)} bytes, at least {MIN_SIZE} are needed")
        if data[0] >> 4 != VERSION:
            raise FrameError(f"frame version is {data[0] >> 4}, wanted {VERSION}")
        expected = int.from_bytes(data[-CRC_SIZE:], "little")
        actual = crc16(data[:-CRC_SIZE])
        if actual != expected:
            raise ChecksumError(expected=expected, actual=actual)
        first, stream_id, session, index, us_low, us_high, n_samples, flags = _HEADER.unpack_from(
            data
        )
        try:
            kind = FrameKind(first & 0x0F)
        except ValueError as error:
            raise FrameError(f"frame kind is {first & 0x0F}, wanted 0, 1 or 3") from error
        return cls(
            kind=kind,
            stream_id=stream_id,
            session=session,
            first_index=index,
            device_us=us_low | us_high << 32,
            n_samples=n_samples,
            flags=flags,
            body=data[HEADER_SIZE:-CRC_SIZE],
        )


def device_frame(
    kind: FrameKind, content: dict[int, Any], *, session: int, counter: int, device_us: int
) -> bytes:
    """Encode an event or status frame; the body is a deterministic CBOR map."""
    return Frame(
        kind=kind,
        stream_id=0,
        session=session,
        first_index=counter,
        device_us=device_us,
        n_samples=0,
        flags=0,
        body=cbor2.dumps(content, canonical=True),
    ).to_bytes()


def device_content(frame: Frame) -> dict[int, Any]:
    """Decode the body of an event or status frame.

    Raises:
        FrameError: If it is not a CBOR map.
    """
    try:
        content = cbor2.loads(frame.body)
    except (cbor2.CBORDecodeError, ValueError, TypeError) as error:
        raise FrameError(f"body of a {frame.kind.name.lower()} frame is not CBOR") from error
    if not isinstance(content, dict):
        raise FrameError(f"body of a {frame.kind.name.lower()} frame is not a map")
    return cast("dict[int, Any]", content)
