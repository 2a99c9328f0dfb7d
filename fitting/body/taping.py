"""One body under the tape: its landmarks, levels and cuts, shared by all measures. Metres, y up.

Levels hang on landmarks, so they travel with the shape: navel and nipples are points of the base
mesh, the waist lies at 35 % of the way from the navel up to the nipples, the hip is the largest
girth between crotch and navel. Arms are left out of torso sections by their bones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS
from fitting.body.shape import ShapeSpace
from fitting.body.tape import (
    Anchor,
    EdgeSet,
    Gradient,
    Plane,
    Section,
    cut,
    directions_in,
    girth_m,
    hull_polyline,
    support,
    unique_edges,
)

UP = np.array([0.0, 1.0, 0.0])
WAIST_SHARE = 0.35
UNDER_BUST_SHARE = 0.72
HIP_SHARES = np.linspace(0.10, 0.70, 9)
# How far the neck leans forward; a horizontal tape would overstate its girth by 5 %.
NECK_LEAN_RAD = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measure on one body.

    Attributes:
        value_m: Its length.
        gradient: Derivative by the points.
        level_m: Height of its plane, where it has one.
        polyline_m: How the tape lies, shape (n, 3).
    """

    value_m: float
    gradient: Gradient
    polyline_m: Callable[[], NDArray[np.float64]]
    level_m: float | None = None


class Edges:
    """Edges that a tape may touch, by part of the body; the same for every shape."""

    def __init__(self, space: ShapeSpace) -> None:
        faces, region = space.faces, space.vertex_region

        def within(*names: str, left: bool = False) -> EdgeSet:
            chosen = np.isin(region, [REGIONS.index(name) for name in names])
            if left:
                chosen &= space.is_left
            return EdgeSet(unique_edges(faces[chosen[faces].all(axis=1)]))

        self.trunk = within("neck", "shoulder", "chest", "waist", "hip", "thigh")
        self.head = within("head", "neck")
        self.neck = within("head", "neck", "shoulder", "chest")
        self.top = within("shoulder", "chest", "waist", "upper_arm")
        self.arm = within("upper_arm", "lower_arm", "shoulder", left=True)
        self.forearm = within("lower_arm", "hand", left=True)
        self.leg = within("thigh", "lower_leg", "hip", left=True)


class Taping:
    """Measures of one body; they share landmarks and levels."""

    def __init__(self, space: ShapeSpace, edges: Edges, points_m: NDArray[np.float64]) -> None:
        self.space, self.edges, self.points_m = space, edges, points_m

    def anchor(self, rows: NDArray[np.int64] | int) -> Anchor:
        """A point; several rows give their mean."""
        chosen = np.atleast_1d(rows)
        weights = np.full(chosen.size, 1 / chosen.size)
        return Anchor(rows=chosen, weights=weights, point_m=self.points_m[chosen].mean(axis=0))

    def landmark(self, name: str) -> Anchor:
        """A landmark by name."""
        rows = self.space.landmark_rows[name]
        if name == "crotch":
            rows = rows[[int(np.argmin(self.points_m[rows, 1]))]]
        return self.anchor(rows)

    def joint(self, name: str) -> Anchor:
        """A joint by name."""
        return self.anchor(self.space.joint_row[name])

    @cached_property
    def nipples(self) -> Anchor:
        """Middle of the bust points."""
        return self.landmark("nipple_l").toward(self.landmark("nipple_r"), 0.5)

    @cached_property
    def waist(self) -> Anchor:
        """A point at the waist's level."""
        return self.landmark("navel").toward(self.nipples, WAIST_SHARE)

    @cached_property
    def hip(self) -> Anchor:
        """A point at the level of the largest girth above the crotch."""
        crotch, navel = self.landmark("crotch"), self.landmark("navel")
        lengths = []
        for share in HIP_SHARES:
            section, plane = self.level(crotch.toward(navel, share))
            lengths.append(girth_m(section, plane))
        return crotch.toward(navel, HIP_SHARES[int(np.argmax(lengths))])

    @cached_property
    def floor(self) -> Anchor:
        """The lowest point."""
        return self.anchor(int(self.points_m[: self.space.n_vertices, 1].argmin()))

    def level(self, origin: Anchor, *, head: bool = False) -> tuple[Section, Plane]:
        """Cut the trunk, or the head, horizontally at a point."""
        plane = Plane(origin_m=origin.point_m, normal=UP)
        edges = self.edges.head if head else self.edges.trunk
        return cut(self.points_m, edges, plane), plane

    def girth(self, section: Section, plane: Plane, origin: Anchor) -> Measured:
        """The tape round a section, by the plane's origin."""
        directions = directions_in(plane.normal)
        weight = 2 * np.pi / len(directions)
        value, gradient = support(self.points_m, section, plane, directions, weight, (origin,))
        return Measured(
            value_m=value, gradient=gradient, level_m=float(plane.origin_m[1]),
            polyline_m=lambda: hull_polyline(section, plane),
        )  # fmt: skip

    def girth_across(self, edges: EdgeSet, origin: Anchor, normal: NDArray[np.float64]) -> Measured:
        """The tape round edges, across a direction; the direction is held."""
        plane = Plane(origin_m=origin.point_m, normal=normal / np.linalg.norm(normal))
        return self.girth(cut(self.points_m, edges, plane), plane, origin)
