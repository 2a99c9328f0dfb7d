"""A worker process of the studio: started when it is needed, told things, killed when it hangs."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from muslin.studio.pipe import Content, pack, read_message

logger = logging.getLogger(__name__)

END_TIMEOUT_S = 5.0
SEND_TIMEOUT_S = 10.0
_STREAM_LIMIT_B = 1 << 20

Deliver = Callable[[Content, bytes], None]


class Child:
    """One module that runs as a process of its own.

    Attributes:
        ended: Called when the process has gone without being asked.
    """

    def __init__(self, module: str, *options: str, deliver: Deliver) -> None:
        """Prepare.

        Args:
            module: What ``python -m`` runs.
            options: What it is told at its start.
            deliver: Gets every message.
        """
        self._module = module
        self._options = options
        self._deliver = deliver
        self.ended: Callable[[], None] = lambda: None
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._is_asked = False

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Start the process unless it runs."""
        if self.is_running:
            return
        self._is_asked = False
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, *self._options,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            limit=_STREAM_LIMIT_B, env=worker_environment(),
        )  # fmt: skip
        self._reading = group.create_task(self._read(self._process))

    async def send(self, content: Content) -> None:
        """Give a command; one that cannot be given is dropped, since the process is ending."""
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(ConnectionError, TimeoutError):
            self._process.stdin.write(pack(content))
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._process.stdin.drain()

    async def stop(self) -> None:
        """End the process: kindly, then not."""
        self._is_asked = True
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            self.kill()
            await process.wait()
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=END_TIMEOUT_S)

    def kill(self) -> None:
        """End the process at once."""
        self._is_asked = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        pipe = process.stdout
        try:
            while pipe is not None:
                message = await read_message(pipe)
                if message is None:
                    break
                self._deliver(*message)
        except ValueError as error:
            logger.warning("%s sent nonsense and is ended: %s", self._module, error)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        code = await process.wait()
        if not self._is_asked:
            if code:
                logger.warning("%s ended by itself with exit code %d", self._module, code)
            self.ended()


def worker_environment() -> dict[str, str]:
    """Environment of a worker: ours, and no buffering of what it says."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def as_text(value: Any, *, limit: int = 200) -> str:
    """A text that a person typed, without control characters and not too long."""
    text = value if isinstance(value, str) else ""
    return "".join(c for c in text if c.isprintable())[:limit].strip()
