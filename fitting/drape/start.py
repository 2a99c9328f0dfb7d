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

_PART_M = 5e-4  # cloth that lies on cloth without a gap is parted by twice as much
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

    def lifted(points_m: NDArray[np.float64], /, *, higher_m: float) -> NDArray[np.float64]:
        if tree is None:
            return points_m
        phi, normal, _ = nearest(tree, points_m, np.zeros(len(points_m), dtype=np.int64))
        return points_m + np.maximum(keep_m + higher_m - phi, 0.0)[:, None] * normal

    x, _ = untangler.freed(cloth.positions_m, skin_m, lifted)
    x[cloth.pinned] = cloth.positions_m[cloth.pinned]
    left = crossing_pairs(x, cloth.faces)
    moved_m = float(np.linalg.norm(x - cloth.positions_m, axis=1).max())
    if len(left) < len(pairs) and moved_m <= _MOVE_MAX_M:
        logger.info("start: %d of %d crossings freed", len(pairs) - len(left), len(pairs))
        return replace(cloth, positions_m=x), left
    return cloth, pairs


def parted(
    x: NDArray[np.float64], parents: NDArray[np.int64], faces: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Part new vertices of a finer mesh that lie in one place, each to its own panel's side.

    In a corner that two panels share both sides of, one coarse triangle of each has the same three
    vertices. Their finer triangles would lie in each other, with no side to stay on.

    Args:
        x: Positions on the coarser surface, shape (n_vertices, 3).
        parents: Two coarse vertices of each, shape (n_vertices, 2).
        faces: Triangles of the finer mesh, shape (n_faces, 3).
    """
    ends = np.sort(parents, axis=1)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    same = (ends[order[1:]] == ends[order[:-1]]).all(axis=1)
    same &= ends[order[1:], 0] != ends[order[1:], 1]
    moved = x.copy()
    for pair in np.stack([order[:-1][same], order[1:][same]], axis=1):
        moved[pair] = _apart(moved, faces, pair)
    return moved


def _apart(
    x: NDArray[np.float64], faces: NDArray[np.int64], pair: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Places for two vertices that lie in one, so that nothing near crosses, shape (2, 3)."""
    one, other = (np.setdiff1d(faces[(faces == v).any(axis=1)], pair) for v in pair)
    shared = np.intersect1d(one, other)
    if len(shared) < 3 or len(shared) in (len(one), len(other)):
        return x[pair]
    # Across the shared corner where panels leave it on both sides; else into the fold of one.
    normal = np.linalg.svd(x[shared] - x[shared].mean(axis=0))[2][2]
    corner, own, its = (
        x[rows].mean(axis=0) - x[pair[0]]
        for rows in (shared, np.setdiff1d(one, shared), np.setdiff1d(other, shared))
    )
    ways = [normal, corner + own, corner + its]
    close = faces[np.isin(faces, np.union1d(one, other)).any(axis=1)]
    trials = []
    for way in (sign * w / max(float(np.linalg.norm(w)), 1e-12) for w in ways for sign in (1, -1)):
        trial = x.copy()
        trial[pair] += _PART_M * np.stack([way, -way])
        trials.append((len(crossing_pairs(trial, close)), trial[pair]))
        if trials[-1][0] == 0:
            break
    return min(trials, key=lambda found: found[0])[1]


def tangle_of(cloth: Cloth, pairs: NDArray[np.int64]) -> str:
    """Say which triangles cross, the first few by panel."""
    named = [place_of_faces(cloth, (int(a), int(b))) for a, b in pairs[:_N_NAMED]]
    return (
        f"{len(pairs)} pairs of triangles cross before the drape and could not be freed: "
        + "; ".join(named)
    )
