"""Cloth against cloth: a soft layer, and a step that cannot pass through.

Every vertex-triangle and edge-edge pair that could meet in this step gets the plane between its
closest points. A push acts inside the layer; each step is then cut so that both sides stay on
their side of the plane. An intersection-free start stays so.

The list of pairs outlives the step: it holds while no vertex has moved beyond the reach with
which the list was made.
"""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.facetree import build_face_tree, find_pairs, refit
from fitting.drape.jit import N_CHUNKS
from fitting.drape.linear import Pushes
from fitting.drape.push import refresh_planes, slopes
from fitting.drape.rub import Rub

_SLACK_LAYERS = 1.0  # least reach beyond the layer, in layers
_SLACK_MOVES = 1.5  # reach for so many moves of the last step's length
_AHEAD = 2.0  # vertices are searched again when they have less reach than so many needs
_HELD_LAYERS = 0.2  # a push keeps its direction until a vertex has moved so many layers
_ROOM = 512
_PRIMES = np.array([15485863, 32452843, 49979687, 67867967, 86028121])


class SelfContact:
    """Pairs of one cloth, refreshed as it moves."""

    def __init__(
        self, x: NDArray[np.float64], faces: NDArray[np.int64], *, layer_m: float, reach_m: float,
        rub: Rub | None = None,
    ) -> None:  # fmt: skip
        """Prepare for positions (n_vertices, 3) and triangles (n_faces, 3).

        layer_m: Thickness of the pushing layer. reach_m: Largest reach of a vertex. rub: Friction
        between the pairs, or none.
        """
        self._tree = build_face_tree(x, faces)
        self._layer_m, self._reach_max_m = layer_m, max(reach_m, 0.75 * layer_m)
        self._reach, self._length = np.zeros(len(x)), np.zeros(len(x))
        self._built_at: NDArray[np.float64] | None = None
        self._out = np.zeros((N_CHUNKS, _ROOM, 5), np.int64)
        self.skip = np.zeros(len(x), dtype=np.bool_)
        self.n_builds = 0
        self.rub = rub
        self._empty()

    def _empty(self) -> None:
        self.vertices, self.split = np.zeros((0, 4), np.int64), np.zeros(0, np.int64)
        self.weights, self.planes = np.zeros((0, 4)), np.zeros((0, 4))
        self.push_weights, self.push_planes = np.zeros((0, 4)), np.zeros((0, 5))
        self._push_at = np.zeros((0, 4, 3))
        self.known = np.zeros(0, dtype=np.bool_)
        if self.rub is not None:
            self.rub.take(np.zeros(0, np.int64))

    def look(self, x: NDArray[np.float64]) -> None:
        """Refresh planes at x, and the list where it no longer holds."""
        self._renew(x, np.full(len(x), 0.5 * self._layer_m))
        self.known = np.zeros(len(self.vertices), dtype=np.bool_)
        self._refresh(x)

    def widen(self, x: NDArray[np.float64], move: NDArray[np.float64]) -> None:
        """Make the list anew where a move from x could leave it; x was looked at before."""
        self._length = np.sqrt((move**2).sum(axis=1))
        if self._renew(x, np.maximum(self._length, 0.5 * self._layer_m)):
            self._refresh(x)

    def _refresh(self, x: NDArray[np.float64]) -> None:
        before = self.push_weights.copy()
        refresh_planes(
            x, self.vertices, self.split, _HELD_LAYERS * self._layer_m, self.weights, self.planes,
            self.push_weights, self.push_planes, self._push_at,
        )  # fmt: skip
        if self.rub is not None:
            self.rub.follow(x, self.vertices, before, self.push_weights, self.push_planes)

    def _renew(self, x: NDArray[np.float64], need: NDArray[np.float64]) -> bool:
        """Search anew for the pairs of vertices that have less reach left than they need."""
        moved, gone = np.ones(len(x), dtype=np.bool_), np.zeros(len(x))
        least = (0.5 + _SLACK_LAYERS) * self._layer_m
        wanted = np.minimum(np.maximum(least, _SLACK_MOVES * self._length), self._reach_max_m)
        if self._built_at is None:
            self._built_at = x.copy()
            self._empty()
        else:
            gone = np.sqrt(((x - self._built_at) ** 2).sum(axis=1))
            left = self._reach - gone
            # Who stands where it was searched for, as far as may be, would only find the same.
            worth = (gone > 0) | (wanted > self._reach)
            if not (worth & (need > left)).any():
                return False
            # Those that would be next are taken along, so that searches are fewer.
            moved = worth & (_AHEAD * need > left)
            gone[moved] = 0.0
        self._reach[moved] = wanted[moved]
        self._built_at[moved] = x[moved]
        a, b, c, d = moved[self.vertices].T
        kept = ~(a | b | c | d)
        # Who has gone some way may come back, and then go as far as its reach.
        found = self._find(x, self._reach + gone, moved, crossing=False)
        if self.skip.any():
            found = found[~self.skip[found[:, :4]].any(axis=1)]
        self._take(kept, found)
        self.n_builds += 1
        return True

    def _take(self, kept: NDArray[np.bool_], found: NDArray[np.int64]) -> None:
        """Go on with kept pairs and found ones; of these, those that pressed stay as they were."""
        swapped = (found[:, 4] == 2) & (found[:, 0] > found[:, 2])
        found[swapped] = found[swapped][:, [2, 3, 0, 1, 4]]
        left = np.flatnonzero(~kept & (self.push_planes[:, 3] < self._layer_m))
        old = np.column_stack([self.vertices[left], self.split[left]])
        again, n_old = _same_rows(old, found), len(self.vertices)
        rows = np.r_[np.flatnonzero(kept), np.where(again < 0, -1, np.r_[left, -1][again])]
        new, n = rows < 0, len(rows)
        self.vertices = np.concatenate([self.vertices[kept], found[:, :4]])
        self.split = np.concatenate([self.split[kept], found[:, 4]])
        self.weights, self.planes = np.zeros((n, 4)), np.zeros((n, 4))
        if n_old == 0:
            self.push_weights, self.push_planes = np.zeros((n, 4)), np.zeros((n, 5))
            self._push_at = np.zeros((n, 4, 3))
        else:
            self.push_weights, self.push_planes = self.push_weights[rows], self.push_planes[rows]
            self._push_at = self._push_at[rows]
        self._push_at[new] = np.inf
        if self.rub is not None:
            self.rub.take(rows)

    def _find(
        self, x: NDArray[np.float64], reach: NDArray[np.float64], moved: NDArray[np.bool_],
        *, crossing: bool,
    ) -> NDArray[np.int64]:  # fmt: skip
        """Rows of `find_pairs`, with more room where it was too little."""
        t, counts = self._tree, np.zeros(N_CHUNKS, np.int64)
        refit(x, t.faces, t.edges, t.edge_ptr, reach, moved, t.boxes, t.lanes, t.anew, t.seeks)
        while True:
            find_pairs(
                crossing, x, t.faces, t.edges, t.edge_ptr, t.corners, t.corner_ptr, reach, moved,
                t.boxes, t.lanes, t.last, t.anew, t.seeks, self._out, counts,
            )  # fmt: skip
            if counts.max() <= self._out.shape[1]:
                return np.concatenate([self._out[k, : counts[k]] for k in range(N_CHUNKS)])
            self._out = np.zeros((N_CHUNKS, 2 * int(counts.max()), 5), np.int64)

    def pushes(self, stiffness_n_m: float) -> Pushes:
        """Pairs that push or rub, or will push in this step, as the solver takes them."""
        planes = self.push_planes
        on = ((planes[:, 3] < self._layer_m) | self.known) & (planes[:, 4] > 0)
        vertices, weights, normals, stiffness = (
            self.vertices[on], self.push_weights[on], planes[on, :3],
            stiffness_n_m * planes[on, 4] * slopes(planes[on, 3], self._layer_m),
        )  # fmt: skip
        if self.rub is None:
            return vertices, weights, normals, stiffness
        rows, shares, ways, holds = self.rub.pushes(self.vertices, self.push_weights)
        return (
            np.concatenate([vertices, rows]), np.concatenate([weights, shares]),
            np.concatenate([normals, ways]), np.concatenate([stiffness, holds]),
        )  # fmt: skip

    def settle(self, x: NDArray[np.float64]) -> None:
        """Let friction follow where cloth slid on cloth, after a step to x."""
        if self.rub is not None:
            self.rub.settle(x, self.vertices, self.push_weights, self.push_planes)

    def room(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each vertex may move before unlisted pairs could meet, (n_vertices,) [m]."""
        gone = 0.0 if self._built_at is None else x - self._built_at
        return self._reach - np.sqrt((np.zeros_like(x) + gone) ** 2 @ np.ones(3))

    def crossings(self, x: NDArray[np.float64]) -> NDArray[np.int64]:
        """Pairs of triangles that cross at x, shape (n_pairs, 2)."""
        found = self._find(x, np.zeros(len(x)), np.ones(len(x), dtype=np.bool_), crossing=True)
        return self._tree.order[found[:, :2]]

    def forget(self) -> None:
        """Make the next look find pairs anew."""
        self._built_at = None


def _same_rows(old: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row of old (n_old, 5) that each new one (n_new, 5) equals, or -1, shape (n_new,)."""
    if len(old) == 0:
        return np.full(len(new), -1)
    codes = [rows @ _PRIMES for rows in (old, new)]
    order = np.argsort(codes[0], kind="stable")
    at = np.searchsorted(codes[0][order], codes[1]).clip(max=len(old) - 1)
    same = (old[order[at]] == new).all(axis=1)
    return np.where(same, order[at], -1)
