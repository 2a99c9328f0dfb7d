"""The boundary of a DXF piece as a closed loop of edges.

Gerber writes the boundary as open polylines end to end, each of which is an edge a maker would sew;
CLO writes one closed polyline, which is cut at its turn points. Inner points are curve points, so
an edge runs through them smoothly, unless the validation curve (layer 84) fits straight pieces
better. CLO's layer 84 is coarser than its boundary and is no check.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.curve import Edge, curve_points_m
from fitting.pattern.formats.dxf_pieces import RawPiece

if TYPE_CHECKING:
    from shapely import MultiLineString

Points = NDArray[np.float64]
JOIN_M = 1e-4
# A bend of more than this, where no point says whether it is a corner, is one.
CORNER_RAD = np.radians(30.0)
# A turn point in the middle of a line of the file is a corner when the line bends this much there.
TURN_RAD = np.radians(8.0)
MAX_CHECK_ERROR_M = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A boundary as edges.

    Attributes:
        corners_m: Corners, shape (n_edges, 2).
        edges: Closed loop.
        pieces: Which polyline of the file each edge came from, and which of its points it spans.
        gap_m: Largest gap between the lines of the file, 0 when they join.
        warnings: What a person should know.
    """

    corners_m: Points
    edges: tuple[Edge, ...]
    pieces: tuple[tuple[int, int, int], ...]
    gap_m: float
    warnings: tuple[str, ...] = ()


def outline_of(piece: RawPiece, sample: Outline | None, unit_m: float) -> Outline:
    """Boundary of a piece: its sew line (layer 14) where there is one, else layer 1.

    Args:
        piece: Raw piece.
        sample: Outline of the same piece in the sample size, whose corners decide.
        unit_m: Length of the file's unit.

    Raises:
        PatternError: If it has no outline to speak of.
    """
    lines = [points * unit_m for points in piece.lines.get(14) or piece.lines.get(1, [])]
    lines = [_distinct(points) for points in lines]
    lines = [points for points in lines if len(points) > 1]
    if not lines:
        raise PatternError(f"piece {piece.name!r} has no boundary of any length")
    lines, gap_m = _chained(lines)
    spans = _spans_of_sample(sample, lines) or _spans(lines, piece, unit_m)
    edges, corners = [], []
    for number, (i, first, last) in enumerate(spans):
        points = lines[i][first : last + 1]
        corners.append(points[0])
        edges.append(_edge(points, number, (number + 1) % len(spans)))
    checks = [p * unit_m for p in piece.lines.get(87 if piece.lines.get(14) else 84, [])]
    corners_m = np.array(corners)
    dense = sum(map(len, checks)) >= sum(map(len, lines))
    checked, warnings = _checked(piece.name, corners_m, edges, checks if dense else [])
    return Outline(
        corners_m=corners_m, edges=tuple(checked), pieces=tuple(spans), gap_m=gap_m,
        warnings=warnings,
    )  # fmt: skip


def _distinct(points: Points) -> Points:
    """Without points that repeat the one before."""
    if len(points) == 0 or not np.isfinite(points).all():
        return np.zeros((0, 2))
    keep = np.r_[True, np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-7]
    return points[keep]


def _chained(lines: list[Points]) -> tuple[list[Points], float]:
    """Lines end to end; a line that lies the wrong way round is turned."""
    if len(lines) == 1:
        gap = float(np.linalg.norm(lines[0][-1] - lines[0][0]))
        return lines, 0.0 if gap <= JOIN_M else gap
    chain, rest, gap_m = [lines[0]], list(lines[1:]), 0.0
    while rest:
        end = chain[-1][-1]
        gaps = [
            min(
                (float(np.linalg.norm(line[0] - end)), 0),
                (float(np.linalg.norm(line[-1] - end)), 1),
            )
            for line in rest
        ]
        # File order wins unless another line is clearly the next one.
        k = 0 if gaps[0][0] <= JOIN_M else min(range(len(rest)), key=lambda i: gaps[i][0])
        gap, turned = gaps[k]
        line = rest.pop(k)
        chain.append(line[::-1] if turned else line)
        gap_m = max(gap_m, gap)
    gap_m = max(gap_m, float(np.linalg.norm(chain[-1][-1] - chain[0][0])))
    return chain, 0.0 if gap_m <= JOIN_M else gap_m


def _spans_of_sample(
    sample: Outline | None, lines: list[Points]
) -> list[tuple[int, int, int]] | None:
    """The sample's cuts, where this size has the same number of points in every line."""
    if sample is None:
        return None
    last = {i: stop for i, _, stop in sample.pieces}
    if set(last) != set(range(len(lines))):
        return None
    if any(last[i] != len(line) - 1 for i, line in enumerate(lines)):
        return None
    return list(sample.pieces)


def _spans(lines: list[Points], piece: RawPiece, unit_m: float) -> list[tuple[int, int, int]]:
    """Cut lines at their corners: (line, first point, last point) of every edge."""
    turns = _tree(piece.points.get(2, []), unit_m)
    curves = _tree(piece.points.get(3, []), unit_m)
    is_one_loop = len(lines) == 1
    spans = []
    for i, points in enumerate(lines):
        bend = _bends(points)
        cuts = [0]
        for k in range(1, len(points) - 1):
            if curves(points[k]):
                continue
            is_turn = turns(points[k])
            limit = (0.0 if is_one_loop else TURN_RAD) if is_turn else CORNER_RAD
            if bend[k - 1] > limit:
                cuts.append(k)
        cuts.append(len(points) - 1)
        spans += [(i, a, b) for a, b in itertools.pairwise(cuts)]
    if len(spans) == 1:
        i, a, b = spans[0]
        middle = (a + b) // 2
        if middle in (a, b):
            return spans
        spans = [(i, a, middle), (i, middle, b)]
    return spans


def _tree(points: list[Points], unit_m: float) -> Callable[[Points], bool]:
    """Whether a place is one of some points."""
    from scipy.spatial import KDTree

    finite = [point * unit_m for point in points if np.isfinite(point).all()]
    if not finite:
        return lambda place: False
    tree = KDTree(np.array(finite))
    return lambda place: bool(tree.query(place)[0] < JOIN_M)


def _bends(points: Points) -> Points:
    """Angle between the pieces before and after each inner point, shape (n - 2,)."""
    steps = np.diff(points, axis=0)
    angle = np.arctan2(steps[:, 1], steps[:, 0])
    return np.abs((np.diff(angle) + np.pi) % (2 * np.pi) - np.pi)


def _edge(points: Points, start: int, stop: int) -> Edge:
    through = tuple((float(x), float(y)) for x, y in points[1:-1])
    return Edge(start=start, stop=stop, through_m=through, smooth=bool(through))


def _checked(
    name: str, corners: Points, edges: list[Edge], checks: list[Points]
) -> tuple[list[Edge], tuple[str, ...]]:
    """Compare with the validation curve; where straight pieces lie nearer to it, take them."""
    if not checks or len(corners) < 2:
        return edges, ()
    import shapely

    curve = shapely.MultiLineString([line for line in checks if len(line) > 1])
    share = np.linspace(0, 1, 65)
    checked, worst = [], 0.0
    for edge in edges:
        a, b = corners[edge.start], corners[edge.stop]
        options = [edge]
        if edge.smooth:
            straight = Edge(start=edge.start, stop=edge.stop, through_m=edge.through_m)
            options.append(straight)
        errors = [_error(option, a, b, share, curve) for option in options]
        best = int(np.argmin(errors))
        checked.append(options[best])
        worst = max(worst, errors[best])
    if worst <= MAX_CHECK_ERROR_M:
        return checked, ()
    return checked, (
        f"{name}: the outline is up to {worst * 1000:.1f} mm from the validation curve on layer 84",
    )


def _error(edge: Edge, a: Points, b: Points, share: Points, curve: "MultiLineString") -> float:
    import shapely

    points = shapely.points(curve_points_m(edge, a, b, share))
    return float(np.max(shapely.distance(points, curve)))
