"""The edge of a panel as a curve: line, Bezier, circular arc, or points it runs through. Metres.

Every curve is a function of a parameter in [0, 1] between two corners, which it meets exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One edge of a panel. At most one of ``controls_m``, ``arc``, ``through_m`` is given.

    Attributes:
        start: Index of its first corner.
        stop: Index of its last corner.
        controls_m: Control points of a Bezier curve: none for a line, one quadratic, two cubic.
        arc: (radius [m], large, right) of a circular arc instead.
        label: Name given in the file.
        through_m: Inner points that the curve runs through, in order, instead.
        smooth: Whether it is a cubic spline between these points; otherwise straight pieces.
    """

    start: int
    stop: int
    controls_m: tuple[tuple[float, float], ...] = ()
    arc: tuple[float, bool, bool] | None = None
    label: str = ""
    through_m: tuple[tuple[float, float], ...] = ()
    smooth: bool = False


def curve_points_m(
    edge: Edge, a: NDArray[np.float64], b: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Points of an edge from corner a to corner b at curve parameters in [0, 1], shape (n, 2)."""
    if edge.arc is not None:
        return _arc(a, b, edge.arc, share)
    if edge.through_m:
        return _through(np.array([a, *edge.through_m, b]), share, smooth=edge.smooth)
    t = share[:, None]
    match [np.array(point) for point in edge.controls_m]:
        case []:
            return (1 - t) * a + t * b
        case [c]:
            return (1 - t) ** 2 * a + 2 * t * (1 - t) * c + t**2 * b
        case [c, d]:
            return (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * c + 3 * t**2 * (1 - t) * d + t**3 * b
        case _:
            raise ValueError("an edge has at most two control points")


def curve_parameters(edge: Edge, a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[
    NDArray[np.float64], NDArray[np.float64]
]:  # fmt: skip
    """Curve parameters dense enough to measure by, and the length up to each [m], shape (n,)."""
    share = np.linspace(0, 1, _FINE + 1)
    if edge.through_m:
        # Corners of the polyline must be among the samples, or its length comes out short.
        knots = _knots(np.array([a, *edge.through_m, b]))
        share = np.unique(np.r_[share, knots])
    fine = curve_points_m(edge, a, b, share)
    return share, np.r_[0.0, np.linalg.norm(np.diff(fine, axis=0), axis=1).cumsum()]


def _knots(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the chord length at each point, shape (n,)."""
    walked = np.r_[0.0, np.linalg.norm(np.diff(points, axis=0), axis=1).cumsum()]
    return walked / walked[-1] if walked[-1] > 0 else np.linspace(0, 1, len(points))


def _through(
    points: NDArray[np.float64], share: NDArray[np.float64], *, smooth: bool
) -> NDArray[np.float64]:
    knots = _knots(points)
    keep = np.r_[True, np.diff(knots) > 0]
    knots, points = knots[keep], points[keep]
    if smooth and len(points) > 2:
        from scipy.interpolate import CubicSpline

        return CubicSpline(knots, points, bc_type="natural")(share)
    return np.stack([np.interp(share, knots, points[:, i]) for i in range(2)], axis=1)


def _arc(
    a: NDArray[np.float64], b: NDArray[np.float64], arc: tuple[float, bool, bool],
    share: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """Points of a circular arc; ``right`` bends it to the right of the way from a to b."""
    radius, large, right = arc
    along = b - a
    chord = float(np.linalg.norm(along))
    radius = max(radius, chord / 2)
    rise = np.sqrt(max(radius**2 - chord**2 / 4, 0.0))
    left = np.array([-along[1], along[0]]) / chord
    # The centre lies opposite to the bulge for a small arc, and on its side for a large one.
    side = 1.0 if right != large else -1.0
    center = (a + b) / 2 + side * rise * left
    start, stop = (np.arctan2(*(point - center)[::-1]) for point in (a, b))
    sweep = (stop - start) % (2 * np.pi)
    if not right:
        sweep -= 2 * np.pi
    angle = start + share * sweep
    return center + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
