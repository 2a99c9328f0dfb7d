"""Make a sound session out of a damaged or unfinished one, and say what is lost.

A sound file is completed from the journal; a damaged one is rebuilt from the journal; without a
journal everything that can still be read is kept. The result is a new file; the old one stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from firmware_bridge.errors import FirmwareBridgeError
from firmware_bridge.events import LossCause
from firmware_bridge.schema import GarmentSchema
from wearables.errors import SessionError, WearablesError
from wearables.events import Damaged, Event, Exchanged, Lost, Marker, Sampled, Status
from wearables.sessions import layout
from wearables.sessions.calibration import Calibration, calibration_of_row
from wearables.sessions.clock_fits import keep_additions
from wearables.sessions.event_rows import (
    exchange_of_row,
    links_of_row,
    loss_of_row,
    marker_of_row,
    status_of_row,
)
from wearables.sessions.journal import Journal, journal_path, read_journal
from wearables.sessions.subject import SubjectInfo
from wearables.sessions.verify import verify_here
from wearables.sessions.writer import SessionWriter

_READ_ERRORS = (OSError, KeyError, ValueError, RuntimeError, TypeError, IndexError, AttributeError)
_ORIGIN = (
    "session_id", "created_utc", "anchor_host_ns", "anchor_utc_ns", "anchor_uncertainty_ns",
    "recording_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverReport:
    """What `recover` did.

    Attributes:
        path: The new file.
        method: ``completed``, ``rebuilt`` (from the journal) or ``salvaged``.
        n_stored: Samples in the new file, by stream.
        lost_s: Seconds known to be missing, by stream.
        n_damaged_records: Journal records that could not be read.
    """

    path: Path
    method: str
    n_stored: dict[str, int]
    lost_s: dict[str, float]
    n_damaged_records: int

    def to_json(self) -> dict[str, Any]:
        """Report for a program."""
        return {
            "path": str(self.path),
            "method": self.method,
            "n_stored": self.n_stored,
            "lost_s": self.lost_s,
            "n_damaged_records": self.n_damaged_records,
        }


def recover_here(path: Path, out: Path | None = None) -> RecoverReport:
    """Do what `recover` does in this process, where a damaged file may hang the HDF5 library."""
    target = recovered_path(path, out)
    journal = journal_of(path)
    if journal is not None and not (path.is_file() and not verify_here(path).is_damaged):
        return rebuild(target, journal)
    return keep_readable(path, target, journal)


def recovered_path(path: Path, out: Path | None) -> Path:
    """Name of the new file.

    Raises:
        SessionError: If it would overwrite something.
    """
    target = path.with_name(f"{path.stem}.recovered{path.suffix}") if out is None else out
    if target.exists():
        raise SessionError(f"{target} exists; name another file for the recovered session")
    return target


def must_exist(path: Path) -> None:
    """Without a journal there must be a file.

    Raises:
        SessionError: If there is none, or something else of that name.
    """
    name = journal_path(path).name
    if not path.is_file():
        raise SessionError(f"session file {path} does not exist, nor does its journal {name}")
    if not h5py.is_hdf5(path) and journal_of(path) is None:
        raise SessionError(
            f"nothing can be recovered from {path}: it is no HDF5 file, and no journal {name} helps"
        )


def rebuild(target: Path, journal: Journal) -> RecoverReport:
    """Write a session from its journal alone."""
    rows = journal.head.get("calibrations", [])
    saved = [Calibration(**{**row, "numbers": tuple(row["numbers"])}) for row in rows]
    head = {**journal.head, "calibrations": saved}
    return _rewrite(target, "rebuilt", head, journal.schemas, journal.events, journal)


def keep_readable(path: Path, target: Path, journal: Journal | None) -> RecoverReport:
    """Write what a session file gives, completed from the journal if there is one.

    Raises:
        SessionError: If nothing can be read.
    """
    head, schemas, events = _read_file(path)
    method = "salvaged"
    if journal is not None:
        method = "completed"
        events = _completed(events, journal, schemas)
    report = _rewrite(target, method, head, schemas, events, journal)
    keep_additions(path, target)
    return report


def _completed(
    events: list[tuple[str, Event]], journal: Journal, schemas: dict[str, GarmentSchema]
) -> list[tuple[str, Event]]:
    """Events of a file, and those that only its journal has."""
    seen = {(device, _key(event)) for device, event in events}
    late = [(device, event) for device, event in journal.events if device in schemas]
    return events + [(key, event) for key, event in late if (key, _key(event)) not in seen]


def journal_of(path: Path) -> Journal | None:
    """The journal beside a session; nothing if it is missing or unreadable."""
    try:
        return read_journal(journal_path(path))
    except (WearablesError, *_READ_ERRORS):
        return None


def _rewrite(
    target: Path,
    method: str,
    head: dict[str, Any],
    schemas: dict[str, GarmentSchema],
    events: list[tuple[str, Event]],
    journal: Journal | None,
) -> RecoverReport:
    known = {field.name for field in fields(SubjectInfo)}
    person = {key: value for key, value in head.get("subject", {}).items() if key in known}
    writer = SessionWriter(
        target,
        schemas,
        subject=SubjectInfo(**{"id": "unknown", **person}),
        title=head.get("title", ""),
        software=head.get("software", "muslin"),
        journal=False,
        origin={name: head[name] for name in _ORIGIN if name in head},
        protocol=head.get("protocol", {}),
        calibrations=tuple(head.get("calibrations", ())),
    )
    for device, event in [*events, *_unlisted_holes(events)]:
        writer.write(event, device=device)
    writer.close(state=layout.STATE_RECOVERED)
    return RecoverReport(
        path=target,
        method=method,
        n_stored=writer.n_stored,
        lost_s={name: n / _rate_hz(schemas, name) for name, n in writer.n_lost.items()},
        n_damaged_records=0 if journal is None else journal.n_damaged,
    )


def _rate_hz(schemas: dict[str, GarmentSchema], name: str) -> float:
    """Nominal rate of a stream, named as the writer names it."""
    device, _, stream = name.rpartition("/")
    schema = schemas[device] if device else next(iter(schemas.values()))
    return schema.stream_named(stream).rate_hz


def _key(event: Event) -> tuple[Any, ...]:
    """What makes an event the same in the file and in the journal."""
    match event:
        case Sampled() | Lost():
            kind = type(event).__name__
            is_empty = isinstance(event, Lost) and event.n_samples == 0
            return (kind, event.stream_id, event.boot, event.first_index, is_empty)
        case Exchanged():
            return ("Exchanged", event.exchange.t1_host_ns)
        case Marker():
            return ("Marker", event.host_ns, event.text)
        case Status():
            return ("Status", event.host_ns)
        case Damaged():
            return ("Damaged", event.host_ns)
        case _:
            return (type(event).__name__, event.epoch)


def _unlisted_holes(events: list[tuple[str, Event]]) -> Iterator[tuple[str, Lost]]:
    """Samples between frames that no gap row speaks of: they were in what cannot be read."""
    spans: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
    for device, event in events:
        if isinstance(event, Sampled | Lost):
            n = len(event.counts) if isinstance(event, Sampled) else event.n_samples
            key = (device, event.stream_id, event.boot)
            spans.setdefault(key, []).append((event.first_index, event.first_index + n))
    for (device, stream_id, boot), pieces in spans.items():
        pieces.sort()
        end = pieces[0][0]
        for start, stop in pieces:
            if start > end:
                yield (
                    device,
                    Lost(
                        stream_id=stream_id,
                        boot=boot,
                        first_index=end,
                        n_samples=start - end,
                        cause=LossCause.DAMAGED,
                        host_ns=0,
                        epoch_before=0,
                        epoch_after=0,
                    ),
                )
            end = max(end, stop)


def _read_file(
    path: Path,
) -> tuple[dict[str, Any], dict[str, GarmentSchema], list[tuple[str, Event]]]:
    """Everything readable in a session file, as the events that made it.

    A garment whose description cannot be read is left out, if there is another one.
    """
    trouble: Exception | None = None
    head: dict[str, Any] = {}
    schemas: dict[str, GarmentSchema] = {}
    events: list[tuple[str, Event]] = []
    fits: list[Calibration] = []
    try:
        with h5py.File(path, "r", locking=False) as file:
            devices: Any = file["devices"]
            head = _head(file)
            for key in devices:
                try:
                    schema = GarmentSchema.from_cbor(devices[key]["descriptor"][...].tobytes())
                except (WearablesError, FirmwareBridgeError, *_READ_ERRORS) as error:
                    trouble = error
                    continue
                schemas[key] = schema
                events += [(key, event) for event in _device_events(devices[key], schema)]
                own = _tolerant(_calibrations, devices[key])
                fits += [replace(fit, channel=f"{key}/{fit.channel}") for fit in own]
            events += _marker_events(file, list(schemas))
    except (WearablesError, *_READ_ERRORS) as error:
        trouble = error
    if schemas:
        return {**head, "calibrations": fits}, schemas, events
    raise SessionError(
        f"nothing can be recovered from {path}: it is unreadable ({trouble}) "
        f"and no journal {journal_path(path).name} helps"
    ) from trouble


def _device_events(device: Any, schema: GarmentSchema) -> list[Event]:
    events: list[Event] = []
    for stream in schema.streams:
        events += _tolerant(_stream_events, device, stream.name, stream.id)
    for row in _tolerant(_rows, device, "epochs"):
        events += _tolerant(links_of_row, row)
    events += [exchange_of_row(row) for row in _tolerant(_rows, device, "exchanges")]
    events += [status_of_row(row) for row in _tolerant(_rows, device, "status")]
    return events


def _marker_events(file: Any, keys: list[str]) -> list[tuple[str, Event]]:
    """Markers, each of the garment that made it; the others are written once all the same."""
    found: list[tuple[str, Event]] = []
    for row in _tolerant(_rows, file, "markers"):
        for marker in _tolerant(lambda row: [marker_of_row(row)], row):
            own = _tolerant(lambda row: [row["device"].decode()], row)
            found.append((own[0] if own and own[0] in keys else keys[0], marker))
    return found


def _tolerant(read: Any, *arguments: Any) -> list[Any]:
    """Items until the first that cannot be read."""
    found: list[Any] = []
    try:
        found.extend(read(*arguments))
    except _READ_ERRORS:
        return found
    return found


def _head(file: Any) -> dict[str, Any]:
    head: dict[str, Any] = {}
    for name in ("title", "software", *_ORIGIN):
        value = file.attrs.get(name)
        if value is not None:
            head[name] = _writable(value)
    for name in ("subject", "protocol"):
        attrs = file[name].attrs.items() if name in file else ()
        head[name] = {_writable(key): _writable(value) for key, value in attrs}
    return head


def _writable(value: Any) -> Any:
    """The value; of a text whose bytes are damaged, what can be written again."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _stream_events(device: Any, name: str, stream_id: int) -> Iterator[Sampled | Lost]:
    """Events of one stream by boot and index; backfilled frames follow the gaps they fill."""
    group = device["streams"][name]
    losses = [loss_of_row(row, stream_id) for row in _rows(group, "gaps")]
    events: list[Sampled | Lost] = [*losses, *_frames(group, stream_id)]
    order = list(dict.fromkeys(event.boot for event in events if isinstance(event, Sampled)))
    ranks = {boot: i for i, boot in enumerate(order)}

    def place(event: Sampled | Lost) -> tuple[int, bool, int]:
        is_late = isinstance(event, Sampled) and event.backfilled
        return (ranks.get(event.boot, len(ranks)), is_late, event.first_index)

    yield from sorted(events, key=place)


def _frames(group: Any, stream_id: int) -> Iterator[Sampled]:
    raw = group["raw"]
    seen: set[tuple[int, int]] = set()
    for row in _rows(group, "frames"):
        start, n = int(row["row"]), int(row["n"])
        key = (int(row["boot"]), int(row["index"]))
        if start + n > raw.shape[0] or key in seen:
            continue
        seen.add(key)
        try:
            counts = raw[start : start + n].astype(np.int64)
        except _READ_ERRORS:
            continue
        yield Sampled(
            stream_id=stream_id,
            boot=key[0],
            first_index=key[1],
            device_us=int(row["device_us"]),
            counts=counts,
            flags=int(row["flags"]),
            host_ns=int(row["host_ns"]),
            epoch=int(row["epoch"]),
            backfilled=int(row["source"]) == layout.SOURCE_BACKFILL,
        )


def _rows(group: Any, name: str) -> Any:
    """Rows of a table; none when it cannot be read."""
    try:
        return group[name][...]
    except _READ_ERRORS:
        return []


def _calibrations(device: Any) -> Iterator[Calibration]:
    return map(calibration_of_row, _rows(device, "calibrations"))
