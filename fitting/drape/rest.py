"""Everything about the cloth that does not change while it moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fitting.cloth.cloth import ClothLevels
from fitting.cloth.fabric import Fabric
from fitting.drape.bending import bending_matrix
from fitting.drape.curves import curve_tables
from fitting.drape.fixings import Band, edge_terms, seam_faces
from fitting.drape.levels import Levels, Mesh, build_levels
from fitting.drape.sdf import morton
from fitting.drape.settings import DrapeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RestShape:
    """Flat shapes, masses and matrix patterns.

    Attributes:
        faces: Vertex indices, shape (n_faces, 3).
        weight_u: ``F_u = sum_k weight_u[k] x_k`` per face, shape (n_faces, 3) [1/m].
        weight_v: The same along the weft, shape (n_faces, 3) [1/m].
        face_area_m2: Flat area, shape (n_faces,).
        stiffness_n_m: Warp, weft, coupling and shear stiffness per face, shape (n_faces, 4).
        curve: Row of ``curves`` per face, -1 where linear, shape (n_faces,).
        curves: Force-strain tables, shape (n_rows, 2, n_knots, 4).
        side_m: Relaxed length of threads along each face's sides, shape (n_faces, 3).
        pull_n: Force per strain of these threads, 0 where none, shape (n_faces, 3).
        friction_cloth: Coulomb coefficient against cloth per vertex, shape (n_vertices,).
        mass_kg: Lumped mass per vertex, shape (n_vertices,).
        area_m2: Lumped flat area per vertex, shape (n_vertices,).
        offset_m: Distance of the cloth's middle from the skin in contact, shape (n_vertices,).
        friction: Coulomb coefficient against skin per vertex, shape (n_vertices,).
        order: Vertex of the cloth in each row of the solver, shape (n_vertices,).
        levels: Patterns of this mesh and the coarser ones.
        bend_indptr: Rows of the bending matrix.
        bend_indices: Columns of the bending matrix.
        bend_values: Values of the bending matrix [N/m].
        free: False where a vertex is pinned, shape (n_vertices,).
        edges: Unique edges, shape (n_edges, 2).
    """

    faces: NDArray[np.int64]
    weight_u: NDArray[np.float64]
    weight_v: NDArray[np.float64]
    face_area_m2: NDArray[np.float64]
    stiffness_n_m: NDArray[np.float64]
    curve: NDArray[np.int64]
    curves: NDArray[np.float64]
    side_m: NDArray[np.float64]
    pull_n: NDArray[np.float64]
    friction_cloth: NDArray[np.float64]
    mass_kg: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    offset_m: NDArray[np.float64]
    friction: NDArray[np.float64]
    order: NDArray[np.int64]
    levels: Levels
    bend_indptr: NDArray[np.int32]
    bend_indices: NDArray[np.int32]
    bend_values: NDArray[np.float64]
    free: NDArray[np.bool_]
    edges: NDArray[np.int64]


def build_rest(
    garment: ClothLevels,
    fabrics: Sequence[Fabric],
    *,
    settings: DrapeSettings,
    bands: Sequence[Band] = (),
) -> RestShape:
    """Prepare the finest level; the caller has checked it.

    Rows are sorted so that neighbours are near.
    """
    cloth = garment.finest
    n = len(cloth.positions_m)
    meshes, order = _meshes(garment)
    faces = meshes[0].faces
    weight_u, weight_v, area = shape_weights(cloth.rest_uv_m)
    table = np.array([
        (f.tensile_warp_n_m, f.tensile_weft_n_m, f.tensile_coupling_n_m, f.shear_n_m_rad,
         f.bending_warp_n_m, f.bending_weft_n_m, f.bending_twist_n_m,
         f.area_density_kg_m2, f.thickness_m, f.friction_skin,
         f.friction_cloth)
        for f in fabrics
    ])[cloth.face_fabric]  # fmt: skip
    if settings.seam_bending != 1.0:
        table[seam_faces(cloth), 4:7] *= settings.seam_bending
    side, pull = edge_terms(cloth, bands, seam_stiffness_n=settings.seam_stiffness_n)
    curve, curves = curve_tables(fabrics)
    vertex_area = _lump(faces, area, n)
    bend = bending_matrix(faces, cloth.rest_uv_m, table[:, 4:7], n)
    free = np.ones(n, dtype=np.bool_)
    free[np.argsort(order)[cloth.pinned]] = False
    edges = np.sort(np.concatenate([faces[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1)
    edges = np.unique(edges[:, 0] * n + edges[:, 1])
    return RestShape(
        faces=faces,
        weight_u=weight_u,
        weight_v=weight_v,
        face_area_m2=area,
        stiffness_n_m=np.ascontiguousarray(table[:, :4]),
        curve=curve[cloth.face_fabric],
        curves=curves,
        side_m=side,
        pull_n=pull,
        friction_cloth=_lump(faces, area * table[:, 10], n) / vertex_area,
        mass_kg=_lump(faces, area * table[:, 7], n),
        area_m2=vertex_area,
        offset_m=_lump(faces, area * table[:, 8], n) / vertex_area / 2 + settings.margin_m,
        friction=_lump(faces, area * table[:, 9], n) / vertex_area,
        order=order,
        levels=build_levels(meshes, bend, free),
        bend_indptr=bend.indptr.astype(np.int32),
        bend_indices=bend.indices.astype(np.int32),
        bend_values=bend.data.astype(np.float64),
        free=free,
        edges=np.stack([edges // n, edges % n], axis=1),
    )


def _meshes(garment: ClothLevels) -> tuple[list[Mesh], NDArray[np.int64]]:
    """Levels from fine to coarse in sorted rows, and the order of the finest."""
    chain = garment.levels[::-1]
    orders = [np.argsort(morton(c.positions_m), kind="stable") for c in chain]
    rows = [np.argsort(order) for order in orders]
    meshes = []
    for k, (level, order) in enumerate(zip(chain, orders, strict=True)):
        last = k + 1 == len(chain)
        parents = None if last else rows[k + 1][parents_of(garment.prolongations[-1 - k])[order]]
        faces = np.ascontiguousarray(rows[k][level.faces], dtype=np.int64)
        meshes.append(Mesh(faces=faces, n_vertices=len(order), parents=parents))
    return meshes, orders[0]


def parents_of(prolongation: csr_array) -> NDArray[np.int64]:
    """Two coarse vertices of each fine one, twice the same for an old one, shape (n_fine, 2)."""
    ends = prolongation.indptr
    both = np.stack([prolongation.indices[ends[:-1]], prolongation.indices[ends[1:] - 1]], axis=1)
    return both.astype(np.int64)


def shape_weights(
    rest_uv_m: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the rows of ``F_u`` and ``F_v`` per face, each (n_faces, 3) [1/m], and areas [m2]."""
    first, second = rest_uv_m[:, 1] - rest_uv_m[:, 0], rest_uv_m[:, 2] - rest_uv_m[:, 0]
    inverse = np.linalg.inv(np.stack([first, second], axis=2))
    area = np.asarray(
        0.5 * np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]), dtype=np.float64
    )
    inverse = np.asarray(inverse, dtype=np.float64)
    rows = [
        np.stack([-inverse[:, 0, k] - inverse[:, 1, k], inverse[:, 0, k], inverse[:, 1, k]], axis=1)
        for k in range(2)
    ]
    return rows[0], rows[1], area


def _lump(
    faces: NDArray[np.int64], per_face: NDArray[np.float64], n_vertices: int
) -> NDArray[np.float64]:
    total = np.bincount(faces.ravel(), np.repeat(per_face / 3, 3), minlength=n_vertices)
    return total.astype(np.float64)
