"""Exact signed distance to a closed triangle mesh.

A box tree over Morton-sorted triangles finds the closest point; the sign comes from the
angle-weighted normal of the closest feature (Baerentzen and Aanaes 2005). Distance changes no
faster than the point moves, so far vertices are not asked again until they may have come near.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.drape.chunks import in_chunks
from fitting.drape.jit import N_CHUNKS, njit, njit_inline, njit_part

_LEAF = 4
_PARTS = 4 * N_CHUNKS  # cost differs between parts of the cloth


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceTree:
    """Box tree over a closed mesh.

    Attributes:
        corners: Triangle corners in tree order, shape (n_faces, 3, 3) [m].
        order: Original face of each, shape (n_faces,).
        lower: Lower corner of each box, heap order, shape (n_nodes, 3) [m].
        upper: Upper corner of the same [m].
        normals: Pseudonormals: face, three vertices, three edges, shape (n_faces, 7, 3).
    """

    corners: NDArray[np.float64]
    order: NDArray[np.int64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    normals: NDArray[np.float64]


def build_tree(vertices_m: NDArray[np.float64], faces: NDArray[np.int64]) -> DistanceTree:
    """Build the tree of a closed mesh, vertices (n, 3) and outward faces (m, 3)."""
    corners = vertices_m[faces]
    order = np.argsort(morton(corners.mean(axis=1)), kind="stable")
    n_leaves = 1 << int(np.ceil(np.log2(max(1, -(-len(faces) // _LEAF)))))
    pad = n_leaves * _LEAF - len(faces)
    low = np.concatenate([corners[order].min(axis=1), np.full((pad, 3), np.inf)])
    high = np.concatenate([corners[order].max(axis=1), np.full((pad, 3), -np.inf)])
    low, high = low.reshape(-1, _LEAF, 3).min(axis=1), high.reshape(-1, _LEAF, 3).max(axis=1)
    lowers, uppers = [low], [high]
    while len(low) > 1:
        low, high = low.reshape(-1, 2, 3).min(axis=1), high.reshape(-1, 2, 3).max(axis=1)
        lowers.append(low)
        uppers.append(high)
    return DistanceTree(
        corners=np.ascontiguousarray(corners[order]),
        order=order,
        lower=np.concatenate(lowers[::-1]),
        upper=np.concatenate(uppers[::-1]),
        normals=np.ascontiguousarray(_pseudonormals(vertices_m, faces)[order]),
    )


def signed_distance(
    tree: DistanceTree, points_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Measure the exact signed distance, positive outside.

    Args:
        tree: Tree of the body.
        points_m: Points, shape (n_points, 3).

    Returns:
        Distance (n_points,) [m], its gradient (n_points, 3), and the closest face (n_points,).
    """
    phi, normal, place = nearest(tree, points_m, np.zeros(len(points_m), dtype=np.int64))
    return phi, normal, tree.order[place]


def nearest(
    tree: DistanceTree, points_m: NDArray[np.float64], hint: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """As signed_distance, with faces as places in the tree; hint is where to look first."""
    n = len(points_m)
    phi, normal = np.zeros(n), np.zeros((n, 3))
    place = hint.astype(np.int64)
    points = np.ascontiguousarray(points_m, dtype=np.float64)
    origin = points.copy()
    fresh = np.ones(n, dtype=np.bool_)
    update_planes(
        points, tree.corners, tree.lower, tree.upper, tree.normals, phi, normal, origin, place,
        fresh, np.inf, np.zeros(n),
    )  # fmt: skip
    return phi, normal, place


def morton(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rank points (n, 3) along a curve that keeps neighbours together, shape (n,)."""
    span = np.maximum(np.ptp(points, axis=0), 1e-12)
    grid = ((points - points.min(axis=0)) / span.max() * 1023).astype(np.int64)
    code = np.zeros(len(points), dtype=np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= ((grid[:, axis] >> bit) & 1) << (3 * bit + axis)
    return code


def _pseudonormals(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    corners = vertices[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    ahead, behind = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    sine = np.linalg.norm(np.cross(ahead, behind), axis=2)
    angle = np.arctan2(sine, (ahead * behind).sum(axis=2))
    at_vertex = _summed(angle[:, :, None] * normal[:, None], faces.ravel())
    head = np.roll(faces, -1, axis=1)
    key = (np.minimum(faces, head) * len(vertices) + np.maximum(faces, head)).ravel()
    _, which = np.unique(key, return_inverse=True)
    at_edge = _summed(np.repeat(normal, 3, axis=0), which)
    edge_normal = at_edge[which].reshape(-1, 3, 3)
    return np.concatenate([normal[:, None], at_vertex[faces], edge_normal], axis=1)


def _summed(values: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum vectors (..., 3) that belong to the same of the rows, shape (n_rows, 3)."""
    columns = values.reshape(-1, 3).T
    return np.stack([np.bincount(rows, column) for column in columns], axis=1, dtype=np.float64)


@njit_inline
def _closest(px, py, pz, t, f):
    """Closest point of triangle t[f] and its feature: 0 face, 1-3 vertex, 4-6 edge."""
    ox, oy, oz = t[f, 0, 0], t[f, 0, 1], t[f, 0, 2]
    abx, aby, abz = t[f, 1, 0] - ox, t[f, 1, 1] - oy, t[f, 1, 2] - oz
    acx, acy, acz = t[f, 2, 0] - ox, t[f, 2, 1] - oy, t[f, 2, 2] - oz
    apx, apy, apz = px - ox, py - oy, pz - oz
    d1 = abx * apx + aby * apy + abz * apz
    d2 = acx * apx + acy * apy + acz * apz
    aa = abx * abx + aby * aby + abz * abz
    bb = abx * acx + aby * acy + abz * acz
    cc = acx * acx + acy * acy + acz * acz
    d3, d4 = d1 - aa, d2 - bb
    d5, d6 = d1 - bb, d2 - cc
    feature = 0
    v = w = 0.0
    vc = d1 * d4 - d3 * d2
    vb = d5 * d2 - d1 * d6
    va = d3 * d6 - d5 * d4
    if d1 <= 0.0 and d2 <= 0.0:
        feature = 1
    elif d3 >= 0.0 and d4 <= d3:
        feature, v = 2, 1.0
    elif d6 >= 0.0 and d5 <= d6:
        feature, w = 3, 1.0
    elif vc <= 0.0 and d1 >= 0.0 and d3 <= 0.0:
        feature, v = 4, d1 / (d1 - d3)
    elif vb <= 0.0 and d2 >= 0.0 and d6 <= 0.0:
        feature, w = 6, d2 / (d2 - d6)
    elif va <= 0.0 and d4 - d3 >= 0.0 and d5 - d6 >= 0.0:
        feature = 5
        w = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        v = 1.0 - w
    else:
        s = 1.0 / (va + vb + vc)
        v, w = vb * s, vc * s
    return ox + v * abx + w * acx, oy + v * aby + w * acy, oz + v * abz + w * acz, feature


@njit_inline
def _box_distance2(px, py, pz, low, high, node):
    ex = max(low[node, 0] - px, 0.0, px - high[node, 0])
    ey = max(low[node, 1] - py, 0.0, py - high[node, 1])
    ez = max(low[node, 2] - pz, 0.0, pz - high[node, 2])
    return ex * ex + ey * ey + ez * ez


@njit_part
def _update_planes_part(
    begin, end, x, corners, lower, upper, normals, phi, normal, origin, hint, fresh, reach, held
):
    n_leaves = (lower.shape[0] + 1) // 2
    stack = np.zeros(64, np.int64)
    for i in range(begin, end):
        px, py, pz = x[i, 0], x[i, 1], x[i, 2]
        if not fresh[i]:
            gx, gy, gz = px - origin[i, 0], py - origin[i, 1], pz - origin[i, 2]
            travel = np.sqrt(gx * gx + gy * gy + gz * gz)
            if travel <= held[i] or phi[i] - travel > reach:
                continue
        fresh[i] = False
        face = hint[i]
        cx, cy, cz, feature = _closest(px, py, pz, corners, face)
        best = (px - cx) ** 2 + (py - cy) ** 2 + (pz - cz) ** 2
        stack[0] = 0
        top = 1
        while top > 0:
            top -= 1
            node = stack[top]
            if _box_distance2(px, py, pz, lower, upper, node) >= best:
                continue
            if node >= n_leaves - 1:
                start = (node - n_leaves + 1) * _LEAF
                for f in range(start, min(start + _LEAF, corners.shape[0])):
                    ax, ay, az, kind = _closest(px, py, pz, corners, f)
                    d2 = (px - ax) ** 2 + (py - ay) ** 2 + (pz - az) ** 2
                    if d2 < best:
                        best, face, feature = d2, f, kind
                        cx, cy, cz = ax, ay, az
                continue
            left = 2 * node + 1
            near_left = _box_distance2(px, py, pz, lower, upper, left)
            near_right = _box_distance2(px, py, pz, lower, upper, left + 1)
            if near_left < near_right:
                stack[top], stack[top + 1] = left + 1, left
            else:
                stack[top], stack[top + 1] = left, left + 1
            top += 2
        mx, my, mz = (
            normals[face, feature, 0], normals[face, feature, 1], normals[face, feature, 2]
        )  # fmt: skip
        gx, gy, gz = px - cx, py - cy, pz - cz
        sign = 1.0 if gx * mx + gy * my + gz * mz >= 0.0 else -1.0
        dist = np.sqrt(best)
        if dist > 1e-9:
            gx, gy, gz = sign * gx / dist, sign * gy / dist, sign * gz / dist
        else:
            length = np.sqrt(mx * mx + my * my + mz * mz)
            gx, gy, gz = mx / length, my / length, mz / length
        phi[i] = sign * dist
        normal[i, 0], normal[i, 1], normal[i, 2] = gx, gy, gz
        origin[i, 0], origin[i, 1], origin[i, 2] = px, py, pz
        hint[i] = face


@njit
def update_planes(  # noqa: ANN201
    x, corners, lower, upper, normals, phi, normal, origin, hint, fresh, reach, held
):
    """Refresh distance, gradient, query point and closest face of vertices that may be near.

    A vertex is left alone while its last distance less its travel stays above reach, or its
    travel below held (n,): near rest a plane that turned in every step would keep the forces from
    balancing. fresh forces the query.
    """
    in_chunks(
        _update_planes_part, 0, x.shape[0], _PARTS, None,
        (x, corners, lower, upper, normals, phi, normal, origin, hint, fresh, reach, held),
    )  # fmt: skip
