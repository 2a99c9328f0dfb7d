"""A sewing pattern: panels of edges, and the seams between them. Metres, sew lines.

A panel's loop runs in file order. Counter-clockwise means that the outside of the cloth faces the
viewer; some panels run clockwise on purpose and stay so.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Wrap = Literal["torso_front", "torso_back", "sleeve_l", "sleeve_r", "as_placed"]
Half = Literal["whole", "front", "back"]
_FINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One edge of a panel.

    Attributes:
        start: Index of its first vertex.
        stop: Index of its last vertex.
        controls_m: Control points of a Bezier curve: none for a line, one quadratic, two cubic.
        arc: (radius [m], large, right) of a circular arc instead.
        label: Name given in the file.
    """

    start: int
    stop: int
    controls_m: tuple[tuple[float, float], ...] = ()
    arc: tuple[float, bool, bool] | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One piece of cloth.

    Attributes:
        name: Name, unique in the pattern.
        vertices_m: Corners, shape (n_corners, 2).
        edges: Closed loop in order.
        translation_m: Where the file places the panel's origin, shape (3,).
        rotation_rad: Turn before that, about x, then y, then z, shape (3,).
        grain_rad: Direction of the warp in the panel, from its x axis.
        wrap: Which part of the body it goes round.
        half: Whether it covers all of that part, or the front or back half.
        label: Name given in the file.
    """

    name: str
    vertices_m: NDArray[np.float64]
    edges: tuple[Edge, ...]
    translation_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation_rad: tuple[float, float, float] = (0.0, 0.0, 0.0)
    grain_rad: float = np.pi / 2
    wrap: Wrap = "as_placed"
    half: Half = "whole"
    label: str = ""

    def curve_m(self, i_edge: int, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of an edge at curve parameters in [0, 1], shape (n, 2)."""
        edge = self.edges[i_edge]
        a, b = self.vertices_m[edge.start], self.vertices_m[edge.stop]
        t = share[:, None]
        if edge.arc is not None:
            return _arc(a, b, edge.arc, share)
        match [np.array(point) for point in edge.controls_m]:
            case []:
                return (1 - t) * a + t * b
            case [c]:
                return (1 - t) ** 2 * a + 2 * t * (1 - t) * c + t**2 * b
            case [c, d]:
                return (
                    (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * c + 3 * t**2 * (1 - t) * d + t**3 * b
                )
            case _:
                raise ValueError("an edge has at most two control points")

    def length_m(self, i_edge: int) -> float:
        """Length of an edge."""
        fine = self.curve_m(i_edge, np.linspace(0, 1, _FINE + 1))
        return float(np.linalg.norm(np.diff(fine, axis=0), axis=1).sum())

    def sample_m(self, i_edge: int, n: int) -> NDArray[np.float64]:
        """Cut an edge into n equal lengths, both ends exact, shape (n + 1, 2)."""
        share = np.linspace(0, 1, _FINE + 1)
        fine = self.curve_m(i_edge, share)
        walked = np.r_[0.0, np.linalg.norm(np.diff(fine, axis=0), axis=1).cumsum()]
        at = np.interp(np.linspace(0, walked[-1], n + 1), walked, share)
        points = self.curve_m(i_edge, at)
        edge = self.edges[i_edge]
        points[0], points[-1] = self.vertices_m[edge.start], self.vertices_m[edge.stop]
        return points

    def outline_m(self, step_m: float = 0.005) -> NDArray[np.float64]:
        """Closed outline without its last point, shape (n, 2)."""
        pieces = [
            self.sample_m(i, max(1, int(np.ceil(self.length_m(i) / step_m))))[:-1]
            for i in range(len(self.edges))
        ]
        return np.concatenate(pieces)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """Two edges that are sewn together.

    Attributes:
        side_a: (panel, edge).
        side_b: (panel, edge).
        reversed: Whether the start of one meets the end of the other; the usual case.
    """

    side_a: tuple[str, int]
    side_b: tuple[str, int]
    reversed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Panels and seams of one garment.

    Attributes:
        name: What it is.
        panels: Panels in file order.
        seams: Seams.
        warnings: What a person should know about how it was read.
    """

    name: str
    panels: tuple[Panel, ...]
    seams: tuple[Seam, ...]
    warnings: tuple[str, ...] = ()

    def panel(self, name: str) -> Panel:
        """Find a panel by name."""
        return next(panel for panel in self.panels if panel.name == name)
