"""Weld the panels along their seams into one mesh per level."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fitting.cloth.cloth import Cloth
from fitting.cloth.mesh import FlatMesh
from fitting.errors import PatternError
from fitting.pattern.model import Pattern


def weld(flat: FlatMesh, pattern: Pattern) -> NDArray[np.int64]:
    """Welded vertex of every panel vertex: seams join transitively, shape (n_flat,).

    Raises:
        PatternError: If a seam would fold a triangle flat; names the panel.
    """
    n = len(flat.uv_m)
    pairs = flat.seam_pairs
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, welded = connected_components(graph, directed=False)
    welded = welded.astype(np.int64)
    corners = welded[flat.faces]
    folded = (corners == np.roll(corners, 1, axis=1)).any(axis=1)
    if folded.any():
        names = sorted({pattern.panels[i].name for i in flat.face_panel[folded].tolist()})
        raise PatternError(
            f"{int(folded.sum())} triangles of {', '.join(names)} lose a side when the seams "
            "close; a seam joins two points of one panel that lie side by side"
        )
    return welded


def sewn_cloth(
    flat: FlatMesh, pattern: Pattern, welded: NDArray[np.int64], positions_m: NDArray[np.float64],
    turned: NDArray[np.bool_], *, fabric: int,
) -> Cloth:  # fmt: skip
    """Put a cloth together.

    Args:
        flat: Panel meshes.
        pattern: What they are meshes of.
        welded: Welded vertex of every panel vertex.
        positions_m: Position of every welded vertex, shape (n_vertices, 3).
        turned: Panels whose triangles are turned so that the outside faces away from the body.
        fabric: Index of the fabric of all panels.
    """
    own = np.where(turned[flat.face_panel][:, None], flat.faces[:, ::-1], flat.faces)
    grain = np.array([panel.grain_rad for panel in pattern.panels])[flat.face_panel]
    return Cloth(
        positions_m=positions_m,
        faces=welded[own],
        rest_uv_m=_along_grain(flat.uv_m[own], grain),
        face_panel=flat.face_panel,
        panel_names=tuple(panel.name for panel in pattern.panels),
        flat_uv_m=flat.uv_m,
        flat_panel=flat.panel,
        flat_to_welded=welded,
        flat_faces=own,
        seam_pairs=flat.seam_pairs,
        face_fabric=np.full(len(flat.faces), fabric, dtype=np.int64),
        pinned=np.zeros(0, dtype=np.int64),
        flat_edge=flat.edge,
        flat_share=flat.share,
        flat_seam=flat.seam,
        panel_layer=np.array([panel.layer for panel in pattern.panels], dtype=np.int64),
    )


def _along_grain(
    corners: NDArray[np.float64], grain_rad: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Panel coordinates as (along the warp, across it), shape as given."""
    c, s = np.cos(grain_rad)[:, None], np.sin(grain_rad)[:, None]
    x, y = corners[..., 0], corners[..., 1]
    return np.stack([c * x + s * y, -s * x + c * y], axis=-1)
