"""What leaves a virtual garment, in which order, and what goes wrong there; the same for all doors.

Control responses overtake frames, as firmware keeps buffers back for them: a stream that waits must
not make its host believe that nobody answers. Those that tell how far a stream got follow it, and
those to a clock exchange are stamped when they leave.
"""

import asyncio
import contextlib
import time
from collections import deque
from typing import Protocol

from firmware_bridge.control import SmpMessage, decode_message
from firmware_bridge.errors import MessageError
from firmware_bridge.packet import FrameKind
from firmware_bridge.sim.bootloader import MANAGED_GROUPS, Bootloader, answer_management
from firmware_bridge.sim.garment import DEFAULT_FRAME_SIZE, Garment, Reply

_TICK_S = 0.01
_RESET_S = 0.1
_ASKED_S = 20.0


class Door(Protocol):
    """A transport of a virtual garment."""

    @property
    def frame_size(self) -> int:
        """Largest frame that it carries now."""
        ...

    @property
    def is_listened(self) -> bool:
        """Whether somebody takes frames."""
        ...

    @property
    def has_room(self) -> bool:
        """Whether it takes something now without having to wait."""
        ...

    async def send_frame(self, frame: bytes) -> bool:
        """Send a frame; returns whether it left."""
        ...

    async def send_control(self, message: bytes) -> None:
        """Send a control message to who asked."""
        ...

    async def cut(self) -> None:
        """End the link."""
        ...

    def set_range(self, *, is_near: bool) -> None:
        """Carry nothing, in both directions, while the host is out of range."""
        ...


class Outlet:
    """Connects a garment to a door.

    Attributes:
        garment: Its firmware.
        woke_ns: Host time when its clock started.
    """

    def __init__(
        self, garment: Garment, door: Door, *, bootloader: Bootloader | None = None
    ) -> None:
        self.garment = garment
        self.woke_ns = time.monotonic_ns()
        self._door = door
        self._bootloader = bootloader
        self._queue: deque[bytes | Reply] = deque()
        self._replies: deque[Reply] = deque()
        self._clock_replies: list[tuple[int, Reply]] = []
        self._cuts_s = deque(sorted(garment.faults.cuts_s))
        self._brown_outs = deque(sorted(garment.faults.brown_outs))
        self._is_near = True
        self._is_off = False
        self._frames_due = 0.0
        self._drained_ns = self.woke_ns
        self._woken = asyncio.Event()
        self._asked_ns = 0

    def device_us(self) -> int:
        """Device time now."""
        return self.garment.faults.device_us(time.monotonic_ns() - self.woke_ns)

    @property
    def is_asked(self) -> bool:
        """Whether a host asked something lately."""
        return time.monotonic_ns() - self._asked_ns < _ASKED_S * 1e9

    def forget_link(self) -> None:
        """The link ended: what waited for it was not sent."""
        self._clock_replies.clear()
        self._replies.clear()
        for item in self._queue:
            if isinstance(item, bytes):
                self.garment.note_unsent(item)
        self._queue.clear()

    def obey(self, data: bytes) -> bool:
        """Take one whole control message; returns whether it was one."""
        if self._is_off:
            return True
        now_us = self.device_us()
        try:
            message = decode_message(data)
        except MessageError:
            return False
        self._asked_ns = time.monotonic_ns()
        self.garment.frame_size = min(DEFAULT_FRAME_SIZE, self._door.frame_size)
        self._answer(message, now_us)
        self._woken.set()
        return True

    def _answer(self, message: SmpMessage, now_us: int) -> None:
        if self._bootloader is not None and message.group in MANAGED_GROUPS:
            self._replies.append(answer_management(self._bootloader, message))
            return
        reply = self.garment.respond(message, device_us=now_us)
        if reply.is_clock:
            self._clock_replies.append((now_us + reply.wait_us, reply))
            return
        self._take(self.garment.advance(now_us))
        (self._queue if reply.is_last else self._replies).append(reply)

    def _take(self, frames: list[bytes], *, replayed: bool = False) -> None:
        faults = self.garment.faults
        is_silent = faults.is_silent(self.garment.since_start_s(self.device_us()))
        for frame in frames:
            # Events are few and small; a host that missed the end would wait for ever.
            is_data = frame[0] & 0x0F == FrameKind.DATA
            is_full = is_data and len(self._queue) >= faults.queue_frames
            if is_silent or is_full or not self._door.is_listened:
                # A replayed frame stays in the log; the host asks again.
                if not replayed:
                    self.garment.note_unsent(frame)
            else:
                self._queue.append(frame)

    async def run(self) -> None:
        """Play until cancelled."""
        while True:
            now_us = self.device_us()
            self._take(self.garment.advance(now_us))
            self._take(self.garment.replayed(), replayed=True)
            since_start_s = self.garment.since_start_s(now_us)
            await self._brown_out(since_start_s, now_us)
            await self._cut(since_start_s)
            await self._send_clock()
            await self._send()
            await self._restart()
            await self._pause()

    async def _pause(self) -> None:
        due_us = min((due for due, _ in self._clock_replies), default=None)
        wait_s = _TICK_S
        if due_us is not None:
            wait_s = min(max((due_us - self.device_us()) * 1e-6, 0.0), _TICK_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        self._woken.clear()

    async def _cut(self, since_start_s: float) -> None:
        """End the link or leave its range where a knob says so."""
        if self._cuts_s and since_start_s >= self._cuts_s[0] and self._door.is_listened:
            self._cuts_s.popleft()
            await self._door.cut()
        is_near = not self.garment.faults.is_away(since_start_s)
        if is_near != self._is_near:
            self._is_near = is_near
            self._door.set_range(is_near=is_near)

    async def _brown_out(self, since_start_s: float, now_us: int) -> None:
        """Lose power where a knob says so, and boot again."""
        if not self._brown_outs or since_start_s < self._brown_outs[0][0]:
            return
        _, off_s = self._brown_outs.popleft()
        self._is_off = True
        self.forget_link()
        wake_us = self.garment.faults.device_us(0)
        self.garment.cut_power(now_us, off_s=off_s, wake_us=wake_us)
        await self._door.cut()
        self._door.set_range(is_near=False)
        await asyncio.sleep(off_s)
        self.woke_ns = time.monotonic_ns()
        self._door.set_range(is_near=self._is_near)
        self._is_off = False

    async def _restart(self) -> None:
        """Boot again once the answer to the reset has left."""
        boot = self._bootloader
        if boot is None or not boot.is_reset_due or self._replies:
            return
        await asyncio.sleep(_RESET_S)
        await self._door.cut()
        boot.reset()
        boot.run_self_test()

    async def _send_clock(self) -> None:
        for due in [due for due in self._clock_replies if due[0] <= self.device_us()]:
            self._clock_replies.remove(due)
            await self._door.send_control(due[1].make(self.device_us()))

    def _may_drain(self) -> bool:
        """Whether the drain rate lets a frame go now; it saves up one turn at most."""
        rate_hz = self.garment.faults.drain_at(self.garment.since_start_s(self.device_us()))
        if rate_hz <= 0:
            return True
        now_ns = time.monotonic_ns()
        self._frames_due += (now_ns - self._drained_ns) * 1e-9 * rate_hz
        self._frames_due = min(self._frames_due, max(1.0, 2 * _TICK_S * rate_hz))
        self._drained_ns = now_ns
        if self._frames_due < 1:
            return False
        self._frames_due -= 1
        return True

    async def _reply(self, reply: Reply) -> None:
        if reply.wait_us:
            await asyncio.sleep(reply.wait_us * 1e-6)
        await self._door.send_control(reply.make(self.device_us()))

    async def _send(self) -> None:
        while self._replies:
            await self._reply(self._replies.popleft())
        while self._queue and self._door.has_room:
            item = self._queue[0]
            if isinstance(item, bytes) and not self._may_drain():
                return
            self._queue.popleft()
            if isinstance(item, Reply):
                await self._reply(item)
            elif not await self._door.send_frame(item):
                self.garment.note_unsent(item)
