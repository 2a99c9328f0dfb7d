"""Make a tech pack: what `muslin techpack` does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fitting.body import (
    Measurements,
    Sex,
    body_from_measurements,
)
from fitting.cloth import load_fabric
from fitting.fit import load_fit_class
from fitting.nesting import Allowance, NestSettings, cut_pieces, nest_pieces
from fitting.pattern import BLOCKS, Pattern, complete_measures
from fitting.pattern.figure import SIZE_STEP_M
from fitting.pattern.grade import graded_measures, size_girth_m
from muslin.errors import Exit, InputError
from muslin.fitting_room import (
    EDGE_LENGTH_M,
    check_edge_length,
    drape_sewn,
    judge_drape,
    usual_class,
    usual_fabric,
)
from muslin.folders import writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say, say_table, step
from muslin.size_run import is_step, patterns_in_sizes
from muslin.tape import read_tape
from muslin.techpack.bill import seam_lines
from muslin.techpack.content import Pack, PackSize, verdict
from muslin.techpack.measures import points_of_measure

MAX_SIZES = 8


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
    taped, sex = read_tape(body)
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
    write_json(out.with_suffix(".json"), pack.to_json())
    return TechpackResult(file=out, n_pages=n_pages, pack=pack)


def _check(sizes: Sequence[str], edge_length_m: float, out: Path) -> None:
    if not 1 <= len(sizes) <= MAX_SIZES:
        raise InputError(f"{len(sizes)} sizes were asked for; a tech pack holds 1 to {MAX_SIZES}")
    if len(set(sizes)) < len(sizes):
        raise InputError("a size was given twice")
    check_edge_length(edge_length_m)
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
