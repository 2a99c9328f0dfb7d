"""EDF, EDF+ and BDF: digital integers are kept as they are, gaps of EDF+D become gaps.

After the specification of the format (edfplus.info) and of BDF (biosemi.com/faq/file_format.htm).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SessionError
from wearables.sessions.importers.recording import (
    ForeignChannel,
    ForeignMarker,
    ForeignRecording,
    ForeignStream,
)

_HEAD = 256
# Fields of the signals' headers and their widths, in order.
_FIELDS = {
    "label": 16, "transducer": 80, "unit": 8, "physical_min": 8, "physical_max": 8,
    "digital_min": 8, "digital_max": 8, "prefilter": 80, "n_samples": 8, "reserved": 32,
}  # fmt: skip
_BAD_GAP = b"BAD_gap"
_NOTES = ("EDF Annotations", "BDF Annotations")
_TAL = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?))?\x14([^\0]*)\x14\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    start_utc: datetime | None
    record_s: float
    n_bytes: int
    signals: list[dict[str, str]]


def read_edf(path: Path) -> ForeignRecording:
    """Read a file.

    Raises:
        SessionError: If it is no EDF or BDF file, or its header makes no sense.
    """
    data = path.read_bytes()
    width = 3 if data[:8] == b"\xffBIOSEMI" else 2
    if width == 2 and data[:8].strip() != b"0":
        raise SessionError(f"{path} is neither EDF nor BDF by its first bytes")
    try:
        head = _read_head(data)
        sizes = [int(signal["n_samples"]) for signal in head.signals]
        recording = _read_records(data, head, sizes, width)
    except (ValueError, IndexError, UnicodeDecodeError, ZeroDivisionError) as error:
        raise SessionError(f"header of {path} cannot be read: {error}") from error
    return recording


def _read_head(data: bytes) -> _Head:
    n_signals = int(data[252:256])
    n_bytes = _HEAD * (n_signals + 1)
    if len(data) < n_bytes:
        raise ValueError(f"{len(data)} bytes for {n_signals} signals")
    signals: list[dict[str, str]] = [{} for _ in range(n_signals)]
    position = _HEAD
    for name, size in _FIELDS.items():
        for signal in signals:
            signal[name] = data[position : position + size].decode("latin-1").strip()
            position += size
    text = data[168:184].decode("latin-1")
    try:
        naive = datetime.strptime(text, "%d.%m.%y%H.%M.%S").replace(tzinfo=UTC)
        # The format counts years from 1985 to 2084.
        start = naive.replace(year=naive.year % 100 + (1900 if naive.year % 100 >= 85 else 2000))
    except ValueError:
        start = None
    return _Head(start_utc=start, record_s=float(data[244:252]), n_bytes=n_bytes, signals=signals)


def _read_records(data: bytes, head: _Head, sizes: list[int], width: int) -> ForeignRecording:
    if not sizes or min(sizes) < 0 or sum(sizes) == 0:
        raise ValueError("a data record holds no samples")
    record_bytes = width * sum(sizes)
    n_records = (len(data) - head.n_bytes) // record_bytes
    notes = ["the start has no time zone and is read as UTC"] if head.start_utc else []
    if (len(data) - head.n_bytes) % record_bytes:
        notes.append("the last data record is cut off and was left out")
    body = data[head.n_bytes : head.n_bytes + n_records * record_bytes]
    rows = np.frombuffer(body, dtype=np.uint8).reshape(n_records, record_bytes)
    starts = width * np.concatenate([[0], np.cumsum(sizes)])
    begins_s = np.arange(n_records) * head.record_s
    markers: list[ForeignMarker] = []
    gaps_s: list[tuple[float, float]] = []
    for i, signal in enumerate(head.signals):
        if signal["label"] in _NOTES:
            texts = [row.tobytes() for row in rows[:, starts[i] : starts[i + 1]]]
            found, own_s = _annotations(texts)
            markers += found
            gaps_s += _gaps(texts)
            if len(own_s) == n_records and n_records:
                begins_s = np.array(own_s)
    groups: dict[int, list[int]] = {}
    for i, signal in enumerate(head.signals):
        if signal["label"] not in _NOTES and sizes[i]:
            groups.setdefault(sizes[i], []).append(i)
    streams: list[ForeignStream] = []
    for size, members in groups.items():
        rate_hz = size / head.record_s
        parts = [_integers(rows[:, starts[i] : starts[i + 1]], width) for i in members]
        times_s = (begins_s[:, None] + np.arange(size) / rate_hz).ravel()
        values = np.stack(parts, axis=1)
        floor = np.array([float(head.signals[i]["digital_min"]) for i in members])
        values[_filled(gaps_s, times_s, values, floor, rate_hz)] = np.nan
        streams.append(
            ForeignStream(
                name=f"edf_{rate_hz:g}hz", rate_hz=rate_hz, time_s=times_s,
                channels=tuple(_channel(head.signals[i]) for i in members),
                values=values,
            )
        )  # fmt: skip
    return ForeignRecording(
        streams=tuple(streams), markers=tuple(markers), start_utc=head.start_utc, device="edf",
        notes=tuple(notes),
    )  # fmt: skip


def _gaps(records: list[bytes]) -> list[tuple[float, float]]:
    """Start and end of what remarks call a gap: EDF+C has no other way to say so."""
    return [
        (float(found[1]), float(found[1]) + float(found[2]))
        for record in records
        for found in _TAL.finditer(record)
        if found[2] and found[3].startswith(_BAD_GAP)
    ]


def _filled(
    gaps_s: list[tuple[float, float]],
    times_s: NDArray[np.float64],
    values: NDArray[np.float64],
    floor: NDArray[np.float64],
    rate_hz: float,
) -> NDArray[np.bool_]:
    """Rows in a gap that hold nothing but the smallest value, shape (n_samples,).

    A remark holds for the whole file, so a stream that went on keeps its samples.
    """
    inside = np.zeros(len(times_s), dtype=bool)
    for start_s, stop_s in gaps_s:
        inside |= (times_s > start_s - 0.5 / rate_hz) & (times_s < stop_s + 0.5 / rate_hz)
    return inside & (values == floor).all(axis=1)


def _integers(block: NDArray[np.uint8], width: int) -> NDArray[np.float64]:
    octets = block.reshape(-1, width).astype(np.int64)
    words = (octets << (8 * np.arange(width))).sum(axis=1)
    return (words - (words >> (8 * width - 1) << (8 * width))).astype(np.float64)


def _channel(signal: dict[str, str]) -> ForeignChannel:
    digital_min, digital_max = float(signal["digital_min"]), float(signal["digital_max"])
    physical_min, physical_max = float(signal["physical_min"]), float(signal["physical_max"])
    scale = (physical_max - physical_min) / (digital_max - digital_min)
    if scale == 0:
        raise ValueError(f"signal {signal['label']!r} has no physical range")
    label = signal["label"]
    return ForeignChannel(
        name=label,
        unit=signal["unit"],
        kind=label.split()[0].lower() if label else "other",
        scale=scale,
        offset=digital_min - physical_min / scale,
    )


def _annotations(records: list[bytes]) -> tuple[list[ForeignMarker], list[float]]:
    """Remarks, and the start of each record that its first, empty annotation tells."""
    markers: list[ForeignMarker] = []
    begins_s: list[float] = []
    for record in records:
        for i, found in enumerate(_TAL.finditer(record)):
            onset_s, text = float(found[1]), found[3]
            if i == 0:
                begins_s.append(onset_s)
            words = [word.decode("utf-8", "replace") for word in text.split(b"\x14") if word]
            markers += [
                ForeignMarker(time_s=onset_s, text=word, kind="annotation") for word in words
            ]
    return markers, begins_s
