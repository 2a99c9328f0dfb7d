"""One stream of a session file: raw rows by index, frames, gaps, segments."""

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import StreamSchema
from wearables.events import Lost, Sampled
from wearables.sessions import layout
from wearables.sessions.sample_time import fit_rate

TABLE_CHUNK_ROWS = 256


def make_table(group: Any, name: str, dtype: np.dtype) -> Any:
    """Create an empty table that grows."""
    return group.create_dataset(
        name, shape=(0,), maxshape=(None,), dtype=dtype, chunks=(TABLE_CHUNK_ROWS,)
    )


def append_rows(table: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """Append rows to a table."""
    if not rows:
        return
    n_before = table.shape[0]
    table.resize((n_before + len(rows),))
    table[n_before:] = np.array(rows, dtype=table.dtype)


class StreamWriter:
    """Buffer one stream's samples and losses, and bring them to the file on `flush`."""

    def __init__(self, group: Any, schema: StreamSchema) -> None:
        self._group = group
        self._schema = schema
        dtypes = [layout.raw_dtype(c.bits, signed=c.signed) for c in schema.channels]
        dtype = np.result_type(*dtypes)
        self._chunk_rows = layout.chunk_rows(len(dtypes), dtype)
        self._write_head(schema)
        for name, table in layout.STREAM_TABLES.items():
            make_table(group, name, table)
        self._raw = group.create_dataset(
            "raw",
            shape=(0, len(dtypes)),
            maxshape=(None, len(dtypes)),
            dtype=dtype,
            chunks=(self._chunk_rows, len(dtypes)),
            fillvalue=layout.fill_value(dtype),
        )
        self._segments: list[dict[str, Any]] = []
        # The same segments by boot, ascending in index.
        self._by_boot: dict[int, list[dict[str, Any]]] = {}
        self._samples: list[tuple[int, NDArray[np.int64]]] = []
        self._frames: list[tuple[Any, ...]] = []
        self._gaps: list[dict[str, int]] = []
        self._gaps_end: dict[int, int] = {}
        self._n_gaps_written = 0
        self._changed_gaps: set[int] = set()
        self.n_frames = 0
        self.n_stored = 0

    @property
    def n_lost(self) -> int:
        """Samples in gap rows that nothing has filled."""
        return sum(gap["n"] - gap["n_filled"] for gap in self._gaps)

    def _write_head(self, schema: StreamSchema) -> None:
        attrs = self._group.attrs
        attrs["stream_id"], attrs["rate_hz"] = np.uint8(schema.id), float(schema.rate_hz)
        attrs["kind"], attrs["shape"] = schema.channels[0].kind, "uniform"
        attrs["max_latency_ms"] = float(schema.max_latency_ms)
        rows = [
            (c.name, c.unit, c.bits, c.signed, c.scale, c.offset, c.kind, c.site or "")
            for c in schema.channels
        ]
        self._group.create_dataset("channels", data=np.array(rows, dtype=layout.CHANNELS))

    def _places(
        self, boot: int, index: int, n: int, device_us: int
    ) -> Iterator[tuple[int, int, int]]:
        """Where samples go: offset of a piece, its length, its first row.

        An index belongs to the last segment of its boot that starts at or before it. One that can
        not grow, since another follows in the file, is continued by a new one at the end.
        """
        done = 0
        while done < n:
            own = self._by_boot.setdefault(boot, [])
            place = bisect_right(own, index + done, key=_index0)
            length = n - done
            if place < len(own):
                length = min(length, own[place]["index0"] - index - done)
            segment = own[place - 1] if place else None
            row = 0
            if segment is not None:
                row = segment["row0"] + index + done - segment["index0"]
                follower = segment["number"] + 1
                if follower < len(self._segments):
                    length = min(length, self._segments[follower]["row0"] - row)
            if segment is None or length <= 0:
                self._open_segment(boot, index + done, device_us)
                continue
            segment["n_rows"] = max(segment["n_rows"], row + length - segment["row0"])
            yield done, length, row
            done += length

    def _open_segment(self, boot: int, index: int, device_us: int) -> None:
        ends = [s["row0"] + s["n_rows"] for s in self._segments]
        row0 = -(-max(ends, default=0) // self._chunk_rows) * self._chunk_rows
        segment = {
            "boot": boot, "generation": 0, "index0": index, "row0": row0, "n_rows": 0,
            "device_us0": device_us, "rate_hz": self._schema.rate_hz, "rate_sd_hz": 0.0,
            "number": len(self._segments),
        }  # fmt: skip
        self._segments.append(segment)
        insort(self._by_boot[boot], segment, key=_index0)

    def write_samples(self, event: Sampled) -> None:
        """Take in the samples of a frame; a gap they fill is marked so."""
        index, device_us = event.first_index, event.device_us
        source = layout.SOURCE_BACKFILL if event.backfilled else layout.SOURCE_LIVE
        head = (event.boot, event.epoch, event.flags >> 4, event.flags, source)
        for done, n, row in self._places(event.boot, index, len(event.counts), device_us):
            self._samples.append((row, event.counts[done : done + n]))
            # A frame that lies in two segments becomes two; the second is stamped by the rate.
            us = device_us + round(done / self._schema.rate_hz * 1e6)
            self._frames.append((*head, n, index + done, row, us, event.host_ns))
            self.n_frames += 1
        self.n_stored += len(event.counts)
        # A frame beyond every gap of its boot fills none; most are, and gaps may be many.
        if index < self._gaps_end.get(event.boot, 0):
            self._fill_gaps(event.boot, index, len(event.counts), event.host_ns)

    def _fill_gaps(self, boot: int, index: int, n: int, host_ns: int) -> None:
        for i, gap in enumerate(self._gaps):
            low = max(index, gap["index"])
            high = min(index + n, gap["index"] + gap["n"])
            if gap["boot"] == boot and low < high:
                gap["n_filled"] += high - low
                gap["closed_host_ns"] = host_ns
                self._changed_gaps.add(i)

    def write_loss(self, event: Lost) -> None:
        """Add gap rows, one for each segment that the loss lies in.

        A loss of unknown size has n = 0 and no rows of its own; host times say how long it was.
        """
        index = event.first_index
        stop = index + event.n_samples
        self._gaps_end[event.boot] = max(self._gaps_end.get(event.boot, 0), stop)
        for done, n, row in self._places(event.boot, index, event.n_samples, 0):
            self._add_gap(event, index + done, n, row, opened_ns=event.host_ns, closed_ns=0)
        if not event.n_samples:
            opened_ns = event.host_ns - event.duration_ns
            row = self._row_after(event.boot, index)
            self._add_gap(event, index, 0, row, opened_ns=opened_ns, closed_ns=event.host_ns)

    def _row_after(self, boot: int, index: int) -> int:
        """Row at which an index would stand; the end of the file for a boot without samples."""
        own = self._by_boot.get(boot, [])
        place = bisect_right(own, index, key=_index0)
        if not place:
            return max((s["row0"] + s["n_rows"] for s in self._segments), default=0)
        segment = own[place - 1]
        return min(segment["row0"] + index - segment["index0"], segment["row0"] + segment["n_rows"])

    def _add_gap(
        self, event: Lost, index: int, n: int, row: int, *, opened_ns: int, closed_ns: int
    ) -> None:
        self._gaps.append(
            {
                "boot": event.boot, "index": index, "n": n, "row": row,
                "cause": int(event.cause), "epoch_before": event.epoch_before,
                "epoch_after": event.epoch_after, "n_filled": 0,
                "opened_host_ns": opened_ns, "closed_host_ns": closed_ns,
            }
        )  # fmt: skip

    def flush(self) -> None:
        """Bring the buffers to the file: samples first, then the rows that speak of them."""
        n_rows = max((s["row0"] + s["n_rows"] for s in self._segments), default=0)
        if n_rows > self._raw.shape[0]:
            self._raw.resize((n_rows, self._raw.shape[1]))
        for row, counts in _joined(self._samples):
            self._raw[row : row + len(counts)] = counts.astype(self._raw.dtype)
        self._samples.clear()
        append_rows(self._group["frames"], self._frames)
        self._frames.clear()
        self._flush_gaps()
        self._flush_segments()

    def _flush_gaps(self) -> None:
        table = self._group["gaps"]
        for i in sorted(self._changed_gaps):
            if i < self._n_gaps_written:
                table[i] = _row(self._gaps[i], layout.GAPS)
        self._changed_gaps.clear()
        new = self._gaps[self._n_gaps_written :]
        append_rows(table, [_row(gap, layout.GAPS) for gap in new])
        self._n_gaps_written = len(self._gaps)

    def _flush_segments(self) -> None:
        table = self._group["segments"]
        if table.shape[0] < len(self._segments):
            table.resize((len(self._segments),))
        if self._segments:
            rows = [_row(segment, layout.SEGMENTS) for segment in self._segments]
            table[...] = np.array(rows, dtype=layout.SEGMENTS)

    def finish(self) -> None:
        """Write the measured rate of each segment."""
        frames = self._group["frames"][...]
        for segment in self._segments:
            own = frames[frames["boot"] == segment["boot"]]
            line = fit_rate(own["index"], own["device_us"], self._schema.rate_hz)
            segment["device_us0"] = max(0, round(line.device_us0))
            segment["rate_hz"], segment["rate_sd_hz"] = line.rate_hz, line.rate_sd_hz
        self._flush_segments()


def _index0(segment: dict[str, Any]) -> int:
    return segment["index0"]


def _row(values: dict[str, Any], dtype: np.dtype) -> tuple[Any, ...]:
    return tuple(values[name] for name in dtype.names or ())


def _joined(
    samples: list[tuple[int, NDArray[np.int64]]],
) -> list[tuple[int, NDArray[np.int64]]]:
    """Join pieces that follow each other, so that the file is written in few calls."""
    joined: list[tuple[int, list[NDArray[np.int64]]]] = []
    end = -1
    for row, counts in samples:
        if row == end:
            joined[-1][1].append(counts)
        else:
            joined.append((row, [counts]))
        end = row + len(counts)
    return [(row, np.concatenate(pieces)) for row, pieces in joined]
