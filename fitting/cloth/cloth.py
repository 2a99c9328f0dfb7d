"""A garment ready to drape: one welded triangle mesh that remembers its flat panels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloth:
    """Welded mesh; every triangle keeps its own panel's flat rest shape.

    Panel vertices (before welding) number n_flat, welded vertices n_vertices.

    Attributes:
        positions_m: Start position per welded vertex, shape (n_vertices, 3).
        faces: Welded vertex indices, outside of the cloth outward, shape (n_faces, 3).
        rest_uv_m: Flat position of each triangle's corners, u along the warp (grain), v along the
            weft, shape (n_faces, 3, 2).
        face_panel: Index into ``panel_names``, shape (n_faces,).
        panel_names: Names of the panels.
        flat_uv_m: Flat position of every panel vertex, pattern frame, shape (n_flat, 2).
        flat_panel: Panel of every panel vertex, shape (n_flat,).
        flat_to_welded: Welded vertex of every panel vertex, shape (n_flat,).
        flat_faces: Triangles over panel vertices, same order as ``faces``, shape (n_faces, 3).
        seam_pairs: Pairs of panel vertices that a seam joins, shape (n_pairs, 2).
        face_fabric: Index of the fabric per triangle, shape (n_faces,).
        pinned: Welded vertices held in place, shape (n_pinned,).
    """

    positions_m: NDArray[np.float64]
    faces: NDArray[np.int64]
    rest_uv_m: NDArray[np.float64]
    face_panel: NDArray[np.int64]
    panel_names: tuple[str, ...]
    flat_uv_m: NDArray[np.float64]
    flat_panel: NDArray[np.int64]
    flat_to_welded: NDArray[np.int64]
    flat_faces: NDArray[np.int64]
    seam_pairs: NDArray[np.int64]
    face_fabric: NDArray[np.int64]
    pinned: NDArray[np.int64]
