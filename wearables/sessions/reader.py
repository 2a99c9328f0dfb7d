"""Read a session file lazily: streams in SI on one clock, gaps explicit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import FirmwareBridgeError
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import ClockFit, Exchange, refit
from wearables.errors import SessionError
from wearables.sessions import layout
from wearables.sessions.calibration import Calibration, calibration_of_row
from wearables.sessions.stream_reader import StreamReader, table
from wearables.sessions.timeline import SessionMarker


class Session:
    """An open session file; use `Session.open` in a ``with`` block."""

    def __init__(self, file: Any, path: Path) -> None:
        self._file = file
        self.path = path
        attrs = file.attrs
        self.session_id, self.state = str(attrs["session_id"]), str(attrs["state"])
        self.software = str(attrs.get("software", ""))
        self.recording_id = str(attrs.get("recording_id", ""))
        self.created_utc, self.title = str(attrs["created_utc"]), str(attrs["title"])
        self.anchor_host_ns = int(attrs["anchor_host_ns"])
        self.anchor_utc_ns = int(attrs["anchor_utc_ns"])
        self._device = file["devices"][layout.DEVICE_KEY]
        self.schema = GarmentSchema.from_cbor(self._device["descriptor"][...].tobytes())
        self._clocks: dict[int, ClockFit] = {}
        self.calibrations = self._read_calibrations()
        self._streams = {
            str(name): StreamReader(self, group, str(name))
            for name, group in self._device["streams"].items()
        }

    @classmethod
    def open(cls, path: Path) -> "Session":
        """Open a session for reading.

        On some damaged files the HDF5 library never comes back; `wearables.sessions.check_readable`
        finds them first, in a process that it ends.

        Raises:
            SessionError: If the file is missing, damaged, or not a session of this version.
        """
        path = Path(path)
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
            return cls(file, path)
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

    def _read_calibrations(self) -> tuple[Calibration, ...]:
        if "calibrations" not in self._device:
            return ()
        return tuple(calibration_of_row(row) for row in table(self._device, "calibrations"))

    def calibration(self, channel: str) -> Calibration | None:
        """The newest calibration of ``stream/channel``; nothing if it has none."""
        return next((c for c in reversed(self.calibrations) if c.channel == channel), None)

    @property
    def descriptor_sha256(self) -> str:
        """Hash of the descriptor as it was noted while recording."""
        return str(self._device["descriptor"].attrs["sha256"])

    @property
    def committed(self) -> Mapping[str, int]:
        """Frames that were complete at the last flush, by stream."""
        counts = self._file["committed"]
        names = (str(name).rsplit("/", 1)[-1] for name in counts.attrs["streams"])
        return {name: int(n) for name, n in zip(names, counts[...], strict=True)}

    @property
    def exchanges(self) -> NDArray[Any]:
        """Clock exchanges as recorded."""
        return self._device["exchanges"][...]

    @property
    def epochs(self) -> NDArray[Any]:
        """Radio links."""
        return self._device["epochs"][...]

    @property
    def status(self) -> NDArray[Any]:
        """Status messages of the garment."""
        return self._device["status"][...]

    def clock(self, boot: int) -> ClockFit:
        """Fit of one boot, made from the recorded exchanges."""
        if boot not in self._clocks:
            rows = self.exchanges[self.exchanges["boot"] == boot]
            self._clocks[boot] = refit(
                [
                    Exchange(
                        t1_host_ns=int(row["t1_host_ns"]),
                        t2_device_us=int(row["t2_device_us"]),
                        t3_device_us=int(row["t3_device_us"]),
                        t4_host_ns=int(row["t4_host_ns"]),
                        dither_us=int(row["dither_us"]),
                    )
                    for row in rows
                ]
            )
            if self._clocks[boot].method == "none":
                self._clocks[boot] = self._arrival_clock(boot)
        return self._clocks[boot]

    def _arrival_clock(self, boot: int) -> ClockFit:
        """Without exchanges: the least delay of a frame's arrival, biased late by the radio."""
        best_s = np.inf
        for group in self._device["streams"].values():
            frames = table(group, "frames")
            own = frames[frames["boot"] == boot]
            if len(own):
                delay_s = own["host_ns"] * 1e-9 - own["device_us"] * 1e-6
                best_s = min(best_s, float(delay_s.min()))
        one = np.ones(1)
        return ClockFit(
            device_us=0 * one,
            offset_s=one * (best_s if np.isfinite(best_s) else self.anchor_host_ns * 1e-9),
            drift=0 * one,
            sd_s=one * 0.02,
            rms_residual_s=float("nan"),
            n_used=0,
            method="bounds",
        )

    @property
    def markers(self) -> tuple[SessionMarker, ...]:
        """Markers in order of time; the garment's own come through its clock."""
        boots = [boot for s in self.streams.values() for boot in s.segments["boot"]]
        boot = int(boots[-1]) if boots else 0
        marks = []
        for row in table(self._file, "markers"):
            host_ns = float(row["host_ns"])
            if row["device_us"] != layout.NO_DEVICE_TIME:
                host_ns = float(self.clock(boot).host_ns(np.array([row["device_us"]]))[0])
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
