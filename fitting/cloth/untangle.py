"""The last crossings of carried cloth: patches round them are pulled taut and lifted off the skin.

In a crease of the body cloth that follows the skin is crumpled. A taut patch, the harmonic surface
in the frame of the cloth round it, bridges the crease and does not cross itself; where it cuts
through a bulge of the body it is lifted again.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import KDTree

from fitting.cloth.crossing import body_crossings, cloth_crossings

# Rings of triangles round trouble that are pulled taut, lifts afterwards, and how much higher than
# usual, try by try.
_TRIES = (
    (1, 0, 0.0), (2, 6, 0.0), (3, 1, 0.0), (4, 6, 0.0), (6, 6, 0.0), (2, 4, 0.003), (3, 6, 0.005),
)  # fmt: skip
_N_TRIES_MIDWAY = 2
# Where the whole way is gone again, this is watched round what crossed at its end.
_N_WATCHED = 6
# Pairs that begin to cross go back by this, so often.
_PUSH_M, _N_PUSHES = 0.0008, 12
# What pokes through is cleared by this, with pushes no longer than that; neighbours follow by half.
_OUT_M, _OUT_MOST_M, _N_OUT, _FOLLOW = 0.002, 0.02, 3, 0.5
_TAUT = 0.5
# How hard a taut patch holds on to where it was, beside one edge's pull.
_STAY = 0.02

Points = NDArray[np.float64]
Rows = NDArray[np.int64]


class Lift(Protocol):
    """Brings points off the skin."""

    def __call__(self, points_m: Points, /, *, higher_m: float) -> Points:
        """Points brought off, and so much higher than usual."""
        ...


class Untangler:
    """Frees one cloth from itself and from a skin."""

    def __init__(self, faces: Rows, skin_faces: Rows) -> None:
        """Take the triangles of cloth and skin, shape (n_faces, 3) and (n_skin_faces, 3)."""
        self._faces, self._skin_faces = faces, skin_faces
        n = int(faces.max()) + 1
        edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        a, b = np.unique(edges, axis=0).T
        ones = np.ones(2 * len(a))
        self._beside = csr_array(coo_array((ones, (np.r_[a, b], np.r_[b, a])), shape=(n, n)))
        self._degree = self._beside.sum(axis=1)

    def freed(self, points_m: Points, skin_m: Points, lift: Lift) -> tuple[Points, Rows]:
        """Free what crosses, as far as it goes.

        Args:
            points_m: Cloth that hardly crosses, shape (n, 3).
            skin_m: The skin it is on, shape (n_skin, 3).
            lift: Brings points off the skin, and so much higher [m].

        Returns:
            The freed cloth, and the triangles that still cross.
        """
        whole = np.ones(len(self._faces), dtype=np.bool_)
        bad = self._crossing(points_m, skin_m, whole)
        return self._tried(points_m, skin_m, lift, bad, n_tries=len(_TRIES), n_pushes=_N_OUT)

    def relieved(
        self, points_m: Points, before_m: Points, skin_m: Points, lift: Lift, near: Rows
    ) -> Points:
        """Free cloth round some triangles as soon as it crosses, shape (n, 3).

        Args:
            points_m: Cloth that a small step brought here, shape (n, 3).
            before_m: Where it was before that step, when it crossed nothing, shape (n, 3).
            skin_m: The skin it is on, shape (n_skin, 3).
            lift: Brings points off the skin, and so much higher [m].
            near: Triangles round which to look.
        """
        watched = np.flatnonzero(self._around(near, _N_WATCHED)[self._faces].all(axis=1))
        x = points_m
        for _ in range(_N_PUSHES):
            pairs = watched[cloth_crossings(x, self._faces[watched])]
            if len(pairs) == 0:
                break
            x = self._parted(x, before_m, pairs)
        mask = np.zeros(len(self._faces), dtype=np.bool_)
        mask[watched] = True
        bad = self._crossing(x, skin_m, mask)
        # What is left now is tried again after the next step.
        return self._tried(x, skin_m, lift, bad, n_tries=_N_TRIES_MIDWAY, n_pushes=0)[0]

    def _parted(self, x: Points, before_m: Points, pairs: Rows) -> Points:
        """Push pairs of triangles back to the sides of each other where they were before."""
        (a, b), n = self._faces[pairs].transpose(1, 0, 2), len(x)
        across = np.cross(x[b[:, 1]] - x[b[:, 0]], x[b[:, 2]] - x[b[:, 0]])
        old = np.cross(before_m[b[:, 1]] - before_m[b[:, 0]], before_m[b[:, 2]] - before_m[b[:, 0]])
        gap = before_m[a].mean(axis=1) - before_m[b].mean(axis=1)
        side = np.sign((gap * old).sum(axis=1))
        step = _PUSH_M * side[:, None] * across
        step /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
        total, count = np.zeros_like(x), np.zeros(n)
        for corners, way in ((a, step), (b, -step)):
            np.add.at(total, corners.ravel(), np.repeat(way, 3, axis=0))
            np.add.at(count, corners.ravel(), 1.0)
        return x + total / np.maximum(count, 1.0)[:, None]

    def _tried(
        self, x: Points, skin_m: Points, lift: Lift, bad: Rows, *, n_tries: int, n_pushes: int
    ) -> tuple[Points, Rows]:
        """Pull taut, then push over what still pokes through."""
        for n_rings, n_lifts, higher_m in _TRIES[:n_tries]:
            if len(bad) == 0:
                return x, bad
            trial = self._taut(x, bad, n_rings, n_lifts, partial(lift, higher_m=higher_m))
            left = self._left(x, trial, skin_m, bad)
            if len(left) < len(bad):
                x, bad = trial, left
        for _ in range(n_pushes if len(bad) else 0):
            trial = self._pushed_out(x, skin_m, bad)
            x, bad = trial, self._left(x, trial, skin_m, bad)
            if len(bad) == 0:
                break
        return x, bad

    def _left(self, x: Points, trial: Points, skin_m: Points, bad: Rows) -> Rows:
        """Triangles that cross after a trial; what did not move crosses only what did."""
        moved = (trial != x).any(axis=1)[self._faces].any(axis=1)
        return np.union1d(self._crossing(trial, skin_m, moved), bad[~moved[bad]])

    def _pushed_out(self, x: Points, skin_m: Points, bad: Rows) -> Points:
        """Push triangles over what pokes through them, a fold's sharp edge say, shape (n, 3)."""
        pairs = body_crossings(x, self._faces[bad], skin_m, self._skin_faces)
        if len(pairs) == 0:
            return x
        own, skin = self._faces[bad[pairs[:, 0]]], skin_m[self._skin_faces[pairs[:, 1]]]
        # Both sides of an edge lean apart; their sum points along it.
        normal = np.cross(skin[:, 1] - skin[:, 0], skin[:, 2] - skin[:, 0])
        out = np.zeros((len(bad), 3))
        np.add.at(out, pairs[:, 0], normal)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
        way = out[pairs[:, 0]][:, None]
        top_m = (skin * way).sum(axis=2).max(axis=1, keepdims=True)
        step_m = np.clip(top_m + _OUT_M - (x[own] * way).sum(axis=2), 0.0, _OUT_MOST_M)
        pushes, longest_m = np.zeros((len(x), 3)), np.zeros(len(x))
        np.maximum.at(longest_m, own, step_m)
        i, k = np.nonzero(step_m >= longest_m[own])
        pushes[own[i, k]] = step_m[i, k, None] * way[i, 0]
        is_pushed = (pushes != 0).any(axis=1)
        count = self._beside @ is_pushed.astype(np.float64)
        beside = (self._beside @ pushes) / np.maximum(count, 1.0)[:, None]
        return x + np.where(is_pushed[:, None], pushes, _FOLLOW * beside)

    def _crossing(self, x: Points, skin_m: Points, moved: NDArray[np.bool_]) -> Rows:
        """Triangles that cross skin or cloth, where some have moved."""
        some = np.flatnonzero(moved)
        if len(some) == 0:
            return some
        close = some if len(some) == len(moved) else self._beside_faces(x, some)
        cloth = close[np.unique(cloth_crossings(x, self._faces[close]))]
        skin = body_crossings(x, self._faces[some], skin_m, self._skin_faces)[:, 0]
        return np.union1d(cloth, some[np.unique(skin)])

    def _beside_faces(self, x: Points, some: Rows) -> Rows:
        """Triangles so near to some that they may cross them, those included."""
        corners = x[self._faces]
        center = corners.mean(axis=1)
        radius_m = np.sqrt(((corners - center[:, None]) ** 2).sum(axis=2).max())
        distance, _ = KDTree(center[some]).query(center, distance_upper_bound=2 * radius_m)
        return np.flatnonzero(np.isfinite(distance))

    def _around(self, faces: Rows, n_rings: int) -> NDArray[np.bool_]:
        """Vertices within some rings of triangles, shape (n,)."""
        inside = np.zeros(len(self._degree))
        inside[self._faces[faces]] = 1.0
        for _ in range(n_rings):
            inside = np.minimum(1.0, inside + self._beside @ inside)
        return inside > 0

    def _taut(
        self, x: Points, bad: Rows, n_rings: int, n_lifts: int, lift: Callable[[Points], Points]
    ) -> Points:
        """Pull the surroundings of triangles taut, then lift them off the skin, shape (n, 3)."""
        inside = self._around(bad, n_rings)
        free, fixed = np.flatnonzero(inside), np.flatnonzero(~inside)
        L = csr_array(diags_array(self._degree) - self._beside)[free]
        matrix = csc_array(L[:, free] + _STAY * diags_array(np.ones(len(free))))
        right = _STAY * x[free] - L[:, fixed] @ x[fixed]
        x = x.copy()
        x[free] = splu(matrix).solve(np.asarray(right))
        for _ in range(n_lifts):
            x[free] = lift(x)[free]
            mean = (self._beside @ x)[free] / self._degree[free, None]
            x[free] += _TAUT * (mean - x[free])
        if n_lifts:
            x[free] = lift(lift(x))[free]
        return x
