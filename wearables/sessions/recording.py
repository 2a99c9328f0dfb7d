"""Record sources: bounded queues, one writer thread for all files, the event loop never waits.

Every source goes into a file of its own; all of them stand on the same host clock. One that fails
does not touch the others.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wearables.events import Event, Source
from wearables.sessions.subject import SubjectInfo
from wearables.sessions.writer import SessionWriter

QUEUE_SIZE = 4096
# The writer looks for events this often; handing each over by itself would cost more.
_LOOK_S = 0.05
_FULL_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A source and where it goes.

    Attributes:
        source: Where events come from.
        path: File to write.
        subject: Who wore the garment.
        title: What the session is about.
        software: Name and version of the recorder.
        about: Further facts for `SessionWriter`: protocol, calibrations, start_host_ns,
            recording_id.
        watch: Sees every event on its way; must neither wait nor raise.
    """

    source: Source
    path: Path
    subject: SubjectInfo
    title: str = ""
    software: str = "muslin"
    about: dict[str, Any] = field(default_factory=dict)
    watch: Callable[[Event], None] | None = None


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
    source: Source,
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
        SessionError: If the file cannot be written.
    """
    take = Take(source=source, path=path, subject=subject, title=title, software=software)
    (summary,) = await record_all([take])
    return summary


async def record_all(takes: Sequence[Take]) -> list[RecordSummary]:
    """Record many sources at once, each into its file.

    A take whose file or source fails ends; the others go on, and its error is raised at the end.

    Returns:
        One summary for each take.

    Raises:
        SessionError: If a file cannot be written.
    """
    desks: list[_Desk] = []
    try:
        desks.extend(_Desk(take) for take in takes)
    except BaseException as error:
        for desk in desks:
            desk.fail(error)
        raise
    ended = threading.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(_work, desks, ended))
        try:
            async with asyncio.TaskGroup() as feeding:
                for desk in desks:
                    feeding.create_task(_feed(desk))
        finally:
            ended.set()
    for desk in desks:
        error = desk.error or desk.source_error
        if error is not None:
            raise error
    return [desk.summary() for desk in desks]


class _Desk:
    """One take at work: its queue and its writer."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self.events: deque[Event] = deque()
        self.error: BaseException | None = None
        self.source_error: Exception | None = None
        self.n_events = 0
        self.writer = SessionWriter(
            take.path,
            take.source.schema,
            subject=take.subject,
            title=take.title,
            software=take.software,
            **take.about,
        )

    def fail(self, error: BaseException) -> None:
        """Leave the file as it is, with the state ``recording``."""
        self.error = error
        self.events.clear()
        self.writer.__exit__(type(error), error, error.__traceback__)

    def write(self) -> None:
        """Bring what waits to the file."""
        try:
            while self.events:
                self.writer.write(self.events.popleft())
                self.n_events += 1
            self.writer.flush_if_due()
        except Exception as error:  # noqa: BLE001 - told when all recordings have ended
            self.fail(error)

    def close(self) -> None:
        """Write the rest and close the file."""
        self.write()
        if self.error is None:
            try:
                self.writer.close()
            except Exception as error:  # noqa: BLE001 - as above
                self.fail(error)

    def summary(self) -> RecordSummary:
        """What went into the file."""
        return RecordSummary(
            path=self.take.path,
            n_stored=self.writer.n_stored,
            n_lost=self.writer.n_lost,
            n_events=self.n_events,
        )


def _work(desks: Sequence[_Desk], ended: threading.Event) -> None:
    """The writer thread."""
    while not ended.wait(_LOOK_S):
        for desk in desks:
            if desk.error is None:
                desk.write()
    for desk in desks:
        if desk.error is None:
            desk.close()


async def _feed(desk: _Desk) -> None:
    """Bring a source's events to its desk; what came before an error is kept and closed."""
    events, watch = desk.events, desk.take.watch
    try:
        async for event in desk.take.source:
            # A thread empties the queue; waking the loop from there would cost more.
            while len(events) >= QUEUE_SIZE and desk.error is None:  # noqa: ASYNC110
                await asyncio.sleep(_FULL_S)
            if desk.error is not None:
                return
            events.append(event)
            if watch is not None:
                watch(event)
    except Exception as error:  # noqa: BLE001 - told when all recordings have ended
        desk.source_error = error
