"""The table of export formats."""

from collections.abc import Callable
from pathlib import Path

from wearables.errors import SessionError
from wearables.sessions.export.bids_motion import write_bids
from wearables.sessions.export.csv_files import write_csv
from wearables.sessions.export.edf import write_edf
from wearables.sessions.export.mcap_file import write_mcap
from wearables.sessions.export.parquet import write_parquet
from wearables.sessions.export.xdf import write_xdf
from wearables.sessions.reader import Session

FORMATS: dict[str, Callable[[Session, Path], list[Path]]] = {
    "bids": write_bids,
    "csv": write_csv,
    "edf": write_edf,
    "mcap": write_mcap,
    "parquet": write_parquet,
    "xdf": write_xdf,
}


def export_session(session: Session, folder: Path, *, to: str) -> list[Path]:
    """Write a session in another format.

    Args:
        session: What to write.
        folder: Where the files go; it is made when missing.
        to: Name of the format, one of `FORMATS`.

    Returns:
        The files, the sidecar last.

    Raises:
        SessionError: If the format is not known, its package is missing, or it cannot hold this.
    """
    if to not in FORMATS:
        raise SessionError(f"format {to!r} is not known; known are {', '.join(FORMATS)}")
    folder.mkdir(parents=True, exist_ok=True)
    return FORMATS[to](session, folder)
