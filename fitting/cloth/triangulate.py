"""Triangles inside a closed loop: every boundary edge is kept, near-equilateral inside.

Seeds on a hexagonal lattice (a denser one near short boundary edges), Delaunay, then rounds of
smoothing in which crowded points leave and large triangles get a point. Where Delaunay loses a
boundary edge, flips bring it back.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Delaunay, KDTree, QhullError

from fitting.errors import PatternError

Points = NDArray[np.float64]
Triangles = NDArray[np.int64]

# Inner points keep this share of the local edge length from the boundary.
CLEARANCE = 0.5
# How fast edges may grow with the distance from a short boundary edge, no unit.
GROWTH = 0.2
N_ROUNDS = 6
N_PASSES = 3
# Points nearer to each other than this share of the edge length are crowded.
_CROWDED = 0.7
# A circumradius of an equilateral triangle is 0.577 of its edge.
_LARGE = 0.66
FINISH = (1.0, 2.0)
N_FINISH = 8
TIGHT_DEG = 38.0
_SHIFTS = (0.0, 0.25, 0.5, 0.75)
# Tried too where the fifth percentile of smallest angles stays below this; above the second no
# further try is worth its time.
_MORE_SHIFTS, _GOOD_DEG, _FINE_DEG = (0.125, 0.375, 0.625, 0.875), 45.0, 46.5
_SMALL = 400
_MAX_POINTS = 4_000_000


def triangulate(name: str, boundary_m: Points, edge_length_m: float) -> tuple[Points, Triangles]:
    """Triangulate the inside of a loop.

    Args:
        name: Panel, for the messages.
        boundary_m: Closed loop without its last point, shape (n_boundary, 2).
        edge_length_m: Wanted edge length; shorter where the boundary's own edges are.

    Returns:
        Points, the boundary first, shape (n, 2), and counter-clockwise triangles, shape (m, 3).

    Raises:
        PatternError: If the loop crosses itself or is too narrow for its edges.
    """
    polygon = shapely.Polygon(boundary_m)
    if not polygon.is_valid:
        raise PatternError(f"panel {name!r} crosses itself; run the pattern check for the place")
    size = _Size(boundary_m, edge_length_m)
    best, best_value, best_p5 = None, -1.0, 0.0
    for k, shift in enumerate(_shifts(polygon.area, edge_length_m)):
        if best_p5 > np.radians(_GOOD_DEG if k >= len(_SHIFTS) else _FINE_DEG):
            break
        points, triangles = _mesh(name, polygon, boundary_m, size, shift)
        angles = min_angles_rad(points, triangles)
        p5 = float(np.quantile(angles, 0.05))
        value = p5 + 0.2 * float(angles.min())
        if value > best_value:
            best, best_value, best_p5 = (points, triangles), value, p5
    if best is None:
        raise PatternError(f"panel {name!r} has no triangle for edges of {edge_length_m:g} m")
    _check_boundary(name, best[1], len(boundary_m))
    return best


def _shifts(area_m2: float, edge_length_m: float) -> tuple[float, ...]:
    """Where the lattice starts, as a share of its step; small panels are worth several tries."""
    n_points = area_m2 / (0.866 * edge_length_m**2)
    return (*_SHIFTS, *_MORE_SHIFTS) if n_points < _SMALL else _SHIFTS[:1]


def _mesh(
    name: str,
    polygon: shapely.Polygon,
    boundary_m: Points,
    size: "_Size",
    shift: float,
) -> tuple[Points, Triangles]:
    n = len(boundary_m)
    points = np.concatenate([boundary_m, _seeds(name, polygon, size, shift)])
    triangles = _delaunay(name, points, n, polygon)
    for i_round in range(N_ROUNDS):
        for _ in range(N_PASSES):
            points = _smoothed(points, triangles, n)
        points = _renewed(points, triangles, n, polygon, size, thin=i_round < N_ROUNDS - 1)
        triangles = _delaunay(name, points, n, polygon)
    for weight in FINISH:
        for _ in range(N_FINISH):
            points = _squared_up(points, triangles, n, weight)
        triangles = _delaunay(name, points, n, polygon)
    return _untightened(points, triangles, n), triangles


class _Size:
    """Wanted edge length at any place."""

    def __init__(self, boundary_m: Points, edge_length_m: float) -> None:
        steps = np.linalg.norm(np.roll(boundary_m, -1, axis=0) - boundary_m, axis=1)
        self.boundary_m = (steps + np.roll(steps, 1)) / 2
        self.largest_m = edge_length_m
        self._tree = KDTree(boundary_m)
        self.graded = bool((self.boundary_m < 0.8 * edge_length_m).any())

    def __call__(self, points: Points) -> NDArray[np.float64]:
        """Wanted edge length, shape (n,) [m]."""
        if not self.graded:
            return np.full(len(points), self.largest_m)
        k = min(12, len(self.boundary_m))
        distance, near = self._tree.query(points, k=k)
        allowed = self.boundary_m[near] + GROWTH * distance
        return np.minimum(allowed.min(axis=1), self.largest_m)

    def smallest(self) -> float:
        """Shortest wanted edge length."""
        return float(min(self.boundary_m.min(), self.largest_m)) if self.graded else self.largest_m


def _seeds(name: str, polygon: shapely.Polygon, size: _Size, shift: float) -> Points:
    """Lattice points inside; each lattice serves the places whose size it fits."""
    found = []
    h, ratio = size.largest_m, 1.35
    while True:
        points = _lattice(name, polygon, h, shift)
        points = points[shapely.contains_xy(polygon, points)]
        wanted = size(points)
        low, high = h / np.sqrt(ratio), h * np.sqrt(ratio)
        keep = (wanted >= low) & (wanted < high)
        far = shapely.distance(shapely.points(points[keep]), polygon.exterior)
        found.append(points[keep][far > CLEARANCE * wanted[keep]])
        if low <= size.smallest() or h < 0.05 * size.largest_m:
            return np.concatenate(found)
        h /= ratio


def _lattice(name: str, polygon: shapely.Polygon, h: float, shift: float) -> Points:
    x0, y0, x1, y1 = polygon.bounds
    row_h = h * np.sqrt(3) / 2
    n_rows, n_columns = int((y1 - y0) / row_h) + 2, int((x1 - x0) / h) + 2
    if n_rows * n_columns > _MAX_POINTS:
        raise PatternError(
            f"panel {name!r} is {x1 - x0:.2f} x {y1 - y0:.2f} m large; is the unit right?"
        )
    grid_y, grid_x = np.mgrid[0:n_rows, 0:n_columns]
    x = x0 + (grid_x + 0.5 * (grid_y % 2) - shift) * h
    y = y0 + (grid_y + 0.5 - shift) * row_h
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _delaunay(name: str, points: Points, n_boundary: int, polygon: shapely.Polygon) -> Triangles:
    """Counter-clockwise triangles inside the loop, with every boundary edge."""
    try:
        triangles = Delaunay(points).simplices.astype(np.int64)
    except QhullError as error:
        raise PatternError(f"panel {name!r} cannot be triangulated: {error}") from error
    area = _signed_area(points, triangles)
    triangles[area < 0] = triangles[area < 0][:, ::-1]
    missing = _missing_edges(triangles, n_boundary)
    if len(missing):
        triangles = recover_edges(points, triangles, missing)
    inside = shapely.contains_xy(polygon, points[triangles].mean(axis=1))
    # Points on one straight boundary edge span triangles without area.
    solid = np.abs(_signed_area(points, triangles)) > 1e-12
    return triangles[inside & solid]


def _signed_area(points: Points, triangles: Triangles) -> NDArray[np.float64]:
    corners = points[triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2


def _missing_edges(triangles: Triangles, n: int) -> Triangles:
    """Boundary edges (i, i + 1) that no triangle has, shape (n_missing, 2)."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    both = edges[(edges < n).all(axis=1)]
    step = (both[:, 1] - both[:, 0]) % n
    found = np.zeros(n, dtype=np.bool_)
    found[both[step == 1][:, 0]] = True
    found[both[step == n - 1][:, 1]] = True
    missing = np.flatnonzero(~found)
    return np.stack([missing, (missing + 1) % n], axis=1)


def recover_edges(points: Points, triangles: Triangles, wanted: Triangles) -> Triangles:
    """Flip edges until the wanted ones exist (Sloan 1993), shape (m, 3).

    Args:
        points: Corners, shape (n, 2).
        triangles: Counter-clockwise, shape (m, 3).
        wanted: Edges to bring back, shape (k, 2).
    """
    rows = triangles.tolist()
    owner = {(t[i], t[(i + 1) % 3]): k for k, t in enumerate(rows) for i in range(3)}
    for a, b in wanted.tolist():
        _recover(points, rows, owner, a, b)
    return np.array(rows, dtype=np.int64)


def _recover(
    points: Points, rows: list[list[int]], owner: dict[tuple[int, int], int], a: int, b: int
) -> None:
    queue = _crossing(points, rows, owner, a, b)
    for _ in range(50 * (len(queue) + 1)):
        if not queue:
            return
        u, v = queue.pop(0)
        left, right = owner[u, v], owner[v, u]
        p = next(c for c in rows[left] if c not in (u, v))
        q = next(c for c in rows[right] if c not in (u, v))
        if _turn(points, p, q, v) <= 0 or _turn(points, q, p, u) <= 0:
            queue.append((u, v))  # not convex yet
            continue
        rows[left], rows[right] = [p, q, v], [q, p, u]
        del owner[u, v], owner[v, u]
        for k in (left, right):
            t = rows[k]
            owner.update({(t[i], t[(i + 1) % 3]): k for i in range(3)})
        if {p, q} != {a, b} and _crosses(points, p, q, a, b):
            queue.append((p, q))


def _crossing(
    points: Points, rows: list[list[int]], owner: dict[tuple[int, int], int], a: int, b: int
) -> list[tuple[int, int]]:
    """Inner edges that the segment from a to b crosses."""
    return [
        (u, v)
        for (u, v) in owner
        if u < v and (v, u) in owner and not {u, v} & {a, b} and _crosses(points, u, v, a, b)
    ]


def _turn(points: Points, a: int, b: int, c: int) -> float:
    p, q, r = points[a], points[b], points[c]
    return float((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))


def _crosses(points: Points, u: int, v: int, a: int, b: int) -> bool:
    return (
        _turn(points, u, v, a) * _turn(points, u, v, b) < 0
        and _turn(points, a, b, u) * _turn(points, a, b, v) < 0
    )


def _smoothed(points: Points, triangles: Triangles, n_boundary: int) -> Points:
    """Move every inner point to the mean of its neighbours."""
    total = np.zeros_like(points)
    count = np.bincount(triangles.ravel(), minlength=len(points)) * 2.0
    for axis in range(2):
        values = points[triangles, axis]
        others = values.sum(axis=1, keepdims=True) - values
        total[:, axis] = np.bincount(triangles.ravel(), others.ravel(), minlength=len(points))
    moved = points.copy()
    inner = (np.arange(len(points)) >= n_boundary) & (count > 0)
    moved[inner] = total[inner] / count[inner, None]
    return moved


def _renewed(
    points: Points,
    triangles: Triangles,
    n: int,
    polygon: shapely.Polygon,
    size: _Size,
    *,
    thin: bool,
) -> Points:
    """Drop crowded inner points, and put one into each triangle that is too large."""
    used = np.bincount(triangles.ravel(), minlength=len(points)) > 0
    keep = used | (np.arange(len(points)) < n)
    inner = points[n:]
    wanted = size(inner)
    tree = KDTree(points)
    distance, near = (np.asarray(found) for found in tree.query(inner, k=2))
    for i in np.flatnonzero(distance[:, 1] < _CROWDED * wanted).tolist():
        j = int(near[i, 1] if near[i, 0] == n + i else near[i, 0])
        keep[n + i] &= not keep[j] or (j >= n and j > n + i)
    if not thin:
        return points[keep]
    corners = points[triangles]
    center, radius = _circumcircles(corners)
    wanted = size(corners.mean(axis=1))
    large = np.flatnonzero(radius > _LARGE * wanted)
    large = large[np.argsort(-radius[large], kind="stable")]
    new = np.where(
        shapely.contains_xy(polygon, center[large])[:, None], center[large],
        corners[large].mean(axis=1),
    )  # fmt: skip
    far = shapely.distance(shapely.points(new), polygon.exterior) > 0.5 * wanted[large]
    new, wanted = new[far], wanted[large][far]
    if len(new) == 0:
        return points[keep]
    chosen = np.ones(len(new), dtype=np.bool_)
    for i, j in sorted(KDTree(new).query_pairs(float(0.8 * wanted.max()))):
        if chosen[i] and np.linalg.norm(new[i] - new[j]) < 0.8 * wanted[i]:
            chosen[j] = False
    gap, _ = tree.query(new)
    return np.concatenate([points[keep], new[chosen & (gap > 0.6 * wanted)]])


def _circumcircles(corners: NDArray[np.float64]) -> tuple[Points, NDArray[np.float64]]:
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    double = 2 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    a2, b2 = (a**2).sum(axis=1), (b**2).sum(axis=1)
    offset = np.stack([b[:, 1] * a2 - a[:, 1] * b2, a[:, 0] * b2 - b[:, 0] * a2], axis=1)
    offset /= double[:, None]
    return corners[:, 0] + offset, np.linalg.norm(offset, axis=1)


def _squared_up(points: Points, triangles: Triangles, n: int, power: float) -> Points:
    """Move inner points towards where each of their triangles would be equilateral."""
    corners = points[triangles]
    worst = (np.pi / 3 - min_angles_rad(points, triangles)) + 0.02
    weight = np.repeat(worst**power, 3)
    ideal = np.zeros_like(corners)
    for i in range(3):
        b, c = corners[:, (i + 1) % 3], corners[:, (i + 2) % 3]
        along = c - b
        ideal[:, i] = (b + c) / 2 + np.sqrt(3) / 2 * np.stack([-along[:, 1], along[:, 0]], axis=1)
    rows = triangles.ravel()
    total = np.bincount(rows, weight, minlength=len(points))
    moved = points.copy()
    inner = (np.arange(len(points)) >= n) & (total > 0)
    for axis in range(2):
        mean = np.bincount(rows, weight * ideal[..., axis].ravel(), minlength=len(points))
        moved[inner, axis] += 0.5 * (mean[inner] / total[inner] - points[inner, axis])
    return moved


def _untightened(points: Points, triangles: Triangles, n: int) -> Points:
    """Nudge the inner corners of the worst triangles to where their smallest angle grows."""
    angles = min_angles_rad(points, triangles)
    bad = np.flatnonzero(angles < np.radians(TIGHT_DEG))
    points = points.copy()
    around: dict[int, list[int]] = {}
    corners = sorted({int(c) for c in triangles[bad].ravel() if c >= n})
    chosen = np.zeros(len(points), dtype=np.bool_)
    chosen[corners] = True
    for k in np.flatnonzero(chosen[triangles].any(axis=1)).tolist():
        for c in triangles[k].tolist():
            if chosen[c]:
                around.setdefault(c, []).append(k)
    ring = np.exp(2j * np.pi * np.arange(8) / 8)
    for c in corners:
        own = triangles[around[c]]
        best, start = float(min_angles_rad(points, own).min()), points[c].copy()
        reach = float(np.sqrt(np.abs(_signed_area(points, own)).mean()))
        for step in (0.25, 0.12, 0.06):
            for turn in ring:
                trial = points[c] + step * reach * np.array([turn.real, turn.imag])
                old = points[c].copy()
                points[c] = trial
                value = float(min_angles_rad(points, own).min())
                if value > best and (_signed_area(points, own) > 0).all():
                    best = value
                else:
                    points[c] = old
        if not np.isfinite(points[c]).all():
            points[c] = start
    return points


def _check_boundary(name: str, triangles: Triangles, n: int) -> None:
    """Each boundary edge belongs to exactly one triangle, and no other edge does."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    unique, count = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    open_edges = {tuple(edge) for edge in unique[count == 1].tolist()}
    wanted = {tuple(sorted((i, (i + 1) % n))) for i in range(n)}
    if open_edges != wanted:
        raise PatternError(
            f"panel {name!r}: {len(wanted ^ open_edges)} boundary edges were lost in the mesh; "
            "it is too narrow for this edge length, take a shorter one"
        )


def min_angles_rad(uv_m: Points, faces: Triangles) -> NDArray[np.float64]:
    """Smallest angle of each triangle, shape (n_faces,)."""
    corners = uv_m[faces]
    angles = []
    for i in range(3):
        a = corners[:, (i + 1) % 3] - corners[:, i]
        b = corners[:, (i + 2) % 3] - corners[:, i]
        cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        angles.append(np.arccos(np.clip(cosine, -1, 1)))
    return np.min(angles, axis=0)
