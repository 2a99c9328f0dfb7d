"""Draft blocks and grade patterns: `muslin draft`, `muslin grade`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitting.body import Measurements, Sex, body_from_measurements
from fitting.pattern import (
    BLOCKS,
    Pattern,
    check_pattern,
    complete_measures,
    garmentcode_from_pattern,
    read_garmentcode,
)
from fitting.pattern.grade import grade_pattern, size_girth_m
from muslin.errors import Exit, InputError
from muslin.folders import existing_file, writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say, say_table
from muslin.size_run import block_in_size, is_step
from muslin.tape import read_tape


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """Patterns that were written.

    Attributes:
        patterns: By file.
    """

    patterns: dict[Path, Pattern]

    def tell(self, *, as_json: bool) -> Exit:
        """Say what was written; the exit code says whether a check found something."""
        findings = {str(path): check_pattern(p) for path, p in self.patterns.items()}
        if as_json:
            print_json({"files": [
                {"file": str(path), "size": p.size, "panels": [_panel(p, i) for i in
                 range(len(p.panels))], "findings": [f.to_json() for f in findings[str(path)]]}
                for path, p in self.patterns.items()
            ]})  # fmt: skip
        else:
            rows = [
                (
                    str(path),
                    f"{' '.join(filter(None, (p.name, p.size)))}, {len(p.panels)} panels, "
                    f"{len(p.seams)} seams",
                )
                for path, p in self.patterns.items()
            ]
            say_table("Patterns", rows)
            for path, found in findings.items():
                for finding in found:
                    say(f"  {path}: {finding}")
        return Exit.FAILED if any(findings.values()) else Exit.DONE


def _panel(pattern: Pattern, i: int) -> dict[str, Any]:
    panel = pattern.panels[i]
    lengths = [round(panel.length_m(k) * 100, 3) for k in range(len(panel.edges))]
    return {"name": panel.name, "wrap": panel.wrap, "edges_cm": lengths}


def draft(
    block: str, *, measures: Path | None = None, size: str = "0",
    ease: Sequence[str] = (), out: Path | None = None,
) -> Drafted:  # fmt: skip
    """Draft a block for a person and write it as a GarmentCode specification.

    Args:
        block: Name of the block.
        measures: Tape measures (TOML, cm); the demo's person when absent.
        size: Step such as ``-1`` or ``+2``, or a letter code such as ``M``.
        ease: Changes of ease, each ``name=value``.
        out: File to write.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file or a size says something impossible.
    """
    changes = dict(ease_named(item) for item in ease)
    taped, sex = read_tape(measures)
    complete = complete_measures(
        taped, body_from_measurements(taped, sex=sex, progress=say).achieved
    )
    pattern = _sized(block, complete, sex, size, changes)
    path = out or Path(f"{block}.json")
    _write(path, pattern)
    return Drafted(patterns={path: pattern})


def grade(
    pattern: str, *, sizes: Sequence[str] = ("-1", "0", "+1"), measures: Path | None = None,
    out: Path = Path("graded"),
) -> Drafted:  # fmt: skip
    """Write a block or a pattern file in several sizes.

    Args:
        pattern: Name of a block, or a GarmentCode specification.
        sizes: Steps, and for blocks letter codes too.
        measures: Tape measures of a block's base size.
        out: Folder for the files.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file or a size says something impossible.
    """
    folder = writable_folder(out)
    done = {}
    if pattern in BLOCKS:
        taped, sex = read_tape(measures)
        fitted = body_from_measurements(taped, sex=sex, progress=say)
        complete = complete_measures(taped, fitted.achieved)
        for size in sizes:
            path = folder / f"{pattern}_{_file_word(size)}.json"
            done[path] = _sized(pattern, complete, sex, size, {})
    else:
        if not Path(pattern).suffix:
            raise InputError(f"pattern {pattern!r} is no block ({', '.join(BLOCKS)}) and no file")
        base = read_garmentcode(existing_file(Path(pattern), "pattern file"))
        for size in sizes:
            path = folder / f"{Path(pattern).stem}_{_file_word(size)}.json"
            done[path] = grade_pattern(base, _step(size, f"{pattern} is a file, which has"))
    for path, made in done.items():
        _write(path, made)
    return Drafted(patterns=done)


def ease_named(item: str) -> tuple[str, float]:
    """Read ``name=value``.

    Raises:
        InputError: If it is not.
    """
    name, _, value = item.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"ease {item!r} is not name=value, such as bust_m=0.1")
    return name.strip(), number


def _sized(
    block: str, measures: Measurements, sex: Sex, size: str, ease: dict[str, float]
) -> Pattern:
    drafted = block_in_size(block, measures, sex, size, ease)
    if not is_step(size):
        girth_m = size_girth_m(size.upper(), sex)
        say(f"  size {size.upper()}: bust or chest {girth_m * 100:.0f} cm")
    return drafted


def _step(size: str, whose: str) -> int:
    if not is_step(size):
        raise InputError(f"size {size!r} is no step such as -1 or +2; {whose} no letter codes")
    return int(size)


def _file_word(size: str) -> str:
    return size.replace("+", "plus").replace("-", "minus")


def _write(path: Path, pattern: Pattern) -> None:
    writable_folder(path.parent)
    write_json(path, garmentcode_from_pattern(pattern))
