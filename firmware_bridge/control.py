"""The control point: SMP messages of group 71. Header 8 bytes, big endian; body a CBOR map."""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, cast

import cbor2

from firmware_bridge.errors import ControlError, MessageError

GROUP_OS = 0
GROUP_GARMENT = 71
HEADER_SIZE = 8
MAX_MESSAGE_SIZE = 65536
_VERSION = 1
_HEADER = struct.Struct(">BBHHBB")


class Op(IntEnum):
    """Low three bits of the first byte."""

    READ = 0
    READ_RESPONSE = 1
    WRITE = 2
    WRITE_RESPONSE = 3


class Command(IntEnum):
    """Commands of group 71."""

    START = 0
    STOP = 1
    SET = 2
    TIME = 3
    LOG_STATUS = 4
    BACKFILL = 5
    ACK = 6
    IDENTIFY = 7
    CALIBRATE = 8
    MARKER = 9
    DESCRIPTOR = 10
    INFO = 11


class Rc(IntEnum):
    """Return codes of group 71."""

    OK = 0
    UNKNOWN = 1
    RANGE = 2
    BUSY = 3
    OVER_BUDGET = 4
    WRONG_STATE = 5
    NO_SUCH_SESSION = 6
    STORAGE = 7


READS = frozenset({Command.TIME, Command.LOG_STATUS, Command.DESCRIPTOR, Command.INFO})


@dataclass(frozen=True, slots=True, kw_only=True)
class SmpMessage:
    """One request or response.

    Attributes:
        op: Read, write, or the response to one.
        group: Command group.
        sequence: Number that ties a response to its request, 0..255.
        command: Command within the group.
        body: Content.
    """

    op: Op
    group: int
    sequence: int
    command: int
    body: dict[str, Any] = field(default_factory=lambda: cast("dict[str, Any]", {}))


def request(command: Command, body: dict[str, Any], *, sequence: int) -> SmpMessage:
    """Build a request of group 71."""
    op = Op.READ if command in READS else Op.WRITE
    return SmpMessage(
        op=op, group=GROUP_GARMENT, sequence=sequence, command=int(command), body=body
    )


def response(to: SmpMessage, body: dict[str, Any]) -> SmpMessage:
    """Build the response to a request."""
    op = Op.READ_RESPONSE if to.op is Op.READ else Op.WRITE_RESPONSE
    return SmpMessage(op=op, group=to.group, sequence=to.sequence, command=to.command, body=body)


def refusal(to: SmpMessage, rc: Rc) -> SmpMessage:
    """Build the response that refuses a request."""
    return response(to, {"err": {"group": to.group, "rc": int(rc)}})


def encode_message(message: SmpMessage) -> bytes:
    """Encode header and body."""
    body = cbor2.dumps(message.body)
    head = _HEADER.pack(
        _VERSION << 3 | message.op, 0, len(body), message.group, message.sequence, message.command
    )
    return head + body


def decode_message(data: bytes) -> SmpMessage:
    """Decode one whole message.

    Raises:
        MessageError: If the bytes are not one.
    """
    if len(data) < HEADER_SIZE:
        raise MessageError(f"control message has {len(data)} bytes, at least 8 are needed")
    first, _, length, group, sequence, command = _HEADER.unpack_from(data)
    if len(data) != HEADER_SIZE + length:
        raise MessageError(f"control message has {len(data) - 8} body bytes, it says {length}")
    try:
        op = Op(first & 0x07)
        body: object = cbor2.loads(data[HEADER_SIZE:]) if length else {}
    except (cbor2.CBORDecodeError, ValueError, TypeError) as error:
        raise MessageError(f"control message cannot be read: {error}") from error
    if not isinstance(body, dict):
        raise MessageError("control message body is not a map")
    content = cast("dict[str, Any]", body)
    return SmpMessage(op=op, group=group, sequence=sequence, command=command, body=content)


def check_response(message: SmpMessage) -> dict[str, Any]:
    """Body of a response.

    Raises:
        ControlError: If the garment refused.
        MessageError: If its refusal cannot be read.
    """
    error: object = message.body.get("err")
    group: object = message.group
    rc: object = message.body.get("rc", 0)
    if isinstance(error, dict):
        details = cast("dict[str, Any]", error)
        group, rc = details.get("group", message.group), details.get("rc", Rc.UNKNOWN)
    elif error is not None:
        rc = None
    if not isinstance(rc, int) or not isinstance(group, int):
        raise MessageError(f"control response cannot be read: err {error!r}, rc {rc!r}")
    if rc == Rc.OK:
        return message.body
    name, reason = str(message.command), f"code {rc}"
    if message.group == GROUP_GARMENT and message.command in set(Command):
        name = Command(message.command).name.lower()
    if group == GROUP_GARMENT and rc in set(Rc):
        reason = Rc(rc).name.lower().replace("_", " ")
    raise ControlError(command=name, group=group, rc=rc, reason=reason)


class SmpAssembler:
    """Put messages together that arrive in pieces; the header says how long they are."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def reset(self) -> None:
        """Forget what has arrived."""
        self._buffer.clear()

    def __call__(self, piece: bytes) -> list[bytes]:
        """Add a piece; returns the messages that are whole now."""
        self._buffer += piece
        messages: list[bytes] = []
        while len(self._buffer) >= HEADER_SIZE:
            size = HEADER_SIZE + int.from_bytes(self._buffer[2:4], "big")
            if len(self._buffer) < size:
                break
            messages.append(bytes(self._buffer[:size]))
            del self._buffer[:size]
        return messages
