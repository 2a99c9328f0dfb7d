"""What a reader of a pattern format is given, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.finding import Finding
from fitting.pattern.model import Pattern

# Larger files are not patterns; reading one would only fill the memory.
MAX_BYTES = 64_000_000
MAX_SIZE_M = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a file may leave open.

    Attributes:
        size: Which size of a graded nest; none takes the sample size.
        unit_m: Length of the file's unit, for files that state none.
        allowance_m: Seam allowance that the outline includes and that is taken off.
    """

    size: str | None = None
    unit_m: float | None = None
    allowance_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file as far as it could be understood.

    Attributes:
        pattern: What was read; it may be broken, see `fitting.pattern.checks.structure`.
        findings: What could not be expressed in the pattern.
    """

    pattern: Pattern
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternFormat:
    """One format, as an entry point of the group ``muslin.patterns`` names it.

    Attributes:
        name: Short name.
        suffixes: File suffixes in lower case, with the dot.
        knows: Whether the start of a file (first 64 KiB) looks like it.
        read: Reads a file; raises PatternError when nothing can be understood.
    """

    name: str
    suffixes: tuple[str, ...]
    knows: Callable[[bytes], bool]
    read: Callable[[Path, ReadOptions], Reading]


def checked_points(points_m: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """The points themselves, any shape.

    Raises:
        PatternError: If one is not a number or beyond any garment; names where.
    """
    if points_m.size and not np.abs(points_m).max() < MAX_SIZE_M:
        raise PatternError(
            f"{where}: a point is not a number, or more than {MAX_SIZE_M:g} m from the origin; "
            "is the unit right?"
        )
    return points_m


def read_bytes(path: Path) -> bytes:
    """Content of a pattern file.

    Raises:
        PatternError: If it cannot be read or is too large to be one.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PatternError(
                f"pattern file {path} has {size / 1e6:.0f} MB, more than {MAX_BYTES / 1e6:.0f} MB"
            )
        return path.read_bytes()
    except OSError as error:
        raise PatternError(f"pattern file {path} cannot be read: {error.strerror}") from error


def read_text(path: Path) -> str:
    """Content of a pattern file as text.

    Raises:
        PatternError: If it cannot be read, or is not UTF-8 text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PatternError(f"pattern file {path} is not text in UTF-8: {error.reason}") from error
