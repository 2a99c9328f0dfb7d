"""A box tree over the cloth's own triangles, and the close pairs that it finds.

Every vertex and every edge belongs to one triangle, and so to one leaf: pairs of leaves whose
grown boxes meet hold all vertex-triangle and edge-edge pairs. Each vertex has its own reach: cloth
that hardly moves has few candidates, however fast another part of it flies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.drape.boxes import N_LANES, lowest, meeting
from fitting.drape.chunks import in_chunks
from fitting.drape.jit import N_CHUNKS, njit, njit_inline, njit_part, njit_spliced
from fitting.drape.pairs import close_points, face_weights
from fitting.drape.pcg import chunk
from fitting.drape.sdf import morton

_LEAF = 4  # so many triangles own at most twelve edges: sixteen lanes hold both
_FACES = 3 * _LEAF  # first lane of triangles
_OUTWARD = np.float32(1.2e-7)  # more than the rounding of a float32
_TOUCH_M = 1e-10  # children of one flat coarse triangle lie in one plane but for rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTree:
    """Tree over triangles in a fixed order; boxes are refreshed from positions.

    A box is its lower and its upper corner, (x y z x y z) [m].

    Attributes:
        faces: Triangles in tree order, shape (n_faces, 3).
        order: Original triangle of each, shape (n_faces,).
        edges: Edges in the order of the leaves that own them, shape (n_edges, 2).
        edge_ptr: First edge of each leaf, shape (n_leaves + 1,).
        corners: Vertices in the order of the leaves that own them, shape (n_vertices,).
        corner_ptr: First vertex of each leaf, shape (n_leaves + 1,).
        boxes: Boxes of all nodes, leaves last, shape (n_nodes, 6).
        lanes: Boxes of each leaf's edges and, from lane 12 on, triangles, rounded outward,
            shape (n_leaves, 6, 16).
        last: Last leaf below each node, shape (n_nodes,).
        anew: A bit for each lane with a vertex that moved, shape (n_leaves,).
        seeks: Which nodes hold lanes that seek: 0 none, 1 some, 2 all leaves, shape (n_nodes,).
    """

    faces: NDArray[np.int64]
    order: NDArray[np.int64]
    edges: NDArray[np.int64]
    edge_ptr: NDArray[np.int64]
    corners: NDArray[np.int64]
    corner_ptr: NDArray[np.int64]
    boxes: NDArray[np.float64]
    lanes: NDArray[np.float32]
    last: NDArray[np.int64]
    anew: NDArray[np.int64]
    seeks: NDArray[np.int64]


def build_face_tree(x: NDArray[np.float64], faces: NDArray[np.int64]) -> FaceTree:
    """Sort triangles (n_faces, 3) by place; positions (n_vertices, 3) choose the order only."""
    order = np.argsort(morton(x[faces].mean(axis=1)), kind="stable")
    sorted_faces = np.ascontiguousarray(faces[order])
    depth = int(np.ceil(np.log2(max(1, -(-len(faces) // _LEAF)))))
    starts = 3 * np.minimum(_LEAF * np.arange(2**depth + 1), len(faces))  # in corners and sides
    flat, head = sorted_faces.ravel(), np.roll(sorted_faces, -1, axis=1).ravel()
    corner = np.sort(np.unique(flat, return_index=True)[1])
    key = np.minimum(flat, head) * len(x) + np.maximum(flat, head)
    side = np.sort(np.unique(key, return_index=True)[1])
    last = [np.arange(1, 2**k + 1) * 2 ** (depth - k) - 1 for k in range(depth + 1)]
    n_nodes = 2 ** (depth + 1) - 1
    return FaceTree(
        faces=sorted_faces, order=order, edges=np.stack([flat[side], head[side]], axis=1),
        edge_ptr=np.searchsorted(side, starts), corners=flat[corner],
        corner_ptr=np.searchsorted(corner, starts), boxes=np.zeros((n_nodes, 6)),
        lanes=np.zeros((2**depth, 6, N_LANES), np.float32), last=np.concatenate(last),
        anew=np.zeros(2**depth, np.int64), seeks=np.zeros(n_nodes, np.int64),
    )  # fmt: skip


@njit_inline
def _put_box(x, p, q, r, grow, lanes, leaf, lane):
    """Write the box of a triangle, or with r = q of an edge."""
    for d in range(3):
        low = min(x[p, d], x[q, d], x[r, d]) - grow
        high = max(x[p, d], x[q, d], x[r, d]) + grow
        lanes[leaf, d, lane] = low - _OUTWARD * abs(low)
        lanes[leaf, 3 + d, lane] = high + _OUTWARD * abs(high)


@njit_spliced
def _refit_part(
    first, last, x, faces, edges, edge_ptr, reach, moved, boxes, lanes, anew, seeks
):  # fmt: skip
    n_leaves = (boxes.shape[0] + 1) // 2
    for leaf in range(first, last):
        node, bits = n_leaves - 1 + leaf, np.int64(0)
        lanes[leaf, :3] = np.inf
        lanes[leaf, 3:] = -np.inf
        for e in range(edge_ptr[leaf], edge_ptr[leaf + 1]):
            p, q, lane = edges[e, 0], edges[e, 1], e - edge_ptr[leaf]
            _put_box(x, p, q, q, max(reach[p], reach[q]), lanes, leaf, lane)
            bits |= np.int64(moved[p] | moved[q]) << lane
        for d in range(3):
            boxes[node, d] = np.inf
            boxes[node, 3 + d] = -np.inf
        start = leaf * _LEAF
        for f in range(start, min(start + _LEAF, faces.shape[0])):
            p, q, r = faces[f, 0], faces[f, 1], faces[f, 2]
            lane = _FACES + f - start
            _put_box(x, p, q, r, max(reach[p], reach[q], reach[r]), lanes, leaf, lane)
            bits |= np.int64(moved[p] | moved[q] | moved[r]) << lane
            for d in range(3):
                boxes[node, d] = min(boxes[node, d], lanes[leaf, d, lane])
                boxes[node, 3 + d] = max(boxes[node, 3 + d], lanes[leaf, 3 + d, lane])
        anew[leaf] = bits
        seeks[node] = 2 if bits != 0 else 0


@njit
def refit(x, faces, edges, edge_ptr, reach, moved, boxes, lanes, anew, seeks):  # noqa: ANN201
    """Refresh all boxes, grown by each vertex's reach (n_vertices,) [m], and who seeks.

    moved: Vertices whose triangles seek, (n_vertices,).
    """
    n_leaves = (boxes.shape[0] + 1) // 2
    _refit_part(0, n_leaves, x, faces, edges, edge_ptr, reach, moved, boxes, lanes, anew, seeks)
    for back in range(n_leaves - 1):
        node = n_leaves - 2 - back
        left, right = 2 * node + 1, 2 * node + 2
        for d in range(3):
            boxes[node, d] = min(boxes[left, d], boxes[right, d])
            boxes[node, 3 + d] = max(boxes[left, 3 + d], boxes[right, 3 + d])
        same = seeks[left] == seeks[right]
        seeks[node] = seeks[left] if same else 1


@njit_inline
def _apart(boxes, i, j):
    # Bitwise, not "or": one branch that is seldom foretold instead of six.
    return (
        (boxes[i, 0] > boxes[j, 3]) | (boxes[i, 3] < boxes[j, 0])
        | (boxes[i, 1] > boxes[j, 4]) | (boxes[i, 4] < boxes[j, 1])
        | (boxes[i, 2] > boxes[j, 5]) | (boxes[i, 5] < boxes[j, 2])
    )  # fmt: skip


@njit_inline
def _lane(lanes, leaf, lane):
    return (
        lanes[leaf, 0, lane], lanes[leaf, 1, lane], lanes[leaf, 2, lane],
        lanes[leaf, 3, lane], lanes[leaf, 4, lane], lanes[leaf, 5, lane],
    )  # fmt: skip


@njit_inline
def _around(x, i, reach):
    """Box round a vertex, rounded outward."""
    f, r = np.float32, reach[i]
    a, b, c = _OUTWARD * abs(x[i, 0]) + r, _OUTWARD * abs(x[i, 1]) + r, _OUTWARD * abs(x[i, 2]) + r
    return (
        f(x[i, 0] - a), f(x[i, 1] - b), f(x[i, 2] - c), f(x[i, 0] + a), f(x[i, 1] + b),
        f(x[i, 2] + c),
    )  # fmt: skip


@njit_inline
def _emit(p, q, r, s, split, out, k, count):
    if count < out.shape[1]:
        out[k, count, 0], out[k, count, 1], out[k, count, 2] = p, q, r
        out[k, count, 3], out[k, count, 4] = s, split
    return count + 1


@njit_inline
def _vertex_face(x, i, p, q, r, reach, out, k, count):
    if (p == i) | (q == i) | (r == i):
        return count
    limit = reach[i] + max(reach[p], reach[q], reach[r])
    a, b, c = face_weights(x, i, p, q, r)
    square = 0.0
    for d in range(3):
        gap = x[i, d] - a * x[p, d] - b * x[q, d] - c * x[r, d]
        square += gap * gap
    if square < limit * limit:
        return _emit(i, p, q, r, 1, out, k, count)
    return count


@njit_inline
def _edge_edge(x, p, q, r, s, reach, out, k, count):
    if (p == r) | (p == s) | (q == r) | (q == s):
        return count
    limit = max(reach[p], reach[q]) + max(reach[r], reach[s])
    t, m = close_points(x, p, q, r, s)
    square = 0.0
    for d in range(3):
        gap = (1 - t) * x[p, d] + t * x[q, d] - (1 - m) * x[r, d] - m * x[s, d]
        square += gap * gap
    if square < limit * limit:
        return _emit(p, q, r, s, 2, out, k, count)
    return count


@njit_part
def _leaf_corners(
    leaf, other, x, faces, corners, corner_ptr, reach, moved, lanes, anew, out, k, count
):  # fmt: skip
    """Corners of one leaf against the triangles of another, or of the same."""
    for at in range(corner_ptr[leaf], corner_ptr[leaf + 1]):
        i = corners[at]
        wanted = -1 if moved[i] else anew[other]
        if wanted >> _FACES == 0:
            continue
        bits = (meeting(lanes, other, _around(x, i, reach)) & wanted) >> _FACES
        while bits != 0:
            f = other * _LEAF + lowest(bits)
            bits &= bits - 1
            p, q, r = faces[f, 0], faces[f, 1], faces[f, 2]
            count = _vertex_face(x, i, p, q, r, reach, out, k, count)
    return count


@njit_spliced
def _leaf_edges(leaf, other, x, edges, edge_ptr, reach, lanes, anew, out, k, count):
    """Edges of one leaf against those of another, or of the same."""
    start = edge_ptr[other]
    for e in range(edge_ptr[leaf], edge_ptr[leaf + 1]):
        own = e - edge_ptr[leaf]
        wanted = ((1 << _FACES) - 1) & (-1 if (anew[leaf] >> own) & 1 else anew[other])
        if wanted == 0:
            continue
        bits = meeting(lanes, other, _lane(lanes, leaf, own)) & wanted
        if other == leaf:
            bits = (bits >> (own + 1)) << (own + 1)
        p, q = edges[e, 0], edges[e, 1]
        while bits != 0:
            g = start + lowest(bits)
            bits &= bits - 1
            r, s = edges[g, 0], edges[g, 1]
            count = _edge_edge(x, p, q, r, s, reach, out, k, count)
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


@njit_spliced
def _leaf_crossings(leaf, other, x, faces, lanes, out, k, count):
    """Triangles of one leaf that pierce those of another, or of the same."""
    for f in range(leaf * _LEAF, min((leaf + 1) * _LEAF, faces.shape[0])):
        own = f - leaf * _LEAF
        bits = meeting(lanes, other, _lane(lanes, leaf, _FACES + own)) >> _FACES
        if other == leaf:
            bits = (bits >> (own + 1)) << (own + 1)
        while bits != 0:
            g = other * _LEAF + lowest(bits)
            bits &= bits - 1
            if _cross(x, faces, f, g):
                count = _emit(f, g, 0, 0, 0, out, k, count)
    return count


@njit_part
def _find_pairs_part(
    k, _next, crossing, x, faces, edges, edge_ptr, corners, corner_ptr, reach, moved,
    boxes, lanes, last_leaf, anew, seeks, out,
):  # fmt: skip
    n_leaves = (boxes.shape[0] + 1) // 2
    first, last = chunk(0, n_leaves, k, N_CHUNKS)
    stack = np.zeros(64, np.int64)
    count = np.int64(0)
    for leaf in range(first, last):
        own = n_leaves - 1 + leaf
        if seeks[own] == 0:
            continue
        stack[0] = 0
        top = 1
        while top > 0:
            top -= 1
            node = stack[top]
            # Two leaves that seek find each other twice; the first one counts.
            if (seeks[node] == 2) & (last_leaf[node] < leaf):
                continue
            if _apart(boxes, own, node):
                continue
            if node < n_leaves - 1:
                stack[top], stack[top + 1] = 2 * node + 2, 2 * node + 1
                top += 2
                continue
            other = node - n_leaves + 1
            if (other < leaf) & (seeks[node] > 0):
                continue
            if crossing:
                count = _leaf_crossings(leaf, other, x, faces, lanes, out, k, count)
                continue
            count = _leaf_edges(leaf, other, x, edges, edge_ptr, reach, lanes, anew, out, k, count)
            count = _leaf_corners(
                leaf, other, x, faces, corners, corner_ptr, reach, moved, lanes, anew, out, k,
                count,
            )  # fmt: skip
            if other != leaf:
                count = _leaf_corners(
                    other, leaf, x, faces, corners, corner_ptr, reach, moved, lanes, anew, out, k,
                    count,
                )  # fmt: skip
    return count


@njit
def find_pairs(  # noqa: ANN201
    crossing, x, faces, edges, edge_ptr, corners, corner_ptr, reach, moved, boxes, lanes, last_leaf,
    anew, seeks, out, counts,
):  # fmt: skip
    """Write what is within reach of both sides, or pairs of triangles that pierce each other.

    Pairs within reach are four vertices, one of them moved, and how many are the first side;
    those that cross, two triangles. moved: (n_vertices,). out: (N_CHUNKS, room, 5); counts: found
    in each chunk, also beyond the room. The boxes are those of `refit`.
    """
    # Each part is handed its number instead of its leaves: that is where in out it writes.
    in_chunks(
        _find_pairs_part, 0, N_CHUNKS, N_CHUNKS, counts,
        (
            crossing, x, faces, edges, edge_ptr, corners, corner_ptr, reach, moved, boxes, lanes,
            last_leaf, anew, seeks, out,
        ),
    )  # fmt: skip
