"""Carry cloth with a body that moves from stance to stance: layers keep their order.

Each point goes with the skin beside it. Between two parts of the body (arm and trunk, thigh and
thigh) it goes with both, by its share of the way across, so that a gap that closes presses its
layers evenly. A map of space that is smooth and keeps its order cannot make cloth cross cloth.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fitting.body.rig import Rig
from fitting.body.touch import Stance, parts_of, quick_tree

_N_NEAR = 6
_SOFT_M = 0.005
# Another part of the body counts from the first distance on, fully at the second.
_FAR_M, _CLOSE_M = 0.055, 0.025
# Cloth stays off the skin of its own part by this and the height of a triangle's chord over a
# limb, within bounds; a step brings it back by so much.
_KEEP_M, _KEEP_LEAST_M, _KEEP_MOST_M = 0.003, 0.004, 0.006
_LIMB_RADIUS_M = 0.045
_BACK_M = 0.004
_N_LIFTS = 2

Points = NDArray[np.float64]


class Carrier:
    """Points on their way through stances.

    Attributes:
        points_m: Where they are, shape (n, 3); in the frame of the rig, which holds the pelvis.
    """

    def __init__(self, points_m: Points, rig: Rig, start: Stance, *, edge_length_m: float) -> None:
        """Take hold of points round a first stance, corners of triangles of an edge length."""
        chord_m = edge_length_m**2 / (8 * _LIMB_RADIUS_M)
        self._keep_m = min(max(_KEEP_M + chord_m, _KEEP_LEAST_M), _KEEP_MOST_M)
        self._rig, self._part = rig, parts_of(rig)
        self._start = self._here = _Surface(start, self._part, points_m)
        distance = [found[:, 0] for found, _ in self._here.nearest(points_m)]
        self._own = np.array(self._here.parts)[np.argmin(distance, axis=0)]
        self._first_m = self.points_m = points_m

    def rewind(self) -> None:
        """Go back to the first stance."""
        self._here, self.points_m = self._start, self._first_m

    def follow(self, stances: Sequence[Stance]) -> None:
        """Move on, from stance to stance a few degrees further."""
        for stance in stances:
            after = _Surface(stance, self._part, self.points_m)
            self.points_m = _moved(self.points_m, self._rig, self._here, after)
            self._here = after
            for _ in range(_N_LIFTS):
                self.points_m = self.lifted(self.points_m)

    def lifted(self, points_m: Points) -> Points:
        """Points brought off the skin of the part that each was nearest to at first."""
        return self._here.lifted(points_m, self._own, self._keep_m)


class _Surface:
    """Skin of one stance, part by part, as far as points may come near it."""

    def __init__(self, stance: Stance, part: NDArray[np.int64], points_m: Points) -> None:
        self.stance = stance
        low, high = points_m.min(axis=0) - 3 * _FAR_M, points_m.max(axis=0) + 3 * _FAR_M
        around = ((stance.vertices_m > low) & (stance.vertices_m < high)).all(axis=1)
        rows = [np.flatnonzero((part == k) & around) for k in range(int(part.max()) + 1)]
        self.rows = [r for r in rows if len(r) >= _N_NEAR]
        self.parts = [k for k, r in enumerate(rows) if len(r) >= _N_NEAR]
        self._trees = [quick_tree(stance.vertices_m[r]) for r in self.rows]

    def nearest(self, points_m: Points) -> list[tuple[Points, NDArray[np.int64]]]:
        """Distances and vertices of the nearest skin of each part, each shape (n, _N_NEAR).

        Beyond `_FAR_M` a distance is infinite, unless no part is nearer to the point.
        """
        found = [
            tree.query(points_m, k=_N_NEAR, distance_upper_bound=_FAR_M) for tree in self._trees
        ]
        lonely = np.flatnonzero(np.isinf([distance[:, 0] for distance, _ in found]).all(axis=0))
        near = []
        for (distance, index), tree, rows in zip(found, self._trees, self.rows, strict=True):
            far, nearest = np.asarray(distance), np.asarray(index)
            if len(lonely):
                far[lonely], nearest[lonely] = tree.query(points_m[lonely], k=_N_NEAR)
            near.append((far, rows[np.minimum(nearest, len(rows) - 1)]))
        return near

    def lifted(self, points_m: Points, own: NDArray[np.int64], keep_m: float) -> Points:
        """Points brought off the skin of their own part, shape (n, 3)."""
        lifted = points_m.copy()
        for k, part in enumerate(self.parts):
            chosen = np.flatnonzero(own == part)
            if not len(chosen):
                continue
            distance, near = self._trees[k].query(points_m[chosen], k=3)
            near = self.rows[k][near]
            normal = self.stance.normals[near]
            offset = points_m[chosen][:, None] - self.stance.vertices_m[near]
            height = (offset * normal).sum(axis=2)
            weight = 1 / (distance + 1e-4) ** 2
            weight /= weight.sum(axis=1, keepdims=True)
            out = (weight[..., None] * normal).sum(axis=1)
            out /= np.linalg.norm(out, axis=1, keepdims=True)
            missing = np.clip(keep_m - (weight * height).sum(axis=1), 0.0, _BACK_M)
            lifted[chosen] += missing[:, None] * out
        return lifted


def _moved(points_m: Points, rig: Rig, before: _Surface, after: _Surface) -> Points:
    """One step, shape (n, 3)."""
    old, new = before.stance, after.stance
    turns = np.stack([new.rotations[n] @ old.rotations[n].T for n in rig.joint_names])
    blended = (rig.weights @ turns.reshape(len(turns), 9)).reshape(-1, 3, 3).astype(np.float64)
    total, weights = np.zeros_like(points_m), np.zeros(len(points_m))
    found = before.nearest(points_m)
    nearest = np.min([distance[:, 0] for distance, _ in found], axis=0)
    for distance, near in found:
        chosen = np.flatnonzero(np.isfinite(distance[:, 0]))
        to_part, rows = distance[chosen], near[chosen]
        offset = points_m[chosen][:, None] - old.vertices_m[rows]
        moved = new.vertices_m[rows] + np.einsum("nkij,nkj->nki", blended[rows], offset)
        # Beyond the reach a distance is infinite, and weighs nothing.
        share = 1 / (to_part + _SOFT_M) ** 2
        mean = (share[..., None] * moved).sum(axis=1) / share.sum(axis=1)[:, None]
        here = to_part[:, 0]
        reach = np.clip((_FAR_M - here) / (_FAR_M - _CLOSE_M), 0.0, 1.0)
        reach = np.where(here <= nearest[chosen], 1.0, reach * reach * (3 - 2 * reach))
        weight = reach / (here + 1e-4)
        total[chosen] += weight[:, None] * mean
        weights[chosen] += weight
    return total / weights[:, None]
