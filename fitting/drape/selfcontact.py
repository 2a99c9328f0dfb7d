"""Cloth against cloth: a soft layer, and a step that cannot pass through.

Every vertex-triangle and edge-edge pair nearer than the search radius gets the plane between its
closest points. A push acts inside the layer; each step is then cut so that both sides stay on
their side of the plane. An intersection-free start stays so.
"""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.broadphase import box_pairs
from fitting.drape.jit import njit, njit_inline

_SHARE = 0.425  # each side may use this much of a gap, so 15 % of it always stays
_N_SWEEPS = 4


def find_pairs(
    x: NDArray[np.float64],
    faces: NDArray[np.int64],
    edges: NDArray[np.int64],
    radius_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Collect close pairs as four vertices, signed weights and the plane normal.

    Returns:
        Vertices (n_pairs, 4); how many of them are the first side (n_pairs,); weights of the
        closest points, first side positive, second negative (n_pairs, 4); unit normal towards
        the first side and gap (n_pairs, 4) [m].
    """
    reach = np.full(3, radius_m)
    corners, ends = x[faces], x[edges]
    low, high = corners.min(axis=1), corners.max(axis=1)
    vertex_face = box_pairs(x - reach, x + reach, low, high, same=False)
    low, high = ends.min(axis=1) - reach / 2, ends.max(axis=1) + reach / 2
    edge_edge = box_pairs(low, high, low, high, same=True)
    first = _close_vertex_face(x, faces, vertex_face, radius_m)
    second = _close_edges(x, edges, edge_edge, radius_m)
    return (
        np.concatenate([first[0], second[0]]),
        np.r_[np.full(len(first[0]), 1), np.full(len(second[0]), 2)],
        np.concatenate([first[1], second[1]]),
        np.concatenate([first[2], second[2]]),
    )


@njit_inline
def _segment_pair(p, q, r, s):
    """Parameters of the closest points of segments pq and rs."""
    a = b = c = d = e = 0.0
    for k in range(3):
        u, v, w = q[k] - p[k], s[k] - r[k], p[k] - r[k]
        a += u * u
        b += u * v
        c += u * w
        d += v * v
        e += v * w
    det = a * d - b * b
    t = min(max((b * e - c * d) / det, 0.0), 1.0) if det > 1e-12 * a * d else 0.5
    m = (b * t + e) / d
    if m < 0.0:
        m = 0.0
        t = min(max(-c / a, 0.0), 1.0)
    elif m > 1.0:
        m = 1.0
        t = min(max((b - c) / a, 0.0), 1.0)
    return t, m


@njit_inline
def _barycentric(p, a, b, c):
    """Weights of the triangle's point closest to p."""
    d1 = d2 = aa = bb = cc = 0.0
    for k in range(3):
        ab, ac, ap = b[k] - a[k], c[k] - a[k], p[k] - a[k]
        d1 += ab * ap
        d2 += ac * ap
        aa += ab * ab
        bb += ab * ac
        cc += ac * ac
    d3, d4, d5, d6 = d1 - aa, d2 - bb, d1 - bb, d2 - cc
    if d1 <= 0 and d2 <= 0:
        return 1.0, 0.0, 0.0
    if d3 >= 0 and d4 <= d3:
        return 0.0, 1.0, 0.0
    if d6 >= 0 and d5 <= d6:
        return 0.0, 0.0, 1.0
    vc, vb, va = d1 * d4 - d3 * d2, d5 * d2 - d1 * d6, d3 * d6 - d5 * d4
    if vc <= 0 and d1 >= 0 and d3 <= 0:
        v = d1 / (d1 - d3)
        return 1 - v, v, 0.0
    if vb <= 0 and d2 >= 0 and d6 <= 0:
        w = d2 / (d2 - d6)
        return 1 - w, 0.0, w
    if va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        w = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        return 0.0, 1 - w, w
    s = 1.0 / (va + vb + vc)
    return 1 - (vb + vc) * s, vb * s, vc * s


@njit_inline
def _plane(x, vertices, weights, plane):
    """Write normal and gap of a pair; returns the gap."""
    gap = 0.0
    for d in range(3):
        plane[d] = 0.0
        for k in range(4):
            plane[d] += weights[k] * x[vertices[k], d]
        gap += plane[d] * plane[d]
    gap = np.sqrt(gap)
    for d in range(3):
        plane[d] /= max(gap, 1e-12)
    plane[3] = gap
    return gap


@njit
def _close_vertex_face(x, faces, pairs, radius):
    vertices = np.zeros((pairs.shape[0], 4), np.int64)
    weights = np.zeros((pairs.shape[0], 4))
    planes = np.zeros((pairs.shape[0], 4))
    n = 0
    for k in range(pairs.shape[0]):
        i, f = pairs[k, 0], faces[pairs[k, 1]]
        if f[0] == i or f[1] == i or f[2] == i:
            continue
        a, b, c = _barycentric(x[i], x[f[0]], x[f[1]], x[f[2]])
        vertices[n, 0], vertices[n, 1], vertices[n, 2], vertices[n, 3] = i, f[0], f[1], f[2]
        weights[n, 0], weights[n, 1], weights[n, 2], weights[n, 3] = 1.0, -a, -b, -c
        if _plane(x, vertices[n], weights[n], planes[n]) < radius:
            n += 1
    return vertices[:n], weights[:n], planes[:n]


@njit
def _close_edges(x, edges, pairs, radius):
    vertices = np.zeros((pairs.shape[0], 4), np.int64)
    weights = np.zeros((pairs.shape[0], 4))
    planes = np.zeros((pairs.shape[0], 4))
    n = 0
    for k in range(pairs.shape[0]):
        p, q = edges[pairs[k, 0], 0], edges[pairs[k, 0], 1]
        r, s = edges[pairs[k, 1], 0], edges[pairs[k, 1], 1]
        if p == r or p == s or q == r or q == s:  # noqa: SIM109 - numba has no tuple membership
            continue
        t, m = _segment_pair(x[p], x[q], x[r], x[s])
        vertices[n, 0], vertices[n, 1], vertices[n, 2], vertices[n, 3] = p, q, r, s
        weights[n, 0], weights[n, 1], weights[n, 2], weights[n, 3] = 1 - t, t, m - 1, -m
        if _plane(x, vertices[n], weights[n], planes[n]) < radius:
            n += 1
    return vertices[:n], weights[:n], planes[:n]


@njit
def push_energy(x, vertices, weights, planes, layer, stiffness):  # noqa: ANN201
    """Return the energy of the layer [J], on the frozen planes."""
    total = 0.0
    for k in range(vertices.shape[0]):
        gap = 0.0
        for m in range(4):
            for d in range(3):
                gap += weights[k, m] * planes[k, d] * x[vertices[k, m], d]
        depth = max(layer - gap, 0.0)
        total += 0.5 * stiffness * depth * depth
    return total


@njit
def push_assemble(vertices, weights, planes, layer, stiffness, diagonal, gradient, blocks):  # noqa: ANN201
    """Add the layer's gradient [N] and a diagonal bound of its Hessian [N/m] in place."""
    for k in range(vertices.shape[0]):
        depth = layer - planes[k, 3]
        if depth <= 0.0:
            continue
        for m in range(4):
            i = vertices[k, m]
            w = weights[k, m]
            for d in range(3):
                gradient[i, d] -= stiffness * depth * w * planes[k, d]
                for e in range(3):
                    # The row sum of |weights| is 2: a diagonal that bounds the full block.
                    blocks[diagonal[i], d, e] += (
                        2.0 * abs(w) * stiffness * planes[k, d] * planes[k, e]
                    )


@njit
def limit_step(move, vertices, split, planes, move_max):  # noqa: ANN201
    """Cut a step in place so that no pair crosses its plane and nobody moves beyond move_max."""
    n = move.shape[0]
    for i in range(n):
        length = np.sqrt(move[i, 0] ** 2 + move[i, 1] ** 2 + move[i, 2] ** 2)
        if length > move_max:
            for d in range(3):
                move[i, d] *= move_max / length
    scale = np.ones(n)
    for sweep in range(_N_SWEEPS + 1):
        for k in range(vertices.shape[0]):
            for m in range(4):
                i = vertices[k, m]
                # The first side is on the normal's side, and must not move against it.
                sign = -1.0 if m < split[k] else 1.0
                along = 0.0
                for d in range(3):
                    along += sign * planes[k, d] * move[i, d]
                room = _SHARE * planes[k, 3]
                if along > room:
                    if sweep < _N_SWEEPS:
                        for d in range(3):
                            move[i, d] -= (along - room) * sign * planes[k, d]
                    else:
                        scale[i] = min(scale[i], room / along)
    for i in range(n):
        length = np.sqrt(move[i, 0] ** 2 + move[i, 1] ** 2 + move[i, 2] ** 2) * scale[i]
        if length > move_max:
            scale[i] *= move_max / length
        for d in range(3):
            move[i, d] *= scale[i]
