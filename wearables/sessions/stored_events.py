"""The events that a session file was made of, in the order in which they came."""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np

from firmware_bridge.events import LossCause
from firmware_bridge.schema import GarmentSchema
from wearables.errors import SessionError
from wearables.events import Event, Exchanged, Lost, Sampled
from wearables.sessions import layout
from wearables.sessions.event_rows import (
    exchange_of_row,
    links_of_row,
    loss_of_row,
    marker_of_row,
    status_of_row,
)
from wearables.sessions.reader import Session

Order = Literal["arrival", "index"]
# What a block of frames is read with; bounds the memory.
_BLOCK_ROWS = 65536


class StoredEvents:
    """Iterate over the events of a session; a context manager that keeps the file open.

    Damaged frames are not among them: the file only counts and logs those. Of a file of several
    garments it plays one: ``FILE#DEVICE``.

    Attributes:
        schema: Streams and channels.
        anchor_host_ns: Host time of session time 0.
    """

    def __init__(self, path: Path, *, order: Order = "arrival") -> None:
        """Open a session.

        Raises:
            SessionError: If it cannot be read.
        """
        if order not in ("arrival", "index"):
            raise SessionError(f"order {order!r} is not known; known are arrival, index")
        with Session.open(path) as session:
            self.schema: GarmentSchema = session.schema
            self.anchor_host_ns = session.anchor_host_ns
            self._key, path = session.only.key, session.path
        self._order = order
        # h5py's stubs make every lookup a union; Any is honest at this door.
        self._file: Any = h5py.File(path, "r")
        self._device = self._file["devices"][self._key]

    def __enter__(self) -> "StoredEvents":
        """Use in a ``with`` block."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Event]:
        """Yield all events by host time; those of one stream keep their order."""
        sources: list[Iterator[Event]] = [
            self._links(), self._exchanges(), self._markers(), self._status(),
        ]  # fmt: skip
        for stream in self.schema.streams:
            group = self._device["streams"][stream.name]
            if self._order == "arrival":
                # A loss is told before the frame that shows it.
                both = heapq.merge(
                    _rising(self._losses(group, stream.id)),
                    _rising(_frames(group, stream.id, group["frames"][...])),
                    key=lambda item: item[0],
                )
                sources.append(event for _, event in both)
            else:
                sources.append(self._by_index(group, stream.id))
        merged = heapq.merge(*(_rising(source) for source in sources), key=lambda item: item[0])
        return (event for _, event in merged)

    def _links(self) -> Iterator[Event]:
        for row in self._device["epochs"][...]:
            yield from links_of_row(row)

    def _exchanges(self) -> Iterator[Event]:
        return map(exchange_of_row, self._device["exchanges"][...])

    def _markers(self) -> Iterator[Event]:
        rows = self._file["markers"][...]
        is_alone = len(self._file["devices"]) == 1
        own = (b"", self._key.encode())
        return (marker_of_row(row) for row in rows if is_alone or row["device"] in own)

    def _status(self) -> Iterator[Event]:
        return map(status_of_row, self._device["status"][...])

    @staticmethod
    def _losses(group: Any, stream_id: int) -> Iterator[Lost]:
        return (loss_of_row(row, stream_id) for row in group["gaps"][...])

    def _by_index(self, group: Any, stream_id: int) -> Iterator[Event]:
        """Frames as if nothing had come late, and only the losses that nothing filled."""
        frames = group["frames"][...]
        ranks = {boot: i for i, boot in enumerate(dict.fromkeys(frames["boot"].tolist()))}
        rank = np.array([ranks[boot] for boot in frames["boot"].tolist()], dtype=np.int64)
        frames = frames[np.lexsort((frames["index"], rank))]
        losses = {(e.boot, e.first_index): e for e in self._losses(group, stream_id)}
        ends: dict[int, int] = {}
        for event in _frames(group, stream_id, frames):
            end = ends.get(event.boot)
            if end is not None and event.first_index > end:
                told = losses.get((event.boot, end))
                cause = told.cause if told is not None else LossCause.RADIO
                yield Lost(
                    stream_id=stream_id, boot=event.boot, first_index=end,
                    n_samples=event.first_index - end, cause=cause, host_ns=event.host_ns,
                    epoch_before=event.epoch, epoch_after=event.epoch,
                )  # fmt: skip
            ends[event.boot] = event.first_index + len(event.counts)
            yield event
        for (boot, index), told in losses.items():
            if ends.get(boot, 0) == index:
                yield told


def _frames(group: Any, stream_id: int, rows: Any) -> Iterator[Sampled]:
    raw = group["raw"]
    block, block_start = raw[:0], 0
    for row in rows:
        start, n = int(row["row"]), int(row["n"])
        if start < block_start or start + n > block_start + len(block):
            block_start = start
            block = raw[start : max(start + n, start + _BLOCK_ROWS)]
        counts = block[start - block_start : start - block_start + n].astype(np.int64)
        yield Sampled(
            stream_id=stream_id,
            boot=int(row["boot"]),
            first_index=int(row["index"]),
            device_us=int(row["device_us"]),
            counts=counts,
            flags=int(row["flags"]),
            host_ns=int(row["host_ns"]),
            epoch=int(row["epoch"]),
            backfilled=int(row["source"]) == layout.SOURCE_BACKFILL,
        )


def host_ns_of(event: Event) -> int:
    """Host time at which an event came."""
    return event.exchange.t4_host_ns if isinstance(event, Exchanged) else event.host_ns


def _rising(events: Iterator[Any]) -> Iterator[tuple[int, Event]]:
    """Events with a key that never falls, so that merging keeps their order."""
    key = -(1 << 63)
    for event in events:
        key = max(key, host_ns_of(event))
        yield key, event
