"""Carry cloth from one pose of a body to another: each point goes with the skin beside it."""

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.cloth.skin import Skin

N_NEAR = 24


def carry(points_m: NDArray[np.float64], skin: Skin, posed: Body) -> NDArray[np.float64]:
    """Move points with the nearest skin, shape (n, 3).

    Args:
        points_m: Points round the first body.
        skin: Its skin.
        posed: The same body in another pose.
    """
    distance, near = skin.nearest(points_m, N_NEAR)
    rows = np.unique(near)
    turns = np.zeros((len(skin.body.vertices_m), 3, 3))
    turns[rows] = _local_turns(skin.body, posed, rows)
    offset = points_m[:, None] - skin.body.vertices_m[near]
    moved = posed.vertices_m[near] + np.einsum("nkij,nkj->nki", turns[near], offset)
    weight = 1 / (distance + 0.01) ** 2
    return (weight[..., None] * moved).sum(axis=1) / weight.sum(axis=1)[:, None]


def _local_turns(body: Body, posed: Body, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """How the skin round each vertex turns from one pose to the other, shape (n_rows, 3, 3)."""
    n = len(body.vertices_m)
    edges = np.concatenate([body.faces[:, [0, 1]], body.faces[:, [1, 2]], body.faces[:, [2, 0]]])
    before = body.vertices_m[edges[:, 1]] - body.vertices_m[edges[:, 0]]
    after = posed.vertices_m[edges[:, 1]] - posed.vertices_m[edges[:, 0]]
    products = np.einsum("ni,nj->nij", after, before).reshape(-1, 9)
    sums = np.stack([
        np.bincount(edges[:, 0], products[:, k], minlength=n)
        + np.bincount(edges[:, 1], products[:, k], minlength=n)
        for k in range(9)
    ], axis=1)[rows].reshape(-1, 3, 3)  # fmt: skip
    normal, turned = Skin(body).normals[rows], Skin(posed).normals[rows]
    # Edges of one vertex lie in a plane; the normals give the third direction.
    scale = np.abs(sums).max(axis=(1, 2))
    sums = sums + scale[:, None, None] * np.einsum("ni,nj->nij", turned, normal)
    U, _, Vt = np.linalg.svd(sums)
    sign = np.sign(np.linalg.det(U @ Vt))
    U[:, :, 2] *= sign[:, None]
    return U @ Vt
