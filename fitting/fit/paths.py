"""Lengths on the cloth, flat and draped at once: plane cuts, and straight lines in a panel."""

import numpy as np
from numpy.typing import NDArray

from fitting.body.tape import Plane
from fitting.cloth.cloth import Cloth

_N_SECTORS = 8


def cut_lengths_m(
    cloth: Cloth, positions_m: NDArray[np.float64], chosen: NDArray[np.bool_], plane: Plane
) -> tuple[float, float] | None:
    """Length of a plane's cut through the cloth: in the flat panels, and as draped.

    Args:
        cloth: The garment.
        positions_m: Its rest, shape (n_vertices, 3).
        chosen: Triangles that count, shape (n_faces,).
        plane: Where to cut.

    Returns:
        Flat and draped length, or None where the cut does not go all round.
    """
    height = ((positions_m - plane.origin_m) @ plane.normal)[cloth.faces]
    cuts = chosen & (height.min(axis=1) < 0) & (height.max(axis=1) >= 0)
    if not cuts.any():
        return None
    height = height[cuts]
    corners = positions_m[cloth.faces[cuts]]
    if not goes_round(corners.mean(axis=1) - plane.origin_m, plane.normal):
        return None
    if not _closes(cloth.faces[cuts], height):
        return None
    lengths = []
    for points in (cloth.rest_uv_m[cuts], corners):
        ends = cut_ends(height, points)
        lengths.append(float(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum()))
    return lengths[0], lengths[1]


def _closes(faces: NDArray[np.int64], height: NDArray[np.float64]) -> bool:
    """Whether a cut is made of closed loops: each edge that it crosses has two triangles."""
    below = height < 0
    ends = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        crossed = below[:, a] != below[:, b]
        ends.append(faces[crossed][:, [a, b]])
    _, count = np.unique(np.sort(np.concatenate(ends), axis=1), axis=0, return_counts=True)
    return bool((count == 2).all())


def goes_round(from_axis_m: NDArray[np.float64], normal: NDArray[np.float64]) -> bool:
    """Whether points lie in all eight sectors round an axis, shape (n_points, 3)."""
    front = np.array([0.0, 0.0, 1.0]) - normal[2] * normal
    front /= np.linalg.norm(front)
    left = np.cross(normal, front)
    turn = np.arctan2(from_axis_m @ left, from_axis_m @ front)
    sectors = np.unique(np.floor(turn / (2 * np.pi / _N_SECTORS)).astype(np.int64) % _N_SECTORS)
    return len(sectors) == _N_SECTORS


def cut_ends(height: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a level enters and leaves each triangle.

    Args:
        height: Height of the corners over the level, shape (n, 3); each row has both signs.
        corners: Corners in any space, shape (n, 3, dimension).

    Returns:
        Both ends, shape (n, 2, dimension).
    """
    below = height < 0
    # The corner that is alone on its side shares both cut edges.
    alone = np.where(below.sum(axis=1) == 1, below.argmax(axis=1), (~below).argmax(axis=1))
    rows = np.arange(len(height))
    ends = []
    for step in (1, 2):
        other = (alone + step) % 3
        h_a, h_b = height[rows, alone], height[rows, other]
        share = (h_a / (h_a - h_b))[:, None]
        ends.append((1 - share) * corners[rows, alone] + share * corners[rows, other])
    return np.stack(ends, axis=1)


def straight_lengths_m(
    cloth: Cloth, positions_m: NDArray[np.float64], start: int, ends: NDArray[np.int64]
) -> tuple[float, float] | None:
    """Straight line in one flat panel from a vertex to the nearest of others, and its drape.

    Args:
        cloth: The garment.
        positions_m: Its rest, shape (n_vertices, 3).
        start: Welded vertex to start from.
        ends: Welded vertices, one of which is reached; shape (n_ends,).

    Returns:
        Flat and draped length, or None where no panel holds the whole line.
    """
    best = None
    for own in np.flatnonzero(cloth.flat_to_welded == start):
        panel = cloth.flat_panel[own]
        mine = np.flatnonzero((cloth.flat_panel == panel) & np.isin(cloth.flat_to_welded, ends))
        if not len(mine):
            continue
        origin = cloth.flat_uv_m[own]
        away = np.linalg.norm(cloth.flat_uv_m[mine] - origin, axis=1)
        found = _line_m(
            cloth, positions_m, int(panel), origin, cloth.flat_uv_m[mine[away.argmin()]]
        )
        if found is not None and (best is None or found[0] < best[0]):
            best = found
    return best


def _line_m(
    cloth: Cloth,
    positions_m: NDArray[np.float64],
    panel: int,
    start: NDArray[np.float64],
    stop: NDArray[np.float64],
) -> tuple[float, float] | None:
    """Length of a flat line inside a panel, and of its image on the body."""
    length = float(np.linalg.norm(stop - start))
    if length < 1e-6:
        return None
    unit = (stop - start) / length
    chosen = cloth.face_panel == panel
    flat = cloth.flat_uv_m[cloth.flat_faces[chosen]] - start
    # A hair aside, so that the line passes no vertex exactly.
    height = flat @ np.array([-unit[1], unit[0]]) - 1e-9 * length - 1e-12
    cuts = (height.min(axis=1) < 0) & (height.max(axis=1) >= 0)
    ends = cut_ends(height[cuts], flat[cuts])
    draped = cut_ends(height[cuts], positions_m[cloth.faces[chosen]][cuts])
    along = ends @ unit
    inside = np.clip(along, 0.0, length)
    whole = np.abs(along[:, 1] - along[:, 0])
    kept = np.abs(inside[:, 1] - inside[:, 0])
    share = np.divide(kept, whole, out=np.zeros_like(whole), where=whole > 1e-12)
    if kept.sum() < 0.995 * length:
        return None
    return length, float((np.linalg.norm(draped[:, 0] - draped[:, 1], axis=1) * share).sum())
