"""Read a session file lazily: streams in SI on one clock, gaps explicit."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.events import LossCause
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import ClockFit, Exchange, refit
from wearables.errors import SessionError
from wearables.events import SampleBlock
from wearables.sessions import layout
from wearables.sessions.sample_time import RateLine, fit_rate
from wearables.sessions.timeline import Gap, SessionMarker
from wearables.sessions.units import si_factor, si_name

Base = Literal["session", "device", "utc"]


class StreamReader:
    """One stream of an open session."""

    def __init__(self, session: "Session", group: Any, name: str) -> None:
        self._session = session
        self._group = group
        self.name = name
        self.frames = _table(group, "frames")
        self.segments = _table(group, "segments")
        self._gap_rows = _table(group, "gaps")
        self.nominal_rate_hz = float(group.attrs["rate_hz"])
        self.kind = str(group.attrs["kind"])
        rows = _table(group, "channels")
        self.units = tuple(row["unit"].decode() for row in rows)
        self.kinds = tuple(row["kind"].decode() for row in rows)
        self.channel_names = tuple(row["name"].decode() for row in rows)
        self._scale, self._offset = rows["scale"], rows["offset"]
        self._bits, self._signed = rows["bits"], rows["signed"]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names with their SI unit."""
        named = zip(self.channel_names, self.units, strict=True)
        return tuple(si_name(name, unit) for name, unit in named)

    @property
    def n_stored(self) -> int:
        """Samples in the file."""
        return int(self.frames["n"].sum())

    @property
    def n_lost(self) -> int:
        """Samples in gap rows that nothing has filled."""
        return int((self._gap_rows["n"] - self._gap_rows["n_filled"]).sum())

    @property
    def n_rows(self) -> int:
        """Rows of ``raw``, holes included."""
        return _dataset(self._group, "raw").shape[0]

    def _line(self, segment: Any) -> RateLine:
        own = self.frames[self.frames["boot"] == segment["boot"]]
        return fit_rate(own["index"], own["device_us"], self.nominal_rate_hz)

    @property
    def rate_hz(self) -> float:
        """Measured rate of the longest segment; the nominal rate when it cannot be measured."""
        if len(self.segments) == 0:
            return self.nominal_rate_hz
        longest = self.segments[np.argmax(self.segments["n_rows"])]
        return self._line(longest).rate_hz

    def counts(self, row0: int, row1: int) -> NDArray[np.integer]:
        """Raw integers of rows ``[row0, row1)``, shape (n_rows, n_channels); holes hold fill."""
        return _dataset(self._group, "raw")[row0:row1]

    def stored_rows(self) -> NDArray[np.bool_]:
        """Which rows arrived, shape (n_rows,)."""
        stored = np.zeros(self.n_rows, dtype=bool)
        for frame in self.frames:
            stored[int(frame["row"]) : int(frame["row"]) + int(frame["n"])] = True
        return stored

    def time_s(self, rows: NDArray[np.integer], *, base: Base = "session") -> NDArray[np.float64]:
        """Time of rows.

        Args:
            rows: Rows of ``raw``, shape (n,).
            base: Seconds since the session's start, since the garment's boot, or since 1970.

        Returns:
            Times, shape (n,); NaN for rows outside of every segment.
        """
        rows = np.asarray(rows, dtype=np.int64)
        times = np.full(rows.shape, np.nan)
        for segment in self.segments:
            row0, n_rows = int(segment["row0"]), int(segment["n_rows"])
            inside = (rows >= row0) & (rows < row0 + n_rows + 1)
            device_us = self._line(segment).device_us(rows[inside] - row0)
            if base == "device":
                times[inside] = device_us * 1e-6
                continue
            host_ns = self._session.clock(int(segment["boot"])).host_ns(device_us)
            shift_ns = self._session.anchor_host_ns
            times[inside] = (host_ns - shift_ns) * 1e-9
            if base == "utc":
                times[inside] += self._session.anchor_utc_ns * 1e-9
        return times

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Gaps in the order they were found, filled ones included."""
        rows = self._gap_rows
        start_s = self.time_s(rows["row"].astype(np.int64))
        stop_s = self.time_s((rows["row"] + rows["n"]).astype(np.int64))
        return tuple(
            Gap(
                start_s=float(start),
                stop_s=float(stop),
                first_index=int(row["index"]),
                n_samples=int(row["n"]),
                cause=LossCause(int(row["cause"])),
                n_filled=int(row["n_filled"]),
            )
            for row, start, stop in zip(rows, start_s, stop_s, strict=True)
        )

    def coverage(self, start_s: float | None = None, stop_s: float | None = None) -> float:
        """Share of samples in a time range that are in the file; NaN for an empty range."""
        rows = self._rows(start_s, stop_s)
        stored = self.stored_rows()[rows.start : rows.stop]
        return float(stored.mean()) if stored.size else float("nan")

    def _rows(self, start_s: float | None, stop_s: float | None) -> range:
        times = self.time_s(np.arange(self.n_rows))
        inside = np.isfinite(times)
        if start_s is not None:
            inside &= times >= start_s
        if stop_s is not None:
            inside &= times < stop_s
        rows = np.flatnonzero(inside)
        return range(int(rows[0]), int(rows[-1]) + 1) if rows.size else range(0)

    def read(self, start_s: float | None = None, stop_s: float | None = None) -> SampleBlock:
        """Samples of a time range in SI; what is missing is NaN and nothing is made up.

        Args:
            start_s: First session time, inclusive.
            stop_s: Last session time, exclusive.
        """
        rows = self._rows(start_s, stop_s)
        counts = self.counts(rows.start, rows.stop).astype(np.float64)
        factor = np.array([si_factor(unit) for unit in self.units])
        values = (counts - self._offset) * self._scale * factor
        values[~self.stored_rows()[rows.start : rows.stop]] = np.nan
        return SampleBlock(
            stream=self.name,
            first_index=rows.start,
            time_s=self.time_s(np.arange(rows.start, rows.stop)),
            values=values.reshape(len(rows), len(self.channels)),
            channels=self.channels,
        )

    def read_runs(
        self, start_s: float | None = None, stop_s: float | None = None
    ) -> list[SampleBlock]:
        """The same samples as one block for each unbroken run."""
        rows = self._rows(start_s, stop_s)
        stored = self.stored_rows()[rows.start : rows.stop].astype(np.int8)
        change = np.diff(stored, prepend=0, append=0)
        whole = self.read(start_s, stop_s)
        return [
            _part(whole, int(start), int(stop))
            for start, stop in zip(
                np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True
            )
        ]

    def blocks(self, *, seconds: float) -> Iterator[SampleBlock]:
        """Blocks of at most so many seconds that never cross a gap, as a live source gives."""
        n = max(1, round(seconds * self.nominal_rate_hz))
        for run in self.read_runs():
            for start in range(0, run.n_samples, n):
                yield _part(run, start, min(start + n, run.n_samples))

    def clipped(self) -> NDArray[np.bool_]:
        """Which stored values sit at an end of their count range, shape (n_rows, n_channels)."""
        counts = self.counts(0, self.n_rows).astype(np.int64)
        signed = self._signed.astype(bool)
        bits = self._bits.astype(np.int64)
        low = np.where(signed, -(1 << (bits - 1)), 0)
        high = np.where(signed, (1 << (bits - 1)) - 1, (1 << bits) - 1)
        return ((counts <= low) | (counts >= high)) & self.stored_rows()[:, None]


def _part(block: SampleBlock, start: int, stop: int) -> SampleBlock:
    return SampleBlock(
        stream=block.stream,
        first_index=block.first_index + start,
        time_s=block.time_s[start:stop],
        values=block.values[start:stop],
        channels=block.channels,
    )


class Session:
    """An open session file; use `Session.open` in a ``with`` block."""

    def __init__(self, file: Any, path: Path) -> None:
        self._file = file
        self.path = path
        attrs = file.attrs
        self.session_id, self.state = str(attrs["session_id"]), str(attrs["state"])
        self.created_utc, self.title = str(attrs["created_utc"]), str(attrs["title"])
        self.anchor_host_ns = int(attrs["anchor_host_ns"])
        self.anchor_utc_ns = int(attrs["anchor_utc_ns"])
        self._device = file["devices"][layout.DEVICE_KEY]
        self.schema = GarmentSchema.from_cbor(self._device["descriptor"][...].tobytes())
        self._clocks: dict[int, ClockFit] = {}
        self._streams = {
            str(name): StreamReader(self, group, str(name))
            for name, group in self._device["streams"].items()
        }

    @classmethod
    def open(cls, path: Path) -> "Session":
        """Open a session for reading.

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
        except (OSError, KeyError, ValueError, AttributeError) as error:
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
            frames = _table(group, "frames")
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
        for row in _table(self._file, "markers"):
            host_ns = float(row["host_ns"])
            if row["device_us"] != layout.NO_DEVICE_TIME:
                host_ns = float(self.clock(boot).host_ns(np.array([row["device_us"]]))[0])
            marks.append(
                SessionMarker(
                    time_s=(host_ns - self.anchor_host_ns) * 1e-9,
                    kind=row["kind"].decode(),
                    text=row["text"].decode(),
                    source=row["source"].decode(),
                )
            )
        return tuple(sorted(marks, key=lambda mark: mark.time_s))

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
            f"{path} has session layout {major}, this version reads {layout.VERSION[0]}"
        )


def _dataset(group: Any, name: str) -> Any:
    item = group[name]
    if not isinstance(item, h5py.Dataset):
        raise SessionError(f"{name} in the session file is not a dataset")
    return item


def _table(group: Any, name: str) -> NDArray[Any]:
    return _dataset(group, name)[...]
