"""A sensor on a panel of a pattern. Panel coordinates in metres, as the pattern's file has them.

A `SensorPlan` is what a maker writes: it may say "5 cm left of the middle", "a third of the way
across" or "over the fifth rib", and so holds for every size. A `Sensor` is the plan laid on one
pattern: an outline or a path in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

SensorKind = Literal["electrode", "strain_line", "imu", "pressure_pad", "thermistor", "ppg"]
SENSOR_KINDS: tuple[SensorKind, ...] = get_args(SensorKind)
# Kinds that follow a path; the others cover an area.
LINE_KINDS: tuple[SensorKind, ...] = ("strain_line",)
_N_ROUND = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPanel:
    """Points in the panel's own coordinates, shape (n, 2) [m]."""

    points_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByShare:
    """Points by shares of the panel, shape (n, 2), no unit.

    The second share counts from the lowest to the highest point of the panel; the first one from
    the left to the right end of the panel at that height.
    """

    shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverLandmark:
    """Over a landmark of the body, where the worn garment lies on it.

    Attributes:
        landmark: Name of `landmarks_of`, as in ``fifth_rib_l``.
        offset_m: To the wearer's left and up, on the cloth as worn, shape (2,).
    """

    landmark: str
    offset_m: tuple[float, float] = (0.0, 0.0)


Anchor = OnPanel | ByShare | OverLandmark


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorPlan:
    """A sensor as its maker plans it, for all sizes.

    Attributes:
        name: Name, unique in the garment.
        kind: What it is.
        panel: Panel that carries it.
        anchor: Where: one point that the shape is laid round, or for a line all its points.
        shape_m: Outline without its last point, or path, round the anchor, shape (n, 2); empty
            where the anchor is the path itself.
        turn_rad: Turn of the shape in the panel, counter-clockwise.
        channels: Channels of the garment's schema that it feeds, as ``stream.channel``.
        requirement: Name of what it needs, see `load_requirements`.
        width_m: Width of a line; none for an area.
        mass_kg: What it adds to the cloth.
        is_round: Whether a file should say that the outline is round.
    """

    name: str
    kind: SensorKind
    panel: str
    anchor: Anchor
    shape_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    turn_rad: float = 0.0
    channels: tuple[str, ...] = ()
    requirement: str = ""
    width_m: float = 0.0
    mass_kg: float = 0.0
    is_round: bool = False

    @property
    def is_line(self) -> bool:
        """Whether it follows a path."""
        return self.kind in LINE_KINDS

    def at(self, points_m: NDArray[np.float64]) -> "Sensor":
        """The sensor with its anchor at points of the panel, shape (n, 2) [m]."""
        points = np.asarray(points_m, dtype=np.float64)
        if len(self.shape_m):
            c, s = np.cos(self.turn_rad), np.sin(self.turn_rad)
            points = points[0] + self.shape_m @ np.array([[c, s], [-s, c]])
        axis = np.array([np.cos(self.turn_rad), np.sin(self.turn_rad)])
        if self.is_line:
            way = points[-1] - points[0]
            axis = way / max(float(np.linalg.norm(way)), 1e-12)
        return Sensor(
            name=self.name, kind=self.kind, panel=self.panel, points_m=points,
            axis=(float(axis[0]), float(axis[1])), channels=self.channels,
            requirement=self.requirement, width_m=self.width_m, mass_kg=self.mass_kg,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A sensor on one pattern.

    Attributes:
        name: Name, unique in the garment.
        kind: What it is.
        panel: Panel that carries it.
        points_m: Outline without its last point, or path, in panel coordinates, shape (n, 2).
        axis: Unit vector along a line, or along the x axis of an area's own frame, in the panel.
        channels: Channels of the garment's schema that it feeds, as ``stream.channel``.
        requirement: Name of what it needs.
        width_m: Width of a line.
        mass_kg: What it adds to the cloth.
    """

    name: str
    kind: SensorKind
    panel: str
    points_m: NDArray[np.float64]
    axis: tuple[float, float] = (1.0, 0.0)
    channels: tuple[str, ...] = ()
    requirement: str = ""
    width_m: float = 0.0
    mass_kg: float = 0.0

    @property
    def is_line(self) -> bool:
        """Whether it follows a path."""
        return self.kind in LINE_KINDS

    @property
    def length_m(self) -> float:
        """Flat length of a path, perimeter of an outline."""
        points = self.points_m if self.is_line else np.vstack([self.points_m, self.points_m[:1]])
        return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())

    @property
    def center_m(self) -> NDArray[np.float64]:
        """Middle of the path's length, or of the area, shape (2,)."""
        import shapely

        if self.is_line:
            middle = shapely.LineString(self.points_m).interpolate(0.5, normalized=True)
            return np.array([middle.x, middle.y])
        center = shapely.Polygon(self.points_m).centroid
        return np.array([center.x, center.y])

    def moved(self, shift_m: Sequence[float] | NDArray[np.float64]) -> "Sensor":
        """The same sensor elsewhere on its panel, shift shape (2,)."""
        return replace(self, points_m=self.points_m + np.asarray(shift_m, dtype=np.float64))

    def cover_m(self) -> NDArray[np.float64]:
        """Outline of what it covers of the panel: a line with its width, shape (n, 2)."""
        if not self.is_line:
            return self.points_m
        import shapely

        strip = shapely.LineString(self.points_m).buffer(
            max(self.width_m, 0.002) / 2, cap_style="flat", join_style="mitre"
        )
        return np.asarray(shapely.get_coordinates(strip))[:-1]


def rectangle_m(width_m: float, height_m: float) -> NDArray[np.float64]:
    """Outline of a rectangle round the origin, shape (4, 2)."""
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    return corners * np.array([width_m, height_m]) / 2


def ellipse_m(width_m: float, height_m: float) -> NDArray[np.float64]:
    """Outline of an ellipse round the origin, shape (32, 2)."""
    turn = np.linspace(0, 2 * np.pi, _N_ROUND, endpoint=False)
    return np.stack([np.cos(turn) * width_m, np.sin(turn) * height_m], axis=1) / 2


def straight_m(length_m: float) -> NDArray[np.float64]:
    """A straight path through the origin along x, shape (2, 2)."""
    return np.array([[-length_m / 2, 0.0], [length_m / 2, 0.0]])
