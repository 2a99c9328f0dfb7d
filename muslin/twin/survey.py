"""Sensors over people and sizes: which share of people each sensor works for in their size."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fitting.errors import FittingError
from muslin.errors import Exit, InputError
from muslin.folders import existing_file, writable_folder
from muslin.screen import print_json, say, say_table, step
from muslin.twin.cases import Case, CaseResult, run_case
from muslin.twin.chart import SizeChart, chart_for
from muslin.twin.garment import TwinGarment, twin_garment
from muslin.twin.people import Unmade, make_people, read_people
from muslin.twin.person import Person
from muslin.twin.requirement import Requirement, load_requirements
from muslin.twin.wear import EDGE_LENGTH_M
from muslin.version import version

# Takes `run_case` and cases, gives results in any order: `map`, a pool's `imap_unordered`, ...
Mapper = Callable[[Callable[[Case], CaseResult], Iterable[Case]], Iterable[CaseResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Results of people in sizes.

    Attributes:
        garment: The garment.
        people: Names of those who have a body, in order.
        unmade: People that no body was made for, and why.
        steps: Size steps.
        size_of: Size that each person takes.
        results: Result by person and size.
        chart: The size chart; None where each garment was made to measure.
    """

    garment: TwinGarment
    people: tuple[str, ...]
    unmade: tuple[Unmade, ...]
    steps: tuple[int, ...]
    size_of: Mapping[str, int]
    results: Mapping[tuple[str, int], CaseResult]
    chart: SizeChart | None = None
    seed: int = 0

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors."""
        return tuple(plan.name for plan in self.garment.plans)

    def own(self) -> tuple[CaseResult, ...]:
        """Result of every person in their size."""
        return tuple(self.results[name, self.size_of[name]] for name in self.people)

    def share(self, sensor: str, *, step: int | None = None) -> float:
        """Share of people whom a sensor works for, in their size or in one for all.

        People whose case failed count as not working; those without a body do not count.
        """
        rows = self.own() if step is None else [self.results[n, step] for n in self.people]
        return float(np.mean([row.works.get(sensor, False) for row in rows])) if rows else 0.0

    def share_of_all(self, sensors: Sequence[str]) -> float:
        """Share of people whom all of some sensors work for, in their size."""
        rows = self.own()
        good = [all(row.works.get(name, False) for name in sensors) for row in rows]
        return float(np.mean(good)) if good else 0.0

    def failures(self) -> tuple[CaseResult, ...]:
        """Cases that did not come to a reading, in order."""
        return tuple(r for r in self.results.values() if r.state != "read")

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program."""
        return {
            "garment": self.garment.pattern,
            "fabric": self.garment.fabric.name,
            "ease": dict(self.garment.ease),
            "n_people": len(self.people),
            "unmade": [{"person": u.name, "reason": u.reason} for u in self.unmade],
            "size_steps": list(self.steps),
            "size_of": dict(self.size_of),
            "shares_in_own_size": {name: self.share(name) for name in self.sensors},
            "shares_by_size": {
                str(s): {name: self.share(name, step=s) for name in self.sensors}
                for s in self.steps
            },
            "n_failed": len(self.failures()),
            "seed": self.seed,
            "software": f"muslin {version()}",
            "cases": [result.to_json() for result in self.results.values()],
        }


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


def survey_people(
    garment: TwinGarment,
    people: Sequence[Person],
    steps: Sequence[int],
    *,
    made_to_measure: bool = False,
    requirements: Mapping[str, Requirement] | None = None,
    edge_length_m: float = EDGE_LENGTH_M,
    seed: int = 0,
    keep: bool = False,
    mapper: Mapper = map,
    unmade: Sequence[Unmade] = (),
) -> Survey:
    """Drape a garment on people in sizes, and read its sensors.

    Args:
        garment: The garment, a block.
        people: Whom it is tried on.
        steps: Size steps.
        made_to_measure: Draft it for each wearer instead of by one size chart.
        requirements: What sensors need; those that ship when absent.
        edge_length_m: Edge length of the cloth mesh.
        seed: Seed of the runs.
        keep: Keep the worn garments, for a search over placements.
        mapper: Spreads the cases.
        unmade: People that no body was made for, to be told.

    Raises:
        InputError: If there is nobody, or no size.
        SensorError: If the block has no size chart.
    """
    if not people or not steps:
        raise InputError(f"{len(people)} people and {len(steps)} sizes were given; 1 are needed")
    known = load_requirements() if requirements is None else requirements
    rising = tuple(sorted(set(steps)))
    chart = None if made_to_measure else chart_for(garment, people, rising)
    cases, results = [], dict[tuple[str, int], CaseResult]()
    for person in people:
        for size_step in rising:
            try:
                pattern = (
                    garment.draft(person.measures, size_step=size_step)
                    if chart is None
                    else chart.pattern(size_step)
                )
            except FittingError as error:
                results[person.name, size_step] = CaseResult(
                    person=person.name, size_step=size_step, state="not drafted", reason=str(error)
                )
                continue
            cases.append(
                Case(
                    person=person, garment=garment, size_step=size_step, pattern=pattern,
                    requirements=known, edge_length_m=edge_length_m, seed=seed, keep=keep,
                )
            )  # fmt: skip
    for result in mapper(run_case, cases):
        results[result.person, result.size_step] = result
    middle = rising[len(rising) // 2]
    return Survey(
        garment=garment,
        people=tuple(person.name for person in people),
        unmade=tuple(unmade),
        steps=rising,
        size_of={p.name: middle if chart is None else chart.step_for(p.measures) for p in people},
        results={(p.name, s): results[p.name, s] for p in people for s in rising},
        chart=chart,
        seed=seed,
    )


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
    n_processes: int | None = None,
    out: Path = Path("survey"),
    seed: int = 0,
) -> SurveyResult:
    """Survey a sensor garment over people and sizes; writes survey.json and survey.html.

    Args:
        garment: Name of a block with sensors.
        bodies: Table of people (CSV), see `muslin.twin.people`.
        sizes: Size steps.
        sensors: Sensors file; the block's own when absent.
        fabric: Fabric card; the sensors file's when absent.
        ease: Changes to the block's ease.
        requirements: What sensors need (TOML); those that ship when absent.
        made_to_measure: Draft it for each wearer instead of by one size chart.
        search: Sensors whose place, and the ease, are searched; empty searches nothing.
        edge_length_m: Edge length of the cloth mesh.
        n_processes: Processes, as many as there are cores by default.
        out: Folder for the files.
        seed: Seed of the runs and of the search.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file says something impossible.
    """
    from muslin.twin.mapping import process_mapper
    from muslin.twin.search import search_places
    from muslin.twin.survey_page import picture_of, survey_page

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
    rows = read_people(existing_file(bodies, "table of bodies"))
    folder = writable_folder(out)
    with step(f"bodies of {len(rows)} people"):
        made = list(make_people(rows))
    people = [person for person in made if isinstance(person, Person)]
    with process_mapper(n_processes) as mapper, step(f"{len(people)} people in {len(sizes)} sizes"):
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
    text = json.dumps(numbers, indent=2, allow_nan=False)
    (folder / "survey.json").write_text(text + "\n", encoding="utf-8")
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
