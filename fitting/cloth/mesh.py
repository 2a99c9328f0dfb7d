"""Flat panels to triangles: boundary exact, near-equilateral inside, seams point to point.

Both sides of a seam get the same number of points at equal shares of their own length between
corners and notches, so that gathers and ease keep their rest lengths. Every vertex on an edge
knows the edge, its share of the edge's length, and its seam.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.edges import EdgeCuts, cut_edges, seam_rows
from fitting.cloth.twins import Twins
from fitting.errors import PatternError
from fitting.pattern.model import Panel, Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatMesh:
    """All panels triangulated side by side, before anything is welded.

    Attributes:
        uv_m: Panel coordinates of every vertex, shape (n_flat, 2).
        panel: Panel of every vertex, shape (n_flat,).
        edge: Edge of the panel that the vertex lies on, -1 inside; a corner belongs to the edge
            that starts there; shape (n_flat,).
        share: Where on that edge, as a share of its length, NaN inside; shape (n_flat,).
        seam: Seam that the vertex belongs to, -1 for none, shape (n_flat,).
        faces: Triangles by the panel's own loop orientation, shape (n_faces, 3).
        face_panel: Panel of every triangle, shape (n_faces,).
        seam_sides: Per stretch of a seam: its number, and the vertices of both sides that meet,
            each of shape (n_points,).
        edge_points: Vertices along each edge, by (panel, edge).
    """

    uv_m: NDArray[np.float64]
    panel: NDArray[np.int64]
    edge: NDArray[np.int64]
    share: NDArray[np.float64]
    seam: NDArray[np.int64]
    faces: NDArray[np.int64]
    face_panel: NDArray[np.int64]
    seam_sides: tuple[tuple[int, NDArray[np.int64], NDArray[np.int64]], ...]
    edge_points: dict[tuple[str, int], NDArray[np.int64]]

    @property
    def seam_pairs(self) -> NDArray[np.int64]:
        """Vertices that seams join, shape (n_pairs, 2)."""
        if not self.seam_sides:
            return np.zeros((0, 2), dtype=np.int64)
        return np.concatenate([np.stack([a, b], axis=1) for _, a, b in self.seam_sides])


def mesh_pattern(pattern: Pattern, *, edge_length_m: float) -> FlatMesh:
    """Triangulate every panel.

    Args:
        pattern: What to mesh.
        edge_length_m: Wanted length of triangle edges; narrow panels get shorter ones.

    Raises:
        PatternError: If a panel is too small or too tangled for it; names the panel.
    """
    cuts = cut_edges(pattern, edge_length_m)
    uv, panels, faces, face_panel = [], [], [], []
    edge_points: dict[tuple[str, int], NDArray[np.int64]] = {}
    n_before, twins = 0, Twins()
    for i_panel, panel in enumerate(pattern.panels):
        points, triangles, rows = _mesh_panel(panel, cuts, edge_length_m, twins)
        uv.append(points)
        panels.append(np.full(len(points), i_panel))
        faces.append(triangles + n_before)
        face_panel.append(np.full(len(triangles), i_panel))
        for i_edge, own in enumerate(rows):
            edge_points[panel.name, i_edge] = own + n_before
        n_before += len(points)
    sides = tuple(
        (i, a, b)
        for i, seam in enumerate(pattern.seams)
        for a, b in seam_rows(seam, pattern, cuts, edge_points)
    )
    edge, share = _edge_of(pattern, cuts, edge_points, n_before)
    return FlatMesh(
        uv_m=np.concatenate(uv),
        panel=np.concatenate(panels),
        edge=edge,
        share=share,
        seam=seam_of(sides, n_before),
        faces=np.concatenate(faces),
        face_panel=np.concatenate(face_panel),
        seam_sides=sides,
        edge_points=edge_points,
    )


def _edge_of(
    pattern: Pattern,
    cuts: EdgeCuts,
    edge_points: dict[tuple[str, int], NDArray[np.int64]],
    n: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    edge, share = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    for panel in pattern.panels:
        for i in range(len(panel.edges)):
            rows = edge_points[panel.name, i][:-1]
            edge[rows], share[rows] = i, cuts.shares[panel.name, i][:-1]
    return edge, share


def seam_of(
    sides: tuple[tuple[int, NDArray[np.int64], NDArray[np.int64]], ...], n: int
) -> NDArray[np.int64]:
    """Seam of every vertex, -1 for none; the first one where several meet, shape (n,)."""
    seam = np.full(n, -1, dtype=np.int64)
    for i, a, b in reversed(sides):
        seam[a], seam[b] = i, i
    return seam


def _mesh_panel(
    panel: Panel, cuts: EdgeCuts, edge_length_m: float, twins: Twins
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[NDArray[np.int64]]]:
    """Points, triangles, and the points of each edge of one panel."""
    pieces = [
        edge_curve_m(panel, i, cuts.shares[panel.name, i])[:-1] for i in range(len(panel.edges))
    ]
    boundary = np.concatenate(pieces)
    n = len(boundary)
    starts = np.cumsum([0, *(len(piece) for piece in pieces)])
    rows = [np.arange(starts[i], starts[i + 1] + 1) % n for i in range(len(pieces))]
    if n < 3:
        raise PatternError(f"panel {panel.name!r} is too small for edges of {edge_length_m:g} m")
    size_m = min(edge_length_m, cuts.width_size_m[panel.name])
    points, triangles = twins.triangulate(panel.name, boundary, size_m)
    x, y = boundary.T
    clockwise = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) < 0
    return points, triangles[:, ::-1] if clockwise else triangles, rows


def edge_curve_m(panel: Panel, i_edge: int, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of an edge at shares of its length; both ends are exactly the corners."""
    points = panel.points_m(i_edge, shares)
    points[0], points[-1] = panel.corners_m(i_edge)
    return points
