"""Read GarmentCode specifications (JSON).

Edge numbers are file order; loops are never re-based, mirrored or re-oriented. Curvature is
relative to the edge unless the file says so: control = start + x e + y perp(e), perp = (-e_y, e_x).
Lengths are divided by ``units_in_meter``; everything else is metres.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.checks.structure import check_structure, raise_broken
from fitting.pattern.curve import Edge
from fitting.pattern.finding import Finding
from fitting.pattern.formats.garmentcode_extras import panel_extras, seam_extras
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.reading import PatternFormat, Reading, ReadOptions, read_text
from fitting.pattern.seam import Run, Seam
from fitting.pattern.wraps import guess_wrap

# Where a writer of the same format finds what the model has no place for.
EXTRAS = "garmentcode"
MAX_SEAMS = 20_000
_PANEL_KEYS = ("translation", "rotation", "vertices", "edges", "label", "muslin")


def read_garmentcode(path: Path) -> Pattern:
    """Read a specification.

    Raises:
        PatternError: If it cannot be read or sewn; names panel and edge.
    """
    reading = read_garmentcode_file(path, ReadOptions())
    raise_broken(path.name, (*reading.findings, *check_structure(reading.pattern)))
    return reading.pattern


def read_garmentcode_file(path: Path, options: ReadOptions) -> Reading:
    """Read a specification as far as it can be understood.

    Raises:
        PatternError: If it is no specification at all.
    """
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise PatternError(f"pattern file {path} is not readable JSON: {error}") from error
    name = path.stem.removesuffix("_specification").replace("_", " ")
    return reading_from_garmentcode(data, name=name, unit_m=options.unit_m)


def pattern_from_garmentcode(data: Any, *, name: str = "pattern") -> Pattern:
    """Build a pattern from the content of a specification.

    Raises:
        PatternError: If it makes no sense; names panel and edge.
    """
    reading = reading_from_garmentcode(data, name=name)
    raise_broken(name, (*reading.findings, *check_structure(reading.pattern)))
    return reading.pattern


def reading_from_garmentcode(
    data: Any, *, name: str = "pattern", unit_m: float | None = None
) -> Reading:
    """Understand a specification as far as possible.

    Raises:
        PatternError: If it is no specification at all.
    """
    try:
        return _Reader(data, name, unit_m).reading()
    except PatternError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise PatternError(f"{name} is not a GarmentCode specification: {error!r}") from error


class _Reader:
    """One specification; collects what it cannot express."""

    def __init__(self, data: Any, name: str, unit_m: float | None) -> None:
        if not isinstance(data, dict) or not isinstance(data.get("pattern"), dict):
            raise PatternError(f"{name} has no 'pattern' table, so it is not a GarmentCode file")
        self._data, self._name = data, name
        self._content: dict[str, Any] = data["pattern"]
        self._properties: dict[str, Any] = data.get("properties") or {}
        self._findings: list[Finding] = []
        self._warnings: list[str] = []
        self._units = self._units_in_meter(unit_m)
        self._absolute = self._properties.get("curvature_coords") == "absolute"
        self._bare = False

    def _units_in_meter(self, unit_m: float | None) -> float:
        units = self._properties.get("units_in_meter")
        if units is None:
            if unit_m is None:
                self._warnings.append("the file states no unit; centimetres are assumed")
            units = 1 / unit_m if unit_m else 100
        number = float(units)
        if not 1e-3 < number < 1e6:
            raise PatternError(
                f"{self._name}: units_in_meter is {units!r}, wanted a positive number"
            )
        return number

    def reading(self) -> Reading:
        panels = tuple(self._panel(str(key), value) for key, value in self._panels().items())
        stitches = self._content.get("stitches") or []
        if len(stitches) > MAX_SEAMS:
            raise PatternError(
                f"{self._name} has {len(stitches)} stitches; {MAX_SEAMS} is the limit"
            )
        seams = [self._seam(i, stitch) for i, stitch in enumerate(stitches)]
        pattern = Pattern(
            name=self._name,
            panels=panels,
            seams=tuple(
                seam_extras(seam, i, self._data.get("muslin"))
                for i, seam in enumerate(seams)
                if seam is not None
            ),
            warnings=tuple(self._warnings),
            extras={EXTRAS: self._extras()},
        )
        return Reading(pattern=pattern, findings=tuple(self._findings))

    def _panels(self) -> dict[str, Any]:
        """Panels in the order that the file asks for; unnamed ones follow."""
        panels: dict[str, Any] = self._content["panels"]
        order = [str(key) for key in self._content.get("panel_order") or []]
        named = [key for key in dict.fromkeys(order) if key in panels]
        return {key: panels[key] for key in [*named, *(k for k in panels if k not in named)]}

    def _extras(self) -> dict[str, Any]:
        top = {k: v for k, v in self._data.items() if k not in ("pattern", "properties", "muslin")}
        content = {k: v for k, v in self._content.items() if k not in ("panels", "stitches")}
        panels = {
            name: {k: v for k, v in panel.items() if k not in _PANEL_KEYS}
            for name, panel in self._content["panels"].items()
        }
        return {
            "top": top,
            "pattern": content,
            "panels": {name: rest for name, rest in panels.items() if rest},
            "order": list(self._content["panels"]),
            "properties": self._properties,
            "bare_curvature": self._bare,
        }

    def _broken(self, code: str, panel: str, edge: int | None, text: str, remedy: str) -> None:
        self._findings.append(
            Finding(code=code, panel=panel, edge=edge, text=text, remedy=remedy, severity="broken")
        )

    def _panel(self, name: str, content: Mapping[str, Any]) -> Panel:
        vertices = np.array(content["vertices"], dtype=np.float64).reshape(-1, 2) / self._units
        edges = tuple(
            self._edge(name, i, edge, vertices) for i, edge in enumerate(content["edges"])
        )
        placed = self._triple(name, content, "translation") / self._units
        turned = np.radians(self._triple(name, content, "rotation"))
        translation = (float(placed[0]), float(placed[1]), float(placed[2]))
        rotation = (float(turned[0]), float(turned[1]), float(turned[2]))
        label = str(content.get("label") or "")
        wrap, half = guess_wrap(
            name, label=label, translation_m=translation, rotation_rad=rotation, family=self._name
        )
        panel = Panel(
            name=name,
            vertices_m=vertices,
            edges=edges,
            translation_m=translation,
            rotation_rad=rotation,
            wrap=wrap,
            half=half,
            label=label,
        )
        return panel_extras(panel, content.get("muslin"))

    def _triple(self, panel: str, content: Mapping[str, Any], key: str) -> NDArray[np.float64]:
        values = content.get(key, (0, 0, 0))
        try:
            triple = np.array(values, dtype=np.float64)
        except (TypeError, ValueError):
            triple = np.zeros(0)
        if triple.shape == (3,) and np.isfinite(triple).all() and np.abs(triple).max() < 1e9:
            return triple
        self._broken("BAD_PLACE", panel, None, f"its {key} {values!r} is not three numbers",
                     "give x, y and z")  # fmt: skip
        return np.zeros(3)

    def _edge(
        self, panel: str, i: int, content: Mapping[str, Any], vertices: NDArray[np.float64]
    ) -> Edge:
        start, stop = (int(index) for index in content["endpoints"])
        label = str(content.get("label") or "")
        edge = Edge(start=start, stop=stop, label=label)
        if not (0 <= start < len(vertices) and 0 <= stop < len(vertices)):
            return edge
        curvature = content.get("curvature")
        if curvature is None:
            return edge
        if isinstance(curvature, list):
            self._bare = True
            curvature = {"type": "quadratic", "params": [curvature]}
        kind, params = curvature["type"], curvature["params"]
        if kind == "circle":
            radius, large, right = params
            arc = (float(radius) / self._units, bool(large), bool(right))
            return Edge(start=start, stop=stop, arc=arc, label=label)
        if kind not in ("quadratic", "cubic"):
            known = "line, quadratic, cubic and circle are"
            self._broken("CURVATURE", panel, i, f"curvature {kind!r} is not known", known)
            return edge
        points = params[: 1 if kind == "quadratic" else 2]
        with np.errstate(invalid="ignore", over="ignore"):
            controls = tuple(
                self._control(x, y, vertices[start], vertices[stop]) for x, y in points
            )
        return Edge(start=start, stop=stop, controls_m=controls, label=label)

    def _control(
        self, x: float, y: float, a: NDArray[np.float64], b: NDArray[np.float64]
    ) -> tuple[float, float]:
        if self._absolute:
            return float(x) / self._units, float(y) / self._units
        return control_point_m(float(x), float(y), a, b)

    def _seam(self, i: int, stitch: Any) -> Seam | None:
        sides = [item for item in stitch if not isinstance(item, str)]
        if len(sides) != 2:
            text = f"stitch {i} joins {len(sides)} edges, two are needed"
            self._broken("STITCH", "", None, text, "name two edges")
            return None
        runs_a, runs_b = (_runs(side) for side in sides)
        # A third item "right_wrong" keeps the direction, as collars need it.
        return Seam(runs_a=runs_a, runs_b=runs_b, reversed="right_wrong" not in stitch)


def control_point_m(
    x: float, y: float, a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[float, float]:
    """Control point of a curve from a to b, by its share along and across the edge."""
    along = b - a
    point = a + x * along + y * np.array([-along[1], along[0]])
    return float(point[0]), float(point[1])


def _runs(side: Any) -> tuple[Run, ...]:
    """One edge, or a list of edges that are sewn as one."""
    items = side if isinstance(side, list) else [side]
    if not 0 < len(items) < 1000:
        raise PatternError(f"a stitch has a side of {len(items)} edges")
    return tuple(Run(panel=str(item["panel"]), edge=int(item["edge"])) for item in items)


def _knows(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"parts"' not in start


GARMENTCODE = PatternFormat(
    name="GarmentCode", suffixes=(".json",), knows=_knows, read=read_garmentcode_file
)
