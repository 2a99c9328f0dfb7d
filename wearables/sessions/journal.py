"""The journal beside a recording: everything that was received, in records that survive a kill.

A record is COBS-coded and ended by a zero byte: kind u8, device u16, epoch u32, host_ns i64,
body, CRC-32 u32, little endian. A torn or flipped record costs itself only: the reader goes on at
the next zero. The link hands on decoded events, so a frame's body holds its header fields and its
counts in the stream's integer type instead of the bytes from the air.
"""

import os
import struct
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cbor2
import numpy as np

from firmware_bridge.framing import CobsReader, encode_cobs
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import Exchange
from wearables.errors import SessionError
from wearables.events import (
    Damaged,
    Event,
    Exchanged,
    LinkClosed,
    LinkOpened,
    LossCause,
    Lost,
    Marker,
    Sampled,
    Status,
)
from wearables.sessions import layout

BATCH_NS = 100_000_000
SYNC_NS = 1_000_000_000
CAP_BYTES = 1 << 24

KIND_HEADER, KIND_FRAME, KIND_EXCHANGE, KIND_MARKER, KIND_LINK, KIND_DESCRIPTOR = range(6)
KIND_LOSS, KIND_STATUS, KIND_DAMAGE = 7, 8, 9

_HEAD = struct.Struct("<BHIq")
_FRAME = struct.Struct("<BBBIQQI")
_CRC = struct.Struct("<I")
_KINDS: dict[type, int] = {
    Exchanged: KIND_EXCHANGE,
    Marker: KIND_MARKER,
    LinkOpened: KIND_LINK,
    LinkClosed: KIND_LINK,
    Lost: KIND_LOSS,
    Status: KIND_STATUS,
    Damaged: KIND_DAMAGE,
}


def journal_path(session: Path) -> Path:
    """Where the journal of a session lies."""
    return session.with_name(session.name + ".journal")


def _stream_dtypes(schema: GarmentSchema) -> dict[int, np.dtype]:
    return {
        stream.id: np.result_type(
            *(layout.raw_dtype(c.bits, signed=c.signed) for c in stream.channels)
        ).newbyteorder("<")
        for stream in schema.streams
    }


def _record(kind: int, body: bytes, *, device: int = 0, epoch: int = 0, host_ns: int = 0) -> bytes:
    packet = _HEAD.pack(kind, device, epoch, host_ns) + body
    return encode_cobs(packet + _CRC.pack(zlib.crc32(packet)))


class JournalWriter:
    """Append records; written every 100 ms, on the disk every second."""

    def __init__(
        self, path: Path, schemas: Mapping[str, GarmentSchema], head: dict[str, Any]
    ) -> None:
        self.path = path
        self._numbers = {key: i for i, key in enumerate(schemas)}
        self._dtypes = {key: _stream_dtypes(schema) for key, schema in schemas.items()}
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        self._descriptor = os.open(path, flags, 0o644)
        self._batch = bytearray()
        self._written_ns = self._synced_ns = time.monotonic_ns()
        self._batch += _record(KIND_HEADER, cbor2.dumps({**head, "devices": list(schemas)}))
        for key, schema in schemas.items():
            number = self._numbers[key]
            self._batch += _record(KIND_DESCRIPTOR, schema.to_cbor(), device=number)
        self.flush(sync=True)

    def append(self, event: Event, *, device: str) -> None:
        """Take in one event of a garment."""
        number = self._numbers[device]
        if isinstance(event, Sampled):
            counts = event.counts.astype(self._dtypes[device][event.stream_id])
            head = (event.stream_id, event.flags, event.backfilled, event.boot)
            place = (event.first_index, event.device_us, len(counts))
            body = _FRAME.pack(*head, *place) + counts.tobytes()
            times = {"epoch": event.epoch, "host_ns": event.host_ns}
            record = _record(KIND_FRAME, body, device=number, **times)
        else:
            body = cbor2.dumps({"type": type(event).__name__, **asdict(event)})
            host_ns = 0 if isinstance(event, Exchanged) else event.host_ns
            record = _record(_KINDS[type(event)], body, device=number, host_ns=host_ns)
        self._batch += record
        if time.monotonic_ns() - self._written_ns >= BATCH_NS:
            self.flush()

    def flush(self, *, sync: bool = False) -> None:
        """Write the batch; each second, or when asked, wait for the disk.

        Raises:
            OSError: If the disk is full or gone.
        """
        while self._batch:
            del self._batch[: os.write(self._descriptor, bytes(self._batch))]
        self._written_ns = time.monotonic_ns()
        if sync or self._written_ns - self._synced_ns >= SYNC_NS:
            # fdatasync is missing on macOS and Windows.
            getattr(os, "fdatasync", os.fsync)(self._descriptor)
            self._synced_ns = self._written_ns

    def close(self) -> None:
        """Close the file; the batch must have been flushed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What a journal still holds.

    Attributes:
        head: Root attributes and subject of the session.
        schemas: The garments, by device.
        events: Device and event, in order of arrival.
        n_damaged: Records that could not be read.
    """

    head: dict[str, Any]
    schemas: dict[str, GarmentSchema]
    events: list[tuple[str, Event]]
    n_damaged: int


def read_journal(path: Path) -> Journal:
    """Read every intact record.

    Raises:
        SessionError: If the file is missing, or the descriptor of the garment is not in it.
    """
    if not path.is_file():
        raise SessionError(f"journal {path} does not exist")
    reader = CobsReader(cap_bytes=CAP_BYTES)
    data = path.read_bytes()
    packets = reader(data)
    # What follows the last zero byte is a torn record.
    n_damaged = reader.n_damaged + int(bool(data) and data[-1] != 0)
    head: dict[str, Any] = {}
    schemas: dict[int, GarmentSchema] = {}
    dtypes: dict[int, dict[int, np.dtype]] = {}
    events: list[tuple[int, Event]] = []
    for packet in packets:
        body = _checked(packet)
        if body is None:
            n_damaged += 1
            continue
        kind, device, _, _ = _HEAD.unpack_from(packet)
        if kind == KIND_HEADER:
            head = cbor2.loads(body)
        elif kind == KIND_DESCRIPTOR:
            schemas[device] = GarmentSchema.from_cbor(body)
            dtypes[device] = _stream_dtypes(schemas[device])
        elif kind != KIND_FRAME:
            events.append((device, _event(cbor2.loads(body))))
        elif device in schemas:
            events.append((device, _frame(packet, body, dtypes[device])))
    if not schemas:
        raise SessionError(f"journal {path} holds no descriptor of the garment, so it is no help")
    return _named(head, schemas, events, n_damaged)


def _named(
    head: dict[str, Any],
    schemas: dict[int, GarmentSchema],
    events: list[tuple[int, Event]],
    n_damaged: int,
) -> Journal:
    """Give devices their names; one whose descriptor is damaged is left out."""
    told: list[str] = head.pop("devices", [layout.DEVICE_KEY])
    names = {
        number: told[number] if number < len(told) else f"{layout.DEVICE_KEY}-{number + 1}"
        for number in schemas
    }
    return Journal(
        head=head,
        schemas={names[number]: schema for number, schema in schemas.items()},
        events=[(names[number], event) for number, event in events if number in names],
        n_damaged=n_damaged,
    )


def _checked(packet: bytes) -> bytes | None:
    """Body of a record, or nothing when its checksum is wrong."""
    if len(packet) < _HEAD.size + _CRC.size:
        return None
    if _CRC.unpack(packet[-_CRC.size :])[0] != zlib.crc32(packet[: -_CRC.size]):
        return None
    return packet[_HEAD.size : -_CRC.size]


def _frame(packet: bytes, body: bytes, dtypes: dict[int, np.dtype]) -> Sampled:
    _, _, epoch, host_ns = _HEAD.unpack_from(packet)
    stream_id, flags, backfilled, boot, index, device_us, n = _FRAME.unpack_from(body)
    counts = np.frombuffer(body[_FRAME.size :], dtype=dtypes[stream_id]).astype(np.int64)
    return Sampled(
        stream_id=stream_id,
        boot=boot,
        first_index=index,
        device_us=device_us,
        counts=counts.reshape(n, -1),
        flags=flags,
        host_ns=host_ns,
        epoch=epoch,
        backfilled=bool(backfilled),
    )


def _event(fields: dict[str, Any]) -> Event:
    name = fields.pop("type")
    if name == "Exchanged":
        return Exchanged(**{**fields, "exchange": Exchange(**fields["exchange"])})
    if name == "Lost":
        return Lost(**{**fields, "cause": LossCause(fields["cause"])})
    types = (Marker, LinkOpened, LinkClosed, Status, Damaged)
    return {kind.__name__: kind for kind in types}[name](**fields)
