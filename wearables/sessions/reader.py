"""Read a session file lazily: streams in SI on one clock, gaps explicit.

A file holds one garment or several. Of several, streams are named ``device/stream``, and
``FILE#DEVICE`` opens one of them as if it had been recorded alone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import FirmwareBridgeError
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import ClockFit
from wearables.errors import SessionError
from wearables.sessions import layout
from wearables.sessions.calibration import Calibration
from wearables.sessions.device_reader import DeviceReader
from wearables.sessions.stream_reader import StreamReader, table
from wearables.sessions.timeline import SessionMarker


def split_device(path: Path) -> tuple[Path, str]:
    """File and device of ``FILE#DEVICE``; no device if nothing is said or a file is named so."""
    if path.exists() or "#" not in path.name:
        return path, ""
    name, _, device = path.name.rpartition("#")
    return path.with_name(name), device


class Session:
    """An open session file; use `Session.open` in a ``with`` block.

    Attributes:
        path: The file.
        devices: What it holds of each garment, by name.
        device: The one garment that was asked for by name; empty otherwise.
    """

    def __init__(self, file: Any, path: Path, *, device: str = "") -> None:
        self._file = file
        self.path = path
        attrs = file.attrs
        self.session_id, self.state = str(attrs["session_id"]), str(attrs["state"])
        self.software = str(attrs.get("software", ""))
        self.recording_id = str(attrs.get("recording_id", ""))
        self.created_utc, self.title = str(attrs["created_utc"]), str(attrs["title"])
        self.anchor_host_ns = int(attrs["anchor_host_ns"])
        self.anchor_utc_ns = int(attrs["anchor_utc_ns"])
        keys = [str(key) for key in file["devices"]]
        if device and device not in keys:
            raise SessionError(f"{path} holds no garment {device!r}; it holds {', '.join(keys)}")
        self._is_alone = len(keys) == 1
        self.device = device
        is_plain = bool(device) or self._is_alone
        self.devices = {
            key: DeviceReader(
                file["devices"][key], key, anchor_host_ns=self.anchor_host_ns,
                anchor_utc_ns=self.anchor_utc_ns, prefix="" if is_plain else f"{key}/",
            )
            for key in keys
            if device in ("", key)
        }  # fmt: skip
        self._streams = {s.name: s for one in self.devices.values() for s in one.streams.values()}

    @classmethod
    def open(cls, path: Path, *, device: str = "") -> "Session":
        """Open a session for reading.

        On some damaged files the HDF5 library never comes back; `wearables.sessions.check_readable`
        finds them first, in a process that it ends.

        Args:
            path: The file, or ``FILE#DEVICE``.
            device: One of several garments, as if it had been recorded alone.

        Raises:
            SessionError: If the file is missing, damaged, or not a session of this version.
        """
        path, named = split_device(Path(path))
        if not path.is_file():
            raise SessionError(f"session file {path} does not exist")
        if not h5py.is_hdf5(path):
            raise SessionError(f"{path} is not an HDF5 file, so it is not a session")
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            what = "is truncated" if "truncated" in str(error) else "cannot be opened"
            raise SessionError(f"session file {path} {what}; nothing was read from it") from error
        try:
            _check_format(file, path)
            return cls(file, path, device=device or named)
        except SessionError:
            file.close()
            raise
        except (
            FirmwareBridgeError, OSError, KeyError, ValueError, AttributeError, TypeError,
            RuntimeError, IndexError, ArithmeticError, MemoryError,
        ) as error:  # fmt: skip
            file.close()
            raise SessionError(f"session file {path} is damaged: {error}") from error

    def __enter__(self) -> "Session":
        """Use the session in a ``with`` block."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the file."""
        self._file.close()

    @property
    def streams(self) -> Mapping[str, StreamReader]:
        """Streams by name."""
        return self._streams

    @property
    def subject(self) -> Mapping[str, Any]:
        """Attributes of the subject."""
        return dict(self._file["subject"].attrs)

    @property
    def protocol(self) -> Mapping[str, Any]:
        """Task, operator, place ..., as far as they were given."""
        return dict(self._file["protocol"].attrs) if "protocol" in self._file else {}

    @property
    def name(self) -> str:
        """Name of the file without its ending, and of the garment that was asked for."""
        return f"{self.path.stem}/{self.device}" if self.device else self.path.stem

    @property
    def place(self) -> Path:
        """What opens it again: the file, or ``FILE#DEVICE``."""
        return Path(f"{self.path}#{self.device}") if self.device else self.path

    @property
    def file_name(self) -> str:
        """Its name, as a part of a file's name."""
        return self.name.replace("/", "-")

    @property
    def views(self) -> "list[Session]":
        """The session garment by garment, each as if it had been recorded alone."""
        if len(self.devices) == 1:
            return [self]
        return [Session(self._file, self.path, device=key) for key in self.devices]

    @property
    def only(self) -> DeviceReader:
        """The garment, where there is one.

        Raises:
            SessionError: If there are several.
        """
        if len(self.devices) != 1:
            names = ", ".join(self.devices)
            raise SessionError(
                f"{self.path} holds several garments ({names}); name one: "
                f"{self.path}#{next(iter(self.devices), 'DEVICE')}"
            )
        return next(iter(self.devices.values()))

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels of the garment; this and the next ones raise for several."""
        return self.only.schema

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """Corrections of its channels."""
        return self.only.calibrations

    @property
    def exchanges(self) -> NDArray[Any]:
        """Its clock exchanges as recorded."""
        return self.only.exchanges

    @property
    def epochs(self) -> NDArray[Any]:
        """Its radio links."""
        return self.only.epochs

    @property
    def status(self) -> NDArray[Any]:
        """Its status messages."""
        return self.only.status

    def clock(self, boot: int) -> ClockFit:
        """Fit of one of its boots, made from the recorded exchanges."""
        return self.only.clock(boot)

    @property
    def garment_names(self) -> str:
        """Models of the garments, joined by commas."""
        return ", ".join(dict.fromkeys(one.schema.name for one in self.devices.values()))

    @property
    def committed(self) -> Mapping[str, int]:
        """Frames that were complete at the last flush, by stream."""
        counts = self._file["committed"]
        rows = zip(counts.attrs["streams"], counts[...], strict=True)
        told = {tuple(str(name).rsplit("/", 1)): int(n) for name, n in rows}
        is_joined = len(self.devices) > 1
        return {
            f"{key}/{name}" if is_joined else name: n
            for (key, name), n in told.items()
            if key in self.devices
        }

    @property
    def markers(self) -> tuple[SessionMarker, ...]:
        """Markers in order of time; a garment's own come through its clock."""
        marks: list[SessionMarker] = []
        for row in table(self._file, "markers"):
            host_ns, key = float(row["host_ns"]), row["device"].decode()
            if self.device and not self._is_alone and key not in ("", self.device):
                continue
            if row["device_us"] != layout.NO_DEVICE_TIME:
                device = self.devices.get(key) or next(iter(self.devices.values()))
                clock = device.clock(device.last_boot)
                host_ns = float(clock.host_ns(np.array([row["device_us"]]))[0])
            marks.append(
                SessionMarker(
                    time_s=(host_ns - self.anchor_host_ns) * 1e-9,
                    kind=row["kind"].decode(),
                    text=row["text"].decode(),
                    source=row["source"].decode(),
                    duration_s=int(row["duration_ns"]) * 1e-9,
                )
            )
        return tuple(sorted(marks, key=lambda mark: mark.time_s))

    @property
    def annotations(self) -> tuple[SessionMarker, ...]:
        """Remarks added after the recording, in order of time; the source is the author."""
        authors = self._file.get("annotations", {})
        remarks = [
            SessionMarker(
                time_s=(int(row["host_ns"]) - self.anchor_host_ns) * 1e-9,
                kind=row["kind"].decode(),
                text=row["text"].decode(),
                source=str(author),
                duration_s=int(row["duration_ns"]) * 1e-9,
            )
            for author in authors
            for row in table(authors, author)
        ]
        return tuple(sorted(remarks, key=lambda mark: mark.time_s))

    @property
    def notes(self) -> tuple[SessionMarker, ...]:
        """Markers and annotations together, in order of time."""
        return tuple(sorted([*self.markers, *self.annotations], key=lambda mark: mark.time_s))

    @property
    def end_s(self) -> float:
        """Session time of the last sample of any stream; 0 for a session without samples."""
        ends = [
            float(stream.time_s(np.array([stream.n_rows - 1]))[0])
            for stream in self.streams.values()
            if stream.n_rows
        ]
        return float(np.nanmax(ends)) if ends else 0.0

    @property
    def duration_s(self) -> float:
        """From the first to the last sample of any stream."""
        times = [
            stream.time_s(np.array([0, stream.n_rows - 1]))
            for stream in self.streams.values()
            if stream.n_rows
        ]
        if not times:
            return 0.0
        return float(np.nanmax(times) - np.nanmin(times))


def _check_format(file: Any, path: Path) -> None:
    if file.attrs.get("format") != layout.FORMAT:
        raise SessionError(f"{path} is an HDF5 file, but not a session of Muslin")
    major = int(file.attrs["format_version"][0])
    if major != layout.VERSION[0]:
        raise SessionError(
            f"{path} has session layout {major}, this version reads {layout.VERSION[0]}; "
            f"a newer one may: muslin migrate {path}"
        )
