"""Exact distance from points to the skin."""

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body


def distance_to_skin_m(points_m: NDArray[np.float64], body: Body) -> NDArray[np.float64]:
    """Distance to the nearest point of the surface, negative inside, shape (n_points,).

    Args:
        points_m: Where to measure, shape (n_points, 3).
        body: The body.
    """
    # The engine's tree brings numba, which a session without a drape must not load.
    from fitting.drape.sdf import build_tree, signed_distance

    return np.asarray(signed_distance(build_tree(body.vertices_m, body.faces), points_m)[0])
