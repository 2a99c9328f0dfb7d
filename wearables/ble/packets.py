"""Notifications on their way from the radio to the consumer: a bounded queue with a counted policy.

The radio's callbacks stamp and enqueue, nothing else. A full queue drops the newest and counts it.
"""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wearables.events import Event


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
