"""Take measures on a body of the model's topology, in the measuring stance, with derivatives."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fitting.body.levels import LEVEL_RULES
from fitting.body.limbs import LIMB_RULES
from fitting.body.paths import PATH_RULES
from fitting.body.registry import GEOMETRIC
from fitting.body.shape import ShapeSpace
from fitting.body.taping import Edges, Measured, Taping

_RULES = LEVEL_RULES | LIMB_RULES | PATH_RULES


class Tapes:
    """Measures bodies of one topology."""

    def __init__(self, space: ShapeSpace) -> None:
        self._space, self._edges = space, Edges(space)

    def __call__(
        self, points_m: NDArray[np.float64], keys: Iterable[str] = GEOMETRIC
    ) -> dict[str, Measured]:
        """Take measures.

        Args:
            points_m: Skin and joints, shape (n_vertices + n_joints, 3).
            keys: Which; every one that a tape can take when not said.
        """
        taping = Taping(self._space, self._edges, points_m)
        return {key: _RULES[key](taping) for key in keys}
