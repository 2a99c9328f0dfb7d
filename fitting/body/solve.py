"""Find shapes that answer measures: Levenberg-Marquardt for many bodies at once.

Minimises r' W r + (x - mu)' P (x - mu) over shape parameters x in their bounds, where r is measured
minus wanted. Points of all bodies come from one matrix product a step; each body's derivative
goes from its measures back to the few points they touch, then through the shapes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fitting.body.measure import Tapes
from fitting.body.shape import N_PARAMETERS, N_PHENOTYPES, ShapeSpace
from fitting.body.taping import Measured

LOW = np.r_[np.zeros(N_PHENOTYPES), -np.ones(N_PARAMETERS - N_PHENOTYPES)]
HIGH = np.ones(N_PARAMETERS)
N_STEPS = 24
_ENOUGH = 5e-2
_MAX_DAMPING = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one body should be.

    Attributes:
        keys: Measures.
        target_m: What they should be, shape (n_keys,).
        weight: Precision of them, shape (n_keys, n_keys) [1/m²].
        mean: Expected parameters, shape (n_parameters,).
        precision: Precision of the parameters, shape (n_parameters, n_parameters).
        start: Where to start, shape (n_parameters,).
    """

    keys: tuple[str, ...]
    target_m: NDArray[np.float64]
    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    start: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A shape that answers a wish.

    Attributes:
        parameters: Shape (n_parameters,).
        value_m: Its measures, in the order of the wish.
        cost: What remains.
        n_steps: Solver steps.
        converged: Whether the last step gained nothing more.
    """

    parameters: NDArray[np.float64]
    value_m: NDArray[np.float64]
    cost: float
    n_steps: int
    converged: bool


class _Body:
    """One body on its way."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.x = np.clip(wish.start, LOW, HIGH)
        self.damping, self.cost, self.n_steps = 1e-2, np.inf, 0
        self.done = self.converged = False
        self.value_m = np.zeros(len(wish.keys))
        self._gradient = self._curvature = np.zeros(0)

    def trial(self) -> NDArray[np.float64]:
        """Where to look next; the start first."""
        if not np.isfinite(self.cost):
            return self.x
        g = self._gradient
        # A parameter at its bound that wants to go further is held.
        free = ~(((self.x <= LOW) & (g > 0)) | ((self.x >= HIGH) & (g < 0)))
        H = self._curvature[np.ix_(free, free)]
        step = np.linalg.solve(H + self.damping * np.diag(np.diag(H)), g[free])
        trial = self.x.copy()
        trial[free] -= step
        return np.clip(trial, LOW, HIGH)

    def judge(
        self, x: NDArray[np.float64], measured: dict[str, Measured], space: ShapeSpace
    ) -> None:
        """Take a trial, or go back and be more careful."""
        wish = self.wish
        value_m = np.array([measured[key].value_m for key in wish.keys])
        r, away = value_m - wish.target_m, x - wish.mean
        cost = float(r @ wish.weight @ r + away @ wish.precision @ away)
        self.n_steps += 1
        if cost >= self.cost:
            self.damping = max(self.damping, 1e-3) * 10
            self.done = self.damping > _MAX_DAMPING
            self.converged = self.done
            return
        self.done = self.converged = self.cost - cost < _ENOUGH
        self.x, self.cost, self.value_m = x, cost, value_m
        self.damping /= 5
        J = jacobian(space, x, [measured[key] for key in wish.keys])
        self._gradient = J.T @ (wish.weight @ r) + wish.precision @ away
        self._curvature = J.T @ wish.weight @ J + wish.precision


def jacobian(
    space: ShapeSpace, x: NDArray[np.float64], measured: Sequence[Measured]
) -> NDArray[np.float64]:
    """Derivative of measures by the parameters, shape (n_measures, n_parameters)."""
    row = np.concatenate([np.full(3 * m.gradient.rows.size, i) for i, m in enumerate(measured)])
    column = np.concatenate(
        [(3 * m.gradient.rows[:, None] + np.arange(3)).ravel() for m in measured]
    )
    data = np.concatenate([m.gradient.vectors.ravel() for m in measured])
    basis = space.basis()
    touched, column = np.unique(column, return_inverse=True)
    G = sparse.csr_array((data, (row, column)), shape=(len(measured), touched.size))
    return (G @ basis[touched].astype(np.float64)) @ space.coefficients(x)[1]


def solve_many(
    space: ShapeSpace, tapes: Tapes, wishes: Sequence[Wish], *, n_steps: int = N_STEPS
) -> list[Solution]:
    """Find a shape for each wish."""
    bodies = [_Body(wish) for wish in wishes]
    for _ in range(n_steps):
        running = [body for body in bodies if not body.done]
        if not running:
            break
        trials = [body.trial() for body in running]
        points = space.points_of_many(np.stack(trials))
        for body, x, points_m in zip(running, trials, points, strict=True):
            body.judge(x, tapes(points_m.astype(np.float64), body.wish.keys), space)
    return [
        Solution(
            parameters=body.x, value_m=body.value_m, cost=body.cost, n_steps=body.n_steps,
            converged=body.converged,
        )
        for body in bodies
    ]  # fmt: skip
