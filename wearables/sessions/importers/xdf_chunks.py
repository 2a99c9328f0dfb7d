"""XDF 1.0 as chunks and samples, after the specification (github.com/sccn/xdf/wiki).

A truncated file gives what stands before the cut.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SessionError

TAG_FILE, TAG_STREAM, TAG_SAMPLES, TAG_OFFSET = 1, 2, 3, 4
_DTYPES = {
    "float32": "<f4", "double64": "<f8", "int8": "<i1", "int16": "<i2", "int32": "<i4",
    "int64": "<i8",
}  # fmt: skip


@dataclass(slots=True)
class XdfStream:
    """One stream, samples in the order of the file.

    Attributes:
        info: Its header.
        stamps: Time stamp of each sample, NaN where it has none.
        values: Numbers, shape (n, n_channels), in pieces; empty for texts.
        texts: First text of each sample; empty for numbers.
        offsets: Collection time and offset of each clock measurement.
    """

    info: ElementTree.Element
    stamps: list[NDArray[np.float64]] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    offsets: list[tuple[float, float]] = field(default_factory=list)

    def text(self, path: str, default: str = "") -> str:
        """Text of an element of the header."""
        return (self.info.findtext(path) or default).strip()

    @property
    def n_channels(self) -> int:
        """Columns."""
        return int(self.text("channel_count", "1"))

    @property
    def rate_hz(self) -> float:
        """Nominal rate; 0 for events."""
        return float(self.text("nominal_srate", "0"))


@dataclass(slots=True)
class XdfFile:
    """Header, streams by number, and what was odd."""

    header: ElementTree.Element | None = None
    streams: dict[int, XdfStream] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _chunks(data: bytes, notes: list[str]) -> Iterator[tuple[int, bytes]]:
    position = 4
    while position < len(data):
        width = data[position]
        if width not in (1, 4, 8):
            notes.append(f"the file is damaged at byte {position}; the rest was not read")
            return
        start = position + 1 + width
        length = int.from_bytes(data[position + 1 : start], "little")
        if length < 2 or start + length > len(data):
            notes.append(f"the file is cut off at byte {position}; what stands before it was read")
            return
        yield int.from_bytes(data[start : start + 2], "little"), data[start + 2 : start + length]
        position = start + length


def read_chunks(path: Path) -> XdfFile:
    """Read a file.

    Raises:
        SessionError: If it is no XDF file.
    """
    data = path.read_bytes()
    if data[:4] != b"XDF:":
        raise SessionError(f"{path} does not start with 'XDF:', so it is no XDF file")
    found = XdfFile()
    for tag, content in _chunks(data, found.notes):
        try:
            _take(found, tag, content)
        except (struct.error, ValueError, KeyError, IndexError, ElementTree.ParseError) as error:
            found.notes.append(f"a chunk of kind {tag} cannot be read ({error}) and was left out")
    return found


def _take(found: XdfFile, tag: int, content: bytes) -> None:
    if tag == TAG_FILE:
        found.header = ElementTree.fromstring(content)
        return
    if tag not in (TAG_STREAM, TAG_SAMPLES, TAG_OFFSET):
        return
    number = int.from_bytes(content[:4], "little")
    if tag == TAG_STREAM:
        found.streams[number] = XdfStream(info=ElementTree.fromstring(content[4:]))
    elif tag == TAG_OFFSET:
        found.streams[number].offsets.append(struct.unpack("<dd", content[4:20]))
    else:
        _samples(found.streams[number], content, 4)


def _varlen(data: bytes, position: int) -> tuple[int, int]:
    """A number after the count of its bytes; returns it and the position behind."""
    width = data[position]
    if width not in (1, 4, 8):
        raise ValueError(f"length of {width} bytes")
    end = position + 1 + width
    return int.from_bytes(data[position + 1 : end], "little"), end


def _samples(stream: XdfStream, data: bytes, position: int) -> None:
    n, position = _varlen(data, position)
    kind = stream.text("channel_format")
    if kind == "string":
        _texts(stream, data, position, n)
        return
    dtype = np.dtype(_DTYPES[kind])
    size = dtype.itemsize * stream.n_channels
    # Either every sample of a chunk has a stamp, or some have none.
    row = np.dtype([("width", "u1"), ("stamp", "<f8"), ("values", dtype, (stream.n_channels,))])
    if len(data) - position == n * row.itemsize:
        rows = np.frombuffer(data, dtype=row, count=n, offset=position)
        if (rows["width"] == 8).all():
            stream.stamps.append(rows["stamp"].astype(np.float64))
            stream.values.append(rows["values"].astype(np.float64))
            return
    stamps, values = np.full(n, np.nan), np.zeros((n, stream.n_channels))
    for i in range(n):
        stamps[i], position = _stamp(data, position)
        if position + size > len(data):
            raise ValueError(f"sample {i} of {n} is cut off")
        values[i] = np.frombuffer(data, dtype=dtype, count=stream.n_channels, offset=position)
        position += size
    stream.stamps.append(stamps)
    stream.values.append(values)


def _stamp(data: bytes, position: int) -> tuple[float, int]:
    if data[position] == 0:
        return float("nan"), position + 1
    (stamp,) = struct.unpack_from("<d", data, position + 1)
    return stamp, position + 9


def _texts(stream: XdfStream, data: bytes, position: int, n: int) -> None:
    for _ in range(n):
        stamp, position = _stamp(data, position)
        words: list[str] = []
        for _ in range(stream.n_channels):
            length, position = _varlen(data, position)
            words.append(data[position : position + length].decode("utf-8", "replace"))
            position += length
        stream.stamps.append(np.array([stamp]))
        stream.texts.append(" ".join(words))
