"""Turn seams of runs and notches into seams of whole edges, which a mesh can pair point by point.

Runs of both sides are paired by order when there are equally many, else by share of the length;
notches are paired by order when both sides have equally many. Each piece between two such places is
sewn on its own, so ease stays where the pattern maker put it.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fitting.errors import PatternError
from fitting.pattern.model import Pattern
from fitting.pattern.panels.cut import CutPanel, cut_panel
from fitting.pattern.seam import Run, Seam

# Places closer than this to each other, or to an end, are one.
SNAP_M = 0.003
_END_SHARE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One side of a seam as it is sewn, from its first point to its last.

    Attributes:
        runs: Runs in walking order and direction.
        ends_m: Length walked at the end of each run.
        notches_m: Length walked at each notch, ascending, the ends left out.
    """

    runs: tuple[Run, ...]
    ends_m: tuple[float, ...]
    notches_m: tuple[float, ...]

    @property
    def length_m(self) -> float:
        """Length of the side."""
        return self.ends_m[-1]

    def place(self, at_m: float) -> tuple[int, float]:
        """Run and share of its edge's length at a walked length."""
        i = min(int(np.searchsorted(self.ends_m, at_m - 1e-12)), len(self.runs) - 1)
        begin = self.ends_m[i - 1] if i else 0.0
        span = self.ends_m[i] - begin
        share = (at_m - begin) / span if span > 0 else 0.0
        run = self.runs[i]
        return i, run.start + share * (run.stop - run.start)


def walk_sides(pattern: Pattern, seam: Seam) -> tuple[Walk, Walk]:
    """Both sides of a seam, walked so that equal lengths meet."""
    runs_b = seam.runs_b
    if seam.reversed:
        runs_b = tuple(replace(run, start=run.stop, stop=run.start) for run in runs_b[::-1])
    return _walk(pattern, seam.runs_a), _walk(pattern, runs_b)


def _walk(pattern: Pattern, runs: Sequence[Run]) -> Walk:
    walked, ends, notches = 0.0, [], []
    for run in runs:
        panel = pattern.panel(run.panel)
        length = panel.length_m(run.edge)
        low, high = sorted((run.start, run.stop))
        notches += [
            walked + abs(notch.share - run.start) * length
            for notch in panel.notches
            if notch.edge == run.edge and low <= notch.share <= high
        ]
        walked += (high - low) * length
        ends.append(walked)
    inner = tuple(at for at in sorted(notches) if SNAP_M < at < walked - SNAP_M)
    return Walk(runs=tuple(runs), ends_m=tuple(ends), notches_m=inner)


def split_seams(pattern: Pattern) -> Pattern:
    """Cut edges so that every seam joins whole edges; the same pattern when they do already."""
    walks = [walk_sides(pattern, seam) for seam in pattern.seams]
    places = [_meeting_places(*pair) for pair in walks]
    if all(seam.is_whole for seam in pattern.seams) and all(len(p) == 2 for p in places):
        return pattern
    cuts: dict[str, dict[int, list[float]]] = {panel.name: {} for panel in pattern.panels}
    for pair, meetings in zip(walks, places, strict=True):
        for side, walk in enumerate(pair):
            _add_cuts(cuts, walk, [meeting[side] for meeting in meetings])
    done = {panel.name: cut_panel(panel, cuts[panel.name]) for panel in pattern.panels}
    seams: list[Seam] = []
    for seam, pair, meetings in zip(pattern.seams, walks, places, strict=True):
        seams += _pieces(seam, pair, meetings, done)
    panels = tuple(done[panel.name].panel for panel in pattern.panels)
    return replace(pattern, panels=panels, seams=tuple(seams))


def _meeting_places(a: Walk, b: Walk) -> list[tuple[float, float]]:
    """Walked lengths on both sides that meet, ends included, ascending on both."""
    anchors = [(0.0, 0.0), (a.length_m, b.length_m)]
    if len(a.notches_m) == len(b.notches_m):
        anchors += list(zip(a.notches_m, b.notches_m, strict=True))
    if len(a.runs) == len(b.runs):
        anchors += list(zip(a.ends_m[:-1], b.ends_m[:-1], strict=True))
    anchors = _ascending(anchors)
    at_a, at_b = zip(*anchors, strict=True)
    mapped = list(anchors)
    if len(a.runs) != len(b.runs):
        mapped += [(end, float(np.interp(end, at_a, at_b))) for end in a.ends_m[:-1]]
        mapped += [(float(np.interp(end, at_b, at_a)), end) for end in b.ends_m[:-1]]
    return _with_ends(_ascending(mapped), a, b)


def _ascending(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Sorted; what would cross an earlier place or lies upon it is left out."""
    kept: list[tuple[float, float]] = []
    first, last = min(places), max(places)
    for place in sorted(places):
        ends = place in (first, last)
        clear = all(place[i] > kept[-1][i] + SNAP_M for i in (0, 1)) if kept else True
        before_last = all(place[i] < last[i] - SNAP_M for i in (0, 1))
        if ends or (clear and before_last):
            kept.append(place)
    return kept


def _with_ends(places: list[tuple[float, float]], a: Walk, b: Walk) -> list[tuple[float, float]]:
    """Every end of a run is a place, for a piece must not run over two edges."""
    for side, walk in enumerate((a, b)):
        for end in walk.ends_m[:-1]:
            near = min(places, key=lambda place: abs(place[side] - end))
            if near[side] == end:
                continue
            at = places.index(near)
            if 0 < at < len(places) - 1 and abs(near[side] - end) <= SNAP_M:
                places[at] = (end, near[1]) if side == 0 else (near[0], end)
            else:
                places.append((end, _other(places, end, side)) if side == 0
                              else (_other(places, end, side), end))  # fmt: skip
                places.sort()
    return places


def _other(places: list[tuple[float, float]], at: float, side: int) -> float:
    own, other = zip(*[(p[side], p[1 - side]) for p in places], strict=True)
    return float(np.interp(at, own, other))


def _add_cuts(cuts: dict[str, dict[int, list[float]]], walk: Walk, at_m: list[float]) -> None:
    for at in at_m[1:-1]:
        i, share = walk.place(at)
        cuts[walk.runs[i].panel].setdefault(walk.runs[i].edge, []).append(share)
    for run in walk.runs:
        own = cuts[run.panel].setdefault(run.edge, [])
        own += [share for share in (run.start, run.stop) if _END_SHARE < share < 1 - _END_SHARE]


def _pieces(
    seam: Seam, pair: tuple[Walk, Walk], meetings: list[tuple[float, float]],
    done: dict[str, CutPanel],
) -> list[Seam]:  # fmt: skip
    """One seam of whole edges for each stretch between two meeting places."""
    seams = []
    for low, high in itertools.pairwise(meetings):
        sides = [_edge_at(walk, (low[s] + high[s]) / 2, done) for s, walk in enumerate(pair)]
        (side_a, forward_a), (side_b, forward_b) = sides
        seams.append(
            replace(
                seam,
                side_a=side_a,
                side_b=side_b,
                runs_a=(),
                runs_b=(),
                reversed=forward_a != forward_b,
            )
        )
    return seams


def _edge_at(walk: Walk, at_m: float, done: dict[str, CutPanel]) -> tuple[tuple[str, int], bool]:
    """New edge at a walked length, and whether it is walked along its loop."""
    i, share = walk.place(at_m)
    run = walk.runs[i]
    for number, _start, stop in done[run.panel].pieces[run.edge]:
        if share <= stop:
            return (run.panel, number), run.stop > run.start
    raise PatternError(f"panel {run.panel!r}, edge {run.edge}: a run ends beyond the edge")
