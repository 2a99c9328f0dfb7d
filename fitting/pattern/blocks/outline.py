"""Draw panels corner by corner, and join them by the names of their edges.

Panels of blocks are drawn as seen from the front of the wearer, x to the wearer's left, y upward.
Loops run so that the outside of the cloth is on their left: counter-clockwise on the front,
clockwise on the back. Sewn edges of two such loops always run against each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fitting.errors import PatternError
from fitting.pattern.model import Edge, Panel
from fitting.pattern.seam import Run, Seam, SeamKind

Point = tuple[float, float]
_OTHER = {"_l": "_r", "_r": "_l"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """A corner, and the edge that starts there.

    Attributes:
        at: The corner [m].
        edge: Name of the edge to the next corner.
        controls: Control points of its Bezier curve.
        through: Points that it runs through smoothly instead.
    """

    at: Point
    edge: str
    controls: tuple[Point, ...] = ()
    through: tuple[Point, ...] = ()


def draw(name: str, corners: Sequence[Corner], **properties: Any) -> Panel:
    """Make a panel from its corners in order.

    Args:
        name: Name of the panel.
        corners: The loop.
        properties: Further fields of the panel.
    """
    n = len(corners)
    edges = tuple(
        Edge(
            start=i,
            stop=(i + 1) % n,
            controls_m=corner.controls,
            through_m=corner.through,
            smooth=bool(corner.through),
            label=corner.edge,
        )
        for i, corner in enumerate(corners)
    )
    panel = Panel(name=name, vertices_m=np.array([c.at for c in corners]), edges=edges)
    return replace(panel, **properties)


def turned(panel: Panel) -> Panel:
    """The same panel with its loop the other way round."""
    edges = tuple(
        replace(
            edge, start=edge.stop, stop=edge.start, controls_m=edge.controls_m[::-1],
            through_m=edge.through_m[::-1],
        )
        for edge in reversed(panel.edges)
    )  # fmt: skip
    return replace(panel, edges=edges)


def mirrored(panel: Panel, name: str, **properties: Any) -> Panel:
    """The panel of the wearer's other side; the loop keeps its sense, ``_l`` and ``_r`` swap."""
    flip = np.array([-1.0, 1.0])
    edges = tuple(
        replace(
            edge,
            controls_m=tuple((-x, y) for x, y in edge.controls_m),
            through_m=tuple((-x, y) for x, y in edge.through_m),
            label=other_side(edge.label),
        )
        for edge in panel.edges
    )
    mirror = replace(panel, name=name, vertices_m=panel.vertices_m * flip, edges=edges)
    return replace(turned(mirror), **properties)


def other_side(label: str) -> str:
    """Swap a trailing ``_l`` and ``_r``."""
    return label[:-2] + _OTHER[label[-2:]] if label[-2:] in _OTHER else label


def edge_number(panel: Panel, label: str) -> int:
    """Number of the edge with a name.

    Raises:
        PatternError: If the panel has none.
    """
    for i, edge in enumerate(panel.edges):
        if edge.label == label:
            return i
    raise PatternError(f"panel {panel.name!r} has no edge {label!r}")


class Sewing:
    """Joins panels by the names of their edges."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        self._panels: Mapping[str, Panel] = {panel.name: panel for panel in panels}

    def side(self, place: str) -> tuple[str, int]:
        """(panel, edge) of ``panel.edge``."""
        panel, label = place.split(".")
        return panel, edge_number(self._panels[panel], label)

    def seam(self, a: str, b: str, *, kind: SeamKind = "plain", same_way: bool = False) -> Seam:
        """Join two whole edges, each written as ``panel.edge``."""
        return Seam(side_a=self.side(a), side_b=self.side(b), kind=kind, reversed=not same_way)

    def row(self, a: str, others: Sequence[str], *, kind: SeamKind = "plain") -> Seam:
        """Join one edge to a row of edges, in the order in which the row is walked.

        An edge may be cut: ``back.waist:0.5:1`` is its second half.
        """
        return Seam(
            side_a=self.side(a), runs_b=tuple(self._run(other) for other in others), kind=kind
        )

    def _run(self, place: str) -> Run:
        name, *cut = place.split(":")
        panel, edge = self.side(name)
        start, stop = (float(cut[0]), float(cut[1])) if cut else (0.0, 1.0)
        return Run(panel=panel, edge=edge, start=start, stop=stop)

    def length_m(self, place: str) -> float:
        """Length of ``panel.edge``."""
        panel, edge = self.side(place)
        return self._panels[panel].length_m(edge)


def strip(name: str, length_m: float, width_m: float, **properties: Any) -> Panel:
    """A band, x from the middle of the back round the wearer's right side to the back again.

    Edges are ``bottom``, ``end_l``, ``top``, ``end_r``.
    """
    half = length_m / 2
    corners = [
        Corner(at=(-half, 0.0), edge="bottom"),
        Corner(at=(half, 0.0), edge="end_l"),
        Corner(at=(half, width_m), edge="top"),
        Corner(at=(-half, width_m), edge="end_r"),
    ]
    return draw(name, corners, **properties)
