"""Keep a link to a garment: scan, connect, serve, and again after trouble.

Every link is an epoch. The radio's callbacks only stamp and enqueue; the queue is bounded, drops
the newest when full and counts what it dropped.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from firmware_bridge.control import (
    Command,
    SmpAssembler,
    SmpMessage,
    check_response,
    decode_message,
    encode_message,
    request,
)
from firmware_bridge.errors import ControlError, MessageError
from firmware_bridge.uuids import DATA_UUID, INFO_UUID, SMP_UUID
from wearables.ble.backends import backend_for
from wearables.ble.scanning import find_garment
from wearables.errors import LinkError
from wearables.events import LinkClosed

if TYPE_CHECKING:
    from bleak import BleakClient

    from wearables.events import Event

logger = logging.getLogger(__name__)

_SEQUENCE_AT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorSettings:
    """Patience, in seconds unless the name says otherwise.

    Attributes:
        scan_timeout_s: Longest scan of one attempt.
        connect_timeout_s: Longest connect with discovery.
        operation_timeout_s: Longest read, write or control request.
        silence_s: Longest time without data; nothing takes max(2 s, 4 x largest frame latency).
        backoff_first_s: Pause after the first failure; it doubles.
        backoff_max_s: Longest pause.
        backoff_jitter: Random share of the pause, both ways, no unit.
        settled_s: Streaming this long forgets earlier failures.
        queue_size: Notifications that may wait for the consumer.
        first_attempts: Failures in a row that are borne before the first link came up.
        exchanges_per_burst: Clock exchanges at once.
        exchange_spacing_s: Time between two of them.
        exchange_every_s: Time between two bursts.
        dither_us: Upper bound of the garment's random wait before a clock response.
        drain_s: Wait for late notifications after stop.
        backfill_s: Longest wait, after stop, for what the garment's log still holds.
    """

    scan_timeout_s: float = 10.0
    connect_timeout_s: float = 20.0
    operation_timeout_s: float = 5.0
    silence_s: float | None = None
    backoff_first_s: float = 0.25
    backoff_max_s: float = 15.0
    backoff_jitter: float = 0.2
    settled_s: float = 10.0
    queue_size: int = 4096
    first_attempts: int = 3
    exchanges_per_burst: int = 8
    exchange_spacing_s: float = 0.11
    exchange_every_s: float = 10.0
    dither_us: int = 100_000
    drain_s: float = 0.05
    backfill_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanning:
    """Waiting for the garment to advertise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """Connecting to a garment that was seen."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The link is up: configuring, then streaming."""

    epoch: int
    since_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pausing after trouble."""

    delay_s: float
    n_failures: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Done; ``error`` says why when it was not asked for."""

    error: str | None = None


State = Scanning | Connecting | Serving | Backoff | Stopped


class LinkEndedError(LinkError):
    """A link ended without being asked to; ``reason`` is a short word."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the link ended: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One notification of the data plane."""

    epoch: int
    host_ns: int
    data: bytes


class PacketQueue:
    """Notifications and events in order of arrival; only notifications can overflow."""

    def __init__(self, size: int) -> None:
        self._items: deque[Packet | Event] = deque()
        self._size = size
        self._filled = asyncio.Event()
        self.n_overflow = 0

    def put_packet(self, packet: Packet) -> None:
        """Add a notification, or count it as dropped."""
        if len(self._items) >= self._size:
            self.n_overflow += 1
            return
        self._items.append(packet)
        self._filled.set()

    def put_event(self, event: "Event") -> None:
        """Add an event, always."""
        self._items.append(event)
        self._filled.set()

    def wake(self) -> None:
        """Let a waiting consumer look around."""
        self._filled.set()

    async def get(self, *, timeout_s: float) -> "Packet | Event | None":
        """Take the oldest; nothing after the timeout or a wake."""
        if not self._items:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._filled.wait()
        self._filled.clear()
        return self._items.popleft() if self._items else None


class Link:
    """One connection: control requests, and the data plane into the queue."""

    def __init__(
        self, client: "BleakClient", *, epoch: int, queue: PacketQueue, timeout_s: float
    ) -> None:
        self._client = client
        self._queue = queue
        self._timeout_s = timeout_s
        self._assembler = SmpAssembler()
        self._answers: dict[int, asyncio.Future[tuple[SmpMessage, int]]] = {}
        self._sequence = 0
        self.epoch = epoch
        self.woken = asyncio.Event()
        self.is_lost = False
        self.last_data_ns = time.monotonic_ns()

    async def open(self) -> None:
        """Subscribe to both planes."""
        async with asyncio.timeout(2 * self._timeout_s):
            await self._client.start_notify(SMP_UUID, self._on_control)
            await self._client.start_notify(DATA_UUID, self._on_data)

    @property
    def mtu(self) -> int:
        """ATT MTU."""
        return self._max_write_size() + 3

    def _max_write_size(self) -> int:
        characteristic = self._client.services.get_characteristic(SMP_UUID)
        if characteristic is None:
            raise LinkError("the garment has no control characteristic")
        return characteristic.max_write_without_response_size

    def _on_data(self, _sender: Any, data: bytearray) -> None:
        self.last_data_ns = time.monotonic_ns()
        self._queue.put_packet(
            Packet(epoch=self.epoch, host_ns=self.last_data_ns, data=bytes(data))
        )

    def _on_control(self, _sender: Any, data: bytearray) -> None:
        host_ns = time.monotonic_ns()
        for whole in self._assembler(bytes(data)):
            try:
                message = decode_message(whole)
            except MessageError as error:
                logger.warning("control message dropped: %s", error)
                continue
            answer = self._answers.pop(message.sequence, None)
            if answer is not None and not answer.done():
                answer.set_result((message, host_ns))

    def on_lost(self) -> None:
        """The radio says that the link is gone."""
        self.is_lost = True
        self.woken.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(LinkEndedError("lost"))
        self._answers.clear()

    async def read_info(self) -> bytes:
        """Read the Info characteristic."""
        async with asyncio.timeout(self._timeout_s):
            return bytes(await self._client.read_gatt_char(INFO_UUID))

    async def ask(self, command: Command, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Send a control request and wait for its response.

        Returns:
            Body and arrival of the response [ns].

        Raises:
            ControlError: If the garment refuses.
            LinkEndedError: If the link ends first.
            TimeoutError: If nothing comes.
        """
        if self.is_lost:
            raise LinkEndedError("lost")
        sequence = self._sequence
        self._sequence = (sequence + 1) % 256
        data = encode_message(request(command, body, sequence=sequence))
        message, host_ns = await self._request(sequence, data)
        return check_response(message), host_ns

    async def exchange(self, data: bytes) -> bytes:
        """Send one whole control message of any group; returns the response to it.

        Raises:
            LinkEndedError: If the link ends first.
            TimeoutError: If nothing comes.
        """
        if self.is_lost:
            raise LinkEndedError("lost")
        message, _ = await self._request(data[_SEQUENCE_AT], data)
        return encode_message(message)

    async def _request(self, sequence: int, data: bytes) -> tuple[SmpMessage, int]:
        answer: asyncio.Future[tuple[SmpMessage, int]] = asyncio.get_running_loop().create_future()
        self._answers[sequence] = answer
        size = self._max_write_size()
        try:
            async with asyncio.timeout(self._timeout_s):
                for start in range(0, len(data), size):
                    piece = data[start : start + size]
                    await self._client.write_gatt_char(SMP_UUID, piece, response=False)
                return await answer
        finally:
            self._answers.pop(sequence, None)
            answer.cancel()


class Supervisor:
    """Repeats find, connect, serve until serving ends by itself."""

    def __init__(
        self,
        uri: str,
        *,
        serial: int | None,
        settings: SupervisorSettings,
        rng: np.random.Generator,
    ) -> None:
        self._uri = uri
        self._serial = serial
        self._settings = settings
        self._rng = rng
        self.queue = PacketQueue(settings.queue_size)
        self.epoch = 0
        self.state: State = Scanning()
        self.stop_at_ns: int | None = None
        self.has_streamed = False
        self._stop = asyncio.Event()
        self._link: Link | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked for the end, or it is time."""
        is_over = self.stop_at_ns is not None and time.monotonic_ns() >= self.stop_at_ns
        return is_over or self._stop.is_set()

    def stop(self) -> None:
        """Ask for the end; serving notices at once."""
        self._stop.set()
        if self._link is not None:
            self._link.woken.set()

    async def run(self, serve: Callable[[Link], Awaitable[None]]) -> None:
        """Keep the link.

        Args:
            serve: Uses a link that has just come up, returns when all is done, raises `LinkError`,
                `TimeoutError` or bleak's errors when it has to be repeated.
        """
        from bleak.exc import BleakBluetoothNotAvailableError, BleakError

        n_failures = 0
        is_last = False
        while not is_last:
            # After the end one more link is worth it, to learn what the garment produced.
            is_last = self.is_stopping
            started_ns = time.monotonic_ns()
            try:
                await self._once(serve)
                break
            except (BleakError, LinkError, ControlError, TimeoutError) as error:
                reason = str(error.args[0]) if error.args else type(error).__name__
                if time.monotonic_ns() - started_ns > self._settings.settled_s * 1e9:
                    n_failures = 0
                n_failures += 1
                hopeless = isinstance(error, BleakBluetoothNotAvailableError)
                if not self.has_streamed and (
                    hopeless or n_failures >= self._settings.first_attempts
                ):
                    self.state = Stopped(error=reason)
                    return
                logger.info("link trouble %d: %s", n_failures, reason)
            if not is_last:
                await self._pause(n_failures, reason)
        self.state = Stopped()

    async def _pause(self, n_failures: int, reason: str) -> None:
        s = self._settings
        delay_s = min(s.backoff_first_s * 2 ** (n_failures - 1), s.backoff_max_s)
        delay_s *= 1 + s.backoff_jitter * self._rng.uniform(-1, 1)
        self.state = Backoff(delay_s=delay_s, n_failures=n_failures, reason=reason)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stop.wait()

    async def _once(self, serve: Callable[[Link], Awaitable[None]]) -> None:
        from bleak import BleakClient

        s = self._settings
        self.state = Scanning()
        device = await find_garment(self._uri, serial=self._serial, timeout_s=s.scan_timeout_s)
        self.state = Connecting(address=device.address)
        # A fresh client each time: stale ones hang.
        client = BleakClient(
            device,
            lambda _client: link.on_lost(),
            timeout=s.connect_timeout_s,
            **backend_for(self._uri).for_client,
        )
        link = Link(client, epoch=self.epoch + 1, queue=self.queue, timeout_s=s.operation_timeout_s)
        reason = "lost"
        try:
            async with asyncio.timeout(s.connect_timeout_s):
                await client.connect()
            self.epoch, self._link = link.epoch, link
            self.state = Serving(epoch=link.epoch, since_ns=time.monotonic_ns())
            await serve(link)
            reason = "stopped"
        except LinkEndedError as error:
            reason = error.reason
            raise
        finally:
            self._link = None
            if self.epoch == link.epoch:
                now_ns = time.monotonic_ns()
                self.queue.put_event(LinkClosed(epoch=link.epoch, host_ns=now_ns, reason=reason))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(s.operation_timeout_s):
                    await client.disconnect()
