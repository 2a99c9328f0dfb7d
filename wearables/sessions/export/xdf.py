"""XDF 1.0, after the specification of the format (github.com/sccn/xdf/wiki/Specifications).

Readers smooth time stamps over short gaps when a nominal rate is given, so a stream with gaps
states rate 0 and keeps its true rate in ``desc``.
"""

import struct
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from wearables.sessions.export.sidecar import write_sidecar
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader

TAG_FILE, TAG_STREAM, TAG_SAMPLES, TAG_FOOTER = 1, 2, 3, 6
BLOCK_ROWS = 4096


def write_xdf(session: Session, folder: Path) -> list[Path]:
    """Write ``<session>.xdf``: one stream each, and one of markers; stamps are session time."""
    path = folder / f"{session.file_name}.xdf"
    parts = [b"XDF:", _chunk(TAG_FILE, b'<?xml version="1.0"?><info><version>1.0</version></info>')]
    for number, (name, stream) in enumerate(session.streams.items(), start=1):
        parts += _stream(number, name, stream)
    parts += _markers(len(session.streams) + 1, session)
    path.write_bytes(b"".join(parts))
    return [path, write_sidecar(session, folder / f"{session.file_name}.json")]


def _chunk(tag: int, content: bytes) -> bytes:
    return struct.pack("<BIH", 4, len(content) + 2, tag) + content


def _head(number: int, fields: dict[str, object], desc: str) -> bytes:
    items = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in fields.items())
    text = f'<?xml version="1.0"?><info>{items}<desc>{desc}</desc></info>'
    return _chunk(TAG_STREAM, struct.pack("<I", number) + text.encode())


def _footer(number: int, times_s: np.ndarray) -> bytes:
    first, last = (float(times_s[0]), float(times_s[-1])) if times_s.size else (0.0, 0.0)
    text = (
        f'<?xml version="1.0"?><info><first_timestamp>{first!r}</first_timestamp>'
        f"<last_timestamp>{last!r}</last_timestamp>"
        f"<sample_count>{times_s.size}</sample_count></info>"
    )
    return _chunk(TAG_FOOTER, struct.pack("<I", number) + text.encode())


def _stream(number: int, name: str, stream: StreamReader) -> list[bytes]:
    block = stream.read()
    stored = stream.stored_rows(block.first_index, block.first_index + block.n_samples)
    times_s, values = block.time_s[stored], block.values[stored]
    rate_hz = stream.rate_hz if stored.all() else 0
    channels = "".join(
        f"<channel><label>{escape(label)}</label><type>{escape(kind)}</type></channel>"
        for label, kind in zip(block.channels, stream.kinds, strict=True)
    )
    fields = {
        "name": name, "type": stream.kind, "channel_count": len(block.channels),
        "nominal_srate": rate_hz, "channel_format": "double64", "source_id": name,
    }  # fmt: skip
    desc = f"<channels>{channels}</channels><true_srate>{stream.rate_hz!r}</true_srate>"
    parts = [_head(number, fields, desc)]
    dtype = np.dtype([("size", "u1"), ("time", "<f8"), ("values", "<f8", (len(block.channels),))])
    rows = np.zeros(times_s.size, dtype=dtype)
    rows["size"], rows["time"], rows["values"] = 8, times_s, values
    for i in range(0, len(rows), BLOCK_ROWS):
        piece = rows[i : i + BLOCK_ROWS]
        head = struct.pack("<IBI", number, 4, len(piece))
        parts.append(_chunk(TAG_SAMPLES, head + piece.tobytes()))
    return [*parts, _footer(number, times_s)]


def _markers(number: int, session: Session) -> list[bytes]:
    marks = session.notes
    fields = {
        "name": "markers", "type": "Markers", "channel_count": 1, "nominal_srate": 0,
        "channel_format": "string", "source_id": "markers",
    }  # fmt: skip
    samples = b""
    for mark in marks:
        text = f"{mark.kind}: {mark.text}".encode()
        samples += struct.pack("<BdBI", 8, mark.time_s, 4, len(text)) + text
    parts = [_head(number, fields, "")]
    if marks:
        head = struct.pack("<IBI", number, 4, len(marks))
        parts.append(_chunk(TAG_SAMPLES, head + samples))
    return [*parts, _footer(number, np.array([mark.time_s for mark in marks]))]
