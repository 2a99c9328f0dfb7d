"""Lines as thin tubes, so that a picture shows how a tape lies. Metres."""

import numpy as np
from numpy.typing import NDArray

N_SIDES = 6


def line_tube(
    line_m: NDArray[np.float64], *, radius_m: float = 0.003
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A tube along a line.

    Args:
        line_m: Points, shape (n_points, 3).
        radius_m: Radius of the tube.

    Returns:
        Points (n_vertices, 3) and triangles (n_faces, 3).
    """
    start, stop = line_m[:-1], line_m[1:]
    along = stop - start
    length = np.linalg.norm(along, axis=1)
    kept = length > 1e-9
    start, stop, along = start[kept], stop[kept], along[kept] / length[kept, None]
    helper = np.where(np.abs(along[:, [1]]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    x = np.cross(helper, along)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.cross(along, x)
    angle = 2 * np.pi * np.arange(N_SIDES) / N_SIDES
    ring = radius_m * (
        np.cos(angle)[None, :, None] * x[:, None] + np.sin(angle)[None, :, None] * y[:, None]
    )
    points = np.stack([start[:, None] + ring, stop[:, None] + ring], axis=1)
    i = np.arange(N_SIDES)
    j = (i + 1) % N_SIDES
    side = np.concatenate(
        [np.stack([i, j, N_SIDES + j], axis=1), np.stack([i, N_SIDES + j, N_SIDES + i], axis=1)]
    )
    first = 2 * N_SIDES * np.arange(len(start))
    faces = (first[:, None, None] + side[None]).reshape(-1, 3)
    return points.reshape(-1, 3), faces
