"""Worn garments of a search by person and ease, and what sensors feel on them wherever put."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr as norm_cdf

from fitting.errors import FittingError
from fitting.pattern import Pattern
from muslin.twin.errors import SensorError
from muslin.twin.sensors.check import check_sensors
from muslin.twin.sensors.garment import TwinGarment
from muslin.twin.sensors.requirement import Requirement, requirement_for
from muslin.twin.sensors.resolve import resolve_one
from muslin.twin.sensors.sensor import Sensor, SensorPlan
from muslin.twin.survey.cases import Case, CaseResult, run_case
from muslin.twin.survey.chart import SizeChart
from muslin.twin.survey.moves import Move, SearchSettings, moved_plan, moved_sensor
from muslin.twin.survey.survey import Mapper, Survey
from muslin.twin.worn.person import Person
from muslin.twin.worn.reading import quantities
from muslin.twin.worn.wear import Worn

_EASE = "girth_share"


class Bench:
    """Worn garments by person and ease, and what sensors feel on them wherever they are put."""

    def __init__(
        self, survey: Survey, sensors: Sequence[str], requirements: Mapping[str, Requirement],
        mapper: Mapper, settings: SearchSettings, edge_length_m: float, seed: int,
    ) -> None:  # fmt: skip
        self._survey, self._sensors = survey, tuple(sensors)
        self._known, self._mapper, self._settings = requirements, mapper, settings
        self._edge_m, self._seed = edge_length_m, seed
        self._worn: dict[tuple[str, int], Worn | None] = {
            (r.person, 0): r.worn for r in survey.own()
        }
        self._felt: dict[tuple[str, Move, str], tuple[bool, float]] = {}
        self._legal: dict[Move, bool] = {}
        self.n_drapes = self.n_looks = 0
        for plan in self._moved_plans():
            if requirement_for(plan.requirement, plan.kind, requirements) is None:
                raise SensorError(f"sensor {plan.name!r} has no requirement to be searched for")

    def _moved_plans(self) -> tuple[SensorPlan, ...]:
        return tuple(p for p in self._survey.garment.plans if p.name in self._sensors)

    def ease(self, ease_steps: int) -> dict[str, float]:
        """Ease of a step of the grid."""
        now = self._survey.garment.ease.get(_EASE, -0.12)
        return {_EASE: round(now + ease_steps * self._settings.ease_step, 4)}

    def plans(self, move: Move) -> tuple[SensorPlan, ...]:
        """The garment's plans with a move, for the pattern of the first worn case."""
        pattern = next(w.pattern for w in self._worn.values() if w is not None)
        return tuple(
            moved_plan(plan, move, pattern, mirrored=self._settings.mirrored)
            if plan.name in self._sensors
            else plan
            for plan in self._survey.garment.plans
        )

    def chances(self, move: Move, people: Sequence[Person]) -> NDArray[np.float64]:
        """Chance that all sensors work, by person, -1 where a move is not legal, shape (n,)."""
        self.n_looks += 1
        if not self._is_legal(move):
            return np.full(len(people), -1.0)
        self._drape(people, move.ease_steps)
        margins = np.array([self._person(person, move)[1] for person in people])
        return norm_cdf(margins / self._settings.doubt)

    def share(self, move: Move, people: Sequence[Person]) -> float:
        """Share of people whom all sensors work for."""
        self._drape(people, move.ease_steps)
        return float(np.mean([self._person(person, move)[0] for person in people]))

    def _person(self, person: Person, move: Move) -> tuple[bool, float]:
        """Whether all sensors work on a person, and the least margin."""
        worn = self._worn[person.name, move.ease_steps]
        if worn is None:
            return False, -1.0
        felt = [self._feel(person.name, worn, plan, move) for plan in self._moved_plans()]
        return all(works for works, _ in felt), min(margin for _, margin in felt)

    def _feel(self, name: str, worn: Worn, plan: SensorPlan, move: Move) -> tuple[bool, float]:
        key = (name, move, plan.name)
        if key not in self._felt:
            wanted = requirement_for(plan.requirement, plan.kind, self._known)
            try:
                moved = moved_sensor(plan, move, worn.pattern, mirrored=self._settings.mirrored)
                found = quantities(worn, worn.site(moved))
            except SensorError:
                self._felt[key] = (False, -1.0)
            else:
                ranges = {} if wanted is None else wanted.ranges
                margin = min((r.margin(found[q]) for q, r in ranges.items()), default=1.0)
                self._felt[key] = (margin >= 0.0, margin)
        return self._felt[key]

    def _is_legal(self, move: Move) -> bool:
        """Whether sensors stay inside the panel, off the seams and off each other."""
        if move not in self._legal:
            worn = next(w for w in self._worn.values() if w is not None)
            laid = [
                moved_sensor(plan, move, worn.pattern, mirrored=self._settings.mirrored)
                if plan.name in self._sensors
                else resolve_one(plan, worn.pattern, dressed=worn.dressed)
                for plan in self._survey.garment.plans
            ]
            sensors = [s for s in laid if isinstance(s, Sensor)]
            found = check_sensors(sensors, worn.pattern)
            crosses = any(self._crosses(plan, move, worn.pattern) for plan in self._moved_plans())
            self._legal[move] = not crosses and not [f for f in found if f.severity != "hint"]
        return self._legal[move]

    def _crosses(self, plan: SensorPlan, move: Move, pattern: Pattern) -> bool:
        """Whether a mirrored sensor would change sides with its twin."""
        if not self._settings.mirrored:
            return False
        outline = pattern.panel(plan.panel).outline_m(0.002)
        middle = float(outline[:, 0].min() + outline[:, 0].max()) / 2
        sides = [
            moved_sensor(plan, one, pattern, mirrored=True).center_m[0] - middle
            for one in (Move(), move)
        ]
        return bool(sides[0] * sides[1] < 0)

    def _drape(self, people: Sequence[Person], ease_steps: int) -> None:
        """Drape an ease on those who have not worn it, at once, so that a mapper can spread it."""
        missing = [p for p in people if (p.name, ease_steps) not in self._worn]
        if not missing:
            return
        survey, ease = self._survey, self.ease(ease_steps)
        garment = replace(survey.garment, ease={**survey.garment.ease, **ease})
        cases = []
        for person in missing:
            self._worn[person.name, ease_steps] = None
            try:
                pattern = self._pattern(garment, person)
            except FittingError:
                continue
            cases.append(
                Case(
                    person=person, garment=garment, size_step=survey.size_of[person.name],
                    pattern=pattern, requirements=self._known, ease=ease, keep=True,
                    edge_length_m=self._edge_m, seed=self._seed,
                )
            )  # fmt: skip
        self.n_drapes += len(cases)
        run: Callable[[Case], CaseResult] = run_case
        for result in self._mapper(run, cases):
            self._worn[result.person, ease_steps] = result.worn

    def _pattern(self, garment: TwinGarment, person: Person) -> Pattern:
        """The pattern of a person's size: girths of the chart stay, the ease changes."""
        step, chart = self._survey.size_of[person.name], self._survey.chart
        if chart is None:
            return garment.draft(person.measures, size_step=step)
        return SizeChart(garment=garment, base=chart.base, steps=chart.steps).pattern(step)
