"""Checks of the whole garment: is it one, can it be turned right side out, what stays open."""

from collections.abc import Iterator

import numpy as np

from fitting.pattern.checks.corners import Corner, MeetingCorners, open_edges, openings, seam_ends
from fitting.pattern.finding import Finding
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.wraps import words_of

MAX_LENGTH_DIFFERENCE = 0.01
MIN_SIDE_M = 0.1
ALONG_GRAIN_RAD = np.radians(30.0)
MAX_OVERLAP = 0.3


def check_whole(pattern: Pattern) -> Iterator[Finding]:
    """List what is wrong with the garment as a whole. Needs whole-edge seams."""
    pattern = pattern.worn_part()
    yield from _check_connected(pattern)
    yield from _check_sides(pattern)
    yield from _check_corner_merges(pattern)
    yield from _check_open_sides(pattern)
    yield from _check_openings(pattern)
    yield from _check_layers(pattern)


def _check_connected(pattern: Pattern) -> Iterator[Finding]:
    names = [panel.name for panel in pattern.panels]
    group = {name: i for i, name in enumerate(names)}
    for _ in names:
        for seam in pattern.seams:
            a, b = seam.side_a[0], seam.side_b[0]
            group[a] = group[b] = min(group[a], group[b])
    values, counts = np.unique(list(group.values()), return_counts=True)
    main = values[counts.argmax()]
    for name in names:
        if group[name] != main:
            yield Finding(
                code="LOOSE_PANEL", panel=name, edge=None,
                text="no seam joins it to the rest of the garment", remedy="add one or remove it",
            )  # fmt: skip


def _check_sides(pattern: Pattern) -> Iterator[Finding]:
    """A seam whose start meets the other's end joins right side to right side; else it turns.

    Going round any ring of panels, the number of turns must be even, or no side is the outside.
    """
    side: dict[str, tuple[str, int]] = {panel.name: (panel.name, 0) for panel in pattern.panels}
    for seam in pattern.seams:
        (root_a, turn_a), (root_b, turn_b) = side[seam.side_a[0]], side[seam.side_b[0]]
        turn = turn_a ^ turn_b ^ (0 if seam.reversed else 1)
        if root_a == root_b:
            if turn:
                yield Finding(
                    code="TWISTED", panel=seam.side_a[0], edge=seam.side_a[1],
                    text=f"sewn to {seam.side_b[0]}, edge {seam.side_b[1]}, it makes a Moebius "
                    "band: the outside runs into the inside",
                    remedy="turn this seam round, or another one on the ring",
                )  # fmt: skip
            continue
        for name, (root, own) in side.items():
            if root == root_b:
                side[name] = (root_a, own ^ turn)


def _check_corner_merges(pattern: Pattern) -> Iterator[Finding]:
    """Two corners of one panel may meet at a dart, along a tube, or at the tip of a gusset."""
    meeting = MeetingCorners(pattern)
    near: dict[Corner, set[Corner]] = {}
    for seam in pattern.seams:
        for one, other in seam_ends(pattern, seam):
            near.setdefault(one, set()).add(other)
            near.setdefault(other, set()).add(one)
    tubes = {seam.side_a[0] for seam in pattern.seams if seam.side_a[0] == seam.side_b[0]}
    for panel in pattern.panels:
        for edge_i, edge in enumerate(panel.edges):
            one, other = (panel.name, edge.start), (panel.name, edge.stop)
            if meeting.find(one) != meeting.find(other) or panel.name in tubes:
                continue
            if near.get(one, set()) & near.get(other, set()):
                continue
            if (panel.name, edge_i) in open_edges(pattern):
                continue
            yield Finding(
                code="CORNER_MERGE", panel=panel.name, edge=edge_i,
                text="its two ends come together when all seams close, so it shuts like a purse",
                remedy="one of the seams at its ends joins the wrong edge or runs the wrong way",
            )  # fmt: skip


def _check_open_sides(pattern: Pattern) -> Iterator[Finding]:
    """Open edges of equal length along the grain look like a forgotten seam.

    They lie on one opening, and either have a corner in common, as a slit does, or belong to the
    left and the right of the garment, as a front that opens does.
    """
    meeting = MeetingCorners(pattern)
    for opening in openings(pattern):
        sides = [(n, i) for n, i in opening.edges if _is_along_grain(pattern.panel(n), i)]
        for k, one in enumerate(sides):
            for other in sides[k + 1 :]:
                yield from _open_pair(pattern, meeting, one, other)


def _open_pair(
    pattern: Pattern, meeting: MeetingCorners, one: tuple[str, int], other: tuple[str, int]
) -> Iterator[Finding]:
    a_m, b_m = (pattern.panel(name).length_m(i) for name, i in (one, other))
    if abs(a_m - b_m) > MAX_LENGTH_DIFFERENCE * a_m or a_m < MIN_SIDE_M:
        return
    ends = [
        {meeting.find((name, corner)) for corner in (edge.start, edge.stop)}
        for name, edge in ((name, pattern.panel(name).edges[i]) for name, i in (one, other))
    ]
    n_common = len(ends[0] & ends[1])
    opposite = {"l", "left"} & set(words_of(one[0])) and {"r", "right"} & set(words_of(other[0]))
    opposite = opposite or (
        {"r", "right"} & set(words_of(one[0])) and {"l", "left"} & set(words_of(other[0]))
    )
    if n_common == 1 or (n_common == 0 and opposite):
        yield Finding(
            code="OPEN_SIDES", panel=one[0], edge=one[1], severity="hint",
            text=f"({a_m * 100:.1f} cm) is open, and so is {other[0]}, edge {other[1]} "
            f"({b_m * 100:.1f} cm)",
            remedy="sew them together, unless it is a slit or a front opening",
            numbers={"length_a_m": a_m, "length_b_m": b_m},
        )  # fmt: skip


def _is_along_grain(panel: Panel, i: int) -> bool:
    a, b = panel.corners_m(i)
    x, y = b - a
    off = abs((np.arctan2(y, x) - panel.grain_rad + np.pi / 2) % np.pi - np.pi / 2)
    return bool(off < ALONG_GRAIN_RAD)


def _check_openings(pattern: Pattern) -> Iterator[Finding]:
    kind, expected = _expected_openings(pattern)
    found = openings(pattern)
    if not expected or len(found) in expected:
        return
    lengths = ", ".join(f"{opening.length_m * 100:.0f} cm" for opening in found)
    yield Finding(
        code="OPENINGS", panel="", edge=None, severity="hint",
        text=f"the sewn garment has {len(found)} openings ({lengths}); {kind} has "
        f"{' or '.join(map(str, expected))}",
        remedy="look for a seam that is missing, or one too many",
        numbers={"n_openings": len(found)},
    )  # fmt: skip


def _expected_openings(pattern: Pattern) -> tuple[str, tuple[int, ...]]:
    """Openings of a garment of this kind; a front that opens joins neck and hem into one."""
    parts = {panel.wrap.split("_")[0] for panel in pattern.panels}
    if "as" in parts or not pattern.seams:
        return "", ()
    legs, torso = "leg" in parts, "torso" in parts
    if torso and legs:
        return "a jumpsuit", (4, 5)
    if torso:
        return "a garment for the upper body", (3, 4)
    if legs:
        return "a pair of trousers", (2, 3)
    return ("a skirt", (1, 2)) if "skirt" in parts else ("", ())


def _check_layers(pattern: Pattern) -> Iterator[Finding]:
    """Panels of one layer that lie upon each other cannot both be next to the skin."""
    from shapely.geometry import Polygon

    flat = [
        p for p in pattern.panels if max(map(abs, p.rotation_rad)) < 0.1 and p.wrap != "as_placed"
    ]
    shapes = {p.name: Polygon(p.outline_m(0.01) + np.array(p.translation_m[:2])) for p in flat}
    for k, one in enumerate(flat):
        for other in flat[k + 1 :]:
            if (one.wrap, one.half, one.layer) != (other.wrap, other.half, other.layer):
                continue
            a, b = shapes[one.name], shapes[other.name]
            smaller = min(a.area, b.area)
            if not (a.is_valid and b.is_valid) or smaller <= 0:
                continue
            share = a.intersection(b).area / smaller
            if share > MAX_OVERLAP and _apart(one, other) < 0.05:
                yield Finding(
                    code="LAYER_CLASH", panel=one.name, edge=None, severity="hint",
                    text=f"it lies on {other.name} in the same layer, {share * 100:.0f} % of it",
                    remedy="give one of them another layer or another place",
                    numbers={"overlap": share},
                )  # fmt: skip


def _apart(one: Panel, other: Panel) -> float:
    return abs(one.translation_m[2] - other.translation_m[2])
