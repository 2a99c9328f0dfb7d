"""Read one stream of a session file lazily, in SI, gaps explicit."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.events import LossCause
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import ClockFit
from wearables.errors import SessionError
from wearables.events import SampleBlock
from wearables.sessions.calibration import Calibration
from wearables.sessions.sample_time import RateLine, fit_rate
from wearables.sessions.timeline import Gap
from wearables.sessions.units import si_factor, si_name

_ROUNDING_S = 1e-9  # of the sum of a clock's terms: a sample so little before a bound lies on it

Base = Literal["session", "device", "utc"]


class StreamOwner(Protocol):
    """What a stream asks of its garment."""

    anchor_host_ns: int
    anchor_utc_ns: int

    def clock(self, boot: int) -> ClockFit:
        """Fit of one boot."""
        ...

    def calibration(self, channel: str) -> Calibration | None:
        """The newest calibration of ``stream/channel``."""
        ...

    @property
    def schema(self) -> GarmentSchema:
        """The garment."""
        ...

    @property
    def key(self) -> str:
        """Its name in the session."""
        ...


class StreamReader:
    """One stream of an open session.

    Attributes:
        garment: Whose it is.
        name: Name in the session; of several garments ``device/stream``.
        file_name: The same, as a part of a file's name.
    """

    def __init__(self, garment: StreamOwner, group: Any, name: str, *, label: str = "") -> None:
        self.garment = garment
        self._group = group
        self.name = label or name
        self.file_name = self.name.replace("/", "-")
        self._lines: dict[int, RateLine] = {}
        self.frames = table(group, "frames")
        self.segments = table(group, "segments")
        self._gap_rows = table(group, "gaps")
        self.nominal_rate_hz = float(group.attrs["rate_hz"])
        self.kind = str(group.attrs["kind"])
        rows = table(group, "channels")
        self.units = tuple(row["unit"].decode() for row in rows)
        self.kinds = tuple(row["kind"].decode() for row in rows)
        self.channel_names = tuple(row["name"].decode() for row in rows)
        self.sites = tuple(row["site"].decode() for row in rows)
        self._scale, self._offset = rows["scale"], rows["offset"]
        self._bits, self._signed = rows["bits"], rows["signed"]
        found = [garment.calibration(f"{name}/{channel}") for channel in self.channel_names]
        self._calibrations = {i: item for i, item in enumerate(found) if item is not None}

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
        return dataset(self._group, "raw").shape[0]

    def _line(self, segment: Any) -> RateLine:
        boot = int(segment["boot"])
        if boot not in self._lines:
            own = self.frames[self.frames["boot"] == boot]
            self._lines[boot] = fit_rate(own["index"], own["device_us"], self.nominal_rate_hz)
        return self._lines[boot]

    @property
    def rate_hz(self) -> float:
        """Measured rate of the longest segment; the nominal rate when it cannot be measured."""
        if len(self.segments) == 0:
            return self.nominal_rate_hz
        longest = self.segments[np.argmax(self.segments["n_rows"])]
        return self._line(longest).rate_hz

    def counts(self, row0: int, row1: int) -> NDArray[np.integer]:
        """Raw integers of rows ``[row0, row1)``, shape (n_rows, n_channels); holes hold fill."""
        return dataset(self._group, "raw")[row0:row1]

    def physical(self, counts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Counts in the channels' own units, calibrated, shape as given."""
        values = (counts.astype(np.float64) - self._offset) * self._scale
        for i, calibration in self._calibrations.items():
            values[:, i] = calibration(values[:, i])
        return values

    def physical_range(self, channel: int) -> tuple[float, float]:
        """Smallest and largest value of a channel in its own unit."""
        bits, signed = int(self._bits[channel]), bool(self._signed[channel])
        low = -(1 << (bits - 1)) if signed else 0
        # A calibration need not be straight, so the ends alone do not tell.
        counts = np.linspace(low, low + (1 << bits) - 1, 4097)
        values = (counts - self._offset[channel]) * self._scale[channel]
        if channel in self._calibrations:
            values = self._calibrations[channel](values)
        return float(values.min()), float(values.max())

    @property
    def max_bits(self) -> int:
        """Width of the widest channel."""
        return int(self._bits.max())

    def stored_rows(self, row0: int = 0, row1: int | None = None) -> NDArray[np.bool_]:
        """Which of the rows ``[row0, row1)`` arrived, shape (row1 - row0,)."""
        stop = self.n_rows if row1 is None else row1
        if stop <= row0:
            return np.zeros(0, dtype=bool)
        starts, ends = self._frame_ends
        first, last = np.searchsorted(starts, [row0, stop - 1], side="right")
        first_end, last_end = np.searchsorted(ends, [row0, stop - 1], side="right")
        change = np.bincount(starts[first:last] - row0, minlength=stop - row0)
        change -= np.bincount(ends[first_end:last_end] - row0, minlength=stop - row0)
        # Frames that were open at the first row already.
        change[0] += first - first_end
        return np.cumsum(change) > 0

    @cached_property
    def _frame_ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First rows of all frames and rows after them, each ascending; a night has many frames."""
        start = self.frames["row"].astype(np.int64)
        return np.sort(start), np.sort(start + self.frames["n"])

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
            times[inside] = self._segment_time_s(segment, rows[inside], base)
        return times

    def _segment_time_s(
        self, segment: Any, rows: NDArray[np.int64], base: Base
    ) -> NDArray[np.float64]:
        """Times of rows of one segment, shape as given."""
        indices = rows - int(segment["row0"]) + int(segment["index0"])
        device_us = self._line(segment).device_us(indices)
        if base == "device":
            return device_us * 1e-6
        host_ns = self.garment.clock(int(segment["boot"])).host_ns(device_us)
        time_s = (host_ns - self.garment.anchor_host_ns) * 1e-9
        return time_s + self.garment.anchor_utc_ns * 1e-9 if base == "utc" else time_s

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Gaps in the order they were found, filled ones included."""
        rows = self._gap_rows
        start_s = self.time_s(rows["row"].astype(np.int64))
        stop_s = self.time_s((rows["row"] + rows["n"]).astype(np.int64))
        # Of a loss of unknown size only the recorder's clock tells how long it was.
        unknown = rows["n"] == 0
        for times_s, name in ((start_s, "opened_host_ns"), (stop_s, "closed_host_ns")):
            times_s[unknown] = (rows[name][unknown] - self.garment.anchor_host_ns) * 1e-9
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
        stored = self.stored_rows(rows.start, rows.stop)
        return float(stored.mean()) if stored.size else float("nan")

    def _rows(self, start_s: float | None, stop_s: float | None) -> range:
        """Rows of a time range, found by bisection: time rises within a segment."""
        found: list[range] = []
        for segment in self.segments:
            row0, n_rows = int(segment["row0"]), int(segment["n_rows"])
            whole = range(row0, min(row0 + n_rows, self.n_rows))

            def time_s(row: int, segment: Any = segment) -> float:
                return float(self._segment_time_s(segment, np.array([row]), "session")[0])

            first = 0 if start_s is None else bisect_left(whole, start_s - _ROUNDING_S, key=time_s)
            stop = stop_s if stop_s is None else stop_s - _ROUNDING_S
            last = len(whole) if stop is None else bisect_left(whole, stop, key=time_s)
            if first < last:
                found.append(whole[first:last])
        if not found:
            return range(0)
        return range(min(rows.start for rows in found), max(rows.stop for rows in found))

    def read(self, start_s: float | None = None, stop_s: float | None = None) -> SampleBlock:
        """Samples of a time range in SI; what is missing is NaN and nothing is made up.

        Args:
            start_s: First session time, inclusive.
            stop_s: Last session time, exclusive.
        """
        rows = self._rows(start_s, stop_s)
        factor = np.array([si_factor(unit) for unit in self.units])
        values = self.physical(self.counts(rows.start, rows.stop)) * factor
        values[~self.stored_rows(rows.start, rows.stop)] = np.nan
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
        stored = self.stored_rows(rows.start, rows.stop).astype(np.int8)
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


def dataset(group: Any, name: str) -> Any:
    """Dataset of a group, or a sentence."""
    item = group[name]
    if not isinstance(item, h5py.Dataset):
        raise SessionError(f"{name} in the session file is not a dataset")
    return item


def table(group: Any, name: str) -> NDArray[Any]:
    """Whole table of a group."""
    return dataset(group, name)[...]
