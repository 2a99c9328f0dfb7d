"""Browsers that listen: a queue of eight messages each; when it is full the oldest one goes."""

import asyncio
import contextlib
import json
import time
from collections import deque
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from muslin.studio.wire import Kind, pack_json

QUEUE_SIZE = 8
N_SOCKETS = 8
MESSAGES_PER_S = 40
MAX_TEXT_B = 4096


class Listener:
    """One browser.

    Attributes:
        n_dropped: Messages that it was too slow for.
    """

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.n_dropped = 0
        self._urgent: deque[bytes] = deque(maxlen=64)
        self._waiting: deque[bytes] = deque()
        self._has_some = asyncio.Event()

    def put(self, message: bytes, *, is_urgent: bool = False) -> None:
        """Queue a message; states and answers have a lane of their own, samples may be dropped."""
        if is_urgent:
            self._urgent.append(message)
        else:
            if len(self._waiting) >= QUEUE_SIZE:
                self._waiting.popleft()
                self.n_dropped += 1
            self._waiting.append(message)
        self._has_some.set()

    async def keep_sending(self) -> None:
        """Send until the browser goes."""
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            while self._urgent or self._waiting:
                lane = self._urgent or self._waiting
                await self.socket.send_bytes(lane.popleft())

    async def keep_answering(self) -> None:
        """Answer pings; close at a flood or at nonsense."""
        taken: deque[int] = deque(maxlen=MESSAGES_PER_S)
        while True:
            text = await self.socket.receive_text()
            now_ns = time.monotonic_ns()
            is_flood = len(taken) == taken.maxlen and now_ns - taken[0] < 1_000_000_000
            taken.append(now_ns)
            sent = _ping(text)
            if is_flood or sent is None:
                await self.socket.close(1008)
                return
            answer = {"type": "pong", "sent": sent, "host_s": now_ns * 1e-9,
                      "n_dropped": self.n_dropped}  # fmt: skip
            self.put(pack_json(answer), is_urgent=True)


def _ping(text: str) -> float | None:
    """What a page may say: ``{"ping": milliseconds}``."""
    if len(text) > MAX_TEXT_B:
        return None
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    sent = content.get("ping") if isinstance(content, dict) else None
    if isinstance(sent, bool) or not isinstance(sent, int | float) or not abs(sent) < 1e12:
        return None
    return float(sent)


class Hub:
    """All browsers, and the newest states for those that come later."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._states: dict[str, bytes] = {}

    @property
    def n_listeners(self) -> int:
        """Browsers that listen."""
        return len(self._listeners)

    def samples(self, message: bytes) -> None:
        """Send frames to everybody."""
        for listener in self._listeners:
            listener.put(message)

    def event(self, content: dict[str, Any]) -> None:
        """Tell everybody what happened."""
        message = pack_json(content)
        for listener in self._listeners:
            listener.put(message, is_urgent=True)

    def state(self, topic: str, content: dict[str, Any]) -> None:
        """Tell everybody how something stands, and keep it for those that come later."""
        message = pack_json({"topic": topic, **content}, kind=Kind.STATE)
        self._states[topic] = message
        for listener in self._listeners:
            listener.put(message, is_urgent=True)

    async def serve(self, socket: WebSocket) -> None:
        """Be there for a browser until it goes."""
        if len(self._listeners) >= N_SOCKETS:
            await socket.close(1013)
            return
        listener = Listener(socket)
        self._listeners.add(listener)
        try:
            await socket.accept()
            for message in self._states.values():
                listener.put(message, is_urgent=True)
            await _until_one_ends(listener)
        finally:
            self._listeners.discard(listener)


async def _until_one_ends(listener: Listener) -> None:
    """Send and answer side by side; a browser that closes is the normal end."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_quietly(listener.keep_sending())),
            group.create_task(_quietly(listener.keep_answering())),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _quietly(work: Any) -> None:
    # A closing browser shows as a disconnect, or as a send after the close.
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, KeyError, ConnectionError):
        await work
