"""Can geometry be built at all: indices, loops, numbers, seams that lead somewhere.

What is found here makes a pattern unusable, so readers refuse it; `muslin check` lists all of it.
"""

from collections.abc import Iterator

import numpy as np

from fitting.errors import PatternError
from fitting.pattern.finding import Finding
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.reading import MAX_SIZE_M
from fitting.pattern.seam import Run

MIN_CHORD_M = 1e-7
MAX_EDGES = 5000


def check_structure(pattern: Pattern) -> tuple[Finding, ...]:
    """List what makes it impossible to build the pattern's geometry; empty when nothing does."""
    if not pattern.panels:
        return (_broken("NO_PANEL", "", None, "the pattern has no panel", "add one"),)
    findings = [finding for panel in pattern.panels for finding in _panel(panel)]
    findings += _names(pattern)
    findings += _seams(pattern)
    return tuple(findings)


def raise_broken(name: str, findings: tuple[Finding, ...]) -> None:
    """Refuse a pattern for its broken findings, if there are any.

    Raises:
        PatternError: With the first of them.
    """
    broken = [finding for finding in findings if finding.severity == "broken"]
    if broken:
        more = f" (and {len(broken) - 1} more; the check lists all)" if len(broken) > 1 else ""
        raise PatternError(f"{name}: {broken[0].sentence()}{more}")


def _broken(code: str, panel: str, edge: int | None, text: str, remedy: str) -> Finding:
    return Finding(
        code=code, panel=panel, edge=edge, text=text, remedy=remedy, severity="broken"
    )  # fmt: skip


def _panel(panel: Panel) -> Iterator[Finding]:
    name, n = panel.name, len(panel.edges)
    if not 2 <= n <= MAX_EDGES:
        text = f"it has {n} edges; a closed loop has 2 to {MAX_EDGES}"
        yield _broken("NO_EDGES", name, None, text, "draw its outline")
        return
    if not np.isfinite(panel.vertices_m).all():
        yield _broken("NOT_A_NUMBER", name, None, "a corner is not a number", "give it a place")
        return
    if np.abs(panel.vertices_m).max() > MAX_SIZE_M:
        text = f"a corner is {np.abs(panel.vertices_m).max():.3g} m from the origin"
        yield _broken("TOO_LARGE", name, None, text, "is the unit right?")
        return
    sound = True
    for i in range(n):
        for finding in _edge(panel, i):
            sound = False
            yield finding
    if sound:
        yield from _loop(panel)


def _edge(panel: Panel, i: int) -> Iterator[Finding]:
    edge, n = panel.edges[i], len(panel.vertices_m)
    for index in (edge.start, edge.stop):
        if not 0 <= index < n:
            text = f"corner {index} does not exist, the panel has {n}"
            yield _broken("BAD_INDEX", panel.name, i, text, "name one of its corners")
            return
    inner = [x for point in (*edge.controls_m, *edge.through_m) for x in point]
    numbers = [*inner, *(edge.arc or ())]
    if not np.isfinite(numbers).all():
        text = "a control point is not a number"
        yield _broken("NOT_A_NUMBER", panel.name, i, text, "give it a place")
        return
    if numbers and np.abs(numbers).max() > MAX_SIZE_M:
        text = f"a control point is {np.abs(numbers).max():.3g} m away"
        yield _broken("TOO_LARGE", panel.name, i, text, "is the curvature relative or absolute?")
    a, b = panel.corners_m(i)
    if np.linalg.norm(b - a) < MIN_CHORD_M:
        text = "both ends are at the same place"
        yield _broken("ZERO_EDGE", panel.name, i, text, "remove the edge or move a corner")


def _loop(panel: Panel) -> Iterator[Finding]:
    for i, edge in enumerate(panel.edges):
        k = (i + 1) % len(panel.edges)
        if edge.stop != panel.edges[k].start:
            text = (
                f"panel {panel.name!r} is not closed: edge {i} ends at corner {edge.stop}, "
                f"edge {k} starts at corner {panel.edges[k].start}"
            )
            yield _broken("OPEN_LOOP", panel.name, i, text, "let each edge start where one ends")


def _names(pattern: Pattern) -> Iterator[Finding]:
    seen: set[str] = set()
    for panel in pattern.panels:
        if panel.name in seen:
            text = f"two panels are called {panel.name!r}"
            yield _broken("SAME_NAME", panel.name, None, text, "rename one")
        seen.add(panel.name)


def _seams(pattern: Pattern) -> Iterator[Finding]:
    known = {panel.name: panel for panel in pattern.panels}
    used: dict[tuple[str, int], list[tuple[float, float, int]]] = {}
    for i, seam in enumerate(pattern.seams):
        for run in (*seam.runs_a, *seam.runs_b):
            fault = _run_fault(run, i, known)
            if fault:
                yield fault
                continue
            yield from _second_use(run, i, used)


def _run_fault(run: Run, i_seam: int, known: dict[str, Panel]) -> Finding | None:
    if run.panel not in known:
        text = f"seam {i_seam} names panel {run.panel!r}, which does not exist"
        return _broken("SEAM_NOWHERE", "", None, text, f"its panels are {', '.join(known)}")
    n = len(known[run.panel].edges)
    if not 0 <= run.edge < n:
        text = (
            f"seam {i_seam} names edge {run.edge} of panel {run.panel!r}, "
            f"which has edges 0 to {n - 1}"
        )
        return _broken("SEAM_NOWHERE", run.panel, None, text, "name one of its edges")
    if not (0 <= run.start <= 1 and 0 <= run.stop <= 1 and run.start != run.stop):
        text = f"seam {i_seam} goes from {run.start:g} to {run.stop:g} of the edge"
        return _broken("BAD_RUN", run.panel, run.edge, text, "shares lie between 0 and 1")
    return None


def _second_use(
    run: Run, i_seam: int, used: dict[tuple[str, int], list[tuple[float, float, int]]]
) -> Iterator[Finding]:
    low, high = sorted((run.start, run.stop))
    others = used.setdefault((run.panel, run.edge), [])
    for other_low, other_high, other in others:
        if low < other_high - 1e-6 and other_low < high - 1e-6:
            text = (
                f"edge {run.edge} of panel {run.panel!r} is in seam {other} and in seam {i_seam}; "
                "an edge has one seam"
            )
            yield _broken("EDGE_TWICE", run.panel, run.edge, text, "remove one of the two")
            break
    others.append((low, high, i_seam))
