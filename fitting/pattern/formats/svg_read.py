"""Read SVG drawings: every closed shape is a panel, shapes inside one are holes.

Open lines inside a panel are inner lines; one whose id or class says ``grain`` is its grain, one
that says ``notch`` a notch. What has the class ``overlay`` is no part of the pattern. The drawing's
width or height must state a unit of length. Documents with entities are refused, and nothing that a
file refers to is ever opened.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.curve import Edge
from fitting.pattern.formats.freesewing import FREESEWING, read_freesewing_file
from fitting.pattern.formats.svg_path import Subpath, read_path, read_transform
from fitting.pattern.marks import Hole, InternalLine, LineKind, Notch
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.panels.fold import edges_on_line, notch_at, unfold
from fitting.pattern.reading import PatternFormat, Reading, ReadOptions, checked_points, read_bytes
from fitting.pattern.wraps import wrap_of_loose

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Points = NDArray[np.float64]
UNITS_M = {"mm": 0.001, "cm": 0.01, "in": 0.0254, "m": 1.0, "pt": 0.0254 / 72, "pc": 0.0254 / 6}
MIN_AREA_M2 = 1e-4
JOIN_M = 1e-4
MAX_SHAPES = 5000
_WORD_KEYS = ("class", "id", "marker-start", "{http://www.w3.org/1999/xlink}href", "href")
_NUMBER_KEYS = ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height"]
_LENGTH = re.compile(r"\s*([\d.]+(?:[eE][-+]?\d+)?)\s*([a-z]+)\s*")
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """One stroke of the drawing in metres, y up, with the words of its element and its part."""

    path: Subpath
    name: str
    words: str
    part: str
    clockwise: bool | None = None

    @property
    def is_closed(self) -> bool:
        gap = float(np.linalg.norm(self.path.end - self.path.start))
        return len(self.path.segments) > 1 and (self.path.closed or gap < JOIN_M)

    def polyline(self) -> Points:
        """Sampled points, shape (n, 2)."""
        at, pieces = self.path.start, [self.path.start[None]]
        t = np.linspace(0, 1, 13)[1:, None]
        for points in self.path.segments:
            chain = [at, *points]
            while len(chain) > 1 and len(points) > 1:
                chain = [(1 - t) * a + t * b for a, b in itertools.pairwise(chain)]
            pieces.append(points if len(points) == 1 else chain[0])
            at = points[-1]
        if self.path.closed and np.linalg.norm(at - self.path.start) > 1e-9:
            pieces.append(self.path.start[None])
        return np.concatenate(pieces)


def read_svg_file(path: Path, options: ReadOptions) -> Reading:
    """Read a drawing.

    Raises:
        PatternError: If it is no safe SVG, states no unit, or draws no closed shape.
    """
    twin = path.with_suffix(".json")
    root = _root(path)
    is_draft = "freesewing" in root.attrib
    if is_draft and twin.is_file() and FREESEWING.knows(read_bytes(twin)[:65_536]):
        # The draft beside it names its points, so its seams are known.
        return read_freesewing_file(twin, options)
    scale = 0.001 if is_draft else _scale_m(path, root, options.unit_m)
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            shapes = list(_shapes(root, np.array([[scale, 0, 0], [0, -scale, 0]])))
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        if isinstance(error, PatternError):
            raise PatternError(f"{path}: {error}") from error
        raise PatternError(f"{path} is a damaged drawing: {error!r}") from error
    if is_draft:
        shapes = _sew_lines(shapes)
    panels = _panels(shapes)
    if is_draft:
        panels = tuple(_draft_marks(panel, shapes) for panel in panels)
    if not panels:
        raise PatternError(f"{path} draws no closed shape of more than 1 cm2, so it has no panel")
    return Reading(pattern=Pattern(name=path.stem, panels=panels, seams=()))


def _root(path: Path) -> "Element":
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(read_bytes(path))
    except DefusedXmlException as error:
        raise PatternError(f"{path} is refused: it defines entities ({error})") from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise PatternError(f"{path} is not readable SVG: {error}") from error
    if not root.tag.endswith("svg"):
        raise PatternError(f"{path} is XML, but no SVG drawing: its root is {root.tag!r}")
    return root


def _scale_m(path: Path, root: "Element", unit_m: float | None) -> float:
    """Metres per user unit, from the stated size and the view box."""
    if unit_m is not None:
        return unit_m
    box = [float(v) for v in re.findall(r"[-+]?[\d.]+", root.attrib.get("viewBox", ""))[:4]
           if v.strip("+-.")]  # fmt: skip
    for i, key in ((2, "width"), (3, "height")):
        match = re.fullmatch(
            r"\s*([\d.]+(?:[eE][-+]?\d+)?)\s*([a-z]+)\s*", root.attrib.get(key, "")
        )
        if match and match.group(2) in UNITS_M:
            length_m = float(match.group(1)) * UNITS_M[match.group(2)]
            span = box[i] if len(box) == 4 and box[i] > 0 else 0.0
            # Without a view box a user unit is a CSS pixel.
            scale = length_m / span if span else 0.0254 / 96
            if 1e-7 < scale < 10:
                return scale
    raise PatternError(
        f"{path} states no unit of length in its width or height; say what one user unit is with "
        "--unit mm, cm or inch"
    )


def _shapes(root: "Element", matrix: Points) -> Iterator[_Shape]:
    """All strokes below an element; defs, symbols and references are passed over."""
    stack: list[tuple[Element, Points, str, int]] = [(root, matrix, "", 0)]
    n_shapes = 0
    while stack:
        element, outer, part, depth = stack.pop()
        tag = element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""
        if tag in ("defs", "symbol", "clipPath", "mask", "marker", "pattern", "style"):
            continue
        if depth > MAX_DEPTH:
            raise PatternError(f"groups are nested more than {MAX_DEPTH} deep")
        inner = _composed(outer, read_transform(element.attrib.get("transform", "")))
        name = element.attrib.get("id", "")
        if "-part-" in name:
            part = name.split("-part-", 1)[1]
        for path in _strokes(tag, element):
            n_shapes += 1
            if n_shapes > MAX_SHAPES:
                raise PatternError(f"the drawing has more than {MAX_SHAPES} shapes")
            words = " ".join(element.attrib.get(key, "") for key in _WORD_KEYS)
            if "overlay" in words.split():
                continue
            label = element.attrib.get("{http://www.inkscape.org/namespaces/inkscape}label", name)
            turned = {"1": True, "0": False}.get(element.attrib.get("data-clockwise", ""))
            yield _Shape(
                path=path.moved(inner), name=label, words=words.lower(), part=part, clockwise=turned
            )
        stack += [(child, inner, part, depth + 1) for child in reversed(list(element))]


def _composed(outer: Points, inner: Points) -> Points:
    linear = outer[:, :2] @ inner[:, :2]
    return np.concatenate([linear, (outer[:, :2] @ inner[:, 2] + outer[:, 2])[:, None]], axis=1)


def _number(text: str) -> float:
    """The number that a length starts with; its unit is taken for the drawing's own."""
    match = re.match(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text)
    return float(match.group(0)) if match else 0.0


def _strokes(tag: str, element: "Element") -> list[Subpath]:
    number = {key: _number(element.attrib[key]) for key in _NUMBER_KEYS if key in element.attrib}
    match tag:
        case "path":
            return read_path(element.attrib.get("d", ""))
        case "polygon" | "polyline":
            suffix = "Z" if tag == "polygon" else ""
            return read_path(f"M{element.attrib.get('points', '')}{suffix}")
        case "line":
            x1, y1, x2, y2 = (number.get(k, 0.0) for k in ("x1", "y1", "x2", "y2"))
            return read_path(f"M{x1},{y1}L{x2},{y2}")
        case "rect":
            x, y, w, h = (number.get(k, 0.0) for k in ("x", "y", "width", "height"))
            return read_path(f"M{x},{y}h{w}v{h}h{-w}Z")
        case "circle" | "ellipse":
            rx = number.get("r", number.get("rx", 0.0))
            ry = number.get("r", number.get("ry", 0.0))
            x, y = number.get("cx", 0.0), number.get("cy", 0.0)
            half = f"A{rx},{ry} 0 0 1"
            return read_path(f"M{x - rx},{y}{half} {x + rx},{y}{half} {x - rx},{y}Z")
        case "use":
            # Only its place matters: FreeSewing sets notches so.
            return read_path(f"M{number.get('x', 0.0)},{number.get('y', 0.0)}h0.01")
        case _:
            return []


def _sew_lines(shapes: list[_Shape]) -> list[_Shape]:
    """Of a FreeSewing drawing, the first closed path of every part is its sew line."""
    chosen: dict[str, _Shape] = {}
    for shape in shapes:
        if shape.part and shape.is_closed and shape.part not in chosen:
            chosen[shape.part] = replace(shape, name=shape.part)
    marks = ("url(#", "#notch", "#bnotch")
    rest = [s for s in shapes if s.part in chosen and any(m in s.words for m in marks)]
    return [*chosen.values(), *rest]


def _panels(shapes: list[_Shape]) -> tuple[Panel, ...]:
    from shapely.geometry import LineString, Polygon

    for shape in shapes:
        checked_points(np.array([shape.path.start, *np.concatenate(shape.path.segments)]),
                       shape.name or "a shape")  # fmt: skip
    closed = [s for s in shapes if s.is_closed and "notch" not in s.words and len(s.polyline()) > 3]
    polygons = [Polygon(s.polyline()).buffer(0) for s in closed]
    order = sorted(range(len(closed)), key=lambda i: -polygons[i].area)
    outer, holes = list[int](), dict[int, list[_Shape]]()
    for i in order:
        within = [k for k in outer if polygons[k].contains(polygons[i].representative_point())
                  and polygons[i].area > 0]  # fmt: skip
        if within:
            holes.setdefault(within[-1], []).append(closed[i])
        elif polygons[i].area > MIN_AREA_M2:
            outer.append(i)
    names: dict[str, int] = {}
    panels = []
    for i in sorted(outer):
        lines = [
            s
            for s in shapes
            if not s.is_closed and polygons[i].buffer(0.003).intersects(LineString(s.polyline()))
        ]
        panel = _panel(closed[i], len(panels), holes.get(i, []), lines)
        names[panel.name] = names.get(panel.name, 0) + 1
        if names[panel.name] > 1:
            panel = replace(panel, name=f"{panel.name} {names[panel.name]}")
        panels.append(panel)
    return tuple(panels)


def _panel(shape: _Shape, number: int, holes: list[_Shape], lines: list[_Shape]) -> Panel:
    corners, edges = _loop(shape)
    name = shape.name or f"panel {number + 1}"
    wrap, half = wrap_of_loose(name)
    grain = next((line.polyline() for line in lines if "grain" in line.words), None)
    panel = Panel(
        name=name,
        vertices_m=corners,
        edges=edges,
        wrap=wrap,
        half=half,
        grain_known=grain is not None,
        grain_rad=np.pi / 2 if grain is None else float(np.arctan2(*(grain[-1] - grain[0])[::-1])),
        holes=tuple(_hole(hole) for hole in holes),
        internal_lines=tuple(
            InternalLine(points_m=line.polyline(), kind=_line_kind(line.words))
            for line in lines
            if not re.search("grain|notch|cutonfold", line.words)
        ),
    )
    notches = [
        notch_at(panel, line.path.start, Notch(edge=0, share=0.0))
        for line in lines
        if "notch" in line.words
    ]
    return replace(panel, notches=tuple(n for n in notches if n is not None))


def _line_kind(words: str) -> LineKind:
    kinds: tuple[LineKind, ...] = ("fold", "mirror", "dart", "pleat", "stripe", "plaid")
    for kind in kinds:
        if kind in words.split():
            return kind
    return "internal"


def _hole(shape: _Shape) -> Hole:
    outline = shape.polyline()[:-1]
    x, y = outline.mean(axis=0)
    drill = "drill" in shape.words.split()
    return Hole(
        center_m=(float(x), float(y)), outline_m=np.zeros((0, 2)) if drill else outline,
    )  # fmt: skip


def _loop(shape: _Shape) -> tuple[Points, tuple[Edge, ...]]:
    """Corners and edges, counter-clockwise unless the drawing says otherwise."""
    corners: list[Points] = []
    inner: list[Points] = []
    at = shape.path.start
    for points in shape.path.segments:
        if np.linalg.norm(points[-1] - at) > 1e-6:
            corners.append(at)
            inner.append(points[:-1])
        at = points[-1]
    if corners and np.linalg.norm(at - corners[0]) > JOIN_M:
        corners.append(at)
        inner.append(np.zeros((0, 2)))
    n = len(corners)
    edges = [
        Edge(start=i, stop=(i + 1) % n,
             controls_m=tuple((float(x), float(y)) for x, y in inner[i]))
        for i in range(n)
    ]  # fmt: skip
    x, y = shape.polyline().T
    area = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    if shape.clockwise is None and area < 0:
        edges = [
            Edge(start=e.stop, stop=e.start, controls_m=e.controls_m[::-1]) for e in edges[::-1]
        ]
    return np.array(corners).reshape(-1, 2), tuple(edges)


def _draft_marks(panel: Panel, shapes: list[_Shape]) -> Panel:
    """Grain and fold of a FreeSewing drawing."""
    own = [s for s in shapes if s.part == panel.name and not s.is_closed]
    for shape in own:
        points = shape.polyline()
        a, b = points[0], points[-1]
        if np.linalg.norm(b - a) < 1e-6:
            continue
        if "grainline" in shape.words:
            angle = float(np.arctan2(*(b - a)[::-1]))
            panel = replace(panel, grain_rad=angle, grain_known=True)
        if "cutonfold" in shape.words:
            panel = replace(panel, grain_rad=float(np.arctan2(*(b - a)[::-1])), grain_known=True)
            folds = edges_on_line(panel, a, b)
            if folds and len(folds) < len(panel.edges) - 1:
                panel = unfold(panel, folds)
    return panel


def _knows(start: bytes) -> bool:
    return b"<svg" in start or (start.lstrip().startswith(b"<") and b"svg" in start[:2000].lower())


SVG = PatternFormat(name="SVG", suffixes=(".svg",), knows=_knows, read=read_svg_file)
