"""Build the body model once: cut what we need out of anny and keep it as one small file.

anny is z-up with the face towards -y; here everything is turned to y up, z forward, once. Rest
shapes of an adult at every corner of the phenotypes (muscle, weight, height, proportions, cup
size) are stored for each sex, and local changes as displacements, left and right tied.
"""

import itertools
import os
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.errors import FittingError

CORNERS = {"muscle": 3, "weight": 3, "height": 2, "proportions": 2, "cupsize": 3}
# Young adult, in anny's scale from newborn (-1/3) over child (1/3) to old (1).
_AGE = 2 / 3
_LAYOUT = 2

LOCAL_CHANGES = (
    "measure-bust-circ", "measure-underbust-circ", "measure-waist-circ", "measure-hips-circ",
    "measure-neck-circ", "measure-napetowaist-dist", "measure-waisttohip-dist",
    "measure-shoulder-dist", "measure-frontchest-dist", "measure-neck-height", "torso-scale-horiz",
    "torso-scale-depth", "torso-scale-vert", "torso-vshape", "torso-muscle-dorsi",
    "torso-muscle-pectoral", "hip-scale-horiz", "hip-scale-depth", "hip-scale-vert",
    "stomach-pregnant", "stomach-tone", "pelvis-tone", "buttocks-volume",
    "measure-upperarm-length", "measure-lowerarm-length", "measure-upperarm-circ",
    "measure-wrist-circ", "measure-thigh-circ", "measure-knee-circ", "measure-calf-circ",
    "measure-ankle-circ", "measure-upperleg-height", "measure-lowerleg-height", "upperarm-fat",
    "upperarm-muscle", "lowerarm-fat", "lowerarm-muscle", "upperleg-fat", "upperleg-muscle",
    "lowerleg-fat", "lowerleg-muscle", "upperarm-shoulder-muscle",
)  # fmt: skip

# Base-mesh indices of points on the skin.
LANDMARKS = {
    "navel": (4121,), "c7": (857,), "acromion_l": (8275,), "acromion_r": (1603,),
    "nipple_r": tuple(range(1762, 1778)), "nipple_l": tuple(range(8434, 8450)),
    "crotch": (4374, 4372, 6431),
}  # fmt: skip
JOINTS = {
    "pelvis": "root", "neck": "neck01", "head": "head",
    "shoulder_l": "upperarm01.L", "elbow_l": "lowerarm01.L", "wrist_l": "wrist.L",
    "hip_l": "upperleg01.L", "knee_l": "lowerleg01.L", "ankle_l": "foot.L",
    "shoulder_r": "upperarm01.R", "elbow_r": "lowerarm01.R", "wrist_r": "wrist.R",
    "hip_r": "upperleg01.R", "knee_r": "lowerleg01.R", "ankle_r": "foot.R",
    "spine": "spine05", "chest": "spine03", "clavicle_l": "clavicle.L", "toe_l": "toe2-1.L",
    "clavicle_r": "clavicle.R", "toe_r": "toe2-1.R",
}  # fmt: skip
# Which joint turns a bone, by the first letters of the bone's name; sides are added.
JOINT_OF_BONE = {
    "root": "pelvis", "pelvis": "pelvis", "spine05": "spine", "spine04": "spine", "spine": "chest",
    "neck": "neck", "head": "head", "eye": "head", "clavicle": "clavicle", "shoulder": "clavicle",
    "upperarm": "shoulder", "lowerarm": "elbow", "wrist": "wrist", "finger": "wrist",
    "metacarpal": "wrist", "upperleg": "hip", "lowerleg": "knee", "foot": "ankle", "toe": "toe",
}  # fmt: skip

Progress = Callable[[str], None]


def cache_folder() -> Path:
    """Folder of built models; ``MUSLIN_CACHE_DIR`` moves it."""
    named = os.environ.get("MUSLIN_CACHE_DIR")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "muslin"


def model_file(progress: Progress | None = None) -> Path:
    """Path of the body model, built first when it is not there (about a minute, once).

    Args:
        progress: Told what is being waited for.

    Raises:
        FittingError: If the cache folder cannot be written.
    """
    path = cache_folder() / f"body-anny-{version('anny')}-{_LAYOUT}.npz"
    if path.is_file():
        return path
    if progress is not None:
        progress("  building the body model, once (about a minute)")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="body-", dir=path.parent) as folder:
            built = Path(folder) / "model.npz"
            with built.open("wb") as file:
                np.savez(file, allow_pickle=False, **_extract(_load_anny(folder)))
            built.replace(path)
    except OSError as error:
        raise FittingError(f"cannot write the body model into {path.parent}: {error}") from error
    return path


def _load_anny(folder: str) -> Any:
    """Load anny with its own cache in a folder that goes away: it takes over a gigabyte."""
    os.environ["ANNY_CACHE_DIR"] = folder
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import anny

        labels = [label for name in LOCAL_CHANGES for label in _anny_labels(name)]
        return anny.Anny(phenotypes="all", local_changes=labels)


def _anny_labels(name: str) -> list[str]:
    if name.startswith(("upperarm", "lowerarm", "upperleg", "lowerleg")):
        return [f"l-{name}-incr", f"r-{name}-incr"]
    return [f"{name}-incr"]


def _turn(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """From anny's frame to ours, shape (..., 3) as given."""
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], axis=-1)


def _extract(model: Any) -> dict[str, Any]:
    """Cut corner shapes, local changes, landmarks, joints and regions out of the model."""
    faces = model.get_triangular_faces().numpy().astype(np.int64)
    kept, faces = _largest_part(faces, len(model.template_vertices))
    heads = [model.bone_labels.index(bone) for bone in JOINTS.values()]
    shapes = model.blendshapes.numpy()
    basis = _turn(np.concatenate([shapes[:, kept], _joint_shapes(model, heads)], axis=1))
    template = np.concatenate(
        [model.template_vertices.numpy()[kept], model.template_bone_heads.numpy()[heads]]
    )
    template = _turn(template)
    arrays: dict[str, Any] = {"faces": faces, "n_vertices": np.int64(len(kept))}
    for sex, gender in (("female", 1.0), ("male", 0.0)):
        coefficients = np.stack([_coefficients(model, gender, corner) for corner in _corners()])
        points = template + np.tensordot(coefficients, basis, axes=1)
        arrays[f"corners_{sex}"] = points.astype(np.float32)
    positive, negative = _local_shapes(model, basis)
    arrays["local_plus"], arrays["local_minus"] = positive, negative
    base = model.base_mesh_vertex_indices.numpy()[kept]
    for name, indices in LANDMARKS.items():
        rows = [int(np.flatnonzero(base == index)[0]) for index in indices]
        arrays[f"landmark_{name}"] = np.array(rows, dtype=np.int64)
    arrays["bone"] = _dominant_bone(model)[kept]
    arrays["bone_names"] = np.array(model.bone_labels)
    arrays["joint_weights"] = _joint_weights(model)[kept]
    return arrays


def _largest_part(faces: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Vertices of the largest connected part, and its faces renumbered: eyes and mouth go."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    largest = np.bincount(label).argmax()
    kept = np.flatnonzero(label == largest)
    renumber = np.full(n, -1, dtype=np.int64)
    renumber[kept] = np.arange(kept.size)
    return kept, renumber[faces[label[faces[:, 0]] == largest]]


def _joint_shapes(model: Any, heads: list[int]) -> NDArray[np.float64]:
    return model.bone_heads_blendshapes.numpy()[:, heads]


def _corners() -> list[tuple[float, ...]]:
    """Phenotype values of all corners, in the order of `CORNERS`."""
    return list(itertools.product(*(np.linspace(0, 1, n).tolist() for n in CORNERS.values())))


def _coefficients(model: Any, gender: float, corner: tuple[float, ...]) -> NDArray[np.float64]:
    import torch

    values = dict(zip(CORNERS, corner, strict=True)) | {"gender": gender, "age": _AGE}
    with torch.no_grad():
        return model.get_phenotype_blendshape_coefficients(**values)[0].numpy()


def _local_shapes(
    model: Any, basis: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Displacements for one positive and one negative unit of each tied local change."""
    first = len(basis) - 2 * len(model.local_change_labels)
    labels = list(model.local_change_labels)
    plus, minus = [], []
    for name in LOCAL_CHANGES:
        rows = [first + 2 * labels.index(label) for label in _anny_labels(name)]
        plus.append(sum(basis[row] for row in rows))
        minus.append(sum(basis[row + 1] for row in rows))
    return np.array(plus, dtype=np.float32), np.array(minus, dtype=np.float32)


def _dominant_bone(model: Any) -> NDArray[np.int64]:
    """Bone with the largest skinning weight per vertex."""
    weights, bones = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    best = weights.argmax(axis=1)
    return bones[np.arange(len(bones)), best].astype(np.int64)


def joint_of_bone(bone: str) -> str:
    """Joint of `JOINTS` that turns a bone of the model."""
    joint = next(value for key, value in JOINT_OF_BONE.items() if bone.startswith(key))
    return joint if joint in JOINTS else f"{joint}_{bone[-1].lower()}"


def _joint_weights(model: Any) -> NDArray[np.float32]:
    """Share of each joint in moving each vertex, shape (n_vertices, n_joints)."""
    order = list(JOINTS)
    joint = np.array([order.index(joint_of_bone(bone)) for bone in model.bone_labels])
    weights, bones = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    shares = np.zeros((len(weights), len(order)))
    for column in range(weights.shape[1]):
        np.add.at(shares, (np.arange(len(shares)), joint[bones[:, column]]), weights[:, column])
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
