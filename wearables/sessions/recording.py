"""Record sources: bounded queues, one writer thread for all files, the event loop never waits.

Every source goes into a file of its own, or several into one; all of them stand on the same host
clock. A file that fails does not touch the others, and a source that fails not those beside it.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wearables.errors import SessionError
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
        path: File to write; takes of the same path share it, and the first one says what it is
            about.
        subject: Who wore the garment.
        device: Name of the garment in a file that is shared.
        title: What the session is about.
        software: Name and version of the recorder.
        about: Further facts for `SessionWriter`: protocol, calibrations, start_host_ns,
            recording_id.
        watch: Sees every event on its way; must neither wait nor raise.
    """

    source: Source
    path: Path
    subject: SubjectInfo
    device: str = ""
    title: str = ""
    software: str = "muslin"
    about: dict[str, Any] = field(default_factory=dict)
    watch: Callable[[Event], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSummary:
    """What went into the file.

    Attributes:
        path: The file.
        n_stored: Samples stored, by stream; of several garments by ``device/stream``.
        n_lost: Samples in open gap rows, likewise.
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
    """Record many sources at once.

    A take whose file or source fails ends; the others go on, and its error is raised at the end.

    Returns:
        One summary for each file, in the order of the takes.

    Raises:
        SessionError: If a file cannot be written, or names in a shared file are not different.
    """
    desks: list[_Desk] = []
    try:
        paths = dict.fromkeys(take.path for take in takes)
        desks.extend(_Desk([take for take in takes if take.path == path]) for path in paths)
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
                    for inlet in desk.inlets:
                        feeding.create_task(_feed(desk, inlet))
        finally:
            ended.set()
    for desk in desks:
        errors = [desk.error, *(inlet.error for inlet in desk.inlets)]
        for error in errors:
            if error is not None:
                raise error
    return [desk.summary() for desk in desks]


class _Inlet:
    """One take on its way to its file."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self.events: deque[Event] = deque()
        self.error: Exception | None = None


class _Desk:
    """One file at work: what comes in, and its writer."""

    def __init__(self, takes: Sequence[Take]) -> None:
        self.inlets = [_Inlet(take) for take in takes]
        self.error: BaseException | None = None
        self.n_events = 0
        first = takes[0]
        schemas = {take.device: take.source.schema for take in takes}
        if len(schemas) < len(takes) or (len(takes) > 1 and "" in schemas):
            raise SessionError(f"garments that share {first.path} need names that differ")
        self.writer = SessionWriter(
            first.path,
            schemas if len(takes) > 1 else first.source.schema,
            subject=first.subject,
            title=first.title,
            software=first.software,
            **first.about,
        )
        self._is_shared = len(takes) > 1

    def fail(self, error: BaseException) -> None:
        """Leave the file as it is, with the state ``recording``."""
        self.error = error
        for inlet in self.inlets:
            inlet.events.clear()
        self.writer.__exit__(type(error), error, error.__traceback__)

    def write(self, *, is_last: bool = False) -> None:
        """Bring what waits to the file."""
        try:
            for inlet in self.inlets:
                device = inlet.take.device if self._is_shared else ""
                while inlet.events:
                    self.writer.write(inlet.events.popleft(), device=device)
                    self.n_events += 1
            if is_last:
                self.writer.flush(sync=True)
            self.writer.flush_if_due()
        except Exception as error:  # noqa: BLE001 - told when all recordings have ended
            self.fail(error)

    def close(self) -> None:
        """Close the file."""
        try:
            self.writer.close()
        except Exception as error:  # noqa: BLE001 - as above
            self.fail(error)

    def summary(self) -> RecordSummary:
        """What went into the file."""
        return RecordSummary(
            path=self.inlets[0].take.path,
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
    # Closing takes a while, and what came last must not wait for it in memory.
    for desk in desks:
        if desk.error is None:
            desk.write(is_last=True)
    for desk in desks:
        if desk.error is None:
            desk.close()


async def _feed(desk: _Desk, inlet: _Inlet) -> None:
    """Bring a source's events to its file; what came before an error is kept and closed."""
    events, watch = inlet.events, inlet.take.watch
    try:
        async for event in inlet.take.source:
            # A thread empties the queue; waking the loop from there would cost more.
            while len(events) >= QUEUE_SIZE and desk.error is None:  # noqa: ASYNC110
                await asyncio.sleep(_FULL_S)
            if desk.error is not None:
                return
            events.append(event)
            if watch is not None:
                watch(event)
    except Exception as error:  # noqa: BLE001 - told when all recordings have ended
        inlet.error = error
