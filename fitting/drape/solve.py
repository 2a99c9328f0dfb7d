"""From a placed garment to rest: the door of the engine."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.drape.checks import check_body, check_cloth, check_fabrics
from fitting.drape.result import Drape
from fitting.drape.settings import DrapeSettings
from fitting.errors import DrapeError

if TYPE_CHECKING:
    from fitting.drape.engine import Engine, StepRecord

_N_HISTORY = 10  # steps over which the displacement of rest is measured
_LOOK_EVERY = 10  # exact looks between steps cost a tenth of a step each
_N_STILL = 3  # consecutive steps for which the conditions of rest must hold
_STEP_REST_S = 0.3  # a slower clock would call slow motion rest


def drape(
    cloth: Cloth,
    body: Body | None,
    fabrics: Sequence[Fabric],
    *,
    settings: DrapeSettings | None = None,
    device: str = "cpu",
    rng: np.random.Generator,
    progress: Callable[[int, float], None] | None = None,
) -> Drape:
    """Let a garment come to rest on a body.

    Args:
        cloth: Garment, placed outside the body and free of intersections.
        body: Body, or None for cloth that hangs from its pinned vertices.
        fabrics: Fabrics that ``cloth.face_fabric`` points into.
        settings: Settings of the engine.
        device: Only ``"cpu"`` exists.
        rng: Source of the run's seed; nothing in the engine itself is random.
        progress: Called after each step with the step and the root mean square velocity [m/s].

    Returns:
        The drape. Not coming to rest is a result with ``converged`` False, not an error.

    Raises:
        DrapeError: The input cannot be solved; the sentence names panel or fabric.
    """
    if device != "cpu":
        raise DrapeError(f"device {device!r} was asked for; only 'cpu' exists")
    chosen = settings or DrapeSettings()
    check_cloth(cloth, n_fabrics=len(fabrics))
    check_fabrics(cloth, fabrics)
    if body is not None:
        check_body(body)
    start_ns = time.monotonic_ns()
    engine = build_engine(cloth, body, fabrics, settings=chosen)
    run = relax(engine, progress=progress)
    return _account(cloth, engine, run, int(rng.integers(2**31)), start_ns)


def build_engine(
    cloth: Cloth,
    body: Body | None,
    fabrics: Sequence[Fabric],
    *,
    settings: DrapeSettings,
    load_n: NDArray[np.float64] | None = None,
) -> "Engine":
    """Prepare an engine; load_n adds a constant force per vertex, shape (n_vertices, 3)."""
    from fitting.drape.engine import Engine
    from fitting.drape.rest import build_rest
    from fitting.drape.sdf import build_tree

    rest = build_rest(cloth, fabrics, margin_m=settings.margin_m)
    load = np.zeros((len(rest.mass_kg), 3)) if load_n is None else load_n.astype(np.float64)
    load[:, 1] -= rest.mass_kg * settings.gravity_m_s2
    return Engine(
        rest=rest,
        tree=None if body is None else build_tree(body.vertices_m, body.faces),
        settings=settings,
        x=np.array(cloth.positions_m, dtype=np.float64),
        load_n=load,
        step_s=settings.step_first_s,
    )


class Run:
    """Counters of one relaxation, and whether it is at rest."""

    def __init__(self) -> None:
        self.n_steps = self.n_cg = self.n_capped = self.n_still = 0
        self.velocity_m_s = self.displacement_m = float("inf")
        self.solved = False
        self.history: deque[NDArray[np.float64]] = deque(maxlen=_N_HISTORY + 1)

    def add(self, record: "StepRecord", engine: "Engine") -> None:
        """Count one step and test the conditions of rest."""
        settings = engine.settings
        self.n_steps += 1
        self.n_cg += record.n_cg
        self.n_capped += not record.solved
        self.solved = record.solved
        self.velocity_m_s = record.velocity_rms_m_s
        self.history.append(engine.x.copy())
        if len(self.history) > _N_HISTORY:
            gone = np.linalg.norm(self.history[-1] - self.history[0], axis=1)
            self.displacement_m = float(gone.mean())
        still = (
            record.solved
            and self.n_steps >= settings.n_steps_soft + _N_HISTORY
            and engine.step_s >= _STEP_REST_S * (1 - 1e-9)
            and self.velocity_m_s < settings.rest_velocity_m_s
            and self.displacement_m < settings.rest_displacement_m
        )
        self.n_still = self.n_still + 1 if still else 0

    @property
    def at_rest(self) -> bool:
        """Whether the conditions held long enough."""
        return self.n_still >= _N_STILL

    def cause(self, engine: "Engine") -> str:
        """Say what kept the cloth from rest."""
        settings = engine.settings
        if self.at_rest:
            return "at rest"
        if not self.solved:
            return f"linear solve hit its cap of {settings.cg_cap} iterations"
        if engine.step_s < _STEP_REST_S * (1 - 1e-9):
            return f"time step {engine.step_s:.4g} s stayed below {_STEP_REST_S} s"
        return (
            f"still moving after {self.n_steps} steps: {1e3 * self.velocity_m_s:.2g} mm/s, "
            f"{1e3 * self.displacement_m:.2g} mm in {_N_HISTORY} steps"
        )


def relax(engine: "Engine", *, progress: Callable[[int, float], None] | None = None) -> Run:
    """Step until rest or until the steps run out."""
    settings, run = engine.settings, Run()
    while run.n_steps < settings.n_steps_max and not run.at_rest:
        engine.soft = settings.soft_stiffness if run.n_steps < settings.n_steps_soft else 1.0
        if run.n_steps % _LOOK_EVERY == 0:
            engine.look_closely()
        record = engine.step()
        run.add(record, engine)
        if not np.isfinite(record.velocity_rms_m_s):
            break
        if record.fraction < 0.2:
            engine.step_s = max(0.7 * engine.step_s, min(settings.step_first_s, engine.step_s))
        elif record.fraction == 1.0:
            engine.step_s = min(settings.step_growth * engine.step_s, settings.step_max_s)
        if progress is not None:
            progress(run.n_steps, record.velocity_rms_m_s)
    return run


def seam_gap(cloth: Cloth, positions_m: NDArray[np.float64]) -> float:
    """Measure the largest distance between two sides of a seam [m]."""
    if not len(cloth.seam_pairs):
        return 0.0
    sides = positions_m[cloth.flat_to_welded[cloth.seam_pairs]]
    return float(np.linalg.norm(sides[:, 0] - sides[:, 1], axis=1).max())


def _account(cloth: Cloth, engine: "Engine", run: Run, seed: int, start_ns: int) -> Drape:
    from fitting.drape.audit import crossing_pairs, penetration

    rest = engine.rest
    engine.look_around()
    gradient = engine.static_gradient()
    gradient[~rest.free] = 0.0
    residual = np.linalg.norm(gradient, axis=1)
    weight = float(np.linalg.norm(engine.load_n, axis=1).sum() + engine.force.sum())
    depth, n_inside = 0.0, 0
    if engine.tree is not None:
        depth, n_inside = penetration(engine.tree, engine.x, rest.faces, rest.edges)
    gap = seam_gap(cloth, engine.x)
    cause = run.cause(engine)
    if run.at_rest and depth > engine.settings.penetration_max_m:
        cause = f"{1e3 * depth:.2f} mm inside the body at the deepest sample"
    if run.at_rest and gap > 0:
        cause = f"seams gape by {1e3 * gap:.2f} mm"
    return Drape(
        positions_m=engine.x.copy(),
        contact_force_n=engine.force.copy(),
        anchors_m=engine.anchor.copy(),
        converged=cause == "at rest",
        cause=cause,
        residual=float(residual.sum()) / max(weight, 1e-300),
        residual_median_n=float(np.median(residual)),
        residual_p95_n=float(np.percentile(residual, 95)),
        residual_max_n=float(residual.max()),
        residual_max_vertex=int(np.argmax(residual)),
        displacement_mean_m=run.displacement_m,
        velocity_rms_m_s=run.velocity_m_s,
        n_steps=run.n_steps,
        n_cg=run.n_cg,
        n_cg_capped=run.n_capped,
        penetration_max_m=depth,
        n_inside=n_inside,
        intersections_cloth_cloth=len(crossing_pairs(engine.x, rest.faces)),
        seam_gap_max_m=gap,
        wall_s=(time.monotonic_ns() - start_ns) / 1e9,
        seed=seed,
    )
