"""Read FreeSewing drafts (JSON, millimetres, y down; notches from the SVG of the same name).

Panels become metres with y up. Halves on a fold are mirrored; the drawn half of front and back is
the wearer's left, x to the wearer's left in both, so the back's loop runs clockwise. The designs of
`fitting.pattern.formats.freesewing_recipes` come sewn, others without seams.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.curve import Edge
from fitting.pattern.formats.freesewing_recipes import RECIPES, Recipe, Stretch
from fitting.pattern.marks import Notch, NotchKind
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.panels.fold import (
    Frame,
    edges_on_line,
    framed_panel,
    mirrored_panel,
    notch_at,
    unfold,
)
from fitting.pattern.reading import PatternFormat, Reading, ReadOptions, checked_points, read_text
from fitting.pattern.seam import Run, Seam
from fitting.pattern.wraps import wrap_of_loose

Points = NDArray[np.float64]
RawNotch = tuple[NotchKind, Points]
MM_M = 0.001
MIN_EDGE_M = 2e-5
SAME_POINT_M = 2e-5
MAX_OPS = 5000
# Bands that are drawn upright, and whether they turn clockwise to lie across: the side that is
# drawn first is sewn to the garment above a cuff, and below a waistband.
_BANDS: dict[str, bool] = {"waist": False, "ankle_l": True, "ankle_r": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A panel, and where the points of its design lie in the panel's own coordinates."""

    panel: Panel
    points_m: dict[str, Points]
    n_half: int = 0


def read_freesewing_file(path: Path, options: ReadOptions) -> Reading:
    """Read a draft; its seams come from the recipe of its design, where there is one.

    Raises:
        PatternError: If it is no FreeSewing draft.
    """
    del options
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise PatternError(f"pattern file {path} is not readable JSON: {error}") from error
    twin = path.with_suffix(".svg")
    notches = notches_of_svg(read_text(twin)) if twin.is_file() else None
    try:
        return Reading(pattern=_pattern(data, path.stem, notches))
    except PatternError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise PatternError(f"{path} is not a FreeSewing draft: {error!r}") from error


def _pattern(data: Any, name: str, notches: dict[str, list[RawNotch]] | None) -> Pattern:
    if not isinstance(data, Mapping) or not isinstance(data.get("parts"), Mapping):
        raise PatternError(f"{name} has no 'parts', so it is not a FreeSewing draft")
    design = str(data.get("design") or name).lower()
    recipe = RECIPES.get(design, Recipe(places=()))
    warnings, parts = [], {}
    if notches is None:
        warnings.append(f"no {name}.svg beside it, which alone holds the notches")
    if design not in RECIPES:
        known = ", ".join(RECIPES)
        warnings.append(f"no seams are known for design {design!r} (they are for {known})")
    left_out = dict(recipe.left_out)
    for key, content in data["parts"].items():
        if key in left_out:
            warnings.append(f"{key} is left out: {left_out[key]}")
            continue
        part = _part(str(key), content, recipe, (notches or {}).get(key, []))
        if part is not None:
            parts[str(key)] = part
    if not parts:
        raise PatternError(f"{name} has no part with an outline")
    for key, wrap in recipe.copies:
        if key in parts:
            twin = f"{key} {'right' if wrap.endswith('_r') else 'left'}"
            parts[twin] = _copy(parts[key], twin, wrap)
    panels = _hung(tuple(part.panel for part in parts.values()))
    seams = tuple(
        _seam([_runs(parts, s) for s in a], [_runs(parts, s) for s in b])
        for a, b in recipe.seams
        if all(s[0].removesuffix("'") in parts for s in (*a, *b))
    )
    return Pattern(name=design, panels=panels, seams=seams, warnings=tuple(warnings))


def _hung(panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
    """Put cuffs below the legs and a waistband above them, where the design draws them apart."""
    legs = [panel.vertices_m[:, 1] for panel in panels if panel.wrap.startswith("leg")]
    if not legs:
        return panels
    heights = {"waist": max(y.max() for y in legs)}
    heights |= {f"ankle_{side}": min(y.min() for y in legs) for side in "lr"}
    return tuple(
        replace(panel, translation_m=(0.0, float(heights[panel.wrap]), 0.0))
        if panel.wrap in heights
        else panel
        for panel in panels
    )


def _copy(part: _Part, name: str, wrap: Any) -> _Part:
    """The panel for the other side of the body.

    Sleeves and cuffs count x > 0 as the front of the limb on both sides, so they stay as they are.
    """
    if part.panel.half == "whole":
        return replace(part, panel=replace(part.panel, name=name, wrap=wrap))
    flipped = {key: np.array([-1.0, 1.0]) * point for key, point in part.points_m.items()}
    return replace(part, panel=mirrored_panel(part.panel, name=name), points_m=flipped)


def _part(
    name: str, content: Mapping[str, Any], recipe: Recipe, notches: list[RawNotch]
) -> _Part | None:
    paths = content.get("paths") or {}
    outline = _outline_path(paths)
    if outline is None:
        return None
    flip = np.array([MM_M, -MM_M])
    points = {
        str(key): np.array([float(v[0]), float(v[1])]) * flip
        for key, v in (content.get("points") or {}).items()
        if not str(key).startswith("__")
    }
    corners, edges = _edges(name, outline["ops"], flip)
    wrap, half = wrap_of_loose(name)
    for part, known_wrap, known_half in recipe.places:
        if part == name:
            wrap, half = known_wrap, known_half
    panel = Panel(name=name, vertices_m=corners, edges=edges, wrap=wrap, half=half,
                  grain_known=False)  # fmt: skip
    panel = _turned(panel, clockwise=wrap == "torso_back")
    panel = _with_marks(panel, paths, flip, notches)
    checked_points(np.array(list(points.values())), f"part {name!r}")
    folded = _fold_line(paths, flip)
    n_half = 0
    if folded is not None:
        folds = edges_on_line(panel, *folded)
        if folds and len(folds) < len(panel.edges) - 1:
            n_half = len(panel.edges) - len(folds)
            panel = unfold(panel, folds)
    part = _Part(panel=panel, points_m=points, n_half=n_half)
    if wrap in _BANDS and np.ptp(panel.vertices_m[:, 1]) > np.ptp(panel.vertices_m[:, 0]):
        return _laid_across(part, clockwise=_BANDS[wrap])
    # A half back is symmetric; a whole one is drawn as seen from behind.
    return _seen_from_front(part) if half == "back" and not n_half else part


def _laid_across(part: _Part, *, clockwise: bool) -> _Part:
    """A band that is drawn upright, laid across, its middle at x = 0."""
    y = part.panel.vertices_m[:, 1]
    middle = float(y.min() + y.max()) / 2
    frame = Frame(up_rad=np.pi if clockwise else 0.0, origin_m=(0.0, middle))
    points = {key: frame.seen(point[None])[0] for key, point in part.points_m.items()}
    panel = framed_panel(part.panel, frame)
    return replace(part, panel=panel, points_m=points)


def _seen_from_front(part: _Part) -> _Part:
    flipped = {key: np.array([-1.0, 1.0]) * point for key, point in part.points_m.items()}
    panel = mirrored_panel(part.panel, name=part.panel.name)
    return replace(part, panel=replace(panel, wrap=part.panel.wrap), points_m=flipped)


def _outline_path(paths: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The sew line: ``seam``, else the first closed path of cloth."""
    if "seam" in paths:
        return paths["seam"]
    for path in paths.values():
        words = " ".join(map(str, (path.get("attributes") or {}).get("class") or []))
        is_cloth = any(word in words.split() for word in ("fabric", "lining", "interfacing"))
        if is_cloth and "help" not in words and "sa" not in words.split():
            return path
    return None


def _edges(name: str, ops: Any, flip: Points) -> tuple[Points, tuple[Edge, ...]]:
    """Corners and edges of a path; pieces without length are dropped, and it is closed."""
    if not isinstance(ops, list) or not 2 < len(ops) <= MAX_OPS:
        raise PatternError(f"part {name!r}: its outline has no operations, or too many")
    corners: list[Points] = []
    controls: list[tuple[Points, ...]] = []
    at = np.zeros(2)
    for op in ops:
        if op["type"] == "close":
            break
        to = np.array(op["to"], dtype=np.float64).reshape(2) * flip
        if op["type"] != "move" and np.linalg.norm(to - at) > MIN_EDGE_M:
            cps = [op[k] for k in ("cp1", "cp2") if k in op] if op["type"] == "curve" else []
            corners.append(at)
            controls.append(tuple(np.array(c, dtype=np.float64).reshape(2) * flip for c in cps))
        at = to
    if corners and np.linalg.norm(at - corners[0]) > MIN_EDGE_M:
        corners.append(at)
        controls.append(())
    edges = tuple(
        Edge(
            start=i,
            stop=(i + 1) % len(corners),
            controls_m=tuple((float(c[0]), float(c[1])) for c in controls[i]),
        )
        for i in range(len(corners))
    )
    checked_points(np.array([p for points in controls for p in points]), f"part {name!r}")
    return checked_points(np.array(corners).reshape(-1, 2), f"part {name!r}"), edges


def _turned(panel: Panel, *, clockwise: bool) -> Panel:
    """The same outline in the wanted direction."""
    if len(panel.edges) < 2 or not np.isfinite(panel.vertices_m).all():
        return panel
    x, y = panel.vertices_m.T
    area = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    if (area < 0) == clockwise:
        return panel
    edges = tuple(
        replace(edge, start=edge.stop, stop=edge.start, controls_m=edge.controls_m[::-1])
        for edge in reversed(panel.edges)
    )
    return replace(panel, edges=edges)


def _with_marks(
    panel: Panel, paths: Mapping[str, Any], flip: Points, notches: list[RawNotch]
) -> Panel:
    placed = []
    for kind, point in notches:
        notch = notch_at(panel, point * flip, Notch(edge=0, share=0.0, kind=kind))
        if notch is not None:
            placed.append(notch)
    panel = replace(panel, notches=tuple(placed))
    for key, path in paths.items():
        if key.startswith(("__macro_grainline", "__macro_cutonfold")):
            a, b = _ends(path, flip)
            x, y = b - a
            grain = float(np.arctan2(abs(y), x)) if y else float(np.arctan2(y, x))
            # A fold that is also the grain says so in its text.
            text = str((path.get("attributes") or {}).get("data-text", ""))
            if "grainline" in key.lower() or "grainline" in text.lower():
                panel = replace(panel, grain_rad=grain, grain_known=True)
    return panel


def _ends(path: Mapping[str, Any], flip: Points) -> tuple[Points, Points]:
    places = [op["to"] for op in path["ops"] if "to" in op]
    ends = np.array([places[0], places[-1]], dtype=np.float64).reshape(2, 2) * flip
    first, last = checked_points(ends, "a fold or grain line")
    return first, last


def _fold_line(paths: Mapping[str, Any], flip: Points) -> tuple[Points, Points] | None:
    for key, path in paths.items():
        if key.startswith("__macro_cutonfold"):
            a, b = _ends(path, flip)
            if np.linalg.norm(b - a) > MIN_EDGE_M:
                return a, b
    return None


def _corner(part: _Part, point: str) -> int:
    if point not in part.points_m:
        raise PatternError(f"part {part.panel.name!r} has no point {point!r}")
    gaps = np.linalg.norm(part.panel.vertices_m - part.points_m[point], axis=1)
    used = {edge.start for edge in part.panel.edges}
    nearest = min(used, key=lambda i: gaps[i])
    if gaps[nearest] > SAME_POINT_M:
        raise PatternError(f"part {part.panel.name!r}: point {point!r} is no corner")
    return nearest


def _runs(parts: Mapping[str, _Part], stretch: Stretch) -> tuple[Run, ...]:
    """Edges from one named point to another, the shorter way, in walking order."""
    name, first, last = stretch
    part = parts[name.removesuffix("'")]
    panel, n = part.panel, part.n_half or len(part.panel.edges)
    edges = list(range(n))
    start, stop = _corner(part, first), _corner(part, last)
    loop = [panel.edges[i].start for i in edges] + [panel.edges[edges[-1]].stop]
    i, j = loop.index(start), loop.index(stop)
    forward = edges[i:j] if i < j else ([] if part.n_half else edges[i:] + edges[:j])
    backward = edges[j:i] if j < i else ([] if part.n_half else edges[j:] + edges[:i])
    ways = [way for way in (forward, backward) if way]
    way = min(ways, key=lambda w: sum(panel.length_m(k) for k in w))
    along = way is forward
    runs = [(k, along) for k in (way if along else way[::-1])]
    if name.endswith("'"):
        # The mirrored half runs the other way round and counts from the end.
        runs = [(2 * n - 1 - k, not along) for k, along in runs]
    return tuple(
        Run(panel=panel.name, edge=k, start=0.0 if a else 1.0, stop=1.0 if a else 0.0)
        for k, a in runs
    )


def _seam(sides_a: list[tuple[Run, ...]], sides_b: list[tuple[Run, ...]]) -> Seam:
    a, b = (tuple(run for side in sides for run in side) for sides in (sides_a, sides_b))
    if len(a) == len(b) == 1:
        opposite = (a[0].start > a[0].stop) != (b[0].start > b[0].stop)
        return Seam(
            side_a=(a[0].panel, a[0].edge), side_b=(b[0].panel, b[0].edge), reversed=opposite,
            kind="ease",
        )  # fmt: skip
    return Seam(runs_a=a, runs_b=b, reversed=False, kind="ease")


def notches_of_svg(text: str) -> dict[str, list[RawNotch]]:
    """Notches by part, in file units: ``#notch`` is the front's, ``#bnotch`` the back's."""
    found: dict[str, list[RawNotch]] = {}
    part = ""
    for match in re.finditer(r'<g id="fs-stack-[^"]*-part-([^"]*)"|<use ([^>]{1,400})>', text):
        if match.group(1):
            part = match.group(1)
            continue
        use = match.group(2)
        kind = re.search(r'href="#(b?notch)"', use)
        place = re.search(r'x="(-?[\d.]+)" y="(-?[\d.]+)"', use)
        if kind and place:
            point = np.array([float(place.group(1)), float(place.group(2))])
            found.setdefault(part, []).append(("v" if kind.group(1) == "notch" else "t", point))
    return found


def _knows(start: bytes) -> bool:
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"{") and (b'"parts"' in start or b'"design"' in start)


FREESEWING = PatternFormat(
    name="FreeSewing", suffixes=(".json",), knows=_knows, read=read_freesewing_file
)
