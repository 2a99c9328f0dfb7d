"""The linear system of one Newton step: assembled on all levels, solved by multigrid PCG."""

import numpy as np
from numpy.typing import NDArray

from fitting.drape.jit import N_CHUNKS
from fitting.drape.levels import Levels
from fitting.drape.pcg import solve
from fitting.drape.system import add_own, coarsen, gather_rows

_N_SWEEPS_COARSEST = 4
# Vertices (n, 4), weights (n, 4), normals (n, 3) and stiffness (n,) of pairs that push.
Pushes = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
_NO_PUSHES: Pushes = (np.zeros((0, 4), np.int64), np.zeros((0, 4)), np.zeros((0, 3)), np.zeros(0))


class System:
    """Matrix and vectors of one cloth, allocated once."""

    def __init__(self, levels: Levels) -> None:
        """Allocate for the levels of one cloth."""
        self.levels = levels
        n, n_all = int(levels.starts[1]), int(levels.starts[-1])
        self.blocks = np.zeros((len(levels.faces), 6, 9), np.float32)
        self.own = np.zeros((n, 6))
        self._val = np.zeros((len(levels.col), 12), np.float32)
        self._inv = np.zeros((n_all, 12), np.float32)
        self._right, self._x, self._p, self._q = (np.zeros((n, 4), np.float32) for _ in range(4))
        self._r, self._z, self._old = (np.zeros((n_all, 4), np.float32) for _ in range(3))
        self._partial = np.zeros(N_CHUNKS)

    def assemble(self) -> None:
        """Make the rows of all levels from ``blocks`` and ``own``; own is then zero again."""
        levels = self.levels
        add_own(self.own, levels.owner, self.blocks)
        self.own[:] = 0.0
        bounds = levels.face_starts
        for above, lo, hi in zip(bounds, bounds[1:], bounds[2:], strict=False):
            coarsen(above, lo, hi, levels.shares, self.blocks)
        gather_rows(
            levels.ptr, levels.source_ptr, levels.source, levels.diagonal, levels.bdiagonal,
            levels.calm, self.blocks, self._val, self._inv,
        )  # fmt: skip

    def solve(
        self,
        gradient: NDArray[np.float64],
        *,
        tolerance: float,
        cap: int,
        guess: NDArray[np.float64] | None = None,
        pushes: Pushes | None = None,
    ) -> tuple[NDArray[np.float64], int, float]:
        """Solve for the move that zeroes the gradient (n_vertices, 3).

        pushes: Pairs whose bound is in ``own``; their true stiffness takes its place.

        Returns:
            Move (n_vertices, 3) [m], iterations, and the relative residual.
        """
        levels = self.levels
        self._right[:, :3] = -gradient
        self._x[:, :3] = 0.0 if guess is None else guess
        n_cg, error = solve(
            levels.starts, _N_SWEEPS_COARSEST, levels.ptr, levels.col, self._val, levels.bptr,
            levels.bcol, levels.bval, levels.near, levels.diagonal, levels.bnear, levels.bfrom,
            levels.bafter, self._inv, levels.free, levels.calm, levels.parents, levels.rptr,
            levels.rcol, levels.rweight, *(pushes or _NO_PUSHES), self._right, self._x, self._r,
            self._z, self._p, self._q, self._old, self._partial, tolerance, cap,
        )  # fmt: skip
        return self._x[:, :3].astype(np.float64), int(n_cg), float(error)
