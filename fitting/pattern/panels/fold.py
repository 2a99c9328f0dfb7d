"""Half panels on a fold: mirror them before anything is sewn or meshed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.curve import Edge
from fitting.pattern.marks import Hole, InternalLine, Notch
from fitting.pattern.model import Panel

Points = NDArray[np.float64]
ON_LINE_M = 0.0005


def mirrored_points(points: Points, a: Points, b: Points) -> Points:
    """Points on the other side of the line from a to b, shape (n, 2)."""
    along = (b - a) / np.linalg.norm(b - a)
    offset = points - a
    return a + 2 * np.outer(offset @ along, along) - offset


def edges_on_line(panel: Panel, a: Points, b: Points) -> list[int]:
    """Straight edges that lie on the line from a to b, in file order."""
    along = (b - a) / np.linalg.norm(b - a)
    across = np.array([-along[1], along[0]])
    share = np.linspace(0, 1, 5)
    return [
        i
        for i in range(len(panel.edges))
        if np.abs((panel.points_m(i, share) - a) @ across).max() < ON_LINE_M
    ]


def unfold(panel: Panel, folds: list[int]) -> Panel:
    """Whole panel of a half one.

    The other edges come first in loop order, starting after the fold, then their mirror images;
    the fold stays as a mirror line inside.

    Args:
        panel: Half of a symmetric panel.
        folds: Edges on the fold; they follow each other in the loop.
    """
    n = len(panel.edges)
    start = next(i for i in folds if (i + 1) % n not in folds)
    kept = [(start + k) % n for k in range(1, n) if (start + k) % n not in folds]
    a, b = (
        panel.vertices_m[panel.edges[kept[-1]].stop],
        panel.vertices_m[panel.edges[kept[0]].start],
    )
    n_corners = len(panel.vertices_m)
    shared = {panel.edges[kept[0]].start, panel.edges[kept[-1]].stop}

    def twin(corner: int) -> int:
        return corner if corner in shared else corner + n_corners

    half = [panel.edges[i] for i in kept]
    images = [_image(edge, twin, a, b) for edge in reversed(half)]
    number = {old: new for new, old in enumerate(kept)}
    notches = [replace(x, edge=number[x.edge]) for x in panel.notches if x.edge in number]
    last = 2 * len(half) - 1
    lines = [line for line in panel.internal_lines if line.kind != "mirror"]
    return replace(
        panel,
        vertices_m=np.concatenate([panel.vertices_m, mirrored_points(panel.vertices_m, a, b)]),
        edges=(*half, *images),
        notches=(
            *notches,
            *(
                replace(x, edge=last - x.edge, share=1 - x.share)
                for x in reversed(notches)
                if not _on_fold(x, len(half))
            ),
        ),
        internal_lines=(
            *lines,
            *(replace(x, points_m=mirrored_points(x.points_m, a, b)) for x in lines),
            InternalLine(points_m=np.array([a, b]), kind="mirror", label="fold"),
        ),
        holes=(*panel.holes, *(_hole_image(hole, a, b) for hole in panel.holes)),
    )


def _on_fold(notch: Notch, n_half: int) -> bool:
    """Whether a notch is its own mirror image."""
    return (notch.edge == 0 and notch.share == 0) or (notch.edge == n_half - 1 and notch.share == 1)


def _image(edge: Edge, twin: Callable[[int], int], a: Points, b: Points) -> Edge:
    def flip(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if not points:
            return ()
        flipped = mirrored_points(np.array(points), a, b)[::-1]
        return tuple((float(x), float(y)) for x, y in flipped)

    # Mirrored and walked backwards: the bulge stays on the same hand.
    return replace(
        edge,
        start=twin(edge.stop),
        stop=twin(edge.start),
        controls_m=flip(edge.controls_m),
        through_m=flip(edge.through_m),
    )


def _hole_image(hole: Hole, a: Points, b: Points) -> Hole:
    x, y = mirrored_points(np.array([hole.center_m]), a, b)[0]
    return replace(
        hole, center_m=(float(x), float(y)), outline_m=mirrored_points(hole.outline_m, a, b)[::-1]
    )


def mirrored_panel(panel: Panel, *, name: str) -> Panel:
    """The same panel for the other side of the body: turned over, its edges keep their numbers."""
    a, b = np.zeros(2), np.array([0.0, 1.0])

    def flip(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        return tuple((-x, y) for x, y in points)

    def flip_edge(edge: Edge) -> Edge:
        arc = edge.arc and (edge.arc[0], edge.arc[1], not edge.arc[2])
        return replace(
            edge, controls_m=flip(edge.controls_m), through_m=flip(edge.through_m), arc=arc
        )

    x, y, z = panel.translation_m
    turn_x, turn_y, turn_z = panel.rotation_rad
    sides = {"_l": "_r", "_r": "_l"}
    wrap = panel.wrap[:-2] + sides[panel.wrap[-2:]] if panel.wrap[-2:] in sides else panel.wrap
    return replace(
        panel,
        name=name,
        vertices_m=mirrored_points(panel.vertices_m, a, b),
        edges=tuple(flip_edge(edge) for edge in panel.edges),
        translation_m=(-x, y, z),
        rotation_rad=(turn_x, -turn_y, -turn_z),
        grain_rad=np.pi - panel.grain_rad,
        wrap=wrap,
        internal_lines=tuple(
            replace(line, points_m=mirrored_points(line.points_m, a, b))
            for line in panel.internal_lines
        ),
        holes=tuple(_hole_image(hole, a, b) for hole in panel.holes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a drawing's up and middle are.

    Attributes:
        up_rad: Direction in the drawing that points up on the wearer, from its x axis.
        origin_m: Point of the drawing that becomes the origin.
    """

    up_rad: float
    origin_m: tuple[float, float] = (0.0, 0.0)

    def seen(self, points_m: Points) -> Points:
        """Points of the drawing in this frame, shape (n, 2)."""
        c, s = np.sin(self.up_rad), np.cos(self.up_rad)
        return (points_m - np.array(self.origin_m)) @ np.array([[c, s], [-s, c]])


def framed_panel(panel: Panel, frame: Frame) -> Panel:
    """The same panel drawn upright round its origin; edges keep their numbers.

    A drawing shows the right side, so that a back is seen from behind.
    """

    def moved(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        return tuple((float(x), float(y)) for x, y in frame.seen(np.array(points).reshape(-1, 2)))

    behind = panel.wrap == "torso_back"
    return replace(
        panel,
        vertices_m=frame.seen(panel.vertices_m),
        edges=tuple(
            replace(edge, controls_m=moved(edge.controls_m), through_m=moved(edge.through_m))
            for edge in panel.edges
        ),
        translation_m=(0.0, 0.0, 0.0),
        rotation_rad=(0.0, np.pi if behind else 0.0, 0.0),
        grain_rad=panel.grain_rad + np.pi / 2 - frame.up_rad,
        internal_lines=tuple(
            replace(line, points_m=frame.seen(line.points_m)) for line in panel.internal_lines
        ),
        holes=tuple(
            replace(hole, center_m=moved((hole.center_m,))[0], outline_m=frame.seen(hole.outline_m))
            for hole in panel.holes
        ),
    )


def nearest_place(panel: Panel, point: Points) -> tuple[int, float, float]:
    """Edge, share of its length, and distance of the outline's point nearest to a given one."""
    best = (0, 0.0, np.inf)
    share = np.linspace(0, 1, 257)
    for i in range(len(panel.edges)):
        fine = panel.points_m(i, share)
        steps = np.diff(fine, axis=0)
        square = np.maximum((steps**2).sum(axis=1), 1e-30)
        along = np.clip(((point - fine[:-1]) * steps).sum(axis=1) / square, 0, 1)
        gaps = np.linalg.norm(fine[:-1] + along[:, None] * steps - point, axis=1)
        k = int(gaps.argmin())
        if gaps[k] < best[2]:
            best = (i, float(share[k] + along[k] * (share[k + 1] - share[k])), float(gaps[k]))
    return best


def notch_at(panel: Panel, point: Points, notch: Notch) -> Notch | None:
    """A notch moved to the outline's point nearest to a place; none when that is far away."""
    edge, share, gap = nearest_place(panel, point)
    return replace(notch, edge=edge, share=share) if gap < 0.005 else None
