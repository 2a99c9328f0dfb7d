"""What a picture shows: painted meshes and a camera. Metres, y up, z forward, x to the left."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

View = Literal[
    "front", "back", "left", "right", "three_quarter", "quarter_right", "quarter_back_left",
    "quarter_back_right",
]  # fmt: skip

# Shading takes at most this share of the brightness, so that light is not mistaken for data.
SHADING = 0.3

_GAMMA = 2.2

# Turn of the camera around the wearer, seen from above: 0 looks at the face.
AZIMUTH_RAD: dict[View, float] = {
    "front": 0.0,
    "three_quarter": np.pi / 5,
    "left": np.pi / 2,
    "quarter_back_left": 4 * np.pi / 5,
    "back": np.pi,
    "quarter_back_right": -4 * np.pi / 5,
    "right": -np.pi / 2,
    "quarter_right": -np.pi / 5,
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
        self_lit: Whether it takes no shading, as lines do.
        numbers: Further values per vertex by name and unit, each shape (n_vertices,); a GLB
            carries them.
    """

    name: str
    vertices_m: NDArray[np.float64]
    faces: NDArray[np.int64]
    colors: NDArray[np.uint8]
    two_sided: bool = False
    self_lit: bool = False
    numbers: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Orthographic camera.

    Attributes:
        azimuth_rad: Turn around the wearer; 0 sees the front, pi/2 the left side.
        elevation_rad: How far it looks down; 0 is horizontal, pi/2 from straight above.
        center_m: Point in the middle of the picture, shape (3,).
        height_m: Height of the picture in the scene, so that a scale bar is true anywhere.
    """

    azimuth_rad: float
    center_m: NDArray[np.float64]
    height_m: float
    elevation_rad: float = 0.0

    def R_view_world(self) -> NDArray[np.float64]:  # noqa: N802 - a matrix keeps its letter
        """Rotation whose rows are right, up and towards the camera, shape (3, 3)."""
        level = np.array([np.sin(self.azimuth_rad), 0.0, np.cos(self.azimuth_rad)])
        right = np.array([np.cos(self.azimuth_rad), 0.0, -np.sin(self.azimuth_rad)])
        sky = np.array([0.0, 1.0, 0.0])
        toward = np.cos(self.elevation_rad) * level + np.sin(self.elevation_rad) * sky
        return np.stack([right, np.cross(toward, right), toward])


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
    n = len(vertices_m)
    normals = np.stack(
        [np.bincount(faces.ravel(), np.repeat(axis, 3), minlength=n) for axis in face_normals.T],
        axis=1,
    )
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)


def turntable(start: Camera, n_pictures: int) -> tuple[Camera, ...]:
    """Cameras at even turns around the wearer, the first as given."""
    turns = start.azimuth_rad + 2 * np.pi * np.arange(n_pictures) / n_pictures
    return tuple(replace(start, azimuth_rad=float(turn)) for turn in turns)


def camera_on(
    points_m: NDArray[np.float64], view: View, *, margin: float = 1.25, least_m: float = 0.08
) -> Camera:
    """Look closely at a part, shape (n_points, 3).

    Args:
        points_m: What must be in the picture.
        view: Preset direction.
        margin: Picture height over the largest extent of the part, no unit.
        least_m: Smallest height of the picture.
    """
    low, high = points_m.min(axis=0), points_m.max(axis=0)
    return Camera(
        azimuth_rad=AZIMUTH_RAD[view],
        center_m=(low + high) / 2,
        height_m=max(float((high - low).max() * margin), least_m),
    )


def lit_colors(mesh: PaintedMesh, camera: Camera, *, flat: bool) -> NDArray[np.float64]:
    """Displayed colour per vertex under the light that every backend uses, shape (n_vertices, 3).

    The light stands behind the viewer's left shoulder and turns with the camera.
    """
    colors = mesh.colors.astype(np.float64)
    if flat or mesh.self_lit:
        return colors
    normals = vertex_normals(mesh.vertices_m, mesh.faces) @ camera.R_view_world().T
    light = np.array([-0.35, 0.45, 0.82])
    facing = normals @ (light / np.linalg.norm(light))
    facing = np.abs(facing) if mesh.two_sided else np.maximum(facing, 0.0)
    return colors * (1 - SHADING + SHADING * facing)[:, None]


def linear_from_srgb(colors: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Bring displayed colours to the linear ones that glTF wants, 0 to 1, same shape."""
    return (colors / 255.0) ** _GAMMA


def srgb_from_linear(linear: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Bring linear colours back to displayed ones, same shape."""
    return np.rint(255.0 * np.asarray(linear) ** (1 / _GAMMA)).astype(np.uint8)
