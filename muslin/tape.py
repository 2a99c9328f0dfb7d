"""Whose tape measures a command takes."""

from pathlib import Path

from fitting.body import Measurements, Sex, default_measurements, read_body_file
from muslin.folders import existing_file


def read_tape(body: Path | None) -> tuple[Measurements, Sex]:
    """Tape measures and sex of a body file of any kind, or of the demo's wearer without one.

    Raises:
        InputError: If the file is not there.
        FittingError: If it cannot be read, or a measure is impossible.
    """
    if body is None:
        return default_measurements()
    return read_body_file(existing_file(body, "body file"))
