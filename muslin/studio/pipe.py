"""Messages between the studio and its own worker processes: text with numbers, and bytes.

A message is two lengths (u32, little endian), JSON, bytes. No pickle: what a worker makes of a
stranger's file must not be able to run anything in the server.
"""

import asyncio
import json
import os
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, BinaryIO

LENGTHS = struct.Struct("<II")
MAX_MESSAGE_B = 256 << 20

Content = dict[str, Any]


def pack(content: Content, body: bytes = b"") -> bytes:
    """Bytes of a message."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


async def read_message(reader: asyncio.StreamReader) -> tuple[Content, bytes] | None:
    """The next message of a worker; nothing when it has ended.

    Raises:
        ValueError: If the message is no message, or longer than is allowed.
    """
    try:
        n_text, n_body = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
        if n_text + n_body > MAX_MESSAGE_B:
            raise ValueError(f"message of {n_text + n_body} bytes is above {MAX_MESSAGE_B}")
        content = json.loads(await reader.readexactly(n_text))
        body = await reader.readexactly(n_body) if n_body else b""
    except asyncio.IncompleteReadError:
        return None
    if not isinstance(content, dict):
        raise ValueError(f"message {str(content)[:40]!r} is no object")  # noqa: TRY004 - wire data
    return content, body


class Office:
    """A worker's side: commands in, messages out; what libraries print goes to stderr."""

    def __init__(self) -> None:
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._lock = threading.Lock()

    def tell(self, content: Content, body: bytes = b"") -> None:
        """Send a message; waits while the studio is behind."""
        with self._lock:
            self._out.write(pack(content, body))
            self._out.flush()

    def commands(self) -> Content | None:
        """The next command; nothing when the studio has gone."""
        head = self._in.read(LENGTHS.size)
        if len(head) < LENGTHS.size:
            return None
        n_text, n_body = LENGTHS.unpack(head)
        content = json.loads(self._in.read(n_text))
        self._in.read(n_body)
        return content

    def listen(self, deliver: Callable[[Content | None], None]) -> None:
        """Give every command to a function, from a thread; nothing at the end."""

        def run() -> None:
            while True:
                command = self.commands()
                deliver(command)
                if command is None:
                    return

        threading.Thread(target=run, daemon=True, name="commands").start()


class Outbox:
    """Messages of a worker that must never wait: a thread sends them.

    Samples may be dropped, oldest first, and are counted; everything else is sent.

    Attributes:
        n_dropped: Messages of samples that were dropped.
    """

    def __init__(self, office: Office, *, size: int = 64) -> None:
        self._office = office
        self._size = size
        self._important: deque[tuple[Content, bytes]] = deque()
        self._samples: deque[tuple[Content, bytes]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self.n_dropped = 0
        self._thread = threading.Thread(target=self._run, daemon=True, name="outbox")
        self._thread.start()

    def put(self, content: Content, body: bytes = b"", *, may_drop: bool = False) -> None:
        """Queue a message."""
        with self._changed:
            if may_drop and len(self._samples) >= self._size:
                self._samples.popleft()
                self.n_dropped += 1
            (self._samples if may_drop else self._important).append((content, body))
            self._changed.notify()

    def close(self) -> None:
        """Send what waits, then end."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._important or self._samples or self._is_closed):
                    self._changed.wait()
                lane = self._important or self._samples
                if not lane:
                    return
                message = lane.popleft()
            try:
                self._office.tell(*message)
            except OSError:
                return  # The studio has gone; the recording goes on until its commands end.
