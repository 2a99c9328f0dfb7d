"""The skin as an obstacle: height of points above it, and which way is out."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fitting.body.body import Body


class Skin:
    """Distance to a body by its nearest vertices; exact enough for a gap of a centimetre."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.normals = vertex_normals(body.vertices_m, body.faces)
        self._tree = KDTree(body.vertices_m)

    def height_m(
        self, points_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Height above the skin, negative inside, shape (n,), and the way out, shape (n, 3)."""
        distance, near = (np.asarray(x) for x in self._tree.query(points_m, k=3))
        offset = points_m[:, None] - self.body.vertices_m[near]
        height = (offset * self.normals[near]).sum(axis=2)
        # Nearer vertices count more; a point on one of them counts alone.
        weight = 1 / (distance + 1e-4) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        out = (weight[..., None] * self.normals[near]).sum(axis=1)
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        # Points beyond a convex edge are farther away than any of the tangent planes says.
        mean = (weight * height).sum(axis=1)
        outside = (height > 0).all(axis=1)
        return np.where(outside, np.maximum(mean, 0.8 * distance[:, 0]), mean), out

    def nearest(self, points_m: NDArray[np.float64], k: int) -> tuple[
        NDArray[np.float64], NDArray[np.int64]
    ]:  # fmt: skip
        """Distances and rows of the k nearest skin vertices, each shape (n, k)."""
        distance, near = self._tree.query(points_m, k=k)
        return np.asarray(distance), np.asarray(near)


def vertex_normals(
    vertices_m: NDArray[np.float64], faces: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Unit normals, area weighted, shape (n_vertices, 3)."""
    corners = vertices_m[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices_m)
    for axis in range(3):
        for i in range(3):
            normals[:, axis] += np.bincount(
                faces[:, i], face_normals[:, axis], minlength=len(vertices_m)
            )
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
