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
from fitting.drape.push import refresh_planes

_SLACK_LAYERS = 1.0  # least reach beyond the layer, in layers
_SLACK_MOVES = 1.5  # reach for so many moves of the last step's length
_AHEAD = 2.0  # vertices are searched again when they have less reach than so many needs
_HELD_LAYERS = 0.2  # a push keeps its direction until a vertex has moved so many layers
_ROOM = 512


class SelfContact:
    """Pairs of one cloth, refreshed as it moves."""

    def __init__(
        self, x: NDArray[np.float64], faces: NDArray[np.int64], *, layer_m: float, reach_m: float
    ) -> None:
        """Prepare for positions (n_vertices, 3) and triangles (n_faces, 3).

        layer_m: Thickness of the pushing layer. reach_m: Largest reach of a vertex.
        """
        self._tree = build_face_tree(x, faces)
        self._layer_m, self._reach_max_m = layer_m, max(reach_m, 0.75 * layer_m)
        self._reach, self._length = np.zeros(len(x)), np.zeros(len(x))
        self._built_at: NDArray[np.float64] | None = None
        self._out = np.zeros((N_CHUNKS, _ROOM, 5), np.int64)
        self.skip = np.zeros(len(x), dtype=np.bool_)
        self.n_builds = 0
        self._empty()

    def _empty(self) -> None:
        self.vertices, self.split = np.zeros((0, 4), np.int64), np.zeros(0, np.int64)
        self.weights, self.planes = np.zeros((0, 4)), np.zeros((0, 4))
        self.push_weights, self.push_planes = np.zeros((0, 4)), np.zeros((0, 5))
        self._push_at = np.zeros((0, 4, 3))
        self.known = np.zeros(0, dtype=np.bool_)

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
        refresh_planes(
            x, self.vertices, self.split, _HELD_LAYERS * self._layer_m, self.weights, self.planes,
            self.push_weights, self.push_planes, self._push_at,
        )  # fmt: skip

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
        kept = ~moved[self.vertices].any(axis=1)
        # Who has gone some way may come back, and then go as far as its reach.
        found = self._find(x, self._reach + gone, moved, crossing=False)
        if self.skip.any():
            found = found[~self.skip[found[:, :4]].any(axis=1)]
        self.vertices = np.concatenate([self.vertices[kept], found[:, :4]])
        self.split = np.concatenate([self.split[kept], found[:, 4]])
        n, n_new = len(self.split), len(found)
        self.weights, self.planes = np.zeros((n, 4)), np.zeros((n, 4))
        self.push_weights = np.concatenate([self.push_weights[kept], np.zeros((n_new, 4))])
        self.push_planes = np.concatenate([self.push_planes[kept], np.zeros((n_new, 5))])
        self._push_at = np.concatenate([self._push_at[kept], np.full((n_new, 4, 3), np.inf)])
        self.n_builds += 1
        return True

    def _find(
        self, x: NDArray[np.float64], reach: NDArray[np.float64], moved: NDArray[np.bool_],
        *, crossing: bool,
    ) -> NDArray[np.int64]:  # fmt: skip
        """Rows of `find_pairs`, with more room where it was too little."""
        tree = self._tree
        refit(x, tree.faces, reach, tree.leaf_lower, tree.leaf_upper, tree.lower, tree.upper)
        anew = moved[tree.faces].any(axis=1)
        seekers, counts = np.flatnonzero(anew), np.zeros(N_CHUNKS, np.int64)
        while True:
            find_pairs(
                crossing, x, tree.faces, tree.own_edges, tree.own_vertices, reach, moved, anew,
                seekers, tree.leaf_lower, tree.leaf_upper, tree.lower, tree.upper, self._out,
                counts,
            )  # fmt: skip
            if counts.max() <= self._out.shape[1]:
                return np.concatenate([self._out[k, : counts[k]] for k in range(N_CHUNKS)])
            self._out = np.zeros((N_CHUNKS, 2 * int(counts.max()), 5), np.int64)

    def pushes(self, stiffness_n_m: float) -> Pushes:
        """Pairs that push, or will in this step, as the solver takes them."""
        planes = self.push_planes
        on = ((planes[:, 3] < self._layer_m) | self.known) & (planes[:, 4] > 0)
        return (
            self.vertices[on], self.push_weights[on], planes[on, :3], stiffness_n_m * planes[on, 4]
        )  # fmt: skip

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
