"""From a placed garment to rest: the door of the engine."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.fabric import Fabric
from fitting.drape.checks import check_body, check_cloth, check_fabrics
from fitting.drape.result import Drape
from fitting.drape.settings import DrapeSettings
from fitting.errors import DrapeError

if TYPE_CHECKING:
    from fitting.drape.engine import Engine
    from fitting.drape.relax import Run
    from fitting.drape.sdf import DistanceTree

_COARSEST = 400  # vertices below which a level cannot show the garment's shape
_STEP_FINE_S = 0.1  # a finer level starts near rest


def drape(
    cloth: Cloth | ClothLevels,
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
        cloth: Garment, placed outside the body and free of intersections; nested levels are
            draped from coarse to fine, several times as fast.
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
    garment = as_levels(cloth)
    for level in garment.levels:
        check_cloth(level, n_fabrics=len(fabrics))
    check_fabrics(garment.finest, fabrics)
    if body is not None:
        check_body(body)
    from fitting.drape.jit import use_threads

    start_ns = time.monotonic_ns()
    use_threads(chosen.n_threads)
    engine, run, coarse = _cascade(garment, body, fabrics, chosen, progress)
    return _account(garment.finest, engine, run, coarse, int(rng.integers(2**31)), start_ns)


def _cascade(
    garment: ClothLevels,
    body: Body | None,
    fabrics: Sequence[Fabric],
    settings: DrapeSettings,
    progress: Callable[[int, float], None] | None,
) -> "tuple[Engine, Run, list[Run]]":
    """Relax the coarser meshes of the cloth loosely, each starting on the one before."""
    from fitting.drape.relax import relax
    from fitting.drape.rest import parents_of
    from fitting.drape.sdf import build_tree

    tree = None if body is None else build_tree(body.vertices_m, body.faces)
    n_levels = len(garment.levels)
    first = min(
        (k for k, c in enumerate(garment.levels) if len(c.positions_m) >= _COARSEST),
        default=n_levels - 1,
    )
    engine = make_engine(_down_to(garment, first), tree, fabrics, settings=settings)
    coarse = []
    for k in range(first, n_levels - 1):
        n_soft = settings.n_steps_soft if k == first else 0
        coarse.append(relax(engine, n_soft=n_soft, coarse=True, progress=progress))
        finer = make_engine(_down_to(garment, k + 1), tree, fabrics, settings=settings)
        _start_from(finer, engine, parents_of(garment.prolongations[k]))
        engine = finer
    n_soft = settings.n_steps_soft if first == n_levels - 1 else 0
    return engine, relax(engine, n_soft=n_soft, progress=progress), coarse


def _down_to(garment: ClothLevels, k: int) -> ClothLevels:
    return ClothLevels(levels=garment.levels[: k + 1], prolongations=garment.prolongations[:k])


def _start_from(finer: "Engine", coarser: "Engine", parents: NDArray[np.int64]) -> None:
    """Put the finer cloth on the coarser surface, friction included."""
    rows = np.argsort(coarser.rest.order)[parents[finer.rest.order]]
    finer.x[:] = coarser.x[rows].mean(axis=1)
    finer.anchor[:] = coarser.anchor[rows].mean(axis=1)
    finer.step_s = max(_STEP_FINE_S, finer.step_s)


def as_levels(cloth: Cloth | ClothLevels) -> ClothLevels:
    """Nested levels as they are; a single mesh as the only level."""
    if isinstance(cloth, ClothLevels):
        return cloth
    return ClothLevels(levels=(cloth,), prolongations=())


def build_engine(
    cloth: Cloth | ClothLevels,
    body: Body | None,
    fabrics: Sequence[Fabric],
    *,
    settings: DrapeSettings,
    load_n: NDArray[np.float64] | None = None,
) -> "Engine":
    """Prepare an engine; load_n adds a constant force per vertex, shape (n_vertices, 3)."""
    from fitting.drape.sdf import build_tree

    tree = None if body is None else build_tree(body.vertices_m, body.faces)
    return make_engine(as_levels(cloth), tree, fabrics, settings=settings, load_n=load_n)


def make_engine(
    garment: ClothLevels,
    tree: "DistanceTree | None",
    fabrics: Sequence[Fabric],
    *,
    settings: DrapeSettings,
    load_n: NDArray[np.float64] | None = None,
) -> "Engine":
    """Prepare an engine on a body whose tree exists; arguments as in build_engine."""
    from fitting.drape.engine import Engine
    from fitting.drape.rest import build_rest

    cloth = garment.finest
    rest = build_rest(garment, fabrics, margin_m=settings.margin_m)
    load = np.zeros((len(rest.mass_kg), 3)) if load_n is None else load_n[rest.order].copy()
    load[:, 1] -= rest.mass_kg * settings.gravity_m_s2
    return Engine(
        rest=rest,
        tree=tree,
        settings=settings,
        x=np.ascontiguousarray(cloth.positions_m[rest.order], dtype=np.float64),
        load_n=load,
        step_s=settings.step_first_s,
    )


def seam_gap(cloth: Cloth, positions_m: NDArray[np.float64]) -> float:
    """Measure the largest distance between two sides of a seam [m]."""
    if not len(cloth.seam_pairs):
        return 0.0
    sides = positions_m[cloth.flat_to_welded[cloth.seam_pairs]]
    return float(np.linalg.norm(sides[:, 0] - sides[:, 1], axis=1).max())


def _account(
    cloth: Cloth, engine: "Engine", run: "Run", coarse: "list[Run]", seed: int, start_ns: int
) -> Drape:
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
    rows = np.argsort(rest.order)
    gap = seam_gap(cloth, engine.x[rows])
    cause = run.cause(engine)
    if run.at_rest and depth > engine.settings.penetration_max_m:
        cause = f"{1e3 * depth:.2f} mm inside the body at the deepest sample"
    if run.at_rest and gap > 0:
        cause = f"seams gape by {1e3 * gap:.2f} mm"
    return Drape(
        positions_m=engine.x[rows],
        contact_force_n=engine.force[rows],
        anchors_m=engine.anchor[rows],
        converged=cause == "at rest",
        cause=cause,
        residual=float(residual.sum()) / max(weight, 1e-300),
        residual_median_n=float(np.median(residual)),
        residual_p95_n=float(np.percentile(residual, 95)),
        residual_max_n=float(residual.max()),
        residual_max_vertex=int(rest.order[np.argmax(residual)]),
        displacement_mean_m=run.displacement_m,
        velocity_rms_m_s=run.velocity_m_s,
        n_steps=run.n_steps,
        n_steps_coarse=sum(r.n_steps for r in coarse),
        n_cg=run.n_cg,
        n_cg_capped=run.n_capped,
        penetration_max_m=depth,
        n_inside=n_inside,
        intersections_cloth_cloth=len(crossing_pairs(engine.x, rest.faces)),
        seam_gap_max_m=gap,
        wall_s=(time.monotonic_ns() - start_ns) / 1e9,
        seed=seed,
    )
