"""XDF recordings of LabRecorder and others: streams on one clock, string streams as markers."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from wearables.sessions.importers.recording import (
    ForeignChannel,
    ForeignMarker,
    ForeignRecording,
    ForeignStream,
)
from wearables.sessions.importers.xdf_chunks import XdfFile, XdfStream, read_chunks

_MAX_PAIRS = 200
_LEAST_RESIDUAL_S = 5e-4


def read_xdf(path: Path) -> ForeignRecording:
    """Read a file; stamps are brought to the recorder's clock by its clock measurements.

    Raises:
        SessionError: If it is no XDF file.
    """
    file = read_chunks(path)
    times = {number: _times_s(stream, file.notes) for number, stream in file.streams.items()}
    zero_s = min((float(t.min()) for t in times.values() if t.size), default=0.0)
    streams: list[ForeignStream] = []
    markers: list[ForeignMarker] = []
    names: dict[str, int] = {}
    for number, stream in file.streams.items():
        name = stream.text("name", f"stream_{number}").replace("/", "_")
        names[name] = names.get(name, 0) + 1
        name += f"_{names[name]}" if names[name] > 1 else ""
        time_s = times[number] - zero_s
        if stream.text("channel_format") == "string":
            markers += [
                ForeignMarker(time_s=float(t), text=text, kind=name)
                for t, text in zip(time_s, stream.texts, strict=True)
            ]
        elif time_s.size:
            streams.append(_stream(name, stream, time_s))
        else:
            file.notes.append(f"stream {name} has no samples and was left out")
    return ForeignRecording(
        streams=tuple(streams), markers=tuple(markers), start_utc=_start(file), device="xdf",
        notes=tuple(file.notes),
    )  # fmt: skip


def _start(file: XdfFile) -> datetime | None:
    text = "" if file.header is None else file.header.findtext("datetime") or ""
    try:
        start = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if start.tzinfo is None:
        file.notes.append("the start has no time zone and is read as UTC")
        return start.replace(tzinfo=UTC)
    return start


def _times_s(stream: XdfStream, notes: list[str]) -> NDArray[np.float64]:
    """Stamps on the recorder's clock; those left out follow at the nominal rate."""
    if not stream.stamps:
        return np.zeros(0)
    stamps = np.concatenate(stream.stamps)
    known = np.flatnonzero(np.isfinite(stamps))
    name = stream.text("name")
    if not known.size:
        notes.append(f"stream {name} has no time stamps; its rate is only nominal")
        stamps = np.arange(stamps.size) / (stream.rate_hz or 1.0)
    elif known.size < stamps.size:
        last = np.maximum.accumulate(np.where(np.isfinite(stamps), np.arange(stamps.size), -1))
        last = np.where(last < 0, known[0], last)
        stamps = stamps[last] + (np.arange(stamps.size) - last) / (stream.rate_hz or np.inf)
    if not stream.offsets:
        return stamps
    at_s, offset_s = np.array(stream.offsets).T
    return stamps + _offset_line(at_s, offset_s)(stamps)


def _offset_line(at_s: NDArray[np.float64], offset_s: NDArray[np.float64]) -> np.poly1d:
    """Line through clock measurements; outliers of the network are left out.

    Starts from the median of the slopes of all pairs (Theil 1950, Sen 1968), then fits the rest.
    """
    if at_s.size < 3 or np.ptp(at_s) == 0:
        return np.poly1d([float(np.median(offset_s))])
    some = np.unique(np.linspace(0, at_s.size - 1, _MAX_PAIRS).astype(int))
    x, y = at_s[some] - at_s[0], offset_s[some]
    i, j = np.triu_indices(some.size, k=1)
    apart = x[i] != x[j]
    slope = float(np.median((y[j] - y[i])[apart] / (x[j] - x[i])[apart]))
    level = float(np.median(y - slope * x))
    residual_s = np.abs(offset_s - level - slope * (at_s - at_s[0]))
    keep = residual_s <= max(_LEAST_RESIDUAL_S, 4 * float(np.median(residual_s)))
    if keep.sum() >= 3 and np.ptp(at_s[keep]) > 0:
        slope, level = np.polyfit(at_s[keep] - at_s[0], offset_s[keep], 1)
    return np.poly1d([slope, level - slope * at_s[0]])


def _text(element: Element | None, key: str) -> str:
    return "" if element is None else (element.findtext(key) or "").strip()


def _stream(name: str, stream: XdfStream, time_s: NDArray[np.float64]) -> ForeignStream:
    values = np.concatenate(stream.values)
    kind = stream.text("type", "other").lower() or "other"
    labels = stream.info.findall("desc/channels/channel")
    channels: list[ForeignChannel] = []
    for i in range(values.shape[1]):
        label = labels[i] if i < len(labels) else None
        channels.append(
            ForeignChannel(
                name=_text(label, "label") or f"channel_{i + 1}",
                unit=_text(label, "unit"),
                kind=_text(label, "type").lower() or kind,
            )
        )
    true_rate = stream.text("desc/true_srate")
    rate_hz = stream.rate_hz or (float(true_rate) if true_rate else 0.0)
    return ForeignStream(
        name=name, channels=tuple(channels), values=values, time_s=time_s,
        rate_hz=rate_hz or None,
    )  # fmt: skip
