"""The kernels on a GPU through warp, or on warp's own processor device for checks.

Positions, gradients and planes travel once a step; matrices and the solver's vectors stay on the
device. Cloth against cloth is handled by the processor in either case.
"""

from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from fitting.drape import warp_body, warp_linear, warp_membrane
from fitting.drape.levels import Levels
from fitting.drape.linear import Pushes
from fitting.drape.planes import Planes
from fitting.drape.rest import RestShape
from fitting.drape.sdf import DistanceTree
from fitting.errors import DrapeError

_N_SWEEPS_COARSEST = 8
_CHECK_EVERY = 4  # iterations between two looks at the residual, which stop the device
wp.config.log_level = wp.LOG_WARNING


def device_name(device: str) -> str:
    """Name of a device in warp's words.

    Raises:
        DrapeError: If there is no such GPU.
    """
    wp.init()
    if device == "warp-cpu":
        return "cpu"
    name = "cuda:0" if device == "cuda" else device
    known = [str(d) for d in wp.get_cuda_devices()]
    if name not in known:
        found = ", ".join(known) or "no NVIDIA GPU"
        raise DrapeError(f"device {device!r} was asked for, but here is {found}; use 'cpu'")
    return name


class WarpKernels:
    """The warp kernels of one cloth; see `Kernels` for what each call does."""

    def __init__(self, rest: RestShape, *, device: str) -> None:
        """Copy patterns to the device and allocate all that a step needs."""
        self._device, self._shape = device, rest
        self._starts = [int(s) for s in rest.levels.starts]
        self._face_starts = [int(s) for s in rest.levels.face_starts]
        self.own = np.zeros((self._starts[1], 6))
        self._body: tuple[DistanceTree, list[Any], Any] | None = None
        self._copy_cloth(rest)
        self._copy_levels(rest.levels)
        self._make_room(len(rest.faces), rest.levels)

    def _copy_cloth(self, rest: RestShape) -> None:
        ints, real, vectors = wp.int32, wp.float64, wp.vec3d
        self._cloth = cloth = warp_membrane.Cloth()
        cloth.faces, cloth.curve = self._put(rest.faces, ints), self._put(rest.curve, ints)
        cloth.wu, cloth.wv = self._put(rest.weight_u, vectors), self._put(rest.weight_v, vectors)
        cloth.area, cloth.curves = self._put(rest.face_area_m2, real), self._put(rest.curves, real)
        cloth.stiff = self._put(rest.stiffness_n_m, wp.vec4d)
        cloth.side, cloth.pull = self._put(rest.side_m, vectors), self._put(rest.pull_n, vectors)
        self._corners = [
            self._put(rest.levels.corner_ptr, ints), self._put(rest.levels.corner, ints)
        ]  # fmt: skip
        self._bend = [
            self._put(rest.bend_indptr, ints), self._put(rest.bend_indices, ints),
            self._put(rest.bend_values, real),
        ]  # fmt: skip

    def _copy_levels(self, levels: Levels) -> None:
        ints, single = wp.int32, wp.float32
        self._free, self._owner = self._put(levels.free, single), self._put(levels.owner, ints)
        self._gathers = [
            *(self._put(a, ints) for a in (levels.source_ptr, levels.source, levels.diagonal)),
            self._put(levels.bdiagonal, single), self._free,
        ]  # fmt: skip
        self._shares, self._parents = (
            self._put(levels.shares, single), self._put(levels.parents, ints)
        )  # fmt: skip
        self._restriction = [
            self._put(levels.rptr, ints), self._put(levels.rcol, ints),
            self._put(levels.rweight, single),
        ]  # fmt: skip
        self._matrix = matrix = warp_linear.Matrix()
        matrix.ptr, matrix.col = self._put(levels.ptr, ints), self._put(levels.col, ints)
        matrix.val = self._room(len(levels.col), wp.mat33f)
        matrix.bptr, matrix.bcol = self._put(levels.bptr, ints), self._put(levels.bcol, ints)
        matrix.bval = self._put(levels.bval, single)

    def _make_room(self, n_faces: int, levels: Levels) -> None:
        n, n_all = self._starts[1], self._starts[-1]
        self._inv = self._room(n_all, wp.mat33f)
        self._forces = self._room((n_faces, 3), wp.vec3d)
        self._blocks = self._room((len(levels.faces), 6), wp.mat33f)
        self._gradient = self._room(n, wp.vec3d)
        self._x, self._p, self._q = (self._room(n, wp.vec3f) for _ in range(3))
        self._r, self._z, self._out = (self._room(n_all, wp.vec3f) for _ in range(3))
        self._partial = self._room(warp_linear.N_PARTS, wp.float64)
        self._scalars = self._room(5, wp.float64)

    def _put(self, values: NDArray[Any], dtype: Any) -> Any:
        kind = wp.dtype_to_numpy(getattr(dtype, "_wp_scalar_type_", dtype))
        return wp.array(np.ascontiguousarray(values, kind), dtype=dtype, device=self._device)

    def _room(self, shape: int | tuple[int, ...], dtype: Any) -> Any:
        return wp.zeros(shape, dtype=dtype, device=self._device)

    def _launch(self, kernel: Any, n: int, inputs: list[Any]) -> None:
        wp.launch(kernel, dim=n, inputs=inputs, device=self._device)

    def elastic(
        self, x: NDArray[np.float64], load_n: NDArray[np.float64], *, soft: float, hessian: bool
    ) -> NDArray[np.float64]:
        """Gradient of membrane and bending less the load [N], shape (n_vertices, 3)."""
        at = self._put(x, wp.vec3d)
        given = [at, self._cloth, soft, self._forces, self._blocks]
        self._launch(warp_membrane.elements, len(self._shape.faces), given)
        load = self._put(load_n, wp.vec3d)
        given = [at, *self._corners, self._forces, *self._bend, load, self._gradient]
        self._launch(warp_membrane.gather_gradient, len(x), given)
        return self._gradient.numpy().copy()

    def membrane_energy(self, x: NDArray[np.float64], *, soft: float) -> float:
        """Energy of membrane and threads [J]."""
        at = self._put(x, wp.vec3d)
        given = [at, self._cloth, soft, self._partial]
        self._launch(warp_membrane.membrane_energy, warp_linear.N_PARTS, given)
        return float(self._partial.numpy().sum())

    def assemble(self) -> None:
        """Make the rows of all levels from the last ``elastic`` and ``own``; clear own."""
        own = self._put(self.own, wp.float64)
        given = [own, self._owner, self._blocks]
        self._launch(warp_linear.add_own, len(self.own), given)
        self.own[:] = 0.0
        bounds = self._face_starts
        for above, lo, hi in zip(bounds, bounds[1:], bounds[2:], strict=False):
            self._launch(warp_linear.coarsen, hi - lo, [above, lo, self._shares, self._blocks])
        given = [self._matrix, *self._gathers, self._blocks, self._inv]
        self._launch(warp_linear.gather_rows, self._starts[-1], given)

    def solve(
        self,
        gradient: NDArray[np.float64],
        *,
        tolerance: float,
        cap: int,
        guess: NDArray[np.float64] | None = None,
        pushes: Pushes | None = None,
    ) -> tuple[NDArray[np.float64], int, float]:
        """Solve for the move that zeroes the gradient (n_vertices, 3); see `System.solve`."""
        n = self._starts[1]
        right = self._put(-gradient, wp.vec3f)
        start = np.zeros_like(gradient) if guess is None else guess
        wp.copy(self._x, self._put(start, wp.vec3f))
        self._p.zero_()
        self._scalars.zero_()
        self._dot(right, right, warp_linear.NORM)
        self._launch(
            warp_linear.residual, n, [0, self._matrix, self._free, right, self._x, self._r]
        )
        self._dot(self._r, self._r, warp_linear.SQUARE)
        n_done = 0
        error = self._error()
        while error > tolerance and n_done < cap:
            for _ in range(min(_CHECK_EVERY, cap - n_done)):
                self._iterate()
                n_done += 1
            error = self._error()
        return self._x.numpy().astype(np.float64), n_done, error

    def _error(self) -> float:
        scalars = self._scalars.numpy()
        norm, square = float(scalars[warp_linear.NORM]), float(scalars[warp_linear.SQUARE])
        return float(np.sqrt(square / norm)) if norm > 0 else 0.0

    def _iterate(self) -> None:
        n = self._starts[1]
        self._cycle()
        self._dot(self._r, self._z, warp_linear.RHO)
        self._launch(warp_linear.turn, n, [self._scalars, self._z, self._p])
        self._launch(warp_linear.apply, n, [self._matrix, self._free, self._p, self._q])
        self._dot(self._p, self._q, warp_linear.ALPHA)
        self._launch(warp_linear.advance, n, [self._scalars, self._p, self._q, self._x, self._r])
        self._dot(self._r, self._r, warp_linear.SQUARE)

    def _dot(self, a: Any, b: Any, which: Any) -> None:
        given = [self._starts[1], a, b, self._partial]
        self._launch(warp_linear.dot, warp_linear.N_PARTS, given)
        self._launch(warp_linear.total, 1, [self._partial, which, self._scalars])

    def _cycle(self) -> None:
        """One V-cycle: z is about the inverse of the matrix times r."""
        starts = self._starts
        n_levels = len(starts) - 1
        for level in range(n_levels):
            lo, n = starts[level], starts[level + 1] - starts[level]
            self._launch(warp_linear.start_level, n, [lo, self._inv, self._r, self._z])
            if level + 1 < n_levels:
                self._find_residual(level)
                below, end = starts[level + 1], starts[level + 2]
                given = [below, *self._restriction, self._free, self._out, self._r]
                self._launch(warp_linear.restrict, end - below, given)
        for _ in range(_N_SWEEPS_COARSEST):
            self._sweep(n_levels - 1)
        for level in range(n_levels - 2, -1, -1):
            lo, n = starts[level], starts[level + 1] - starts[level]
            self._launch(warp_linear.prolong, n, [lo, self._parents, self._free, self._z])
            self._sweep(level)

    def _find_residual(self, level: int) -> None:
        lo, n = self._starts[level], self._starts[level + 1] - self._starts[level]
        given = [lo, self._matrix, self._free, self._r, self._z, self._out]
        self._launch(warp_linear.residual, n, given)

    def _sweep(self, level: int) -> None:
        self._find_residual(level)
        lo, n = self._starts[level], self._starts[level + 1] - self._starts[level]
        self._launch(warp_linear.relax, n, [lo, self._inv, self._out, self._z])

    def look(self, tree: DistanceTree, x: NDArray[np.float64], planes: Planes) -> None:
        """Refresh planes of vertices that may be near the body, in place."""
        given, _ = self._on_device(tree)
        state = [
            self._put(planes.phi, wp.float64), self._put(planes.normal, wp.vec3d),
            self._put(planes.origin, wp.vec3d), self._put(planes.hint, wp.int64),
            self._put(planes.fresh, wp.bool),
        ]  # fmt: skip
        at = self._put(x, wp.vec3d)
        held = self._put(planes.held_m, wp.float64)
        given = [*given, at, planes.reach_m, held, *state]
        self._launch(warp_body.update_planes, len(x), given)
        kept = (planes.phi, planes.normal, planes.origin, planes.hint, planes.fresh)
        for values, one in zip(kept, state, strict=True):
            values[:] = one.numpy()

    def _on_device(self, tree: DistanceTree) -> tuple[list[Any], Any]:
        """The body's triangles on the device; copied again when the body has moved."""
        if self._body is None or self._body[0] is not tree:
            points = self._put(tree.corners.reshape(-1, 3), wp.vec3f)
            indices = self._put(np.arange(len(points)), wp.int32)
            mesh = wp.Mesh(points=points, indices=indices)
            given = [
                mesh.id, self._put(tree.corners, wp.vec3d), self._put(tree.normals, wp.vec3d)
            ]  # fmt: skip
            self._body = (tree, given, mesh)
        return self._body[1], self._body[2]
