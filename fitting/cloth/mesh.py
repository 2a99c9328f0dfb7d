"""Flat panels to triangles: boundary exact, near-equilateral inside, seams point to point.

Both sides of a seam get the same number of points at equal shares of their own length, so that
gathers and ease keep their rest lengths. Inside a hexagonal lattice, then Delaunay, then a few
smoothing passes; near-equilateral triangles are what the bending energy needs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.seam import Seam

N_SMOOTHING = 7
# Interior points keep this share of the edge length from the boundary.
CLEARANCE = 0.62
MIN_TRIANGLES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatMesh:
    """All panels triangulated side by side, before anything is welded.

    Attributes:
        uv_m: Panel coordinates of every vertex, shape (n_flat, 2).
        panel: Panel of every vertex, shape (n_flat,).
        faces: Triangles by the panel's own loop orientation, shape (n_faces, 3).
        face_panel: Panel of every triangle, shape (n_faces,).
        seam_pairs: Vertices that seams join, shape (n_pairs, 2).
        edge_points: Vertices along each edge, by (panel, edge).
    """

    uv_m: NDArray[np.float64]
    panel: NDArray[np.int64]
    faces: NDArray[np.int64]
    face_panel: NDArray[np.int64]
    seam_pairs: NDArray[np.int64]
    edge_points: dict[tuple[str, int], NDArray[np.int64]]


def mesh_pattern(pattern: Pattern, *, edge_length_m: float) -> FlatMesh:
    """Triangulate every panel.

    Args:
        pattern: What to mesh.
        edge_length_m: Wanted length of triangle edges.

    Raises:
        PatternError: If a panel is too small or too tangled for it; names the panel.
    """
    counts = _edge_counts(pattern, edge_length_m)
    uv, panels, faces, face_panel = [], [], [], []
    edge_points: dict[tuple[str, int], NDArray[np.int64]] = {}
    n_before = 0
    for i_panel, panel in enumerate(pattern.panels):
        points, triangles, rows = _mesh_panel(panel, counts, edge_length_m)
        uv.append(points)
        panels.append(np.full(len(points), i_panel))
        faces.append(triangles + n_before)
        face_panel.append(np.full(len(triangles), i_panel))
        for i_edge, own in enumerate(rows):
            edge_points[panel.name, i_edge] = own + n_before
        n_before += len(points)
    pairs = [_pairs(seam, edge_points) for seam in pattern.seams]
    return FlatMesh(
        uv_m=np.concatenate(uv),
        panel=np.concatenate(panels),
        faces=np.concatenate(faces),
        face_panel=np.concatenate(face_panel),
        seam_pairs=np.concatenate(pairs) if pairs else np.zeros((0, 2), dtype=np.int64),
        edge_points=edge_points,
    )


def _edge_counts(pattern: Pattern, edge_length_m: float) -> dict[tuple[str, int], int]:
    """Segments of every edge; both sides of a seam have as many as the longer one needs."""
    lengths = {
        (panel.name, i): panel.length_m(i)
        for panel in pattern.panels
        for i in range(len(panel.edges))
    }
    counts = {key: max(1, round(value / edge_length_m)) for key, value in lengths.items()}
    for seam in pattern.seams:
        both = max(counts[seam.side_a], counts[seam.side_b])
        counts[seam.side_a] = counts[seam.side_b] = both
    return counts


def _pairs(seam: Seam, edge_points: dict[tuple[str, int], NDArray[np.int64]]) -> NDArray[np.int64]:
    a, b = edge_points[seam.side_a], edge_points[seam.side_b]
    return np.stack([a, b[::-1] if seam.reversed else b], axis=1)


def _mesh_panel(
    panel: Panel, counts: dict[tuple[str, int], int], edge_length_m: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[NDArray[np.int64]]]:
    """Points, triangles, and the points of each edge of one panel."""
    pieces = [panel.sample_m(i, counts[panel.name, i])[:-1] for i in range(len(panel.edges))]
    boundary = np.concatenate(pieces)
    n = len(boundary)
    starts = np.cumsum([0, *(len(piece) for piece in pieces)])
    rows = [np.arange(starts[i], starts[i + 1] + 1) % n for i in range(len(pieces))]
    if n < 3:
        raise PatternError(f"panel {panel.name!r} is too small for edges of {edge_length_m:g} m")
    inner = _lattice(panel.name, boundary, edge_length_m)
    points = np.concatenate([boundary, inner])
    triangles = _triangulate(panel.name, points, boundary)
    for _ in range(N_SMOOTHING):
        points = _smoothed(points, triangles, n)
        triangles = _triangulate(panel.name, points, boundary)
    clockwise = _signed_area(boundary) < 0
    return points, triangles[:, ::-1] if clockwise else triangles, rows


def _signed_area(loop: NDArray[np.float64]) -> float:
    x, y = loop.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _lattice(name: str, boundary: NDArray[np.float64], h: float) -> NDArray[np.float64]:
    """Hexagonal lattice inside the boundary, at a distance from it."""
    import shapely

    polygon = shapely.Polygon(boundary)
    if not polygon.is_valid:
        raise PatternError(f"panel {name!r} crosses itself; run the pattern check for the place")
    low, high = boundary.min(axis=0), boundary.max(axis=0)
    row_h = h * np.sqrt(3) / 2
    n_rows = int((high[1] - low[1]) / row_h) + 2
    n_columns = int((high[0] - low[0]) / h) + 2
    if n_rows * n_columns > 4_000_000:
        raise PatternError(f"panel {name!r} is {high - low} m large; is the unit right?")
    grid_y, grid_x = np.mgrid[0:n_rows, 0:n_columns]
    x = low[0] + (grid_x + 0.5 * (grid_y % 2)) * h
    y = low[1] + (grid_y + 0.5) * row_h
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    inside = shapely.contains_xy(polygon, points)
    far = shapely.distance(shapely.points(points), polygon.exterior) > CLEARANCE * h
    return points[inside & far]


def _triangulate(
    name: str, points: NDArray[np.float64], boundary: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Delaunay triangles inside the boundary, counter-clockwise; every boundary edge is kept."""
    import shapely
    from scipy.spatial import Delaunay, QhullError

    try:
        triangles = Delaunay(points).simplices.astype(np.int64)
    except QhullError as error:
        raise PatternError(f"panel {name!r} cannot be triangulated: {error}") from error
    centroids = points[triangles].mean(axis=1)
    triangles = triangles[shapely.contains_xy(shapely.Polygon(boundary), centroids)]
    corners = points[triangles]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    step = np.linalg.norm(boundary[1] - boundary[0])
    keep = np.abs(area) > 1e-6 * step**2
    triangles, area = triangles[keep], area[keep]
    triangles[area < 0] = triangles[area < 0][:, ::-1]
    _check_boundary(name, triangles, len(boundary))
    return triangles


def _check_boundary(name: str, triangles: NDArray[np.int64], n: int) -> None:
    """Each boundary edge belongs to exactly one triangle."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.sort(edges, axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    open_edges = {tuple(edge) for edge in unique[count == 1].tolist()}
    wanted = {tuple(sorted((i, (i + 1) % n))) for i in range(n)}
    if open_edges != wanted:
        raise PatternError(
            f"panel {name!r}: {len(wanted - open_edges)} boundary edges were lost in the mesh; "
            "it is too narrow for this edge length, take a shorter one"
        )


def _smoothed(
    points: NDArray[np.float64], triangles: NDArray[np.int64], n_boundary: int
) -> NDArray[np.float64]:
    """Move every inner point to the mean of its neighbours."""
    total, count = np.zeros_like(points), np.zeros(len(points))
    for a, b in ((0, 1), (1, 2), (2, 0)):
        for source, target in ((a, b), (b, a)):
            np.add.at(total, triangles[:, target], points[triangles[:, source]])
            np.add.at(count, triangles[:, target], 1.0)
    moved = points.copy()
    inner = np.arange(len(points)) >= n_boundary
    inner &= count > 0
    moved[inner] = total[inner] / count[inner, None]
    return moved


def min_angles_rad(uv_m: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Smallest angle of each triangle, shape (n_faces,)."""
    corners = uv_m[faces]
    angles = []
    for i in range(3):
        a = corners[:, (i + 1) % 3] - corners[:, i]
        b = corners[:, (i + 2) % 3] - corners[:, i]
        cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        angles.append(np.arccos(np.clip(cosine, -1, 1)))
    return np.min(angles, axis=0)
