"""What `muslin twin survey` does: people, cases, search, page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muslin.batch.fit import check_limits
from muslin.errors import Exit, InputError
from muslin.folders import existing_file, writable_folder
from muslin.json_file import write_json
from muslin.people import Unmade, read_people
from muslin.screen import print_json, say, say_table, step
from muslin.twin.sensors.garment import twin_garment
from muslin.twin.sensors.requirement import load_requirements
from muslin.twin.survey.case_runs import CaseRuns, case_mapper
from muslin.twin.survey.page import picture_of, survey_page
from muslin.twin.survey.search import search_places
from muslin.twin.survey.survey import Survey, survey_people
from muslin.twin.worn.person import Person, make_people
from muslin.twin.worn.wear import EDGE_LENGTH_M


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyResult:
    """What a run of `survey` made.

    Attributes:
        folder: Where the files are.
        survey: Results.
        numbers: Content of ``survey.json``.
    """

    folder: Path
    survey: Survey
    numbers: dict[str, Any] = field(default_factory=dict)

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result, and choose the exit code: 3 when a case failed."""
        if as_json:
            print_json(self.numbers)
        else:
            n = len(self.survey.people)
            rows = [
                (name, f"works for {self.survey.share(name):.0%} of {n} people in their size")
                for name in self.survey.sensors
            ]
            found = self.numbers.get("search")
            if found:
                rows.append(("search", found["sentence"]))
            files = [(name, str(self.folder / name)) for name in ("survey.html", "survey.json")]
            say_table(f"Survey of the {self.survey.garment.pattern}", [*rows, *files])
            for unmade in self.survey.unmade:
                say(f"{unmade.name}: no body: {unmade.reason}")
            for result in self.survey.failures():
                say(f"{result.person}, size {result.size_step:+d}: {result.state}: {result.reason}")
        complete = not self.survey.failures() and not self.survey.unmade
        return Exit.DONE if complete else Exit.INCOMPLETE


def survey(
    garment: str,
    *,
    bodies: Path,
    sizes: Sequence[int] = (-1, 0, 1),
    sensors: Path | None = None,
    fabric: str | None = None,
    ease: Mapping[str, float] | None = None,
    requirements: Path | None = None,
    made_to_measure: bool = False,
    search: Sequence[str] = (),
    edge_length_m: float = EDGE_LENGTH_M,
    out: Path = Path("survey"),
    scheduler: str | None = None,
    n_workers: int = 2,
    memory_gib: float = 4.0,
    timeout_s: float = 600.0,
    retry_failed: bool = False,
    seed: int = 0,
) -> SurveyResult:
    """Survey a sensor garment over people and sizes; writes survey.json and survey.html.

    Every case is kept in the folder under a key of its inputs; a rerun drapes what is missing.

    Args:
        garment: Name of a block with sensors.
        bodies: Table of people (CSV), see `muslin.people`.
        sizes: Size steps.
        sensors: Sensors file; the block's own when absent.
        fabric: Fabric card; the sensors file's when absent.
        ease: Changes to the block's ease.
        requirements: What sensors need (TOML); those that ship when absent.
        made_to_measure: Draft it for each wearer instead of by one size chart.
        search: Sensors whose place, and the ease, are searched; empty searches nothing.
        edge_length_m: Edge length of the cloth mesh.
        out: Folder for the files and the results of all cases.
        scheduler: Address of a dask scheduler; none starts local workers.
        n_workers: Local workers, of one thread each; one stays in this process.
        memory_gib: Memory that a local worker may use.
        timeout_s: Time that one drape may take.
        retry_failed: Drape cases again that failed before.
        seed: Seed of the runs and of the search.

    Raises:
        InputError: If an option cannot be used, or the workers cannot be reached.
        FittingError: If a file says something impossible.
    """
    check_limits(
        n_workers=n_workers, memory_gib=memory_gib, timeout_s=timeout_s, edge_m=edge_length_m
    )
    chosen = twin_garment(garment, sensors=sensors, fabric=fabric, ease=ease)
    if not chosen.is_block:
        raise InputError(f"{garment} is a file; a survey drafts a block for its people")
    known = load_requirements(
        None if requirements is None else existing_file(requirements, "requirements file")
    )
    unknown = [name for name in search if name not in {plan.name for plan in chosen.plans}]
    if unknown:
        names = ", ".join(plan.name for plan in chosen.plans)
        raise InputError(f"--search {unknown[0]!r} is no sensor of the garment; it has {names}")
    rows = read_people(bodies)
    folder = writable_folder(out)
    with step(f"bodies of {len(rows)} people"):
        made = list(make_people(rows))
    people = [person for person in made if isinstance(person, Person)]
    runs = CaseRuns(
        folder=folder, scheduler=scheduler, n_workers=n_workers, memory_gib=memory_gib,
        timeout_s=timeout_s, retry_failed=retry_failed,
    )  # fmt: skip
    with case_mapper(runs) as mapper, step(f"{len(people)} people in {len(sizes)} sizes"):
        found = survey_people(
            chosen, people, sizes, made_to_measure=made_to_measure, requirements=known,
            edge_length_m=edge_length_m, seed=seed, keep=bool(search), mapper=mapper,
            unmade=[person for person in made if isinstance(person, Unmade)],
        )  # fmt: skip
        improved = None
        if search:
            with step(f"search for {', '.join(search)}"):
                improved = search_places(
                    found, people, search, requirements=known, mapper=mapper,
                    edge_length_m=edge_length_m, seed=seed,
                )  # fmt: skip
    numbers = found.to_json()
    if improved is not None:
        numbers["search"] = improved.to_json()
    write_json(folder / "survey.json", numbers)
    with step("page"):
        better = None if improved is None else improved.garment(chosen)
        pictures = [
            picture_of(garment_now, found, people, known, edge_length_m=edge_length_m, title=title)
            for garment_now, title in ((chosen, "As placed"), (better, "As found by the search"))
            if garment_now is not None
        ]
        page = survey_page(found, improved, pictures=[p for p in pictures if p is not None])
        (folder / "survey.html").write_text(page, encoding="utf-8")
    return SurveyResult(folder=folder, survey=found, numbers=numbers)
