"""Where a garment may start: small tangles are freed, others refused with their place."""

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.cloth import Cloth
from fitting.cloth.untangle import Untangler
from fitting.drape.audit import crossing_pairs
from fitting.drape.places import place_of_faces
from fitting.drape.sdf import DistanceTree, nearest

logger = logging.getLogger(__name__)

_N_NAMED = 3
_MOVE_MAX_M = 0.03  # a tangle that needs more is no small one: cloth would be pulled to a heap


def freed_start(
    cloth: Cloth, tree: DistanceTree | None, *, keep_m: float
) -> tuple[Cloth, NDArray[np.int64]]:
    """Free a cloth that starts tangled, as far as it goes; pinned vertices stay.

    Args:
        cloth: Cloth as it was placed.
        tree: Distance to the body, or None where there is none.
        keep_m: Distance from the skin to which freed cloth is lifted.

    Returns:
        The cloth, and pairs of triangles that still cross, shape (n_pairs, 2).
    """
    pairs = crossing_pairs(cloth.positions_m, cloth.faces)
    if len(pairs) == 0:
        return cloth, pairs
    skin_m = np.zeros((0, 3)) if tree is None else tree.corners.reshape(-1, 3)
    untangler = Untangler(cloth.faces, np.arange(len(skin_m)).reshape(-1, 3))

    def lifted(points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        if tree is None:
            return points_m
        phi, normal, _ = nearest(tree, points_m, np.zeros(len(points_m), dtype=np.int64))
        return points_m + np.maximum(keep_m - phi, 0.0)[:, None] * normal

    x, _ = untangler.freed(cloth.positions_m, skin_m, lifted)
    x[cloth.pinned] = cloth.positions_m[cloth.pinned]
    left = crossing_pairs(x, cloth.faces)
    moved_m = float(np.linalg.norm(x - cloth.positions_m, axis=1).max())
    if len(left) < len(pairs) and moved_m <= _MOVE_MAX_M:
        logger.info("start: %d of %d crossings freed", len(pairs) - len(left), len(pairs))
        return replace(cloth, positions_m=x), left
    return cloth, pairs


def tangle_of(cloth: Cloth, pairs: NDArray[np.int64]) -> str:
    """Say which triangles cross, the first few by panel."""
    named = [place_of_faces(cloth, (int(a), int(b))) for a, b in pairs[:_N_NAMED]]
    return (
        f"{len(pairs)} pairs of triangles cross before the drape and could not be freed: "
        + "; ".join(named)
    )
