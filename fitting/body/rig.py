"""The rig of a body: joints in a tree, and how much each moves each vertex.

Rotations are of the body frame: `R_world_joint` turns a part from its stance at rest to its posed
stance, about the joint. Skin follows by dual quaternions (Kavan et al. 2007, Skinning with dual
quaternions), which keep the volume at bent hips and knees; round the shoulder, where they blow the
armpit up, by linear blending.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PARENTS = {
    "pelvis": None, "spine": "pelvis", "chest": "spine", "neck": "chest", "head": "neck",
    "clavicle_l": "chest", "shoulder_l": "clavicle_l", "elbow_l": "shoulder_l",
    "wrist_l": "elbow_l", "clavicle_r": "chest", "shoulder_r": "clavicle_r",
    "elbow_r": "shoulder_r", "wrist_r": "elbow_r", "hip_l": "pelvis", "knee_l": "hip_l",
    "ankle_l": "knee_l", "toe_l": "ankle_l", "hip_r": "pelvis", "knee_r": "hip_r",
    "ankle_r": "knee_r", "toe_r": "ankle_r",
}  # fmt: skip
# Joints whose skin blends linearly.
_LINEAR = ("chest", "clavicle", "shoulder")
Rotations = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A body at rest and how it bends.

    Attributes:
        rest_m: Skin at rest (A stance), shape (n_vertices, 3).
        joint_names: Names of `PARENTS`, one per column of ``weights``.
        joints_m: Joint centres at rest, each shape (3,).
        weights: Share of each joint in moving each vertex, shape (n_vertices, n_joints).
        landmark_rows: Vertices whose mean is a landmark, by name.
        levels_m: Heights of the girth levels at rest, by measurement key.
    """

    rest_m: NDArray[np.float64]
    joint_names: tuple[str, ...]
    joints_m: Mapping[str, NDArray[np.float64]]
    weights: NDArray[np.float32]
    landmark_rows: Mapping[str, NDArray[np.int64]]
    levels_m: Mapping[str, float]


def posed_joints(rig: Rig, rotations: Rotations) -> dict[str, NDArray[np.float64]]:
    """Joint centres under rotations, the pelvis held where it is, each shape (3,) [m]."""
    posed: dict[str, NDArray[np.float64]] = {}
    for name, parent in PARENTS.items():
        if name not in rig.joints_m:
            continue
        here = rig.joints_m[name]
        if parent is None:
            posed[name] = here
        else:
            posed[name] = posed[parent] + rotations[parent] @ (here - rig.joints_m[parent])
    return posed


def skin(rig: Rig, rotations: Rotations) -> NDArray[np.float64]:
    """Move the skin by its joints, the pelvis held where it is, shape (n_vertices, 3) [m]."""
    posed = posed_joints(rig, rotations)
    R = np.stack([rotations[name] for name in rig.joint_names])
    shifts = np.stack([posed[n] - rotations[n] @ rig.joints_m[n] for n in rig.joint_names])
    linear = np.isin([name.split("_")[0] for name in rig.joint_names], _LINEAR)
    share = rig.weights[:, linear].sum(axis=1)[:, None].astype(np.float64)
    by_dual = _skin_dual(rig, _quaternions_wxyz(rig.joint_names, R), shifts)
    return share * _skin_linear(rig, R, shifts) + (1 - share) * by_dual


def _skin_linear(
    rig: Rig, R: NDArray[np.float64], shifts_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of where the joints take each vertex, shape (n_vertices, 3)."""
    n_joints = len(rig.joint_names)
    rows = np.concatenate([R, shifts_m[:, :, None]], axis=2).reshape(n_joints, 12)
    blended = (rig.weights @ rows).reshape(-1, 3, 4)
    return np.einsum("nij,nj->ni", blended[:, :, :3], rig.rest_m) + blended[:, :, 3]


def _skin_dual(
    rig: Rig, real: NDArray[np.float64], shifts_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Skin by the mean rigid motion of the joints, shape (n_vertices, 3)."""
    shift = np.column_stack([np.zeros(len(shifts_m)), shifts_m])
    blended = rig.weights @ np.hstack([real, 0.5 * _multiply(shift, real)])
    blended /= np.linalg.norm(blended[:, :4], axis=1, keepdims=True)
    w, q, dual_w, dual_q = blended[:, :1], blended[:, 1:4], blended[:, 4:5], blended[:, 5:]
    rest = rig.rest_m
    turned = rest + 2 * np.cross(q, np.cross(q, rest) + w * rest)
    return turned + 2 * (w * dual_q - dual_w * q + np.cross(q, dual_q))


def _quaternions_wxyz(names: tuple[str, ...], R: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations as unit quaternions, each on the same side as its parent's, (n_joints, 4)."""
    from scipy.spatial.transform import Rotation

    wxyz = Rotation.from_matrix(R).as_quat()[:, [3, 0, 1, 2]]
    quaternions = dict(zip(names, wxyz, strict=True))
    for name, parent in PARENTS.items():
        if name in quaternions and parent in quaternions:
            turn = quaternions[name] @ quaternions[parent] < 0
            quaternions[name] = -quaternions[name] if turn else quaternions[name]
    return np.stack([quaternions[name] for name in names])


def _multiply(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hamilton product of quaternions wxyz, shape (n, 4)."""
    w = a[:, 0] * b[:, 0] - (a[:, 1:] * b[:, 1:]).sum(axis=1)
    xyz = a[:, :1] * b[:, 1:] + b[:, :1] * a[:, 1:] + np.cross(a[:, 1:], b[:, 1:])
    return np.column_stack([w, xyz])
