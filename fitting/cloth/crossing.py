"""Which triangles cross: cloth through cloth, or cloth through the body.

Candidates come from a tree over centroids and from boxes; the test is exact up to rounding: an
edge of one triangle pierces the other. Of triangles that share one corner, an edge across from it
must; two that share an edge cannot cross.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Faces = NDArray[np.int64]
_CHUNK = 200_000


def cloth_crossings(positions_m: NDArray[np.float64], faces: Faces) -> Faces:
    """Pairs of cloth triangles that cross, shape (n_pairs, 2)."""
    corners = positions_m[faces]
    center, radius = _balls(corners)
    pairs = KDTree(center).query_pairs(2 * float(radius.max()), output_type="ndarray")
    distance = np.linalg.norm(center[pairs[:, 0]] - center[pairs[:, 1]], axis=1)
    pairs = pairs[distance <= radius[pairs[:, 0]] + radius[pairs[:, 1]]]
    same = faces[pairs[:, 0], :, None] == faces[pairs[:, 1], None, :]
    n_shared = same.sum(axis=(1, 2))
    apart, hinged = pairs[n_shared == 0], n_shared == 1
    found = (
        apart[_cross(corners, corners, apart)],
        pairs[hinged][_fold_through(corners, pairs[hinged], same[hinged])],
    )
    return np.concatenate(found)


def body_crossings(
    positions_m: NDArray[np.float64], faces: Faces, body_m: NDArray[np.float64], body_faces: Faces
) -> Faces:
    """Pairs (cloth triangle, body triangle) that cross, shape (n_pairs, 2)."""
    corners = positions_m[faces]
    # Far body triangles need neither balls nor a tree.
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    outside = np.stack([body_m < low, body_m > high], axis=1)
    beyond = outside[body_faces].all(axis=1).reshape(-1, 6).any(axis=1)
    close = np.flatnonzero(~beyond)
    skin = body_m[body_faces[close]]
    if len(close) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    center, radius = _balls(corners)
    skin_center, skin_radius = _balls(skin)
    reach_m = float(radius.max() + skin_radius.max())
    found = KDTree(center).sparse_distance_matrix(
        KDTree(skin_center), reach_m, output_type="ndarray"
    )
    near = found["v"] <= radius[found["i"]] + skin_radius[found["j"]]
    pairs = np.stack([found["i"][near], found["j"][near]], axis=1)
    pairs = pairs[_cross(corners, skin, pairs)]
    return np.stack([pairs[:, 0], close[pairs[:, 1]]], axis=1)


def _balls(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    center = corners.mean(axis=1)
    return center, np.linalg.norm(corners - center[:, None], axis=2).max(axis=1)


def _cross(
    first: NDArray[np.float64], second: NDArray[np.float64], pairs: Faces
) -> NDArray[np.bool_]:
    """Whether triangles cross, shape (n_pairs,)."""
    found = np.zeros(len(pairs), dtype=np.bool_)
    boxes = [(corners.min(axis=1).T, corners.max(axis=1).T) for corners in (first, second)]
    for start in range(0, len(pairs), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(pairs)))
        for axis in range(3):
            (low, high), (other_low, other_high) = ((a[axis], b[axis]) for a, b in boxes)
            i, j = pairs[rows].T
            rows = rows[(low[i] <= other_high[j]) & (other_low[j] <= high[i])]
        a, b = first[pairs[rows, 0]], second[pairs[rows, 1]]
        # Both must straddle the plane of the other.
        keep = _straddles(a, b) & _straddles(b, a)
        rows, a, b = rows[keep], a[keep], b[keep]
        hit = np.zeros(len(rows), dtype=np.bool_)
        for i in range(3):
            j = (i + 1) % 3
            hit |= _pierces(a[:, i], a[:, j], b) | _pierces(b[:, i], b[:, j], a)
        found[rows[hit]] = True
    return found


def _fold_through(
    corners: NDArray[np.float64], pairs: Faces, same: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether triangles that share one corner cross beside it, shape (n_pairs,)."""
    first, second = same.any(axis=2).argmax(axis=1), same.any(axis=1).argmax(axis=1)
    a, b = (
        corners[side[:, None], (corner[:, None] + np.arange(3)) % 3]
        for side, corner in zip(pairs.T, (first, second), strict=True)
    )
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    crosses = np.zeros(len(pairs), dtype=np.bool_)
    for one, other, plane in ((a, b, pairs[:, 1]), (b, a, pairs[:, 0])):
        side = ((one[:, 1:] - one[:, :1]) * normal[plane][:, None]).sum(axis=2)
        rows = np.flatnonzero(side[:, 0] * side[:, 1] < 0)
        crosses[rows] |= _pierces(one[rows, 1], one[rows, 2], other[rows])
    return crosses


def _straddles(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether corners of a lie on both sides of the plane of b."""
    normal = np.cross(b[:, 1] - b[:, 0], b[:, 2] - b[:, 0])
    side = ((a - b[:, :1]) * normal[:, None]).sum(axis=2)
    return (side.min(axis=1) < 0) & (side.max(axis=1) > 0)


def _pierces(
    start: NDArray[np.float64], stop: NDArray[np.float64], triangle: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether a segment passes through a triangle (Moeller and Trumbore 1997)."""
    edge1, edge2 = triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0]
    along = stop - start
    p = np.cross(along, edge2)
    determinant = (edge1 * p).sum(axis=1)
    safe = np.where(np.abs(determinant) < 1e-18, np.nan, determinant)
    offset = start - triangle[:, 0]
    with np.errstate(invalid="ignore"):
        u = (offset * p).sum(axis=1) / safe
        q = np.cross(offset, edge1)
        v = (along * q).sum(axis=1) / safe
        t = (edge2 * q).sum(axis=1) / safe
        return (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0) & (t <= 1)
