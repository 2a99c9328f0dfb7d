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
from typing import Any, assert_never

import h5py
import numpy as np

from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import Exchange
from wearables.errors import SessionError
from wearables.events import (
    Damaged,
    Event,
    Exchanged,
    LinkClosed,
    LinkOpened,
    Lost,
    Marker,
    Sampled,
    Status,
)
from wearables.sessions import layout
from wearables.sessions.calibration import Calibration, check_channels
from wearables.sessions.finish import write_boots, write_clock
from wearables.sessions.head import Head, anchor, write_device, write_root
from wearables.sessions.journal import JournalWriter, journal_path
from wearables.sessions.recording_file import RecordingFile
from wearables.sessions.repack import repack
from wearables.sessions.stream_writer import StreamWriter, append_rows
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
        schema: GarmentSchema,
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

        Raises:
            SessionError: If it cannot be created, or a calibration is of no channel.
        """
        check_channels(calibrations, schema)
        self._path = path
        head = Head(
            subject=subject, title=title, software=software, protocol=protocol or {},
            calibrations=calibrations, start_host_ns=start_host_ns, origin=origin or {},
            recording_id=recording_id,
        )  # fmt: skip
        try:
            # h5py's stubs make every lookup a union; Any is honest at this door.
            self._disk = RecordingFile(path)
            self._file: Any = h5py.File(self._disk, "w")
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise SessionError(f"session file {path} cannot be created: {reason}") from error
        self._streams: dict[int, StreamWriter] = {}
        self._last_flush_ns = self._last_fsync_ns = time.monotonic_ns()
        self._exchanges: dict[int, list[Exchange]] = {}
        self._pending: dict[str, list[tuple[Any, ...]]] = {}
        self._epochs: dict[int, int] = {}
        self._n_epoch_frames: dict[int, int] = {}
        self._n_epoch_damaged: dict[int, int] = {}
        self._boot = 0
        write_root(self._file, head)
        self.anchor_host_ns = int(self._file.attrs["anchor_host_ns"])
        groups = write_device(self._file, schema, calibrations)
        self._streams = {
            stream.id: StreamWriter(groups.create_group(stream.name), stream)
            for stream in schema.streams
        }
        self._names = {stream.id: stream.name for stream in schema.streams}
        self._journal: JournalWriter | None = None
        self._open_journal(schema, head, enabled=journal)
        self._inode = path.stat().st_ino
        self.flush(sync=True)

    def _open_journal(self, schema: GarmentSchema, about: Head, *, enabled: bool) -> None:
        if not enabled:
            return
        names = ("session_id", "created_utc", "title", "software", "recording_id")
        attrs = self._file.attrs
        head: dict[str, Any] = {name: str(attrs[name]) for name in names if name in attrs}
        for name in ("anchor_host_ns", "anchor_utc_ns", "anchor_uncertainty_ns"):
            head[name] = int(attrs[name])
        head["subject"], head["protocol"] = asdict(about.subject), dict(about.protocol)
        head["calibrations"] = [asdict(item) for item in about.calibrations]
        self._journal = JournalWriter(journal_path(self._path), schema, head)

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
        """Samples in the file, by stream."""
        return {self._names[key]: stream.n_stored for key, stream in self._streams.items()}

    @property
    def n_lost(self) -> dict[str, int]:
        """Samples in gap rows that nothing has filled, by stream."""
        return {self._names[key]: stream.n_lost for key, stream in self._streams.items()}

    def write(self, event: Event) -> None:
        """Take in one event; what is due is flushed to disk.

        Raises:
            SessionError: If the disk does not take it; all earlier events are safe.
        """
        with self._told():
            if self._journal is not None:
                self._journal.append(event)
            self._take(event)
        self.flush_if_due()

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

    def _take(self, event: Event) -> None:
        match event:
            case Sampled():
                self._boot = event.boot
                epoch = event.epoch
                self._n_epoch_frames[epoch] = self._n_epoch_frames.get(epoch, 0) + 1
                self._streams[event.stream_id].write_samples(event)
            case Lost():
                self._streams[event.stream_id].write_loss(event)
            case Damaged():
                epoch = event.epoch
                self._n_epoch_damaged[epoch] = self._n_epoch_damaged.get(epoch, 0) + 1
                self._log(event.host_ns, "warning", f"damaged frame: {event.reason}")
            case Marker():
                self._write_marker(event)
            case Status():
                row = (event.host_ns, event.battery_pct, event.producer_lost)
                self._add("status", (*row, event.frames_dropped, event.log_used_b))
            case LinkOpened():
                self._open_epoch(event)
            case LinkClosed():
                self._close_epoch(event)
            case Exchanged():
                self._write_exchange(event)
            case _:
                assert_never(event)

    def _add(self, table: str, row: tuple[Any, ...]) -> None:
        self._pending.setdefault(f"devices/{layout.DEVICE_KEY}/{table}", []).append(row)

    def _log(self, host_ns: int, level: str, text: str) -> None:
        self._pending.setdefault("log", []).append((host_ns, level, text))

    def _write_marker(self, marker: Marker) -> None:
        device_us = layout.NO_DEVICE_TIME if marker.device_us is None else marker.device_us
        text = (marker.kind, marker.text, marker.source, layout.DEVICE_KEY)
        self._pending.setdefault("markers", []).append((marker.host_ns, device_us, 0, 0, *text))
        self.flush(sync=True)

    def _open_epoch(self, link: LinkOpened) -> None:
        self._boot = link.boot
        self._epochs[link.epoch] = self._file["devices"][layout.DEVICE_KEY]["epochs"].shape[0]
        self._add("epochs", (link.epoch, link.boot, link.host_ns, 0, "open", link.mtu, 0, 0))
        self._log(link.host_ns, "info", f"link {link.epoch} is up, MTU {link.mtu}")
        self.flush()

    def _close_epoch(self, link: LinkClosed) -> None:
        self.flush()
        table = self._file["devices"][layout.DEVICE_KEY]["epochs"]
        if link.epoch in self._epochs:
            row = table[self._epochs[link.epoch]]
            row["close_host_ns"], row["reason"] = link.host_ns, link.reason
            row["n_frames"] = self._n_epoch_frames.get(link.epoch, 0)
            row["n_damaged"] = self._n_epoch_damaged.get(link.epoch, 0)
            table[self._epochs[link.epoch]] = row
        self._log(link.host_ns, "info", f"link {link.epoch} ended: {link.reason}")

    def _write_exchange(self, event: Exchanged) -> None:
        exchange = event.exchange
        self._exchanges.setdefault(event.boot, []).append(exchange)
        times = (exchange.t1_host_ns, exchange.t2_device_us, exchange.t3_device_us)
        row = (event.epoch, event.boot, *times, exchange.t4_host_ns, exchange.dither_us)
        self._add("exchanges", row)

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
        for stream in self._streams.values():
            stream.flush()
        # What is counted as committed must be in the file before the count is.
        self._file.flush()
        frames = [stream.n_frames for stream in self._streams.values()]
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
            for stream in self._streams.values():
                stream.finish()
            device = self._file["devices"][layout.DEVICE_KEY]
            write_clock(device, self._exchanges)
            write_boots(device)
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
