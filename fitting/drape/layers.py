"""Several garments in one drape: one cloth of separate layers, the innermost first."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import block_diag, csr_array

from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.errors import DrapeError


def wear_together(garments: Sequence[ClothLevels]) -> ClothLevels:
    """Join garments into one cloth that can be draped in one solve.

    Fabrics are counted on: those of the second garment follow those of the first. Panels are
    named ``1: front``, ``2: front``. Vertices of a garment follow those of the one before.

    Args:
        garments: Levels of each, from the skin outwards, placed without crossing each other.

    Raises:
        DrapeError: If they have different numbers of levels, or there are none.
    """
    counts = {len(garment.levels) for garment in garments}
    if len(counts) != 1:
        raise DrapeError(
            f"garments of {sorted(counts)} levels cannot be worn together; mesh them alike"
        )
    levels = [_join([garment.levels[k] for garment in garments]) for k in range(counts.pop())]
    prolongations = [
        csr_array(block_diag([g.prolongations[k] for g in garments], format="csr"))
        for k in range(len(levels) - 1)
    ]
    return ClothLevels(levels=tuple(levels), prolongations=tuple(prolongations))


def _join(cloths: Sequence[Cloth]) -> Cloth:
    n = np.r_[0, np.cumsum([len(c.positions_m) for c in cloths])]
    n_flat = np.r_[0, np.cumsum([len(c.flat_uv_m) for c in cloths])]
    n_panels = np.r_[0, np.cumsum([len(c.panel_names) for c in cloths])]
    n_fabrics = np.r_[0, np.cumsum([int(c.face_fabric.max()) + 1 for c in cloths])]

    def all_of(name: str, shift: np.ndarray | None = None) -> np.ndarray:
        parts = [getattr(c, name) for c in cloths]
        if shift is not None:
            parts = [part + by for part, by in zip(parts, shift[:-1], strict=True)]
        return np.concatenate(parts)

    return Cloth(
        positions_m=all_of("positions_m"),
        faces=all_of("faces", n),
        rest_uv_m=all_of("rest_uv_m"),
        face_panel=all_of("face_panel", n_panels),
        panel_names=tuple(f"{k}: {p}" for k, c in enumerate(cloths, 1) for p in c.panel_names),
        flat_uv_m=all_of("flat_uv_m"),
        flat_panel=all_of("flat_panel", n_panels),
        flat_to_welded=all_of("flat_to_welded", n),
        flat_faces=all_of("flat_faces", n_flat),
        seam_pairs=all_of("seam_pairs", n_flat),
        face_fabric=all_of("face_fabric", n_fabrics),
        pinned=all_of("pinned", n),
    )
