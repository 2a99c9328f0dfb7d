"""Notifications on their way from the radio to the consumer: a bounded queue with a counted policy.

The radio's callbacks stamp and enqueue, nothing else. A full queue drops the newest, counts it, and
notes which samples those were, so that the gap in the recording has its true cause.
"""

import asyncio
import contextlib
import struct
from collections import deque
from dataclasses import dataclass

from firmware_bridge.packet import FrameKind
from wearables.ble.losses import DroppedRange, Rebooted
from wearables.events import Event

# Kind, stream, boot, first index; nine bytes on, the number of samples.
_HEAD = struct.Struct("<BBHI6xB")
_MAX_RANGES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One notification of the data plane."""

    epoch: int
    host_ns: int
    data: bytes


class PacketQueue:
    """Notifications and events in order of arrival; only notifications can overflow.

    Attributes:
        n_overflow: Notifications dropped.
        dropped: Which samples those were; beyond 4,096 ranges the oldest are forgotten.
    """

    def __init__(self, size: int) -> None:
        self._items: deque[Packet | Event | Rebooted] = deque()
        self._size = size
        self._filled = asyncio.Event()
        self.n_overflow = 0
        self.dropped: deque[DroppedRange] = deque(maxlen=_MAX_RANGES)

    def put_packet(self, packet: Packet) -> None:
        """Add a notification, or count it as dropped."""
        if len(self._items) >= self._size:
            self.n_overflow += 1
            self._note(packet.data)
            return
        self._items.append(packet)
        self._filled.set()

    def _note(self, data: bytes) -> None:
        if len(data) < _HEAD.size or data[0] & 0x0F != FrameKind.DATA:
            return
        _, stream_id, boot, start, n = _HEAD.unpack_from(data)
        for last in reversed(self.dropped):
            if (last.stream_id, last.boot) == (stream_id, boot):
                if last.stop == start:
                    last.stop += n
                    return
                break
        self.dropped.append(
            DroppedRange(stream_id=stream_id, boot=boot, start=start, stop=start + n)
        )

    def put_event(self, event: Event | Rebooted) -> None:
        """Add an event, always."""
        self._items.append(event)
        self._filled.set()

    def wake(self) -> None:
        """Let a waiting consumer look around."""
        self._filled.set()

    async def get(self, *, timeout_s: float) -> Packet | Event | Rebooted | None:
        """Take the oldest; nothing after the timeout or a wake."""
        if not self._items:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._filled.wait()
        self._filled.clear()
        return self._items.popleft() if self._items else None
