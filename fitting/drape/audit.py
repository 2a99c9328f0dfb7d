"""The account given at the end: what is inside the body, which triangles cross."""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.broadphase import box_pairs
from fitting.drape.jit import njit, njit_inline
from fitting.drape.sdf import DistanceTree, signed_distance

_EDGE_SAMPLES = (0.25, 0.5, 0.75)


def penetration(
    tree: DistanceTree,
    positions_m: NDArray[np.float64],
    faces: NDArray[np.int64],
    edges: NDArray[np.int64],
) -> tuple[float, int]:
    """Find the deepest of vertices, edge samples and triangle centroids, and vertices inside.

    Returns:
        Largest depth [m], 0 when nothing is inside, and the number of vertices inside.
    """
    tail, head = positions_m[edges[:, 0]], positions_m[edges[:, 1]]
    samples = [positions_m, positions_m[faces].mean(axis=1)]
    samples += [(1 - s) * tail + s * head for s in _EDGE_SAMPLES]
    phi, _, _ = signed_distance(tree, np.concatenate(samples))
    return float(max(0.0, -phi.min())), int((phi[: len(positions_m)] < 0).sum())


def crossing_pairs(positions_m: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find pairs of triangles that cross, neighbours at a common vertex included.

    Args:
        positions_m: Vertices, shape (n_vertices, 3).
        faces: Triangles, shape (n_faces, 3).

    Returns:
        Pairs of faces, shape (n_pairs, 2).
    """
    corners = positions_m[faces]
    low, high = corners.min(axis=1), corners.max(axis=1)
    pairs = box_pairs(low, high, low, high, same=True)
    return pairs[_cross(positions_m, faces, pairs)]


@njit_inline
def _volume(a, b, c, d):
    """Six times the signed volume of a tetrahedron."""
    ax, ay, az = a[0] - d[0], a[1] - d[1], a[2] - d[2]
    bx, by, bz = b[0] - d[0], b[1] - d[1], b[2] - d[2]
    cx, cy, cz = c[0] - d[0], c[1] - d[1], c[2] - d[2]
    return ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)


@njit_inline
def _pierces(p, q, a, b, c):
    """Whether segment pq passes through triangle abc."""
    if _volume(a, b, c, p) * _volume(a, b, c, q) > 0.0:
        return False
    u, v, w = _volume(p, q, a, b), _volume(p, q, b, c), _volume(p, q, c, a)
    if u == 0.0 and v == 0.0 and w == 0.0:  # in one plane: touching, not crossing
        return False
    return (u >= 0 and v >= 0 and w >= 0) or (u <= 0 and v <= 0 and w <= 0)


@njit
def _cross(x, faces, pairs):
    crosses = np.zeros(pairs.shape[0], np.bool_)
    for k in range(pairs.shape[0]):
        found = False
        for turn in range(2):
            f, g = faces[pairs[k, turn]], faces[pairs[k, 1 - turn]]
            for e in range(3):
                i, j = f[e], f[(e + 1) % 3]
                shared = False
                for m in range(3):
                    shared = shared or g[m] == i or g[m] == j
                if not shared and not found:
                    found = _pierces(x[i], x[j], x[g[0]], x[g[1]], x[g[2]])
        crosses[k] = found
    return crosses
