"""A garment as a source of events.

On stop it asks the garment how far each stream got, so that every sample the garment produced comes
out either as sampled or as lost.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import numpy as np

from firmware_bridge.control import Command
from firmware_bridge.errors import FirmwareBridgeError
from firmware_bridge.reassembly import Reassembler
from firmware_bridge.schema import GarmentSchema
from wearables.ble.backfilling import LogFiller, newest_by_boot
from wearables.ble.dialling import is_radio
from wearables.ble.exchanging import ClockAsker
from wearables.ble.leaving import leave
from wearables.ble.link import Link
from wearables.ble.losses import Rebooted, with_causes
from wearables.ble.packets import Packet
from wearables.ble.settings import SupervisorSettings
from wearables.ble.states import State, Stopped
from wearables.ble.supervisor import Supervisor
from wearables.ble.trouble import radio_open
from wearables.ble.watching import SilenceWatch
from wearables.errors import LinkError
from wearables.events import Event, LinkOpened, Lost, Marker

logger = logging.getLogger(__name__)

_END_KIND = "end"
_LOOK_S = 0.25
_HAS_LOG = 0x02
_BACKFILL_LOOK_S = 0.5
# A ring erases the oldest boots first anyway, and each word costs a round trip.
_MAX_ACKNOWLEDGED = 8


class GarmentSource:
    """Records one garment, over as many links as it takes.

    Use it as ``async with GarmentSource(uri) as source: async for event in source: ...``. It ends
    after `duration_s`, when the garment says that it has no more, or after `stop`.

    Attributes:
        uri: Radio or wire, see `wearables.ble.backends` and `wearables.ble.dialling`.
        serial: Which garment; the first one seen if nothing is said.
        settings: Patience.
        duration_s: How long to record from the first link on; nothing for until the end.
    """

    def __init__(
        self,
        uri: str,
        *,
        serial: int | None = None,
        settings: SupervisorSettings | None = None,
        duration_s: float | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.uri = uri
        self.serial = serial
        self.settings = settings or SupervisorSettings()
        self.duration_s = duration_s
        self._rng = rng or np.random.default_rng()
        self._supervisor = Supervisor(uri, serial=serial, settings=self.settings, rng=self._rng)
        self._queue = self._supervisor.queue
        self._schema: GarmentSchema | None = None
        self._schema_hash = b""
        self._reassembler: Reassembler | None = None
        self._newest: dict[int, dict[int, int]] = {}
        self._boot: int | None = None
        self._first_boot = 0
        self._filler = LogFiller()
        self._tails_due = False
        self._heard_ns = 0
        self._rssi_dbm: int | None = None
        self._opened = asyncio.Event()
        self._done = False
        self._stack = contextlib.AsyncExitStack()
        self._task: asyncio.Task[None] | None = None

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels."""
        if self._schema is None:
            raise LinkError("the garment's schema is known only once the source is open")
        return self._schema

    @property
    def n_overflow(self) -> int:
        """Notifications dropped because the consumer was too slow."""
        return self._queue.n_overflow

    @property
    def state(self) -> State:
        """What the link is doing."""
        return self._supervisor.state

    @property
    def rssi_dbm(self) -> int | None:
        """Strength of reception when the garment was last found; nothing without a radio."""
        return self._rssi_dbm

    async def mark(self, text: str) -> None:
        """Ask the garment to note a marker on its own clock.

        Raises:
            LinkError: If no link is up.
        """
        link = self._supervisor.link
        if link is None:
            raise LinkError("no link is up to send a marker over")
        await link.ask(Command.MARKER, {"text": text})

    async def stop(self) -> None:
        """Ask for the end; iterate on until it comes."""
        self._supervisor.stop()

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            LinkError: If the garment cannot be reached.
        """
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(_linked(self.uri))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            self._task = tasks.create_task(self._run())
            stack.callback(self._task.cancel)
            await self._opened.wait()
            if self._supervisor.has_streamed:
                self._stack = stack.pop_all()
                return self
        # Outside the task group, which would wrap the error in a group.
        state = self._supervisor.state
        reason = state.error if isinstance(state, Stopped) else None
        raise LinkError(reason or "the recording was stopped before the garment was connected")

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await leave(self._stack, exc_type, exc, trace)

    async def _run(self) -> None:
        try:
            await self._supervisor.run(self._serve)
        finally:
            self._done = True
            self._opened.set()
            self._queue.wake()

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the source ends."""
        return self._events()

    async def _events(self) -> AsyncIterator[Event]:
        if self._reassembler is None:
            raise LinkError("the source is not open; use it as a context manager")
        reassembler = self._reassembler
        while True:
            item = await self._queue.get(timeout_s=_LOOK_S)
            if self._tails_due:
                self._tails_due = False
                for event in self._tails():
                    yield event
            if isinstance(item, Rebooted):
                for event in self._reboot_rows(item):
                    yield event
            elif isinstance(item, Packet):
                events = reassembler.accept(
                    item.data,
                    host_ns=item.host_ns,
                    epoch=item.epoch,
                    backfilled=self._filler.note_arrival(item.data, item.host_ns),
                )
                for event in self._seen(events):
                    yield event
            elif item is not None:
                yield item
            elif self._done:
                break
            else:
                for event in self._seen(reassembler.tick(time.monotonic_ns())):
                    yield event
        for event in self._tails():
            yield event

    def _tails(self) -> list[Event]:
        """What the garment produced beyond the last frame that came, boot by boot."""
        if self._reassembler is None:
            return []
        now_ns = time.monotonic_ns()
        events: list[Event] = []
        for boot, newest in sorted(self._newest.items()):
            events += self._reassembler.finish(newest, host_ns=now_ns, boot=boot)
        return self._seen(events)

    def _reboot_rows(self, item: Rebooted) -> list[Event]:
        """One row a stream: when it ended, for what the garment could not tell any more."""
        if (reassembler := self._reassembler) is None:
            return []
        rows: list[Event] = []
        for stream in self.schema.streams:
            index, epoch = reassembler.newest(stream.id, item.boot)
            rows.append(item.loss(stream.id, index=index, epoch_before=epoch))
        return rows

    def _seen(self, events: Sequence[Event]) -> list[Event]:
        """Give losses their cause, note them for the log, and end at the garment's own end."""
        seen: list[Event] = []
        for event in events:
            if isinstance(event, Marker) and event.kind == _END_KIND:
                self._supervisor.stop()
            if not isinstance(event, Lost):
                seen.append(event)
                continue
            for part in with_causes(event, self._queue.dropped):
                self._filler.want(part)
                seen.append(part)
        return seen

    async def _serve(self, link: Link) -> None:
        """Configure a fresh link and stream until the end."""
        try:
            await link.open()
            info = await link.read_info()
            boot = int.from_bytes(info[2:4], "little")
            self._rssi_dbm = link.rssi_dbm
            if info[1] & _HAS_LOG:
                self._filler.begin()
            await self._learn_schema(link, info[4:12])
            self._queue.put_event(
                LinkOpened(epoch=link.epoch, boot=boot, host_ns=time.monotonic_ns(), mtu=link.mtu)
            )
            if self._boot != boot:
                await self._learn_tails(link, boot)
            self._boot = boot
            if not self._supervisor.is_stopping:
                await link.ask(Command.START, {"streams": [s.id for s in self.schema.streams]})
        except FirmwareBridgeError as error:
            raise LinkError(str(error)) from error
        self._supervisor.has_streamed = True
        self._opened.set()
        await self._stream(link, boot)
        await self._end(link, boot)

    async def _learn_schema(self, link: Link, schema_hash: bytes) -> None:
        if schema_hash == self._schema_hash:
            return
        data, total = b"", 1
        while len(data) < total:
            body, _ = await link.ask(Command.DESCRIPTOR, {"off": len(data)})
            total = int(body["len"])
            if not body["data"]:
                raise LinkError(f"descriptor ends after {len(data)} of {total} bytes")
            data += body["data"]
        schema = GarmentSchema.from_cbor(data)
        if self._schema is not None and schema != self._schema:
            raise LinkError("the garment changed its schema; start a new recording")
        if self._schema is None:
            self._schema, self._reassembler = schema, Reassembler(schema)
        self._schema_hash = schema_hash

    async def _learn_tails(self, link: Link, boot: int) -> None:
        """A boot that is new here: where does recording start, and how far did others get?"""
        status, _ = await link.ask(Command.LOG_STATUS, {})
        told = newest_by_boot(status)
        if self._boot is None:
            # What the garment took before this recording is not missing in it.
            self._first_boot = boot
            for stream_id, index in told.get(boot, {}).items():
                if index and self._reassembler is not None:
                    self._reassembler.begin(stream_id, boot, index)
            return
        self._newest |= {
            old: newest for old, newest in told.items() if self._first_boot <= old < boot
        }
        self._queue.put_event(
            Rebooted(
                boot=self._boot, epoch=link.epoch, heard_ns=self._heard_ns,
                host_ns=time.monotonic_ns(),
            )
        )  # fmt: skip
        self._tails_due = True
        self._queue.wake()

    def _silence_s(self) -> float:
        if self.settings.silence_s is not None:
            return self.settings.silence_s
        return max([2.0, *(4e-3 * stream.max_latency_ms for stream in self.schema.streams)])

    async def _stream(self, link: Link, boot: int) -> None:
        """Watch the link and exchange clocks until the end is due."""
        link.last_data_ns = now_ns = time.monotonic_ns()
        supervisor = self._supervisor
        if supervisor.stop_at_ns is None and self.duration_s is not None:
            supervisor.stop_at_ns = now_ns + round(self.duration_s * 1e9)
        watch = SilenceWatch(link, silence_s=self._silence_s())
        clock = ClockAsker(link, boot, settings=self.settings, rng=self._rng)
        while True:
            self._heard_ns = link.last_data_ns
            if supervisor.is_stopping and not link.is_lost:
                return
            watch.check()
            exchanged = await clock.ask_if_due()
            if exchanged is not None:
                self._queue.put_event(exchanged)
            await self._filler.ask(link)
            due_ns = min(clock.due_ns, watch.due_ns)
            if self._filler.n_missing:
                due_ns = min(due_ns, time.monotonic_ns() + round(_BACKFILL_LOOK_S * 1e9))
            due_ns = min(due_ns, supervisor.stop_at_ns or due_ns)
            await watch.sleep_until(due_ns)

    async def _end(self, link: Link, boot: int) -> None:
        """Stop the garment, then learn how far it got."""
        clock = ClockAsker(link, boot, settings=self.settings, rng=self._rng)
        for exchanged in await clock.burst():
            self._queue.put_event(exchanged)
        await link.ask(Command.STOP, {"streams": [s.id for s in self.schema.streams]})
        status, _ = await link.ask(Command.LOG_STATUS, {})
        told = newest_by_boot(status)
        if boot in told:
            self._newest[boot] = told[boot]
        await asyncio.sleep(self.settings.drain_s)
        if self._filler.has_log:
            await self._fill_the_rest(link)
            await self._acknowledge(link, sorted(told)[-_MAX_ACKNOWLEDGED:])

    async def _fill_the_rest(self, link: Link) -> None:
        """Give the log time to close the gaps that are left, the tails included."""
        until_ns = time.monotonic_ns() + round(self.settings.backfill_s * 1e9)
        # What was sent last may be missing without a later frame that shows it.
        self._tails_due = True
        self._queue.wake()
        await asyncio.sleep(2 * _LOOK_S)
        while self._filler.n_missing:
            if time.monotonic_ns() > until_ns or link.is_lost:
                return
            await self._filler.ask(link)
            await asyncio.sleep(_LOOK_S)

    async def _acknowledge(self, link: Link, boots: list[int]) -> None:
        """Tell the log what it need not keep."""
        if self._reassembler is None:
            return
        for boot in boots:
            for stream in self.schema.streams:
                newest, _ = self._reassembler.newest(stream.id, boot)
                await self._filler.acknowledge(link, stream.id, boot, newest)


def _linked(uri: str) -> AbstractAsyncContextManager[None]:
    """Hold the radio, where the link goes over one."""
    return radio_open(uri) if is_radio(uri) else contextlib.nullcontext()
