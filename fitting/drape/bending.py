"""Bending energy from a quadratic fit over each triangle and its three flaps.

The fit is linear in the positions, so the energy is quadratic with one constant matrix that is
the same for x, y and z. Flaps are unfolded with the neighbour's own flat shape, which works
across seams, where the two sides have different pattern coordinates.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_RCOND = 1e-3  # below it a flap direction carries no curvature information
_N_PASSES = 3  # a corner triangle may need two hands to reach a full neighbour


def find_flaps(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the neighbour across each edge.

    Args:
        faces: Vertex indices, shape (n_faces, 3).

    Returns:
        Half edge (3 x face + side) on the other side of half edge 3 x face + side, or -1 on the
        border, shape (n_faces, 3).
    """
    n_vertices = int(faces.max()) + 1
    tail, head = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    key = np.minimum(tail, head) * n_vertices + np.maximum(tail, head)
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    first = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    count = np.diff(np.r_[first, len(ranked)])
    pairs = first[count == 2]
    other = np.full(len(key), -1, dtype=np.int64)
    other[order[pairs]], other[order[pairs + 1]] = order[pairs + 1], order[pairs]
    return other.reshape(-1, 3)


def bending_matrix(
    faces: NDArray[np.int64],
    rest_uv_m: NDArray[np.float64],
    stiffness_n_m: NDArray[np.float64],
    n_vertices: int,
) -> sparse.csr_matrix:
    """Assemble the constant bending stiffness.

    Args:
        faces: Vertex indices, shape (n_faces, 3).
        rest_uv_m: Flat corners, u along warp, shape (n_faces, 3, 2).
        stiffness_n_m: Warp, weft and twist bending stiffness per face, shape (n_faces, 3).
        n_vertices: Number of vertices.

    Returns:
        Symmetric matrix Q with energy ``sum over x, y, z of 1/2 x' Q x``, shape
        (n_vertices, n_vertices) [N/m].
    """
    edges = np.diff(rest_uv_m, axis=1)
    area = 0.5 * np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
    operator, vertices, full = _curvature_operator(faces, rest_uv_m, area)
    weight = _share_area(area, full, find_flaps(faces))
    per_curvature = stiffness_n_m * np.array([1.0, 1.0, 4.0]) * weight[:, None]
    local = (operator * per_curvature[:, :, None]).transpose(0, 2, 1) @ operator
    rows = np.repeat(vertices, 6, axis=1).ravel()
    columns = np.tile(vertices, (1, 6)).ravel()
    matrix = sparse.coo_matrix((local.ravel(), (rows, columns)), shape=(n_vertices, n_vertices))
    return sparse.csr_matrix(matrix)


def _curvature_operator(
    faces: NDArray[np.int64], rest_uv_m: NDArray[np.float64], area: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return weights (n_faces, 3, 6) giving (k_u, k_v, k_uv) [1/m], vertices, and full faces."""
    other = find_flaps(faces)
    has = other >= 0
    scale = np.sqrt(area)[:, None, None]
    uv = (rest_uv_m - rest_uv_m.mean(axis=1, keepdims=True)) / scale
    flap_vertex = faces.ravel()[(other // 3) * 3 + (other % 3 + 2) % 3]
    # A fold onto itself has the same third corner on both sides and no curvature to measure.
    has &= flap_vertex != np.roll(faces, 1, axis=1)
    flap_uv = _unfold(faces, rest_uv_m, uv, other, scale)
    corners = np.concatenate([uv, np.ones((len(faces), 3, 1))], axis=2)
    target = np.concatenate([flap_uv, np.ones((len(faces), 3, 1))], axis=2)
    lam = target @ np.linalg.inv(corners)
    quad = _quadratics(flap_uv) - lam @ _quadratics(uv)
    quad[~has] = 0.0
    inverse = _pseudo_inverse(quad)
    to_flaps = np.concatenate([-lam, np.broadcast_to(np.eye(3), lam.shape)], axis=2)
    to_flaps = np.where(has[:, :, None], to_flaps, 0.0)
    operator = (inverse @ to_flaps)[:, [0, 2, 1]] / scale**2
    vertices = np.concatenate([faces, np.where(has, flap_vertex, faces)], axis=1)
    return operator, vertices, has.all(axis=1)


def _pseudo_inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pseudo-inverses of (n, 3, 3); those that are far from singular are plain ones, cheaply."""
    a, b, c = matrix[:, 0], matrix[:, 1], matrix[:, 2]
    columns = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=2)
    det = np.einsum("nk,nk->n", a, columns[:, :, 0])
    # Least over largest singular value is at least 2 |det| over the cube of the norm.
    good = 2 * np.abs(det) > _RCOND * np.sqrt((matrix**2).sum(axis=(1, 2))) ** 3
    inverse = columns / np.where(good, det, 1.0)[:, None, None]
    inverse[~good] = np.linalg.pinv(matrix[~good], rcond=_RCOND)
    return inverse


def _unfold(
    faces: NDArray[np.int64],
    rest_uv_m: NDArray[np.float64],
    uv: NDArray[np.float64],
    other: NDArray[np.int64],
    scale: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Lay the neighbour's third corner off on this triangle's edge, shape (n_faces, 3, 2)."""
    face, side = other // 3, other % 3
    tail, head = rest_uv_m[face, side], rest_uv_m[face, (side + 1) % 3]
    apex = rest_uv_m[face, (side + 2) % 3]
    # The neighbour runs the shared edge backwards unless one of the two was turned over.
    same = faces.ravel()[3 * face + side] == faces
    first = np.where(same[:, :, None], tail, head)
    along = np.where(same[:, :, None], head, tail) - first
    length2 = np.maximum((along**2).sum(axis=2), 1e-30)
    fraction = ((apex - first) * along).sum(axis=2) / length2
    cross = along[..., 0] * (apex - first)[..., 1] - along[..., 1] * (apex - first)[..., 0]
    height = np.abs(cross) / np.sqrt(length2) / scale[:, :, 0]
    a, b, c = uv, np.roll(uv, -1, axis=1), np.roll(uv, -2, axis=1)
    edge = b - a
    normal = np.stack([edge[..., 1], -edge[..., 0]], axis=2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    normal *= -np.sign(((c - a) * normal).sum(axis=2, keepdims=True))
    return a + fraction[:, :, None] * edge + height[:, :, None] * normal


def _quadratics(points: NDArray[np.float64]) -> NDArray[np.float64]:
    u, v = points[..., 0], points[..., 1]
    return np.stack([u**2 / 2, u * v, v**2 / 2], axis=-1)


def _share_area(
    area: NDArray[np.float64], full: NDArray[np.bool_], other: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give the area of triangles that lack a flap to neighbours that have all three."""
    n = len(area)
    giver, side = np.nonzero(other >= 0)
    touches = sparse.csr_matrix((np.ones(len(giver)), (giver, other[giver, side] // 3)), (n, n))
    taken = sparse.csr_matrix(sparse.diags(full.astype(np.float64)))
    for _ in range(_N_PASSES):
        missing = np.asarray(taken.sum(axis=1)).ravel() == 0
        if not missing.any():
            break
        reach = sparse.csr_matrix(sparse.diags(missing.astype(np.float64)) @ touches @ taken)
        total = np.asarray(reach.sum(axis=1)).ravel()
        share = np.divide(1.0, total, where=total > 0, out=np.zeros(n))
        taken = sparse.csr_matrix(taken + sparse.diags(share) @ reach)
    missing = np.asarray(taken.sum(axis=1)).ravel() == 0
    return taken.T @ area + np.where(missing, area, 0.0)
