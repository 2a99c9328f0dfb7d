"""What is known of the planes between cloth and body, for whoever computes them."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Planes(Protocol):
    """Planes between cloth and body, and what is needed to refresh them; an engine is one.

    Attributes:
        phi: Distance at ``origin``, shape (n_vertices,) [m].
        normal: Its gradient, shape (n_vertices, 3).
        origin: Where the vertex was when asked, shape (n_vertices, 3) [m].
        hint: Closest triangle in tree order, shape (n_vertices,).
        fresh: Whether to ask in any case, shape (n_vertices,).
        held_m: Vertices keep their plane while they move less, shape (n_vertices,).
        reach_m: Vertices that cannot have come so near are left alone.
    """

    phi: NDArray[np.float64]
    normal: NDArray[np.float64]
    origin: NDArray[np.float64]
    hint: NDArray[np.int64]
    fresh: NDArray[np.bool_]
    held_m: NDArray[np.float64]
    reach_m: float
