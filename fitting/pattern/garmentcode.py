"""Read and write GarmentCode specifications (JSON).

Edge numbers are file order; loops are never re-based, mirrored or re-oriented. Curvature is
relative to the edge unless the file says so: control = start + x e + y perp(e), perp = (-e_y, e_x).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.curve import Edge
from fitting.pattern.model import Half, Panel, Pattern, Wrap
from fitting.pattern.seam import Seam

SLEEVE_TURN_RAD = np.radians(20.0)


def read_garmentcode(path: Path) -> Pattern:
    """Read a specification.

    Raises:
        PatternError: If it cannot be read or sewn; names panel and edge.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise PatternError(f"pattern file {path} is not readable JSON: {error}") from error
    name = path.stem.removesuffix("_specification").replace("_", " ")
    return pattern_from_garmentcode(data, name=name)


def pattern_from_garmentcode(data: Any, *, name: str = "pattern") -> Pattern:
    """Build a pattern from the content of a specification.

    Raises:
        PatternError: If it makes no sense; names panel and edge.
    """
    try:
        return _pattern(data, name)
    except PatternError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise PatternError(f"{name} is not a GarmentCode specification: {error!r}") from error


def _pattern(data: Any, name: str) -> Pattern:
    if not isinstance(data, dict) or not isinstance(data.get("pattern"), dict):
        raise PatternError(f"{name} has no 'pattern' table, so it is not a GarmentCode file")
    content, properties = data["pattern"], data.get("properties") or {}
    warnings: list[str] = []
    units = properties.get("units_in_meter")
    if units is None:
        warnings.append("the file states no unit; centimetres are assumed")
    scale = 1.0 / float(units or 100)
    if not 0 < scale < 1e3:
        raise PatternError(f"{name}: units_in_meter is {units!r}, wanted a positive number")
    absolute = properties.get("curvature_coords") == "absolute"
    panels = tuple(
        _panel(str(key), value, scale, absolute=absolute)
        for key, value in content["panels"].items()
    )
    if not panels:
        raise PatternError(f"{name} has no panel")
    seams = tuple(_seam(i, stitch, panels) for i, stitch in enumerate(content.get("stitches", [])))
    _check_single_use(seams)
    return Pattern(name=name, panels=panels, seams=seams, warnings=tuple(warnings))


def _panel(name: str, content: Mapping[str, Any], scale: float, *, absolute: bool) -> Panel:
    vertices = np.array(content["vertices"], dtype=np.float64).reshape(-1, 2) * scale
    if not np.isfinite(vertices).all():
        raise PatternError(f"panel {name!r} has a corner that is not a number")
    edges = tuple(
        _edge(name, i, edge, vertices, scale, absolute=absolute)
        for i, edge in enumerate(content["edges"])
    )
    _check_loop(name, edges)
    translation = _triple(content.get("translation", (0, 0, 0))) * scale
    rotation = np.radians(_triple(content.get("rotation", (0, 0, 0))))
    wrap, half = _wrap(name, translation, rotation)
    return Panel(
        name=name,
        vertices_m=vertices,
        edges=edges,
        translation_m=(float(translation[0]), float(translation[1]), float(translation[2])),
        rotation_rad=(float(rotation[0]), float(rotation[1]), float(rotation[2])),
        wrap=wrap,
        half=half,
        label=str(content.get("label", "")),
    )


def _triple(values: Any) -> NDArray[np.float64]:
    triple = np.array(values, dtype=np.float64)
    if triple.shape != (3,) or not np.isfinite(triple).all():
        raise PatternError(f"placement {values!r} is not three numbers")
    return triple


def _wrap(
    name: str, translation: NDArray[np.float64], rotation: NDArray[np.float64]
) -> tuple[Wrap, Half]:
    """Which part of the body a panel goes round, from its name and its own placement."""
    half: Half = "front" if translation[2] >= 0 else "back"
    if "sleeve" in name.lower() or "cuff" in name.lower():
        return ("sleeve_l" if translation[0] >= 0 else "sleeve_r"), half
    turned = abs(np.sin(rotation[1])) > np.sin(SLEEVE_TURN_RAD)
    if turned or abs(rotation[2]) > SLEEVE_TURN_RAD:
        return "as_placed", half
    return ("torso_front" if half == "front" else "torso_back"), "whole"


def _edge(
    panel: str, i: int, content: Mapping[str, Any], vertices: NDArray[np.float64], scale: float,
    *, absolute: bool,
) -> Edge:  # fmt: skip
    start, stop = (int(index) for index in content["endpoints"])
    for index in (start, stop):
        if not 0 <= index < len(vertices):
            raise PatternError(
                f"panel {panel!r}, edge {i}: corner {index} does not exist, "
                f"the panel has {len(vertices)}"
            )
    a, b = vertices[start], vertices[stop]
    length = float(np.linalg.norm(b - a))
    if length < 1e-7:
        raise PatternError(f"panel {panel!r}, edge {i}: both ends are at the same place")
    with np.errstate(invalid="ignore", over="ignore"):
        controls, arc = _curvature(content.get("curvature"), a, b, scale, absolute=absolute)
    if not np.isfinite([*(x for point in controls for x in point), *(arc or ())]).all():
        raise PatternError(f"panel {panel!r}, edge {i}: a control point is not a number")
    return Edge(
        start=start, stop=stop, controls_m=controls, arc=arc, label=str(content.get("label", ""))
    )


def _curvature(
    curvature: Any, a: NDArray[np.float64], b: NDArray[np.float64], scale: float, *, absolute: bool
) -> tuple[tuple[tuple[float, float], ...], tuple[float, bool, bool] | None]:
    if curvature is None:
        return (), None
    if isinstance(curvature, list):
        curvature = {"type": "quadratic", "params": [curvature]}
    kind, params = curvature["type"], curvature["params"]
    if kind == "circle":
        radius, large, right = params
        return (), (float(radius) * scale, bool(large), bool(right))
    if kind not in ("quadratic", "cubic"):
        raise PatternError(
            f"curvature {kind!r} is not known; line, quadratic, cubic and circle are"
        )
    along = b - a
    across = np.array([-along[1], along[0]])
    points = []
    for x, y in params[: 1 if kind == "quadratic" else 2]:
        point = np.array([x, y]) * scale if absolute else a + x * along + y * across
        points.append((float(point[0]), float(point[1])))
    return tuple(points), None


def _check_loop(name: str, edges: tuple[Edge, ...]) -> None:
    if len(edges) < 2:
        raise PatternError(f"panel {name!r} has {len(edges)} edges; a closed loop needs more")
    for i, edge in enumerate(edges):
        follower = edges[(i + 1) % len(edges)]
        if edge.stop != follower.start:
            raise PatternError(
                f"panel {name!r} is not closed: edge {i} ends at corner {edge.stop}, "
                f"edge {(i + 1) % len(edges)} starts at corner {follower.start}"
            )


def _seam(i: int, stitch: Any, panels: tuple[Panel, ...]) -> Seam:
    known = {panel.name: panel for panel in panels}
    if len(stitch) < 2:
        raise PatternError(f"stitch {i} joins {len(stitch)} edges, two are needed")
    sides: list[tuple[str, int]] = []
    for side in stitch[:2]:
        name, number = str(side["panel"]), int(side["edge"])
        if name not in known:
            raise PatternError(f"stitch {i} names panel {name!r}, which does not exist")
        if not 0 <= number < len(known[name].edges):
            raise PatternError(
                f"stitch {i} names edge {number} of panel {name!r}, "
                f"which has edges 0 to {len(known[name].edges) - 1}"
            )
        sides.append((name, number))
    keeps = len(stitch) > 2 and stitch[2] == "right_wrong"
    return Seam(side_a=sides[0], side_b=sides[1], reversed=not keeps)


def _check_single_use(seams: tuple[Seam, ...]) -> None:
    used: dict[tuple[str, int], int] = {}
    for i, seam in enumerate(seams):
        for side in (seam.side_a, seam.side_b):
            if side in used:
                raise PatternError(
                    f"edge {side[1]} of panel {side[0]!r} is in stitch {used[side]} "
                    f"and in stitch {i}; an edge has one seam"
                )
            used[side] = i


def garmentcode_from_pattern(pattern: Pattern) -> dict[str, Any]:
    """Content of a specification in centimetres that reads back as the same pattern."""
    panels: dict[str, Any] = {}
    for panel in pattern.panels:
        edges = []
        for edge in panel.edges:
            item: dict[str, Any] = {"endpoints": [edge.start, edge.stop]}
            if edge.controls_m:
                kind = "quadratic" if len(edge.controls_m) == 1 else "cubic"
                item["curvature"] = {"type": kind, "params": _relative(panel, edge)}
            if edge.arc is not None:
                radius, large, right = edge.arc
                params = [radius * 100, int(large), int(right)]
                item["curvature"] = {"type": "circle", "params": params}
            if edge.label:
                item["label"] = edge.label
            edges.append(item)
        panels[panel.name] = {
            "translation": [100 * x for x in panel.translation_m],
            "rotation": np.degrees(panel.rotation_rad).tolist(),
            "vertices": (panel.vertices_m * 100).tolist(),
            "edges": edges,
        } | ({"label": panel.label} if panel.label else {})
    stitches = [
        [{"panel": p, "edge": e} for p, e in (seam.side_a, seam.side_b)]
        + cast("list[Any]", [] if seam.reversed else ["right_wrong"])
        for seam in pattern.seams
    ]
    return {
        "pattern": {"panels": panels, "stitches": stitches},
        "properties": {"curvature_coords": "relative", "units_in_meter": 100},
    }


def _relative(panel: Panel, edge: Edge) -> list[list[float]]:
    a, b = panel.vertices_m[edge.start], panel.vertices_m[edge.stop]
    along = b - a
    across = np.array([-along[1], along[0]])
    square = float(along @ along)
    offsets = [np.array(point) - a for point in edge.controls_m]
    return [[float(o @ along) / square, float(o @ across) / square] for o in offsets]
