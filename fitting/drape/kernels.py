"""Who computes: what the engine asks of the processor or of a GPU, and the processor's answer.

Both hold the system of one Newton step. The state stays with the engine, in plain arrays.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fitting.drape.jit import N_CHUNKS
from fitting.drape.linear import Pushes, System
from fitting.drape.membrane import membrane_elements, membrane_energy
from fitting.drape.planes import Planes
from fitting.drape.rest import RestShape
from fitting.drape.sdf import DistanceTree, update_planes
from fitting.drape.system import gather_gradient
from fitting.errors import DrapeError

_DEVICES = "'cpu', 'cuda', 'cuda:N' or 'warp-cpu'"


class Kernels(Protocol):
    """What costs time in a step.

    Attributes:
        own: Each vertex's own block (xx xy xz yy yz zz), added to the system by ``assemble``,
            which then clears it, shape (n_vertices, 6) [N/m].
    """

    own: NDArray[np.float64]

    def elastic(
        self, x: NDArray[np.float64], load_n: NDArray[np.float64], *, soft: float, hessian: bool
    ) -> NDArray[np.float64]:
        """Gradient of membrane and bending less the load [N], shape (n_vertices, 3)."""
        ...

    def membrane_energy(self, x: NDArray[np.float64], *, soft: float) -> float:
        """Energy of membrane and threads [J]."""
        ...

    def assemble(self) -> None:
        """Make the rows of all levels from the last ``elastic`` with a Hessian and ``own``."""
        ...

    def solve(
        self,
        gradient: NDArray[np.float64],
        *,
        tolerance: float,
        cap: int,
        guess: NDArray[np.float64] | None = None,
        pushes: Pushes | None = None,
    ) -> tuple[NDArray[np.float64], int, float]:
        """Move (n_vertices, 3) [m] that zeroes the gradient, iterations, relative residual.

        pushes: Pairs whose bound is in ``own``; a device may leave them at that.
        """
        ...

    def look(self, tree: DistanceTree, x: NDArray[np.float64], planes: Planes) -> None:
        """Refresh planes of vertices that may be near the body, in place."""
        ...


class CpuKernels(System):
    """The numba kernels on all cores."""

    def __init__(self, rest: RestShape) -> None:
        """Allocate for one cloth."""
        super().__init__(rest.levels)
        self._rest = rest
        self._forces = np.zeros((len(rest.faces), 3, 3))
        self._sums = np.zeros(N_CHUNKS)

    def elastic(
        self, x: NDArray[np.float64], load_n: NDArray[np.float64], *, soft: float, hessian: bool
    ) -> NDArray[np.float64]:
        """Gradient of membrane and bending less the load [N], shape (n_vertices, 3)."""
        r, gradient = self._rest, np.zeros_like(x)
        membrane_elements(
            x, r.faces, r.weight_u, r.weight_v, r.face_area_m2, r.stiffness_n_m, r.curve, r.curves,
            soft, r.side_m, r.pull_n, self._forces, self.blocks, hessian,
        )  # fmt: skip
        gather_gradient(
            x, r.levels.corner_ptr, r.levels.corner, self._forces, r.bend_indptr, r.bend_indices,
            r.bend_values, load_n, gradient,
        )  # fmt: skip
        return gradient

    def membrane_energy(self, x: NDArray[np.float64], *, soft: float) -> float:
        """Energy of membrane and threads [J]."""
        r = self._rest
        return membrane_energy(
            x, r.faces, r.weight_u, r.weight_v, r.face_area_m2, r.stiffness_n_m, r.curve, r.curves,
            soft, r.side_m, r.pull_n, self._sums,
        )  # fmt: skip

    def look(self, tree: DistanceTree, x: NDArray[np.float64], planes: Planes) -> None:
        """Refresh planes of vertices that may be near the body, in place."""
        update_planes(
            x, tree.corners, tree.lower, tree.upper, tree.normals, planes.phi, planes.normal,
            planes.origin, planes.hint, planes.fresh, planes.reach_m, planes.held_m,
        )  # fmt: skip


def check_device(device: str) -> str:
    """Name of a device for `kernels_on`.

    Raises:
        DrapeError: If the device is unknown, warp is not installed, or there is no such GPU.
    """
    if device == "cpu":
        return device
    if device != "warp-cpu" and device.split(":", maxsplit=1)[0] != "cuda":
        raise DrapeError(f"device {device!r} was asked for; {_DEVICES} exist")
    try:
        from fitting.drape.warp_kernels import device_name
    except ModuleNotFoundError as error:
        if error.name != "warp":
            raise
        raise DrapeError(
            f"device {device!r} needs warp; install it with: pip install 'muslin[gpu]'"
        ) from error
    return device_name(device)


def kernels_on(device: str, rest: RestShape) -> Kernels:
    """The kernels of one cloth on a device; `check_device` says why there may be none."""
    name = check_device(device)
    if device == "cpu":
        return CpuKernels(rest)
    from fitting.drape.warp_kernels import WarpKernels

    return WarpKernels(rest, device=name)
