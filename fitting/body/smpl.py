"""Bodies of SMPL and SMPL-X, from a model file that the user owns. Metres, y up, z forward.

The files' licences forbid shipping them; only their layout is known here: ``v_template`` (n, 3),
``f`` (m, 3), ``shapedirs`` (n, 3, k), ``J_regressor`` (j, n), ``weights`` (n, j), ``kintree_table``
(2, j), the first 22 joints in the order of SMPL. Pose blend shapes are left out.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.body.measurements import Sex
from fitting.body.pose import Pose
from fitting.body.posing import pose_body, rig_of
from fitting.body.register import Registration, register_scan
from fitting.body.rig import Rig
from fitting.body.scan import make_scan
from fitting.errors import ScanError

# Our joint for each of the first joints of SMPL; further ones (fingers, face) move with theirs.
JOINTS_OF_SMPL = (
    "pelvis", "hip_l", "hip_r", "spine", "knee_l", "knee_r", "chest", "ankle_l", "ankle_r", "chest",
    "toe_l", "toe_r", "neck", "clavicle_l", "clavicle_r", "head", "shoulder_l", "shoulder_r",
    "elbow_l", "elbow_r", "wrist_l", "wrist_r",
)  # fmt: skip
_REGION = {
    "pelvis": "hip", "spine": "waist", "chest": "chest", "neck": "neck", "head": "head",
    "clavicle": "shoulder", "shoulder": "upper_arm", "elbow": "lower_arm", "wrist": "hand",
    "hip": "thigh", "knee": "lower_leg", "ankle": "foot", "toe": "foot",
}  # fmt: skip
_NEEDED = ("v_template", "f", "shapedirs", "J_regressor", "weights", "kintree_table")


def read_smpl(
    path: Path, *, betas: Sequence[float] = (), sex: Sex | None = None
) -> tuple[Body, Registration]:
    """Load a body of a model file, in the A stance, with rig, landmarks and measures.

    Landmarks and measures come from our model registered on it, since its topology has none.

    Args:
        path: The npz file.
        betas: Shape coefficients, the first ones; the rest are 0.
        sex: Shape space to register with.

    Raises:
        ScanError: If the file has not that layout, or the body cannot be registered.
    """
    arrays = _arrays(path)
    n_shapes = arrays["shapedirs"].shape[2]
    if len(betas) > n_shapes:
        raise ScanError(f"{len(betas)} betas were given; {path} has {n_shapes} shapes")
    shape = np.zeros(n_shapes)
    shape[: len(betas)] = betas
    skin_m = arrays["v_template"] + arrays["shapedirs"] @ shape
    body = _in_a_stance(_t_body(skin_m, arrays))
    registration = register_scan(make_scan(body.vertices_m, body.faces, unit="m"), sex=sex)
    return _with_landmarks(body, registration), registration


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in _NEEDED if name in data.files}
    except (OSError, ValueError) as error:
        raise ScanError(f"body model {path} cannot be read as npz: {error}") from error
    missing = [name for name in _NEEDED if name not in arrays]
    if missing:
        raise ScanError(f"body model {path} lacks {', '.join(missing)}; is it SMPL or SMPL-X npz?")
    n, n_joints = len(arrays["v_template"]), arrays["weights"].shape[-1]
    wanted = {
        "v_template": (n, 3), "shapedirs": (n, 3, arrays["shapedirs"].shape[-1]),
        "J_regressor": (n_joints, n), "weights": (n, n_joints), "kintree_table": (2, n_joints),
    }  # fmt: skip
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise ScanError(f"{path}: {name} has shape {arrays[name].shape}, wanted {shape}")
    if n_joints < len(JOINTS_OF_SMPL):
        raise ScanError(f"{path} has {n_joints} joints, wanted {len(JOINTS_OF_SMPL)} or more")
    return arrays


def _t_body(skin_m: NDArray[np.float64], arrays: dict[str, NDArray[Any]]) -> Body:
    """The body as in the file: arms out."""
    names = _joint_names(arrays["kintree_table"])
    theirs = arrays["J_regressor"] @ skin_m
    order = tuple(dict.fromkeys(names))
    weights = np.zeros((len(skin_m), len(order)), dtype=np.float32)
    for column, name in enumerate(names):
        weights[:, order.index(name)] += arrays["weights"][:, column]
    # A name's own joint is the first that has it.
    joints = {name: theirs[names.index(name)] for name in order}
    dominant = [order[i] for i in weights.argmax(axis=1)]
    region = [REGIONS.index(_REGION[name.split("_", maxsplit=1)[0]]) for name in dominant]
    rig = Rig(
        rest_m=skin_m, joint_names=order, joints_m=joints, weights=weights, landmark_rows={},
        levels_m={},
    )  # fmt: skip
    return Body(
        vertices_m=skin_m, faces=arrays["f"].astype(np.int64), joints_m=joints, landmarks_m={},
        levels_m={}, vertex_region=np.array(region, dtype=np.int64), pose="t", rig=rig,
    )  # fmt: skip


def _joint_names(tree: NDArray[Any]) -> list[str]:
    """Our joint of each of theirs."""
    names: list[str] = list(JOINTS_OF_SMPL)
    for parent in tree[0, len(names) :].astype(np.int64):
        names.append(names[int(parent)])
    return names


def _in_a_stance(body: Body) -> Body:
    """The same body whose rest is the A stance, as everywhere here."""
    posed = pose_body(body, Pose.degrees("a", shoulder_abduction=43, elbow_flexion=10))
    return _rebased(posed, {}, {})


def _rebased(
    body: Body, landmark_rows: dict[str, NDArray[np.int64]], levels_m: dict[str, float]
) -> Body:
    rig = rig_of(body)
    at_rest = Rig(
        rest_m=body.vertices_m, joint_names=rig.joint_names, joints_m=body.joints_m,
        weights=rig.weights, landmark_rows=landmark_rows, levels_m=levels_m,
    )  # fmt: skip
    landmarks = {key: body.vertices_m[rows].mean(axis=0) for key, rows in landmark_rows.items()}
    return Body(
        vertices_m=body.vertices_m, faces=body.faces, joints_m=body.joints_m,
        landmarks_m=landmarks, levels_m=levels_m, vertex_region=body.vertex_region, pose="a",
        rig=at_rest,
    )  # fmt: skip


def _with_landmarks(body: Body, registration: Registration) -> Body:
    """Landmarks at the vertices nearest to those of the registered model."""
    from scipy.spatial import KDTree

    tree = KDTree(body.vertices_m)
    rows = {
        name: np.unique(tree.query(registration.posed_m[theirs])[1])
        for name, theirs in rig_of(registration.body).landmark_rows.items()
    }
    return _rebased(body, rows, dict(registration.body.levels_m))
