"""Run a batch of fits: what `muslin batch fit` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fitting.body import Measurements, Sex, body_from_measurements
from fitting.body.survey import average_measures
from fitting.cloth import load_fabric
from fitting.fit import load_fit_class
from fitting.pattern import BLOCKS, complete_measures
from muslin.batch.analyze import BatchAnalysis, batch_analyze
from muslin.batch.bodies import read_bodies
from muslin.batch.case import Case, Style, cases_of
from muslin.batch.cluster import run_cases, workers
from muslin.batch.store import BatchFolder, plan_rows
from muslin.batch.work import lost_case, run_case
from muslin.errors import Exit, InputError
from muslin.fitting_room import EDGE_LENGTH_M, usual_class, usual_fabric
from muslin.folders import writable_folder
from muslin.people import Taped
from muslin.screen import counted, say
from muslin.size_run import patterns_in_sizes
from muslin.tape import read_tape

MAX_CASES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What a run of a batch did.

    Attributes:
        analysis: Table and summary of all cases.
        n_run: Cases that were run now.
        n_known: Cases whose result was there already.
    """

    analysis: BatchAnalysis
    n_run: int
    n_known: int

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        say(f"{self.n_run} fits were run, {self.n_known} were there already")
        return self.analysis.tell(as_json=as_json)


def batch_fit(
    bodies: Path,
    *,
    patterns: Sequence[str] = ("tshirt",),
    sizes: Sequence[str] = ("S", "M", "L", "XL"),
    fabrics: Sequence[str] = (),
    base: Path | None = None,
    fit_class: str | None = None,
    edge_length_m: float = EDGE_LENGTH_M,
    seed: int = 0,
    out: Path = Path("batch"),
    scheduler: str | None = None,
    n_workers: int = 2,
    memory_gib: float = 4.0,
    timeout_s: float = 600.0,
    retry_failed: bool = False,
) -> BatchResult:
    """Fit every body of a table in every size and fabric; a rerun does what is missing.

    Args:
        bodies: Table of people (CSV), see `muslin.people`.
        patterns: Names of blocks, or pattern files.
        sizes: Letter codes and steps of blocks, sizes of graded files.
        fabrics: Cards; each pattern's usual fabric when empty.
        base: Tape measures (TOML, cm) that blocks are drafted for and graded from; the average
            woman or man of the survey when absent.
        fit_class: Fit class by name or file; each pattern's usual class when absent.
        edge_length_m: Edge length of the cloth mesh.
        seed: Seed of every case.
        out: Folder for plan, results, table and summary.
        scheduler: Address of a dask scheduler; none starts local workers.
        n_workers: Local workers, of one thread each.
        memory_gib: Memory that a local worker may use.
        timeout_s: Time that one case may take.
        retry_failed: Run cases again that failed before.

    Raises:
        InputError: If an option cannot be used or the workers cannot be reached.
        FittingError: If a file says something impossible.
    """
    check_limits(
        n_workers=n_workers, memory_gib=memory_gib, timeout_s=timeout_s, edge_m=edge_length_m
    )
    people = read_bodies(bodies)
    folder = BatchFolder(writable_folder(out))
    styles = _styles(
        people, patterns=patterns, sizes=sizes, fabrics=fabrics, base=base, fit_class=fit_class,
        edge_length_m=edge_length_m,
    )  # fmt: skip
    cases = cases_of(people, styles, seed=seed)
    if len(cases) > MAX_CASES:
        raise InputError(f"{len(cases)} fits are more than the {MAX_CASES} that one batch takes")
    folder.write_plan(plan_rows(cases, people))
    missing = _missing(folder, cases, retry_failed=retry_failed)
    if missing:
        with workers(scheduler, n_workers=n_workers, memory_gib=memory_gib) as (client, count):
            say(f"  {len(missing)} of {len(cases)} fits on {count} workers ...")
            results = run_cases(
                client, missing, work=partial(run_case, timeout_s=timeout_s), lost=lost_case,
                n_workers=count, timeout_s=timeout_s,
            )  # fmt: skip
            for result in counted(results, total=len(missing), words="fits"):
                folder.keep(result)
    return BatchResult(
        analysis=batch_analyze(folder.folder), n_run=len(missing), n_known=len(cases) - len(missing)
    )


def check_limits(*, n_workers: int, memory_gib: float, timeout_s: float, edge_m: float) -> None:
    """Refuse numbers that no batch can run with.

    Raises:
        InputError: If one is outside what makes sense.
    """
    for value, low, high, words in (
        (n_workers, 1, 1024, "workers"),
        (memory_gib, 0.5, 4096, "GiB a worker"),
        (timeout_s, 1, 86_400, "s for a fit"),
        (edge_m * 100, 0.4, 5, "cm of edge length"),
    ):
        if not low <= value <= high:
            raise InputError(f"{value:g} {words} are outside {low:g} to {high:g}")


def _styles(
    people: Sequence[Taped], *, patterns: Sequence[str], sizes: Sequence[str],
    fabrics: Sequence[str], base: Path | None, fit_class: str | None, edge_length_m: float,
) -> list[tuple[Sex, Style]]:  # fmt: skip
    """Every garment in every fabric and size, for each sex that the table holds."""
    if not patterns or not sizes:
        raise InputError("a batch needs at least one pattern and one size")
    # The summary tells garments apart by these words.
    _check_once("pattern", [Path(pattern).stem for pattern in patterns])
    _check_once("size", sizes)
    _check_once("fabric", fabrics)
    cards = {
        pattern: [load_fabric(name) for name in (fabrics or (usual_fabric(pattern),))]
        for pattern in patterns
    }
    classes = {pattern: load_fit_class(fit_class or usual_class(pattern)) for pattern in patterns}
    styles: list[tuple[Sex, Style]] = []
    both: tuple[Sex, ...] = ("female", "male")
    for sex in both:
        if not any(body.sex == sex for body in people):
            continue
        measures, table = _base(base, sex, drafted=any(pattern in BLOCKS for pattern in patterns))
        for pattern in patterns:
            sewn = patterns_in_sizes(pattern, sizes, measures=measures, sex=table)
            made = [
                Style(pattern=Path(pattern).stem, size=size, sewn=one, fabric=card,
                      fit_class=classes[pattern], edge_length_m=edge_length_m)
                for card in cards[pattern]
                for size, one in zip(sizes, sewn, strict=True)
            ]  # fmt: skip
            styles.extend((sex, style) for style in made)
    return styles


def _check_once(what: str, names: Sequence[str]) -> None:
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise InputError(f"the {what} {twice} was given twice")


def _base(path: Path | None, sex: Sex, *, drafted: bool) -> tuple[Measurements, Sex]:
    """Complete measures that blocks are drafted for, and whose letter codes are meant."""
    taped = average_measures(sex)
    if path is not None:
        taped, sex = read_tape(path)
    if not drafted:
        return taped, sex
    return complete_measures(taped, body_from_measurements(taped, sex=sex).achieved), sex


def _missing(folder: BatchFolder, cases: Sequence[Case], *, retry_failed: bool) -> list[Case]:
    """Cases without a result, each key once."""
    wanted: dict[str, Case] = {}
    for case in cases:
        known = folder.result(case.key)
        if known is None or (retry_failed and known["state"] == "failed"):
            wanted.setdefault(case.key, case)
    return list(wanted.values())
