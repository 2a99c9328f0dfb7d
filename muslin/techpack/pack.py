"""Make a tech pack: what `muslin techpack` does."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fitting.body import (
    Body,
    Measurements,
    Sex,
    body_from_measurements,
    default_measurements,
    read_measurements,
)
from fitting.cloth import Cloth, Fabric, load_fabric
from fitting.drape import Drape
from fitting.fit import FitClass, FitMap, FitReport, load_fit_class
from fitting.nesting import Allowance, Marker, NestSettings, cut_pieces, nest_pieces
from fitting.pattern import BLOCKS, Pattern, complete_measures
from fitting.pattern.figure import SIZE_STEP_M
from fitting.pattern.grade import graded_measures, size_girth_m
from muslin.errors import Exit, InputError
from muslin.fitting_room import (
    EDGE_LENGTH_M,
    drape_sewn,
    judge_drape,
    usual_class,
    usual_fabric,
)
from muslin.folders import existing_file, writable_folder
from muslin.screen import print_json, say, say_table, step
from muslin.size_run import is_step, patterns_in_sizes
from muslin.techpack.bill import SeamLine, bands, seam_lines, sensor_fields
from muslin.techpack.measures import PointOfMeasure, points_of_measure
from muslin.version import version

MAX_SIZES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSize:
    """One size of the garment.

    Attributes:
        pattern: Of this size.
        measures: Tape measures of the body that tried it on.
        body: That body.
        cloth: The mesh.
        drape: Its rest.
        map: Maps of the drape.
        report: Numbers and verdicts.
        marker: One garment of this size alone on the fabric.
        seams: Seams and hems with their thread.
    """

    pattern: Pattern
    measures: Measurements
    body: Body
    cloth: Cloth
    drape: Drape
    map: FitMap
    report: FitReport
    marker: Marker
    seams: tuple[SeamLine, ...]

    @property
    def thread_m(self) -> float:
        """Thread of all seams and hems."""
        return sum(line.thread_m for line in self.seams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Everything that the pages show.

    Attributes:
        name: The garment.
        fabric: Card of its fabric.
        fit_class: What it is meant to be.
        allowance: Around the sew lines.
        sizes: Every size, as asked for.
        sample: Number of the size that the drawings show.
        marker: One garment of every size together.
        points: Points of measure.
        seed: Seed of the drapes and the marker.
        edge_length_m: Edge length of the cloth mesh.
    """

    name: str
    fabric: Fabric
    fit_class: FitClass
    allowance: Allowance
    sizes: tuple[PackSize, ...]
    sample: int
    marker: Marker
    points: tuple[PointOfMeasure, ...]
    seed: int
    edge_length_m: float

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program, units in the key names."""
        density = self.fabric.area_density_kg_m2
        return {
            "garment": self.name,
            "fabric": self.fabric.name,
            "fit_class": self.fit_class.name,
            "points_of_measure": {
                point.name: {
                    "values_m": [v if math.isfinite(v) else None for v in point.values_m],
                    "tolerance_m": point.tolerance_m,
                }
                for point in self.points
            },
            "sizes": [
                {
                    "size": size.pattern.size,
                    "fits": size.report.fits if size.drape.converged else None,
                    "converged": size.drape.converged,
                    "fabric_length_m": size.marker.length_m,
                    "fabric_mass_kg": size.marker.mass_kg(density),
                    "waste_share": 1 - size.marker.utilisation,
                    "thread_m": size.thread_m,
                    "bands": [band[0] for band in bands(size.pattern)],
                    "n_sensor_fields": len(sensor_fields(size.pattern)),
                }
                for size in self.sizes
            ],
            "marker_length_m": self.marker.length_m,
            "marker_utilisation": self.marker.utilisation,
            "seed": self.seed,
            "software": f"muslin {version()}",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TechpackResult:
    """A tech pack that was written.

    Attributes:
        file: The PDF.
        n_pages: Its pages.
        pack: What it shows.
    """

    file: Path
    n_pages: int
    pack: Pack

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        if as_json:
            print_json({**self.pack.to_json(), "file": str(self.file), "n_pages": self.n_pages})
        else:
            rows = [(f"size {size.pattern.size}", verdict(size)) for size in self.pack.sizes]
            say_table("Tech pack", [*rows, (f"{self.n_pages} pages", str(self.file))])
        rested = all(size.drape.converged for size in self.pack.sizes)
        return Exit.DONE if rested else Exit.INCOMPLETE


def verdict(size: PackSize) -> str:
    """Whether a size fits the body that tried it on, in a sentence."""
    if not size.drape.converged:
        return f"no verdict: {size.drape.cause}"
    if size.report.fits:
        return "fits"
    wrong = [
        f"{name.replace('_', ' ')} {region.verdict}"
        for name, region in size.report.regions.items()
        if region.verdict != "none" and region.verdict not in size.report.fit_class.accepted
    ]
    return f"does not fit: {', '.join(wrong) or 'nothing could be judged'}"


def techpack(
    pattern: str,
    *,
    sizes: Sequence[str] = ("0",),
    body: Path | None = None,
    fabric: str | None = None,
    fit_class: str | None = None,
    allowance: Allowance | None = None,
    width_m: float = 1.5,
    seconds: float = 10.0,
    edge_length_m: float = EDGE_LENGTH_M,
    seed: int = 0,
    out: Path = Path("techpack.pdf"),
) -> TechpackResult:
    """Draft, drape, judge and nest every size of a garment, and write it down for a factory.

    Each size of a block is tried on by the person graded to that size; sizes of a file by the
    person as taped.

    Args:
        pattern: Name of a block, else a pattern file.
        sizes: Steps and letter codes of a block, sizes of a graded file.
        body: Tape measures (TOML, cm); the demo's body when absent.
        fabric: Card by name or path; the block's usual fabric when absent.
        fit_class: Fit class, or path of one; the block's usual class when absent.
        allowance: Around the sew lines; 1 cm at seams and 2 cm at open edges by default.
        width_m: Usable width of the fabric.
        seconds: Search time of the marker of all sizes; each size alone takes a quarter.
        edge_length_m: Edge length of the cloth mesh.
        seed: Seed of the run.
        out: The PDF.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file says something impossible.
    """
    from muslin.techpack.pages import write_pages

    _check(sizes, edge_length_m, out)
    card = load_fabric(fabric or usual_fabric(pattern))
    meant = load_fit_class(fit_class or usual_class(pattern))
    allowance = allowance or Allowance()
    whole = NestSettings(width_m=width_m, gap_m=0.002, seconds=seconds, seed=seed)
    alone = replace(whole, seconds=max(1.0, seconds / 4))
    taped, sex = (
        default_measurements()
        if body is None
        else read_measurements(existing_file(body, "body file"))
    )
    patterns = _patterns(pattern, sizes, taped, sex)
    done = []
    for made in patterns:
        measures = _fit_model(pattern, made.size, taped, sex)
        with step(f"drape size {made.size}"):
            wearer = body_from_measurements(measures, sex=sex, progress=say).body
            cloth, draped = drape_sewn(made, wearer, card, edge_length_m=edge_length_m, seed=seed)
            maps, report = judge_drape(cloth, draped, wearer, card, fit_class=meant)
        with step(f"lay size {made.size} on {width_m * 100:g} cm"):
            marker = nest_pieces(cut_pieces([(made, 1)], allowance=allowance), alone)
        done.append(
            PackSize(pattern=made, measures=measures, body=wearer, cloth=cloth, drape=draped,
                     map=maps, report=report, marker=marker, seams=seam_lines(made, card))
        )  # fmt: skip
    with step("lay all sizes together"):
        together = nest_pieces(cut_pieces([(p, 1) for p in patterns], allowance=allowance), whole)
    pack = Pack(
        name=patterns[0].name.replace("_", " "), fabric=card, fit_class=meant, allowance=allowance,
        sizes=tuple(done), sample=(len(done) - 1) // 2, marker=together,
        points=points_of_measure(patterns, [size.report for size in done]),
        seed=seed, edge_length_m=edge_length_m,
    )  # fmt: skip
    with step("pages"):
        n_pages = write_pages(out, pack)
    numbers = json.dumps(pack.to_json(), indent=2, allow_nan=False)
    out.with_suffix(".json").write_text(numbers + "\n", encoding="utf-8")
    return TechpackResult(file=out, n_pages=n_pages, pack=pack)


def _check(sizes: Sequence[str], edge_length_m: float, out: Path) -> None:
    if not 1 <= len(sizes) <= MAX_SIZES:
        raise InputError(f"{len(sizes)} sizes were asked for; a tech pack holds 1 to {MAX_SIZES}")
    if len(set(sizes)) < len(sizes):
        raise InputError("a size was given twice")
    if not 0.004 <= edge_length_m <= 0.05:
        raise InputError(f"edge length of {edge_length_m * 100:g} cm is outside 0.4 to 5 cm")
    if out.suffix.lower() != ".pdf":
        raise InputError(f"{out} is no .pdf")
    writable_folder(out.parent)


def _patterns(
    pattern: str, sizes: Sequence[str], taped: Measurements, sex: Sex
) -> tuple[Pattern, ...]:
    measures = taped
    if pattern in BLOCKS:
        fitted = body_from_measurements(taped, sex=sex, progress=say)
        measures = complete_measures(taped, fitted.achieved)
    return patterns_in_sizes(pattern, sizes, measures=measures, sex=sex)


def _fit_model(pattern: str, size: str, taped: Measurements, sex: Sex) -> Measurements:
    """Tape measures of who tries a size on."""
    if pattern not in BLOCKS or taped.bust_girth is None or size.lstrip("+-") == "0":
        return taped
    if is_step(size):
        return graded_measures(taped, bust_m=taped.bust_girth + int(size) * SIZE_STEP_M)
    return graded_measures(taped, bust_m=size_girth_m(size.upper(), sex))
