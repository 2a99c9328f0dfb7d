"""Seam allowance: take it off an outline that includes it, or add it to be cut; corners stay."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.curve import Edge
from fitting.pattern.model import Panel, Pattern

if TYPE_CHECKING:
    from shapely import Polygon

Points = NDArray[np.float64]
_N_CURVE = 33
CUT_STEP_M = 0.003
# A corner sharper than this many allowances is cut off straight, as a cutter does.
_MITRE_LIMIT = 2.5
_SLIT_M = 5e-5


def without_allowance(panel: Panel, allowance_m: float) -> Panel:
    """Sew line of a panel whose outline is the cut line.

    Every edge moves inwards by the allowance; its ends are where neighbouring edges meet then.
    Notches keep their share of the edge.

    Raises:
        PatternError: If nothing of the panel would be left.
    """
    inward = 1.0 if _signed_area(panel.outline_m()) > 0 else -1.0
    moved = [_moved(panel, i, inward * allowance_m) for i in range(len(panel.edges))]
    corners, edges = [], []
    for i, points in enumerate(moved):
        corners.append(_meet(moved[i - 1], points))
        inner = tuple((float(x), float(y)) for x, y in points[1:-1])
        old = panel.edges[i]
        edges.append(
            Edge(
                start=i,
                stop=(i + 1) % len(moved),
                label=old.label,
                through_m=inner,
                smooth=bool(inner),
            )
        )
    sewn = replace(panel, vertices_m=np.array(corners), edges=tuple(edges))
    # A square turned inside out keeps its sense of rotation, but its edges point the other way.
    turned = any(
        float(np.subtract(*panel.corners_m(i)) @ np.subtract(*sewn.corners_m(i))) <= 0
        for i in range(len(edges))
    )
    if turned or _signed_area(sewn.outline_m()) * inward <= 0:
        raise PatternError(
            f"panel {panel.name!r} is too small for an allowance of {allowance_m * 100:g} cm"
        )
    return sewn


def _signed_area(loop: Points) -> float:
    x, y = loop.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _moved(panel: Panel, i: int, distance_m: float) -> Points:
    """Points of an edge moved to its left, shape (n, 2); two points when it is straight."""
    edge = panel.edges[i]
    straight = not (edge.controls_m or edge.arc or edge.through_m)
    points = panel.points_m(i, np.linspace(0, 1, 2 if straight else _N_CURVE))
    along = np.gradient(points, axis=0) if len(points) > 2 else np.diff(points, axis=0)
    along = np.broadcast_to(along, points.shape)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return points + distance_m * normal / np.linalg.norm(along, axis=1, keepdims=True)


def _meet(before: Points, after: Points) -> Points:
    """Where the end of one edge and the start of the next cross, both drawn on straight."""
    a, u = before[-1], before[-1] - before[-2]
    b, v = after[0], after[1] - after[0]
    cross = u[0] * v[1] - u[1] * v[0]
    if abs(cross) < 1e-3 * np.linalg.norm(u) * np.linalg.norm(v):
        return (a + b) / 2
    offset = b - a
    return a + u * (offset[0] * v[1] - offset[1] * v[0]) / cross


def edge_allowances_m(pattern: Pattern, panel: Panel, *, seam_m: float, hem_m: float) -> Points:
    """Allowance of every edge, shape (n_edges,): sewn edges, open ones, NaN for legs of darts."""
    allowances = np.full(len(panel.edges), hem_m)
    for seam in pattern.seams:
        for run in (*seam.runs_a, *seam.runs_b):
            if run.panel == panel.name:
                allowances[run.edge] = np.nan if seam.kind == "dart" else seam_m
    return allowances


def cut_polygon(panel: Panel, allowances_m: Sequence[float] | Points) -> "Polygon":
    """What is cut out of the cloth for a panel, cut-outs included.

    Every edge moves out by its own allowance and meets its neighbours. Darts are marked and not
    cut, so the outline runs straight across the mouth between their legs.

    Args:
        panel: The panel on its sew line.
        allowances_m: Of every edge, not negative, NaN for legs of darts, shape (n_edges,).

    Raises:
        PatternError: If the outline is no simple shape.
    """
    import shapely

    points, distance = _cut_line(panel, np.asarray(allowances_m, dtype=float))
    base = shapely.Polygon(points)
    if not base.is_valid or base.area <= 0:
        raise PatternError(f"panel {panel.name!r} crosses itself; it cannot be cut")
    if _signed_area(points) < 0:
        points, distance = points[::-1], np.roll(distance[::-1], -1)
    grown = shapely.unary_union([base, *_strips(points, distance)])
    grown = (
        grown
        if isinstance(grown, shapely.Polygon)
        else max(shapely.get_parts(grown), key=shapely.area)
    )
    holes = [hole.outline_m for hole in panel.holes if len(hole.outline_m) >= 3]
    # Closed over a tenth of a millimetre: strips of neighbouring steps leave slits of no width.
    for step_m in (_SLIT_M, -_SLIT_M):
        grown = grown.buffer(step_m, join_style="mitre", mitre_limit=_MITRE_LIMIT)
    outline = shapely.remove_repeated_points(shapely.simplify(grown, 2e-5), 1e-4)
    return shapely.Polygon(outline.exterior, holes)


def _cut_line(panel: Panel, allowances_m: Points) -> tuple[Points, Points]:
    """Sew line with darts shut, shape (n, 2), and the allowance of each step, shape (n,)."""
    points: list[Points] = []
    distance: list[float] = []
    n, known = len(panel.edges), np.isfinite(allowances_m)
    for i in range(n):
        if known[i]:
            n_steps = max(2, round(panel.length_m(i) / CUT_STEP_M))
            piece = panel.sample_m(i, 1 if _straight(panel, i) else n_steps)
            allowance = float(allowances_m[i])
        elif known[i - 1]:
            piece = np.stack([panel.corners_m(i)[0]] * 2)
            after = next((allowances_m[(i + k) % n] for k in range(n) if known[(i + k) % n]), 0.0)
            allowance = max(float(allowances_m[i - 1]), float(after))
        else:
            continue
        points.append(piece[:-1])
        distance += [allowance] * (len(piece) - 1)
    if not points:
        raise PatternError(f"panel {panel.name!r} has only legs of darts; it cannot be cut")
    return np.concatenate(points), np.array(distance)


def _straight(panel: Panel, i: int) -> bool:
    edge = panel.edges[i]
    return not (edge.controls_m or edge.arc or edge.through_m)


def _strips(points: Points, distance: Points) -> list["Polygon"]:
    """Strips outside of a counter-clockwise outline, and the corners between them."""
    import shapely

    after = np.roll(points, -1, axis=0)
    along = (after - points) / np.maximum(np.linalg.norm(after - points, axis=1), 1e-12)[:, None]
    moved = np.stack([along[:, 1], -along[:, 0]], axis=1) * distance[:, None]
    strips = [
        shapely.Polygon([a, b, b + out, a + out])
        for a, b, out, d in zip(points, after, moved, distance, strict=True)
        if d > 0
    ]
    for k, corner in enumerate(points):
        u, v = along[k - 1], along[k]
        cross = u[0] * v[1] - u[1] * v[0]
        reach = max(distance[k - 1], distance[k])
        if cross < 1e-6 or reach <= 0:
            continue
        a, b = corner + moved[k - 1], corner + moved[k]
        offset = b - a
        meet = a + u * (offset[0] * v[1] - offset[1] * v[0]) / cross
        sharp = np.linalg.norm(meet - corner) > _MITRE_LIMIT * reach
        tip = [a, b] if sharp else [a, meet, b]
        strips.append(shapely.Polygon([corner, *tip]))
    return [strip for strip in strips if strip.is_valid and strip.area > 0]
