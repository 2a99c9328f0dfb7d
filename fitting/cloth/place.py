"""A garment round a posed body, free of overlap, in nested levels from coarse to fine.

Start placement matters more than the solver. Panels are wrapped round the body in A stance, sewn
into a film that settles without crossing itself or the skin, carried into the pose, and refined:
the fine levels start on exactly the coarse surface.
"""

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.body.posing import pose_body
from fitting.cloth.carry import carry
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.film import Film
from fitting.cloth.mesh import FlatMesh, mesh_pattern
from fitting.cloth.nested import prolongation, subdivide
from fitting.cloth.sew import sewn_cloth, weld
from fitting.cloth.skin import Skin
from fitting.cloth.wrap import Wrapper
from fitting.errors import PatternError
from fitting.pattern.model import Pattern

COARSEST_M = 0.033
LAYER_GAP_M = 0.005
INSERT_DROP_M = 0.02


def garment_on_body(
    pattern: Pattern, body: Body, *, edge_length_m: float = 0.016, fabric: int = 0
) -> Cloth:
    """Mesh a pattern and place it round a body.

    Args:
        pattern: What to wear.
        body: Who wears it.
        edge_length_m: Wanted length of triangle edges.
        fabric: Index of the fabric of all panels.

    Raises:
        PatternError: If it cannot be meshed, sewn, or placed without overlap; names panels.
    """
    return garment_levels_on_body(pattern, body, edge_length_m=edge_length_m, fabric=fabric).finest


def garment_levels_on_body(
    pattern: Pattern, body: Body, *, edge_length_m: float = 0.016, n_levels: int | None = None,
    fabric: int = 0,
) -> ClothLevels:  # fmt: skip
    """Mesh a pattern coarsely, place it round a body, and refine it.

    Args:
        pattern: What to wear.
        body: Who wears it; a body with a rig in any pose, others with the arms away from the body.
        edge_length_m: Wanted length of the finest triangle edges.
        n_levels: Number of levels; as many as keep the coarsest edges below `COARSEST_M`.
        fabric: Index of the fabric of all panels.

    Raises:
        PatternError: If it cannot be meshed, sewn, or placed without overlap; names panels.
    """
    if n_levels is None:
        n_levels = 1 + max(0, int(np.log2(COARSEST_M / edge_length_m) + 1e-9))
    flat = mesh_pattern(pattern, edge_length_m=edge_length_m * 2 ** (n_levels - 1))
    welded = weld(flat, pattern)
    start, turned = place(pattern, flat, welded, body)
    levels = [sewn_cloth(flat, pattern, welded, start, turned, fabric=fabric)]
    matrices = []
    for _ in range(n_levels - 1):
        coarse_welded = welded
        flat, parents = subdivide(flat, pattern)
        welded = weld(flat, pattern)
        matrices.append(prolongation(parents, coarse_welded, welded))
        start = matrices[-1] @ start
        levels.append(sewn_cloth(flat, pattern, welded, start, turned, fabric=fabric))
    return ClothLevels(levels=tuple(levels), prolongations=tuple(matrices))


def place(
    pattern: Pattern, flat: FlatMesh, welded: NDArray[np.int64], body: Body
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Place welded vertices round a body without overlap.

    Returns:
        Positions, shape (n_vertices, 3), and panels whose loop faces the body, shape (n_panels,).

    Raises:
        PatternError: If triangles still cross; names their panels.
    """
    posed = body.rig is not None and body.pose != "a"
    stance = pose_body(body, "a") if posed else body
    film = _film(pattern, flat, welded, stance)
    bad = film.resolve()
    turned = _turned(film, flat, len(pattern.panels))
    if posed:
        film.x = carry(film.x, film.skin, body)
        film.target_m = film.x[film.pinned]
        film.skin = Skin(body)
        bad = film.resolve()
    if len(bad):
        names = sorted({pattern.panels[i].name for i in flat.face_panel[bad].tolist()})
        raise PatternError(
            f"{pattern.name} cannot be put on this body in pose {body.pose!r} without overlap: "
            f"{len(bad)} triangles of {', '.join(names)} cross"
        )
    return film.x, turned


def _film(pattern: Pattern, flat: FlatMesh, welded: NDArray[np.int64], body: Body) -> Film:
    placed, known = Wrapper(pattern, flat, body).positions()
    n = int(welded.max()) + 1
    start = np.zeros((n, 3))
    np.add.at(start, welded[known], placed[known])
    count = np.bincount(welded[known], minlength=n)
    start[count > 0] /= count[count > 0, None]
    faces = welded[flat.faces]
    _fill(start, count > 0, faces)
    # An insert between the legs hangs below the crotch, not through it.
    low = float(body.landmarks_m["crotch"][1]) - INSERT_DROP_M
    start[count == 0, 1] = np.minimum(start[count == 0, 1], low)
    layer = np.zeros(n)
    of_panel = np.array([panel.layer for panel in pattern.panels])
    np.maximum.at(layer, welded, of_panel[flat.panel] * LAYER_GAP_M)
    edges, counts = np.unique(
        np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0,
        return_counts=True,
    )  # fmt: skip
    pinned = np.unique(edges[counts == 1])
    skin = Skin(body)
    film = Film(
        x=start, faces=faces, rest_uv_m=flat.uv_m[flat.faces], pinned=pinned,
        target_m=start[pinned], skin=skin, layer_gap_m=layer,
    )  # fmt: skip
    film.lift()
    film.target_m = film.x[pinned]
    return film


def _fill(start: NDArray[np.float64], known: NDArray[np.bool_], faces: NDArray[np.int64]) -> None:
    """Spread positions to vertices that have none, in place: the mean of their neighbours."""
    if known.all():
        return
    unknown = ~known
    start[unknown] = start[known].mean(axis=0)
    for _ in range(200):
        total, count = np.zeros_like(start), np.zeros(len(start))
        for i in range(3):
            for j in range(3):
                if i != j:
                    np.add.at(total, faces[:, i], start[faces[:, j]])
                    np.add.at(count, faces[:, i], 1.0)
        start[unknown] = total[unknown] / count[unknown, None]


def _turned(film: Film, flat: FlatMesh, n_panels: int) -> NDArray[np.bool_]:
    """Find panels whose loop faces the body, shape (n_panels,)."""
    corners = film.x[film.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    _, out = film.skin.height_m(corners.mean(axis=1))
    total = np.bincount(flat.face_panel, (normal * out).sum(axis=1), minlength=n_panels)
    return np.asarray(total < 0)
