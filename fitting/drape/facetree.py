"""A box tree over the cloth's own triangles, and the close pairs that it finds.

Every vertex and every edge belongs to one triangle, so pairs of triangles whose grown boxes
meet hold all vertex-triangle and edge-edge pairs. Each vertex has its own reach: cloth that
hardly moves has few candidates, however fast another part of it flies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.drape.jit import N_CHUNKS, njit, njit_inline, njit_spliced, pjit, prange
from fitting.drape.pairs import close_points, face_weights
from fitting.drape.pcg import chunk
from fitting.drape.sdf import morton

_LEAF = 4
_TOUCH_M = 1e-10  # children of one flat coarse triangle lie in one plane but for rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTree:
    """Tree over triangles in a fixed order; boxes are refreshed from positions.

    Attributes:
        faces: Triangles in tree order, shape (n_faces, 3).
        order: Original triangle of each, shape (n_faces,).
        own_edges: Which sides (0-1, 1-2, 2-0) a triangle owns, shape (n_faces, 3).
        own_vertices: Which corners it owns, shape (n_faces, 3).
        lower: Lower corners of all boxes, leaves last, shape (n_nodes, 3) [m].
        upper: Upper corners [m].
        leaf_lower: Lower corners of the triangles' boxes, shape (n_faces, 3) [m].
        leaf_upper: Upper corners [m].
    """

    faces: NDArray[np.int64]
    order: NDArray[np.int64]
    own_edges: NDArray[np.bool_]
    own_vertices: NDArray[np.bool_]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    leaf_lower: NDArray[np.float64]
    leaf_upper: NDArray[np.float64]


def build_face_tree(x: NDArray[np.float64], faces: NDArray[np.int64]) -> FaceTree:
    """Sort triangles (n_faces, 3) by place; positions (n_vertices, 3) choose the order only."""
    order = np.argsort(morton(x[faces].mean(axis=1)), kind="stable")
    sorted_faces = np.ascontiguousarray(faces[order])
    flat = sorted_faces.ravel()
    own_vertices = np.zeros(flat.size, dtype=np.bool_)
    own_vertices[np.unique(flat, return_index=True)[1]] = True
    tail, head = sorted_faces, np.roll(sorted_faces, -1, axis=1)
    key = (np.minimum(tail, head) * len(x) + np.maximum(tail, head)).ravel()
    own_edges = np.zeros(key.size, dtype=np.bool_)
    own_edges[np.unique(key, return_index=True)[1]] = True
    n_leaves = 1 << int(np.ceil(np.log2(max(1, -(-len(faces) // _LEAF)))))
    boxes = [np.zeros((2 * n_leaves - 1, 3)) for _ in range(2)]
    leaf_boxes = [np.zeros((len(faces), 3)) for _ in range(2)]
    return FaceTree(
        faces=sorted_faces, order=order, own_edges=own_edges.reshape(-1, 3),
        own_vertices=own_vertices.reshape(-1, 3), lower=boxes[0], upper=boxes[1],
        leaf_lower=leaf_boxes[0], leaf_upper=leaf_boxes[1],
    )  # fmt: skip


@njit
def _refit_part(first, last, x, faces, reach, leaf_lower, leaf_upper, lower, upper):
    n_leaves = (lower.shape[0] + 1) // 2
    for leaf in range(first, last):
        node = n_leaves - 1 + leaf
        for d in range(3):
            lower[node, d] = np.inf
            upper[node, d] = -np.inf
        for f in range(leaf * _LEAF, min((leaf + 1) * _LEAF, faces.shape[0])):
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            grow = max(reach[a], reach[b], reach[c])
            for d in range(3):
                leaf_lower[f, d] = min(x[a, d], x[b, d], x[c, d]) - grow
                leaf_upper[f, d] = max(x[a, d], x[b, d], x[c, d]) + grow
                lower[node, d] = min(lower[node, d], leaf_lower[f, d])
                upper[node, d] = max(upper[node, d], leaf_upper[f, d])


@njit
def refit(x, faces, reach, leaf_lower, leaf_upper, lower, upper):  # noqa: ANN201
    """Refresh all boxes, grown by each vertex's reach (n_vertices,) [m]."""
    n_leaves = (lower.shape[0] + 1) // 2
    for k in range(N_CHUNKS):
        first, last = chunk(0, n_leaves, k, N_CHUNKS)
        _refit_part(first, last, x, faces, reach, leaf_lower, leaf_upper, lower, upper)
    for back in range(n_leaves - 1):
        node = n_leaves - 2 - back
        for d in range(3):
            lower[node, d] = min(lower[2 * node + 1, d], lower[2 * node + 2, d])
            upper[node, d] = max(upper[2 * node + 1, d], upper[2 * node + 2, d])


@njit_inline
def _apart(low0, low1, low2, high0, high1, high2, lower, upper, b):
    # Bitwise, not "or": one branch that is seldom foretold instead of six.
    return (
        (low0 > upper[b, 0]) | (high0 < lower[b, 0]) | (low1 > upper[b, 1])
        | (high1 < lower[b, 1]) | (low2 > upper[b, 2]) | (high2 < lower[b, 2])
    )  # fmt: skip


@njit_inline
def _emit(p, q, r, s, split, out, k, count):
    if count < out.shape[1]:
        out[k, count, 0], out[k, count, 1], out[k, count, 2] = p, q, r
        out[k, count, 3], out[k, count, 4] = s, split
    return count + 1


@njit_inline
def _vertex_face(x, i, p, q, r, reach, moved, out, k, count):
    if p == i or q == i or r == i or not (moved[i] | moved[p] | moved[q] | moved[r]):
        return count
    limit = reach[i] + max(reach[p], reach[q], reach[r])
    for d in range(3):
        if x[i, d] > max(x[p, d], x[q, d], x[r, d]) + limit:
            return count
        if x[i, d] < min(x[p, d], x[q, d], x[r, d]) - limit:
            return count
    a, b, c = face_weights(x, i, p, q, r)
    square = 0.0
    for d in range(3):
        gap = x[i, d] - a * x[p, d] - b * x[q, d] - c * x[r, d]
        square += gap * gap
    if square < limit * limit:
        return _emit(i, p, q, r, 1, out, k, count)
    return count


@njit_inline
def _edge_edge(x, p, q, r, s, reach, moved, out, k, count):
    if p == r or p == s or q == r or q == s:  # noqa: SIM109 - numba has no tuple membership
        return count
    if not (moved[p] | moved[q] | moved[r] | moved[s]):
        return count
    limit = max(reach[p], reach[q]) + max(reach[r], reach[s])
    for d in range(3):
        if min(x[p, d], x[q, d]) > max(x[r, d], x[s, d]) + limit:
            return count
        if max(x[p, d], x[q, d]) < min(x[r, d], x[s, d]) - limit:
            return count
    t, m = close_points(x, p, q, r, s)
    square = 0.0
    for d in range(3):
        gap = (1 - t) * x[p, d] + t * x[q, d] - (1 - m) * x[r, d] - m * x[s, d]
        square += gap * gap
    if square < limit * limit:
        return _emit(p, q, r, s, 2, out, k, count)
    return count


@njit_spliced
def _face_pair(x, faces, own_edges, own_vertices, f, g, reach, moved, out, k, count):
    for m in range(3):
        if own_vertices[f, m]:
            p, q, r = faces[g, 0], faces[g, 1], faces[g, 2]
            count = _vertex_face(x, faces[f, m], p, q, r, reach, moved, out, k, count)
        if own_vertices[g, m]:
            p, q, r = faces[f, 0], faces[f, 1], faces[f, 2]
            count = _vertex_face(x, faces[g, m], p, q, r, reach, moved, out, k, count)
    for m in range(3):
        if not own_edges[f, m]:
            continue
        p, q = faces[f, m], faces[f, (m + 1) % 3]
        for o in range(3):
            if own_edges[g, o]:
                r, s = faces[g, o], faces[g, (o + 1) % 3]
                count = _edge_edge(x, p, q, r, s, reach, moved, out, k, count)
    return count


@njit_inline
def _volume(x, a, b, c, d):
    """Six times the signed volume of a tetrahedron."""
    ax, ay, az = x[a, 0] - x[d, 0], x[a, 1] - x[d, 1], x[a, 2] - x[d, 2]
    bx, by, bz = x[b, 0] - x[d, 0], x[b, 1] - x[d, 1], x[b, 2] - x[d, 2]
    cx, cy, cz = x[c, 0] - x[d, 0], x[c, 1] - x[d, 1], x[c, 2] - x[d, 2]
    return ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)


@njit_inline
def _pierces(x, p, q, a, b, c, least):
    """Whether segment pq passes through triangle abc; a touch is no crossing."""
    before, after = _volume(x, a, b, c, p), _volume(x, a, b, c, q)
    if before * after >= 0.0 or abs(before) < least or abs(after) < least:
        return False
    u, v, w = _volume(x, p, q, a, b), _volume(x, p, q, b, c), _volume(x, p, q, c, a)
    return (u >= 0 and v >= 0 and w >= 0) or (u <= 0 and v <= 0 and w <= 0)


@njit_inline
def _area2(x, a, b, c):
    ux, uy, uz = x[b, 0] - x[a, 0], x[b, 1] - x[a, 1], x[b, 2] - x[a, 2]
    vx, vy, vz = x[c, 0] - x[a, 0], x[c, 1] - x[a, 1], x[c, 2] - x[a, 2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return np.sqrt(nx * nx + ny * ny + nz * nz)


@njit_inline
def _edges_pierce(x, faces, f, g):
    a, b, c = faces[g, 0], faces[g, 1], faces[g, 2]
    least = _TOUCH_M * _area2(x, a, b, c)
    for e in range(3):
        i, j = faces[f, e], faces[f, (e + 1) % 3]
        shared = (i == a) | (i == b) | (i == c) | (j == a) | (j == b) | (j == c)
        if not shared and _pierces(x, i, j, a, b, c, least):
            return True
    return False


@njit_inline
def _cross(x, faces, f, g):
    return _edges_pierce(x, faces, f, g) or _edges_pierce(x, faces, g, f)


@njit
def _find_pairs_part(
    first, last, k, crossing, x, faces, own_edges, own_vertices, reach, moved, anew, seekers,
    leaf_lower, leaf_upper, lower, upper, out,
):  # fmt: skip
    n_leaves = (lower.shape[0] + 1) // 2
    stack = np.zeros(64, np.int64)
    count = np.int64(0)
    for at in range(first, last):
        f = seekers[at]
        a0, a1, a2 = leaf_lower[f, 0], leaf_lower[f, 1], leaf_lower[f, 2]
        b0, b1, b2 = leaf_upper[f, 0], leaf_upper[f, 1], leaf_upper[f, 2]
        stack[0] = 0
        top = 1
        while top > 0:
            top -= 1
            node = stack[top]
            if _apart(a0, a1, a2, b0, b1, b2, lower, upper, node):
                continue
            if node < n_leaves - 1:
                stack[top], stack[top + 1] = 2 * node + 2, 2 * node + 1
                top += 2
                continue
            start = (node - n_leaves + 1) * _LEAF
            for g in range(start, min(start + _LEAF, faces.shape[0])):
                # Two seekers find each other twice; the first one counts.
                if g == f or (anew[g] and g < f):
                    continue
                if _apart(a0, a1, a2, b0, b1, b2, leaf_lower, leaf_upper, g):
                    continue
                if not crossing:
                    count = _face_pair(
                        x, faces, own_edges, own_vertices, f, g, reach, moved, out, k, count
                    )
                elif _cross(x, faces, f, g):
                    count = _emit(f, g, 0, 0, 0, out, k, count)
    return count


@pjit
def find_pairs(  # noqa: ANN201
    crossing, x, faces, own_edges, own_vertices, reach, moved, anew, seekers, leaf_lower,
    leaf_upper, lower, upper, out, counts,
):  # fmt: skip
    """Write what is within reach of both sides, or pairs of triangles that pierce each other.

    Pairs within reach are four vertices, one of them moved, and how many are the first side;
    those that cross, two triangles. moved: (n_vertices,). anew: Triangles with a moved corner,
    (n_faces,); seekers: their places. out: (N_CHUNKS, room, 5); counts: found in each chunk, also
    beyond the room.
    """
    for part in prange(N_CHUNKS):
        k = np.int64(part)  # loops count without sign: a second version would be compiled for it
        first, last = chunk(0, seekers.shape[0], k, N_CHUNKS)
        counts[k] = _find_pairs_part(
            first, last, k, crossing, x, faces, own_edges, own_vertices, reach, moved, anew,
            seekers, leaf_lower, leaf_upper, lower, upper, out,
        )  # fmt: skip
