"""Write a foreign recording through the session writer."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import SchemaError
from firmware_bridge.events import LossCause, Lost, Marker, Sampled
from firmware_bridge.schema import GarmentSchema, StreamSchema
from wearables.errors import SessionError
from wearables.sessions.importers.counts import (
    Quantized,
    channel_schema,
    quantize,
    renamed,
    ucum,
)
from wearables.sessions.importers.placing import Run, find_runs
from wearables.sessions.importers.recording import (
    ForeignChannel,
    ForeignRecording,
    ForeignStream,
)
from wearables.sessions.subject import SubjectInfo
from wearables.sessions.writer import SessionWriter

# Long frames, since the stamps of a file are steadier than those of a radio; short ones for slow
# streams would cost more than the samples.
FRAME_S = 10.0
MIN_FRAME, MAX_FRAME = 64, 4096
TIME_STEP_S = 1e-5
_MAX_STREAMS = 255
_LEAST_FRAMES = 8
_WHOLE = 65535
_RATE_SLACK = 0.02
_LEAST_TO_FIT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did.

    Attributes:
        path: The session file.
        n_stored: Samples stored, by stream.
        n_lost: Samples that the stamps show to be missing, by stream.
        n_markers: Markers.
        notes: One sentence for each thing that was odd.
    """

    path: Path
    n_stored: dict[str, int]
    n_lost: dict[str, int]
    n_markers: int
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Report for a program."""
        return {
            "path": str(self.path),
            "n_stored": self.n_stored,
            "n_lost": self.n_lost,
            "n_markers": self.n_markers,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A stream ready to write."""

    schema: StreamSchema
    counts: NDArray[np.int64]
    time_s: NDArray[np.float64]
    runs: list[Run]
    is_regular: bool


def write_recording(
    recording: ForeignRecording,
    path: Path,
    *,
    subject: SubjectInfo,
    title: str = "",
    software: str = "muslin",
) -> ImportReport:
    """Write a session file.

    Args:
        recording: What to write.
        path: File to write; it must not exist.
        subject: Who wore the sensors.
        title: What the session is about.
        software: Name and version of the importer.

    Raises:
        SessionError: If the recording is empty, or the file exists or cannot be written.
    """
    if path.exists():
        raise SessionError(f"{path} exists; name another file for the imported session")
    notes = list(recording.notes)
    placed = [
        _place(stream, number, notes)
        for number, stream in enumerate(_usable(recording, notes), start=1)
    ]
    if recording.start_utc is None:
        notes.append("the recording does not say when it was made; the time of the import stands")
    try:
        schema = GarmentSchema(
            vendor=recording.vendor, name=recording.device, hw="unknown", schema=1,
            streams=tuple(stream.schema for stream in placed),
        )  # fmt: skip
    except SchemaError as error:
        raise SessionError(str(error)) from error
    origin = _origin(recording.start_utc)
    with SessionWriter(
        path, schema, subject=subject, title=title, software=software, journal=False, origin=origin
    ) as writer:
        for stream in placed:
            for event in _events(stream, writer.anchor_host_ns):
                writer.write(event)
        for mark in sorted(recording.markers, key=lambda mark: mark.time_s):
            host_ns = writer.anchor_host_ns + round(mark.time_s * 1e9)
            writer.write(Marker(host_ns=host_ns, kind=mark.kind, text=mark.text, source="program"))
    return ImportReport(
        path=path,
        n_stored=writer.n_stored,
        n_lost=writer.n_lost,
        n_markers=len(recording.markers),
        notes=tuple(notes),
    )


def _usable(recording: ForeignRecording, notes: list[str]) -> list[ForeignStream]:
    found: list[ForeignStream] = []
    for stream in recording.streams:
        if stream.time_s.size and np.isfinite(stream.values).all(axis=1).any():
            found.append(stream)
        else:
            notes.append(f"stream {stream.name} is empty and was left out")
    if not 1 <= len(found) <= _MAX_STREAMS:
        raise SessionError(
            f"the recording has {len(found)} streams with samples, wanted 1 to {_MAX_STREAMS}"
        )
    return found


def _origin(start_utc: datetime | None) -> dict[str, Any]:
    """Anchor of both clocks, so that second 0 of the recording is second 0 of the session."""
    if start_utc is None:
        return {}
    since = start_utc.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    start_ns = (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
    return {
        "created_utc": start_utc.astimezone(UTC).isoformat(),
        "anchor_utc_ns": start_ns,
        "anchor_host_ns": time.monotonic_ns() - (time.time_ns() - start_ns),
    }


def _place(stream: ForeignStream, number: int, notes: list[str]) -> _Placed:
    """Drop what is not a number, find runs, and turn numbers into counts."""
    whole = np.isfinite(stream.values).all(axis=1)
    partly = int((np.isfinite(stream.values).any(axis=1) & ~whole).sum())
    if partly:
        notes.append(
            f"stream {stream.name}: {partly} rows have no number in some channels and are listed "
            "as lost"
        )
    values, time_s = stream.values[whole], stream.time_s[whole]
    channels = renamed(stream.channels)
    rate_hz = stream.rate_hz
    if rate_hz is None:
        # The stamps of such a stream fit no rate, so each row keeps its own.
        rate_hz = _mean_rate_hz(time_s)
        values = np.column_stack([values, np.rint((time_s - time_s.min()) / TIME_STEP_S)])
        stamp = ForeignChannel(
            name="time", unit="s", kind="time", scale=TIME_STEP_S,
            offset=-float(time_s.min()) / TIME_STEP_S,
        )  # fmt: skip
        channels = renamed((*channels, stamp))
        runs = [Run(boot=1, index=0, start=0, stop=len(values))]
    else:
        runs = find_runs(time_s, rate_hz)
        _compare_rates(stream.name, rate_hz, _smooth_rate_hz(time_s, runs), notes)
    columns = [quantize(values[:, i]) for i in range(values.shape[1])]
    notes += _remarks(stream.name, channels, columns)
    schema = StreamSchema(
        id=number, name=stream.name, rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=1000,
        store=False,
        channels=tuple(channel_schema(c, q) for c, q in zip(channels, columns, strict=True)),
    )  # fmt: skip
    counts = np.stack([column.counts for column in columns], axis=1)
    is_regular = stream.rate_hz is not None
    return _Placed(schema=schema, counts=counts, time_s=time_s, runs=runs, is_regular=is_regular)


def _smooth_rate_hz(time_s: NDArray[np.float64], runs: list[Run]) -> float:
    """Rate within runs; NaN where no run has two samples at different times."""
    n_steps = sum(run.stop - run.start - 1 for run in runs)
    span_s = sum(float(time_s[run.stop - 1] - time_s[run.start]) for run in runs)
    return n_steps / span_s if n_steps and span_s > 0 else float("nan")


def _compare_rates(name: str, nominal_hz: float, measured_hz: float, notes: list[str]) -> None:
    if abs(measured_hz - nominal_hz) > _RATE_SLACK * nominal_hz:
        notes.append(
            f"stream {name}: the stamps say {measured_hz:.4g} Hz, the nominal rate is "
            f"{nominal_hz:.4g} Hz"
        )


def _mean_rate_hz(time_s: NDArray[np.float64]) -> float:
    span_s = float(np.ptp(time_s))
    return max((time_s.size - 1) / span_s, 1e-6) if span_s > 0 else 1.0


def _remarks(
    name: str, channels: tuple[ForeignChannel, ...], columns: list[Quantized]
) -> list[str]:
    notes: list[str] = []
    for channel, column in zip(channels, columns, strict=True):
        if column.error:
            error = column.error * abs(channel.scale)
            notes.append(f"stream {name}, channel {channel.name}: kept to within {error:.2g}")
        if channel.kind != "time" and not ucum(channel.unit)[1]:
            notes.append(
                f"stream {name}, channel {channel.name}: unit {channel.unit!r} is not known; the "
                "numbers are kept without one"
            )
    return notes


def _events(stream: _Placed, anchor_ns: int) -> Iterator[Sampled | Lost]:
    size = max(MIN_FRAME, min(MAX_FRAME, round(stream.schema.rate_hz * FRAME_S)))
    # A rate can be measured from a few frames on; events have none, so that the line from the
    # first to the last serves best.
    size = max(1, min(size, len(stream.counts) // _LEAST_FRAMES)) if stream.is_regular else _WHOLE
    before: Run | None = None
    for run in stream.runs:
        host_ns = anchor_ns + round(float(stream.time_s[run.start]) * 1e9)
        if before is not None and before.boot == run.boot:
            end = before.index + before.stop - before.start
            if run.index > end:
                yield Lost(
                    stream_id=stream.schema.id, boot=run.boot, first_index=end,
                    n_samples=run.index - end, cause=LossCause.INFERRED, host_ns=host_ns,
                    epoch_before=0, epoch_after=0,
                )  # fmt: skip
        before = run
        for start in range(run.start, run.stop, size):
            stop = min(start + size, run.stop)
            stamps_s = stream.time_s[start:stop]
            first_s = _first_s(stamps_s) if stream.is_regular else float(stamps_s[0])
            time_ns = round(first_s * 1e9)
            yield Sampled(
                stream_id=stream.schema.id,
                boot=run.boot,
                first_index=run.index + start - run.start,
                # Device times have no sign; what lies before the start keeps its host time.
                device_us=max(0, time_ns // 1000),
                counts=stream.counts[start:stop],
                flags=0,
                host_ns=anchor_ns + time_ns,
                epoch=0,
            )


def _first_s(time_s: NDArray[np.float64]) -> float:
    """Time of the first sample of a frame, by the line through all its stamps."""
    if time_s.size < _LEAST_TO_FIT:
        return float(time_s[0])
    at = np.arange(time_s.size) - (time_s.size - 1) / 2
    slope = float(at @ time_s / (at @ at))
    return float(time_s.mean()) + slope * float(at[0])
