"""Line drawings of a tech pack: panels, the nest of sizes, the marker; each to its scale."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from fitting.nesting import CutPiece, Marker
from fitting.pattern import Panel, Pattern
from fitting.pattern.formats.flats import Flat, arrow_m, lay_out, notch_strokes_m

if TYPE_CHECKING:
    from reportlab.graphics.shapes import Drawing

Points = NDArray[np.float64]
Anchor = Literal["start", "middle", "end", "numeric"]
PT_PER_M = 72 / 0.0254
# Colours of sizes in order: Okabe and Ito; line patterns differ as well.
_INKS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#777777")
_DASHES = (None, [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [1, 2], [10, 3], [3, 1])
_CLOTH = "#f4efe6"
_ROOM_PT = 45.0
_BAND_PT = 11.0
# A little beside the middle, where the grain line often ends.
_CODE_SHARES = np.array([0.41, 0.42, 0.43])


def panels_drawing(
    pattern: Pattern, codes: dict[tuple[str, int], str], width_pt: float, height_pt: float
) -> tuple["Drawing", float]:
    """All panels with grain, notches, inner lines and seam numbers; and the scale 1 : n."""
    from reportlab.graphics.shapes import Drawing

    flats, size_m, scale = _best_layout(pattern, width_pt, height_pt)
    drawing = Drawing(width_pt, height_pt)
    shift = np.array([(width_pt - size_m[0] * scale) / 2, height_pt - size_m[1] * scale])
    for flat in flats:

        def at(points: Points, offset: Points = flat.shift_m) -> Points:
            return (points + offset) * scale + shift

        _panel(drawing, flat.panel, at)
        _codes(drawing, flat.panel, codes, at)
    return drawing, PT_PER_M / scale


def _best_layout(
    pattern: Pattern, width_pt: float, height_pt: float
) -> tuple[tuple[Flat, ...], Points, float]:
    """The row width at which the panels are drawn largest."""
    tried = []
    for row_m in np.linspace(0.4, 6.0, 24):
        flats, size_m = lay_out(pattern, width_m=float(row_m))
        tried.append((min(width_pt / size_m[0], height_pt / size_m[1]), flats, size_m))
    scale, flats, size_m = max(tried, key=lambda each: each[0])
    return flats, size_m, scale


def _panel(drawing: "Drawing", panel: Panel, at: Callable[[Points], Points]) -> None:
    _line(drawing, at(panel.outline_m(0.004)), closed=True, width=0.9, fill=_CLOTH)
    for line in panel.internal_lines:
        _line(drawing, at(line.points_m), width=0.5, dash=[3, 2], ink="#777777")
    for stroke in notch_strokes_m(panel):
        _line(drawing, at(stroke), width=1.0)
    for stroke in arrow_m(panel) if panel.grain_known else []:
        _line(drawing, at(stroke), width=0.5, ink="#555555")
    outline = at(panel.outline_m(0.02))
    middle = at(arrow_m(panel)[0]).mean(axis=0) if panel.grain_known else outline.mean(axis=0)
    _name(drawing, outline, middle, panel)


def _name(drawing: "Drawing", outline: Points, middle: Points, panel: Panel) -> None:
    """Name and number beside the grain line; below where there is no room inside."""
    name, cut = panel.name.replace("_", " "), f"cut {panel.n_cut}"
    wide, high = np.ptp(outline, axis=0)
    if min(wide, high) >= _ROOM_PT:
        _text(drawing, middle + np.array([6, 2]), name, 8, bold=True)
        _text(drawing, middle + np.array([6, -8]), cut, 7)
    elif high >= _BAND_PT and wide >= 12 * len(name):
        _text(drawing, middle + np.array([10, -2.5]), f"{name}, {cut}", 7.5, bold=True)
    else:
        # Seam numbers of a narrow panel stand outside, between its edge and its name.
        below = np.array([outline[:, 0].mean(), max(outline[:, 1].min() - 17, 2.0)])
        _text(drawing, below, f"{name}, {cut}", 7.5, bold=True, anchor="middle")


def _codes(
    drawing: "Drawing",
    panel: Panel,
    codes: dict[tuple[str, int], str],
    at: Callable[[Points], Points],
) -> None:
    """Seam numbers just inside the edges, outside where a panel is narrow; short edges get none."""
    outline = at(panel.outline_m(0.02))
    x, y = outline.T
    # A clockwise loop has its inside on the right.
    turn = float(np.sign((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()))
    for i in range(len(panel.edges)):
        word = codes.get((panel.name, i), "")
        near = at(panel.points_m(i, _CODE_SHARES))
        length_pt = float(np.linalg.norm(np.diff(at(np.stack(panel.corners_m(i))), axis=0)))
        if not word or length_pt < 9:
            continue
        along = (near[2] - near[0]) / max(float(np.linalg.norm(near[2] - near[0])), 1e-9)
        inward = turn * np.array([-along[1], along[0]])
        way_pt = 8.0 if np.ptp(outline @ inward) >= _ROOM_PT else -7.0
        _text(drawing, near[1] + way_pt * inward - [0, 2], word, 6, ink="#0072b2", anchor="middle")


def nest_drawing(
    patterns: Sequence[Pattern], width_pt: float, height_pt: float
) -> tuple["Drawing", float]:
    """Every panel in all sizes, laid upon each other at their lower left; and the scale 1 : n."""
    from reportlab.graphics.shapes import Drawing

    largest = patterns[
        int(np.argmax([sum(float(np.ptp(q.outline_m())) for q in p.panels) for p in patterns]))
    ]
    room_pt = height_pt - 16
    flats, size_m, scale = _best_layout(largest, width_pt, room_pt)
    drawing = Drawing(width_pt, height_pt)
    shift = np.array([(width_pt - size_m[0] * scale) / 2, room_pt - size_m[1] * scale])
    for i, pattern in enumerate(patterns):
        by_name = {panel.name: panel for panel in pattern.panels}
        for flat in flats:
            panel = by_name.get(flat.panel.name)
            if panel is None:
                continue
            corner = flat.panel.outline_m(0.01).min(axis=0) - panel.outline_m(0.01).min(axis=0)
            points = (panel.outline_m(0.004) + corner + flat.shift_m) * scale + shift
            _line(drawing, points, closed=True, width=0.8, ink=_INKS[i], dash=_DASHES[i])
    for flat in flats:
        outline = (flat.panel.outline_m(0.02) + flat.shift_m) * scale + shift
        name = flat.panel.name.replace("_", " ")
        middle = outline.mean(axis=0) - np.array([0, 3])
        if np.ptp(outline[:, 0]) < 5 * len(name):
            middle[1] = outline[:, 1].min() - 10
        _text(drawing, middle, name, 8, bold=True, anchor="middle")
    for i, pattern in enumerate(patterns):
        x = 4 + 90 * i
        line = np.array([[x, height_pt - 6], [x + 28, height_pt - 6]])
        _line(drawing, line, width=1.4, ink=_INKS[i], dash=_DASHES[i])
        _text(drawing, np.array([x + 33, height_pt - 9]), f"size {pattern.size}", 8)
    return drawing, PT_PER_M / scale


def marker_drawing(marker: Marker, width_pt: float, height_pt: float) -> tuple["Drawing", float]:
    """The marker, roll to the right; and the scale 1 : n."""
    from reportlab.graphics.shapes import Drawing

    scale = min(width_pt / marker.length_m, height_pt / marker.width_m)
    drawing = Drawing(marker.length_m * scale, marker.width_m * scale)
    frame = np.array([[0, 0], [marker.length_m, 0], [marker.length_m, marker.width_m],
                      [0, marker.width_m]])  # fmt: skip
    _line(drawing, frame * scale, closed=True, width=1.0)
    sizes = list(dict.fromkeys(placed.piece.size for placed in marker.pieces))
    for placed in marker.pieces:
        cut, panel = placed.cut(), placed.piece.panel
        ink = _INKS[sizes.index(placed.piece.size) % len(_INKS)]
        ring = np.asarray(cut.exterior.coords)[:-1] * scale
        _line(drawing, ring, closed=True, width=0.7, ink=ink, fill=_CLOTH)
        for stroke in arrow_m(panel) if panel.grain_known else []:
            _line(drawing, placed.placed(stroke) * scale, width=0.4, ink="#777777")
        if panel.grain_known:
            at = placed.placed(arrow_m(panel)[0]).mean(axis=0)
        else:
            inside = cut.representative_point()
            at = np.array([inside.x, inside.y])
        _piece_name(drawing, at * scale, ring, placed.piece, ink)
    return drawing, PT_PER_M / scale


def _piece_name(drawing: "Drawing", at: Points, ring: Points, piece: CutPiece, ink: str) -> None:
    """Name and size on either side of the grain line; along a narrow piece in one line."""
    name, size = piece.panel.name.replace("_", " "), piece.size
    wide, high = np.ptp(ring, axis=0)
    if min(wide, high) >= _ROOM_PT:
        _text(drawing, at + np.array([0, 3]), name, 8, anchor="middle")
        _text(drawing, at - np.array([0, 10]), size, 8, ink=ink, anchor="middle", bold=True)
        return
    words = f"{name} {size}"
    # A line beside the grain line takes half of the narrow side; a letter is half as wide as high.
    font = float(np.clip(0.35 * min(wide, high), 3, 7))
    letters_pt = 0.55 * font * len(words)
    if wide >= high and letters_pt > 0.4 * wide:
        _text(drawing, at + np.array([0, 1.5]), words, font, ink=ink, anchor="middle")
    elif wide >= high:  # a band: the grain line crosses it in the middle
        _text(drawing, at + np.array([6, -font / 3]), words, font, ink=ink)
    else:
        _text(drawing, at + np.array([font / 3, 6]), words, font, ink=ink, upright=True)


def _line(
    drawing: "Drawing", points: Points, *, closed: bool = False, width: float = 0.6,
    ink: str = "#222222", fill: str | None = None, dash: list[int] | None = None,
) -> None:  # fmt: skip
    from reportlab.graphics.shapes import Polygon, PolyLine
    from reportlab.lib.colors import HexColor

    flat = [float(value) for value in np.asarray(points).ravel()]
    if closed:
        drawing.add(Polygon(
            flat, strokeColor=HexColor(ink), strokeWidth=width, strokeDashArray=dash,  # pyright: ignore[reportArgumentType]
            fillColor=HexColor(fill) if fill else None,
        ))  # fmt: skip
    else:
        drawing.add(PolyLine(
            flat, strokeColor=HexColor(ink), strokeWidth=width,
            strokeDashArray=dash,  # pyright: ignore[reportArgumentType]
        ))  # fmt: skip


def _text(
    drawing: "Drawing", at: Points, text: str, size: float, *, bold: bool = False,
    ink: str = "#222222", anchor: Anchor = "start", upright: bool = False,
) -> None:  # fmt: skip
    from reportlab.graphics.shapes import Group, String
    from reportlab.lib.colors import HexColor

    x, y = (float(value) for value in at)
    face = "Helvetica-Bold" if bold else "Helvetica"
    start = (0.0, 0.0) if upright else (x, y)
    shown = String(
        *start, text, fontName=face, fontSize=size, fillColor=HexColor(ink), textAnchor=anchor
    )
    # Turned by a quarter: from below upwards.
    drawing.add(Group(shown, transform=(0, 1, -1, 0, x, y)) if upright else shown)
