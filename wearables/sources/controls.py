"""What people and programs do to running recordings: markers, pause, stop.

One `Controls` serves all sources of a recording, so that a marker stands in every file. While it is
paused samples are thrown away, and the file says so: what is lost on purpose is a gap like others.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Sequence

from firmware_bridge.events import LossCause, Lost, Sampled
from firmware_bridge.schema import GarmentSchema
from wearables.events import Event, Marker, Source

QUEUE_SIZE = 1024


class Controls:
    """Markers, pause and stop for all sources that were attached.

    Attributes:
        is_paused: Whether samples are thrown away.
        last_marker: The newest marker.
        n_refused: Markers that came while too many waited.
    """

    def __init__(self) -> None:
        self._sources: list[Source] = []
        self._inboxes: list[deque[Marker]] = []
        self.is_paused = False
        self.last_marker: Marker | None = None
        self.n_refused = 0

    def attach(
        self,
        source: Source,
        first: Sequence[Event] = (),
        rest: AsyncIterator[Event] | None = None,
    ) -> Source:
        """The source under control.

        Args:
            source: Where events come from.
            first: Events that were taken from it before.
            rest: The iterator they were taken from, to go on with.
        """
        inbox: deque[Marker] = deque()
        self._sources.append(source)
        self._inboxes.append(inbox)
        return _Controlled(self, source, inbox, first, aiter(source) if rest is None else rest)

    def put(self, marker: Marker) -> None:
        """Add a marker to every recording."""
        if any(len(inbox) >= QUEUE_SIZE for inbox in self._inboxes):
            self.n_refused += 1
            return
        self.last_marker = marker
        for inbox in self._inboxes:
            inbox.append(marker)

    def mark(self, text: str, *, kind: str = "marker", source: str = "user") -> None:
        """Add a marker of this moment."""
        self.put(Marker(host_ns=time.monotonic_ns(), kind=kind, text=text, source=source))

    def pause(self, *, on: bool) -> None:
        """Throw samples away from now on, or keep them again."""
        if on != self.is_paused:
            self.is_paused = on
            self.mark("paused" if on else "resumed", kind="pause")

    async def stop(self) -> None:
        """Ask every source for the end."""
        for source in self._sources:
            await source.stop()


class _Controlled:
    """A source whose events pass the controls."""

    def __init__(
        self,
        controls: Controls,
        source: Source,
        inbox: deque[Marker],
        first: Sequence[Event],
        rest: AsyncIterator[Event],
    ) -> None:
        self._controls = controls
        self._source = source
        self._inbox = inbox
        self._first, self._rest = first, rest
        # Ranges of samples that were thrown away, by stream and boot; the last one may grow.
        self._dropped: dict[tuple[int, int], list[list[int]]] = {}
        self._open: dict[int, Lost] = {}

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels."""
        return self._source.schema

    async def stop(self) -> None:
        """Ask for the end; iterate on until it comes."""
        await self._source.stop()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield markers before the next event; their stamps tell when they came."""
        for event in self._first:
            yield event
        async for event in self._rest:
            while self._inbox:
                yield self._inbox.popleft()
            for passed in self._passed(event):
                yield passed
        for stream_id in list(self._open):
            yield self._open.pop(stream_id)
        while self._inbox:
            yield self._inbox.popleft()

    def _passed(self, event: Event) -> list[Event]:
        if not isinstance(event, Sampled):
            return [event]
        ranges = self._dropped.setdefault((event.stream_id, event.boot), [])
        start, stop = event.first_index, event.first_index + len(event.counts)
        if event.backfilled:
            # What the garment's log gives back of a pause stays out too.
            return [] if any(a < stop and start < b for a, b in ranges) else [event]
        if not self._controls.is_paused:
            told = self._open.pop(event.stream_id, None)
            return [event] if told is None else [told, event]
        return self._drop(event, ranges)

    def _drop(self, event: Sampled, ranges: list[list[int]]) -> list[Event]:
        """Let a gap grow that ends with this frame; returns an older one that it does not join."""
        n, told = len(event.counts), self._open.get(event.stream_id)
        start, done = event.first_index, list[Event]()
        if told is not None and (told.boot, told.first_index + told.n_samples) == (
            event.boot,
            event.first_index,
        ):
            start, n = told.first_index, told.n_samples + n
            ranges[-1][1] = start + n
        else:
            if told is not None:
                done.append(told)
            ranges.append([start, start + n])
        self._open[event.stream_id] = Lost(
            stream_id=event.stream_id, boot=event.boot, first_index=start, n_samples=n,
            cause=LossCause.PAUSED, host_ns=event.host_ns, epoch_before=event.epoch,
            epoch_after=event.epoch,
        )  # fmt: skip
        return done
