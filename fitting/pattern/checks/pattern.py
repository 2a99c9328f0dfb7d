"""Find every problem of a pattern before it is meshed, each with its numbers and a remedy."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fitting.body.measurements import Measurements
from fitting.pattern.checks.body import check_girths
from fitting.pattern.checks.seams import check_seams
from fitting.pattern.checks.structure import check_structure
from fitting.pattern.checks.whole import check_whole
from fitting.pattern.finding import Finding
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.panels.split import split_seams

MIN_EDGE_M = 0.002
MIN_AREA_M2 = 1e-4
MAX_PANEL_M = 2.5
MIN_PATTERN_M = 0.08
# A strip of fewer triangles across bends like paper.
MIN_EDGES_ACROSS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What a pattern is checked against.

    Attributes:
        edge_length_m: Edge length of the cloth mesh; none leaves that check out.
        body: Who shall wear it; none leaves that check out.
        max_stretch: How far the fabric may stretch for putting on, as a ratio.
    """

    edge_length_m: float | None = None
    body: Measurements | None = None
    max_stretch: float = 1.25


def check_pattern(pattern: Pattern, settings: CheckSettings | None = None) -> tuple[Finding, ...]:
    """List all problems; an empty tuple means that the pattern can be sewn.

    Panels whose geometry cannot be built are left out of the finer checks, and so are their seams.
    """
    settings = settings or CheckSettings()
    findings = list(check_structure(pattern))
    sound = _sound_part(pattern, findings)
    for panel in sound.panels:
        findings += _check_panel(panel, settings)
    if sound.panels:
        findings += _check_unit(sound)
        findings += check_seams(sound)
        split = split_seams(sound)
        findings += check_whole(split)
        if settings.body is not None:
            findings += check_girths(sound, settings.body, max_stretch=settings.max_stretch)
    return tuple(findings)


def _sound_part(pattern: Pattern, findings: list[Finding]) -> Pattern:
    """The pattern without panels and seams that geometry cannot be built of."""
    broken = {f.panel for f in findings if f.code != "EDGE_TWICE" and f.code != "SEAM_NOWHERE"}
    panels = {panel.name: panel for panel in pattern.panels if panel.name not in broken}
    used: set[tuple[str, int]] = set()
    seams = []
    for seam in pattern.seams:
        runs = (*seam.runs_a, *seam.runs_b)
        known = all(r.panel in panels and 0 <= r.edge < len(panels[r.panel].edges) for r in runs)
        whole = {(run.panel, run.edge) for run in runs if run.is_whole}
        n_whole = sum(run.is_whole for run in runs)
        if known and not whole & used and len(whole) == n_whole:
            seams.append(seam)
            used |= whole
    return Pattern(name=pattern.name, panels=tuple(panels.values()), seams=tuple(seams))


def _check_panel(panel: Panel, settings: CheckSettings) -> Iterator[Finding]:
    from shapely.geometry import Polygon
    from shapely.validation import explain_validity

    yield from _check_edges(panel)
    polygon = Polygon(panel.outline_m())
    if not polygon.is_valid:
        text = f"the outline crosses itself ({explain_validity(polygon)})"
        yield Finding(
            code="SELF_CROSSING", panel=panel.name, edge=None, text=text,
            remedy="untangle its curves",
        )  # fmt: skip
    elif polygon.area < MIN_AREA_M2:
        yield Finding(
            code="TINY_PANEL", panel=panel.name, edge=None,
            text=f"its area is {polygon.area * 1e4:.2f} cm2", remedy="is the unit right?",
            numbers={"area_m2": polygon.area},
        )  # fmt: skip
    elif settings.edge_length_m is not None:
        yield from _check_width(panel, polygon, settings.edge_length_m)
    if not panel.grain_known:
        yield Finding(
            code="NO_GRAIN", panel=panel.name, edge=None,
            text="no grain line; the warp is taken to run along its y axis",
            remedy="draw the grain line (DXF layer 7), or state it in the seams file",
        )  # fmt: skip


def _check_edges(panel: Panel) -> Iterator[Finding]:
    corners = panel.vertices_m
    for i, edge in enumerate(panel.edges):
        length = panel.length_m(i)
        if length < MIN_EDGE_M:
            yield Finding(
                code="SHORT_EDGE", panel=panel.name, edge=i,
                text=f"it is {length * 1e3:.1f} mm long", remedy="join it to its neighbour",
                numbers={"length_m": length},
            )  # fmt: skip
        if edge.arc is not None:
            half = float(np.linalg.norm(np.subtract(*panel.corners_m(i)))) / 2
            if edge.arc[0] < half * (1 - 1e-6):
                yield Finding(
                    code="SMALL_ARC", panel=panel.name, edge=i,
                    text=f"radius {edge.arc[0] * 100:.2f} cm is less than half of its chord, "
                    f"{half * 100:.2f} cm",
                    remedy=f"take a radius of {half * 100:.2f} cm or more",
                    numbers={"radius_m": edge.arc[0], "half_chord_m": half},
                )  # fmt: skip
    used = sorted({edge.start for edge in panel.edges})
    for k, i in enumerate(used):
        gaps = np.linalg.norm(corners[used[k + 1 :]] - corners[i], axis=1)
        for j in np.flatnonzero(gaps < 1e-6):
            yield Finding(
                code="SAME_CORNER", panel=panel.name, edge=None,
                text=f"corners {i} and {used[k + 1 + j]} are at the same place",
                remedy="the outline touches itself there; move one or use one",
            )  # fmt: skip


def _check_width(panel: Panel, polygon: object, edge_length_m: float) -> Iterator[Finding]:
    from shapely.geometry import Polygon

    if not isinstance(polygon, Polygon):
        return
    wanted = MIN_EDGES_ACROSS * edge_length_m
    if not polygon.buffer(-wanted / 2).is_empty:
        return
    low, high = 0.0, wanted
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if polygon.buffer(-middle / 2).is_empty else (middle, high)
    yield Finding(
        code="NARROW_PANEL", panel=panel.name, edge=None, severity="hint",
        text=f"it is {high * 100:.1f} cm wide, less than {MIN_EDGES_ACROSS} mesh edges of "
        f"{edge_length_m * 100:g} cm",
        remedy=f"mesh with edges of {high / MIN_EDGES_ACROSS * 100:.2f} cm",
        numbers={"width_m": high, "edge_length_m": edge_length_m},
    )  # fmt: skip


def _check_unit(pattern: Pattern) -> Iterator[Finding]:
    sizes = {panel.name: float(np.ptp(panel.outline_m(), axis=0).max()) for panel in pattern.panels}
    name, size = max(sizes.items(), key=lambda item: item[1])
    if MIN_PATTERN_M <= size <= MAX_PANEL_M:
        return
    guesses = {"millimetres": 0.001, "centimetres": 0.01, "inches": 0.0254, "metres": 1.0}
    ratios = {a: guesses[a] / guesses[b] for a in guesses for b in guesses if a != b}
    fits = [word for word, ratio in ratios.items() if 0.3 <= size * ratio <= 1.6]
    remedy = "state the unit" + (f"; {' or '.join(fits[:2])} would be plausible" if fits else "")
    yield Finding(
        code="UNIT_GUESS", panel=name, edge=None, severity="hint",
        text=f"the largest panel measures {size * 100:.1f} cm", remedy=remedy,
        numbers={"size_m": size},
    )  # fmt: skip
