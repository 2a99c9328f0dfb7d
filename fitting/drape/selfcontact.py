"""Cloth against cloth: a soft layer, and a step that cannot pass through.

Every vertex-triangle and edge-edge pair that could meet in this step gets the plane between its
closest points. A push acts inside the layer; each step is then cut so that both sides stay on
their side of the plane. An intersection-free start stays so.

The list of pairs outlives the step: it holds while no vertex has moved beyond the reach with
which the list was made.
"""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.facetree import build_face_tree, close_pairs, crossing_faces, refit
from fitting.drape.jit import N_CHUNKS, njit, njit_inline, pjit, prange
from fitting.drape.pairs import close_points, face_weights
from fitting.drape.pcg import chunk

_SHARE = 0.425  # each side may use this much of a gap, so 15 % of it always stays
_N_SWEEPS = 4
_SLACK_LAYERS = 1.5  # least reach beyond the layer, in layers
_SLACK_MOVES = 2.0  # reach for so many moves of the last step's length
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
        self._reach = np.zeros(len(x))
        self._built_at: NDArray[np.float64] | None = None
        self._out = np.zeros((N_CHUNKS, _ROOM, 5), np.int64)
        self.skip = np.zeros(len(x), dtype=np.bool_)
        self.vertices = np.zeros((0, 4), np.int64)
        self.split = np.zeros(0, np.int64)
        self.weights = np.zeros((0, 4))
        self.planes = np.zeros((0, 4))
        self.n_builds = 0

    def look(self, x: NDArray[np.float64], move: NDArray[np.float64] | None = None) -> None:
        """Refresh planes at x; the list too, where a vertex might leave its reach with move."""
        length = None if move is None else np.sqrt((move**2).sum(axis=1))
        if not self._holds(x, length):
            self._rebuild(x, length)
        refresh_planes(x, self.vertices, self.split, self.weights, self.planes)

    def _holds(self, x: NDArray[np.float64], length: NDArray[np.float64] | None) -> bool:
        if self._built_at is None:
            return False
        gone = np.sqrt(((x - self._built_at) ** 2).sum(axis=1))
        need = 0.5 * self._layer_m if length is None else np.maximum(0.5 * self._layer_m, length)
        return bool((gone + need <= self._reach).all())

    def _rebuild(self, x: NDArray[np.float64], length: NDArray[np.float64] | None) -> None:
        least = min((0.5 + _SLACK_LAYERS) * self._layer_m, self._reach_max_m)
        wanted = np.full(len(x), least)
        if length is not None:
            wanted = np.maximum(wanted, _SLACK_MOVES * length)
        self._reach = np.minimum(wanted, self._reach_max_m)
        self._built_at = x.copy()
        tree = self._tree
        self._refit(x, self._reach)
        counts = np.zeros(N_CHUNKS, np.int64)
        while True:
            close_pairs(
                x, tree.faces, tree.own_edges, tree.own_vertices, self._reach, tree.leaf_lower,
                tree.leaf_upper, tree.lower, tree.upper, self._out, counts,
            )  # fmt: skip
            if counts.max() <= self._out.shape[1]:
                break
            self._out = np.zeros((N_CHUNKS, 2 * int(counts.max()), 5), np.int64)
        found = np.concatenate([self._out[k, : counts[k]] for k in range(N_CHUNKS)])
        if self.skip.any():
            found = found[~self.skip[found[:, :4]].any(axis=1)]
        self.vertices, self.split = found[:, :4].copy(), found[:, 4].copy()
        self.weights, self.planes = np.zeros((len(found), 4)), np.zeros((len(found), 4))
        self.n_builds += 1

    def _refit(self, x: NDArray[np.float64], reach: NDArray[np.float64]) -> None:
        tree = self._tree
        refit(x, tree.faces, reach, tree.leaf_lower, tree.leaf_upper, tree.lower, tree.upper)

    def room(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each vertex may move before unlisted pairs could meet, (n_vertices,) [m]."""
        gone = 0.0 if self._built_at is None else x - self._built_at
        return self._reach - np.sqrt((np.zeros_like(x) + gone) ** 2 @ np.ones(3))

    def crossings(self, x: NDArray[np.float64]) -> NDArray[np.int64]:
        """Pairs of triangles that cross at x, shape (n_pairs, 2)."""
        tree = self._tree
        self._refit(x, np.zeros(len(x)))
        counts = np.zeros(N_CHUNKS, np.int64)
        while True:
            crossing_faces(
                x, tree.faces, tree.leaf_lower, tree.leaf_upper, tree.lower, tree.upper,
                self._out, counts,
            )  # fmt: skip
            if counts.max() <= self._out.shape[1]:
                break
            self._out = np.zeros((N_CHUNKS, 2 * int(counts.max()), 5), np.int64)
        found = np.concatenate([self._out[k, : counts[k], :2] for k in range(N_CHUNKS)])
        return tree.order[found]

    def forget(self) -> None:
        """Make the next look find pairs anew."""
        self._built_at = None


@njit_inline
def _plane(x, vertices, weights, planes, k):
    gap = 0.0
    for d in range(3):
        planes[k, d] = 0.0
        for m in range(4):
            planes[k, d] += weights[k, m] * x[vertices[k, m], d]
        gap += planes[k, d] * planes[k, d]
    gap = np.sqrt(gap)
    for d in range(3):
        planes[k, d] /= max(gap, 1e-12)
    planes[k, 3] = gap


@njit
def _refresh_planes_part(first, last, x, vertices, split, weights, planes):
    for k in range(first, last):
        p, q, r, s = vertices[k, 0], vertices[k, 1], vertices[k, 2], vertices[k, 3]
        if split[k] == 1:
            a, b, c = face_weights(x, p, q, r, s)
            weights[k, 0], weights[k, 1] = 1.0, -a
            weights[k, 2], weights[k, 3] = -b, -c
        else:
            t, m = close_points(x, p, q, r, s)
            weights[k, 0], weights[k, 1] = 1 - t, t
            weights[k, 2], weights[k, 3] = m - 1, -m
        _plane(x, vertices, weights, planes, k)


@pjit
def refresh_planes(x, vertices, split, weights, planes):  # noqa: ANN201
    """Write closest-point weights, first side positive, and the plane's normal and gap [m]."""
    for part in prange(N_CHUNKS):
        first, last = chunk(0, vertices.shape[0], part, N_CHUNKS)
        _refresh_planes_part(first, last, x, vertices, split, weights, planes)


@njit
def _push_energy_part(first, last, x, vertices, weights, planes, layer, stiffness):
    total = 0.0
    for k in range(first, last):
        gap = 0.0
        for m in range(4):
            for d in range(3):
                gap += weights[k, m] * planes[k, d] * x[vertices[k, m], d]
        depth = max(layer - gap, 0.0)
        total += 0.5 * stiffness * depth * depth
    return total


@njit
def push_energy(x, vertices, weights, planes, layer, stiffness, partial):  # noqa: ANN201
    """Return the energy of the layer [J], on the frozen planes."""
    for part in range(N_CHUNKS):
        first, last = chunk(0, vertices.shape[0], part, N_CHUNKS)
        partial[part] = _push_energy_part(
            first, last, x, vertices, weights, planes, layer, stiffness
        )
    return partial.sum()


@njit
def push_assemble(vertices, weights, planes, layer, stiffness, gradient, own):  # noqa: ANN201
    """Add the layer's gradient [N] and a diagonal bound of its Hessian [N/m] in place."""
    for k in range(vertices.shape[0]):
        depth = layer - planes[k, 3]
        if depth <= 0.0:
            continue
        x, y, z = planes[k, 0], planes[k, 1], planes[k, 2]
        for m in range(4):
            i = vertices[k, m]
            force = stiffness * depth * weights[k, m]
            gradient[i, 0] -= force * x
            gradient[i, 1] -= force * y
            gradient[i, 2] -= force * z
            # The row sum of |weights| is 2: a diagonal that bounds the full block.
            bound = 2.0 * abs(weights[k, m]) * stiffness
            own[i, 0] += bound * x * x
            own[i, 1] += bound * x * y
            own[i, 2] += bound * x * z
            own[i, 3] += bound * y * y
            own[i, 4] += bound * y * z
            own[i, 5] += bound * z * z


@njit
def limit_step(move, room, vertices, split, planes):  # noqa: ANN201
    """Cut a step in place: no pair crosses its plane, nobody moves beyond its room [m]."""
    n = move.shape[0]
    for i in range(n):
        length = np.sqrt(move[i, 0] ** 2 + move[i, 1] ** 2 + move[i, 2] ** 2)
        if length > room[i]:
            for d in range(3):
                move[i, d] *= room[i] / length
    scale = np.ones(n)
    for sweep in range(_N_SWEEPS + 1):
        for k in range(vertices.shape[0]):
            room_k = _SHARE * planes[k, 3]
            for m in range(4):
                i = vertices[k, m]
                # The first side is on the normal's side, and must not move against it.
                sign = -1.0 if m < split[k] else 1.0
                along = sign * (
                    planes[k, 0] * move[i, 0] + planes[k, 1] * move[i, 1]
                    + planes[k, 2] * move[i, 2]
                )  # fmt: skip
                if along > room_k:
                    if sweep < _N_SWEEPS:
                        for d in range(3):
                            move[i, d] -= (along - room_k) * sign * planes[k, d]
                    else:
                        scale[i] = min(scale[i], room_k / along)
    for i in range(n):
        length = np.sqrt(move[i, 0] ** 2 + move[i, 1] ** 2 + move[i, 2] ** 2) * scale[i]
        if length > room[i]:
            scale[i] *= room[i] / length
        for d in range(3):
            move[i, d] *= scale[i]
