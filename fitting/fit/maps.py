"""What the draped cloth feels, triangle by triangle and point by point."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.drape.result import Drape


@dataclass(frozen=True, slots=True, kw_only=True)
class FitMap:
    """Maps of one drape.

    Attributes:
        strain_warp: Stretch minus one along the warp, per triangle, no unit, shape (n_faces,).
        strain_weft: The same along the weft.
        shear: Scalar product of the stretched warp and weft directions, about the angle [rad].
        strain_share: Larger of both strains over the fabric's own limit, no unit, shape (n_faces,).
        stress_warp_n_m: Membrane tension along the warp, shape (n_faces,).
        stress_weft_n_m: The same along the weft.
        pressure_pa: Contact force over current area, per vertex, shape (n_vertices,).
        gap_m: Distance to the skin, per vertex, shape (n_vertices,).
        face_region: Nearest region of the body, index into ``REGIONS``, shape (n_faces,).
    """

    strain_warp: NDArray[np.float64]
    strain_weft: NDArray[np.float64]
    shear: NDArray[np.float64]
    strain_share: NDArray[np.float64]
    stress_warp_n_m: NDArray[np.float64]
    stress_weft_n_m: NDArray[np.float64]
    pressure_pa: NDArray[np.float64]
    gap_m: NDArray[np.float64]
    face_region: NDArray[np.int64]


def deformation_gradient(cloth: Cloth, positions_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns are the images of a unit of warp and of weft, shape (n_faces, 3, 2)."""
    uv = cloth.rest_uv_m
    flat = np.stack([uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]], axis=-1)
    corners = positions_m[cloth.faces]
    draped = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=-1)
    return draped @ np.linalg.inv(flat)


def face_areas_m2(positions_m: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray:
    """Area of each triangle, shape (n_faces,)."""
    corners = positions_m[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.linalg.norm(normal, axis=1) / 2


def fit_map(cloth: Cloth, drape: Drape, body: Body, fabrics: Sequence[Fabric]) -> FitMap:
    """Compute all maps of a drape.

    Args:
        cloth: The garment.
        drape: Its rest on the body.
        body: The body.
        fabrics: Fabrics by the cloth's ``face_fabric``.
    """
    x = drape.positions_m
    F = deformation_gradient(cloth, x)
    warp = np.linalg.norm(F[..., 0], axis=1) - 1
    weft = np.linalg.norm(F[..., 1], axis=1) - 1
    card = _FabricColumns(cloth, fabrics)
    share = np.maximum(warp / card("strain_limit_warp"), weft / card("strain_limit_weft"))
    coupling = card("tensile_coupling_n_m")
    areas = face_areas_m2(x, cloth.faces)
    vertex_area = np.zeros(len(x))
    for corner in range(3):
        np.add.at(vertex_area, cloth.faces[:, corner], areas / 3)
    tree = KDTree(body.vertices_m)
    near_m, _ = tree.query(x)
    _, near = tree.query(x[cloth.faces].mean(axis=1))
    return FitMap(
        strain_warp=warp,
        strain_weft=weft,
        shear=(F[..., 0] * F[..., 1]).sum(axis=1),
        strain_share=share,
        stress_warp_n_m=card("tensile_warp_n_m") * warp + coupling * weft,
        stress_weft_n_m=card("tensile_weft_n_m") * weft + coupling * warp,
        pressure_pa=drape.contact_force_n / np.maximum(vertex_area, 1e-12),
        gap_m=near_m,
        face_region=body.vertex_region[near],
    )


class _FabricColumns:
    """A number of the fabric card for every triangle."""

    def __init__(self, cloth: Cloth, fabrics: Sequence[Fabric]) -> None:
        self._rows = cloth.face_fabric
        self._fabrics = fabrics

    def __call__(self, name: str) -> NDArray[np.float64]:
        values = np.array([getattr(fabric, name) for fabric in self._fabrics], dtype=np.float64)
        return values[self._rows]
