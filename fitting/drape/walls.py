"""The second wall of a crease: cloth between two parts of the skin is pushed by both.

A vertex knows one plane, that of its closest point. In a crease the closest point passes from one
wall to the other and back, and no balance is ever found. So the plane that it left stays, as long
as the vertex stays near, and its push adds to the other's.
"""

import numpy as np
from numpy.typing import NDArray

_TURN = 0.97  # cosine of the turn from which on a new plane is another wall
_NEAR_M = 1e-2  # a wall may be taken for a plane for so long a way,
_BENT_M = 3e-4  # and while no more of it than this lies nearer than the skin
_TOUCH_M = 1e-6
_OPPOSITE = -0.5  # cosine from which on walls face each other: cloth lies in the middle
_LEAST = 0.3  # share of its offset that cloth keeps even there

Numbers = NDArray[np.float64]


class Walls:
    """Second planes of those vertices that have one, in the rows of the engine.

    Attributes:
        rows: Vertices, shape (n_walls,).
    """

    def __init__(self) -> None:
        """Start without any."""
        self.clear()

    def clear(self) -> None:
        """Forget all walls."""
        self.rows = np.zeros(0, dtype=np.int64)
        self._phi, self._normal, self._origin = np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3))

    def remember(
        self, x: Numbers, pushed: NDArray[np.bool_], before: tuple[Numbers, Numbers, Numbers],
        after: tuple[Numbers, Numbers],
    ) -> None:  # fmt: skip
        """Keep planes that pushed and were left for another wall; drop those that are far.

        Args:
            x: Positions, shape (n_vertices, 3).
            pushed: Whether the plane before pushed, shape (n_vertices,).
            before: Distance, normal and origin of the planes before.
            after: Distance and normal of the planes now.
        """
        phi, normal, origin = before
        turned = np.flatnonzero(pushed & ((normal * after[1]).sum(axis=1) < _TURN))
        gap = phi[turned] + (normal[turned] * (x[turned] - origin[turned])).sum(axis=1)
        # Round a ridge the plane that was left lies nearer than the skin: that is no wall.
        crease = turned[gap > after[0][turned] - _TOUCH_M]
        near = np.linalg.norm(x[self.rows] - self._origin, axis=1) < _NEAR_M
        real = self._gap(x) > after[0][self.rows] - _BENT_M
        stays = near & real & ~np.isin(self.rows, turned)
        self.rows = np.r_[self.rows[stays], crease]
        self._phi = np.r_[self._phi[stays], phi[crease]]
        self._normal = np.concatenate([self._normal[stays], normal[crease]])
        self._origin = np.concatenate([self._origin[stays], origin[crease]])

    def make_room(
        self, x: Numbers, now: tuple[Numbers, Numbers], offset: Numbers, rest: Numbers
    ) -> None:
        """Lower the offset of vertices between walls that face each other, in place.

        now: Distance and normal of the planes now. rest: Offsets of cloth that nothing lifts.
        """
        (phi, normal), r = now, self.rows
        facing = (self._normal * normal[r]).sum(axis=1) < _OPPOSITE
        middle = 0.5 * (phi[r] + self._gap(x))
        wanted = np.maximum(np.minimum(offset[r], middle), _LEAST * rest[r])
        offset[r] = np.where(facing, wanted, offset[r])

    def _gap(self, x: Numbers) -> Numbers:
        return self._phi + (self._normal * (x[self.rows] - self._origin)).sum(axis=1)

    def force_n(self, x: Numbers, offset: Numbers, stiffness: Numbers) -> Numbers:
        """Push of each wall, shape (n_walls,)."""
        return stiffness[self.rows] * np.maximum(offset[self.rows] - self._gap(x), 0.0)

    def energy(self, x: Numbers, offset: Numbers, stiffness: Numbers) -> float:
        """Energy of all [J]."""
        k = stiffness[self.rows]
        return float((0.5 * self.force_n(x, offset, stiffness) ** 2 / k).sum())

    def assemble(
        self, x: Numbers, offset: Numbers, stiffness: Numbers, gradient: Numbers, own: Numbers
    ) -> None:
        """Add gradient [N] and own blocks [N/m] in place."""
        force = self.force_n(x, offset, stiffness)
        gradient[self.rows] -= force[:, None] * self._normal
        on = np.where(force > 0, stiffness[self.rows], 0.0)
        a, b, c = self._normal.T
        own[self.rows] += on[:, None] * np.stack([a * a, a * b, a * c, b * b, b * c, c * c], axis=1)
