"""The account given at the end: what is inside the body, which triangles cross."""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.sdf import DistanceTree, nearest
from fitting.drape.selfcontact import SelfContact

EDGE_SHARES = (0.25, 0.5, 0.75)  # of an edge, where it is probed


def penetration(
    tree: DistanceTree,
    positions_m: NDArray[np.float64],
    faces: NDArray[np.int64],
    edges: NDArray[np.int64],
    hint: NDArray[np.int64] | None = None,
) -> tuple[float, int, int]:
    """Find the deepest of vertices, edge samples and triangle centroids, and vertices inside.

    hint: Place in the tree where each vertex's search begins, shape (n_vertices,); it only saves
    time.

    Returns:
        Largest depth [m], 0 when nothing is inside; the number of vertices inside; and a vertex
        of the deepest sample.
    """
    tail, head = positions_m[edges[:, 0]], positions_m[edges[:, 1]]
    samples = np.concatenate(
        [positions_m[faces].mean(axis=1), *[(1 - s) * tail + s * head for s in EDGE_SHARES]]
    )
    start = np.zeros(len(positions_m), dtype=np.int64) if hint is None else hint
    owner = np.concatenate([faces[:, 0], *[edges[:, 0]] * len(EDGE_SHARES)])
    phi, _, place = nearest(tree, positions_m, start)
    # Distance falls no faster than one walks: samples of far vertices cannot be inside.
    walked = np.linalg.norm(samples - positions_m[owner], axis=1)
    near = np.flatnonzero(phi[owner] < walked)
    among, _, _ = nearest(tree, samples[near], place[owner[near]])
    both, vertex = np.concatenate([phi, among]), np.r_[np.arange(len(phi)), owner[near]]
    return float(max(0.0, -both.min())), int((phi < 0).sum()), int(vertex[np.argmin(both)])


def crossing_pairs(positions_m: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find pairs of triangles that cross, neighbours at a common vertex included.

    Args:
        positions_m: Vertices, shape (n_vertices, 3).
        faces: Triangles, shape (n_faces, 3).

    Returns:
        Pairs of faces, shape (n_pairs, 2).
    """
    touch = SelfContact(positions_m, faces, layer_m=1e-3, reach_m=1e-3)
    return touch.crossings(positions_m)
