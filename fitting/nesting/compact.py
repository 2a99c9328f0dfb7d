"""Push a marker together: the shortest one that small translations lead to, by linear programs.

After Li and Milenkovic (1995): while pieces move a little, what keeps two of them apart is a set of
half-planes, one for every corner that faces an edge, so that the shortest marker nearby is a linear
program. Solved again and again with what faces what by then, until it gets no shorter. Turns are
kept. Changed here: corners that face corners are held by the direction between them.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fitting.nesting.marker import PlacedPiece

Points = NDArray[np.float64]
Indices = NDArray[np.int64]
# How far a piece may go in one program: corners that face each other stay the same for so long.
_REACH_M = 3e-3
_LEAST_REACH_M = 2e-4
_LEAST_GAIN_M = 2e-5
_MOST_ROUNDS = 40
# Kept on top of the gap, so that rounding never shows.
_GUARD_M = 2e-6
_LEAST_OVERLAP_M2 = 1e-9


def compact(
    pieces: Sequence[PlacedPiece], *, width_m: float, gap_m: float, until_s: float = np.inf
) -> tuple[PlacedPiece, ...]:
    """Push placed pieces together along the roll.

    Args:
        pieces: A marker without faults.
        width_m: Width of the cloth.
        gap_m: Least distance between pieces.
        until_s: On the clock of `time.monotonic`; the last program may end a little later.

    Returns:
        The pieces where they are shortest together; never longer than they were.
    """
    if not pieces:
        return ()
    rings = [np.asarray(placed.cut().exterior.coords)[:-1] for placed in pieces]
    moves, reach_m = np.zeros((len(rings), 2)), _REACH_M
    for _ in range(_MOST_ROUNDS):
        if time.monotonic() > until_s:
            break
        moved = [ring + move for ring, move in zip(rings, moves, strict=True)]
        step = _step(moved, width_m=width_m, gap_m=gap_m, reach_m=reach_m)
        if step is None or _is_bad([r + s for r, s in zip(moved, step, strict=True)], gap_m):
            reach_m /= 2
            if reach_m < _LEAST_REACH_M:
                break
            continue
        before_m = max(float(ring[:, 0].max()) for ring in moved)
        moves = moves + step
        after_m = max(float(r[:, 0].max() + s[0]) for r, s in zip(moved, step, strict=True))
        if before_m - after_m < _LEAST_GAIN_M:
            break
    return tuple(
        replace(placed, shift_m=placed.shift_m + move)
        for placed, move in zip(pieces, moves, strict=True)
    )


def _step(
    rings: Sequence[Points], *, width_m: float, gap_m: float, reach_m: float
) -> Points | None:
    """Moves of all pieces that make the marker shortest, shape (n, 2); None if there are none."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    n = len(rings)
    i, j, normals, room_m = _facings(rings, gap_m, reach_m)
    # normal . (move_i - move_j) >= -room, and the end of the roll lies behind every piece.
    columns = np.stack([2 * i, 2 * i + 1, 2 * j, 2 * j + 1], axis=1)
    values = np.concatenate([-normals, normals], axis=1)
    ends = np.stack([2 * np.arange(n), np.full(n, 2 * n)], axis=1)
    rows = np.concatenate([np.repeat(np.arange(len(i)), 4), len(i) + np.repeat(np.arange(n), 2)])
    matrix = csr_array(
        (
            np.concatenate([values.ravel(), np.tile([1.0, -1.0], n)]),
            (rows, np.concatenate([columns.ravel(), ends.ravel()])),
        ),
        shape=(len(i) + n, 2 * n + 1),
    )
    limits = np.concatenate([np.maximum(room_m, 0), [-ring[:, 0].max() for ring in rings]])
    bounds = [bound for ring in rings for bound in _bounds(ring, width_m, reach_m)]
    cost = np.zeros(2 * n + 1)
    cost[-1] = 1.0
    found = linprog(cost, A_ub=matrix, b_ub=limits, bounds=[*bounds, (0, None)], method="highs")
    return found.x[:-1].reshape(n, 2) if found.status == 0 else None


def _bounds(ring: Points, width_m: float, reach_m: float) -> list[tuple[float, float]]:
    """How far a piece may move along x and y: in reach, and on the cloth."""
    (low_x, low_y), high_y = ring.min(axis=0), float(ring[:, 1].max())
    return [
        (min(max(-reach_m, -float(low_x)), 0.0), reach_m),
        (min(max(-reach_m, -float(low_y)), 0.0), max(min(reach_m, width_m - high_y), 0.0)),
    ]


def _facings(
    rings: Sequence[Points], gap_m: float, reach_m: float
) -> tuple[Indices, Indices, Points, NDArray[np.float64]]:
    """Corners of pieces i that face pieces j, the direction away from j, and the room between."""
    import shapely

    far_m = gap_m + _GUARD_M + 3 * reach_m
    shapes = [shapely.Polygon(ring) for ring in rings]
    near = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=far_m)
    pairs = [(i, j, *_corners(rings[i], rings[j], far_m)) for i, j in near.T.tolist() if i != j]
    counts = [len(distances_m) for _, _, _, distances_m in pairs]
    first = np.repeat(np.array([pair[0] for pair in pairs], dtype=np.int64), counts)
    second = np.repeat(np.array([pair[1] for pair in pairs], dtype=np.int64), counts)
    normals = np.concatenate([np.zeros((0, 2)), *(pair[2] for pair in pairs)])
    distances_m = np.concatenate([np.zeros(0), *(pair[3] for pair in pairs)])
    return first, second, normals, distances_m - gap_m - _GUARD_M


def _corners(ring: Points, other: Points, far_m: float) -> tuple[Points, NDArray[np.float64]]:
    """Direction and distance of corners of a ring from the edges of another that they face."""
    ends = np.roll(other, -1, axis=0)
    x, y = other.T
    turn = np.sign((x * ends[:, 1] - ends[:, 0] * y).sum())
    low, high = other.min(axis=0) - far_m, other.max(axis=0) + far_m
    corners = ring[((ring >= low) & (ring <= high)).all(axis=1)]
    low, high = ring.min(axis=0) - far_m, ring.max(axis=0) + far_m
    near = ((np.maximum(other, ends) >= low) & (np.minimum(other, ends) <= high)).all(axis=1)
    start, along = other[near], (ends - other)[near]
    if not len(corners) or not len(start):
        return np.zeros((0, 2)), np.zeros(0)
    length_m = np.linalg.norm(along, axis=1)
    outward = turn * np.stack([along[:, 1], -along[:, 0]], axis=1) / length_m[:, None]
    away = corners[:, None] - start[None]
    share = np.einsum("vek,ek->ve", away, along) / length_m**2
    height_m = np.einsum("vek,ek->ve", away, outward)
    faces = (share >= 0) & (share <= 1) & (height_m > -_GUARD_M) & (height_m < far_m)
    # A corner that faces no edge nearer than a corner is held by the way between the two.
    between_m = np.linalg.norm(away, axis=2)
    nearest = between_m.argmin(axis=1)
    rows = np.arange(len(corners))
    to_corner_m = between_m[rows, nearest]
    to_edge_m = np.where(faces, height_m, np.inf).min(axis=1)
    held = (to_corner_m > _GUARD_M) & (to_corner_m < np.minimum(far_m, to_edge_m))
    way = away[rows, nearest][held] / to_corner_m[held, None]
    v, e = np.nonzero(faces)
    return np.concatenate([outward[e], way]), np.concatenate([height_m[v, e], to_corner_m[held]])


def _is_bad(rings: Sequence[Points], gap_m: float) -> bool:
    """Whether two pieces overlap or come too near, by exact shapes."""
    import shapely

    shapes = [shapely.Polygon(ring) for ring in rings]
    near = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=max(gap_m, 1e-9))
    for i, j in near.T.tolist():
        if i < j and (
            (gap_m > 0 and shapes[i].distance(shapes[j]) < gap_m - _GUARD_M)
            or shapes[i].intersection(shapes[j]).area > _LEAST_OVERLAP_M2
        ):
            return True
    return False
