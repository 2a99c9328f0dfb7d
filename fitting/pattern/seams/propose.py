"""Propose which edges are sewn together, from lengths, notches, names and, best of all, grading.

In a graded nest both sides of a seam grow alike from size to size; that tells true pairs from edges
that are as long by chance. A proposal is a suggestion: a person confirms it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fitting.pattern.model import Panel, Pattern
from fitting.pattern.panels.fold import mirrored_panel
from fitting.pattern.seam import Seam
from fitting.pattern.seams.propose_many import propose_one_to_two
from fitting.pattern.seams.seams_file import SeamNote
from fitting.pattern.seams.sides import EdgeSide, edge_sides
from fitting.pattern.wraps import half_of, side_of

MIN_CONFIDENCE = 0.35
# Lengths of two sides differ by about this share, and by this much for grading and notches.
LENGTH_SPREAD = 0.025
GROWTH_SPREAD_M = 0.0015
NOTCH_SPREAD_M = 0.006
STRAIGHTNESS_SPREAD = 0.06


PLACED_SPREAD_M = 0.12
NEIGHBOUR_GAIN = 1.3
# Hems and waists run straight across the grain; they are seldom sewn to each other.
ACROSS = 0.05
_Pair = tuple[float, int, int, str]


def with_copies(pattern: Pattern) -> Pattern:
    """The pattern with a mirrored copy of every panel that is cut twice and has no twin yet."""
    names = {panel.name for panel in pattern.panels}
    panels: list[Panel] = []
    for panel in pattern.panels:
        panels.append(panel)
        twin = f"{panel.name} mirrored"
        if panel.n_cut == 2 and twin not in names:
            copy = mirrored_panel(panel, name=twin)
            panels.append(replace(copy, label=f"mirror of {panel.name}"))
    return replace(pattern, panels=tuple(panels))


def propose_seams(sizes: Sequence[Pattern]) -> list[SeamNote]:
    """Propose seams for the first pattern, best first.

    Args:
        sizes: The pattern to sew, then the same pattern in other sizes, if there are any.
    """
    first = sizes[0]
    taken = {(run.panel, run.edge) for s in first.seams for run in (*s.runs_a, *s.runs_b)}
    sides = [side for side in edge_sides(sizes) if (side.panel, side.edge) not in taken]
    pairs = [
        (confidence, i, j, why)
        for i, one in enumerate(sides)
        for j in range(i + 1, len(sides))
        for confidence, why in [_judge(one, sides[j], first)]
        if confidence >= MIN_CONFIDENCE
    ]
    chosen = _chosen(pairs, sides, {panel.name: len(panel.edges) for panel in first.panels})
    split, chosen = propose_one_to_two(sides, chosen)
    return [*(_note(sides[i], sides[j], sure, why) for sure, i, j, why in chosen), *split]


def _chosen(pairs: list[_Pair], sides: list[EdgeSide], n_edges: dict[str, int]) -> list[_Pair]:
    """Greedy: the surest pair first, each edge once; neighbours of a chosen pair gain by it."""
    chosen: list[_Pair] = []
    left = list(pairs)
    gain = {(i, j): 1.0 for _, i, j, _ in pairs}
    while left:
        best = max(left, key=lambda pair: (pair[0] * gain[pair[1:3]], -pair[1], -pair[2]))
        confidence, i, j, why = best
        chosen.append((min(0.99, confidence * gain[i, j]), i, j, why))
        left = [pair for pair in left if not {pair[1], pair[2]} & {i, j}]
        for pair in left:
            if _follow(sides[i], sides[j], sides[pair[1]], sides[pair[2]], n_edges):
                gain[pair[1:3]] = min(1.5, gain[pair[1:3]] * NEIGHBOUR_GAIN)
    return sorted(chosen, key=lambda pair: -pair[0])


def _follow(a: EdgeSide, b: EdgeSide, c: EdgeSide, d: EdgeSide, n_edges: dict[str, int]) -> bool:
    """Whether a second seam of the same two panels lies beside the first one on both of them.

    Both loops are walked in opposite senses along a seam, so k edges on here is k edges back there.
    """
    if {a.panel, b.panel} != {c.panel, d.panel} or a.panel == b.panel:
        return False
    if a.panel != c.panel:
        c, d = d, c
    there = (c.edge - a.edge) % n_edges[a.panel]
    back = (b.edge - d.edge) % n_edges[b.panel]
    return there == back or (n_edges[a.panel] - there) == (n_edges[b.panel] - back)


def _nearness(a: EdgeSide, b: EdgeSide) -> float:
    """Factor for how near the file places the two: sewn edges lie across or up from each other."""
    if a.middle_m is None or b.middle_m is None:
        return 1.0
    # Front and back are placed apart in z, which therefore counts little.
    gap_m = float(np.linalg.norm((a.middle_m - b.middle_m) * [1.0, 1.0, 0.2]))
    return 0.3 + 0.7 * float(np.exp(-((gap_m / PLACED_SPREAD_M) ** 2) / 2))


def _judge(a: EdgeSide, b: EdgeSide, pattern: Pattern) -> tuple[float, str]:
    """Confidence in [0, 1] that two edges are sewn together, and what spoke for it."""
    if _cannot(a, b, pattern):
        return 0.0, ""
    ratio = max(a.lengths_m[0], b.lengths_m[0]) / min(a.lengths_m[0], b.lengths_m[0])
    if ratio > 1.12:
        return 0.0, ""
    score = float(np.exp(-(((ratio - 1) / LENGTH_SPREAD) ** 2) / 2))
    why = [f"{a.lengths_m[0] * 100:.1f} and {b.lengths_m[0] * 100:.1f} cm long"]
    n = min(len(a.lengths_m), len(b.lengths_m))
    if n > 2 and len(a.lengths_m) == len(b.lengths_m):
        gap = a.lengths_m - b.lengths_m
        growth = float(np.exp(-((np.std(gap) / GROWTH_SPREAD_M) ** 2) / 2))
        score *= 0.1 + 0.9 * growth
        why.append(f"their difference varies by {np.std(gap) * 1000:.1f} mm over {n} sizes")
    matched = _notch_match(a, b)
    if matched is not None:
        score = score * (0.35 + 0.65 * matched[0])
        why.append(matched[1])
    if a.notches and b.notches and matched is not None and matched[0] > 0.5:
        score = min(1.0, score * 1.15)
    bend = abs(a.straightness - b.straightness)
    score *= 0.45 + 0.55 * float(np.exp(-((bend / STRAIGHTNESS_SPREAD) ** 2) / 2))
    score *= _names(a, b) * _nearness(a, b)
    if max(a.along_grain, b.along_grain) < ACROSS and min(a.straightness, b.straightness) > 0.999:
        score *= 0.6
    return min(score, 0.99), "; ".join(why)


def _cannot(a: EdgeSide, b: EdgeSide, pattern: Pattern) -> bool:
    """Neighbouring edges of one panel are no seam unless they make a dart."""
    if a.panel != b.panel:
        return False
    panel = pattern.panel(a.panel)
    one, other = panel.edges[a.edge], panel.edges[b.edge]
    if one.stop == other.start or other.stop == one.start:
        return True
    # A tube: both edges run along it, one up and one down.
    (p, q), (r, s) = panel.corners_m(a.edge), panel.corners_m(b.edge)
    return bool((q - p) @ (s - r) >= 0)


def _notch_match(a: EdgeSide, b: EdgeSide) -> tuple[float, str] | None:
    """Agreement of notches in [0, 1] for the better of both directions; none without notches."""
    if not a.notches and not b.notches:
        return None
    if len(a.notches) != len(b.notches):
        return (0.3, f"{len(a.notches)} notches against {len(b.notches)}")
    at_a = np.array(a.notches) * a.lengths_m[0]
    length_b = b.lengths_m[0]
    gaps = [
        float(np.abs(at_a - np.sort(at_b)).max())
        for at_b in (np.array(b.notches) * length_b, (1 - np.array(b.notches)) * length_b)
    ]
    score = float(np.exp(-((min(gaps) / NOTCH_SPREAD_M) ** 2) / 2))
    return score, f"{len(a.notches)} notches agree within {min(gaps) * 1000:.1f} mm"


def _names(a: EdgeSide, b: EdgeSide) -> float:
    """Factor for what names say: front meets back, left seldom meets right."""
    if a.panel == b.panel:
        return 0.8
    if a.words == b.words:
        return 0.85
    factor = 0.9
    halves = {half_of(a.panel), half_of(b.panel)}
    if halves == {"front", "back"}:
        factor = 1.0
    sided = [{"l", "left", "r", "right"} & set(side.words) for side in (a, b)]
    if all(sided) and side_of(a.panel) != side_of(b.panel):
        factor *= 0.6
    return factor


def _note(a: EdgeSide, b: EdgeSide, confidence: float, why: str) -> SeamNote:
    ratio = max(a.lengths_m[0], b.lengths_m[0]) / min(a.lengths_m[0], b.lengths_m[0])
    seam = Seam(
        side_a=(a.panel, a.edge),
        side_b=(b.panel, b.edge),
        reversed=_is_reversed(a, b),
        kind="ease" if ratio > 1.02 else "plain",
    )
    return SeamNote(seam=seam, confirmed=False, confidence=confidence, why=why)


def _is_reversed(a: EdgeSide, b: EdgeSide) -> bool:
    """Loops of the same turning meet start to end; one turned over keeps its direction."""
    return a.turns_left == b.turns_left
