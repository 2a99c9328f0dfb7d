"""From tape measures to a body: Levenberg-Marquardt over phenotypes and local changes.

Minimises the squared misfit of the given measures, each over its tolerance, plus a prior that
keeps every parameter near an ordinary adult. What was not taped follows from the prior alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.body.build import CORNERS, JOINTS, LANDMARKS, LOCAL_CHANGES, Progress
from fitting.body.measure import Measured, Tapes
from fitting.body.measurements import HUMAN_RANGE_M, Measurements, Sex
from fitting.body.rig import Rig
from fitting.body.shape import N_PARAMETERS, N_PHENOTYPES, ShapeSpace, shape_space
from fitting.body.survey import survey_warnings
from fitting.errors import MeasurementError

TOLERANCE_M = 1e-3
REACHED_M = 1e-2
# How well a person reads a tape; the solver's own tolerance is much finer.
TAPE_SD_M = 4e-3
N_STEPS = 30
_PHENOTYPE_SD = 0.22
_LOCAL_SD = 0.25
_TIGHT_LOCAL_SD = {"stomach-pregnant": 0.12, "torso-vshape": 0.15}


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyFit:
    """A body and how well it answers the tape.

    Attributes:
        body: The body in the A stance.
        achieved: All measures as taken on the body.
        residual_m: Achieved minus given, by measure.
        uncertainty_m: Standard deviation of every measure of the body, by measure: the tape's own
            error where it was taped, else what the prior leaves open.
        reachable: Whether every given measure is met within a centimetre.
        warnings: Sentences a person should read.
        parameters: Phenotypes and local changes, by name.
        n_steps: Solver steps.
    """

    body: Body
    achieved: Measurements
    residual_m: Mapping[str, float]
    uncertainty_m: Mapping[str, float]
    reachable: bool
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
    given = measurements.given()
    if not given:
        raise MeasurementError("no measure was given; at least one is needed, best the stature")
    space = shape_space(sex, progress=progress)
    tapes = Tapes(space)
    parameters, n_steps = _solve(space, tapes, given)
    points = space.points(parameters)
    measured = tapes(points, space.jacobian(parameters))
    residual_m = {name: measured[name].value_m - value for name, value in given.items()}
    names = (*CORNERS, *LOCAL_CHANGES)
    return BodyFit(
        body=make_body(space, points, measured),
        achieved=_achieved(measured),
        residual_m=residual_m,
        uncertainty_m=_uncertainty(measured, given),
        reachable=max(abs(value) for value in residual_m.values()) <= REACHED_M,
        warnings=(
            *survey_warnings(measurements, sex=sex),
            *_warnings(residual_m, parameters, names),
        ),
        parameters=dict(zip(names, parameters.tolist(), strict=True)),
        n_steps=n_steps,
    )


def _prior() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre and standard deviation of the parameters."""
    center, sd = np.zeros(N_PARAMETERS), np.full(N_PARAMETERS, _LOCAL_SD)
    center[:N_PHENOTYPES], sd[:N_PHENOTYPES] = 0.5, _PHENOTYPE_SD
    for name, value in _TIGHT_LOCAL_SD.items():
        sd[N_PHENOTYPES + LOCAL_CHANGES.index(name)] = value
    return center, sd


def _solve(
    space: ShapeSpace, tapes: Tapes, given: Mapping[str, float]
) -> tuple[NDArray[np.float64], int]:
    center, sd = _prior()
    low = np.r_[np.zeros(N_PHENOTYPES), -np.ones(N_PARAMETERS - N_PHENOTYPES)]
    high = np.ones(N_PARAMETERS)
    x, damping = center.copy(), 1e-2

    def cost_of(measured: Mapping[str, Measured], at: NDArray[np.float64]) -> float:
        misfit = [(measured[name].value_m - value) / TOLERANCE_M for name, value in given.items()]
        return float(np.square(misfit).sum() + (((at - center) / sd) ** 2).sum())

    measured = tapes(space.points(x), space.jacobian(x))
    cost = cost_of(measured, x)
    for step in range(1, N_STEPS + 1):
        r = np.array([measured[name].value_m - value for name, value in given.items()])
        J = np.stack([measured[name].slope for name in given]) / TOLERANCE_M
        gradient = J.T @ (r / TOLERANCE_M) + (x - center) / sd**2
        # A parameter at its bound that wants to go further is held.
        free = ~(((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0)))
        H = J[:, free].T @ J[:, free] + np.diag((1 + damping) / sd[free] ** 2)
        trial = x.copy()
        trial[free] -= np.linalg.solve(H, gradient[free])
        trial = np.clip(trial, low, high)
        trial_measured = tapes(space.points(trial), space.jacobian(trial))
        trial_cost = cost_of(trial_measured, trial)
        if trial_cost >= cost:
            damping = max(damping, 1e-3) * 10
            if damping > 1e6:
                return x, step
            continue
        done = cost - trial_cost < 1e-3
        x, measured, cost, damping = trial, trial_measured, trial_cost, damping / 5
        if done:
            return x, step
    return x, N_STEPS


def _uncertainty(measured: Mapping[str, Measured], given: Mapping[str, float]) -> dict[str, float]:
    """Posterior standard deviation of each measure, linear round the solution [m]."""
    J = np.stack([measured[name].slope for name in given]) / TAPE_SD_M
    covariance = np.linalg.inv(J.T @ J + np.diag(_prior()[1] ** -2.0))
    return {
        name: float(np.sqrt(value.slope @ covariance @ value.slope))
        for name, value in measured.items()
    }


def _achieved(measured: Mapping[str, Measured]) -> Measurements:
    inside = {
        name: value.value_m
        for name, value in measured.items()
        if HUMAN_RANGE_M[name][0] <= value.value_m <= HUMAN_RANGE_M[name][1]
    }
    return Measurements(**inside)


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
        if abs(value) > 0.8
    ]
    if strained:
        missed.append(f"the combination is unusual: {', '.join(strained)} went to the limit")
    return tuple(missed)


def make_body(
    space: ShapeSpace, points_m: NDArray[np.float64], measured: Mapping[str, Measured]
) -> Body:
    """Put a body on the floor, with joints, landmarks and levels."""
    n = space.n_vertices
    hips = [space.joint_row[name] for name in ("ankle_l", "ankle_r")]
    middle = points_m[hips].mean(axis=0)
    shift = np.array([-middle[0], -points_m[:n, 1].min(), -middle[2]])
    points = points_m + shift
    skin_m = points[:n]
    rows = dict(space.landmark_rows)
    rows["crotch"] = rows["crotch"][[np.argmin(points[rows["crotch"], 1])]]
    joints = {name: points[space.joint_row[name]] for name in JOINTS}
    levels = {
        name: value.level_m + float(shift[1])
        for name, value in measured.items()
        if value.level_m is not None
    }
    return Body(
        vertices_m=skin_m,
        faces=space.faces,
        joints_m=joints,
        landmarks_m={name: skin_m[rows[name]].mean(axis=0) for name in LANDMARKS},
        levels_m=levels,
        vertex_region=space.vertex_region,
        pose="a",
        rig=Rig(
            rest_m=skin_m,
            joint_names=tuple(JOINTS),
            joints_m=joints,
            weights=space.joint_weights,
            landmark_rows=rows,
            levels_m=levels,
        ),
    )
