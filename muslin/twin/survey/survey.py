"""Sensors over people and sizes: which share of people each sensor works for in their size."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fitting.errors import FittingError
from muslin.errors import InputError
from muslin.people import Unmade
from muslin.twin.sensors.garment import TwinGarment
from muslin.twin.sensors.requirement import Requirement, load_requirements
from muslin.twin.survey.cases import Case, CaseResult, run_case
from muslin.twin.survey.chart import SizeChart, chart_for
from muslin.twin.worn.person import Person
from muslin.twin.worn.wear import EDGE_LENGTH_M
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
