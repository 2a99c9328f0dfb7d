"""A body: closed mesh, joints, landmarks, regions. Metres, y up, z forward, x to the left."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.rig import Rig, Rotations

REGIONS = (
    "head", "neck", "shoulder", "chest", "waist", "hip",
    "upper_arm", "lower_arm", "hand", "thigh", "lower_leg", "foot",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A posed body, origin on the floor between the feet.

    Attributes:
        vertices_m: Surface points, shape (n_vertices, 3).
        faces: Triangles, outward, one closed part, shape (n_faces, 3).
        joints_m: Joint centres, each shape (3,): ``neck head pelvis`` and, with ``_l`` and ``_r``,
            ``shoulder elbow wrist hip knee ankle``; bodies of the model also ``spine chest``
            and ``clavicle toe``.
        landmarks_m: Named surface points, each shape (3,): ``c7 navel crotch`` and, with ``_l``
            and ``_r``, ``acromion nipple``.
        levels_m: Heights of the girth levels, by measurement key: ``bust_girth waist_girth
            hip_girth neck_girth`` ...
        vertex_region: Index into ``REGIONS`` per vertex, shape (n_vertices,).
        pose: Name of the stance.
        rig: How it bends, ``None`` for a scan that was not registered.
        rotations: Of each joint's part from rest, each shape (3, 3); ``None`` at rest.
    """

    vertices_m: NDArray[np.float64]
    faces: NDArray[np.int64]
    joints_m: Mapping[str, NDArray[np.float64]]
    landmarks_m: Mapping[str, NDArray[np.float64]]
    levels_m: Mapping[str, float]
    vertex_region: NDArray[np.int64]
    pose: str
    rig: Rig | None = None
    rotations: Rotations | None = None
