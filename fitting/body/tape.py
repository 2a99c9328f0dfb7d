"""A tape on a body: plane section, convex hull, length, and the derivative of it.

The length of a convex hull is 2 pi times the mean of its support function h(u) over directions u
(Cauchy). A tape bridges hollows as a hull does. For the derivative the touching points are held.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.errors import MeasurementError

N_DIRECTIONS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A plane through ``origin_m`` across ``normal``; both shape (3,)."""

    origin_m: NDArray[np.float64]
    normal: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Where a plane cuts edges: point = (1 - share) * start + share * stop.

    Attributes:
        start: Vertex on one side, shape (n_points,).
        stop: Vertex on the other, shape (n_points,).
        share: Where between them, shape (n_points,).
        points_m: The points, shape (n_points, 3).
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    share: NDArray[np.float64]
    points_m: NDArray[np.float64]

    def only(self, chosen: NDArray[np.bool_]) -> "Section":
        """The chosen points, mask of shape (n_points,)."""
        return Section(
            start=self.start[chosen], stop=self.stop[chosen], share=self.share[chosen],
            points_m=self.points_m[chosen],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """Derivative of a length by points: nonzero rows only, repeated rows add up.

    Attributes:
        rows: Points, shape (n_entries,).
        vectors: Derivative by each, shape (n_entries, 3).
    """

    rows: NDArray[np.int64]
    vectors: NDArray[np.float64]

    def __add__(self, other: "Gradient") -> "Gradient":
        return Gradient(
            rows=np.concatenate([self.rows, other.rows]),
            vectors=np.concatenate([self.vectors, other.vectors]),
        )

    def __mul__(self, factor: float) -> "Gradient":
        return Gradient(rows=self.rows, vectors=self.vectors * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A point that hangs on vertices: the weighted sum of them.

    Attributes:
        rows: Vertices, shape (n_rows,).
        weights: Their weights, shape (n_rows,).
        point_m: Where it is, shape (3,).
    """

    rows: NDArray[np.int64]
    weights: NDArray[np.float64]
    point_m: NDArray[np.float64]

    def toward(self, other: "Anchor", share: float) -> "Anchor":
        """The point at a share of the way to another."""
        return Anchor(
            rows=np.concatenate([self.rows, other.rows]),
            weights=np.concatenate([(1 - share) * self.weights, share * other.weights]),
            point_m=(1 - share) * self.point_m + share * other.point_m,
        )

    def gradient(self, vector: NDArray[np.float64]) -> Gradient:
        """Derivative of vector . point."""
        return Gradient(rows=self.rows, vectors=self.weights[:, None] * vector)


class EdgeSet:
    """Edges with the vertices they use, so that a cut looks at these alone."""

    def __init__(self, edges: NDArray[np.int64]) -> None:
        self.edges = edges
        self.rows, local = np.unique(edges, return_inverse=True)
        self.local: NDArray[np.int64] = local.reshape(edges.shape)


def cut(
    vertices_m: NDArray[np.float64], edges: NDArray[np.int64] | EdgeSet, plane: Plane
) -> Section:
    """Cut edges with a plane.

    Raises:
        MeasurementError: If the plane misses them.
    """
    kept = edges if isinstance(edges, EdgeSet) else EdgeSet(edges)
    height = vertices_m[kept.rows] @ plane.normal - plane.origin_m @ plane.normal
    below = height < 0
    crossing = np.flatnonzero(below[kept.local[:, 0]] != below[kept.local[:, 1]])
    if not crossing.size:
        raise MeasurementError(f"no part of the body is at height {plane.origin_m[1]:.3f} m")
    a, b = height[kept.local[crossing]].T
    return section_of(vertices_m, kept.edges[crossing], a, b)


def section_of(
    vertices_m: NDArray[np.float64],
    edges: NDArray[np.int64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
) -> Section:
    """Points of edges that cross a plane, from the heights of their ends over it."""
    start, stop = edges.T
    share = a / (a - b)
    points = (1 - share)[:, None] * vertices_m[start] + share[:, None] * vertices_m[stop]
    return Section(start=start, stop=stop, share=share, points_m=points)


def cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross product of two vectors of shape (3,); numpy's costs ten times as much."""
    ax, ay, az = a.tolist()
    bx, by, bz = b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


_ANGLES = 2 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
_COS, _SIN = np.cos(_ANGLES)[:, None], np.sin(_ANGLES)[:, None]


def directions_in(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Even directions in a plane, shape (N_DIRECTIONS, 3)."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(normal[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    x = cross(helper, normal)
    x /= np.sqrt(x @ x)
    return _COS * x + _SIN * cross(normal, x)


def girth_m(section: Section, plane: Plane) -> float:
    """Length of a tape round a section."""
    support = section.points_m @ directions_in(plane.normal).T
    return float(2 * np.pi * support.max(axis=0).mean())


def hull_polyline(section: Section, plane: Plane) -> NDArray[np.float64]:
    """The tape round a section as a closed line, first point repeated, shape (n, 3) [m]."""
    from scipy.spatial import ConvexHull

    basis = directions_in(plane.normal)[[0, N_DIRECTIONS // 4]]
    order = ConvexHull(section.points_m @ basis.T).vertices
    return section.points_m[np.r_[order, order[0]]]


def support(
    vertices_m: NDArray[np.float64], section: Section, plane: Plane,
    directions: NDArray[np.float64], weight: float, hangs_on: tuple[Anchor, ...],
) -> tuple[float, Gradient]:  # fmt: skip
    """Sum of the support function over directions, times a weight, with its derivative.

    Args:
        vertices_m: Skin, shape (n_vertices, 3).
        section: The cut.
        plane: The plane.
        directions: Unit vectors in the plane, shape (n_directions, 3).
        weight: Factor of the sum; ``2 pi / n`` gives the hull's length.
        hangs_on: What the plane hangs on: nothing where it does not move, its origin, or two
            points that carry it along and turn it.
    """
    along = section.points_m @ directions.T
    touching = along.argmax(axis=0)
    value = weight * float(along[touching, np.arange(len(directions))].sum())
    start, stop = section.start[touching], section.stop[touching]
    share = section.share[touching][:, None]
    a = (vertices_m[start] - plane.origin_m) @ plane.normal
    b = (vertices_m[stop] - plane.origin_m) @ plane.normal
    edge = vertices_m[stop] - vertices_m[start]
    c = np.einsum("kc,kc->k", directions, edge) / (a - b) ** 2
    gradient = Gradient(
        rows=np.concatenate([start, stop]),
        vectors=weight
        * np.concatenate(
            [
                (1 - share) * directions - (c * b)[:, None] * plane.normal,
                share * directions + (c * a)[:, None] * plane.normal,
            ]
        ),
    )
    pull = -weight * c * (a - b)
    if len(hangs_on) == 1:
        gradient += hangs_on[0].gradient(float(pull.sum()) * plane.normal)
    elif hangs_on:
        chord = hangs_on[1].point_m - hangs_on[0].point_m
        reach = (section.points_m[touching] - hangs_on[0].point_m) @ chord / (chord @ chord)
        for end, share in zip(hangs_on, (1 - reach, reach), strict=True):
            gradient += end.gradient(float((pull * share).sum()) * plane.normal)
    return value, gradient


def distance(a: Anchor, b: Anchor) -> tuple[float, Gradient]:
    """Straight distance of two points, with its derivative."""
    along = b.point_m - a.point_m
    length_m = float(np.linalg.norm(along))
    unit = along / max(length_m, 1e-12)
    return length_m, b.gradient(unit) + a.gradient(-unit)


def unique_edges(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each edge once, shape (n_edges, 2)."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(edges, axis=1), axis=0)


def path(
    vertices_m: NDArray[np.float64], section: Section, plane: Plane, ends: tuple[Anchor, Anchor],
    *, carried: bool,
) -> tuple[float, Gradient]:  # fmt: skip
    """Length of a tape from end to end over a section: its hull's way round less the chord.

    The section holds only what lies between the ends, on the side where the tape runs. The plane is
    carried along by the ends, or stays where it is.
    """
    directions = directions_in(plane.normal)
    weight = 2 * np.pi / len(directions)
    points = np.concatenate([section.points_m, [end.point_m for end in ends]])
    touching = (points @ directions.T).argmax(axis=0)
    chord, gradient = distance(*ends)
    length_m, gradient = -chord, gradient * -1.0
    n = len(section.points_m)
    for i, end in enumerate(ends):
        pull = weight * directions[touching == n + i].sum(axis=0)
        length_m += float(pull @ end.point_m)
        gradient += end.gradient(pull)
    on_skin = touching < n
    if on_skin.any():
        value, slope = support(
            vertices_m, section, plane, directions[on_skin], weight, ends if carried else ()
        )
        length_m, gradient = length_m + value, gradient + slope
    return length_m, gradient


def path_polyline(
    section: Section, plane: Plane, ends: tuple[Anchor, Anchor]
) -> NDArray[np.float64]:
    """The tape of `path` from end to end, shape (n, 3) [m]."""
    from scipy.spatial import ConvexHull

    a, b = (end.point_m for end in ends)
    points = np.concatenate([[a, b], section.points_m])
    if len(points) < 3:
        return points
    basis = directions_in(plane.normal)[[0, N_DIRECTIONS // 4]]
    order = list(ConvexHull(points @ basis.T, qhull_options="QJ").vertices)
    if 0 not in order or 1 not in order:
        return points[:2]
    order = order[order.index(0) :] + order[: order.index(0)]
    there, back = order[: order.index(1) + 1], [0, *reversed(order[order.index(1) :])]
    return points[max(there, back, key=len)]
