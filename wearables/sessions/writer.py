"""Write events into a session file that opens after a kill at any moment.

The file is written uncompressed with the default library version and flushed within a second; that
combination opened after every one of hundreds of kills. Compression waits for the close.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from firmware_bridge.schema import GarmentSchema
from wearables.errors import SessionError
from wearables.events import Event, LinkClosed, LinkOpened, Marker
from wearables.sessions import layout
from wearables.sessions.calibration import Calibration, by_device
from wearables.sessions.device_writer import DeviceWriter
from wearables.sessions.head import Head, anchor, write_committed, write_root
from wearables.sessions.journal import JournalWriter, journal_path
from wearables.sessions.recording_file import RecordingFile
from wearables.sessions.repack import repack
from wearables.sessions.stream_writer import append_rows
from wearables.sessions.subject import SubjectInfo
from wearables.sessions.verify import verify_here

# A kill may lose a second at most, so a flush that comes a little late must still be in time.
FLUSH_NS = 750_000_000
FSYNC_NS = 10_000_000_000
CLOCK_STEP_NS = 500_000_000


class SessionWriter:
    """Write one session; a context manager that closes what it opened.

    Not safe for several threads; `record` gives it one.
    """

    def __init__(
        self,
        path: Path,
        schema: GarmentSchema | Mapping[str, GarmentSchema],
        *,
        subject: SubjectInfo,
        title: str = "",
        software: str = "muslin",
        journal: bool = True,
        origin: Mapping[str, Any] | None = None,
        protocol: Mapping[str, str] | None = None,
        calibrations: tuple[Calibration, ...] = (),
        start_host_ns: int | None = None,
        recording_id: str = "",
    ) -> None:
        """Create the file.

        Args:
            path: The file; it is made anew.
            schema: The garment, or several by the names that their groups shall have.
            subject: Who wore them.
            title: What the session is about.
            software: Name and version of the recorder.
            journal: Whether a journal is kept beside it.
            origin: Root attributes of the session that this one is made from.
            protocol: Task, operator, place ..., as the study has it.
            calibrations: Corrections of ``stream/channel``, of one of several garments
                ``device/stream/channel``.
            start_host_ns: Where session time starts; now if nothing is said.
            recording_id: Shared by the files that are recorded together.

        Raises:
            SessionError: If it cannot be created, or a calibration is of no channel.
        """
        schemas = {layout.DEVICE_KEY: schema} if isinstance(schema, GarmentSchema) else dict(schema)
        self._path = path
        head = Head(
            subject=subject, title=title, software=software, protocol=protocol or {},
            calibrations=by_device(calibrations, schemas), start_host_ns=start_host_ns,
            origin=origin or {}, recording_id=recording_id,
        )  # fmt: skip
        try:
            # h5py's stubs make every lookup a union; Any is honest at this door.
            self._disk = RecordingFile(path)
            self._file: Any = h5py.File(self._disk, "w")
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise SessionError(f"session file {path} cannot be created: {reason}") from error
        self._last_flush_ns = self._last_fsync_ns = time.monotonic_ns()
        self._pending: dict[str, list[tuple[Any, ...]]] = {}
        self._told_marks: set[tuple[int, str, str, str]] = set()
        self._devices: dict[str, DeviceWriter] = {}
        write_root(self._file, head)
        self.anchor_host_ns = int(self._file.attrs["anchor_host_ns"])
        for key, garment in schemas.items():
            self._add_device(key, garment, head.calibrations[key], is_alone=len(schemas) == 1)
        write_committed(
            self._file, [f"{key}/{s.name}" for key, one in schemas.items() for s in one.streams]
        )
        self._journal: JournalWriter | None = None
        self._open_journal(schemas, head, enabled=journal)
        self._inode = path.stat().st_ino
        self.flush(sync=True)

    def _add_device(
        self, key: str, schema: GarmentSchema, fits: tuple[Calibration, ...], *, is_alone: bool
    ) -> None:
        prefix = "" if is_alone else f"{key}: "

        def log(host_ns: int, level: str, text: str) -> None:
            self._log(host_ns, level, prefix + text)

        self._devices[key] = DeviceWriter(self._file, key, schema, fits, log=log)

    def _open_journal(
        self, schemas: Mapping[str, GarmentSchema], about: Head, *, enabled: bool
    ) -> None:
        if not enabled:
            return
        names = ("session_id", "created_utc", "title", "software", "recording_id")
        attrs = self._file.attrs
        head: dict[str, Any] = {name: str(attrs[name]) for name in names if name in attrs}
        for name in ("anchor_host_ns", "anchor_utc_ns", "anchor_uncertainty_ns"):
            head[name] = int(attrs[name])
        head["subject"], head["protocol"] = asdict(about.subject), dict(about.protocol)
        head["calibrations"] = [
            {**asdict(item), "channel": f"{key}/{item.channel}"}
            for key, items in about.calibrations.items()
            for item in items
        ]
        self._journal = JournalWriter(journal_path(self._path), schemas, head)

    def __enter__(self) -> "SessionWriter":
        """Use the writer in a ``with`` block."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the file; after an error it keeps the state ``recording``."""
        if exception[0] is None:
            self.close()
            return
        # The first error is the one to tell; on a full disk these would only repeat it.
        with contextlib.suppress(OSError, RuntimeError, ValueError, KeyError, SessionError):
            self.flush(sync=True)
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            self._file.close()
        self._disk.close()
        if self._journal is not None:
            self._journal.close()

    @property
    def n_stored(self) -> dict[str, int]:
        """Samples in the file, by stream; of several garments by ``device/stream``."""
        return self._named({key: device.n_stored for key, device in self._devices.items()})

    @property
    def n_lost(self) -> dict[str, int]:
        """Samples in gap rows that nothing has filled, likewise."""
        return self._named({key: device.n_lost for key, device in self._devices.items()})

    def _named(self, counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
        if len(counts) == 1:
            return dict(next(iter(counts.values())))
        return {f"{key}/{name}": n for key, own in counts.items() for name, n in own.items()}

    def write(self, event: Event, *, device: str = "") -> None:
        """Take in one event; what is due is flushed to disk.

        Args:
            event: The event.
            device: Which of several garments it is of; may be left out when there is one.

        Raises:
            SessionError: If the disk does not take it, all earlier events are safe; or if it is not
                said which garment it is of.
        """
        writer = self._device(device)
        with self._told():
            if self._journal is not None:
                self._journal.append(event, device=writer.key)
            self._take(event, writer)
        self.flush_if_due()

    def _device(self, key: str) -> DeviceWriter:
        if not key and len(self._devices) == 1:
            return next(iter(self._devices.values()))
        if key not in self._devices:
            known = ", ".join(self._devices)
            raise SessionError(f"an event is of garment {key!r}; {self._path} is of {known}")
        return self._devices[key]

    def flush_if_due(self) -> None:
        """Flush when enough time has passed since the last time.

        Raises:
            SessionError: If the disk does not take it.
        """
        if time.monotonic_ns() - self._last_flush_ns >= FLUSH_NS:
            self.flush()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn trouble with the disk into one sentence."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            code = error.errno if isinstance(error, OSError) else None
            reason = os.strerror(code).lower() if code else str(error)
            raise SessionError(
                f"session file {self._path} cannot be written any more ({reason}); what was "
                f"recorded before is kept: muslin repair {self._path}"
            ) from error

    def _take(self, event: Event, device: DeviceWriter) -> None:
        if isinstance(event, Marker):
            self._write_marker(event, device)
            return
        if isinstance(event, LinkClosed):
            # Its row must be there to be completed.
            self.flush()
        device.take(event)
        if isinstance(event, LinkOpened):
            self.flush()

    def _log(self, host_ns: int, level: str, text: str) -> None:
        self._pending.setdefault("log", []).append((host_ns, level, text))

    def _write_marker(self, marker: Marker, device: DeviceWriter) -> None:
        """Write a marker; what people and programs mark reaches each of several garments."""
        is_own, key = marker.device_us is not None, device.key
        if len(self._devices) > 1 and not is_own:
            mark = (marker.host_ns, marker.kind, marker.text, marker.source)
            if mark in self._told_marks:
                return
            self._told_marks.add(mark)
            key = ""
        device_us = layout.NO_DEVICE_TIME if marker.device_us is None else marker.device_us
        text = (marker.kind, marker.text, marker.source, key)
        self._pending.setdefault("markers", []).append((marker.host_ns, device_us, 0, 0, *text))
        self.flush(sync=True)

    def flush(self, *, sync: bool = False) -> None:
        """Bring everything to the file; ``sync`` also waits for the disk.

        Raises:
            SessionError: If the file was removed or the disk is full.
        """
        with self._told():
            if self._journal is not None:
                self._journal.flush(sync=sync)
            self._flush_file(sync=sync)
        self._check_there()

    def _flush_file(self, *, sync: bool) -> None:
        for path, rows in self._pending.items():
            append_rows(self._file[path], rows)
        self._pending.clear()
        for device in self._devices.values():
            device.flush()
        # What is counted as committed must be in the file before the count is.
        self._file.flush()
        streams = [stream for each in self._devices.values() for stream in each.streams.values()]
        frames = [stream.n_frames for stream in streams]
        self._file["committed"][...] = np.array(frames, dtype=np.uint64)
        self._file.flush()
        if self._disk.error is not None:
            raise self._disk.error
        self._last_flush_ns = time.monotonic_ns()
        if sync or self._last_flush_ns - self._last_fsync_ns >= FSYNC_NS:
            os.fsync(self._disk.fileno())
            self._last_fsync_ns = self._last_flush_ns

    def _check_there(self) -> None:
        """A removed file takes writes without a word, so ask for it by name."""
        if not self._path.exists() or self._path.stat().st_ino != self._inode:
            raise SessionError(
                f"session file {self._path} was removed or replaced while recording; what was "
                f"recorded is in its journal: muslin repair {self._path}"
            )

    def close(
        self,
        *,
        compress: bool = True,
        keep_journal: bool = False,
        state: str = layout.STATE_CLOSED,
    ) -> None:
        """Fit the clocks, mark the file closed, check it, and repack it compressed.

        Args:
            compress: Write the closed file again with gzip and shuffle.
            keep_journal: Keep the journal although the closed file is sound.
            state: What the file says of itself.

        Raises:
            SessionError: If the disk is full, or the closed file is not sound; the journal stays.
        """
        self._log_clock_step()
        self.flush()
        with self._told():
            for device in self._devices.values():
                device.finish()
            self._file.attrs["state"] = state
            self.flush(sync=True)
            self._file.close()
            self._disk.close()
            if self._journal is not None:
                self._journal.close()
            self._must_be_sound()
            if compress:
                repack(self._path)
                self._must_be_sound()
        if self._journal is not None and not keep_journal:
            self._journal.path.unlink(missing_ok=True)

    def _must_be_sound(self) -> None:
        report = verify_here(self._path)
        if report.is_damaged:
            raise SessionError(
                f"session file {self._path} is not sound after the close "
                f"({report.findings[0]}): muslin repair {self._path}"
            )

    def _log_clock_step(self) -> None:
        """Times are monotonic, so a step of the wall clock moves nothing; it is only noted."""
        host_ns, utc_ns, _ = anchor()
        attrs = self._file.attrs
        moved_ns = (utc_ns - int(attrs["anchor_utc_ns"])) - (host_ns - self.anchor_host_ns)
        if abs(moved_ns) > CLOCK_STEP_NS:
            text = f"the wall clock moved by {moved_ns * 1e-9:.3f} s against the session's clock"
            self._log(host_ns, "warning", text)
