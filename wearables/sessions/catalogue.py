"""A folder of sessions as a table: an SQLite index that is rebuilt from the files at any time."""

import sqlite3
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

from wearables.errors import SessionError, WearablesError
from wearables.sessions.guarded import list_files
from wearables.sessions.reader import Session

INDEX_NAME = "catalogue.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRow:
    """One session of a folder.

    Attributes:
        path: Relative to the folder.
        id: Session id; empty when the file cannot be read.
        recording: Shared by the files that were recorded together; empty for a lone one.
        start_utc: Start, ISO 8601.
        duration_s: From the first to the last sample.
        subject: Pseudonym.
        task: Title of the session.
        garment: Model of the garment; of several, joined by commas.
        streams: Names, joined by commas.
        coverage: Share of samples that are there, 0..1.
        lost_s: Longest loss of any stream.
        state: recording, closed, recovered, or unreadable.
        size_b: Bytes of the file.
    """

    path: str
    id: str = ""
    recording: str = ""
    start_utc: str = ""
    duration_s: float = 0.0
    subject: str = ""
    task: str = ""
    garment: str = ""
    streams: str = ""
    coverage: float = 0.0
    lost_s: float = 0.0
    state: str = "unreadable"
    size_b: int = 0

    def to_json(self) -> dict[str, object]:
        """Row for a program."""
        return asdict(self)


def catalogue(folder: Path, *, where: str = "") -> list[CatalogueRow]:
    """Rebuild the index of a folder and ask it.

    Args:
        folder: Searched with all folders below.
        where: SQL condition on the columns, such as ``task='walk' and coverage>0.95``.

    Raises:
        SessionError: If the folder is missing, or the condition cannot be understood.
    """
    if folder.is_file():
        raise SessionError(f"{folder} is a file; a folder of sessions is needed")
    if not folder.is_dir():
        raise SessionError(f"folder {folder} does not exist")
    paths = sorted(folder.rglob("*.h5"))
    rows = [
        CatalogueRow(path=str(path.relative_to(folder)), size_b=path.stat().st_size, **facts)
        for path, facts in zip(paths, list_files(paths), strict=True)
    ]
    names = [field.name for field in fields(CatalogueRow)]
    index = folder / INDEX_NAME
    with sqlite3.connect(index) as database:
        database.execute("drop table if exists sessions")
        database.execute(f"create table sessions ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        database.executemany(f"insert into sessions values ({marks})", map(astuple, rows))
    database.close()
    return _ask(index, where) if where else rows


def _ask(index: Path, where: str) -> list[CatalogueRow]:
    """Rows that fulfil a condition; the index is opened so that a condition can change nothing."""
    database = sqlite3.connect(f"{index.resolve().as_uri()}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    try:
        # The condition is SQL on purpose: it is typed by the owner of the folder.
        found = database.execute(f"select * from sessions where {where} order by path")
        return [CatalogueRow(**dict(row)) for row in found]
    except sqlite3.Error as error:
        names = ", ".join(field.name for field in fields(CatalogueRow))
        raise SessionError(
            f"condition {where!r} cannot be used ({error}); columns are {names}"
        ) from error
    finally:
        database.close()


def facts_of(path: Path) -> dict[str, Any]:
    """What a row says beside place and size; nothing of a file that cannot be read.

    On a file of unknown state this belongs into a child, as `guarded.list_files` does it.
    """
    try:
        with Session.open(path) as session:
            streams = session.streams
            n_stored = sum(stream.n_stored for stream in streams.values())
            n_all = n_stored + sum(stream.n_lost for stream in streams.values())
            losses_s = [s.n_lost / s.nominal_rate_hz for s in streams.values()]
            return {
                "id": session.session_id,
                "recording": session.recording_id,
                "start_utc": session.created_utc,
                "duration_s": session.duration_s,
                "subject": str(session.subject["id"]),
                "task": session.title,
                "garment": session.garment_names,
                "streams": ",".join(streams),
                "coverage": n_stored / n_all if n_all else 0.0,
                "lost_s": max(losses_s, default=0.0),
                "state": session.state,
            }
    except (WearablesError, OSError, KeyError, ValueError, RuntimeError):
        return {}
