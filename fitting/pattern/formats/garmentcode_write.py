"""Write GarmentCode specifications (JSON) that read back as the same pattern.

Numbers are the shortest decimals that the reader turns into the same metres, so a file that was
read and is written again keeps its digits. What the file said besides is given back unchanged.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.curve import Edge
from fitting.pattern.formats.garmentcode import EXTRAS, control_point_m
from fitting.pattern.formats.garmentcode_extras import extras_of_panel, extras_of_seams
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.panels.split import split_seams
from fitting.pattern.wraps import guess_wrap

_N_FIT = 64


def garmentcode_from_pattern(pattern: Pattern) -> dict[str, Any]:
    """Content of a specification that reads back as the same pattern.

    In centimetres, or in the unit of the GarmentCode file that it was read from. Seams of runs are
    cut into seams of whole edges first, which is all that the format knows.
    """
    if not all(seam.is_whole for seam in pattern.seams):
        pattern = split_seams(pattern)
    extras = pattern.extras.get(EXTRAS) or {}
    properties = {"curvature_coords": "relative", "units_in_meter": 100} | extras.get(
        "properties", {}
    )
    units = float(properties["units_in_meter"] or 100)
    writer = _Writer(
        units,
        absolute=properties["curvature_coords"] == "absolute",
        bare=bool(extras.get("bare_curvature")),
        family=pattern.name,
    )
    rest = extras.get("panels", {})
    panels = {p.name: writer.panel(p) | rest.get(p.name, {}) for p in pattern.panels}
    order = [name for name in extras.get("order", ()) if name in panels]
    panels = {name: panels[name] for name in (*order, *(n for n in panels if n not in order))}
    stitches = [
        [{"panel": p, "edge": e} for p, e in (seam.side_a, seam.side_b)]
        + cast("list[Any]", [] if seam.reversed else ["right_wrong"])
        for seam in pattern.seams
    ]
    content = {"panels": panels, "stitches": stitches} | extras.get("pattern", {})
    data = {"pattern": content, "properties": properties} | extras.get("top", {})
    seams = extras_of_seams(pattern)
    return data | ({"muslin": {"seams": seams}} if seams else {})


def shortest(wanted: float, back: Callable[[float], float], guess: float) -> float:
    """Shortest decimal near a guess that ``back`` turns into exactly what is wanted."""
    for digits in range(1, 18):
        value = float(f"{guess:.{digits}g}")
        if back(value) == wanted:
            return value
    # Multiplying and dividing by a unit may miss by the last bit.
    near = (float(np.nextafter(guess, side)) for side in (-np.inf, np.inf))
    return next((value for value in near if back(value) == wanted), guess)


class _Writer:
    """Turns panels into tables, in one unit."""

    def __init__(self, units: float, *, absolute: bool, bare: bool, family: str) -> None:
        self._units, self._absolute, self._bare = units, absolute, bare
        self._family = family

    def _length(self, value_m: float) -> float:
        return shortest(float(value_m), lambda x: x / self._units, float(value_m) * self._units)

    def panel(self, panel: Panel) -> dict[str, Any]:
        table: dict[str, Any] = {
            "translation": [self._length(x) for x in panel.translation_m],
            "rotation": [
                shortest(x, lambda v: float(np.radians(v)), float(np.degrees(x)))
                for x in panel.rotation_rad
            ],
            "vertices": [[self._length(x) for x in corner] for corner in panel.vertices_m],
            "edges": [self._edge(panel, i) for i in range(len(panel.edges))],
        }
        if panel.label:
            table["label"] = panel.label
        return table | self._own(panel)

    def _own(self, panel: Panel) -> dict[str, Any]:
        """The table of what the format has no words for, where a reader would guess otherwise."""
        own = extras_of_panel(panel)
        guessed = guess_wrap(
            panel.name, label=panel.label, translation_m=panel.translation_m,
            rotation_rad=panel.rotation_rad, family=self._family,
        )  # fmt: skip
        if (panel.wrap, panel.half) == guessed:
            del own["wrap"], own["half"]
        return {"muslin": own} if own else {}

    def _edge(self, panel: Panel, i: int) -> dict[str, Any]:
        edge = panel.edges[i]
        table: dict[str, Any] = {"endpoints": [edge.start, edge.stop]}
        curvature = self._curvature(panel, i)
        if curvature is not None:
            table["curvature"] = curvature
        if edge.label:
            table["label"] = edge.label
        return table

    def _curvature(self, panel: Panel, i: int) -> Any:
        edge, (a, b) = panel.edges[i], panel.corners_m(i)
        if edge.arc is not None:
            radius, large, right = edge.arc
            return {"type": "circle", "params": [self._length(radius), int(large), int(right)]}
        controls = edge.controls_m or (fitted_controls_m(panel, i) if edge.through_m else ())
        if not controls:
            return None
        params = [self._control(point, a, b) for point in controls]
        if self._bare and len(params) == 1:
            return params[0]
        return {"type": "quadratic" if len(params) == 1 else "cubic", "params": params}

    def _control(
        self, point: tuple[float, float], a: NDArray[np.float64], b: NDArray[np.float64]
    ) -> list[float]:
        if self._absolute:
            return [self._length(x) for x in point]
        along = b - a
        across = np.array([-along[1], along[0]])
        offset, square = np.array(point) - a, float(along @ along)
        x, y = float(offset @ along) / square, float(offset @ across) / square
        for digits in range(1, 18):
            short_x, short_y = (float(f"{value:.{digits}g}") for value in (x, y))
            if control_point_m(short_x, short_y, a, b) == point:
                return [short_x, short_y]
        return [x, y]


def fitted_controls_m(panel: Panel, i: int) -> tuple[tuple[float, float], ...]:
    """Controls of the cubic nearest to an edge that runs through points (least squares)."""
    share = np.linspace(0, 1, _N_FIT)
    points = panel.points_m(i, share)
    a, b = panel.corners_m(i)
    t = share[:, None]
    rest = points - (1 - t) ** 3 * a - t**3 * b
    basis = np.stack([3 * share * (1 - share) ** 2, 3 * share**2 * (1 - share)], axis=1)
    solved, *_ = np.linalg.lstsq(basis, rest, rcond=None)
    return tuple((float(x), float(y)) for x, y in solved)


def deviation_m(panel: Panel, i: int) -> float:
    """How far that cubic is from the edge at most; 0 for edges that the format can express."""
    if not panel.edges[i].through_m:
        return 0.0
    cubic = Edge(start=0, stop=1, controls_m=fitted_controls_m(panel, i))
    fitted = Panel(name="", vertices_m=np.array(panel.corners_m(i)), edges=(cubic,))
    share = np.linspace(0, 1, _N_FIT)
    gaps = fitted.points_m(0, share) - panel.points_m(i, share)
    return float(np.linalg.norm(gaps, axis=1).max())
