"""Write SVG at 1:1 in millimetres: panels as closed paths with their own curves, y down.

What is written reads back: panels, notches, grain, inner lines, holes. Seams are not in it.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.curve import Edge
from fitting.pattern.formats.flats import arrow_m, lay_out, notch_strokes_m
from fitting.pattern.formats.overlay import Overlay, overlays_of
from fitting.pattern.model import Panel, Pattern

Points = NDArray[np.float64]
_INKSCAPE = ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
_STYLE = (
    ".panel{fill:#f4efe6;stroke:#222;stroke-width:.5}.hole{fill:#fff;stroke:#222;stroke-width:.4}"
    ".notch{stroke:#222;stroke-width:.6}.grain{fill:none;stroke:#777;stroke-width:.4}"
    ".line{fill:none;stroke:#777;stroke-width:.3;stroke-dasharray:3 2}"
    ".overlay{fill:none;stroke:#b0392b;stroke-width:.5}"
    "text{font-family:sans-serif;fill:#444}"
)


def write_svg(path: Path, pattern: Pattern, *, overlays: Sequence[Overlay] = ()) -> None:
    """Write a pattern as a drawing.

    Args:
        path: File to write.
        pattern: What to draw.
        overlays: Further lines, each in the group of its own layer.

    Raises:
        PatternError: If an overlay lies on no panel.
    """
    flats, size = lay_out(pattern)
    width, height = size * 1000
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.3f}mm" height="{height:.3f}mm" '
        f'viewBox="0 0 {width:.3f} {height:.3f}"{_INKSCAPE if overlays else ""}>',
        f"<title>{escape(pattern.name)}</title><style>{_STYLE}</style>",
    ]
    for flat in flats:
        lines += _panel(flat.panel, _Sheet(flat.shift_m, float(height)))
    for layer in sorted({overlay.layer for overlay in overlays}):
        lines.append(f'<g id="{layer}" inkscape:label="{layer}" inkscape:groupmode="layer">')
        for flat in flats:
            own = overlays_of(overlays, pattern, flat.panel.name)
            at = _Sheet(flat.shift_m, float(height))
            lines += [line for o in own if o.layer == layer for line in _overlay(o, at)]
        lines.append("</g>")
    path.write_text("\n".join([*lines, "</svg>", ""]), encoding="utf-8")


class _Sheet:
    """From panel metres to drawing millimetres."""

    def __init__(self, shift_m: Points, height_mm: float) -> None:
        self._shift_m, self._height_mm = shift_m, height_mm

    def __call__(self, points_m: Points) -> str:
        """Coordinates as SVG writes them."""
        points = (np.reshape(points_m, (-1, 2)) + self._shift_m) * 1000
        return " ".join(f"{x:.6f},{self._height_mm - y:.6f}" for x, y in points)


def _overlay(overlay: Overlay, at: _Sheet) -> list[str]:
    close = " Z" if overlay.closed else ""
    lines = [f'<path class="overlay {overlay.layer}" d="M{at(overlay.points_m)}{close}"/>']
    if overlay.label:
        x, y = at(overlay.points_m[:1]).split(",")
        lines.append(f'<text x="{x}" y="{y}" font-size="4">{escape(overlay.label)}</text>')
    return lines


def _panel(panel: Panel, at: _Sheet) -> list[str]:
    x, y = panel.outline_m(0.02).T
    clockwise = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) < 0
    start = panel.vertices_m[panel.edges[0].start]
    steps = [f"M{at(start)}"] + [_step(panel, i, at) for i in range(len(panel.edges))]
    name = quoteattr(panel.name)
    lines = [f'<path class="panel" id={name} data-clockwise="{int(clockwise)}" '
             f'd="{" ".join(steps)} Z"/>']  # fmt: skip
    for hole in panel.holes:
        outline, word = hole.outline_m, "hole"
        if not len(outline):
            outline, word = np.array(hole.center_m) + 0.002 * _DIAMOND, "hole drill"
        lines.append(f'<path class="{word}" d="M{at(outline)} Z"/>')
    lines += [
        f'<path class="line {line.kind}" d="M{at(line.points_m)}"/>'
        for line in panel.internal_lines
    ]
    lines += [f'<path class="notch" d="M{at(stroke)}"/>' for stroke in notch_strokes_m(panel)]
    if panel.grain_known:
        shaft, *heads = arrow_m(panel)
        lines.append(f'<path class="grain" d="M{at(shaft)}"/>')
        lines += [f'<polyline class="grain head" points="{at(head)}"/>' for head in heads]
    place = at(panel.outline_m(0.02).mean(axis=0)).split(",")
    lines.append(f'<text x="{place[0]}" y="{place[1]}" font-size="8">{escape(panel.name)}</text>')
    for i in range(len(panel.edges)):
        px, py = at(_beside(panel, i)).split(",")
        lines.append(f'<text x="{px}" y="{py}" font-size="4">{i}</text>')
    return lines


_DIAMOND = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])


def _beside(panel: Panel, i: int) -> Points:
    """Where the number of an edge stands: a little inside of its middle."""
    middle = panel.points_m(i, np.array([0.5]))[0]
    inside = panel.outline_m(0.02).mean(axis=0) - middle
    return middle + 0.006 * inside / max(float(np.linalg.norm(inside)), 1e-9)


def _step(panel: Panel, i: int, at: _Sheet) -> str:
    edge: Edge = panel.edges[i]
    _, b = panel.corners_m(i)
    if edge.arc is not None:
        radius, large, right = edge.arc
        # Seen with y down, a bend to the right of the way is one with a positive angle.
        r = radius * 1000
        return f"A{r:.6f},{r:.6f} 0 {int(large)} {int(not right)} {at(b)}"
    if edge.controls_m:
        letter = "Q" if len(edge.controls_m) == 1 else "C"
        return f"{letter}{at(np.array([*edge.controls_m, b]))}"
    if edge.through_m:
        n = len(edge.through_m) + 1
        share = np.linspace(0, 1, 4 * n + 1 if edge.smooth else n + 1)
        inner = panel.points_m(i, share)[1:-1] if edge.smooth else np.array(edge.through_m)
        return f"L{at(np.concatenate([inner, b[None]]))}"
    return f"L{at(b)}"
