"""Draw a registered model onto its scan: offsets along the normals, smooth, bounded, closed.

Where the scan has holes or nothing near, the offsets go on smoothly from round about.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve
from scipy.spatial import KDTree

from fitting.body.scan import Scan, rim_edges
from fitting.body.tape import unique_edges

MAX_OFFSET_M = 0.03
SMOOTHNESS = 0.6
# Offsets die away where nothing holds them.
SHRINK = 1e-3


def area_normals(vertices_m: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Unit normals at vertices, outward for outward faces, shape (n_vertices, 3)."""
    a, b, c = (vertices_m[faces[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    normals = np.stack(
        [
            np.bincount(faces.ravel(), np.repeat(across[:, i], 3), minlength=len(vertices_m))
            for i in range(3)
        ],
        axis=1,
    )
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def wrapped(
    posed_m: NDArray[np.float64], faces: NDArray[np.int64], scan: Scan, follows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The model's surface drawn onto the scan, shape (n_vertices, 3) [m].

    Args:
        posed_m: The model on the scan, shape (n_vertices, 3).
        faces: Its triangles.
        scan: The scan.
        follows: Which vertices may be drawn; fingers would be mixed up, shape (n_vertices,).
    """
    normals = area_normals(posed_m, faces)
    theirs = area_normals(scan.vertices_m, scan.faces)
    used = np.unique(scan.faces)
    scale = 0.03
    tree = KDTree(np.hstack([scan.vertices_m[used], scale * theirs[used]]))
    row = used[tree.query(np.hstack([posed_m, scale * normals]))[1]]
    away = scan.vertices_m[row] - posed_m
    # Along the scan's own plane: its points are coarse, its surface is not.
    facing = np.einsum("nc,nc->n", normals, theirs[row])
    reach = np.einsum("nc,nc->n", away, theirs[row]) / np.maximum(facing, 0.5)
    rim = np.zeros(len(scan.vertices_m), dtype=bool)
    rim[rim_edges(scan.faces)] = True
    aside = np.linalg.norm(away - reach[:, None] * normals, axis=1)
    held = (facing > 0.6) & (np.abs(reach) < MAX_OFFSET_M) & (aside < 0.02) & ~rim[row] & follows
    offset = _smooth(np.where(held, reach, 0.0), held.astype(np.float64), faces)
    return posed_m + offset[:, None] * normals


def _smooth(
    wanted: NDArray[np.float64], weight: NDArray[np.float64], faces: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Field near what is wanted where it is held, smooth elsewhere, shape (n_vertices,)."""
    n = len(wanted)
    edges = unique_edges(faces)
    ones = np.ones(len(edges))
    A = sparse.coo_array((ones, (edges[:, 0], edges[:, 1])), shape=(n, n))
    A = (A + A.T).tocsr()
    degree = np.asarray(A.sum(axis=1)).ravel()
    L = sparse.diags_array(np.ones(n)) - sparse.diags_array(1 / np.maximum(degree, 1)) @ A
    H = sparse.diags_array(weight + SHRINK) + SMOOTHNESS * (L.T @ L)
    return np.asarray(spsolve(H.tocsc(), weight * wanted), dtype=np.float64)
