"""Left and right are meshed alike: a panel that mirrors an earlier one takes over its triangles."""

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.triangulate import triangulate

_SAME_M = 1e-9


class Twins:
    """Triangulates the panels of one garment, each shape once."""

    def __init__(self) -> None:
        self._known: list[
            tuple[float, NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]
        ] = []

    def triangulate(
        self, name: str, boundary_m: NDArray[np.float64], size_m: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Triangulate the inside of a loop; see `fitting.cloth.triangulate.triangulate`.

        Raises:
            PatternError: If the loop crosses itself or is too narrow for its edges.
        """
        n = len(boundary_m)
        for known_size_m, known_m, points, triangles in self._known:
            if known_size_m != size_m or len(known_m) != n:
                continue
            for sign in (-1.0, 1.0):
                for order in (np.arange(n), -np.arange(n) % n):
                    image = known_m[order] * [sign, 1.0]
                    shift = boundary_m[0] - image[0]
                    if np.abs(image + shift - boundary_m).max() > _SAME_M:
                        continue
                    number = np.arange(len(points))
                    number[order] = np.arange(n)
                    inner = points[n:] * [sign, 1.0] + shift
                    taken = number[triangles[:, ::-1] if sign < 0 else triangles]
                    return np.concatenate([boundary_m, inner]), taken
        points, triangles = triangulate(name, boundary_m, size_m)
        self._known.append((size_m, boundary_m, points, triangles))
        return points, triangles
