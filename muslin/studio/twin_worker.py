"""Plays one session on the twin in a process of its own that `python -m` runs and ends by itself.

The one command names a session, a garment, the wearer's measures, and what no session says.
"""

import contextlib
import io
import queue
from pathlib import Path
from typing import Any

from muslin.studio.pipe import Content, Office

_LONGEST_TOLD = 200


class Teller(io.TextIOBase):
    """Takes what commands say on the way, and tells the page."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def write(self, text: str, /) -> int:
        """Tell a line."""
        said = text.strip()[:_LONGEST_TOLD]
        if said:
            self._office.tell({"type": "progress", "text": said})
        return len(text)


def replayed(command: dict[str, Any]) -> bytes:
    """Play a session; returns its bytes for the page.

    Raises:
        ValueError: If the session, the garment or an option cannot be used.
    """
    from fitting.body import Measurements
    from muslin.fitting_room import fitting_room_for, open_fitting_room
    from muslin.studio.twin_bytes import replay_bytes
    from muslin.twin.replay.recorded import settings_from
    from muslin.twin.replay.replayed import twin_replay

    settings = settings_from(
        bent_deg=command["bent_deg"], gauge_factor=None, both_sides=command["both_sides"]
    )
    measures = command["measures_cm"]
    wearer = (
        fitting_room_for(Measurements.from_cm(measures), sex=command["sex"])
        if measures
        else open_fitting_room(None)
    )
    sensors = Path(command["sensors"]) if command["sensors"] else None
    replay = twin_replay(
        Path(command["session"]), command["garment"], sensors=sensors, settings=settings,
        wearer=wearer,
    )  # fmt: skip
    return replay_bytes(
        replay, with_cloth=command["with_cloth"], start_s=command["start_s"],
        seconds=command["seconds"],
    )  # fmt: skip


def main() -> None:
    """Take a command, play, tell, end."""
    office = Office()
    commands: queue.Queue[Content | None] = queue.Queue(maxsize=4)
    office.listen(commands.put)
    office.tell({"type": "ready"})
    command = commands.get()
    if command is None:
        return
    told = {"id": command["id"]}
    try:
        with contextlib.redirect_stderr(Teller(office)):
            content = replayed(command)
    except (ValueError, ArithmeticError, LookupError, OSError, MemoryError) as error:
        office.tell({**told, "type": "failed", "text": str(error)})
    else:
        office.tell({**told, "type": "replay"}, content)


if __name__ == "__main__":
    main()
