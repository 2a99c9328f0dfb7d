"""What a picture shows: painted meshes and a camera. Metres, y up, z forward, x to the left."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

View = Literal["front", "back", "left", "right", "three_quarter"]

# Turn of the camera around the wearer, seen from above: 0 looks at the face.
AZIMUTH_RAD: dict[View, float] = {
    "front": 0.0,
    "three_quarter": np.pi / 5,
    "left": np.pi / 2,
    "back": np.pi,
    "right": -np.pi / 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedMesh:
    """A mesh with one colour per vertex.

    Attributes:
        name: Name of the node in a file.
        vertices_m: Points, shape (n_vertices, 3).
        faces: Triangles, shape (n_faces, 3).
        colors: Displayed sRGB, shape (n_vertices, 3), uint8.
        two_sided: Whether the inside is drawn, as cloth needs.
    """

    name: str
    vertices_m: NDArray[np.float64]
    faces: NDArray[np.int64]
    colors: NDArray[np.uint8]
    two_sided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Orthographic camera that looks at the wearer horizontally.

    Attributes:
        azimuth_rad: Turn around the wearer; 0 sees the front, pi/2 the left side.
        center_m: Point in the middle of the picture, shape (3,).
        height_m: Height of the picture in the scene, so that a scale bar is true anywhere.
    """

    azimuth_rad: float
    center_m: NDArray[np.float64]
    height_m: float

    def R_view_world(self) -> NDArray[np.float64]:  # noqa: N802 - a matrix keeps its letter
        """Rotation whose rows are right, up and towards the camera, shape (3, 3)."""
        toward = np.array([np.sin(self.azimuth_rad), 0.0, np.cos(self.azimuth_rad)])
        up = np.array([0.0, 1.0, 0.0])
        return np.stack([np.cross(up, toward), up, toward])


def camera_for(view: View, meshes: tuple[PaintedMesh, ...], *, margin: float = 1.06) -> Camera:
    """Frame meshes so that the same meshes have the same scale in every view.

    Args:
        view: Preset direction.
        meshes: What must be in the picture.
        margin: Picture height over the height of the meshes, no unit.
    """
    points = np.concatenate([mesh.vertices_m for mesh in meshes])
    low, high = points.min(axis=0), points.max(axis=0)
    return Camera(
        azimuth_rad=AZIMUTH_RAD[view],
        center_m=(low + high) / 2,
        height_m=float((high - low)[1] * margin),
    )


def vertex_normals(
    vertices_m: NDArray[np.float64], faces: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Area-weighted unit normals, shape (n_vertices, 3); zero where no triangle touches."""
    corners = vertices_m[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices_m)
    for i_corner in range(3):
        np.add.at(normals, faces[:, i_corner], face_normals)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)
