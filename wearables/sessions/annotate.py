"""Remarks on a closed session, by author; raw samples are never touched."""

import re
from pathlib import Path

import h5py

from wearables.errors import SessionError
from wearables.sessions import layout
from wearables.sessions.reader import Session
from wearables.sessions.stream_writer import append_rows, make_table


def annotate(
    path: Path, *, author: str, text: str, start_s: float, duration_s: float = 0.0,
    kind: str = "annotation",
) -> None:  # fmt: skip
    """Append one remark to ``annotations/<author>``.

    Args:
        path: A closed or recovered session.
        author: Letters, digits, ``-`` and ``_``.
        text: The remark.
        start_s: Session time.
        duration_s: How long it holds.
        kind: Its class.

    Raises:
        SessionError: If the session is being recorded, the time is outside of it, or an argument
            makes no sense.
    """
    if not re.fullmatch(r"[\w-]+", author):
        raise SessionError(f"author {author!r} may hold letters, digits, - and _ only")
    if duration_s < 0:
        raise SessionError(f"duration of {duration_s:g} s is negative")
    with Session.open(path) as session:
        if session.state == layout.STATE_RECORDING:
            raise SessionError(f"{path} was not closed; run muslin repair {path} first")
        if not 0 <= start_s <= session.end_s:
            raise SessionError(
                f"{start_s:g} s is outside of the session, which lasts from 0 to "
                f"{session.end_s:.2f} s"
            )
        host_ns, path = session.anchor_host_ns + round(start_s * 1e9), session.path
    with h5py.File(path, "r+") as file:
        group = file.require_group("annotations")
        if author not in group:
            make_table(group, author, layout.MARKERS)
        row = (host_ns, layout.NO_DEVICE_TIME, round(duration_s * 1e9), 0)
        append_rows(group[author], [(*row, kind, text, "user", "")])
