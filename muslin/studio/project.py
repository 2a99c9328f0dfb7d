"""What the studio remembers: one folder, one TOML file that a person can read and change."""

import math
import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from muslin.errors import InputError
from muslin.folders import writable_folder

FILE_NAME = "project.toml"
_HEAD = "# What muslin studio shows when it opens. Measures in centimetres, ISO 8559-1 names.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The last choices of both rooms.

    Attributes:
        room: ``fit`` or ``session``.
        sex: ``female`` or ``male``.
        pose: Name of a pose.
        pattern: Name of a block, or ``upload:ID``.
        fabric: Name of a fabric card.
        size: Size step.
        map: Name of the map that is shown.
        garment: URI of the garment to record.
        subject: Pseudonym.
        task: What the subject does.
        measures_cm: Tape measures.
    """

    room: str = "fit"
    sex: str = "female"
    pose: str = "a"
    pattern: str = "tshirt"
    fabric: str = "cotton_jersey"
    size: int = 0
    map: str = "pressure"
    garment: str = "sim:"
    subject: str = "anonymous"
    task: str = ""
    measures_cm: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Project":
        """Take what a file or a page says; what is missing keeps its default.

        Raises:
            InputError: If a name is unknown or a value has the wrong type.
        """
        known = {item.name: item for item in fields(cls)}
        strange = sorted(set(content) - set(known))
        if strange:
            raise InputError(f"project has {', '.join(strange)}; known are {', '.join(known)}")
        default = cls()
        for name, value in content.items():
            wanted = type(getattr(default, name))
            if not isinstance(value, wanted) or isinstance(value, bool):
                raise InputError(f"{name} is {value!r}, wanted {wanted.__name__}")
            if isinstance(value, str) and (len(value) > 200 or not value.isprintable()):
                raise InputError(f"{name} holds more than 200 or unprintable characters")
        measures = content.get("measures_cm", {})
        for name, value in measures.items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not name.isidentifier() or not is_number or not math.isfinite(value):
                raise InputError(f"measure {name!r} is {value!r}, wanted a number of centimetres")
        return cls(**{**content, "measures_cm": {k: float(v) for k, v in measures.items()}})

    def to_json(self) -> dict[str, Any]:
        """Choices for the page."""
        return asdict(self)

    def to_toml(self) -> str:
        """Text of the file."""
        flat = {name: value for name, value in asdict(self).items() if name != "measures_cm"}
        lines = [f"{name} = {_toml(value)}" for name, value in flat.items()]
        lines += ["", "[measures_cm]"]
        lines += [f"{name} = {value:g}" for name, value in self.measures_cm.items()]
        return _HEAD + "\n".join(lines) + "\n"


def _toml(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the studio keeps things; nothing is written anywhere else.

    Attributes:
        top: The project's folder.
        sessions: Recordings.
        uploads: Patterns that were brought in, as GarmentCode, under random names.
        sensors: Sensors files of blocks; that of an upload lies beside it.
    """

    top: Path
    sessions: Path
    uploads: Path
    sensors: Path


def open_folders(top: Path) -> Folders:
    """Make the folders of a project.

    Raises:
        InputError: If they cannot be written.
    """
    inside = {name: top / name for name in ("sessions", "uploads", "sensors")}
    for folder in (top, *inside.values()):
        writable_folder(folder)
    return Folders(top=top.resolve(), **{name: path.resolve() for name, path in inside.items()})


def load_project(folders: Folders) -> Project:
    """Read the project file, or start with defaults.

    Raises:
        InputError: If it cannot be understood.
    """
    path = folders.top / FILE_NAME
    if not path.is_file():
        return Project()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return Project.of(content)
    except ValueError as error:
        raise InputError(f"project file {path}: {error}") from error


def save_project(folders: Folders, project: Project) -> None:
    """Write the project file, whole or not at all."""
    path = folders.top / FILE_NAME
    half = path.with_suffix(".part")
    half.write_text(project.to_toml(), encoding="utf-8")
    half.replace(path)
