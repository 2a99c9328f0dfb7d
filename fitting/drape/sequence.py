"""Cloth on a moving body: the drape of each pose follows from the one before."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.fabric import Fabric
from fitting.drape.fixings import Band, Fixings, Hold
from fitting.drape.result import Drape
from fitting.drape.settings import DrapeSettings
from fitting.drape.solve import check_scene
from fitting.errors import DrapeError

_TRAVEL_M = 0.004  # skin moves at most so far between two steps, so that contact keeps hold
_CARRIED_M = 0.03  # cloth nearer to the skin is carried along before each step
_N_FEWEST = 2


def drape_sequence(
    cloth: Cloth | ClothLevels,
    bodies: Sequence[Body],
    fabrics: Sequence[Fabric],
    *,
    frame_s: float = 1 / 30,
    momentum: bool = False,
    settle: bool = True,
    settings: DrapeSettings | None = None,
    holds: Sequence[Hold] = (),
    bands: Sequence[Band] = (),
    rng: np.random.Generator,
) -> Iterator[Drape]:
    """Drape a garment on the first body, then follow the body through its poses.

    Friction anchors travel with the skin they hold to, so cloth that sticks is carried along.

    Args:
        cloth: Garment, placed on the first body.
        bodies: Poses of one body: same triangles, vertices moved.
        fabrics: Fabrics that the cloth points into.
        frame_s: Time between two poses.
        momentum: Whether cloth keeps its velocity; without, every pose is approached slowly.
        settle: Whether the last pose is held until the cloth is at rest.
        settings: Settings of the engine.
        holds: Soft attachments; without targets they stay where they start.
        bands: Elastic sewn along lines of the mesh.
        rng: Source of the run's seed.

    Yields:
        One drape a body. Poses between the first and the last are in motion: their ``converged``
        is False unless the cloth happens to be balanced, ``cause`` says so.

    Raises:
        DrapeError: If the input cannot be solved, or bodies differ in their triangles.
    """
    from fitting.drape.account import account
    from fitting.drape.cascade import Scene, as_levels
    from fitting.drape.jit import use_threads
    from fitting.drape.relax import relax
    from fitting.drape.sdf import build_tree
    from fitting.drape.tries import come_to_rest

    chosen = settings or DrapeSettings()
    garment, fixings = as_levels(cloth), Fixings(holds=tuple(holds), bands=tuple(bands))
    _check_bodies(bodies, frame_s)
    check_scene(garment, bodies[0], fabrics, fixings)
    use_threads(chosen.n_threads)
    seed = int(rng.integers(2**31))
    tree = build_tree(bodies[0].vertices_m, bodies[0].faces)
    scene = Scene(garment=garment, fabrics=fabrics, tree=tree, fixings=fixings, settings=chosen)
    start_ns = time.monotonic_ns()
    engine, first = come_to_rest(scene, seed=seed, start_ns=start_ns)
    yield first
    for k in range(1, len(bodies)):
        start_ns = time.monotonic_ns()
        run = _follow(engine, bodies[k - 1], bodies[k], frame_s=frame_s, momentum=momentum)
        if settle and k == len(bodies) - 1:
            run = relax(engine, n_soft=0)
        yield account(garment.finest, engine, run, [], seed=seed, start_ns=start_ns)


def _check_bodies(bodies: Sequence[Body], frame_s: float) -> None:
    if len(bodies) == 0:
        raise DrapeError("a sequence needs at least one body")
    if not frame_s > 0:
        raise DrapeError(f"frame_s is {frame_s}; it must be above zero")
    for k, body in enumerate(bodies):
        if not np.array_equal(body.faces, bodies[0].faces):
            raise DrapeError(f"body {k} has other triangles than body 0; poses of one body needed")
        if not np.isfinite(body.vertices_m).all():
            raise DrapeError(f"body {k} has vertices that are not finite")


def _follow(engine, before: Body, after: Body, *, frame_s: float, momentum: bool):
    """Move the body in small steps and the cloth with it; returns the counters."""
    from fitting.drape.relax import Run
    from fitting.drape.sdf import build_tree

    travel = float(np.linalg.norm(after.vertices_m - before.vertices_m, axis=1).max())
    n = max(_N_FEWEST, int(np.ceil(travel / _TRAVEL_M)))
    run = Run(n_soft=0, coarse=False)
    engine.soft = 1.0
    engine.step_s = frame_s / n
    engine.velocity_kept = engine.settings.velocity_kept if momentum else 0.0
    for k in range(1, n + 1):
        share = k / n
        vertices = (1 - share) * before.vertices_m + share * after.vertices_m
        _carry(engine, build_tree(vertices, before.faces))
        engine.look_around()
        engine.look_closely()
        run.add(engine.step(), engine)
    engine.velocity_kept = engine.settings.velocity_kept
    return run


def _carry(engine, tree) -> None:
    """Move near cloth and all anchors with the skin; the cloth never passes through itself."""
    old = engine.tree
    near = np.flatnonzero(engine.phi < _CARRIED_M)
    moved = _skin_motion(old, tree, engine.hint[near], engine.x[near])
    weight = np.clip(2 - 2 * engine.phi[near] / _CARRIED_M, 0.0, 1.0)[:, None]
    move = np.zeros_like(engine.x)
    move[near] = weight * moved
    move[~engine.rest.free] = 0.0
    engine.anchor[near] += _skin_motion(old, tree, engine.hint[near], engine.anchor[near])
    far = np.ones(len(engine.x), dtype=np.bool_)
    far[near] = False
    engine.anchor[far] = engine.x[far]
    if engine.touch is not None:
        engine.touch.look(engine.x)
    engine.limit(move)
    engine.x += move
    if engine.step_s > 0 and engine.velocity_kept > 0:
        engine.velocity += move / engine.step_s
    order = np.argsort(tree.order)
    engine.hint[:] = order[old.order[engine.hint]]
    engine.tree = tree
    engine.walls.clear()
    engine.fresh[:] = True


def _skin_motion(
    old,
    new,
    hint: NDArray[np.int64],
    points_m: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How points fixed to skin triangles move from one tree to the next, shape (n, 3) [m]."""
    a = old.corners[hint]
    b = new.corners[np.argsort(new.order)[old.order[hint]]]
    local = np.einsum("nij,nj->ni", _frames(a), points_m - a[:, 0])
    return b[:, 0] + np.einsum("nij,ni->nj", _frames(b), local) - points_m


def _frames(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal frames of triangles as rows, shape (n, 3, 3)."""
    first = corners[:, 1] - corners[:, 0]
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    normal = np.cross(first, corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return np.stack([first, np.cross(normal, first), normal], axis=1)
