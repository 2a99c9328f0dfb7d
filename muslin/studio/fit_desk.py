"""Fits for the page: one worker that drapes, the last fits kept, a stop that always stops."""

import asyncio
from dataclasses import dataclass
from typing import Any

from muslin.errors import InputError
from muslin.studio import choices
from muslin.studio.child import Child
from muslin.studio.pipe import Content
from muslin.studio.sensor_wish import SENSOR_FILES, checked_change
from muslin.studio.sockets import Hub
from muslin.studio.turn import Turn
from muslin.studio.uploads import Intake

N_KEPT = 6
N_ASKED = 8
STOP_TIMEOUT_S = 3.0
FILE_TIMEOUT_S = 120.0
FIT_TIMEOUT_S = 1800.0
EDGE_RANGE_M = (0.006, 0.05)


@dataclass(slots=True, kw_only=True)
class _Kept:
    summary: Content
    mesh: bytes
    clip: bytes = b""


class FitDesk:
    """One drape at a time.

    Attributes:
        group: Where tasks are started; set while the server runs.
    """

    group: asyncio.TaskGroup

    def __init__(self, hub: Hub, intake: Intake) -> None:
        self._hub = hub
        self._intake = intake
        self._child: Child | None = None
        self._starting = asyncio.Lock()
        self._turn = Turn(hub, "fit", {"phase": "idle", "id": 0, "share": 0.0, "text": ""})
        self._kept: dict[int, _Kept] = {}
        self._n_fits = 0
        self._files: dict[tuple[int, str], asyncio.Future[bytes]] = {}
        self._changing = asyncio.Lock()

    def summaries(self) -> list[Content]:
        """Fits that are kept, oldest first."""
        return [kept.summary for kept in self._kept.values()]

    def mesh(self, number: int) -> bytes:
        """Meshes and maps of a fit.

        Raises:
            InputError: If it is not kept.
        """
        if number not in self._kept:
            raise InputError(f"fit {number} is not kept (any more)")
        return self._kept[number].mesh

    async def warm(self) -> None:
        """Have the worker ready."""
        async with self._starting:
            await self._ready()

    async def start(self, content: dict[str, Any]) -> int:
        """Start a drape; returns its number.

        Raises:
            InputError: If it cannot be started as said.
        """
        wanted = self._wanted(content)
        async with self._starting:
            if not self._turn.is_idle:
                raise InputError("a garment is being draped; stop it first")
            await self._ready()
            self._n_fits += 1
            self._turn.tell(
                {"phase": "starting", "id": self._n_fits, "share": 0.0, "text": "starting"}
            )
            await self._send({"do": "fit", "id": self._n_fits, **wanted})
            self._limit(self._n_fits)
            return self._n_fits

    async def scan(self, upload_id: Any) -> None:
        """Find the person in a scan that was taken in; the state tells the measures.

        Raises:
            InputError: If the scan is not here, or the worker busy.
        """
        path = self._intake.path_of(str(upload_id), "scan")
        async with self._starting:
            if not self._turn.is_idle:
                raise InputError("wait until the drape has ended")
            await self._ready()
            self._turn.tell(
                {"phase": "starting", "id": 0, "share": 0.0, "text": "reading the scan"}
            )
            await self._send({"do": "scan", "id": 0, "scan": upload_id, "path": str(path)})
            self._limit(0)

    async def move(self, number: int, motion: Any) -> None:
        """Let a fit follow a movement.

        Raises:
            InputError: If the fit is not kept, the movement not known, or the worker busy.
        """
        self.mesh(number)
        if motion not in choices.MOTIONS:
            raise InputError(f"movement is not one of {', '.join(choices.MOTIONS)}")
        if not self._turn.is_idle or self._child is None:
            raise InputError("wait until the drape has ended")
        self._turn.tell({"phase": "starting", "id": number, "share": 0.0, "text": "moving"})
        await self._send({"do": "clip", "id": number, "motion": motion})
        self._limit(number)

    def clip(self, number: int) -> bytes:
        """Poses of a fit that moved.

        Raises:
            InputError: If it has not.
        """
        self.mesh(number)
        if not self._kept[number].clip:
            raise InputError(f"fit {number} has not moved")
        return self._kept[number].clip

    async def stop(self) -> None:
        """End what is being draped: kindly, then by ending the worker."""
        if self._turn.is_idle:
            return
        await self._send({"do": "stop"})
        if not await self._turn.over(STOP_TIMEOUT_S):
            self._drop_worker("stopped")

    async def file(self, number: int, kind: str) -> bytes:
        """GLB or sheet of a fit, or a file of its sensors, made by the worker.

        Raises:
            InputError: If the fit is not kept, or the worker is busy.
        """
        do = "sensors" if kind in SENSOR_FILES else "file"
        return await self._ask(number, kind, {"do": do})

    async def sensors(self, number: int, change: Any = None) -> bytes:
        """Sensors of a fit as JSON, after one was added or removed.

        Args:
            number: Of the fit.
            change: What the page asks for; None only looks.

        Raises:
            InputError: If the fit is not kept, the worker busy, or the sensor cannot be laid there.
        """
        wish = None if change is None else checked_change(change)
        async with self._changing:
            return await self._ask(number, "sensors", {"do": "sensors", "change": wish})

    async def _ask(self, number: int, kind: str, command: Content) -> bytes:
        """What the worker makes; two who ask for the same get the same answer."""
        self.mesh(number)
        if not self._turn.is_idle or self._child is None:
            raise InputError("wait until the drape has ended")
        key = (number, kind)
        if key not in self._files:
            if len(self._files) >= N_ASKED:
                raise InputError("the worker is busy; try again in a moment")
            self._files[key] = asyncio.get_running_loop().create_future()
            await self._send({"id": number, "kind": kind, **command})
        try:
            async with asyncio.timeout(FILE_TIMEOUT_S):
                return await asyncio.shield(self._files[key])
        finally:
            self._files.pop(key, None)

    async def close(self) -> None:
        """End the worker."""
        if self._child is not None:
            await self._child.stop()
        self._turn.rest()

    def _wanted(self, content: dict[str, Any]) -> Content:
        """Check a request against what can be chosen; no path and no free name passes."""
        known = choices.fit_choices()
        pattern = content.get("pattern")
        path = ""
        if isinstance(pattern, str) and pattern.startswith("upload:"):
            path = str(self._intake.path_of(pattern.removeprefix("upload:")))
        elif pattern not in [block["name"] for block in known["blocks"]]:
            raise InputError("pattern is no block and no upload")
        scan = content.get("scan") or ""
        scan_path = str(self._intake.path_of(str(scan), "scan")) if scan else ""
        for key, allowed in (
            ("fabric", known["fabrics"]), ("pose", known["poses"]), ("sex", ["female", "male"]),
            ("size", known["sizes"]),
        ):  # fmt: skip
            if content.get(key) not in allowed:
                raise InputError(f"{key} is not one of {', '.join(map(str, allowed))}")
        edge_m = content.get("edge_m", 0.016)
        low, high = EDGE_RANGE_M
        if not isinstance(edge_m, int | float) or not low <= edge_m <= high:
            raise InputError(f"edge length is outside {low * 100:g} to {high * 100:g} cm")
        return {
            "pattern": pattern, "path": path, "fabric": content["fabric"], "pose": content["pose"],
            "sex": content["sex"], "size": content["size"], "edge_m": edge_m,
            "scan": scan, "scan_path": scan_path,
            "sensors_path": str(self._intake.sensors_path_of(str(pattern))),
            "measures_cm": choices.checked_measures(content.get("measures_cm")),
        }  # fmt: skip

    async def _ready(self) -> None:
        if self._child is None or not self._child.is_running:
            child = Child("muslin.studio.fit_worker", deliver=self._hear)
            child.ended = lambda: self._died(child)
            self._child = child
            await child.start(self.group)

    async def _send(self, content: Content) -> None:
        if self._child is not None:
            await self._child.send(content)

    def _limit(self, number: int) -> None:
        """A drape that takes for ever is ended."""
        self.group.create_task(self._turn.limit(number, FIT_TIMEOUT_S, self._drop_worker))

    def _hear(self, content: Content, body: bytes) -> None:
        match content.get("type"):
            case "progress":
                self._turn.tell({**self._turn.state, "phase": "draping", "share": content["share"],
                            "text": content["text"]})  # fmt: skip
            case "preview":
                self._keep(content, body)
                self._hub.event({"type": "preview", "id": content["id"]})
            case "fitted":
                self._keep(content, body)
                self._turn.rest(fitted=content["id"], summary=content["summary"])
            case "clip":
                if content["id"] in self._kept:
                    self._kept[content["id"]].clip = body
                self._turn.rest(moved=content["id"], text="moved")
            case "scanned":
                found = {key: content[key] for key in ("scan", "sex", "measures_cm", "warnings")}
                self._turn.rest(scanned=found, text="the sliders show the scan's measures")
            case "stopped":
                self._forget_half(content)
                self._turn.rest(text="stopped")
            case "failed":
                self._forget_half(content)
                self._turn.rest(trouble=str(content["text"])[:500])
            case "file":
                waiting = self._files.get((content["id"], content["kind"]))
                if waiting is not None and not waiting.done():
                    waiting.set_result(body)
            case "no_file":
                waiting = self._files.get((content["id"], content["kind"]))
                if waiting is not None and not waiting.done():
                    waiting.set_exception(InputError(str(content["text"])[:500]))
            case _:
                pass

    def _forget_half(self, content: Content) -> None:
        """A drape that did not end leaves a preview behind; a movement leaves the fit as it was."""
        if content.get("of") != "clip":
            self._kept.pop(content["id"], None)

    def _keep(self, content: Content, body: bytes) -> None:
        self._kept[content["id"]] = _Kept(summary=content["summary"], mesh=body)
        while len(self._kept) > N_KEPT:
            del self._kept[min(self._kept)]

    def _died(self, child: Child) -> None:
        if child is self._child:
            self._drop_worker("the worker ended unexpectedly")

    def _drop_worker(self, why: str) -> None:
        """End the worker, and what was asked of it; the next start makes a new one."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        for waiting in self._files.values():
            if not waiting.done():
                waiting.set_exception(InputError(why))
        # The new worker knows none of the old fits, so their files cannot be made any more.
        self._turn.rest(text=why)
