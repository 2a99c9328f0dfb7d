"""Points of measure of every size, taken on the pattern, with grading and tolerance."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitting.fit import FitReport
from fitting.pattern import Panel, Pattern

# Half the step to the next size keeps a garment from being taken for its neighbour; a workroom
# measures no finer than 3 mm and accepts no more than 15 mm. Both limits are estimated.
LEAST_TOLERANCE_M, MOST_TOLERANCE_M = 0.003, 0.015
SHARE_ALONE = 0.01
_LEAST_STEP_M = 1e-4
_SIDES = {"l": "r", "r": "l", "left": "right", "right": "left"}
_ALIKE_M = 5e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOfMeasure:
    """One line of the measurement table.

    Attributes:
        name: What is measured, in words.
        values_m: Of every size, flat, sew line to sew line; NaN where a size does not have it.
        tolerance_m: How far a sewn garment may be off.
    """

    name: str
    values_m: tuple[float, ...]
    tolerance_m: float

    @property
    def step_m(self) -> float | None:
        """Mean growth from size to size, None with one size."""
        known = [value for value in self.values_m if np.isfinite(value)]
        if len(known) < 2:
            return None
        step_m = float(np.mean(np.diff(known)))
        return step_m if abs(step_m) > _LEAST_STEP_M else 0.0


def points_of_measure(
    patterns: Sequence[Pattern], reports: Sequence[FitReport]
) -> tuple[PointOfMeasure, ...]:
    """Lengths of the garment, its openings and its panels.

    Args:
        patterns: Of every size.
        reports: Of every size's fit, which know where girths pass on the body.
    """
    columns = [
        _of_report(report) | _openings(pattern) | _panels(pattern)
        for pattern, report in zip(patterns, reports, strict=True)
    ]
    names = dict.fromkeys(name for column in columns for name in column)
    nan = float("nan")
    values = {name: tuple(column.get(name, nan) for column in columns) for name in names}
    return tuple(
        PointOfMeasure(name=name, values_m=own, tolerance_m=tolerance_m(own))
        for name, own in _sides_together(values).items()
    )


def _sides_together(values: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """One line for left and right where they are alike in every size."""
    found: dict[str, tuple[float, ...]] = {}
    for name, own in values.items():
        word = next((w for w in name.replace(",", " ,").split() if w in _SIDES), None)
        if word is None:
            found[name] = own
            continue
        twin = re.sub(rf"\b{word}\b", _SIDES[word], name, count=1)
        other = values.get(twin)
        if other is None or not np.allclose(own, other, atol=_ALIKE_M, equal_nan=True):
            found[name] = own
        elif word in ("l", "left"):
            found[re.sub(rf" ?\b{word}\b", "", name, count=1) + ", each side"] = own
    return found


def tolerance_m(values_m: Sequence[float]) -> float:
    """Half the smallest step between sizes that differ, to the millimetre, within the limits."""
    known = [value for value in values_m if np.isfinite(value)]
    steps = [abs(step) for step in np.diff(known) if abs(step) > _LEAST_STEP_M]
    raw_m = min(steps) / 2 if steps else SHARE_ALONE * max(known, default=0.0)
    return float(np.floor(np.clip(raw_m, LEAST_TOLERANCE_M, MOST_TOLERANCE_M) * 1000 + 1e-6) / 1000)


def open_edges(pattern: Pattern) -> list[tuple[Panel, int]]:
    """Edges that no seam takes."""
    sewn = {(run.panel, run.edge) for s in pattern.seams for run in (*s.runs_a, *s.runs_b)}
    return [
        (panel, i)
        for panel in pattern.panels
        for i in range(len(panel.edges))
        if (panel.name, i) not in sewn
    ]


def _of_report(report: FitReport) -> dict[str, float]:
    """Flat girths where the fit cut them on the body.

    Lengths from a point of the body down are left out: they go with the mesh and how the cloth came
    to lie, and panels state theirs.
    """
    return {
        name.replace("_", " "): measure.flat_m
        for name, measure in report.measures.items()
        if measure.flat_m is not None and "girth" in name
    }


def _openings(pattern: Pattern) -> dict[str, float]:
    """Open edges of one name together: the hem of front and back is one hem, a cuff is its own."""
    found: dict[str, float] = {}
    for panel, i in open_edges(pattern):
        label = panel.edges[i].label.replace("_", " ")
        side = panel.name[-2:].replace("_", " ") if panel.name[-2:] in ("_l", "_r") else ""
        name = f"{label}{side}, opening" if label else f"{panel.name}, open edge {i}"
        found[name] = found.get(name, 0.0) + panel.length_m(i)
    return found


def _panels(pattern: Pattern) -> dict[str, float]:
    found: dict[str, float] = {}
    for panel in pattern.panels:
        outline = panel.outline_m()
        along = np.array([np.cos(panel.grain_rad), np.sin(panel.grain_rad)])
        across = np.array([-along[1], along[0]])
        name = panel.name.replace("_", " ")
        found[f"{name}, along the grain"] = float(np.ptp(outline @ along))
        found[f"{name}, across the grain"] = float(np.ptp(outline @ across))
    return found
