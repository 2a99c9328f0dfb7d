"""Lay a size mix on a fabric width: what `muslin nest` does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fitting.body import body_from_measurements
from fitting.cloth import Fabric, load_fabric
from fitting.nesting import Allowance, Marker, NestSettings, cut_pieces, nest_pieces
from fitting.nesting.draw import write_marker_dxf, write_marker_svg
from fitting.pattern import BLOCKS, Pattern, complete_measures
from muslin.errors import Exit, InputError
from muslin.fitting_room import usual_fabric
from muslin.folders import writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say, say_table, step
from muslin.size_run import SizeCount, patterns_in_sizes
from muslin.tape import read_tape
from muslin.version import version

SUFFIXES = (".svg", ".dxf", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class NestResult:
    """A marker and what it takes.

    Attributes:
        marker: The layout.
        garments: Names of the patterns.
        mix: Garments of each size.
        fabric: What it is cut from.
        files: What was written.
    """

    marker: Marker
    garments: tuple[str, ...]
    mix: tuple[SizeCount, ...]
    fabric: Fabric
    files: tuple[Path, ...] = ()

    @property
    def title(self) -> str:
        """Garments and sizes in words."""
        sizes = ", ".join(f"{each.count} x {each.size}" for each in self.mix)
        return f"{', '.join(self.garments)}: {sizes}"

    @property
    def n_garments(self) -> int:
        """Garments that are cut."""
        return len(self.garments) * sum(each.count for each in self.mix)

    def sentences(self) -> tuple[str, ...]:
        """What the marker takes, for its margin."""
        marker, fabric = self.marker, self.fabric
        mass_g = marker.mass_kg(fabric.area_density_kg_m2) * 1000
        return (
            f"{marker.sentence()}, utilisation {marker.utilisation * 100:.1f} %, "
            f"{len(marker.pieces)} pieces on {marker.width_m * 100:g} cm, "
            f"gap {marker.gap_m * 1000:g} mm",
            f"{fabric.name.replace('_', ' ')}, {fabric.area_density_kg_m2 * 1000:.0f} g/m2: "
            f"{mass_g:.0f} g, of which {marker.waste_m2 * fabric.area_density_kg_m2 * 1000:.0f} g "
            f"({marker.waste_m2:.3f} m2) are waste; {mass_g / self.n_garments:.0f} g a garment",
        )

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program, units in the key names."""
        marker = self.marker
        return {
            "garments": list(self.garments),
            "sizes": {each.size: each.count for each in self.mix},
            "fabric": self.fabric.name,
            "fabric_mass_kg": marker.mass_kg(self.fabric.area_density_kg_m2),
            "area_density_kg_m2": self.fabric.area_density_kg_m2,
            "n_garments": self.n_garments,
            **marker.to_json(),
            "software": f"muslin {version()}",
            "files": [str(path) for path in self.files],
        }

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        if as_json:
            print_json(self.to_json())
            return Exit.DONE
        rows = [("", sentence) for sentence in self.sentences()]
        say_table(f"Marker, {self.title}", [*rows, *(("file", str(path)) for path in self.files)])
        return Exit.DONE


def nest(
    patterns: Sequence[str],
    *,
    mix: Sequence[SizeCount],
    width_m: float = 1.5,
    fabric: str | None = None,
    body: Path | None = None,
    gap_m: float = 0.002,
    turns_rad: Sequence[float] = (0.0, float(np.pi)),
    allowance: Allowance | None = None,
    seconds: float = 30.0,
    seed: int = 0,
    n_threads: int | None = None,
    out: Sequence[Path] = (),
) -> NestResult:
    """Lay every piece of a size mix on a fabric width, as short as the time allows.

    Args:
        patterns: Names of blocks, or pattern files.
        mix: Garments of each size; every pattern is cut in all of them.
        width_m: Usable width of the fabric.
        fabric: Card by name or path; the first block's usual fabric when absent.
        body: Tape measures (TOML, cm) that blocks are drafted for; the demo's when absent.
        gap_m: Least distance between pieces.
        turns_rad: Turns allowed on the cloth; only 0 for piles and one-way prints.
        allowance: Around the sew lines; 1 cm at seams and 2 cm at open edges by default.
        seconds: Time for the search.
        seed: Seed of the first search.
        n_threads: Searches side by side; one a core when absent.
        out: Files to write, by suffix: svg, dxf, json.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file says something impossible, or a piece is wider than the fabric.
    """
    if n_threads is not None and not 1 <= n_threads <= 1024:
        raise InputError(f"{n_threads} searches side by side are outside 1 to 1024")
    targets = [_target(path) for path in out]
    card = load_fabric(fabric or usual_fabric(patterns[0] if patterns else ""))
    settings = NestSettings(
        width_m=width_m, gap_m=gap_m, turns_rad=tuple(turns_rad), seconds=seconds, seed=seed,
        n_threads=n_threads,
    )  # fmt: skip
    garments = garments_of(patterns, mix, body=body)
    pieces = cut_pieces(garments, allowance=allowance)
    n_pieces = sum(piece.count for piece in pieces)
    with step(f"lay {n_pieces} pieces on {width_m * 100:g} cm, {seconds:g} s"):
        marker = nest_pieces(pieces, settings)
    names = tuple(dict.fromkeys(_stem(pattern) for pattern in patterns))
    result = NestResult(
        marker=marker, garments=names, mix=tuple(mix), fabric=card, files=tuple(targets)
    )
    for path in targets:
        _write(path, result)
    return result


def garments_of(
    patterns: Sequence[str], mix: Sequence[SizeCount], *, body: Path | None = None
) -> list[tuple[Pattern, int]]:
    """Pattern of every size and how many garments of it; grain that was guessed is said.

    Raises:
        InputError: If no pattern was given, or one cannot be found.
        FittingError: If it cannot be drafted or read.
    """
    if not patterns:
        raise InputError("no pattern was given; name a block or a pattern file")
    taped, sex = read_tape(body)
    drafted = any(pattern in BLOCKS for pattern in patterns)
    achieved = body_from_measurements(taped, sex=sex, progress=say).achieved if drafted else taped
    measures = complete_measures(taped, achieved) if drafted else taped
    garments = []
    for pattern in patterns:
        sizes = [each.size for each in mix]
        made = patterns_in_sizes(pattern, sizes, measures=measures, sex=sex)
        for each, sized in zip(mix, made, strict=True):
            size = sized.size if len(patterns) == 1 else f"{_stem(pattern)} {sized.size}"
            garments.append((replace(sized, size=size), each.count))
        guessed = [panel.name for panel in made[0].panels if not panel.grain_known]
        if guessed:
            say(f"  note: {pattern} gives no grain for {', '.join(guessed)}; up is taken for it")
    return garments


def _stem(pattern: str) -> str:
    return pattern if pattern in BLOCKS else Path(pattern).stem


def _target(path: Path) -> Path:
    """Check a file to write before anything slow starts.

    Raises:
        InputError: If its format is not known, or its folder cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} ends in none of {', '.join(SUFFIXES)}")
    writable_folder(path.parent)
    return path


def _write(path: Path, result: NestResult) -> None:
    match path.suffix.lower():
        case ".json":
            write_json(path, result.to_json())
        case ".svg":
            write_marker_svg(
                path, result.marker, title=result.title, margin_lines=result.sentences()
            )
        case _:
            write_marker_dxf(
                path, result.marker, title=result.title, margin_lines=result.sentences()
            )
