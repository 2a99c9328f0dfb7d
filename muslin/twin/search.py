"""Search for the placement and the ease with which sensors work for most people.

Gradient free: differential evolution (Storn and Price 1997) over shifts along and across the panel
and the ease. A placement costs a look at drapes that exist; only an ease costs new ones, so eases
are taken from a grid and draped once for each person in their size. What is found is judged on
people that the search did not see.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.errors import FittingError
from fitting.pattern import Pattern
from muslin.twin.cases import Case, CaseResult, run_case
from muslin.twin.chart import SizeChart
from muslin.twin.check import check_sensors
from muslin.twin.errors import SensorError
from muslin.twin.garment import TwinGarment
from muslin.twin.person import Person
from muslin.twin.reading import quantities
from muslin.twin.requirement import Requirement, requirement_for
from muslin.twin.resolve import resolve_one
from muslin.twin.sensor import ByShare, OnPanel, Sensor, SensorPlan
from muslin.twin.survey import Mapper, Survey
from muslin.twin.wear import Worn

# A placement is looked at on a grid so fine; electrodes are some ten times as long.
GRID_M = 0.004
# Weight of how far sensors miss their range, beside the share of people they work for.
_MISS_WEIGHT = 1.0
_EASE = "girth_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """What may move, and how long to search.

    Attributes:
        along_m: Most shift along the panel, each way.
        across_m: Most shift across it.
        ease_step: Grid of the ease, no unit.
        n_ease: Steps of it below and above the garment's own; 0 keeps the ease.
        mirrored: Whether sensors right of the panel's middle mirror those left of it.
        n_generations: Generations of the evolution.
        n_members: Members of a generation for each unknown.
        judged_share: Share of people that only judge what was found.
    """

    along_m: float = 0.12
    across_m: float = 0.006
    ease_step: float = 0.02
    n_ease: int = 4
    mirrored: bool = True
    n_generations: int = 20
    n_members: int = 6
    judged_share: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of placement and ease.

    Attributes:
        along_m: Shift along the panel away from its middle; all the same way where not mirrored.
        across_m: Shift upward.
        ease_steps: Steps of the ease's grid.
    """

    along_m: float = 0.0
    across_m: float = 0.0
    ease_steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What the search found, judged on people that it did not see.

    Attributes:
        sensors: Sensors that were moved.
        move: The best change.
        ease: Ease that goes with it, by field name.
        seen: Names of people that it was searched on.
        unseen: Names of people that it was judged on.
        shares: Share of unseen people whom all the sensors work for: ``naive``, ``placement``,
            ``ease`` and ``both``.
        shares_seen: The same of the seen people.
        n_drapes: Drapes that the search took beside those of the survey.
        n_looks: Placements that were looked at.
        plans: The garment's plans with the change.
    """

    sensors: tuple[str, ...]
    move: Move
    ease: Mapping[str, float]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    shares: Mapping[str, float]
    shares_seen: Mapping[str, float]
    n_drapes: int
    n_looks: int
    plans: tuple[SensorPlan, ...]

    def garment(self, before: TwinGarment) -> TwinGarment:
        """The garment with the change."""
        return replace(before, plans=self.plans, ease={**before.ease, **self.ease})

    @property
    def sentence(self) -> str:
        """The result for a person."""
        along, across = self.move.along_m * 100, self.move.across_m * 100
        ease = ", ".join(f"{key} {value:+.2f}" for key, value in self.ease.items())
        outward = "outward" if along > 0 else "inward"
        helps = max(("placement", "ease"), key=lambda k: self.shares_seen[k])
        return (
            f"{abs(along):.1f} cm {outward}, {across:+.1f} cm up, {ease}: works for "
            f"{self.shares['both']:.0%} of {len(self.unseen)} people it did not see, naive for "
            f"{self.shares['naive']:.0%}; {helps} helps most"
        )

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program."""
        return {
            "sensors": list(self.sensors),
            "along_m": self.move.along_m,
            "across_m": self.move.across_m,
            "ease": dict(self.ease),
            "seen": list(self.seen),
            "unseen": list(self.unseen),
            "shares_unseen": dict(self.shares),
            "shares_seen": dict(self.shares_seen),
            "n_drapes": self.n_drapes,
            "n_looks": self.n_looks,
            "sentence": self.sentence,
        }


def search_places(
    survey: Survey,
    people: Sequence[Person],
    sensors: Sequence[str],
    *,
    requirements: Mapping[str, Requirement],
    mapper: Mapper = map,
    settings: SearchSettings | None = None,
    edge_length_m: float,
    seed: int = 0,
) -> SearchResult:
    """Search for a better place of sensors and a better ease.

    Args:
        survey: Survey of the garment as it is, with worn garments kept.
        people: Its people.
        sensors: Sensors that may move together.
        requirements: What sensors need.
        mapper: Spreads the drapes of other eases.
        settings: What may move.
        edge_length_m: Edge length of the cloth mesh.
        seed: Seed of the split, the search and the drapes.

    Raises:
        SensorError: If there are too few people, or a sensor has no requirement.
    """
    from scipy.optimize import differential_evolution

    chosen = settings or SearchSettings()
    if len(people) < 4:
        raise SensorError(f"a search needs at least 4 people, {len(people)} have a body")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(people))
    n_judged = max(2, round(chosen.judged_share * len(people)))
    unseen = [people[i] for i in sorted(order[:n_judged])]
    seen = [people[i] for i in sorted(order[n_judged:])]
    bench = _Bench(survey, sensors, requirements, mapper, chosen, edge_length_m, seed)

    def cost(unknowns: NDArray[np.float64]) -> float:
        return -bench.score(chosen_move(unknowns, chosen), seen)

    bounds = [(-chosen.along_m, chosen.along_m), (-chosen.across_m, chosen.across_m)]
    bounds += [(-chosen.n_ease - 0.499, chosen.n_ease + 0.499)] if chosen.n_ease else []
    best = differential_evolution(
        cost, bounds, maxiter=chosen.n_generations, popsize=chosen.n_members, rng=rng,
        x0=np.zeros(len(bounds)), polish=False, tol=1e-3, updating="immediate",
    )  # fmt: skip
    move = chosen_move(best.x, chosen)
    alone = {
        "naive": Move(),
        "placement": replace(move, ease_steps=0),
        "ease": Move(ease_steps=move.ease_steps),
        "both": move,
    }
    return SearchResult(
        sensors=tuple(sensors),
        move=move,
        ease=bench.ease(move.ease_steps),
        seen=tuple(p.name for p in seen),
        unseen=tuple(p.name for p in unseen),
        shares={key: bench.share(m, unseen) for key, m in alone.items()},
        shares_seen={key: bench.share(m, seen) for key, m in alone.items()},
        n_drapes=bench.n_drapes,
        n_looks=bench.n_looks,
        plans=bench.plans(move),
    )


def chosen_move(unknowns: NDArray[np.float64], settings: SearchSettings) -> Move:
    """The move on the grid that is nearest to unknowns of the search, shape (2,) or (3,)."""
    along, across = np.rint(unknowns[:2] / GRID_M) * GRID_M
    ease = round(float(unknowns[2])) if settings.n_ease else 0
    return Move(along_m=float(along), across_m=float(across), ease_steps=ease)


class _Bench:
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

    def score(self, move: Move, people: Sequence[Person]) -> float:
        """Share of people whom all sensors work for, less how far they miss."""
        self.n_looks += 1
        if not self._is_legal(move):
            return -1.0
        self._drape(people, move.ease_steps)
        felt = [self._person(person, move) for person in people]
        miss = float(np.mean([min(m, 1.0) for _, m in felt]))
        return float(np.mean([works for works, _ in felt])) - _MISS_WEIGHT * miss

    def share(self, move: Move, people: Sequence[Person]) -> float:
        """Share of people whom all sensors work for."""
        self._drape(people, move.ease_steps)
        return float(np.mean([self._person(person, move)[0] for person in people]))

    def _person(self, person: Person, move: Move) -> tuple[bool, float]:
        """Whether all sensors work on a person, and the worst miss."""
        worn = self._worn[person.name, move.ease_steps]
        if worn is None:
            return False, 1.0
        felt = [self._feel(person.name, worn, plan, move) for plan in self._moved_plans()]
        return all(works for works, _ in felt), max(miss for _, miss in felt)

    def _feel(self, name: str, worn: Worn, plan: SensorPlan, move: Move) -> tuple[bool, float]:
        key = (name, move, plan.name)
        if key not in self._felt:
            wanted = requirement_for(plan.requirement, plan.kind, self._known)
            try:
                moved = moved_sensor(plan, move, worn.pattern, mirrored=self._settings.mirrored)
                found = quantities(worn, worn.site(moved))
            except SensorError:
                self._felt[key] = (False, 1.0)
            else:
                ranges = {} if wanted is None else wanted.ranges
                miss = max((r.miss(found[q]) for q, r in ranges.items()), default=0.0)
                self._felt[key] = (miss == 0.0, miss)
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


def moved_sensor(plan: SensorPlan, move: Move, pattern: Pattern, *, mirrored: bool) -> Sensor:
    """A plan laid on a pattern with a move; outward where it is mirrored.

    Raises:
        SensorError: If the plan cannot be laid without a worn garment.
    """
    laid = resolve_one(plan, pattern)
    if not isinstance(laid, Sensor):
        raise SensorError(laid.sentence())
    return laid.moved(_shift_m(laid, move, pattern, mirrored=mirrored))


def moved_plan(plan: SensorPlan, move: Move, pattern: Pattern, *, mirrored: bool) -> SensorPlan:
    """The plan with a move, by shares where it was by shares."""
    laid = resolve_one(plan, pattern)
    if not isinstance(laid, Sensor):
        return plan
    shift = _shift_m(laid, move, pattern, mirrored=mirrored)
    match plan.anchor:
        case OnPanel(points_m=points):
            return replace(plan, anchor=OnPanel(points_m=points + shift))
        case ByShare(shares=shares):
            size = np.ptp(pattern.panel(plan.panel).outline_m(0.002), axis=0)
            return replace(plan, anchor=ByShare(shares=shares + shift / size))
        case _:
            return plan


def _shift_m(
    sensor: Sensor, move: Move, pattern: Pattern, *, mirrored: bool
) -> NDArray[np.float64]:
    """Shift in the panel, shape (2,): away from the panel's middle, and up."""
    outline = pattern.panel(sensor.panel).outline_m(0.002)
    middle = float(outline[:, 0].min() + outline[:, 0].max()) / 2
    side = -1.0 if mirrored and sensor.center_m[0] < middle else 1.0
    return np.array([side * move.along_m, move.across_m])
