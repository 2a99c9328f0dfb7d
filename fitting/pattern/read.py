"""One door for every pattern format: `read_pattern` reads, `inspect_pattern` lists what is wrong.

Formats of other packages plug in through the entry point group ``muslin.patterns``; each entry
names a `PatternFormat`. Paths named inside a file are never followed.
"""

import logging
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from fitting.errors import PatternError
from fitting.pattern.checks.pattern import CheckSettings, check_pattern
from fitting.pattern.checks.structure import check_structure, raise_broken
from fitting.pattern.finding import Finding
from fitting.pattern.formats.dxf_read import DXF, read_dxf_sizes
from fitting.pattern.formats.freesewing import FREESEWING
from fitting.pattern.formats.garmentcode import GARMENTCODE
from fitting.pattern.formats.svg_read import SVG
from fitting.pattern.model import Pattern
from fitting.pattern.reading import PatternFormat, Reading, ReadOptions, read_bytes
from fitting.pattern.seams.seams_file import options_with_seams_file, seams_path, with_seams_file

logger = logging.getLogger(__name__)
GROUP = "muslin.patterns"
_HEAD = 65_536
# FreeSewing files are JSON and SVG too, so they are asked first.
_BUILT_IN = (FREESEWING, GARMENTCODE, DXF, SVG)


@cache
def pattern_formats() -> tuple[PatternFormat, ...]:
    """Formats that can be read: the built-in ones first, then those of other packages.

    A file is known by its content, so a plug-in that cannot be loaded is only warned of: the other
    formats must work.
    """
    plugged: list[PatternFormat] = []
    for entry in entry_points(group=GROUP):
        try:
            plugged.append(format_from(entry))
        except PatternError as error:
            logger.warning("%s", error)
    return (*_BUILT_IN, *(fmt for fmt in plugged if fmt not in _BUILT_IN))


def format_from(entry: EntryPoint) -> PatternFormat:
    """Format that a plug-in brings.

    Raises:
        PatternError: If it cannot be loaded, or is no format.
    """
    try:
        found = entry.load()
    except Exception as error:
        raise PatternError(f"pattern plug-in {entry.name!r} cannot be loaded: {error}") from error
    if not isinstance(found, PatternFormat):
        raise PatternError(
            f"pattern plug-in {entry.name!r} names a {type(found).__name__}, wanted a PatternFormat"
        )
    return found


def format_of(path: Path) -> PatternFormat:
    """Format of a file, by what it starts with and by its suffix.

    Raises:
        PatternError: If no format knows it.
    """
    head = read_bytes(path)[:_HEAD]
    formats = pattern_formats()
    for known in formats:
        if path.suffix.lower() in known.suffixes and known.knows(head):
            return known
    for known in formats:
        if known.knows(head):
            return known
    names = ", ".join(dict.fromkeys(f"{f.name} ({', '.join(f.suffixes)})" for f in formats))
    raise PatternError(f"{path} is in no pattern format that is known here: {names}")


def read_pattern(
    path: Path, *, size: str | None = None, options: ReadOptions | None = None
) -> Pattern:
    """Read a pattern of any format; one without seams takes those of the file beside it.

    Args:
        path: Pattern file.
        size: Which size of a graded nest; none takes the sample size.
        options: What the file leaves open; ``size`` wins over its size.

    Raises:
        PatternError: If it cannot be read or its geometry cannot be built.
    """
    reading = _reading(path, size, options)
    pattern = reading.pattern
    raise_broken(path.name, (*reading.findings, *check_structure(pattern)))
    return pattern


def read_pattern_sizes(path: Path, *, options: ReadOptions | None = None) -> tuple[Pattern, ...]:
    """Read every size of a file, in file order; one pattern where it has one size only.

    Raises:
        PatternError: As `read_pattern`.
    """
    if format_of(path) is not DXF:
        return (read_pattern(path, options=options),)
    patterns = []
    options, beside = options or ReadOptions(), seams_path(path)
    if beside.is_file():
        options = options_with_seams_file(options, beside)
    for reading in read_dxf_sizes(path, options).values():
        raise_broken(path.name, (*reading.findings, *check_structure(reading.pattern)))
        patterns.append(reading.pattern)
    return tuple(patterns)


def inspect_pattern(
    path: Path,
    *,
    size: str | None = None,
    options: ReadOptions | None = None,
    settings: CheckSettings | None = None,
) -> tuple[Pattern, tuple[Finding, ...]]:
    """Read a pattern as far as possible, and list every problem.

    Raises:
        PatternError: If nothing of it can be understood.
    """
    reading = _reading(path, size, options)
    found = (*reading.findings, *check_pattern(reading.pattern, settings))
    return reading.pattern, found


def _reading(path: Path, size: str | None, options: ReadOptions | None) -> Reading:
    options = options or ReadOptions()
    if size is not None:
        options = replace(options, size=size)
    beside = seams_path(path)
    if beside.is_file():
        options = options_with_seams_file(options, beside)
    reading = format_of(path).read(path, options)
    if size is not None and not reading.pattern.sizes:
        raise PatternError(
            f"size {size!r} was asked for, but {path} has the one size that its file holds"
        )
    # A file with seams of its own needs none beside it, which may be another format's.
    if beside.is_file() and not reading.pattern.seams:
        reading = replace(reading, pattern=with_seams_file(reading.pattern, beside))
    return reading
