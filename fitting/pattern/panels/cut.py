"""Cut the edges of a panel at shares of their length; the outline stays the same curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.curve import Edge, curve_parameters, curve_points_m
from fitting.pattern.marks import Notch
from fitting.pattern.model import Panel

_N_SPLINE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class CutPanel:
    """A panel after cutting.

    Attributes:
        panel: Same outline, more edges.
        pieces: For every old edge its new edges in order, as (number, start share, stop share).
    """

    panel: Panel
    pieces: tuple[tuple[tuple[int, float, float], ...], ...]


def cut_panel(panel: Panel, cuts: Mapping[int, Sequence[float]]) -> CutPanel:
    """Cut edges in pieces.

    Args:
        panel: What to cut.
        cuts: Shares of the length in (0, 1), by edge number.
    """
    vertices = list(panel.vertices_m)
    edges: list[Edge] = []
    pieces: list[tuple[tuple[int, float, float], ...]] = []
    for i, edge in enumerate(panel.edges):
        shares = sorted({share for share in cuts.get(i, ()) if 0 < share < 1})
        parts = _cut_edge(edge, *panel.corners_m(i), shares, vertices)
        limits = [0.0, *shares, 1.0]
        pieces.append(tuple((len(edges) + k, limits[k], limits[k + 1]) for k in range(len(parts))))
        edges += parts
    notches = tuple(_moved(notch, pieces) for notch in panel.notches)
    cut = replace(panel, vertices_m=np.array(vertices), edges=tuple(edges), notches=notches)
    return CutPanel(panel=cut, pieces=tuple(pieces))


def _moved(notch: Notch, pieces: Sequence[Sequence[tuple[int, float, float]]]) -> Notch:
    for number, start, stop in pieces[notch.edge]:
        if notch.share <= stop:
            return replace(notch, edge=number, share=(notch.share - start) / (stop - start))
    return notch


def _cut_edge(
    edge: Edge, a: NDArray[np.float64], b: NDArray[np.float64], shares: Sequence[float],
    vertices: list[NDArray[np.float64]],
) -> list[Edge]:  # fmt: skip
    """Pieces of an edge; the new corners are added to ``vertices``."""
    if not shares:
        return [edge]
    fine, walked = curve_parameters(edge, a, b)
    t = np.r_[0.0, np.interp(np.array(shares) * walked[-1], walked, fine), 1.0]
    points = curve_points_m(edge, a, b, t)
    numbers = [edge.start, *range(len(vertices), len(vertices) + len(shares)), edge.stop]
    vertices += list(points[1:-1])
    return [
        replace(_piece(edge, a, b, t[k], t[k + 1]), start=numbers[k], stop=numbers[k + 1])
        for k in range(len(t) - 1)
    ]


def _piece(
    edge: Edge, a: NDArray[np.float64], b: NDArray[np.float64], low: float, high: float
) -> Edge:
    """The same curve between two parameters; its corners are set by the caller."""
    if edge.arc is not None:
        radius, _, right = edge.arc
        turn = _turn_rad(a, b, edge) * (high - low)
        return replace(edge, arc=(max(radius, _chord(a, b) / 2), turn > np.pi, right))
    if edge.through_m:
        share = np.linspace(low, high, _N_SPLINE + 1)
        if not edge.smooth:
            fine, _ = curve_parameters(edge, a, b)
            share = np.r_[low, fine[(fine > low) & (fine < high)], high]
        inner = curve_points_m(edge, a, b, share)[1:-1]
        return replace(edge, through_m=tuple((float(x), float(y)) for x, y in inner), smooth=False)
    if not edge.controls_m:
        return edge
    polygon = np.array([a, *edge.controls_m, b])
    polygon = _left_of(polygon, high)
    polygon = _left_of(polygon[::-1], 1 - low / high)[::-1]
    return replace(edge, controls_m=tuple((float(x), float(y)) for x, y in polygon[1:-1]))


def _left_of(polygon: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """Control polygon of a Bezier curve up to t (de Casteljau)."""
    left = [polygon[0]]
    while len(polygon) > 1:
        polygon = (1 - t) * polygon[:-1] + t * polygon[1:]
        left.append(polygon[0])
    return np.array(left)


def _chord(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(b - a))


def _turn_rad(a: NDArray[np.float64], b: NDArray[np.float64], edge: Edge) -> float:
    """Angle that an arc spans."""
    radius, large, _ = edge.arc or (1.0, False, False)
    radius = max(radius, _chord(a, b) / 2)
    half = float(np.arcsin(np.clip(_chord(a, b) / (2 * radius), 0, 1)))
    return 2 * np.pi - 2 * half if large else 2 * half
