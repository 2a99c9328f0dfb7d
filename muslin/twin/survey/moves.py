"""Changes of placement and ease that a search may make."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.pattern import Pattern
from muslin.twin.errors import SensorError
from muslin.twin.sensors.resolve import resolve_one
from muslin.twin.sensors.sensor import ByShare, OnPanel, Sensor, SensorPlan

# A placement is looked at on a grid so fine; electrodes are some ten times as long.
GRID_M = 0.004


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
        doubt: Standard deviation of what the drape says of a quantity, as a share of its limit: a
            sensor just inside its range works for every second person. Estimated; cards of fabrics
            and friction are.
        n_folds: Parts of the people searched on that take turns to judge, so that a change that
            helps only whom it was found on is left out.
    """

    along_m: float = 0.12
    across_m: float = 0.006
    ease_step: float = 0.02
    n_ease: int = 4
    mirrored: bool = True
    n_generations: int = 20
    n_members: int = 6
    judged_share: float = 0.5
    doubt: float = 0.1
    n_folds: int = 5


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


def chosen_move(unknowns: NDArray[np.float64], settings: SearchSettings) -> Move:
    """The move on the grid that is nearest to unknowns of the search, shape (2,) or (3,)."""
    along, across = np.rint(unknowns[:2] / GRID_M) * GRID_M
    ease = round(float(unknowns[2])) if settings.n_ease else 0
    return Move(along_m=float(along), across_m=float(across), ease_steps=ease)


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
