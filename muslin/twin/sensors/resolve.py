"""From plans to sensors: lay each plan on one pattern, by coordinates, shares, or a body landmark.

A landmark is carried to the panel by the worn garment: the point of the cloth nearest to it, and
the offset laid off on the cloth as it lies there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body
from fitting.cloth import Cloth
from fitting.pattern import Finding, Panel, Pattern
from muslin.twin.errors import SensorError
from muslin.twin.sensors.landmarks import landmark_named, landmark_title
from muslin.twin.sensors.sensor import ByShare, OnPanel, OverLandmark, Sensor, SensorPlan

# Farther from the landmark than this the garment does not cover it.
COVERED_M = 0.03
_N_NEAR = 24
_UP, _LEFT = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressed:
    """A garment on a body, as far as placing needs it.

    Attributes:
        body: The body.
        cloth: Mesh of the garment.
        positions_m: Its vertices as worn, shape (n_vertices, 3).
    """

    body: Body
    cloth: Cloth
    positions_m: NDArray[np.float64]


def resolve(
    plans: Iterable[SensorPlan], pattern: Pattern, *, dressed: Dressed | None = None
) -> tuple[Sensor, ...]:
    """Lay plans on a pattern.

    Args:
        plans: What the maker wants.
        pattern: The garment's pattern in one size.
        dressed: The worn garment; only needed where a plan names a landmark.

    Raises:
        SensorError: If plans cannot be laid; its findings name every one of them.
    """
    sensors, findings = [], []
    for plan in plans:
        found = resolve_one(plan, pattern, dressed=dressed)
        if isinstance(found, Finding):
            findings.append(found)
        else:
            sensors.append(found)
    if findings:
        raise SensorError("; ".join(f.sentence() for f in findings), findings=findings)
    return tuple(sensors)


def resolve_one(
    plan: SensorPlan, pattern: Pattern, *, dressed: Dressed | None = None
) -> Sensor | Finding:
    """Lay one plan on a pattern, or say why it cannot be laid."""
    panel = next((p for p in pattern.panels if p.name == plan.panel), None)
    if panel is None and not (isinstance(plan.anchor, OverLandmark) and not plan.panel):
        known = ", ".join(p.name for p in pattern.panels)
        return _finding(
            "SENSOR_PANEL", plan, f"the pattern has no panel {plan.panel!r}", f"it has {known}"
        )
    match plan.anchor:
        case OnPanel(points_m=points):
            return plan.at(points)
        case ByShare(shares=shares):
            return plan.at(points_by_share_m(pattern.panel(plan.panel), shares))
        case OverLandmark() as anchor:
            return _over(plan, anchor, dressed)


def points_by_share_m(panel: Panel, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of a panel by shares of its width at a height and of its height, shape (n, 2) [m]."""
    low_m, high_m = _reach_m(panel)
    y = low_m + shares[:, 1] * (high_m - low_m)
    ends = _row_ends_m(panel, y)
    return np.stack([ends[:, 0] + shares[:, 0] * (ends[:, 1] - ends[:, 0]), y], axis=1)


def shares_of_points(panel: Panel, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of a panel that points lie at: the way back of `points_by_share_m`, shape (n, 2)."""
    low_m, high_m = _reach_m(panel)
    ends = _row_ends_m(panel, points_m[:, 1])
    across = (points_m[:, 0] - ends[:, 0]) / np.maximum(ends[:, 1] - ends[:, 0], 1e-9)
    return np.stack([across, (points_m[:, 1] - low_m) / (high_m - low_m)], axis=1)


def _reach_m(panel: Panel) -> tuple[float, float]:
    """Lowest and highest point of a panel."""
    y = panel.outline_m(0.002)[:, 1]
    return float(y.min()), float(y.max())


def _row_ends_m(panel: Panel, y_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left and right end of a panel at some heights, shape (n, 2)."""
    import shapely

    outline = panel.outline_m(0.002)
    low, high = outline.min(axis=0), outline.max(axis=0)
    shape = shapely.Polygon(outline)
    ends = np.zeros((len(y_m), 2))
    for i, level in enumerate(y_m):
        # A row that only touches the outline has no ends.
        at = float(np.clip(level, low[1] + 1e-6, high[1] - 1e-6))
        row = shapely.intersection(shape, shapely.LineString([(low[0] - 1, at), (high[0] + 1, at)]))
        ends[i] = row.bounds[0], row.bounds[2]
    return ends


def _over(plan: SensorPlan, anchor: OverLandmark, dressed: Dressed | None) -> Sensor | Finding:
    if dressed is None:
        return _finding(
            "SENSOR_LANDMARK", plan, f"it lies over a landmark ({anchor.landmark})",
            "a worn garment is needed to find that on the pattern; give a body",
        )  # fmt: skip
    try:
        key, point = landmark_named(anchor.landmark, dressed.body)
    except SensorError as error:
        return _finding("SENSOR_LANDMARK", plan, str(error))
    row, panel, uv, distance_m = panel_point(dressed, point, panel=plan.panel)
    worn = dressed.positions_m[dressed.cloth.faces[row]]
    if distance_m > COVERED_M:
        return _finding(
            "SENSOR_UNCOVERED", plan,
            f"the garment does not cover the {landmark_title(key)}; its nearest cloth is "
            f"{distance_m * 100:.1f} cm away",
            "name another landmark or another panel",
        )  # fmt: skip
    # Where the cloth ends short of the landmark, the offset still counts from the landmark.
    short = point - _barycentric(dressed, row, uv) @ worn
    shifted = uv + offset_on_panel_m(dressed, row, np.array(anchor.offset_m), more_m=short)
    placed = plan.at(shifted[None])
    return placed if placed.panel else replace(placed, panel=panel)


def panel_point(
    dressed: Dressed, point_m: NDArray[np.float64], *, panel: str = ""
) -> tuple[int, str, NDArray[np.float64], float]:
    """The point of a worn garment nearest to a point in space.

    Args:
        dressed: The garment as worn.
        point_m: Where, shape (3,).
        panel: Panel to look on; empty for all.

    Returns:
        Triangle, panel, panel coordinates of shape (2,) [m], and the distance [m].
    """
    from trimesh.triangles import closest_point, points_to_barycentric

    cloth = dressed.cloth
    faces = np.arange(len(cloth.faces))
    if panel:
        faces = np.flatnonzero(cloth.face_panel == cloth.panel_names.index(panel))
    corners = dressed.positions_m[cloth.faces[faces]]
    off = np.linalg.norm(corners.mean(axis=1) - point_m, axis=1)
    near = np.argsort(off)[:_N_NEAR]
    nearest = np.asarray(closest_point(corners[near], np.tile(point_m, (len(near), 1))))
    distance = np.linalg.norm(nearest - point_m, axis=1)
    best = int(distance.argmin())
    row = int(faces[near[best]])
    weights = points_to_barycentric(corners[near[best]][None], nearest[best][None])[0]
    uv = weights @ cloth.flat_uv_m[cloth.flat_faces[row]]
    return row, cloth.panel_names[int(cloth.face_panel[row])], uv, float(distance[best])


def _barycentric(dressed: Dressed, row: int, uv_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Barycentric coordinates of a point of the panel in a triangle, shape (3,)."""
    flat = dressed.cloth.flat_uv_m[dressed.cloth.flat_faces[row]]
    edges = np.stack([flat[1] - flat[0], flat[2] - flat[0]], axis=1)
    b, c = np.linalg.solve(edges, uv_m - flat[0])
    return np.array([1 - b - c, b, c])


def offset_on_panel_m(
    dressed: Dressed, row: int, offset_m: NDArray[np.float64],
    *, more_m: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """An offset to the wearer's left and up on the worn cloth, as one in the panel, (2,) [m].

    On cloth that faces to a side, "left" is the way round the body that turns towards it.

    Args:
        dressed: The garment as worn.
        row: Triangle that it starts from.
        offset_m: To the left and up, shape (2,).
        more_m: A further way in space, shape (3,); what of it lies in the cloth counts.
    """
    cloth = dressed.cloth
    corners = dressed.positions_m[cloth.faces[row]]
    normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    normal /= np.linalg.norm(normal)
    up = _UP - (_UP @ normal) * normal
    if np.linalg.norm(up) < 1e-3:
        up = np.array([0.0, 0.0, -1.0]) - (-normal[2]) * normal
    up /= np.linalg.norm(up)
    left = np.cross(up, normal)
    flat = cloth.flat_uv_m[cloth.flat_faces[row]]
    edges = np.stack([flat[1] - flat[0], flat[2] - flat[0]], axis=1)
    drawn = np.stack([corners[1] - corners[0], corners[2] - corners[0]], axis=1)
    F = drawn @ np.linalg.inv(edges)
    worn = offset_m[0] * left + offset_m[1] * up
    if more_m is not None:
        worn = worn + more_m
    return np.linalg.lstsq(F, worn, rcond=None)[0]


def _finding(code: str, plan: SensorPlan, text: str, remedy: str = "") -> Finding:
    return Finding(
        code=code, panel=plan.panel, edge=None, text=f"sensor {plan.name!r}: {text}", remedy=remedy
    )
