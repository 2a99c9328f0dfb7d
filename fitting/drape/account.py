"""The account of a run: the drape, how far from equilibrium it is, and where."""

import time

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.cloth import Cloth
from fitting.drape.audit import crossing_pairs, penetration
from fitting.drape.engine import Engine
from fitting.drape.places import place_of_faces, place_of_vertex
from fitting.drape.relax import Run
from fitting.drape.result import Drape


def seam_gap(cloth: Cloth, positions_m: NDArray[np.float64]) -> float:
    """Measure the largest distance between two sides of a seam [m]."""
    if not len(cloth.seam_pairs):
        return 0.0
    sides = positions_m[cloth.flat_to_welded[cloth.seam_pairs]]
    return float(np.linalg.norm(sides[:, 0] - sides[:, 1], axis=1).max())


def account(
    cloth: Cloth, engine: Engine, run: Run, coarse: list[Run], *, seed: int, start_ns: int
) -> Drape:
    """Audit the engine's state exactly and write the drape in the cloth's own order."""
    rest, settings = engine.rest, engine.settings
    rows = np.argsort(rest.order)
    x = engine.x[rows]
    finite = bool(np.isfinite(x).all())
    engine.look_around()
    gradient = engine.static_gradient()
    gradient[~rest.free] = 0.0
    residual = np.linalg.norm(gradient, axis=1)
    worst = int(rest.order[np.argmax(residual)])
    depth, n_inside, deepest = 0.0, 0, 0
    if engine.tree is not None and finite:
        depth, n_inside, deepest = penetration(
            engine.tree, engine.x, rest.faces, rest.edges, engine.hint
        )
    gap = seam_gap(cloth, x)
    crossing = crossing_pairs(x, cloth.faces) if finite else np.zeros((0, 2), np.int64)
    cause = run.cause(engine)
    if not run.at_rest:
        cause += f"; largest force {residual.max():.2g} N at {place_of_vertex(cloth, worst)}"
    elif depth > settings.penetration_max_m:
        place = place_of_vertex(cloth, int(rest.order[deepest]))
        cause = f"{1e3 * depth:.2f} mm inside the body at the deepest sample, near {place}"
    elif gap > 0:
        cause = f"seams gape by {1e3 * gap:.2f} mm"
    elif len(crossing):
        first = (int(crossing[0, 0]), int(crossing[0, 1]))
        cause = f"{len(crossing)} triangles cross, first {place_of_faces(cloth, first)}"
    return Drape(
        positions_m=x,
        contact_force_n=engine.contact_force_n()[rows],
        hold_force_n=(engine.hold_n_m[:, None] * (engine.hold_at_m - engine.x))[rows],
        anchors_m=engine.anchor[rows],
        converged=cause == "at rest",
        cause=cause,
        residual=float(residual.sum()) / engine.scale_n(),
        residual_median_n=float(np.median(residual)),
        residual_p95_n=float(np.percentile(residual, 95)),
        residual_max_n=float(residual.max()),
        residual_max_vertex=worst,
        displacement_mean_m=run.displacement_m,
        velocity_rms_m_s=run.velocity_m_s,
        n_steps=run.n_steps,
        n_steps_coarse=sum(r.n_steps for r in coarse),
        n_cg=run.n_cg,
        n_cg_capped=run.n_capped,
        penetration_max_m=depth,
        n_inside=n_inside,
        intersections_cloth_cloth=len(crossing),
        seam_gap_max_m=gap,
        wall_s=(time.monotonic_ns() - start_ns) / 1e9,
        seed=seed,
    )
