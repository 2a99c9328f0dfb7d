"""A sensor that a lab already owns, as a source of events: over as many links as it takes."""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from firmware_bridge.schema import GarmentSchema
from wearables.ble.foreign import DeviceLink, connected
from wearables.ble.leaving import leave
from wearables.ble.losses import Rebooted
from wearables.ble.packets import Packet, PacketQueue
from wearables.ble.scanning import FoundDevice, NotSeenError, find_device
from wearables.ble.settings import SupervisorSettings, pause_s
from wearables.ble.trouble import radio_open
from wearables.errors import LinkError
from wearables.events import Event, LinkClosed, LinkOpened
from wearables.profiles.device_information import (
    TEXT_FIELDS,
    DeviceInformation,
    decode_device_information,
)
from wearables.profiles.indexing import Indexer
from wearables.profiles.profile import Profile, ProfileDecoder, Reading, Request, uuid16
from wearables.profiles.registry import known_profiles

logger = logging.getLogger(__name__)

_LOOK_S = 0.25
_LEAST_SILENCE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(Packet):
    """One value of a characteristic."""

    uuid: str


class ProfileSource:
    """Records a device by the profiles of its services.

    Use it as ``async with ProfileSource(uri, device="Polar H10") as source``, then iterate. It
    ends after `duration_s` or after `stop`. Samples get their index from a running count, since
    such devices send none; gaps are found in their time stamps (`LossCause.INFERRED`).

    Attributes:
        uri: Radio, see `wearables.ble.backends`.
        device: Address, or part of the advertised name; the first with a known service if empty.
        profiles: What to record; by default whatever the device has.
        settings: Patience.
        duration_s: How long to record from the first link on; nothing for until `stop`.
        about: What the device says of itself, once the source is open.
    """

    def __init__(
        self,
        uri: str,
        *,
        device: str = "",
        profiles: Sequence[Profile] | None = None,
        settings: SupervisorSettings | None = None,
        duration_s: float | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.uri = uri
        self.device = device
        self.settings = settings or SupervisorSettings()
        self.duration_s = duration_s
        self.about = DeviceInformation()
        self._wanted = tuple(known_profiles().values()) if profiles is None else tuple(profiles)
        self.profiles: tuple[Profile, ...] = ()
        self._rng = rng or np.random.default_rng()
        self._queue = PacketQueue(self.settings.queue_size)
        # Once recorded, nothing else may take its place; some change their address, not the name.
        self._pinned = ""
        self._schema: GarmentSchema | None = None
        self._indexer: Indexer | None = None
        self._decoders: dict[str, ProfileDecoder] = {}
        self._answers: dict[str, asyncio.Queue[bytes]] = {}
        self._epoch = 0
        self._has_streamed = False
        self._last_ns = 0
        self._stop_at_ns: int | None = None
        self._stopping = asyncio.Event()
        self._opened = asyncio.Event()
        self._error: str | None = None
        self._done = False
        self._stack = contextlib.AsyncExitStack()

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels."""
        if self._schema is None:
            raise LinkError("the streams of the device are known only once the source is open")
        return self._schema

    @property
    def n_overflow(self) -> int:
        """Notifications dropped because the consumer was too slow."""
        return self._queue.n_overflow

    async def stop(self) -> None:
        """Ask for the end; iterate on until it comes."""
        self._stopping.set()

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            LinkError: If the device cannot be reached or refuses.
        """
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(radio_open(self.uri))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            task = tasks.create_task(self._run())
            stack.callback(task.cancel)
            await self._opened.wait()
            if self._has_streamed:
                self._stack = stack.pop_all()
                return self
        raise LinkError(self._error or "the source was stopped before the device was connected")

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await leave(self._stack, exc_type, exc, trace)

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the source ends."""
        return self._events()

    # The link's side.

    async def _run(self) -> None:
        s, n_failures = self.settings, 0
        try:
            while not self._is_over():
                started_ns = time.monotonic_ns()
                try:
                    await self._once()
                except LinkError as error:
                    if time.monotonic_ns() - started_ns > s.settled_s * 1e9:
                        n_failures = 0
                    n_failures += 1
                    logger.info("link trouble %d: %s", n_failures, error)
                    if not self._has_streamed and n_failures >= s.first_attempts:
                        self._error = str(error)
                        return
                    # It may come into range at any moment, so that pause does not grow.
                    n_paused = 1 if isinstance(error, NotSeenError) else n_failures
                else:
                    return
                await self._wait(pause_s(n_paused, settings=s, rng=self._rng))
        finally:
            self._done = True
            self._opened.set()
            self._queue.wake()

    def _is_over(self) -> bool:
        is_late = self._stop_at_ns is not None and time.monotonic_ns() >= self._stop_at_ns
        return is_late or self._stopping.is_set()

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _fits(self, found: FoundDevice) -> bool:
        wanted = self.device or self._pinned
        if wanted:
            return wanted in found.name or wanted.upper() == found.address.upper()
        services = {profile.service_uuid for profile in self.profiles or self._wanted}
        return found.serial is None and bool(services & set(found.service_uuids))

    async def _once(self) -> None:
        s = self.settings
        device, _ = await find_device(self.uri, self._fits, timeout_s=s.scan_timeout_s)
        async with connected(
            self.uri, device,
            connect_timeout_s=s.longest_connect_s(is_known=self._has_streamed),
            timeout_s=s.operation_timeout_s,
        ) as link:  # fmt: skip
            if self._schema is None:
                await self._learn(link, device.name or device.address)
            self._epoch += 1
            epoch, reason = self._epoch, "lost"
            self._answers.clear()
            opened_ns = time.monotonic_ns()
            boot = 1 if self._indexer is None else self._indexer.boot
            self._queue.put_event(
                LinkOpened(epoch=epoch, boot=boot, host_ns=opened_ns, mtu=link.mtu)
            )
            try:
                await self._start(link, epoch)
                self._has_streamed = True
                self._pinned = device.name or device.address
                if self._stop_at_ns is None and self.duration_s is not None:
                    self._stop_at_ns = opened_ns + round(self.duration_s * 1e9)
                self._opened.set()
                reason = await self._stream(link)
            finally:
                now_ns = time.monotonic_ns()
                self._queue.put_event(LinkClosed(epoch=epoch, host_ns=now_ns, reason=reason))
            if reason != "stopped":
                raise LinkError(f"the link ended: {reason}")

    async def _learn(self, link: DeviceLink, name: str) -> None:
        """Choose the profiles that the device has, and ask who made it."""
        chosen = [p for p in self._wanted if p.service_uuid in link.service_uuids]
        if not any(profile.streams for profile in chosen):
            wanted = ", ".join(profile.name for profile in self._wanted)
            raise LinkError(f"device {name} has none of the services to record ({wanted})")
        texts = {
            number: await link.read(uuid16(number))
            for number in TEXT_FIELDS
            if link.has(uuid16(number))
        }
        self.about = decode_device_information(texts)
        streams = [stream for profile in chosen for stream in profile.streams]
        self.profiles = tuple(chosen)
        self._schema = GarmentSchema(
            vendor=self.about.manufacturer or "unknown",
            name=self.about.model or name,
            hw=self.about.hardware or "unknown",
            schema=1,
            streams=tuple(dataclasses.replace(s, id=i) for i, s in enumerate(streams, start=1)),
        )

    async def _start(self, link: DeviceLink, epoch: int) -> None:
        """Subscribe first, then read, then write what starts the device."""
        uuids = [uuid for profile in self.profiles for uuid in profile.notify_uuids]
        requests = [request for profile in self.profiles for request in profile.requests]
        uuids += [request.answer_uuid for request in requests if request.answer_uuid]
        for uuid in dict.fromkeys(uuids):
            if link.has(uuid):
                await link.subscribe(uuid, self._taker(uuid, epoch))
        for profile in self.profiles:
            for uuid in profile.read_uuids:
                if link.has(uuid):
                    self._taker(uuid, epoch)(await link.read(uuid))
        for request in requests:
            await self._ask(link, request)

    def _taker(self, uuid: str, epoch: int) -> Callable[[bytes], None]:
        def take(data: bytes) -> None:
            self._last_ns = time.monotonic_ns()
            self._queue.put_packet(Value(epoch=epoch, host_ns=self._last_ns, data=data, uuid=uuid))
            if uuid in self._answers:
                self._answers[uuid].put_nowait(data)

        return take

    async def _ask(self, link: DeviceLink, request: Request) -> None:
        if request.answer_uuid is None:
            await link.write(request.uuid, request.data)
            return
        answers = self._answers[request.answer_uuid] = asyncio.Queue[bytes]()
        await link.write(request.uuid, request.data)
        try:
            async with asyncio.timeout(self.settings.operation_timeout_s):
                answer = await answers.get()
        except TimeoutError as error:
            raise LinkError(f"the device did not answer {request.data.hex()}") from error
        finally:
            del self._answers[request.answer_uuid]
        refused = request.refusal(answer) if request.refusal else None
        if refused is not None:
            raise LinkError(f"the device refused {request.data.hex()}: {refused}")

    async def _stream(self, link: DeviceLink) -> str:
        """Watch the link; returns why it ended."""
        self._last_ns = time.monotonic_ns()
        latencies = [stream.max_latency_ms for stream in self.schema.streams]
        silence_s = self.settings.silence_s or max(_LEAST_SILENCE_S, 4e-3 * min(latencies))
        while not self._is_over():
            if link.lost.is_set():
                return "lost"
            if time.monotonic_ns() - self._last_ns > silence_s * 1e9:
                return "silent"
            wait_s = min(_LOOK_S, silence_s)
            if self._stop_at_ns is not None:
                wait_s = min(wait_s, max(0.0, (self._stop_at_ns - time.monotonic_ns()) * 1e-9))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await link.lost.wait()
        return "stopped"

    # The consumer's side.

    async def _events(self) -> AsyncIterator[Event]:
        while True:
            item = await self._queue.get(timeout_s=_LOOK_S)
            if isinstance(item, Value):
                for event in self._placed(item):
                    yield event
            elif isinstance(item, LinkOpened):
                self._decoders = {p.name: p.make_decoder() for p in self.profiles}
                self._indexer = self._indexer or Indexer(self.schema, origin_ns=item.host_ns)
                yield item
            elif isinstance(item, LinkClosed):
                for event in self._flushed(item):
                    yield event
                yield item
            elif isinstance(item, Packet | Rebooted):
                continue  # Sensors of others have neither frames nor boots.
            elif item is not None:
                yield item
            elif self._done:
                return

    def _placed(self, value: Value) -> list[Event]:
        events: list[Event] = []
        for profile in self.profiles:
            asks = any(request.answer_uuid == value.uuid for request in profile.requests)
            if asks or value.uuid in (*profile.notify_uuids, *profile.read_uuids):
                made = self._decoders[profile.name].feed(
                    value.uuid, value.data, host_ns=value.host_ns, epoch=value.epoch
                )
                events += self._indexed(made, value.host_ns, value.epoch)
        return events

    def _flushed(self, closed: LinkClosed) -> list[Event]:
        events: list[Event] = []
        for decoder in self._decoders.values():
            made = decoder.flush(host_ns=closed.host_ns, epoch=closed.epoch)
            events += self._indexed(made, closed.host_ns, closed.epoch)
        return events

    def _indexed(self, made: Sequence[Reading | Event], host_ns: int, epoch: int) -> list[Event]:
        events: list[Event] = []
        for item in made:
            if not isinstance(item, Reading):
                events.append(item)
            elif self._indexer is not None:
                events += self._indexer(item, host_ns=host_ns, epoch=epoch)
        return events
