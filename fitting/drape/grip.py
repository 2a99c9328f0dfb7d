"""What friction on the skin pulls to: where the garment was placed, or where it last stuck.

Coulomb friction leaves many rests, and the way to rest chooses one: a solver's way, not a wearer's.
While a garment comes to rest, friction therefore pulls to where its start lies on the skin, with a
force that grows with the distance up to the coefficient times the normal force. That has one rest
where plain friction has many. Once it is found, anchors are put where the same forces act at the
plain slip, so cloth stays where it is, and sticks or slides from there as ever.
"""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.contact import move_anchors
from fitting.drape.sdf import DistanceTree, nearest

_KEPT = 0.9  # share of the last step's grip, where it rises

Points = NDArray[np.float64]
Numbers = NDArray[np.float64]


class Grip:
    """How friction on the skin holds to its anchors, which change in place.

    Attributes:
        slip_m: Displacement from its anchor at which a vertex mobilises friction fully.
        placed: Whether anchors are where the garment was placed, and stay there.
    """

    def __init__(self, friction: Numbers, *, slip_m: float) -> None:
        """Take coefficients, shape (n_vertices,), and the slip of plain friction."""
        self.slip_m, self.placed = slip_m, False
        self._friction, self._slip_plain_m = friction, slip_m
        self._felt: Numbers | None = None

    def place(
        self, tree: DistanceTree, x: Points, anchor: Points, offset_m: Numbers, *, reach_m: float
    ) -> None:
        """Put anchors where x (n_vertices, 3) lies on the skin, fully mobilised at reach_m."""
        gap, normal, _ = nearest(tree, x, np.zeros(len(x), dtype=np.int64))
        anchor[:] = x - (gap - offset_m)[:, None] * normal
        self.slip_m, self.placed, self._felt = reach_m, True, None

    def let_go(self, x: Points, normal: Points, anchor: Points) -> None:
        """Go on with plain friction from the forces that act now; nothing where not placed."""
        if not self.placed:
            return
        gone = x - anchor
        gone -= (gone * normal).sum(axis=1)[:, None] * normal
        length = np.linalg.norm(gone, axis=1)
        share = self._slip_plain_m / np.maximum(length, self.slip_m)
        anchor[:] = x - share[:, None] * gone
        self.slip_m, self.placed, self._felt = self._slip_plain_m, False, None

    def feel(self, force_n: Numbers) -> None:
        """Take note of the normal forces (n_vertices,) that a step starts with."""
        if self.placed:
            now = self._friction * force_n
            if self._felt is not None:
                # It rises slowly: cloth that lands hits the skin with many times its weight.
                now = np.minimum(now, _KEPT * self._felt + (1 - _KEPT) * now)
            self._felt = now

    def limit_n(self, force_n: Numbers) -> Numbers:
        """Largest friction force of every vertex, shape (n_vertices,)."""
        return self._friction * force_n if self._felt is None else self._felt

    def follow(self, x: Points, force_n: Numbers, normal: Points, anchor: Points) -> None:
        """Let anchors follow where the cloth slid or left the body."""
        if not self.placed:
            move_anchors(x, force_n, normal, anchor, self.slip_m)
