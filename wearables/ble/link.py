"""One connection to a garment: control requests, and the data plane into a queue.

What carries the bytes is a `Channel`: Bluetooth, a serial line, or UDP.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from firmware_bridge.control import (
    Command,
    SmpMessage,
    check_response,
    decode_message,
    encode_message,
    request,
)
from firmware_bridge.errors import MessageError
from wearables.ble.packets import Packet, PacketQueue
from wearables.errors import LinkError

logger = logging.getLogger(__name__)

_SEQUENCE_AT = 6


class LinkEndedError(LinkError):
    """A link ended without being asked to; ``reason`` is a short word."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the link ended: {reason}")
        self.reason = reason


class Channel(Protocol):
    """What carries a garment's two planes."""

    @property
    def max_write_size(self) -> int:
        """Bytes of one piece that the transport takes at once."""
        ...

    async def open(
        self, on_data: Callable[[bytes], None], on_control: Callable[[bytes], None]
    ) -> None:
        """Start both planes: whole frames and whole control messages go to the callbacks."""
        ...

    async def write_control(self, message: bytes) -> None:
        """Send one whole control message."""
        ...

    async def read_info(self) -> bytes | None:
        """The 12 bytes of Info; nothing where the control plane has to be asked."""
        ...

    def rssi_dbm(self) -> int | None:
        """Strength of reception when it was last seen; nothing where there is no radio."""
        ...


class Link:
    """One connection of a supervised garment."""

    def __init__(
        self, channel: Channel, *, epoch: int, queue: PacketQueue, timeout_s: float
    ) -> None:
        self._channel = channel
        self._queue = queue
        self._timeout_s = timeout_s
        self._answers: dict[int, asyncio.Future[tuple[SmpMessage, int]]] = {}
        self._sequence = 0
        self.epoch = epoch
        self.woken = asyncio.Event()
        self.is_lost = False
        self.last_data_ns = time.monotonic_ns()

    async def open(self) -> None:
        """Start both planes."""
        async with asyncio.timeout(2 * self._timeout_s):
            await self._channel.open(self._on_data, self._on_control)

    @property
    def mtu(self) -> int:
        """ATT MTU, or what would be one on another transport."""
        return self._channel.max_write_size + 3

    @property
    def rssi_dbm(self) -> int | None:
        """Strength of reception when the garment was last seen."""
        return self._channel.rssi_dbm()

    def _on_data(self, data: bytes) -> None:
        self.last_data_ns = time.monotonic_ns()
        self._queue.put_packet(Packet(epoch=self.epoch, host_ns=self.last_data_ns, data=data))

    def _on_control(self, whole: bytes) -> None:
        host_ns = time.monotonic_ns()
        try:
            message = decode_message(whole)
        except MessageError as error:
            logger.warning("control message dropped: %s", error)
            return
        answer = self._answers.pop(message.sequence, None)
        if answer is not None and not answer.done():
            answer.set_result((message, host_ns))

    def on_lost(self) -> None:
        """The transport says that the link is gone."""
        self.is_lost = True
        self.woken.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(LinkEndedError("lost"))
        self._answers.clear()

    async def read_info(self) -> bytes:
        """Read the 12 bytes of Info."""
        async with asyncio.timeout(self._timeout_s):
            info = await self._channel.read_info()
        if info is None:
            body, _ = await self.ask(Command.INFO, {})
            info = bytes(body.get("info", b""))
        if len(info) < 12:
            raise LinkError(f"the garment's info has {len(info)} bytes, 12 are needed")
        return info

    async def ask(self, command: Command, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Send a control request and wait for its response.

        Returns:
            Body and arrival of the response [ns].

        Raises:
            ControlError: If the garment refuses.
            LinkEndedError: If the link ends first.
            TimeoutError: If nothing comes.
        """
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
        message, _ = await self._request(data[_SEQUENCE_AT], data)
        return encode_message(message)

    async def _request(self, sequence: int, data: bytes) -> tuple[SmpMessage, int]:
        if self.is_lost:
            raise LinkEndedError("lost")
        answer: asyncio.Future[tuple[SmpMessage, int]] = asyncio.get_running_loop().create_future()
        self._answers[sequence] = answer
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._channel.write_control(data)
                return await answer
        finally:
            self._answers.pop(sequence, None)
            answer.cancel()
