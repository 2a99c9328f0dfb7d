"""What a study knows before it records: subject, protocol and calibrations from one TOML file."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muslin.errors import InputError
from muslin.folders import existing_file

if TYPE_CHECKING:
    from wearables.sessions import Calibration, SubjectInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What goes into every session of a study.

    Attributes:
        subject: Who wears the garment.
        protocol: Task, operator, place ..., as text; the task becomes the session's title.
        calibrations: Corrections of channels.
    """

    subject: "SubjectInfo"
    protocol: dict[str, str] = field(default_factory=dict)
    calibrations: "tuple[Calibration, ...]" = ()

    @property
    def title(self) -> str:
        """What the session is about."""
        return self.protocol.get("task", "")


def read_study(path: Path | None, *, subject: str, task: str = "") -> Study:
    """Read ``[subject]``, ``[protocol]`` and ``[[calibration]]`` of a TOML file.

    Args:
        path: The file; nothing for a study that has none.
        subject: Pseudonym; it wins over the file's where it is not empty.
        task: What is done; it wins too.

    Raises:
        InputError: If the file says what cannot be used.
        SessionError: If a calibration makes no sense.
    """
    from wearables.sessions import SubjectInfo
    from wearables.sessions.calibration import read_calibrations

    content: dict[str, Any] = {}
    if path is not None:
        try:
            content = tomllib.loads(existing_file(path, "study file").read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"study file {path} is no TOML: {error}") from error
    person = dict(content.get("subject", {}))
    known = [item.name for item in fields(SubjectInfo)]
    strange = sorted(set(person) - set(known))
    if strange:
        raise InputError(
            f"study file {path}: subject has {', '.join(strange)}; known are {', '.join(known)}"
        )
    person["id"] = subject or person.get("id") or "anonymous"
    protocol = {str(key): str(value) for key, value in content.get("protocol", {}).items()}
    if task:
        protocol["task"] = task
    return Study(
        subject=SubjectInfo(**person),
        protocol=protocol,
        calibrations=() if path is None else read_calibrations(path),
    )
