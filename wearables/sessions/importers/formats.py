"""The table of import formats."""

from collections.abc import Callable
from pathlib import Path

from wearables.errors import SessionError
from wearables.sessions.importers.csv_map import read_csv
from wearables.sessions.importers.edf import read_edf
from wearables.sessions.importers.hexoskin import read_hexoskin
from wearables.sessions.importers.recording import ForeignRecording
from wearables.sessions.importers.write import ImportReport, write_recording
from wearables.sessions.importers.xdf import read_xdf
from wearables.sessions.subject import SubjectInfo

IMPORTERS: dict[str, Callable[[Path], ForeignRecording]] = {
    "edf": read_edf,
    "hexoskin": read_hexoskin,
    "xdf": read_xdf,
}
_ENDINGS = {
    ".edf": "edf",
    ".bdf": "edf",
    ".xdf": "xdf",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
}


def import_recording(
    path: Path,
    out: Path,
    *,
    subject: SubjectInfo,
    mapping: Path | None = None,
    kind: str | None = None,
    software: str = "muslin",
) -> ImportReport:
    """Write a foreign recording as a session.

    Args:
        path: File, or folder of a Hexoskin export.
        out: Session file to write.
        subject: Who wore the sensors.
        mapping: TOML for CSV, see `wearables.sessions.importers.csv_map`.
        kind: csv, edf, hexoskin or xdf; found by the ending if not given.
        software: Name and version of the importer.

    Raises:
        SessionError: If the recording cannot be read or the session cannot be written.
    """
    if not path.exists():
        raise SessionError(f"recording {path} does not exist")
    kind = kind or ("hexoskin" if path.is_dir() else _ENDINGS.get(path.suffix.lower(), ""))
    if kind != "csv" and kind not in IMPORTERS:
        known = ", ".join(sorted(["csv", *IMPORTERS]))
        raise SessionError(f"{path} is of no known kind; known are {known}")
    if path.is_dir() != (kind == "hexoskin"):
        found, wanted = ("folder", "file") if path.is_dir() else ("file", "folder")
        raise SessionError(f"{path} is a {found}; {kind} needs a {wanted}")
    if kind != "csv":
        recording = IMPORTERS[kind](path)
    elif mapping is None:
        raise SessionError(
            f"{path} needs a mapping (TOML) that says which column is what: "
            "--map FILE, see docs/exchange.md"
        )
    elif not mapping.is_file():
        raise SessionError(f"mapping {mapping} is no file")
    else:
        recording = read_csv(path, mapping)
    return write_recording(
        recording, out, subject=subject, title=f"imported from {path.name}", software=software
    )
