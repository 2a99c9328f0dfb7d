"""Record a source: a bounded queue, one writer thread, the event loop never waits for the disk."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from firmware_bridge.schema import GarmentSchema
from wearables.events import Event
from wearables.sessions.subject import SubjectInfo
from wearables.sessions.writer import SessionWriter

QUEUE_SIZE = 4096


class EventSource(Protocol):
    """The part of a source that recording needs."""

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels."""
        ...

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the source ends."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSummary:
    """What went into the file.

    Attributes:
        path: The file.
        n_stored: Samples stored, by stream.
        n_lost: Samples in open gap rows, by stream.
        n_events: Events taken in.
    """

    path: Path
    n_stored: dict[str, int]
    n_lost: dict[str, int]
    n_events: int


async def record(
    source: EventSource,
    path: Path,
    *,
    subject: SubjectInfo,
    title: str = "",
    software: str = "muslin",
) -> RecordSummary:
    """Write a source's events into a new session file until the source ends.

    When the queue is full the source waits: a recorder loses nothing by itself.

    Args:
        source: Where events come from.
        path: File to write.
        subject: Who wore the garment.
        title: What the session is about.
        software: Name and version of the recorder.

    Raises:
        OSError: If the file cannot be written.
    """
    events: queue.Queue[Event | None] = queue.Queue(maxsize=QUEUE_SIZE)
    writer = SessionWriter(path, source.schema, subject=subject, title=title, software=software)
    failed = threading.Event()

    def drain() -> int:
        n_events = 0
        try:
            with writer:
                while (event := _next(events, writer)) is not None:
                    writer.write(event)
                    n_events += 1
        except BaseException:
            failed.set()
            raise
        return n_events

    async with asyncio.TaskGroup() as group:
        written = group.create_task(asyncio.to_thread(drain))
        try:
            async for event in source:
                while not failed.is_set():
                    try:
                        events.put_nowait(event)
                        break
                    except queue.Full:
                        await asyncio.sleep(0.005)
        finally:
            await asyncio.to_thread(_end, events, failed)
    return RecordSummary(
        path=path, n_stored=writer.n_stored, n_lost=writer.n_lost, n_events=written.result()
    )


def _next(events: "queue.Queue[Event | None]", writer: SessionWriter) -> Event | None:
    """Wait for an event; a silent second is used to flush."""
    while True:
        try:
            return events.get(timeout=1.0)
        except queue.Empty:
            writer.flush()


def _end(events: "queue.Queue[Event | None]", failed: threading.Event) -> None:
    while not failed.is_set():
        try:
            events.put(None, timeout=0.1)
        except queue.Full:
            continue
        return
