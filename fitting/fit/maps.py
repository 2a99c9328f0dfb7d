"""Fit maps: strain, tension, pressure and gap, per triangle or vertex of the cloth.

The body is rigid, so pressure over bone is overstated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.drape.result import Drape
from fitting.errors import DrapeError

_PATCH_RADIUS_M = 0.01  # pressure is a mean over a disc of this radius


@dataclass(frozen=True, slots=True, kw_only=True)
class FitMap:
    """What the cloth feels, and does to the skin.

    Attributes:
        strain_warp: ``|F u| - 1`` per triangle, no unit, shape (n_faces,).
        strain_weft: The same along the weft.
        shear_rad: Angle by which warp and weft have left the right angle, shape (n_faces,).
        limit_share_warp: Warp strain over the fabric's own wearable limit, no unit.
        limit_share_weft: The same along the weft.
        tension_warp_n_m: Membrane tension along the warp, shape (n_faces,).
        tension_weft_n_m: The same along the weft.
        pressure_kpa: Contact force over current area, mean over a disc of 10 mm radius, shape
            (n_vertices,).
        gap_m: Air between skin and the inner side of the cloth, shape (n_vertices,).
        face_region: Index into ``REGIONS`` of the nearest skin, shape (n_faces,).
        vertex_region: The same per vertex, shape (n_vertices,).
        vertex_area_m2: Current area per vertex, shape (n_vertices,).
        converged: Whether the drape was at rest.
    """

    strain_warp: NDArray[np.float64]
    strain_weft: NDArray[np.float64]
    shear_rad: NDArray[np.float64]
    limit_share_warp: NDArray[np.float64]
    limit_share_weft: NDArray[np.float64]
    tension_warp_n_m: NDArray[np.float64]
    tension_weft_n_m: NDArray[np.float64]
    pressure_kpa: NDArray[np.float64]
    gap_m: NDArray[np.float64]
    face_region: NDArray[np.int64]
    vertex_region: NDArray[np.int64]
    vertex_area_m2: NDArray[np.float64]
    converged: bool


def fit_map(cloth: Cloth, drape: Drape, body: Body, fabrics: Sequence[Fabric]) -> FitMap:
    """Measure a draped garment.

    Args:
        cloth: The garment that was draped.
        drape: Its drape.
        body: The body it was draped on.
        fabrics: Fabrics that ``cloth.face_fabric`` points into.

    Raises:
        DrapeError: If cloth and drape do not belong together.
    """
    # numba stays unloaded until somebody measures.
    from fitting.drape.sdf import build_tree, signed_distance

    x = drape.positions_m
    if x.shape != cloth.positions_m.shape:
        raise DrapeError(
            f"the drape has {len(x)} vertices and the cloth {len(cloth.positions_m)}; "
            "both must be of one garment"
        )
    table = _per_face(cloth, fabrics)
    warp, weft, shear = face_strains(x, cloth.faces, cloth.rest_uv_m)
    tree = build_tree(body.vertices_m, body.faces)
    phi, _, nearest = signed_distance(tree, x)
    _, _, face_nearest = signed_distance(tree, x[cloth.faces].mean(axis=1))
    half_thickness = np.zeros(len(x))
    np.maximum.at(half_thickness, cloth.faces.ravel(), np.repeat(table[:, 3] / 2, 3))
    area = vertex_areas(x, cloth.faces)
    return FitMap(
        strain_warp=warp,
        strain_weft=weft,
        shear_rad=shear,
        limit_share_warp=warp / table[:, 4],
        limit_share_weft=weft / table[:, 5],
        tension_warp_n_m=table[:, 0] * warp + table[:, 2] * weft,
        tension_weft_n_m=table[:, 1] * weft + table[:, 2] * warp,
        pressure_kpa=_patch_pressure(x, drape.contact_force_n, area) / 1e3,
        gap_m=phi - half_thickness,
        face_region=body.vertex_region[body.faces[face_nearest, 0]],
        vertex_region=body.vertex_region[body.faces[nearest, 0]],
        vertex_area_m2=area,
        converged=drape.converged,
    )


def face_strains(
    positions_m: NDArray[np.float64], faces: NDArray[np.int64], rest_uv_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Measure engineering strain along warp and weft, and the shear angle.

    Args:
        positions_m: Vertices, shape (n_vertices, 3).
        faces: Triangles, shape (n_faces, 3).
        rest_uv_m: Flat corners, u along the warp, shape (n_faces, 3, 2).

    Returns:
        Warp strain, weft strain (no unit) and shear [rad], each shape (n_faces,).
    """
    flat = rest_uv_m[:, 1:] - rest_uv_m[:, :1]
    draped = positions_m[faces[:, 1:]] - positions_m[faces[:, :1]]
    F = np.linalg.solve(flat, draped)  # rows are F_u and F_v
    length = np.linalg.norm(F, axis=2)
    cosine = (F[:, 0] * F[:, 1]).sum(axis=1) / np.maximum(length.prod(axis=1), 1e-12)
    return length[:, 0] - 1, length[:, 1] - 1, np.arcsin(np.clip(cosine, -1, 1))


def vertex_areas(positions_m: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share each triangle's current area among its corners, shape (n_vertices,) [m2]."""
    a, b, c = (positions_m[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    return np.bincount(faces.ravel(), np.repeat(area / 3, 3), minlength=len(positions_m))


def _per_face(cloth: Cloth, fabrics: Sequence[Fabric]) -> NDArray[np.float64]:
    rows = [
        (f.tensile_warp_n_m, f.tensile_weft_n_m, f.tensile_coupling_n_m, f.thickness_m,
         f.strain_limit_warp, f.strain_limit_weft)
        for f in fabrics
    ]  # fmt: skip
    return np.array(rows)[cloth.face_fabric]


def _patch_pressure(
    x: NDArray[np.float64], force_n: NDArray[np.float64], area_m2: NDArray[np.float64]
) -> NDArray[np.float64]:
    from scipy.spatial import cKDTree

    pairs = cKDTree(x).query_pairs(_PATCH_RADIUS_M, output_type="ndarray")
    rows = np.concatenate([np.arange(len(x)), pairs[:, 0], pairs[:, 1]])
    columns = np.concatenate([np.arange(len(x)), pairs[:, 1], pairs[:, 0]])
    force = np.bincount(rows, force_n[columns], minlength=len(x))
    return force / np.bincount(rows, area_m2[columns], minlength=len(x))
