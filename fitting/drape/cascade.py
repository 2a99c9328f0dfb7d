"""Engines of all levels, relaxed one after another from coarse to fine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.fabric import Fabric
from fitting.drape.engine import Engine
from fitting.drape.fixings import Fixings, Hold
from fitting.drape.relax import Run, relax
from fitting.drape.rest import build_rest, parents_of
from fitting.drape.sdf import DistanceTree, build_tree
from fitting.drape.settings import DrapeSettings
from fitting.drape.start import freed_start, parted, tangle_of
from fitting.errors import DrapeError

_COARSEST = 400  # vertices below which a level cannot show the garment's shape
_STEP_FINE_S = 0.3  # a finer level starts near rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is draped on what.

    Attributes:
        garment: Levels from coarse to fine.
        fabrics: Fabrics that the cloth points into.
        tree: Distance to the body; None where there is none.
        fixings: Holds and bands of the finest level.
        settings: Settings of the engine.
        device: Where the kernels run.
    """

    garment: ClothLevels
    fabrics: Sequence[Fabric]
    tree: DistanceTree | None
    fixings: Fixings
    settings: DrapeSettings
    device: str = "cpu"


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
    device: str = "cpu",
) -> Engine:
    """Prepare the finest level; load_n adds a force per vertex, shape (n_vertices, 3)."""
    tree = None if body is None else build_tree(body.vertices_m, body.faces)
    scene = Scene(
        garment=as_levels(cloth), fabrics=fabrics, tree=tree, fixings=Fixings(), settings=settings,
        device=device,
    )  # fmt: skip
    return make_engine(scene, load_n=load_n)


def make_engine(scene: Scene, *, load_n: NDArray[np.float64] | None = None) -> Engine:
    """Prepare the finest level of a scene; load_n as in build_engine."""
    settings, cloth = scene.settings, scene.garment.finest
    rest = build_rest(scene.garment, scene.fabrics, settings=settings, bands=scene.fixings.bands)
    load = np.zeros((len(rest.mass_kg), 3)) if load_n is None else load_n[rest.order].copy()
    load[:, 1] -= rest.mass_kg * settings.gravity_m_s2
    engine = Engine(
        rest=rest,
        tree=scene.tree,
        settings=settings,
        x=np.ascontiguousarray(cloth.positions_m[rest.order], dtype=np.float64),
        load_n=load,
        step_s=settings.step_first_s,
        device=scene.device,
    )
    hold(engine, scene.fixings.holds)
    return engine


def hold(engine: Engine, holds: Sequence[Hold]) -> None:
    """Put the springs of holds into an engine, in place of those before."""
    rows = np.argsort(engine.rest.order)
    engine.hold_n_m[:] = 0.0
    for one in holds:
        own = rows[one.vertices]
        engine.hold_n_m[own] = one.stiffness_n_m
        if one.targets_m is not None:
            engine.hold_at_m[own] = one.targets_m


def cascade(
    scene: Scene,
    *,
    n_left_out: int = 0,
    progress: Callable[[int, float], None] | None = None,
) -> tuple[Engine, Run, list[Run]]:
    """Relax coarser meshes loosely, each starting on the one before, then the finest.

    n_left_out: So many of the coarsest meshes are not relaxed; they still speed up solves.

    Raises:
        DrapeError: If the garment starts tangled and cannot be freed; names the panels.
    """
    scenes = _levels(scene)
    scenes = scenes[min(n_left_out, len(scenes) - 1) :]
    if scene.settings.self_collision:
        scenes = _from_free_start(scenes)
    engine, coarse = _placed(scenes[0]), []
    n_soft = scene.settings.n_steps_soft
    for finer in scenes[1:]:
        coarse.append(relax(engine, n_soft=n_soft, coarse=True, progress=progress))
        n_soft = 0
        parents = parents_of(finer.garment.prolongations[-1])
        following = _placed(finer)
        _start_from(following, engine, parents)
        engine = following
    return engine, relax(engine, n_soft=n_soft, progress=progress), coarse


def _placed(scene: Scene) -> Engine:
    """The engine of a scene, its friction pulling to where the garment was placed."""
    engine, reach_m = make_engine(scene), scene.settings.placed_reach_m
    if scene.tree is not None and reach_m is not None:
        engine.grip.place(
            scene.tree, engine.x, engine.anchor, engine.rest.offset_m, reach_m=reach_m
        )
    return engine


def _levels(scene: Scene) -> list[Scene]:
    """The scene on every level that can show the garment, from coarse to fine."""
    garment, scenes = scene.garment, [scene]
    for k in range(len(garment.levels) - 2, -1, -1):
        if len(garment.levels[k].positions_m) < _COARSEST:
            break
        fine = scenes[0]
        scenes.insert(0, Scene(
            garment=ClothLevels(
                levels=garment.levels[: k + 1], prolongations=garment.prolongations[:k]
            ),
            fabrics=scene.fabrics, tree=scene.tree, settings=scene.settings, device=scene.device,
            fixings=fine.fixings.coarser(parents_of(garment.prolongations[k])),
        ))  # fmt: skip
    return scenes


def _from_free_start(scenes: list[Scene]) -> list[Scene]:
    """Scenes from the coarsest on whose cloth is, or can be made, free of crossings.

    A mesh and its refinement share their surface, so finer ones then start free too.
    """
    left: NDArray[np.int64] = np.zeros((0, 2), dtype=np.int64)
    for k, scene in enumerate(map(_parted, scenes)):
        thickest = max(fabric.thickness_m for fabric in scene.fabrics)
        keep = scene.settings.margin_m + 0.5 * thickest
        cloth, left = freed_start(scene.garment.finest, scene.tree, keep_m=keep)
        if len(left) == 0:
            levels = replace(scene.garment, levels=(*scene.garment.levels[:-1], cloth))
            return [replace(scene, garment=levels), *scenes[k + 1 :]]
    raise DrapeError(tangle_of(scenes[-1].garment.finest, left))


def _parted(scene: Scene) -> Scene:
    """The scene with layers of its finest mesh parted that lie in one place."""
    garment = scene.garment
    if not garment.prolongations:
        return scene
    cloth, parents = garment.finest, parents_of(garment.prolongations[-1])
    x = parted(cloth.positions_m, parents, cloth.faces)
    levels = (*garment.levels[:-1], replace(cloth, positions_m=x))
    return replace(scene, garment=replace(garment, levels=levels))


def _start_from(finer: Engine, coarser: Engine, parents: NDArray[np.int64]) -> None:
    """Put the finer cloth on the coarser surface, friction included."""
    rows = np.argsort(coarser.rest.order)[parents[finer.rest.order]]
    start = coarser.x[rows].mean(axis=1)
    finer.x[:] = parted(start, parents[finer.rest.order], finer.rest.faces)
    if not finer.grip.placed:
        finer.anchor[:] = coarser.anchor[rows].mean(axis=1)
    finer.step_s = min(_STEP_FINE_S, finer.settings.step_max_s)
