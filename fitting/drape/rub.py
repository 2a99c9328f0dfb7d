"""Coulomb friction where cloth lies on cloth, anchored as on the body.

Every pair that presses has an anchor: where its two points would lie on each other, along the
layer, without strain of friction. It follows only when cloth slides, so layers that stick do not
creep. The force acts between the same points as the push, by the same weights.
"""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.jit import njit, njit_inline
from fitting.drape.linear import Pushes
from fitting.drape.pairs import apart
from fitting.drape.push import spring

_SLIDING_STIFFNESS = 0.05  # as on the body: a step must remain bounded
_AT_LIMIT = 0.999

Rows = NDArray[np.int64]
Numbers = NDArray[np.float64]


class Rub:
    """Anchors and grips of the pairs of one cloth, row by row as its pairs.

    Attributes:
        anchor_m: Tangential anchor of each pair, shape (n_pairs, 3).
        grip_n: Friction coefficient times normal force at the last look, shape (n_pairs,).
    """

    def __init__(
        self, friction: Numbers, free: NDArray[np.bool_], *, stiffness_n_m: float, layer_m: float,
        slip_m: float,
    ) -> None:  # fmt: skip
        """Take friction coefficients and what is not pinned, both (n_vertices,).

        stiffness_n_m and layer_m: Of the pushing layer. slip_m: Displacement from the anchor at
        which friction is fully mobilised.
        """
        self._friction, self._free, self._stiffness = friction, free, stiffness_n_m
        self._layer, self._slip = layer_m, slip_m
        self.anchor_m, self.grip_n = np.zeros((0, 3)), np.zeros(0)
        self._hold, self._tangents = np.zeros((0, 2)), np.zeros((0, 2, 3))

    def take(self, rows: Rows) -> None:
        """Take other pairs: for each its row up to now, or -1 for one that is new."""
        old = np.maximum(rows, 0)
        empty = len(self.grip_n) == 0
        n = len(rows)
        self.anchor_m = np.zeros((n, 3)) if empty else self.anchor_m[old]
        self.grip_n = np.zeros(n) if empty else np.where(rows < 0, 0.0, self.grip_n[old])
        self._hold, self._tangents = np.zeros((n, 2)), np.zeros((n, 2, 3))

    def follow(
        self, x: Numbers, vertices: Rows, before: Numbers, weights: Numbers, planes: Numbers
    ) -> None:
        """Carry anchors to new weights and planes, and note the grip there.

        before: Weights up to now, shape (n_pairs, 4). Pairs that did not press are not strained.
        """
        _follow(
            x, vertices, before, weights, planes, self._friction, self._stiffness, self._layer,
            self.anchor_m, self.grip_n,
        )  # fmt: skip

    def settle(self, x: Numbers, vertices: Rows, weights: Numbers, planes: Numbers) -> None:
        """Let anchors follow where cloth slid or parted."""
        _settle(x, vertices, weights, planes, self._layer, self._slip, self.anchor_m)

    def energy(self, x: Numbers, vertices: Rows, weights: Numbers, planes: Numbers) -> float:
        """Energy of friction at the grips of the last look [J]."""
        return _energy(x, vertices, weights, planes, self.anchor_m, self.grip_n, self._slip)

    def assemble(
        self, x: Numbers, vertices: Rows, weights: Numbers, planes: Numbers, gradient: Numbers,
        own: Numbers,
    ) -> None:  # fmt: skip
        """Add gradient [N] and a diagonal bound of the Hessian [N/m] in place."""
        _assemble(
            x, vertices, weights, planes, self._free, self.anchor_m, self.grip_n, self._slip,
            gradient, own, self._tangents, self._hold,
        )  # fmt: skip

    def pushes(self, vertices: Rows, weights: Numbers) -> Pushes:
        """The stiffness last assembled, as the solver takes it: two directions a pair."""
        rows, way = np.nonzero(self._hold)
        return vertices[rows], weights[rows], self._tangents[rows, way], self._hold[rows, way]


@njit_inline
def _flat(a, b, c, planes, k):
    """The part of a vector that lies in a plane."""
    along = a * planes[k, 0] + b * planes[k, 1] + c * planes[k, 2]
    return a - along * planes[k, 0], b - along * planes[k, 1], c - along * planes[k, 2]


@njit
def _follow(x, vertices, before, weights, planes, friction, stiffness, layer, anchor, grip):
    for k in range(vertices.shape[0]):
        changed = grip[k] <= 0.0
        for m in range(4):
            changed |= before[k, m] != weights[k, m]
        if changed:
            a, b, c = apart(x, vertices, weights, k)
            if grip[k] > 0.0:
                d, e, f = apart(x, vertices, before, k)
                a, b, c = anchor[k, 0] + a - d, anchor[k, 1] + b - e, anchor[k, 2] + c - f
            anchor[k, 0], anchor[k, 1], anchor[k, 2] = _flat(a, b, c, planes, k)
        grip[k] = 0.0
        if planes[k, 3] < layer and planes[k, 4] > 0.0:
            mean = 0.0
            for m in range(4):
                mean += 0.5 * abs(weights[k, m]) * friction[vertices[k, m]]
            grip[k] = mean * stiffness * planes[k, 4] * spring(planes[k, 3], layer)[1]


@njit
def _settle(x, vertices, weights, planes, layer, slip, anchor):
    for k in range(vertices.shape[0]):
        a, b, c = apart(x, vertices, weights, k)
        gap = a * planes[k, 0] + b * planes[k, 1] + c * planes[k, 2]
        a, b, c = a - gap * planes[k, 0], b - gap * planes[k, 1], c - gap * planes[k, 2]
        if gap >= layer or planes[k, 4] == 0.0:
            anchor[k, 0], anchor[k, 1], anchor[k, 2] = a, b, c
            continue
        u, v, w = _flat(a - anchor[k, 0], b - anchor[k, 1], c - anchor[k, 2], planes, k)
        length = np.sqrt(u * u + v * v + w * w)
        if length > slip:
            share = slip / length
            anchor[k, 0], anchor[k, 1], anchor[k, 2] = a - share * u, b - share * v, c - share * w


@njit
def _energy(x, vertices, weights, planes, anchor, grip, slip):
    total = 0.0
    for k in range(vertices.shape[0]):
        if grip[k] <= 0.0:
            continue
        a, b, c = apart(x, vertices, weights, k)
        u, v, w = _flat(a - anchor[k, 0], b - anchor[k, 1], c - anchor[k, 2], planes, k)
        square = u * u + v * v + w * w
        length = np.sqrt(square)
        total += grip[k] * (0.5 * square / slip if length < slip else length - 0.5 * slip)
    return total


@njit
def _assemble(
    x, vertices, weights, planes, free, anchor, grip, slip, gradient, own, tangents, hold
):
    for k in range(vertices.shape[0]):
        hold[k, 0] = hold[k, 1] = 0.0
        if grip[k] <= 0.0:
            continue
        a, b, c = apart(x, vertices, weights, k)
        u, v, w = _flat(a - anchor[k, 0], b - anchor[k, 1], c - anchor[k, 2], planes, k)
        length = np.sqrt(u * u + v * v + w * w)
        hold[k, 0] = hold[k, 1] = grip[k] / max(length, slip)
        for m in range(4):
            force, i = weights[k, m] * hold[k, 0], vertices[k, m]
            gradient[i, 0] += force * u
            gradient[i, 1] += force * v
            gradient[i, 2] += force * w
        if length > 1e-12:
            tangents[k, 0, 0], tangents[k, 0, 1], tangents[k, 0, 2] = (
                u / length, v / length, w / length
            )  # fmt: skip
        else:
            _any_tangent(planes, k, tangents)
        if length <= _AT_LIMIT * slip:
            hold[k, 1] = -hold[k, 1]  # marks what sticks, until all forces are known
    for k in range(vertices.shape[0]):
        if grip[k] > 0.0:
            _stiffen(k, vertices, weights, planes, free, gradient, own, tangents, hold)


@njit_inline
def _any_tangent(planes, k, tangents):
    """Some direction in the plane: across the axis that its normal is farthest from."""
    x, y, z = planes[k, 0], planes[k, 1], planes[k, 2]
    if abs(x) <= min(abs(y), abs(z)):
        a, b, c = _flat(1.0, 0.0, 0.0, planes, k)
    elif abs(y) <= abs(z):
        a, b, c = _flat(0.0, 1.0, 0.0, planes, k)
    else:
        a, b, c = _flat(0.0, 0.0, 1.0, planes, k)
    length = np.sqrt(a * a + b * b + c * c)
    tangents[k, 0, 0], tangents[k, 0, 1], tangents[k, 0, 2] = a / length, b / length, c / length


@njit_inline
def _stiffen(k, vertices, weights, planes, free, gradient, own, tangents, hold):
    """Finish a pair's tangents and stiffness; friction that is used up resists no more motion."""
    t, n = tangents, planes
    if hold[k, 1] < 0.0:
        hold[k, 1] = -hold[k, 1]
    else:
        drive = 0.0
        for m in range(4):
            i = vertices[k, m]
            if not free[i]:
                continue
            for d in range(3):
                drive -= weights[k, m] * gradient[i, d] * t[k, 0, d]
        if drive > 0.0:
            hold[k, 0] *= _SLIDING_STIFFNESS
    t[k, 1, 0] = n[k, 1] * t[k, 0, 2] - n[k, 2] * t[k, 0, 1]
    t[k, 1, 1] = n[k, 2] * t[k, 0, 0] - n[k, 0] * t[k, 0, 2]
    t[k, 1, 2] = n[k, 0] * t[k, 0, 1] - n[k, 1] * t[k, 0, 0]
    for way in range(2):
        x, y, z = t[k, way, 0], t[k, way, 1], t[k, way, 2]
        for m in range(4):
            # The solver takes this bound for the true product again.
            bound, i = 2.0 * abs(weights[k, m]) * hold[k, way], vertices[k, m]
            own[i, 0] += bound * x * x
            own[i, 1] += bound * x * y
            own[i, 2] += bound * x * z
            own[i, 3] += bound * y * y
            own[i, 4] += bound * y * z
            own[i, 5] += bound * z * z
