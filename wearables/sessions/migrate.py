"""Bring a session file of an older layout to the newest one, as a new file.

Minor steps only add, and older readers ignore what they do not know, so most files need no
migration to be read. A file of a newer layout than this version knows is refused.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from wearables.errors import SessionError
from wearables.sessions import layout
from wearables.sessions.reader import Session
from wearables.sessions.stream_writer import make_table


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateReport:
    """What `migrate` did.

    Attributes:
        path: The file of the newest layout: the new one, or the old one when it was new enough.
        old: Layout that it had.
        new: Layout that it has.
    """

    path: Path
    old: tuple[int, int]
    new: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """Report for a program."""
        return {"path": str(self.path), "old": list(self.old), "new": list(self.new)}


def migrate(path: Path, out: Path | None = None) -> MigrateReport:
    """Write a copy of a session in the newest layout; the old file stays.

    Args:
        path: A closed or recovered session.
        out: New file; by default the name with ``.migrated`` before the ending.

    Raises:
        SessionError: If it cannot be read, was not closed, is newer than this version, or ``out``
            would overwrite something.
    """
    path = Path(path)
    with Session.open(path) as session:
        if session.state == layout.STATE_RECORDING:
            raise SessionError(f"{path} was not closed; run muslin repair {path} first")
    with h5py.File(path, "r") as file:
        major, minor = (int(number) for number in np.asarray(file.attrs["format_version"]))
    old = (major, minor)
    if old >= layout.VERSION:
        return MigrateReport(path=path, old=old, new=old)
    target = path.with_name(f"{path.stem}.migrated{path.suffix}") if out is None else Path(out)
    if target.exists():
        raise SessionError(f"{target} exists; name another file for the migrated session")
    shutil.copyfile(path, target)
    with h5py.File(target, "r+") as file:
        for start, step in _STEPS:
            if start >= old:
                step(file)
        file.attrs["format_version"] = np.array(layout.VERSION, dtype=np.int32)
    return MigrateReport(path=target, old=old, new=layout.VERSION)


def _add_protocol_and_calibrations(file: Any) -> None:
    """1.0 to 1.1: what a study knows, and corrections of channels."""
    file.require_group("protocol")
    device = file["devices"][layout.DEVICE_KEY]  # A layout of one garment only.
    if "calibrations" not in device:
        make_table(device, "calibrations", layout.CALIBRATIONS)


def _allow_several_garments(_file: Any) -> None:
    """1.1 to 1.2: a file may hold several garments; one of one garment is the same."""


_STEPS: tuple[tuple[tuple[int, int], Callable[[Any], None]], ...] = (
    ((1, 0), _add_protocol_and_calibrations),
    ((1, 1), _allow_several_garments),
)
