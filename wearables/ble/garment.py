"""A garment over BLE as a source of events: find, connect, start, watch, reconnect, stop.

The states are Scanning, Connecting, Configuring, Streaming, Backoff and Stopped; each is one
method below. Every link is an epoch. What is lost between links stays a gap.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence

import numpy as np

from firmware_bridge.control import Command
from firmware_bridge.errors import FirmwareBridgeError
from firmware_bridge.reassembly import Reassembler
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import OnlineClock
from wearables.ble.link import GarmentLink, find_device
from wearables.ble.settings import SupervisorSettings
from wearables.errors import LinkError
from wearables.events import Event, Exchanged, LinkClosed, LinkOpened, Marker

logger = logging.getLogger(__name__)

EVENT_QUEUE = 4096
DRAIN_QUIET_S = 0.3
TICK_S = 0.1
HEALTHY_AFTER_S = 10.0


class GarmentSource:
    """Events of one garment; an async context manager that is iterated once.

    When the consumer is slow the source waits for it: a recording loses nothing by itself.
    """

    def __init__(
        self,
        uri: str,
        *,
        serial: int | None = None,
        duration_s: float | None = None,
        settings: SupervisorSettings | None = None,
        seed: int = 0,
    ) -> None:
        self._uri = uri
        self._serial = serial
        self._duration_s = duration_s
        self._settings = settings or SupervisorSettings()
        self._rng = np.random.default_rng(seed)
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(EVENT_QUEUE)
        self._stop = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._schema: GarmentSchema | None = None
        self._reassembler: Reassembler | None = None
        self._stop_at_ns: int | None = None
        self.clock = OnlineClock()
        self.n_links = 0

    @property
    def schema(self) -> GarmentSchema:
        """What the garment sends; known inside the ``async with`` block."""
        if self._schema is None:
            raise LinkError("the garment is not connected yet, so its schema is not known")
        return self._schema

    async def __aenter__(self) -> "GarmentSource":
        """Connect, so that the schema is known.

        Raises:
            LinkError: If no garment answers.
        """
        link = await self._first_link()
        # A garment that comes back with another schema ends the session: see `_connect`.
        await self._group.__aenter__()
        self._group.create_task(self._run(link))
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop the garment and end the link."""
        self._stop.set()
        while not self._events.empty():
            self._events.get_nowait()
        await self._group.__aexit__(None, None, None)

    async def stop(self) -> None:
        """Ask the source to end; what the garment still holds is yielded first."""
        self._stop.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the garment ends, the time is over, or `stop` is called."""
        while (event := await self._events.get()) is not None:
            yield event

    async def _first_link(self) -> GarmentLink:
        for attempt in range(self._settings.first_attempts):
            try:
                return await self._connect()
            except LinkError as error:
                if attempt + 1 == self._settings.first_attempts:
                    raise
                logger.info("attempt %d: %s", attempt + 1, error)
                await asyncio.sleep(self._settings.pause_s(attempt, self._rng))
        raise LinkError("no attempt to connect was allowed")

    async def _connect(self) -> GarmentLink:
        """Scan, connect, configure: a fresh device and a fresh client each time."""
        settings = self._settings
        device = await find_device(self._uri, serial=self._serial, timeout_s=settings.scan_s)
        self.n_links += 1
        link = GarmentLink(device, self._uri, settings=settings, epoch=self.n_links)
        await link.open()
        try:
            schema = await link.read_schema()
            if self._schema is None or self._reassembler is None:
                self._schema, self._reassembler = schema, Reassembler(schema)
            elif schema != self._schema:
                await link.close()
                self._stop.set()
        except (LinkError, FirmwareBridgeError) as error:
            await link.close()
            raise LinkError(str(error)) from error
        return link

    async def _run(self, link: GarmentLink | None) -> None:
        """Stream over one link after the other until it is time to stop."""
        newest: dict[int, int] = {}
        attempt = 0
        try:
            while not self._stop.is_set():
                if link is None:
                    link = await self._reconnect(attempt)
                    attempt += 1
                    continue
                start_ns = time.monotonic_ns()
                reason, newest = await self._use(link)
                link = None
                if reason in ("stopped", "ended"):
                    break
                healthy = time.monotonic_ns() - start_ns > HEALTHY_AFTER_S * 1e9
                attempt = 0 if healthy else attempt
        finally:
            if self._reassembler is not None:
                for event in self._reassembler.finish(newest, host_ns=time.monotonic_ns()):
                    self._offer(event)
            self._offer(None)

    def _offer(self, event: Event | None) -> None:
        """Queue without waiting, for the very end; a consumer that has left takes nothing."""
        with contextlib.suppress(asyncio.QueueFull):
            self._events.put_nowait(event)

    async def _reconnect(self, attempt: int) -> GarmentLink | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.pause_s(attempt, self._rng)):
                await self._stop.wait()
        if self._stop.is_set() or self._is_over():
            self._stop.set()
            return None
        try:
            return await self._connect()
        except LinkError as error:
            logger.info("reconnecting: %s", error)
            return None

    def _is_over(self) -> bool:
        return self._stop_at_ns is not None and time.monotonic_ns() >= self._stop_at_ns

    async def _use(self, link: GarmentLink) -> tuple[str, dict[int, int]]:
        """Stream over one link; returns why it ended, and what the garment produced."""
        opened_ns = time.monotonic_ns()
        await self._events.put(
            LinkOpened(epoch=link.epoch, boot=link.boot, host_ns=opened_ns, mtu=link.mtu)
        )
        newest: dict[int, int] = {}
        try:
            if not link.is_streaming:
                await link.ask(Command.START, {})
            if self._stop_at_ns is None and self._duration_s is not None:
                self._stop_at_ns = time.monotonic_ns() + round(self._duration_s * 1e9)
            reason = await self._stream(link)
            if reason in ("stopped", "ended"):
                newest = await self._wind_down(link)
        except (LinkError, FirmwareBridgeError) as error:
            logger.info("link %d: %s", link.epoch, error)
            reason = "lost"
        finally:
            await link.close()
        await self._events.put(
            LinkClosed(epoch=link.epoch, host_ns=time.monotonic_ns(), reason=reason)
        )
        return reason, newest

    async def _stream(self, link: GarmentLink) -> str:
        """Pass on what arrives; returns why it stopped."""
        async with asyncio.TaskGroup() as group:
            clock = group.create_task(self._keep_clock(link))
            try:
                return await self._watch(link)
            finally:
                clock.cancel()

    async def _watch(self, link: GarmentLink) -> str:
        limit_ns = round(self._settings.silence_limit_s(self.schema) * 1e9)
        heard_ns = time.monotonic_ns()
        while True:
            if self._stop.is_set() or self._is_over():
                return "stopped"
            if link.disconnected.is_set() and link.received.empty():
                return "lost"
            if time.monotonic_ns() - heard_ns > limit_ns:
                return "silent"
            got = await self._take(link, TICK_S)
            if got:
                heard_ns = time.monotonic_ns()
            if any(isinstance(event, Marker) and event.kind == "end" for event in got):
                return "ended"

    async def _take(self, link: GarmentLink, wait_s: float) -> Sequence[Event]:
        """Wait for one notification; returns what it means, already passed on."""
        reassembler = self._reassembler
        if reassembler is None:
            return ()
        try:
            async with asyncio.timeout(wait_s):
                host_ns, data = await link.received.get()
        except TimeoutError:
            events = reassembler.tick(time.monotonic_ns())
            for event in events:
                await self._events.put(event)
            return ()
        events = reassembler.accept(data, host_ns=host_ns, epoch=link.epoch)
        for event in events:
            await self._events.put(event)
        return events

    async def _keep_clock(self, link: GarmentLink) -> None:
        """Exchange times in bursts while the link lives."""
        with contextlib.suppress(LinkError, FirmwareBridgeError):
            while True:
                await self._burst(link, self._settings.burst_size)
                await asyncio.sleep(self._settings.burst_every_s)

    async def _burst(self, link: GarmentLink, size: int) -> None:
        settings = self._settings
        burst = []
        for _ in range(size):
            await asyncio.sleep(settings.exchange_gap_s + self._rng.uniform(0, settings.dither_s))
            exchange = await link.exchange_time()
            burst.append(exchange)
            await self._events.put(Exchanged(exchange=exchange, epoch=link.epoch, boot=link.boot))
        self.clock(burst)

    async def _wind_down(self, link: GarmentLink) -> dict[int, int]:
        """Stop the garment, take what it still holds, ask what it produced."""
        await self._burst(link, 3)
        await link.ask(Command.STOP, {})
        quiet_ns = time.monotonic_ns()
        while time.monotonic_ns() - quiet_ns < DRAIN_QUIET_S * 1e9:
            if await self._take(link, TICK_S):
                quiet_ns = time.monotonic_ns()
        return await link.newest()
