"""From a placed garment to rest: the door of the engine."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.fabric import Fabric
from fitting.drape.checks import check_body, check_cloth, check_fabrics
from fitting.drape.fixings import Band, Fixings, Hold, check_fixings
from fitting.drape.result import Drape
from fitting.drape.settings import DrapeSettings


def drape(
    cloth: Cloth | ClothLevels,
    body: Body | None,
    fabrics: Sequence[Fabric],
    *,
    settings: DrapeSettings | None = None,
    holds: Sequence[Hold] = (),
    bands: Sequence[Band] = (),
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
        holds: Soft attachments; ``Drape.hold_force_n`` says what they carry.
        bands: Elastic sewn along lines of the mesh.
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:N"``; ``"warp-cpu"`` runs the GPU's kernels on
            the processor, slowly, for checks.
        rng: Source of the run's seed; nothing in the engine itself is random.
        progress: Called after each step with the step and the root mean square velocity [m/s].

    Returns:
        The drape. Not coming to rest is a result with ``converged`` False, not an error.

    Raises:
        DrapeError: The input cannot be solved, or there is no such device; the sentence names
            panel, fabric or device.
    """
    chosen = settings or DrapeSettings()
    from fitting.drape.cascade import Scene, as_levels
    from fitting.drape.jit import use_threads
    from fitting.drape.kernels import check_device
    from fitting.drape.sdf import build_tree
    from fitting.drape.tries import come_to_rest

    check_device(device)
    start_ns = time.monotonic_ns()
    garment, fixings = as_levels(cloth), Fixings(holds=tuple(holds), bands=tuple(bands))
    check_scene(garment, body, fabrics, fixings)
    use_threads(chosen.n_threads)
    tree = None if body is None else build_tree(body.vertices_m, body.faces)
    scene = Scene(
        garment=garment, fabrics=fabrics, tree=tree, fixings=fixings, settings=chosen,
        device=device,
    )  # fmt: skip
    seed = int(rng.integers(2**31))
    return come_to_rest(scene, seed=seed, start_ns=start_ns, progress=progress)[1]


def check_scene(
    garment: ClothLevels, body: Body | None, fabrics: Sequence[Fabric], fixings: Fixings
) -> None:
    """Raise DrapeError where the input cannot be solved."""
    for level in garment.levels:
        check_cloth(level, n_fabrics=len(fabrics))
    check_fabrics(garment.finest, fabrics)
    check_fixings(fixings, garment.finest)
    if body is not None:
        check_body(body)
