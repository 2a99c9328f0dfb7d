"""Folders a command reads from and writes to."""

import os
from pathlib import Path

from muslin.errors import InputError


def assets_folder() -> Path:
    """Folder of the data that ships, in a checkout or in an installed package."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / "assets"
    return checkout if (checkout / "MANIFEST.toml").is_file() else package / "assets"


def writable_folder(folder: Path) -> Path:
    """Create an output folder if need be, and make sure that it can be written.

    Raises:
        InputError: If it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".muslin-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot write into the output folder {folder}: {reason}") from error
    return folder


def existing_path(path: Path, what: str) -> Path:
    """Check that an input file or folder is there.

    Raises:
        InputError: If it is not.
    """
    if not path.exists():
        raise InputError(f"{what} {path} does not exist")
    return path


def existing_file(path: Path, what: str) -> Path:
    """Check that an input file is there.

    Raises:
        InputError: If it is not, or is a folder.
    """
    existing_path(path, what)
    if path.is_dir():
        raise InputError(f"{what} {path} is a folder; a file is needed")
    return path


def existing_session(path: Path) -> Path:
    """Check that a session file is there.

    Args:
        path: The file, or ``FILE#DEVICE`` for one of several garments.

    Raises:
        InputError: If it is not, or is a folder.
    """
    from wearables.sessions.reader import split_device

    existing_file(split_device(path)[0], "session file")
    return path


def readable_session(path: Path) -> Path:
    """Check that a session file is there, and that reading it will come back.

    Some damaged files hang or crash the HDF5 library, so a child process reads it first.

    Args:
        path: The file, or ``FILE#DEVICE`` for one of several garments.

    Raises:
        InputError: If it is not there.
        UnreadableError: If the library hung or crashed.
    """
    from wearables.sessions import check_readable

    check_readable(existing_session(path))
    return path


def garments_of(path: Path) -> list[Path]:
    """What opens each garment of a session: the file, or ``FILE#DEVICE`` for each of several.

    Raises:
        UnreadableError: If the HDF5 library hangs or crashes on the file.
        SessionError: If it is no session.
    """
    from wearables.sessions import Session

    with Session.open(readable_session(path)) as session:
        if len(session.devices) == 1:
            return [path]
        return [Path(f"{session.path}#{key}") for key in session.devices]
