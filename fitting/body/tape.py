"""A tape round a body: plane section, convex hull, length, and the derivative of it.

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


def cut(vertices_m: NDArray[np.float64], edges: NDArray[np.int64], plane: Plane) -> Section:
    """Cut edges with a plane.

    Raises:
        MeasurementError: If the plane misses them.
    """
    height = (vertices_m - plane.origin_m) @ plane.normal
    a, b = height[edges[:, 0]], height[edges[:, 1]]
    crossing = (a < 0) != (b < 0)
    if not crossing.any():
        raise MeasurementError(f"no part of the body is at height {plane.origin_m[1]:.3f} m")
    start, stop = edges[crossing].T
    share = a[crossing] / (a[crossing] - b[crossing])
    points = (1 - share)[:, None] * vertices_m[start] + share[:, None] * vertices_m[stop]
    return Section(start=start, stop=stop, share=share, points_m=points)


def _directions(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Even directions in the plane, shape (N_DIRECTIONS, 3)."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(normal[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    x = np.cross(helper, normal)
    x /= np.linalg.norm(x)
    y = np.cross(normal, x)
    angle = 2 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
    return np.cos(angle)[:, None] * x + np.sin(angle)[:, None] * y


def girth_m(section: Section, plane: Plane) -> float:
    """Length of a tape round a section."""
    support = section.points_m @ _directions(plane.normal).T
    return float(2 * np.pi * support.max(axis=0).mean())


def girth_slope(
    vertices_m: NDArray[np.float64],
    jacobian: NDArray[np.floating],
    section: Section,
    plane: Plane,
    origin_slope: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Derivative of `girth_m` by the parameters, shape (n_parameters,).

    Args:
        vertices_m: Skin, shape (n_vertices, 3).
        jacobian: Its derivative, shape (n_parameters, n_vertices, 3).
        section: The cut.
        plane: The plane.
        origin_slope: Derivative of the plane's origin, shape (n_parameters, 3).
    """
    directions = _directions(plane.normal)
    touching = (section.points_m @ directions.T).argmax(axis=0)
    start, stop = section.start[touching], section.stop[touching]
    share = section.share[touching][:, None]
    d_start = jacobian[:, start].astype(np.float64)
    d_stop = jacobian[:, stop].astype(np.float64)
    d_height_a = (d_start - origin_slope[:, None]) @ plane.normal
    d_height_b = (d_stop - origin_slope[:, None]) @ plane.normal
    a = (vertices_m[start] - plane.origin_m) @ plane.normal
    b = (vertices_m[stop] - plane.origin_m) @ plane.normal
    d_share = (a * d_height_b - b * d_height_a) / (a - b) ** 2
    along = vertices_m[stop] - vertices_m[start]
    d_point = (1 - share) * d_start + share * d_stop + d_share[..., None] * along
    return 2 * np.pi * np.einsum("pkc,kc->pk", d_point, directions).mean(axis=1)


def unique_edges(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each edge once, shape (n_edges, 2)."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(edges, axis=1), axis=0)
