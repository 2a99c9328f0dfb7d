"""A garment ready to drape: one welded triangle mesh that remembers its flat panels."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def _none() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


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
        flat_edge: Edge of its panel that a panel vertex lies on, -1 inside, shape (n_flat,).
        flat_share: Where on that edge, as a share of its length, NaN inside, shape (n_flat,).
        flat_seam: Seam of a panel vertex, -1 for none, shape (n_flat,).
        panel_layer: Order of every panel from the body outwards, shape (n_panels,).

    The last four are empty where a cloth was made without a pattern.
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
    flat_edge: NDArray[np.int64] = field(default_factory=_none)
    flat_share: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    flat_seam: NDArray[np.int64] = field(default_factory=_none)
    panel_layer: NDArray[np.int64] = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClothLevels:
    """The same garment from coarse to fine, each triangle in four from one to the next.

    Attributes:
        levels: Cloth of every level, the coarsest first; each starts on the same surface.
        prolongations: For each level but the last: positions (or displacements) of its welded
            vertices to those of the next, ``fine = matrix @ coarse``, shape (n_fine, n_coarse).
    """

    levels: tuple[Cloth, ...]
    prolongations: tuple[csr_array, ...]

    @property
    def finest(self) -> Cloth:
        """The level that is worn."""
        return self.levels[-1]
