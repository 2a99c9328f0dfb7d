"""Body, garment and seam lines as meshes to draw, with all numbers of the fit on the garment."""

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth
from fitting.drape.result import Drape
from fitting.fit.ease import ease_map_m
from fitting.fit.maps import FitMap
from fitting.preview.colors import SEAM, SKIN, face_values_at_vertices
from fitting.preview.maps import MapStyle, paint
from fitting.preview.scene import PaintedMesh, vertex_normals

_FACE_NUMBERS = {
    "strain_warp": "strain_warp",
    "strain_weft": "strain_weft",
    "shear": "shear_rad",
    "strain_share": "strain_share",
    "share_shear": "share_shear",
    "stress_warp_n_m": "stress_warp_n_m",
    "stress_weft_n_m": "stress_weft_n_m",
}
_VERTEX_NUMBERS = ("pressure_pa", "laplace_pa", "gap_m")
_SEAM_WIDTH_M, _SEAM_LIFT_M = 0.0022, 0.0012


def body_mesh(body: Body) -> PaintedMesh:
    """The body in one colour."""
    return PaintedMesh(
        name="body",
        vertices_m=body.vertices_m,
        faces=body.faces,
        colors=np.tile(SKIN, (len(body.vertices_m), 1)),
    )


def garment_mesh(
    cloth: Cloth, drape: Drape, body: Body, fit: FitMap, style: MapStyle
) -> PaintedMesh:
    """The garment at its true place, painted with a map, with every number of the fit.

    Args:
        cloth: The garment.
        drape: Its rest.
        body: Who wears it.
        fit: Maps of the drape.
        style: Map to show.
    """
    n = len(drape.positions_m)
    numbers: dict[str, NDArray[np.floating]] = {
        name: face_values_at_vertices(getattr(fit, field), cloth.faces, n)
        for field, name in _FACE_NUMBERS.items()
    }
    numbers |= {name: getattr(fit, name) for name in _VERTEX_NUMBERS}
    numbers["ease_m"] = ease_map_m(cloth, drape, body, fit.face_region)
    plain = PaintedMesh(
        name="garment",
        vertices_m=drape.positions_m,
        faces=cloth.faces,
        colors=np.zeros((n, 3), dtype=np.uint8),
        two_sided=True,
        numbers=numbers,
    )
    return paint(plain, style)


def seam_mesh(cloth: Cloth, positions_m: NDArray[np.float64]) -> PaintedMesh | None:
    """Seams as thin ribbons just above the cloth; None where there are none.

    Args:
        cloth: The garment.
        positions_m: Its rest, shape (n_vertices, 3).
    """
    edges = _seam_edges(cloth)
    if not len(edges):
        return None
    normals = vertex_normals(positions_m, cloth.faces)
    a, b = positions_m[edges[:, 0]], positions_m[edges[:, 1]]
    up = normals[edges].mean(axis=1)
    along = b - a
    aside = np.cross(along, up)
    aside *= _SEAM_WIDTH_M / 2 / np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-12)
    lift = _SEAM_LIFT_M * up
    corners = np.stack([a - aside, a + aside, b + aside, b - aside], axis=1) + lift[:, None]
    first = 4 * np.arange(len(edges))[:, None]
    quads = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    return PaintedMesh(
        name="seams",
        vertices_m=corners.reshape(-1, 3),
        faces=quads,
        colors=np.tile(SEAM, (4 * len(edges), 1)),
        two_sided=True,
        self_lit=True,
    )


def _seam_edges(cloth: Cloth) -> NDArray[np.int64]:
    """Welded edges whose two triangles belong to different flat edges, shape (n_edges, 2)."""
    pairs = ((0, 1), (1, 2), (2, 0))
    welded = np.sort(np.concatenate([cloth.faces[:, p] for p in pairs]), axis=1)
    flat = np.sort(np.concatenate([cloth.flat_faces[:, p] for p in pairs]), axis=1)
    edges, index, count = np.unique(welded, axis=0, return_inverse=True, return_counts=True)
    low = np.full(len(edges), np.iinfo(np.int64).max)
    high = np.full(len(edges), -1)
    index = index.ravel()
    key = flat[:, 0] * (int(flat.max()) + 1) + flat[:, 1]
    np.minimum.at(low, index, key)
    np.maximum.at(high, index, key)
    return edges[(count >= 2) & (low != high)]


def dressed(
    body: Body, cloth: Cloth, drape: Drape, fit: FitMap, style: MapStyle
) -> tuple[PaintedMesh, ...]:
    """Everything that a picture of a fit shows; arguments as in `garment_mesh`."""
    meshes = [body_mesh(body), garment_mesh(cloth, drape, body, fit, style)]
    seams = seam_mesh(cloth, drape.positions_m)
    return (*meshes, seams) if seams is not None else tuple(meshes)
