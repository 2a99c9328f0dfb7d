"""From tape measures to a body, for one person or many at once.

The given measures are met; what was not taped follows from the learned prior: the shape
parameters stay near those of people, and measures near their regression on the given ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.body.build import CORNERS, LOCAL_CHANGES, Progress
from fitting.body.measure import Tapes
from fitting.body.measurements import HUMAN_RANGE_M, Measurements, Sex
from fitting.body.model_body import make_body
from fitting.body.prior import TAPE_SD_M, Belief, Prior, learnt_prior
from fitting.body.registry import GEOMETRIC
from fitting.body.shape import N_PHENOTYPES, ShapeSpace, shape_space
from fitting.body.solve import Solution, Wish, solve_many
from fitting.body.survey import survey_warnings
from fitting.errors import MeasurementError

# How close the solver goes to a given measure; a tape is read to a few millimetres.
GIVEN_SD_M = 3e-4
REACHED_M = 5e-3
# Regression targets for what was not taped, of those that shape the body.
SOFT_KEYS = (
    "stature", "inside_leg_height", "knee_height", "neck_girth", "bust_girth", "waist_navel_girth",
    "hip_girth", "upper_arm_girth", "forearm_girth", "wrist_girth", "thigh_girth", "calf_girth",
    "ankle_girth", "shoulder_breadth", "back_neck_to_navel", "arm_length", "upper_arm_length",
    "bust_breadth", "bust_depth", "waist_navel_breadth", "waist_navel_depth", "hip_breadth",
    "hip_depth",
)  # fmt: skip
# The prior of the shape knows of the same people, so the soft targets count more than once.
SOFT_SHARE = 0.35
SOFT_SD_M = 2e-3
STRAINED = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyFit:
    """A body and how well it answers the tape.

    Attributes:
        body: The body in the A stance.
        sex: Whose shape space it is from.
        achieved: All measures as taken on the body in the measuring stance; the mass is the
            survey's for such measures.
        residual_m: Achieved minus given, by measure.
        uncertainty_m: Standard deviation of a person's measure round the body's, by measure: the
            tape's own error where it was taped, else what people of such measures differ by.
        reachable: Whether every given measure is met within 5 mm; if not, ``residual_m`` tells.
        converged: Whether the solver came to rest.
        warnings: Sentences a person should read.
        parameters: Phenotypes and local changes, by name.
        n_steps: Solver steps.
    """

    body: Body
    sex: Sex
    achieved: Measurements
    residual_m: Mapping[str, float]
    uncertainty_m: Mapping[str, float]
    reachable: bool
    converged: bool
    warnings: tuple[str, ...]
    parameters: Mapping[str, float]
    n_steps: int


def body_from_measurements(
    measurements: Measurements, *, sex: Sex, progress: Progress | None = None
) -> BodyFit:
    """Find a body that has the given measures.

    Args:
        measurements: What was taped; at least one measure.
        sex: Which shape space to use.
        progress: Told when something takes long.

    Raises:
        MeasurementError: If nothing was taped.
    """
    return bodies_from_measurements([measurements], sex=sex, progress=progress)[0]


def bodies_from_measurements(
    many: Sequence[Measurements], *, sex: Sex, progress: Progress | None = None
) -> list[BodyFit]:
    """Find a body for each person; many at once cost less than one by one.

    Raises:
        MeasurementError: If nothing was taped of somebody.
    """
    for i, measurements in enumerate(many):
        if not measurements.given():
            where = f" of person {i}" if len(many) > 1 else ""
            raise MeasurementError(
                f"no measure{where} was given; at least one is needed, best the stature"
            )
    space, prior = shape_space(sex, progress=progress), learnt_prior(sex)
    tapes = tapes_of(space)
    beliefs = [prior.after(measurements.given()) for measurements in many]
    wishes = [_wish(m.given(), belief, prior) for m, belief in zip(many, beliefs, strict=True)]
    solutions = solve_many(space, tapes, wishes)
    return [
        _fit(space, tapes, measurements, belief, solution)
        for measurements, belief, solution in zip(many, beliefs, solutions, strict=True)
    ]


def _wish(given: Mapping[str, float], belief: Belief, prior: Prior) -> Wish:
    taped = tuple(key for key in given if key in GEOMETRIC)
    soft = tuple(key for key in SOFT_KEYS if key not in given)
    mean_m, covariance = belief.of(soft)
    spread = SOFT_SHARE**2 * covariance + SOFT_SD_M**2 * np.eye(len(soft))
    n = len(taped)
    weight = np.zeros((n + len(soft), n + len(soft)))
    weight[:n, :n] = np.eye(n) / GIVEN_SD_M**2
    weight[n:, n:] = np.linalg.inv(spread)
    return Wish(
        keys=taped + soft,
        target_m=np.r_[[given[key] for key in taped], mean_m],
        weight=weight,
        mean=prior.shape_mean,
        precision=np.asarray(np.linalg.inv(prior.shape_covariance), dtype=np.float64),
        start=belief.shape,
    )


def _fit(
    space: ShapeSpace, tapes: Tapes, measurements: Measurements, belief: Belief, solution: Solution
) -> BodyFit:
    measured = tapes(space.points(solution.parameters))
    given = measurements.given()
    value_m = {key: value.value_m for key, value in measured.items()}
    residual_m = {key: value_m[key] - value for key, value in given.items() if key in value_m}
    names = (*CORNERS, *LOCAL_CHANGES)
    return BodyFit(
        body=make_body(space, solution.parameters, measured),
        sex=space.sex,
        achieved=_achieved(value_m, belief, given),
        residual_m=residual_m,
        uncertainty_m=_uncertainty(value_m, belief, given),
        reachable=all(abs(value) <= REACHED_M for value in residual_m.values()),
        converged=solution.converged,
        warnings=(
            *survey_warnings(measurements, sex=space.sex),
            *_warnings(residual_m, solution.parameters, names),
        ),
        parameters=dict(zip(names, solution.parameters.tolist(), strict=True)),
        n_steps=solution.n_steps,
    )


def _achieved(
    value_m: Mapping[str, float], belief: Belief, given: Mapping[str, float]
) -> Measurements:
    """Measures of the body; what no person could have is left out."""
    (mass_kg,), _ = belief.of(("mass_kg",))
    values = {**value_m, "mass_kg": given.get("mass_kg", float(mass_kg))}
    return Measurements(
        **{
            key: value
            for key, value in values.items()
            if HUMAN_RANGE_M[key][0] <= value <= HUMAN_RANGE_M[key][1]
        }
    )


def _uncertainty(
    value_m: Mapping[str, float], belief: Belief, given: Mapping[str, float]
) -> dict[str, float]:
    """Standard deviation of each measure [m], of the mass [kg].

    Where the body could not follow the regression, the distance counts as well.
    """
    sd: dict[str, float] = {}
    for i, key in enumerate(belief.keys):
        if key in given:
            sd[key] = TAPE_SD_M if key in value_m else 0.5
            continue
        missed = value_m[key] - belief.mean_m[i] if key in value_m else 0.0
        sd[key] = float(np.sqrt(max(belief.covariance[i, i], 0.0) + missed**2))
    return sd


def _warnings(
    residual_m: Mapping[str, float], parameters: NDArray[np.float64], names: tuple[str, ...]
) -> tuple[str, ...]:
    missed = [
        f"{name} is {residual * 100:+.1f} cm off: no body of the model has all measures together"
        for name, residual in residual_m.items()
        if abs(residual) > REACHED_M
    ]
    strained = [
        name
        for name, value in zip(names[N_PHENOTYPES:], parameters[N_PHENOTYPES:], strict=True)
        if abs(value) > STRAINED
    ]
    if strained:
        missed.append(f"the combination is unusual: {', '.join(strained)} went to the limit")
    return tuple(missed)


_TAPES: dict[Sex, Tapes] = {}


def tapes_of(space: ShapeSpace) -> Tapes:
    """Tapes for a space, made once."""
    if space.sex not in _TAPES:
        _TAPES[space.sex] = Tapes(space)
    return _TAPES[space.sex]
