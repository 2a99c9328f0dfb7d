"""Write a PDF at 1:1: one large sheet, or tiles of A4 or Letter paper to glue together.

Tiles that show nothing are left out. Tiles overlap by a strip; crosses at its corners lie upon each
other when the pages are right, and a square of 5 cm shows whether the printer kept the scale.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.formats.flats import Flat, arrow_m, lay_out, notch_strokes_m
from fitting.pattern.model import Panel, Pattern

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

Points = NDArray[np.float64]
Paper = Literal["a4", "letter", "sheet"]
PT_PER_M = 72 / 0.0254
PAPER_M: dict[str, tuple[float, float]] = {"a4": (0.210, 0.297), "letter": (0.2159, 0.2794)}
MARGIN_M = 0.010
OVERLAP_M = 0.015
TEST_SQUARE_M = 0.05
MAX_PAGES = 400


def write_pdf(path: Path, pattern: Pattern, *, paper: Paper = "a4") -> int:
    """Write a pattern for printing at full size.

    Args:
        path: File to write.
        pattern: What to print.
        paper: ``a4`` or ``letter`` tiles, or one ``sheet`` for a plotter.

    Returns:
        Number of pages.

    Raises:
        PatternError: If it would take more than 400 pages.
    """
    from reportlab.pdfgen.canvas import Canvas

    flats, size = lay_out(pattern)
    # The square has a row of its own above the panels.
    size = size + np.array([0.0, TEST_SQUARE_M + 0.02])
    size = np.maximum(size, TEST_SQUARE_M + 0.06)
    canvas = Canvas(str(path), invariant=True)
    canvas.setTitle(f"{pattern.name} {pattern.size}".strip())
    if paper == "sheet":
        canvas.setPageSize(tuple(size * PT_PER_M))
        _draw(canvas, pattern, flats, size)
        canvas.showPage()
        canvas.save()
        return 1
    page = np.array(PAPER_M[paper])
    inner = page - 2 * MARGIN_M
    step = inner - OVERLAP_M
    n_x, n_y = (max(1, int(np.ceil((s - OVERLAP_M) / d))) for s, d in zip(size, step, strict=True))
    if n_x * n_y > MAX_PAGES:
        raise PatternError(
            f"{pattern.name} takes {n_x * n_y} pages, more than {MAX_PAGES}; is the unit right?"
        )
    canvas.setPageSize(tuple(page * PT_PER_M))
    covered, n_pages = _cover(flats), 0
    for row in range(n_y):
        for column in range(n_x):
            corner = np.array([column * step[0], size[1] - inner[1] - row * step[1]])
            if not covered(corner, inner) and (row, column) != (0, 0):
                continue
            n_pages += 1
            _tile(canvas, pattern, flats, size, corner, inner)
            _labels(canvas, pattern, row, column, n_y, n_x, inner)
            canvas.showPage()
    canvas.save()
    return n_pages


def _cover(flats: tuple[Flat, ...]) -> Callable[[Points, Points], bool]:
    """Whether a page, by its lower left corner and size, shows anything of a panel."""
    import shapely

    shapes = [shapely.Polygon(flat.panel.outline_m() + flat.shift_m) for flat in flats]
    sheet = shapely.unary_union([shape.buffer(0.005) for shape in shapes])
    return lambda corner, inner: sheet.intersects(shapely.box(*corner, *(corner + inner)))


def _tile(
    canvas: "Canvas", pattern: Pattern, flats: tuple[Flat, ...], size: Points, corner: Points,
    inner: Points,
) -> None:  # fmt: skip
    """What of the sheet lies in one page."""
    canvas.saveState()
    canvas.translate(MARGIN_M * PT_PER_M, MARGIN_M * PT_PER_M)
    clip = canvas.beginPath()
    clip.rect(0, 0, *(inner * PT_PER_M))
    canvas.clipPath(clip, stroke=0)
    canvas.translate(*(-corner * PT_PER_M))
    _draw(canvas, pattern, flats, size)
    canvas.restoreState()


def _labels(
    canvas: "Canvas", pattern: Pattern, row: int, column: int, n_rows: int, n_columns: int,
    inner: Points,
) -> None:  # fmt: skip
    """Frame, overlap crosses and the page's place."""
    canvas.saveState()
    canvas.translate(MARGIN_M * PT_PER_M, MARGIN_M * PT_PER_M)
    canvas.setStrokeGray(0.6)
    canvas.setLineWidth(0.3)
    canvas.rect(0, 0, *(inner * PT_PER_M))
    for x in (OVERLAP_M / 2, inner[0] - OVERLAP_M / 2):
        for y in (OVERLAP_M / 2, inner[1] - OVERLAP_M / 2):
            _cross(canvas, x, y)
    canvas.setFont("Helvetica", 8)
    canvas.setFillGray(0.35)
    here = f"{pattern.name} {pattern.size}  row {row + 1} of {n_rows}, column {column + 1}"
    note = f"{here} of {n_columns}. Print at 100 %. Pages overlap by {OVERLAP_M * 1000:.0f} mm: "
    canvas.drawString(4, -10, note + "lay cross upon cross.")
    canvas.restoreState()


def _cross(canvas: "Canvas", x_m: float, y_m: float) -> None:
    x, y, arm = x_m * PT_PER_M, y_m * PT_PER_M, 0.004 * PT_PER_M
    canvas.line(x - arm, y, x + arm, y)
    canvas.line(x, y - arm, x, y + arm)


def _draw(canvas: "Canvas", pattern: Pattern, flats: tuple[Flat, ...], size: Points) -> None:
    """The whole sheet, origin at its lower left."""
    _test_square(canvas, size)
    for flat in flats:
        canvas.saveState()
        canvas.translate(*(flat.shift_m * PT_PER_M))
        _draw_panel(canvas, flat.panel, pattern)
        canvas.restoreState()


def _test_square(canvas: "Canvas", size: Points) -> None:
    x, y = 0.015 * PT_PER_M, (size[1] - TEST_SQUARE_M - 0.015) * PT_PER_M
    side = TEST_SQUARE_M * PT_PER_M
    canvas.setStrokeGray(0)
    canvas.setLineWidth(0.6)
    canvas.rect(x, y, side, side)
    canvas.setFillGray(0)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(x + 4, y + side / 2, f"{TEST_SQUARE_M * 100:.0f} cm by 5 cm")
    canvas.drawString(x + 4, y + side / 2 - 10, "measure me")


def _polyline(canvas: "Canvas", points_m: Points, *, closed: bool = False) -> None:
    drawn: Any = canvas.beginPath()
    points = points_m * PT_PER_M
    drawn.moveTo(*points[0])
    for point in points[1:]:
        drawn.lineTo(*point)
    if closed:
        drawn.close()
    canvas.drawPath(drawn)


def _draw_panel(canvas: "Canvas", panel: Panel, pattern: Pattern) -> None:
    canvas.setStrokeGray(0)
    canvas.setLineWidth(0.8)
    _polyline(canvas, panel.outline_m(0.002), closed=True)
    for stroke in notch_strokes_m(panel):
        _polyline(canvas, stroke)
    for hole in panel.holes:
        if len(hole.outline_m):
            _polyline(canvas, hole.outline_m, closed=True)
        else:
            x, y = (np.array(hole.center_m) * PT_PER_M).tolist()
            canvas.circle(x, y, 2)
    canvas.setStrokeGray(0.45)
    canvas.setLineWidth(0.4)
    canvas.setDash(4, 3)
    for line in panel.internal_lines:
        _polyline(canvas, line.points_m)
    canvas.setDash()
    for stroke in arrow_m(panel) if panel.grain_known else []:
        _polyline(canvas, stroke)
    _write_texts(canvas, panel, pattern)


def _write_texts(canvas: "Canvas", panel: Panel, pattern: Pattern) -> None:
    middle = panel.outline_m(0.02).mean(axis=0)
    x, y = middle * PT_PER_M
    canvas.setFillGray(0.1)
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawCentredString(x, y + 8, panel.name)
    canvas.setFont("Helvetica", 8)
    size = f"size {pattern.size}, " if pattern.size else ""
    canvas.drawCentredString(x, y - 4, f"{size}cut {panel.n_cut}, sew line without allowance")
    canvas.setFillGray(0.45)
    canvas.setFont("Helvetica", 6)
    for i in range(len(panel.edges)):
        at = panel.points_m(i, np.array([0.5]))[0]
        inside = (middle - at) / max(float(np.linalg.norm(middle - at)), 1e-9)
        x, y = ((at + 0.006 * inside) * PT_PER_M).tolist()
        canvas.drawCentredString(x, y, str(i))
