"""A sewing pattern: panels of edges, and the seams between them. Metres, sew lines.

A panel's loop runs in file order. Counter-clockwise means that the outside of the cloth faces the
viewer; some panels run clockwise on purpose and stay so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.curve import Edge, curve_parameters, curve_points_m
from fitting.pattern.marks import Hole, InternalLine, Notch
from fitting.pattern.seam import Seam

# Part of the body that a panel goes round; together with `half`, where a pattern has two halves.
# `torso_front` and `torso_back` are the halves of the torso, `skirt` goes round both legs at once.
Wrap = Literal[
    "torso", "torso_front", "torso_back", "sleeve_l", "sleeve_r", "leg_l", "leg_r", "skirt",
    "neck", "chest", "waist", "hip", "head", "elbow_l", "elbow_r", "wrist_l", "wrist_r",
    "knee_l", "knee_r", "ankle_l", "ankle_r", "as_placed",
]  # fmt: skip
Half = Literal["whole", "front", "back"]


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
        grain_known: Whether the grain was given; otherwise it is a guess.
        notches: Cuts in the edges, in file order.
        internal_lines: Lines drawn inside.
        holes: Cut-outs and drill holes.
        layer: Order from the body outwards, 0 next to the skin.
        n_cut: How many of it are cut for one garment, this one included.
        fabric: Name of its material in the file.
        worn: Whether it is put on with the garment; trim is cut, and sewn on afterwards.
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
    grain_known: bool = True
    notches: tuple[Notch, ...] = ()
    internal_lines: tuple[InternalLine, ...] = ()
    holes: tuple[Hole, ...] = ()
    layer: int = 0
    n_cut: int = 1
    fabric: str = ""
    worn: bool = True

    def corners_m(self, i_edge: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """First and last corner of an edge, each of shape (2,)."""
        edge = self.edges[i_edge]
        return self.vertices_m[edge.start], self.vertices_m[edge.stop]

    def curve_m(self, i_edge: int, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of an edge at curve parameters in [0, 1], shape (n, 2)."""
        return curve_points_m(self.edges[i_edge], *self.corners_m(i_edge), share)

    def length_m(self, i_edge: int) -> float:
        """Length of an edge."""
        return float(curve_parameters(self.edges[i_edge], *self.corners_m(i_edge))[1][-1])

    def points_m(self, i_edge: int, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of an edge at shares of its length in [0, 1], shape (n, 2)."""
        parameters, walked = curve_parameters(self.edges[i_edge], *self.corners_m(i_edge))
        return self.curve_m(i_edge, np.interp(shares * walked[-1], walked, parameters))

    def sample_m(self, i_edge: int, n: int) -> NDArray[np.float64]:
        """Cut an edge into n equal lengths, both ends exact, shape (n + 1, 2)."""
        points = self.points_m(i_edge, np.linspace(0, 1, n + 1))
        points[0], points[-1] = self.corners_m(i_edge)
        return points

    def outline_m(self, step_m: float = 0.005) -> NDArray[np.float64]:
        """Closed outline without its last point, shape (n, 2)."""
        pieces = [
            self.sample_m(i, max(1, int(np.ceil(self.length_m(i) / step_m))))[:-1]
            for i in range(len(self.edges))
        ]
        return np.concatenate(pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Panels and seams of one garment.

    Attributes:
        name: What it is.
        panels: Panels in file order.
        seams: Seams.
        warnings: What a person should know about how it was read.
        size: Size that was read, empty when the file has one only.
        sizes: All sizes of the file in its order.
        extras: What else the file said and a writer of the same format gives back.
    """

    name: str
    panels: tuple[Panel, ...]
    seams: tuple[Seam, ...]
    warnings: tuple[str, ...] = ()
    size: str = ""
    sizes: tuple[str, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)

    def panel(self, name: str) -> Panel:
        """Find a panel by name."""
        return next(panel for panel in self.panels if panel.name == name)

    def worn_part(self) -> "Pattern":
        """The pattern without trim."""
        if all(panel.worn for panel in self.panels):
            return self
        return replace(self, panels=tuple(panel for panel in self.panels if panel.worn))
