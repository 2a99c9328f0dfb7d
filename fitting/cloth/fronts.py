"""Which way round a sleeve or leg in one piece goes: its seams tell where its front is."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.mesh import FlatMesh
from fitting.pattern.model import Panel, Pattern

# The front crotch of a leg is shorter than the back one by at least this share.
_SHORTER = 0.95
_TWINS = {"sleeve_l": "sleeve_r", "sleeve_r": "sleeve_l", "leg_l": "leg_r", "leg_r": "leg_l"}


def half_covered(panel: Panel) -> str:
    """``front``, ``back`` or ``whole`` of what a panel goes round."""
    if panel.wrap in ("torso_front", "torso_back"):
        return panel.wrap[6:]
    return panel.half


def tubes_with_front_left(pattern: Pattern, flat: FlatMesh) -> list[bool]:
    """For every panel, whether it is a whole sleeve or leg with its front at negative x.

    A sleeve is sewn to fronts and backs; of a leg's seams with its twin the front one is shorter.
    """
    return [
        panel.half == "whole" and panel.wrap in _TWINS and _front_is_left(pattern, flat, i)
        for i, panel in enumerate(pattern.panels)
    ]


def _front_is_left(pattern: Pattern, flat: FlatMesh, i: int) -> bool:
    panels, x = pattern.panels, {"front": [], "back": []}
    crotch_m = {True: 0.0, False: 0.0}
    for j, own in _seams_of(flat, i):
        uv = flat.uv_m[own]
        half = half_covered(panels[j])
        if half in x:
            x[half].append(float(uv[:, 0].mean()))
        elif panels[j].wrap == _TWINS[panels[i].wrap]:
            length_m = float(np.linalg.norm(np.diff(uv, axis=0), axis=1).sum())
            crotch_m[bool(uv[:, 0].mean() < 0)] += length_m
    if x["front"] and x["back"]:
        return float(np.mean(x["front"])) < float(np.mean(x["back"]))
    return 0 < crotch_m[True] < _SHORTER * crotch_m[False]


def _seams_of(flat: FlatMesh, i: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Seams of a panel with others: the other one, and the panel's own vertices."""
    for _, *sides in flat.seam_sides:
        for own, other in (sides, sides[::-1]):
            j = int(flat.panel[other[0]])
            if int(flat.panel[own[0]]) == i != j:
                yield j, own
