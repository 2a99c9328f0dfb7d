"""Carry cloth with a body that moves from stance to stance: layers keep their order.

Each point goes with the skin beside it. Between two parts of the body (arm and trunk, thigh and
thigh) it goes with both, by its share of the way across, so that a gap that closes presses its
layers evenly. A map of space that is smooth and keeps its order cannot make cloth cross cloth.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from fitting.body.rig import Rig
from fitting.body.touch import Stance, is_flesh, parts_of, quick_tree

_N_NEAR = 6
_N_BESIDE = 3
_SOFT_M = 0.005
# Another part of the body counts from the first distance on, fully at the second.
_FAR_M, _CLOSE_M = 0.055, 0.025
# Cloth stays off the skin of its own part by this and the height of a triangle's chord over a
# limb, within bounds; a step brings it back by so much.
_KEEP_M, _KEEP_LEAST_M, _KEEP_MOST_M = 0.003, 0.004, 0.006
_LIMB_RADIUS_M = 0.045
_BACK_M = 0.004
_N_LIFTS = 2
# Between a hand and the body cloth keeps so much off its own skin, and more off the fingers.
_KEEP_SQUEEZED_M, _FIRM_MOST_M, _N_ROUNDS = 0.0015, 0.008, 4
_BESIDE_FIRM_M, _FINGER_RADIUS_M = 0.02, 0.010

Points = NDArray[np.float64]
Rows = NDArray[np.int64]


class Carrier:
    """Points on their way through stances.

    Attributes:
        points_m: Where they are, shape (n, 3); in the frame of the rig, which holds the pelvis.
    """

    def __init__(self, points_m: Points, rig: Rig, start: Stance, *, edge_length_m: float) -> None:
        """Take hold of points round a first stance, corners of triangles of an edge length."""
        chord_m = edge_length_m**2 / (8 * _LIMB_RADIUS_M)
        self._keep_own_m = min(max(_KEEP_M + chord_m, _KEEP_LEAST_M), _KEEP_MOST_M)
        self._keep_firm_m = min(_KEEP_M + edge_length_m**2 / (8 * _FINGER_RADIUS_M), _FIRM_MOST_M)
        self._keep_m = np.full(len(points_m), self._keep_own_m)
        self._rig, self._part, self._is_firm = rig, parts_of(rig), ~is_flesh(rig)
        self._first_m = self.points_m = points_m
        self._start = self._here = _Surface(start, self._part, points_m)
        self._first_near = self._near = self._here.nearest(points_m)
        least = np.full(len(points_m), np.inf)
        self._own = np.zeros(len(points_m), dtype=np.int64)
        for k, (chosen, near) in self._near.items():
            to_part = _distance(points_m[chosen, None], start.vertices_m[near[:, :1]])[:, 0]
            nearer = to_part < least[chosen]
            least[chosen[nearer]], self._own[chosen[nearer]] = to_part[nearer], k

    def rewind(self) -> None:
        """Go back to the first stance."""
        self._here, self._near, self.points_m = self._start, self._first_near, self._first_m
        self._keep_m = np.full(len(self._first_m), self._keep_own_m)

    def follow(self, stances: Sequence[Stance]) -> None:
        """Move on, from stance to stance a few degrees further."""
        for stance in stances:
            x = _moved(self.points_m, self._rig, self._near, self._here.stance, stance)
            self._here = _Surface(stance, self._part, x)
            self._near = self._here.nearest(x)
            firm = self._beside_firm(x, stance)
            for _ in range(_N_ROUNDS if firm else 1):
                for rows, near in firm:
                    self._lift(x, rows, near, stance, np.full(len(rows), self._keep_firm_m))
                for k, (chosen, near) in self._near.items():
                    own = self._own[chosen] == k
                    rows = chosen[own]
                    self._lift(x, rows, near[own], stance, self._keep_m[rows])
            self.points_m = x

    def _beside_firm(self, x: Points, stance: Stance) -> list[tuple[Rows, Rows]]:
        """Points beside hands and feet, which nothing else holds away, and the skin there.

        They come nearer to their own skin, so that both have room.
        """
        self._keep_m, found = np.full(len(x), self._keep_own_m), []
        for k, (chosen, near) in self._near.items():
            firm = (self._own[chosen] != k) & self._is_firm[near[:, 0]]
            firm[firm] = (
                _distance(x[chosen[firm]], stance.vertices_m[near[firm, 0]]) < _BESIDE_FIRM_M
            )
            if firm.any():
                found.append((chosen[firm], near[firm]))
                self._keep_m[chosen[firm]] = _KEEP_SQUEEZED_M
        return found

    @staticmethod
    def _lift(x: Points, rows: Rows, near: Rows, stance: Stance, keep_m: Points) -> None:
        """Bring points off the skin beside them, in place."""
        for _ in range(_N_LIFTS if len(rows) else 0):
            x[rows] = _lifted(x[rows], stance, near[:, :_N_BESIDE], keep_m)

    def lifted(self, points_m: Points, /, *, higher_m: float = 0.0) -> Points:
        """Points brought off the skin of the part that each was nearest to at first.

        Args:
            points_m: Shape (n, 3).
            higher_m: By how much more than usual.
        """
        lifted = points_m.copy()
        for k, tree in self._here.trees.items():
            rows = np.flatnonzero(self._own == k)
            if len(rows):
                beside = self._here.rows[k][tree.query(points_m[rows], k=_N_BESIDE)[1]]
                keep_m = self._keep_m[rows] + higher_m
                lifted[rows] = _lifted(points_m[rows], self._here.stance, beside, keep_m)
        return lifted


class _Surface:
    """Skin of one stance, part by part, as far as points may come near it."""

    def __init__(self, stance: Stance, part: Rows, points_m: Points) -> None:
        self.stance = stance
        low, high = points_m.min(axis=0) - 3 * _FAR_M, points_m.max(axis=0) + 3 * _FAR_M
        around = ((stance.vertices_m > low) & (stance.vertices_m < high)).all(axis=1)
        rows = {k: np.flatnonzero((part == k) & around) for k in range(int(part.max()) + 1)}
        self.rows = {k: r for k, r in rows.items() if len(r) >= _N_NEAR}
        self.trees = {k: quick_tree(stance.vertices_m[r]) for k, r in self.rows.items()}

    def nearest(self, points_m: Points) -> dict[int, tuple[Rows, Rows]]:
        """Points within `_FAR_M` of each part, (n_near,), and its nearest skin, (n_near, _N_NEAR).

        A point that is near no part counts for all of them.
        """
        found = {
            k: tree.query(points_m, k=_N_NEAR, distance_upper_bound=_FAR_M)
            for k, tree in self.trees.items()
        }
        close = {k: np.isfinite(distance[:, 0]) for k, (distance, _) in found.items()}
        lonely = np.flatnonzero(~np.any(list(close.values()), axis=0))
        near = {}
        for k, (distance, index) in found.items():
            chosen, nearby = np.flatnonzero(close[k]), np.asarray(index)
            # Where fewer than all lie in reach, the nearest stands for the others.
            reached = np.where(np.isfinite(distance[chosen]), nearby[chosen], nearby[chosen, :1])
            if len(lonely):
                _, far = self.trees[k].query(points_m[lonely], k=_N_NEAR)
                chosen, reached = np.r_[chosen, lonely], np.concatenate([reached, far])
            near[k] = chosen, self.rows[k][reached]
        return near


def _distance(a: Points, b: Points) -> Points:
    return np.sqrt(((a - b) ** 2).sum(axis=-1))


def _lifted(points_m: Points, stance: Stance, beside: Rows, keep_m: Points) -> Points:
    """Points brought off the skin beside them, rows of which have shape (n, k); shape (n, 3)."""
    normal = stance.normals[beside]
    offset = points_m[:, None] - stance.vertices_m[beside]
    height = (offset * normal).sum(axis=2)
    weight = 1 / (np.sqrt((offset**2).sum(axis=2)) + 1e-4) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    out = (weight[..., None] * normal).sum(axis=1)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    missing = np.clip(keep_m - (weight * height).sum(axis=1), 0.0, _BACK_M)
    return points_m + missing[:, None] * out


def _moved(
    points_m: Points, rig: Rig, near: dict[int, tuple[Rows, Rows]], old: Stance, new: Stance
) -> Points:
    """One step: a mean of the motions of the skin near each point, shape (n, 3)."""
    turns = np.stack([new.rotations[n] @ old.rotations[n].T for n in rig.joint_names])
    R = (rig.weights @ turns.reshape(len(turns), 9)).reshape(-1, 3, 3).astype(np.float64)
    shift = new.vertices_m - np.einsum("nij,nj->ni", R, old.vertices_m)
    motion = np.concatenate([R.reshape(-1, 9), shift], axis=1)
    apart = {k: _distance(points_m[i, None], old.vertices_m[rows]) for k, (i, rows) in near.items()}
    nearest = np.full(len(points_m), np.inf)
    for k, (chosen, _) in near.items():
        nearest[chosen] = np.minimum(nearest[chosen], apart[k].min(axis=1))
    shares, points, skin = [], [], []
    for k, (chosen, rows) in near.items():
        here = apart[k].min(axis=1)
        reach = np.clip((_FAR_M - here) / (_FAR_M - _CLOSE_M), 0.0, 1.0)
        reach = np.where(here <= nearest[chosen], 1.0, reach * reach * (3 - 2 * reach))
        share = 1 / (apart[k] + _SOFT_M) ** 2
        share *= (reach / (here + 1e-4) / share.sum(axis=1))[:, None]
        shares.append(share.ravel())
        points.append(np.repeat(chosen, rows.shape[1]))
        skin.append(rows.ravel())
    where = (np.concatenate(points), np.concatenate(skin))
    shape = (len(points_m), len(motion))
    weights = csr_array(coo_array((np.concatenate(shares), where), shape=shape))
    mean = weights @ motion / weights.sum(axis=1)[:, None]
    return np.einsum("nij,nj->ni", mean[:, :9].reshape(-1, 3, 3), points_m) + mean[:, 9:]
