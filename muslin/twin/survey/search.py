"""Search for the placement and the ease with which sensors work for most people.

Gradient free: differential evolution (Storn and Price 1997) over shifts along and across the panel
and the ease. A placement costs a look at drapes that exist; only an ease costs new ones, so eases
are taken from a grid and draped once for each person in their size.

What is sought is the expected share of people: a sensor near the end of its range may be beyond it
on the next person, so every margin is a chance. Whether the place, the ease, both or nothing is
changed is decided in folds of the people searched on, and what is found is judged on others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muslin.twin.errors import SensorError
from muslin.twin.sensors.garment import TwinGarment
from muslin.twin.sensors.requirement import Requirement
from muslin.twin.sensors.sensor import SensorPlan
from muslin.twin.survey.moves import Move, SearchSettings, chosen_move
from muslin.twin.survey.search_bench import Bench
from muslin.twin.survey.survey import Mapper, Survey
from muslin.twin.worn.person import Person

KINDS = ("naive", "placement", "ease", "both")
Archive = dict[Move, NDArray[np.float64]]


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
        expected: Expected share of the people searched on, judged in folds, of each of these.
        kept: Which of them is proposed: the one that is best in folds.
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
    expected: Mapping[str, float]
    kept: str
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
        if self.kept == "naive":
            return (
                f"nothing that was tried helps people beside those it was found on; as placed it "
                f"works for {self.shares['naive']:.0%} of {len(self.unseen)} people it did not see"
            )
        helps = max(("placement", "ease"), key=lambda k: self.expected[k])
        return (
            f"{abs(along):.1f} cm {outward}, {across:+.1f} cm up, {ease}: works for "
            f"{self.shares[self.kept]:.0%} of {len(self.unseen)} people it did not see, naive for "
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
            "expected_in_folds": dict(self.expected),
            "kept": self.kept,
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
    chosen = settings or SearchSettings()
    if len(people) < 4:
        raise SensorError(f"a search needs at least 4 people, {len(people)} have a body")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(people))
    n_judged = max(2, round(chosen.judged_share * len(people)))
    unseen = [people[i] for i in sorted(order[:n_judged])]
    seen = [people[i] for i in sorted(order[n_judged:])]
    bench = Bench(survey, sensors, requirements, mapper, chosen, edge_length_m, seed)
    archives = {kind: _explored(kind, bench, seen, chosen, rng) for kind in KINDS}
    expected = {kind: _in_folds(archives[kind], chosen.n_folds, rng) for kind in KINDS}
    # What changes less comes first, so that it is kept where nothing is gained.
    kept = max(KINDS, key=lambda kind: round(expected[kind], 6))
    best = {kind: _best(archives[kind]) for kind in KINDS}
    move = best[kept]
    return SearchResult(
        sensors=tuple(sensors),
        move=move,
        ease=bench.ease(move.ease_steps),
        seen=tuple(p.name for p in seen),
        unseen=tuple(p.name for p in unseen),
        shares={kind: bench.share(m, unseen) for kind, m in best.items()},
        shares_seen={kind: bench.share(m, seen) for kind, m in best.items()},
        expected=expected,
        kept=kept,
        n_drapes=bench.n_drapes,
        n_looks=bench.n_looks,
        plans=bench.plans(move),
    )


def _explored(
    kind: str,
    bench: Bench,
    people: Sequence[Person],
    settings: SearchSettings,
    rng: np.random.Generator,
) -> Archive:
    """Chances by person of every move that an evolution over some unknowns came past."""
    from scipy.optimize import differential_evolution

    archive: Archive = {Move(): bench.chances(Move(), people)}
    reach = np.array([settings.along_m, settings.across_m, settings.n_ease + 0.499])
    free = np.array({
        "naive": [False, False, False], "placement": [True, True, False],
        "ease": [False, False, True], "both": [True, True, True],
    }[kind])  # fmt: skip
    free[2] &= settings.n_ease > 0
    if not free.any():
        return archive

    def cost(unknowns: NDArray[np.float64]) -> float:
        whole = np.zeros(3)
        whole[free] = unknowns
        move = chosen_move(whole, settings)
        if move not in archive:
            archive[move] = bench.chances(move, people)
        return -float(archive[move].mean())

    differential_evolution(
        cost, [(-far, far) for far in reach[free]], maxiter=settings.n_generations,
        popsize=settings.n_members, rng=rng, x0=np.zeros(int(free.sum())), polish=False, tol=1e-3,
        updating="immediate",
    )  # fmt: skip
    return archive


def _best(archive: Archive) -> Move:
    return max(archive, key=lambda move: float(archive[move].mean()))


def _in_folds(archive: Archive, n_folds: int, rng: np.random.Generator) -> float:
    """Expected share of people who did not choose the move that they are judged with."""
    moves, chances = list(archive), np.stack(list(archive.values()))
    n = chances.shape[1]
    folds = np.array_split(rng.permutation(n), min(n_folds, n))
    judged = []
    for fold in folds:
        others = np.setdiff1d(np.arange(n), fold)
        best = int(chances[:, others].mean(axis=1).argmax()) if len(moves) > 1 else 0
        judged.append(chances[best, fold])
    return float(np.concatenate(judged).mean())
