"""A recorded session as a source: the same events, at their own pace or without a pause."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_bridge.schema import GarmentSchema
from wearables.errors import SessionError
from wearables.events import Event, Exchanged
from wearables.sessions.stored_events import Order, StoredEvents, host_ns_of

_TURN_S = 0.05


class ReplaySource:
    """Plays a session file; a context manager, iterated like any source.

    Attributes:
        path: The session.
        speed: 1 plays in real time, 2 twice as fast, infinity without a pause.
        order: ``arrival`` repeats lateness and backfill; ``index`` plays as if nothing was late.
        rebase: Whether host times move, so that the replay happens now; pauses shrink with the
            speed, times of events do not.
        origin_ns: Host time in the file that is played at once; that of the first event if nothing
            is said. Garments that are replayed together need the same.
    """

    def __init__(
        self,
        path: Path,
        *,
        speed: float = float("inf"),
        order: Order = "arrival",
        rebase: bool = False,
        origin_ns: int | None = None,
    ) -> None:
        """Prepare a replay.

        Raises:
            SessionError: If the speed makes no sense.
        """
        if not speed > 0:
            raise SessionError(f"speed of a replay is {speed:g}, wanted above 0")
        self.path = Path(path)
        self.speed = speed
        self.order: Order = order
        self.rebase = rebase
        self.origin_ns = origin_ns
        self._events: StoredEvents | None = None
        self._stopping = asyncio.Event()

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels."""
        return self._opened().schema

    def _opened(self) -> StoredEvents:
        if self._events is None:
            raise SessionError("the replay is not open; use it as a context manager")
        return self._events

    async def stop(self) -> None:
        """Ask for the end; iterate on until it comes."""
        self._stopping.set()

    async def __aenter__(self) -> Self:
        """Open the file.

        Raises:
            SessionError: If it cannot be read.
        """
        self._events = await asyncio.to_thread(StoredEvents, self.path, order=self.order)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened().__exit__(exc_type, exc, trace)

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield the events of the file."""
        return self._play()

    async def _play(self) -> AsyncIterator[Event]:
        start_ns = turn_ns = time.monotonic_ns()
        first_ns = self.origin_ns
        shift_ns = 0
        for event in self._opened():
            first_ns = host_ns_of(event) if first_ns is None else first_ns
            if self.rebase:
                shift_ns = start_ns - first_ns
            due_ns = start_ns + round((host_ns_of(event) - first_ns) / self.speed)
            wait_s = (due_ns - time.monotonic_ns()) * 1e-9
            if wait_s > 0 or time.monotonic_ns() - turn_ns > _TURN_S * 1e9:
                # Also without a pause others get their turn of the loop.
                await self._wait(max(wait_s, 0.0))
                turn_ns = time.monotonic_ns()
            if self._stopping.is_set():
                return
            yield _shifted(event, shift_ns)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def _shifted(event: Event, shift_ns: int) -> Event:
    if not shift_ns:
        return event
    if isinstance(event, Exchanged):
        exchange = dataclasses.replace(
            event.exchange,
            t1_host_ns=event.exchange.t1_host_ns + shift_ns,
            t4_host_ns=event.exchange.t4_host_ns + shift_ns,
        )
        return dataclasses.replace(event, exchange=exchange)
    return dataclasses.replace(event, host_ns=event.host_ns + shift_ns)
