"""Find every problem of a pattern before it is meshed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fitting.pattern.model import Panel, Pattern

MAX_SEAM_RATIO = 1.05
MIN_EDGE_M = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem.

    Attributes:
        code: Short name of the kind.
        panel: Where.
        edge: Which edge, when it is about one.
        text: What was found, and what to do.
    """

    code: str
    panel: str
    edge: int | None
    text: str

    def __str__(self) -> str:
        place = self.panel if self.edge is None else f"{self.panel}, edge {self.edge}"
        return f"{self.code} {place}: {self.text}"

    def to_json(self) -> dict[str, Any]:
        """Finding for a program."""
        return {"code": self.code, "panel": self.panel, "edge": self.edge, "text": self.text}


def check_pattern(pattern: Pattern) -> tuple[Finding, ...]:
    """List all problems; an empty tuple means that the pattern can be sewn."""
    findings = [finding for panel in pattern.panels for finding in _check_panel(panel)]
    findings += _check_seams(pattern)
    findings += _check_connected(pattern)
    return tuple(findings)


def _check_panel(panel: Panel) -> list[Finding]:
    from shapely.geometry import Polygon
    from shapely.validation import explain_validity

    findings = [
        Finding(
            code="SHORT_EDGE",
            panel=panel.name,
            edge=i,
            text=f"it is {panel.length_m(i) * 1000:.1f} mm long; join it to its neighbour",
        )
        for i in range(len(panel.edges))
        if panel.length_m(i) < MIN_EDGE_M
    ]
    polygon = Polygon(panel.outline_m())
    if not polygon.is_valid:
        text = f"the outline crosses itself ({explain_validity(polygon)}); untangle its curves"
        findings.append(Finding(code="SELF_CROSSING", panel=panel.name, edge=None, text=text))
    elif polygon.area < 1e-4:
        text = f"its area is {polygon.area * 1e4:.2f} cm2; is the unit right?"
        findings.append(Finding(code="TINY_PANEL", panel=panel.name, edge=None, text=text))
    return findings


def _check_seams(pattern: Pattern) -> list[Finding]:
    findings = []
    for seam in pattern.seams:
        (panel_a, edge_a), (panel_b, edge_b) = seam.side_a, seam.side_b
        a = pattern.panel(panel_a).length_m(edge_a)
        b = pattern.panel(panel_b).length_m(edge_b)
        ratio = max(a, b) / min(a, b)
        if ratio > MAX_SEAM_RATIO:
            text = (
                f"({a * 100:.1f} cm) is sewn to {panel_b}, edge {edge_b} ({b * 100:.1f} cm): ratio "
                f"{ratio:.2f}. Gather on purpose, or change by {abs(a - b) * 100:.1f} cm"
            )
            findings.append(Finding(code="SEAM_LENGTH", panel=panel_a, edge=edge_a, text=text))
    return findings


def _check_connected(pattern: Pattern) -> list[Finding]:
    names = [panel.name for panel in pattern.panels]
    group = {name: i for i, name in enumerate(names)}
    for _ in names:
        for seam in pattern.seams:
            a, b = seam.side_a[0], seam.side_b[0]
            group[a] = group[b] = min(group[a], group[b])
    if len(set(group.values())) <= 1:
        return []
    values, counts = np.unique(list(group.values()), return_counts=True)
    main = values[counts.argmax()]
    return [
        Finding(
            code="LOOSE_PANEL",
            panel=name,
            edge=None,
            text="no seam joins it to the rest of the garment; add one or remove it",
        )
        for name in names
        if group[name] != main
    ]
