"""Creases: where a bend folds skin over itself, a taut bridge takes the place of what is hidden.

The skin of a groin or the hollow of a knee passes through itself when joints alone move it. What
such a fold hides touches nothing; the surface that is seen ends in a rounded crease.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import KDTree

from fitting.body.rig import Rig
from fitting.body.touch import Stance, is_flesh, normals_of, parts_of

# So far above hidden skin lies the skin that hides it.
_PROBES_M = (0.006, 0.018)
_N_PROBED = 8
_ACROSS = -0.3
# Rings of skin round what is hidden that make the crease round.
_N_RINGS = 2
_FEWEST = 3


def bridge_creases(
    ways: Sequence[Stance], rig: Rig, faces: NDArray[np.int64], rest: Stance
) -> tuple[Stance, ...]:
    """Round the creases of a way into a pose, little by little to the last stance.

    Args:
        ways: Stances, the first one a step from a stance without creases.
        rig: How the body bends.
        faces: Its triangles, shape (n_faces, 3).
        rest: The stance at rest, whose own folds stay.
    """
    neighbours = _neighbours(faces, len(rig.rest_m))
    part = parts_of(rig)
    hidden = _folded(ways[-1], part, is_flesh(rig))
    # Single vertices do not count.
    hidden &= np.asarray(neighbours @ hidden.astype(np.float64)) >= _FEWEST
    hidden &= ~_folded(rest, part, hidden)
    for _ in range(_N_RINGS if hidden.any() else 0):
        hidden = np.asarray(neighbours @ hidden.astype(np.float64)) + hidden > 0
    rows, rim = np.flatnonzero(hidden), np.flatnonzero(~hidden)
    if len(rows) == 0:
        return tuple(ways)
    L = csr_array(diags_array(neighbours.sum(axis=1)) - neighbours)[rows]
    factor, to_rim = splu(csc_array(L[:, rows])), csr_array(L[:, rim])
    bridged = []
    for k, stance in enumerate(ways):
        share, vertices = (k + 1) / len(ways), stance.vertices_m.copy()
        bridge = factor.solve(-(to_rim @ vertices[rim]))
        vertices[rows] = (1 - share) * vertices[rows] + share * bridge
        bridged.append(replace(stance, vertices_m=vertices, normals=normals_of(vertices, faces)))
    return tuple(bridged)


def _folded(
    stance: Stance, part: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of the chosen skin other skin of its part covers closely, shape (n_vertices,)."""
    x, normal, rows = stance.vertices_m, stance.normals, np.flatnonzero(chosen)
    hidden = np.zeros(len(x), dtype=np.bool_)
    if len(rows) == 0:
        return hidden
    tree = KDTree(x)
    for reach_m in _PROBES_M:
        probe = x[rows] + reach_m * normal[rows]
        _, near = tree.query(probe, k=_N_PROBED)
        across = np.einsum("ni,nki->nk", normal[rows], normal[near]) < _ACROSS
        behind = np.einsum("nki,nki->nk", probe[:, None] - x[near], normal[near]) < 0
        hidden[rows] |= (across & behind & (part[rows, None] == part[near])).any(axis=1)
    return hidden


def _neighbours(faces: NDArray[np.int64], n: int) -> csr_array:
    """Which vertices share an edge, shape (n, n)."""
    start, stop = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    ones = np.ones(2 * len(start))
    pairs = (np.r_[start, stop], np.r_[stop, start])
    beside = csr_array(coo_array((ones, pairs), shape=(n, n)))
    beside.data[:] = 1.0
    return beside
