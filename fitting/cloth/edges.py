"""Where the vertices on a pattern's edges lie, so that both sides of every seam meet.

A seam is cut at the ends of its runs and at matching notches; between two cuts both sides have as
many points as the longer one needs.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.seam import Run, Seam

# A strip gets at least this many rows of triangles; a garment that is one strip, one more.
N_ROWS = 2
# A panel with fewer rows is a strip, and gets whole rows.
STRIP_ROWS = 4
_SAME = 1e-7
# Sewn stretches of one edge that lie no farther apart meet: nobody can cut cloth so fine.
_GAP_M = 1e-3
# Ends of runs on both sides of a seam that differ by less are sewn together, as notches are.
_MEET_M = 3e-3
# Matching notches differ by less than this share of the seam.
_NOTCH_SLACK = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCuts:
    """Vertices on edges.

    Attributes:
        shares: Share of the length of every vertex, 0 and 1 included, by (panel, edge).
        width_size_m: Edge length that a panel's own width asks for, by panel.
    """

    shares: dict[tuple[str, int], NDArray[np.float64]]
    width_size_m: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Part of one edge between two cuts: shares of its length in walking order."""

    panel: str
    edge: int
    start: float
    stop: float


def cut_edges(pattern: Pattern, edge_length_m: float) -> EdgeCuts:
    """Place vertices on all edges.

    Raises:
        PatternError: If a seam takes a stretch that another seam has.
    """
    panels = {panel.name: panel for panel in pattern.panels}
    n_rows = N_ROWS + (len(panels) == 1)
    widths = {name: _width_size_m(panel, edge_length_m, n_rows) for name, panel in panels.items()}
    taken: dict[tuple[str, int], list[tuple[float, float, int]]] = {}
    for i, seam in enumerate(pattern.seams):
        for a, b in _stretches(seam, panels):
            n = max(
                _n_segments(panels[side.panel], side, min(edge_length_m, widths[side.panel]))
                for side in (a, b)
            )
            for side in (a, b):
                low, high = sorted((side.start, side.stop))
                others = taken.setdefault((side.panel, side.edge), [])
                if any(low < other[1] - _SAME and other[0] < high - _SAME for other in others):
                    raise PatternError(
                        f"seam {i} takes a stretch of edge {side.edge} of panel {side.panel!r} "
                        "that another seam has"
                    )
                others.append((low, high, n))
    shares = {}
    for panel in pattern.panels:
        size_m = min(edge_length_m, widths[panel.name])
        for i in range(len(panel.edges)):
            own = sorted(taken.get((panel.name, i), []))
            shares[panel.name, i] = _shares(panel, i, own, size_m)
    return EdgeCuts(shares=shares, width_size_m=widths)


def _shares(
    panel: Panel, i_edge: int, taken: list[tuple[float, float, int]], size_m: float
) -> NDArray[np.float64]:
    """All shares of one edge: sewn stretches as the seams say, free ones by length."""
    length_m = panel.length_m(i_edge)
    pieces, at = [np.zeros(1)], 0.0
    for low, high, n in [*taken, (1.0, 1.0, 0)]:
        if (low - at) * length_m > _GAP_M or (n == 0 and low - at > _SAME):
            n_free = max(1, round((low - at) * length_m / size_m))
            pieces.append(np.linspace(at, low, n_free + 1)[1:])
        if n:
            pieces.append(np.linspace(low, high, n + 1)[1:])
        at = max(at, high)
    shares = np.concatenate(pieces)
    shares[-1] = 1.0
    return shares


def _n_segments(panel: Panel, side: _Stretch, size_m: float) -> int:
    length_m = abs(side.stop - side.start) * panel.length_m(side.edge)
    return max(1, round(length_m / size_m))


def _stretches(seam: Seam, panels: dict[str, Panel]) -> list[tuple[_Stretch, _Stretch]]:
    """Pairs of stretches that meet, in the order of side a."""
    a, b = _Side(seam.runs_a, panels), _Side(seam.runs_b, panels)
    turned = seam.reversed
    knots = _end_knots(a.ends, [1 - f if turned else f for f in b.ends], _MEET_M / a.length_m)
    knots += _notch_knots(a, b, turned=turned)
    knots = _spread(sorted(knots))
    pairs = []
    for (a0, b0), (a1, b1) in itertools.pairwise(knots):
        other = (1 - b0, 1 - b1) if turned else (b0, b1)
        pairs.append((a.stretch(a0, a1), b.stretch(*other)))
    return pairs


def _end_knots(one: list[float], other: list[float], near: float) -> list[tuple[float, float]]:
    """Ends of runs on either side, those that nearly meet together."""
    knots, left = [], list(other)
    for f in one:
        g = min(left, key=lambda x: abs(x - f), default=np.inf)
        met = abs(g - f) < near
        knots.append((f, g if met else f))
        if met:
            left.remove(g)
    return knots + [(g, g) for g in left]


def _spread(knots: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Drop knots that fall together or run backwards on one side."""
    kept = knots[:1]
    for knot in knots[1:]:
        if knot[0] - kept[-1][0] > 1e-6 and knot[1] - kept[-1][1] > 1e-6:
            kept.append(knot)
    if kept[-1] != knots[-1]:
        kept[-1] = knots[-1]
    return kept


def _notch_knots(a: "_Side", b: "_Side", *, turned: bool) -> list[tuple[float, float]]:
    """Notches that meet: as many on both sides, at about the same place."""
    one = a.notches
    other = sorted(1 - f if turned else f for f in b.notches)
    if len(one) != len(other):
        return []
    matched = all(abs(f - g) < _NOTCH_SLACK for f, g in zip(one, other, strict=True))
    return list(zip(one, other, strict=True)) if matched else []


class _Side:
    """One side of a seam by the share of its whole length."""

    def __init__(self, runs: tuple[Run, ...], panels: dict[str, Panel]) -> None:
        self._runs = runs
        lengths = [abs(run.stop - run.start) * panels[run.panel].length_m(run.edge) for run in runs]
        walked = np.r_[0.0, np.cumsum(lengths)]
        self.length_m = float(walked[-1])
        self.ends = [*(float(x) for x in walked[:-1] / walked[-1]), 1.0]
        self.notches = sorted(
            f
            for k, run in enumerate(runs)
            for notch in panels[run.panel].notches
            if notch.edge == run.edge and (f := self._fraction(k, notch.share)) is not None
        )

    def _fraction(self, k: int, share: float) -> float | None:
        """Share of the side's length at a share of run k's edge; none when outside or an end."""
        run = self._runs[k]
        inside = (share - run.start) / (run.stop - run.start)
        if not 0.02 < inside < 0.98:
            return None
        return self.ends[k] + inside * (self.ends[k + 1] - self.ends[k])

    def stretch(self, f0: float, f1: float) -> _Stretch:
        """The stretch between two shares of the side's length, inside of one run."""
        middle = (f0 + f1) / 2
        k = max(i for i in range(len(self._runs)) if self.ends[i] <= middle)
        run, low, high = self._runs[k], self.ends[k], self.ends[k + 1]
        start, stop = (
            run.start + (run.stop - run.start) * (f - low) / (high - low) for f in (f0, f1)
        )
        return _Stretch(panel=run.panel, edge=run.edge, start=_snap(start), stop=_snap(stop))


def _snap(share: float) -> float:
    return min(1.0, max(0.0, round(share, 12)))


def _width_size_m(panel: Panel, edge_length_m: float, n_least: int) -> float:
    """Edge length that gives a strip whole rows of triangles; infinite for other panels."""
    import shapely

    outline = panel.outline_m(edge_length_m / 2)
    polygon = shapely.Polygon(outline)
    if not polygon.is_valid or polygon.area == 0:
        return np.inf
    # A strip's width follows from area and perimeter; other panels are far wider than this.
    half = polygon.length / 2
    width_m = (half - np.sqrt(max(half**2 - 4 * polygon.area, 0.0))) / 2
    row_m = edge_length_m * np.sqrt(3) / 2
    if width_m > STRIP_ROWS * row_m:
        return np.inf
    # Whole rows of triangles: half a row more or less costs ten degrees.
    n_rows = max(n_least, int(np.ceil(width_m / row_m - 1e-9)))
    return float(width_m / (n_rows * np.sqrt(3) / 2))


def seam_rows(
    seam: Seam, pattern: Pattern, cuts: EdgeCuts,
    edge_points: dict[tuple[str, int], NDArray[np.int64]],
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:  # fmt: skip
    """Vertices of both sides that meet, stretch by stretch, each of shape (n_points,)."""
    panels = {panel.name: panel for panel in pattern.panels}
    found = []
    for a, b in _stretches(seam, panels):
        one, other = (_rows(side, cuts, edge_points) for side in (a, b))
        found.append((one, other))
    return found


def _rows(
    side: _Stretch, cuts: EdgeCuts, edge_points: dict[tuple[str, int], NDArray[np.int64]]
) -> NDArray[np.int64]:
    shares = cuts.shares[side.panel, side.edge]
    low, high = (int(np.abs(shares - x).argmin()) for x in sorted((side.start, side.stop)))
    rows = edge_points[side.panel, side.edge][low : high + 1]
    return rows if side.start < side.stop else rows[::-1]
