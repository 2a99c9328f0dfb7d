"""The model as a function of shape, joint turns and place, with derivatives: it fits scans.

Skin follows linearly (each vertex by the mean of its joints' motions), so that a posed surface is
linear in the shape and can be taken back to rest exactly. Metres, radians.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from fitting.body.build import JOINTS
from fitting.body.rig import PARENTS
from fitting.body.shape import N_PARAMETERS, ShapeSpace

TURNED = tuple(name for name in PARENTS if name != "pelvis" and not name.startswith("toe"))
N_TURNS = 3 * len(TURNED)
# Shape, turns of the joints against their parents, turn and place of the whole.
N_FLEX = N_PARAMETERS + N_TURNS + 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Affine motion of each vertex from rest, in the world.

    Attributes:
        M: Linear part, shape (n_vertices, 3, 3).
        shift_m: Shape (n_vertices, 3).
    """

    M: NDArray[np.float64]
    shift_m: NDArray[np.float64]

    def back(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the posed surface at rest, shape (n_vertices, 3)."""
        at_rest = np.linalg.solve(self.M, (points_m - self.shift_m)[..., None])[..., 0]
        return np.asarray(at_rest, dtype=np.float64)


class Flex:
    """The model for some of its vertices."""

    def __init__(self, space: ShapeSpace, rows: NDArray[np.int64]) -> None:
        self._space, self.rows = space, rows
        n_joints = len(JOINTS)
        all_rows = np.r_[rows, space.n_vertices + np.arange(n_joints)]
        basis = space.basis("rest").reshape(-1, 3, space.basis("rest").shape[1])
        self._basis = basis[all_rows].reshape(3 * len(all_rows), -1)
        self._weights = space.joint_weights[rows].astype(np.float64)

    def rest(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Skin (n, 3) and joints (n_joints, 3) at rest."""
        coefficients = self._space.coefficients(x[:N_PARAMETERS])[0].astype(np.float32)
        points = (self._basis @ coefficients).reshape(-1, 3).astype(np.float64)
        return points[: len(self.rows)], points[len(self.rows) :]

    def motion(self, x: NDArray[np.float64], joints_m: NDArray[np.float64]) -> Motion:
        """Motion of each vertex for joints at rest, shape (n_joints, 3)."""
        R, shifts = _joint_motions(x, joints_m)
        n = len(JOINTS)
        M = (self._weights @ R.reshape(n, 9)).reshape(-1, 3, 3)
        return Motion(M=M, shift_m=self._weights @ shifts)

    def points(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Posed skin, shape (n, 3)."""
        rest, joints = self.rest(x)
        motion = self.motion(x, joints)
        return np.einsum("nij,nj->ni", motion.M, rest) + motion.shift_m

    def jacobian(self, x: NDArray[np.float64], *, shape: bool) -> NDArray[np.float64]:
        """Derivative of `points`, shape (n, 3, N_FLEX); without shape its columns are 0."""
        J = np.zeros((len(self.rows), 3, N_FLEX))
        rest, joints = self.rest(x)
        if shape:
            slopes = self._space.coefficients(x[:N_PARAMETERS])[1].astype(np.float32)
            fields = (self._basis @ slopes).reshape(-1, 3, N_PARAMETERS).astype(np.float64)
            J[:, :, :N_PARAMETERS] = self._moved_fields(x, joints, fields)
        here = self.points(x)
        step = 1e-5
        for column in range(N_PARAMETERS, N_FLEX):
            beside = x.copy()
            beside[column] += step
            motion = self.motion(beside, joints)
            moved = np.einsum("nij,nj->ni", motion.M, rest) + motion.shift_m
            J[:, :, column] = (moved - here) / step
        return J

    def _moved_fields(
        self, x: NDArray[np.float64], joints: NDArray[np.float64], fields: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Displacements at rest carried into the pose, skin only, shape (n, 3, n_fields)."""
        n = len(self.rows)
        R, _ = _joint_motions(x, joints)
        M = (self._weights @ R.reshape(len(JOINTS), 9)).reshape(-1, 3, 3)
        shifts = _joint_shifts(R, fields[n:])
        moved = np.einsum("nij,njf->nif", M, fields[:n])
        return moved + np.einsum("nj,jif->nif", self._weights, shifts)


def _joint_motions(
    x: NDArray[np.float64], joints_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """World rotation (n_joints, 3, 3) and shift (n_joints, 3) of each joint's part."""
    names = list(JOINTS)
    turns = x[N_PARAMETERS : N_PARAMETERS + N_TURNS].reshape(-1, 3)
    local = Rotation.from_rotvec(turns).as_matrix()
    whole = Rotation.from_rotvec(x[-6:-3]).as_matrix()
    R = np.zeros((len(names), 3, 3))
    for name, parent in PARENTS.items():
        i = names.index(name)
        if parent is None:
            R[i] = whole
        else:
            own = local[TURNED.index(name)] if name in TURNED else np.eye(3)
            R[i] = R[names.index(parent)] @ own
    shifts = _joint_shifts(R, joints_m[:, :, None])[:, :, 0]
    return R, shifts + x[-3:]


def _joint_shifts(R: NDArray[np.float64], joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift of each part, linear in the joints, shape (n_joints, 3, n_fields) as given.

    The pelvis turns about itself and stays in place.
    """
    names = list(JOINTS)
    posed = np.zeros_like(joints)
    for name, parent in PARENTS.items():
        i = names.index(name)
        if parent is None:
            posed[i] = joints[i]
        else:
            p = names.index(parent)
            posed[i] = posed[p] + R[p] @ (joints[i] - joints[p])
    return posed - np.einsum("jik,jkf->jif", R, joints)


def turns_of(rotations: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Joint turns against their parents from world rotations, shape (N_TURNS,)."""
    turns = []
    for name in TURNED:
        parent = PARENTS[name]
        local = rotations[name] if parent is None else rotations[parent].T @ rotations[name]
        turns.append(Rotation.from_matrix(local).as_rotvec())
    return np.concatenate(turns)
