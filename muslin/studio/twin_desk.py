"""Old sessions on the twin for the page: one at a time in a worker, the last few kept."""

import asyncio
import math
from pathlib import Path
from typing import Any

from muslin.errors import InputError
from muslin.folders import assets_folder
from muslin.studio.child import Child
from muslin.studio.library import Library
from muslin.studio.pipe import Content
from muslin.studio.project import Project
from muslin.studio.sockets import Hub
from muslin.studio.turn import Turn
from muslin.studio.uploads import Intake

N_KEPT = 3
REPLAY_TIMEOUT_S = 600.0
MOST_S = 120.0


class TwinDesk:
    """Replays of sessions on an avatar that wears a garment with sensors.

    Attributes:
        group: Where tasks are started; set while the server runs.
    """

    group: asyncio.TaskGroup

    def __init__(self, hub: Hub, library: Library, intake: Intake) -> None:
        self._library = library
        self._intake = intake
        self._child: Child | None = None
        self._starting = asyncio.Lock()
        self._turn = Turn(hub, "twin", {"phase": "idle", "id": 0, "text": ""})
        self._kept: dict[int, bytes] = {}
        self._n_replays = 0

    def garments(self) -> list[list[str]]:
        """Garments that have sensors: value and words."""
        shipped = {path.name.split(".", 1)[0] for path in _shipped().glob("*.sensors.toml")}
        blocks = sorted(shipped | set(self._intake.blocks_with_sensors()))
        uploads = [
            [f"upload:{upload.id}", upload.label]
            for upload in self._intake.kept.values()
            if upload.kind == "pattern"
            and self._intake.sensors_path_of(f"upload:{upload.id}").is_file()
        ]
        return [*([name, name.replace("_", " ")] for name in blocks), *uploads]

    def replay(self, number: int) -> bytes:
        """A replay that was made.

        Raises:
            InputError: If it is not kept.
        """
        if number not in self._kept:
            raise InputError(f"replay {number} is not kept (any more)")
        return self._kept[number]

    async def start(self, session: str, content: dict[str, Any], project: Project) -> int:
        """Play a session on the twin; returns the number of the replay.

        Args:
            session: Its catalogue id.
            content: What the page wants.
            project: Whose measures the avatar has.

        Raises:
            InputError: If it cannot be played as said, or another one is being played.
        """
        wanted = self._wanted(content)
        path = await asyncio.to_thread(self._library.readable_path_of, session)
        async with self._starting:
            if not self._turn.is_idle:
                raise InputError("a session is being played on the twin; wait or stop it")
            self._n_replays += 1
            number = self._n_replays
            self._turn.tell({"phase": "working", "id": number, "text": "starting"})
            child = Child("muslin.studio.twin_worker", deliver=self._hear)
            child.ended = lambda: self._died(child)
            self._child = child
            await child.start(self.group)
            wearer = {"sex": project.sex, "measures_cm": project.measures_cm}
            await child.send(
                {"do": "replay", "id": number, "session": str(path), **wearer, **wanted}
            )
            self.group.create_task(self._turn.limit(number, REPLAY_TIMEOUT_S, self._drop))
            return number

    async def stop(self) -> None:
        """End what is being played."""
        if not self._turn.is_idle:
            self._drop("stopped")

    async def close(self) -> None:
        """End the worker."""
        if self._child is not None:
            self._child.kill()
            await self._child.stop()
        self._turn.rest()

    def _wanted(self, content: dict[str, Any]) -> Content:
        """Check a request; no path and no free name passes."""
        garment = content.get("garment")
        if garment not in [value for value, _ in self.garments()]:
            raise InputError("garment has no sensors, or is not here")
        own = self._intake.sensors_path_of(garment)
        path = ""
        if garment.startswith("upload:"):
            path = str(self._intake.path_of(garment.removeprefix("upload:")))
        return {
            "garment": path or garment,
            "sensors": str(own) if own.is_file() else "",
            "bent_deg": _number(content.get("bent_deg", 90), 5, 170, "largest angle in degrees"),
            "both_sides": content.get("both_sides") is True,
            "with_cloth": content.get("with_cloth") is True,
            "start_s": _number(content.get("start_s", 0), 0, 1e6, "start in s"),
            "seconds": _number(content.get("seconds", 30), 0.5, MOST_S, "length in s"),
        }

    def _hear(self, content: Content, body: bytes) -> None:
        match content.get("type"):
            case "progress":
                if not self._turn.is_idle:
                    self._turn.tell({**self._turn.state, "text": str(content["text"])[:200]})
            case "replay":
                self._kept[content["id"]] = body
                while len(self._kept) > N_KEPT:
                    del self._kept[min(self._kept)]
                self._turn.rest(replayed=content["id"])
            case "failed":
                self._turn.rest(trouble=str(content["text"])[:500])
            case _:
                pass

    def _died(self, child: Child) -> None:
        """A worker ends by itself when it has told its result."""
        if child is self._child and not self._turn.is_idle:
            self._turn.rest(trouble="the replay ended unexpectedly")

    def _drop(self, why: str) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None
        self._turn.rest(text=why)


def _shipped() -> Path:
    return assets_folder() / "twin"


def _number(value: Any, low: float, high: float, words: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:
        raise InputError(f"{words} is no number from {low:g} to {high:g}")
    return float(value)
