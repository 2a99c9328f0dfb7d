"""Recordings and reports for the page: starts the recorder, passes on what it says."""

import asyncio
import re
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from muslin.errors import Exit, InputError
from muslin.studio.child import Child, as_text, worker_environment
from muslin.studio.library import Library
from muslin.studio.pipe import Content
from muslin.studio.sockets import Hub

N_GARMENTS = 8
REPORT_TIMEOUT_S = 300.0
# What a page may name as a garment; files are named by catalogue id (session:ID) alone.
_GARMENT = re.compile(
    r"sim:|os:[\w.]*(#[0-9a-fA-F]+)?|usb:\d+(#[0-9a-fA-F]+)?|lsl:[^\\]{0,200}|"
    r"udp:[\w.:-]{1,80}(#[0-9a-fA-F]+)?|tcp-client:[\w.-]{1,80}:\d{1,5}(#[0-9a-fA-F]+)?|"
    r"(uart|serial):(/dev/tty\w{1,20}|COM\d{1,3})(,(/dev/tty\w{1,20}|COM\d{1,3}))?"
)
_IDLE: Content = {"phase": "idle", "garments": [], "schemas": []}


class SessionDesk:
    """One recording at a time.

    Attributes:
        group: Where tasks are started; set while the server runs.
    """

    group: asyncio.TaskGroup

    def __init__(self, hub: Hub, folder: Path, library: Library) -> None:
        self._hub = hub
        self._folder = folder
        self._library = library
        self._child: Child | None = None
        self._starting = asyncio.Lock()
        self._state: Content = dict(_IDLE)
        self._reporting = asyncio.Lock()

    async def warm(self, content: dict[str, Any]) -> None:
        """Have a recorder, and a virtual garment if one is wanted, ready before the start."""
        async with self._starting:
            await self._ready(has_spare=content.get("garment") == "sim:")

    async def start(self, content: dict[str, Any]) -> str:
        """Start a recording; returns its name.

        Raises:
            InputError: If it cannot be started as said.
        """
        uris = self._uris(content.get("garments", ["sim:"]))
        async with self._starting:
            if self._state["phase"] != "idle":
                raise InputError("a recording is running; stop it first")
            stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            name = f"{stamp}-{secrets.token_hex(2)}"
            numbers = [""] if len(uris) == 1 else [f"-{i + 1}" for i in range(len(uris))]
            paths = [str(self._folder / f"{name}{number}.h5") for number in numbers]
            await self._ready()
            self._tell({**_IDLE, "phase": "opening", "name": name})
            command = {
                "do": "record", "garments": uris, "paths": paths,
                "subject": as_text(content.get("subject")) or "anonymous",
                "task": as_text(content.get("task")),
            }  # fmt: skip
            child = self._child
            if child is not None:
                await child.send(command)
            return name

    async def tell(self, content: dict[str, Any]) -> None:
        """Mark, pause or stop what is recorded.

        Raises:
            InputError: If nothing is recorded, or the command is not known.
        """
        if self._state["phase"] == "idle" or self._child is None:
            raise InputError("nothing is being recorded")
        match content.get("do"):
            case "mark":
                text = as_text(content.get("text")) or "marker"
                await self._child.send({"do": "mark", "text": text})
            case "pause":
                await self._child.send({"do": "pause", "on": content.get("on") is True})
            case "stop":
                self._tell({**self._state, "phase": "stopping"})
                await self._child.send({"do": "stop"})
            case other:
                raise InputError(f"command {other!r} is not known; known are mark, pause, stop")

    async def report(self, number: str) -> str:
        """Analyse a session, unless that was done; returns its page.

        Raises:
            InputError: If it cannot be analysed.
        """
        path = self._library.path_of(number)
        page = path.with_suffix(".html")
        async with self._reporting:
            if not page.is_file() or page.stat().st_mtime < path.stat().st_mtime:
                await _analyze(path, page)
        return await asyncio.to_thread(page.read_text, encoding="utf-8")

    async def close(self) -> None:
        """End the recorder; it closes its files first."""
        if self._child is not None:
            await self._child.stop()

    async def _ready(self, *, has_spare: bool = False) -> None:
        if self._child is None or not self._child.is_running:
            options = ("--spare",) if has_spare else ()
            self._state["is_ready"] = False
            child = Child("muslin.studio.recorder", *options, deliver=self._hear)
            child.ended = lambda: self._died(child)
            self._child = child
            await child.start(self.group)

    def _uris(self, wanted: Any) -> list[str]:
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= N_GARMENTS:
            raise InputError(f"wanted a list of 1 to {N_GARMENTS} garments")
        return [self._uri(item) for item in wanted]

    def _uri(self, wanted: Any) -> str:
        if isinstance(wanted, str) and wanted.startswith("session:"):
            return f"replay:{self._library.path_of(wanted.removeprefix('session:'))}"
        if not isinstance(wanted, str) or not _GARMENT.fullmatch(wanted):
            raise InputError(
                f"garment {as_text(wanted)!r} is not understood: sim:, os:, usb:0, udp:HOST, "
                "tcp-client:HOST:PORT, uart:/dev/ttyACM0, lsl:PREDICATE, session:ID"
            )
        return wanted

    def _hear(self, content: Content, body: bytes) -> None:
        match content.get("type"):
            case "samples":
                self._hub.samples(body)
            case "ready":
                self._tell({**self._state, "is_ready": True})
            case "opened":
                opened = {"schemas": content["garments"], "start_host_s": content["start_host_s"]}
                self._tell({**self._state, "phase": "recording", **opened})
            case "state":
                now = {key: value for key, value in content.items() if key != "type"}
                self._tell({**self._state, **now})
            case "event":
                self._hub.event({**content, "type": content["event"]})
            case "ended":
                self._child = None
                self._tell({**_IDLE, "ended": content["files"]})
            case "failed":
                self._child = None
                self._tell({**_IDLE, "trouble": str(content["text"])})
            case _:
                pass

    def _died(self, child: Child) -> None:
        if child is self._child and self._state["phase"] != "idle":
            self._child = None
            self._tell({**_IDLE, "trouble": "the recorder ended unexpectedly; its file is kept"})

    def _tell(self, state: Content) -> None:
        self._state = state
        self._hub.state("recording", state)


async def _analyze(path: Path, page: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "muslin", "analyze", str(path), "--out", str(page),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, env=worker_environment(),
    )  # fmt: skip
    try:
        async with asyncio.timeout(REPORT_TIMEOUT_S):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in (Exit.DONE, Exit.INCOMPLETE):
        lines = said.decode(errors="replace").strip().splitlines()
        raise InputError(lines[-1].removeprefix("muslin: ") if lines else "it cannot be analysed")
