"""Sensors that somebody points at: from points on the worn cloth to a plan on its panel.

A point is a triangle of the garment's mesh and weights of its corners, so the panel and the place
in it follow without a search.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.pattern import Pattern
from muslin.twin.errors import SensorError
from muslin.twin.sensors.resolve import Dressed, offset_on_panel_m, shares_of_points
from muslin.twin.sensors.sensor import (
    LINE_KINDS,
    Anchor,
    ByShare,
    OnPanel,
    OverLandmark,
    SensorKind,
    SensorPlan,
    rectangle_m,
    straight_m,
)

# Width and height of what is usually worn, and what it weighs; whoever needs another writes it.
USUAL_SIZE_M: dict[SensorKind, tuple[float, float]] = {
    "electrode": (0.03, 0.02),
    "strain_line": (0.08, 0.01),
    "imu": (0.03, 0.024),
    "pressure_pad": (0.02, 0.02),
    "thermistor": (0.01, 0.01),
    "ppg": (0.012, 0.012),
}
_MASS_KG: dict[SensorKind, float] = {"imu": 0.006}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """A point of a garment's mesh.

    Attributes:
        face: Triangle.
        weights: Weights of its three corners, not negative.
    """

    face: int
    weights: tuple[float, float, float]


def pointed_plan(
    kind: SensorKind,
    points: Sequence[Pointed],
    dressed: Dressed,
    pattern: Pattern,
    *,
    name: str,
    by_share: bool,
) -> SensorPlan:
    """Plan a sensor where somebody pointed: an area lies level on the wearer, a line as pointed.

    Args:
        kind: What it is.
        points: One point of an area, two or more of a line.
        dressed: The garment as worn.
        pattern: Its pattern.
        name: Name of the sensor.
        by_share: Plan by shares of the panel, which holds for all sizes of a block, instead of by
            coordinates.

    Raises:
        SensorError: If a point is not on the mesh, there are too few, or they lie on two panels.
    """
    panel, uv_m = panel_points(points, dressed, name=name)
    is_line = kind in LINE_KINDS
    if len(uv_m) < (2 if is_line else 1):
        raise SensorError(f"sensor {name!r}: {len(uv_m)} points; a line needs two, an area one")
    if not is_line:
        uv_m = uv_m[:1]
    anchor: Anchor = OnPanel(points_m=uv_m)
    if by_share:
        anchor = ByShare(shares=shares_of_points(pattern.panel(panel), uv_m))
    width_m, height_m = USUAL_SIZE_M[kind]
    return SensorPlan(
        name=name, kind=kind, panel=panel, anchor=anchor,
        shape_m=np.zeros((0, 2)) if is_line else rectangle_m(width_m, height_m),
        turn_rad=0.0 if is_line else _level_rad(points[0], dressed),
        width_m=height_m if is_line else 0.0, mass_kg=_MASS_KG.get(kind, 0.0),
    )  # fmt: skip


def landmark_plan(kind: SensorKind, landmark: str, *, name: str) -> SensorPlan:
    """Plan a sensor of the usual size over a landmark of the body."""
    width_m, height_m = USUAL_SIZE_M[kind]
    is_line = kind in LINE_KINDS
    return SensorPlan(
        name=name, kind=kind, panel="", anchor=OverLandmark(landmark=landmark),
        shape_m=straight_m(width_m) if is_line else rectangle_m(width_m, height_m),
        width_m=height_m if is_line else 0.0, mass_kg=_MASS_KG.get(kind, 0.0),
    )  # fmt: skip


def panel_points(
    points: Sequence[Pointed], dressed: Dressed, *, name: str
) -> tuple[str, NDArray[np.float64]]:
    """Panel and panel coordinates of points of the mesh, shape (n, 2) [m].

    Raises:
        SensorError: If there is no such triangle, or they lie on two panels.
    """
    cloth = dressed.cloth
    faces = [point.face for point in points]
    if not faces or not all(0 <= face < len(cloth.faces) for face in faces):
        raise SensorError(f"sensor {name!r}: no such point on this garment")
    panels = list(dict.fromkeys(cloth.panel_names[int(cloth.face_panel[face])] for face in faces))
    if len(panels) > 1:
        raise SensorError(
            f"sensor {name!r} begins on {panels[0]} and goes on to {panels[1]}; a sensor lies on "
            "one panel, off its seams"
        )
    weights = np.clip(np.array([point.weights for point in points], dtype=np.float64), 0, None)
    sums = weights.sum(axis=1, keepdims=True)
    if not (sums > 0).all():
        raise SensorError(f"sensor {name!r}: weights of a point sum to nothing")
    corners = cloth.flat_uv_m[cloth.flat_faces[faces]]
    return panels[0], np.einsum("nk,nkd->nd", weights / sums, corners)


def _level_rad(point: Pointed, dressed: Dressed) -> float:
    """Turn in the panel that makes a sensor's x axis level on the wearer, to the nearest side."""
    way = offset_on_panel_m(dressed, point.face, np.array([0.01, 0.0]))
    turn = float(np.arctan2(way[1], way[0]))
    # A rectangle upside down is the same one, and small angles read better.
    return (turn + np.pi / 2) % np.pi - np.pi / 2
