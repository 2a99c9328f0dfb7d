"""Can a body get into it: girths of the pattern against girths of the body."""

from collections.abc import Iterator

import numpy as np

from fitting.body.measurements import Measurements
from fitting.pattern.finding import Finding
from fitting.pattern.model import Panel, Pattern

_PARTS = (
    (("torso", "torso_front", "torso_back"), "bust_girth"),
    (("chest",), "under_bust_girth"),
    (("skirt",), "hip_girth"),
    (("leg_l",), "thigh_girth"),
    (("leg_r",), "thigh_girth"),
    (("sleeve_l",), "upper_arm_girth"),
    (("sleeve_r",), "upper_arm_girth"),
)


def check_girths(pattern: Pattern, body: Measurements, *, max_stretch: float) -> Iterator[Finding]:
    """List parts whose pattern, stretched as far as allowed, is still narrower than the body."""
    given = body.given()
    for wraps, measure in _PARTS:
        panels = [panel for panel in pattern.panels if panel.wrap in wraps]
        if not panels or measure not in given:
            continue
        girth_m, body_m = _girth_m(panels), given[measure]
        if girth_m * max_stretch >= body_m:
            continue
        yield Finding(
            code="TOO_NARROW", panel=panels[0].name, edge=None,
            text=f"panels round {wraps[0].replace('_', ' ')} are {girth_m * 100:.1f} cm in all, "
            f"the body's {measure.replace('_', ' ')} is {body_m * 100:.1f} cm",
            remedy=f"add {(body_m / max_stretch - girth_m) * 100:.1f} cm, or take a larger size",
            numbers={"girth_m": girth_m, "body_m": body_m, "max_stretch": max_stretch},
        )  # fmt: skip


def _girth_m(panels: list[Panel]) -> float:
    """Widest girth: extents across the grain, halves of one part added."""
    return sum(_width_m(panel) for panel in panels)


def _width_m(panel: Panel) -> float:
    across = np.array([np.sin(panel.grain_rad), -np.cos(panel.grain_rad)])
    return float(np.ptp(panel.outline_m(0.01) @ across))
