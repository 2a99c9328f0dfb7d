"""Take a seam allowance off an outline that includes it; corners stay corners."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.curve import Edge
from fitting.pattern.model import Panel

Points = NDArray[np.float64]
_N_CURVE = 33


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
