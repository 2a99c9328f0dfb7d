"""Draw a marker: SVG at 1:1 in millimetres, and DXF for a cutter. The roll runs to the right."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from fitting.nesting.marker import Marker, PlacedPiece
from fitting.pattern.formats.dxf_drawing import DxfText, write_drawing
from fitting.pattern.formats.flats import arrow_m, notch_strokes_m

Points = NDArray[np.float64]
_MARGIN_MM = 30.0
_HEAD_MM = 60.0
# Fills of sizes in the order in which they appear; ColorBrewer's Set3 in a lighter print.
_FILLS = ("#dce9f5", "#fbe6cc", "#dcefd8", "#efdff0", "#f7f3c4", "#d5eeea", "#f8d9d4", "#e6e6e6")
_STYLE = (
    ".cloth{fill:#fff;stroke:#222;stroke-width:1.2}.cut{stroke:#222;stroke-width:1}"
    ".sew{fill:none;stroke:#777;stroke-width:.6;stroke-dasharray:5 4}"
    ".notch{stroke:#222;stroke-width:1}.grain{fill:none;stroke:#555;stroke-width:.8}"
    "text{font-family:sans-serif;fill:#222}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """Lines of one piece on the cloth, each of shape (n, 2)."""

    cut: list[Points]
    sew: Points
    notches: list[Points]
    grain: list[Points]
    label: Points


def _lines(placed: PlacedPiece) -> _Lines:
    panel, polygon = placed.piece.panel, placed.cut()
    rings = [polygon.exterior, *polygon.interiors]
    middle = polygon.representative_point()
    return _Lines(
        cut=[np.asarray(ring.coords)[:-1] for ring in rings],
        sew=placed.placed(panel.outline_m()),
        notches=[placed.placed(stroke) for stroke in notch_strokes_m(panel)],
        grain=[placed.placed(stroke) for stroke in arrow_m(panel)] if panel.grain_known else [],
        label=np.array([middle.x, middle.y]),
    )


def write_marker_svg(
    path: Path, marker: Marker, *, title: str, margin_lines: tuple[str, ...]
) -> None:
    """Write the marker as a drawing.

    Args:
        path: File to write.
        marker: What to draw.
        title: Written above.
        margin_lines: Sentences under the title: length, waste, mass.
    """
    width_mm = marker.length_m * 1000 + 2 * _MARGIN_MM
    head_mm = _HEAD_MM + 36 * len(margin_lines)
    # A short marker takes smaller letters, which are at most 0.55 of their size wide on average.
    room_mm = marker.length_m * 1000
    head, line_size = (
        min(size, room_mm / (wide * max(len(text) for text in texts)))
        for size, wide, texts in ((34.0, 0.6, (title, "-")), (26.0, 0.55, (*margin_lines, "-")))
    )
    height_mm = marker.width_m * 1000 + head_mm + _MARGIN_MM
    sheet = _Sheet(marker, head_mm)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_mm:.1f}mm" '
        f'height="{height_mm:.1f}mm" viewBox="0 0 {width_mm:.1f} {height_mm:.1f}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text x="{_MARGIN_MM}" y="44" font-size="{head:.1f}" font-weight="bold">'
        f"{escape(title)}</text>",
        *(
            f'<text x="{_MARGIN_MM}" y="{84 + 36 * i}" font-size="{line_size:.1f}">'
            f"{escape(line)}</text>"
            for i, line in enumerate(margin_lines)
        ),
        f'<path class="cloth" d="M{sheet(_frame(marker))} Z"/>',
        *sheet.pieces(),
        "</svg>",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _frame(marker: Marker) -> Points:
    return np.array([[0, 0], [marker.length_m, 0], [marker.length_m, marker.width_m],
                     [0, marker.width_m]])  # fmt: skip


class _Sheet:
    """From metres of cloth to millimetres of drawing, y down."""

    def __init__(self, marker: Marker, head_mm: float) -> None:
        self._marker, self._head_mm = marker, head_mm

    def __call__(self, points_m: Points) -> str:
        """Coordinates as SVG writes them."""
        x, y = self._mm(points_m).T
        return " ".join(f"{a:.2f},{b:.2f}" for a, b in zip(x, y, strict=True))

    def _mm(self, points_m: Points) -> Points:
        x, y = np.reshape(points_m, (-1, 2)).T * 1000
        return np.stack([x + _MARGIN_MM, self._marker.width_m * 1000 - y + self._head_mm], axis=1)

    def pieces(self) -> Iterator[str]:
        """All pieces, one group each."""
        sizes = list(dict.fromkeys(placed.piece.size for placed in self._marker.pieces))
        for placed in self._marker.pieces:
            lines = _lines(placed)
            fill = _FILLS[sizes.index(placed.piece.size) % len(_FILLS)]
            rings = " ".join(f"M{self(ring)} Z" for ring in lines.cut)
            yield f'<g id="{escape(placed.piece.name)} {placed.number}">'
            yield f'<path class="cut" fill="{fill}" fill-rule="evenodd" d="{rings}"/>'
            yield f'<path class="sew" d="M{self(lines.sew)} Z"/>'
            yield from (f'<path class="notch" d="M{self(stroke)}"/>' for stroke in lines.notches)
            yield from (f'<polyline class="grain" points="{self(s)}"/>' for s in lines.grain)
            yield from self._label(placed, lines)
            yield "</g>"

    def _label(self, placed: PlacedPiece, lines: _Lines) -> Iterator[str]:
        """Panel and size in the middle of a piece, as large as it has room for."""
        x, y = self._mm(lines.label)[0]
        cut = np.concatenate(lines.cut)
        wide_mm, high_mm = np.ptp(cut, axis=0) * 1000
        words = (placed.piece.panel.name, f"size {placed.piece.size}" if placed.piece.size else "")
        longest = max(len(word) for word in words)
        font = float(np.clip(min(0.6 * wide_mm / (0.6 * longest), 0.3 * high_mm), 4, 26))
        style = f'font-size="{font:.1f}" text-anchor="middle"'
        yield f'<text x="{x:.1f}" y="{y - 0.3 * font:.1f}" {style}>{escape(words[0])}</text>'
        yield f'<text x="{x:.1f}" y="{y + 0.9 * font:.1f}" {style}>{escape(words[1])}</text>'


def write_marker_dxf(
    path: Path, marker: Marker, *, title: str, margin_lines: tuple[str, ...]
) -> None:
    """Write the marker for a cutter: layers CUT, SEW, NOTCH, GRAIN, TEXT and CLOTH, millimetres."""
    lines = [("CLOTH", _frame(marker), True)]
    texts = []
    for placed in marker.pieces:
        drawn = _lines(placed)
        lines += [("CUT", ring, True) for ring in drawn.cut]
        lines += [("SEW", drawn.sew, True)]
        lines += [("NOTCH", stroke, False) for stroke in drawn.notches]
        lines += [("GRAIN", stroke, False) for stroke in drawn.grain]
        said = f"{placed.piece.name} no. {placed.number}"
        texts.append(DxfText(layer="TEXT", text=said, at_m=tuple(drawn.label.tolist())))
    for i, line in enumerate((title, *margin_lines)):
        at_m = (0.0, marker.width_m + 0.03 * (len(margin_lines) + 1 - i))
        texts.append(DxfText(layer="TEXT", text=line, at_m=at_m, height_m=0.02))
    write_drawing(path, lines, texts)
