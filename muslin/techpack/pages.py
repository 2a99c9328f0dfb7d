"""Pages of a tech pack: A4 across, each with the garment, its number and the software below."""

import io
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

from fitting.cloth import Fabric
from fitting.pattern import Pattern
from muslin.techpack.bill import N_LAYERS, bands, edge_codes, sensor_fields
from muslin.techpack.content import Pack, PackSize, verdict
from muslin.techpack.drawings import marker_drawing, nest_drawing, panels_drawing
from muslin.techpack.measures import LEAST_TOLERANCE_M, MOST_TOLERANCE_M, SHARE_ALONE
from muslin.techpack.pictures import fit_picture
from muslin.version import version

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Table

_PAGE_PT = (841.89, 595.28)
_MARGIN_PT = 40.0
_FRAME_PT = 6.0  # what a frame keeps free by itself
_WIDE_PT, _HIGH_PT = _PAGE_PT[0] - 2 * _MARGIN_PT, _PAGE_PT[1] - 2 * _MARGIN_PT - 24
_SHADE, _LINE, _FAINT = "#eef2f5", "#b8c0c8", "#555555"
_MAPS = ("ease", "pressure")


def write_pages(path: Path, pack: Pack) -> int:
    """Write the PDF; the same pack gives the same bytes.

    Args:
        path: File to write.
        pack: What it shows.

    Returns:
        Number of pages.
    """
    from reportlab.platypus import PageBreak, SimpleDocTemplate

    story: list[Any] = []
    makers: tuple[Callable[[Pack], list[Any]], ...] = (
        _cover, _style, _nest, _measures, _fabric, _bill, _marker, _seams, *(
            _size_page(i) for i in range(len(pack.sizes))
        ),
    )  # fmt: skip
    for make in makers:
        story += [*make(pack), PageBreak()]
    counted = _Counter(pack)
    document = SimpleDocTemplate(
        str(path), pagesize=_PAGE_PT, leftMargin=_MARGIN_PT - _FRAME_PT,
        rightMargin=_MARGIN_PT - _FRAME_PT, topMargin=_MARGIN_PT, bottomMargin=_MARGIN_PT,
        title=f"Tech pack {pack.name}", author="Muslin", invariant=1,
    )  # fmt: skip
    document.build(story[:-1], onFirstPage=counted, onLaterPages=counted)
    return counted.n_pages


class _Counter:
    """Draws the foot of every page, and counts them."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self.n_pages = 0

    def __call__(self, canvas: "Canvas", document: Any) -> None:
        self.n_pages = document.page
        sizes = ", ".join(size.pattern.size for size in self._pack.sizes)
        canvas.saveState()
        canvas.setFont("Helvetica", 8)
        canvas.setFillGray(0.35)
        words = f"{self._pack.name}, sizes {sizes}. Lengths in cm. muslin {version()}, "
        canvas.drawString(_MARGIN_PT, 24, f"{words}seed {self._pack.seed}")
        canvas.drawRightString(_PAGE_PT[0] - _MARGIN_PT, 24, f"page {document.page}")
        canvas.restoreState()


def _styled(text: str, size: float, *, bold: bool = False, ink: str = "#222222") -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle(
        "text", fontName="Helvetica-Bold" if bold else "Helvetica", fontSize=size,
        leading=1.25 * size, textColor=HexColor(ink), spaceAfter=0.4 * size,
    )  # fmt: skip
    return Paragraph(escape(text), style)


def _head(text: str, note: str = "") -> list[Any]:
    from reportlab.platypus import Spacer

    return [
        _styled(text, 16, bold=True),
        *([_styled(note, 9, ink=_FAINT), Spacer(1, 4)] if note else []),
    ]


def _table(
    rows: Sequence[Sequence[Any]], widths_pt: Sequence[float], *, size: float = 9.5,
    numbers_from: int = 1,
) -> "Table":  # fmt: skip
    """A table with a shaded head that comes again on every page; numbers stand right."""
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table, TableStyle

    shown = [
        [_styled(cell, size, bold=i == 0) if isinstance(cell, str) and j < numbers_from else cell
         for j, cell in enumerate(row)]
        for i, row in enumerate(rows)
    ]  # fmt: skip
    style = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", size),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", size),
        ("BACKGROUND", (0, 0), (-1, 0), HexColor(_SHADE)),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(_LINE)),
        ("ALIGN", (numbers_from, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    return Table(
        shown, colWidths=list(widths_pt), repeatRows=1, style=TableStyle(style), hAlign="LEFT"
    )


def _cm(value_m: float | None, digits: int = 1) -> str:
    if value_m is None or not np.isfinite(value_m):
        return "-"
    return f"{value_m * 100:.{digits}f}"


def _picture(pack: Pack, size: PackSize, map_name: str, *, wide_pt: float, views: Any) -> Any:
    from reportlab.platypus import Image

    picture = fit_picture(pack, size, map_name, views=views)
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    stream.seek(0)
    return Image(stream, width=wide_pt, height=wide_pt * picture.height / picture.width)


def _cover(pack: Pack) -> list[Any]:
    from reportlab.platypus import Spacer, Table, TableStyle

    sample = pack.sizes[pack.sample]
    density = pack.fabric.area_density_kg_m2
    word, girth = _main_girth(sample.pattern)
    rows: list[list[Any]] = [
        ["size", f"fit model: stature, {word}", "verdict", "fabric cm", "mass g"]
    ]
    for size in pack.sizes:
        tapes = f"{_cm(size.measures.stature, 0)}, {_cm(getattr(size.measures, girth), 0)}"
        mass_g = size.marker.mass_kg(density) * 1000
        rows.append(
            [size.pattern.size, tapes, verdict(size), _cm(size.marker.length_m, 0), f"{mass_g:.0f}"]
        )
    estimated = sum("estimated" in str(text) for text in pack.fabric.provenance.values())
    left = [
        _styled(pack.name, 30, bold=True),
        _styled("Tech pack", 14, ink=_FAINT),
        Spacer(1, 14),
        _styled(f"Fabric: {pack.fabric.name.replace('_', ' ')}, {density * 1000:.0f} g/m²", 11),
        _styled(f"Meant as: {pack.fit_class.title}", 11),
        _styled(f"Allowances: {_cm(pack.allowance.seam_m)} at seams, "
                f"{_cm(pack.allowance.hem_m)} at open edges", 11),
        _styled(f"Drawings show size {sample.pattern.size}", 11),
        Spacer(1, 12),
        _table(rows, [36, 92, 176, 64, 54], numbers_from=3),
        Spacer(1, 10),
        _styled("Fabric is the length of one garment alone on the roll; the marker of all sizes "
                "together takes less.", 8.5, ink=_FAINT),
        _styled(f"{estimated} numbers of the fabric card are estimated; verdicts, pressure and "
                "stretch depend on them. Measure the cloth before you cut.", 8.5, ink=_FAINT),
    ]  # fmt: skip
    right = _picture(pack, sample, "ease", wide_pt=320, views=("front", "back"))
    style = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)])
    return [Table([[left, right]], colWidths=[_WIDE_PT - 330, 330], style=style)]


def _main_girth(pattern: Pattern) -> tuple[str, str]:
    """Girth that tells a size of the garment: a word and the measure."""
    wraps = [panel.wrap for panel in pattern.panels]
    above = any(wrap.startswith(("torso", "chest", "neck")) for wrap in wraps)
    below = any(wrap.startswith(("leg", "skirt", "hip")) for wrap in wraps)
    return ("hip", "hip_girth") if below and not above else ("chest", "bust_girth")


def _style(pack: Pack) -> list[Any]:
    pattern = pack.sizes[pack.sample].pattern
    drawing, scale = panels_drawing(pattern, edge_codes(pattern), _WIDE_PT, _HIGH_PT - 44)
    note = (f"Size {pattern.size} at 1 : {scale:.1f}, sew lines without allowance. Arrows are the "
            "grain, strokes are notches, S and H are the numbers of seams and hems.")  # fmt: skip
    return [*_head("Panels", note), drawing]


def _nest(pack: Pack) -> list[Any]:
    drawing, scale = nest_drawing([size.pattern for size in pack.sizes], _WIDE_PT, _HIGH_PT - 44)
    return [*_head("Nest of sizes", f"Sew lines at 1 : {scale:.1f}, laid at their lower left."),
            drawing]  # fmt: skip


def _measures(pack: Pack) -> list[Any]:
    sizes = [size.pattern.size for size in pack.sizes]
    rows: list[list[Any]] = [["point of measure", *sizes, "step", "tolerance ±"]]
    rows += [
        [point.name, *(_cm(value) for value in point.values_m), _cm(point.step_m),
         _cm(point.tolerance_m)]
        for point in pack.points
    ]  # fmt: skip
    low, high = _cm(LEAST_TOLERANCE_M), _cm(MOST_TOLERANCE_M)
    note = ("Flat, sew line to sew line. Girths are those of the whole garment, cut where the "
            "level lies on the fit model. Tolerance: half the smallest step between sizes, "
            f"{low} to {high}; {SHARE_ALONE:.0%} where nothing steps.")  # fmt: skip
    widths = [250, *([62.0] * len(sizes)), 56, 76]
    return [*_head("Points of measure", note), _table(rows, widths)]


_UNITS = (
    ("_kg_m2", 1000.0, "g/m²"), ("_n_m_rad", 1.0, "N/m per rad"), ("bending", 1e6, "µN m"),
    ("tensile", 1.0, "N/m"), ("thickness", 1000.0, "mm"), ("strain", 100.0, "%"),
)  # fmt: skip


def _fabric(pack: Pack) -> list[Any]:
    rows: list[list[Any]] = [["property", "source", "value", "unit"]]
    for field in fields(Fabric):
        value = getattr(pack.fabric, field.name)
        if not isinstance(value, int | float):
            continue
        match = ((f, u) for key, f, u in _UNITS if key in field.name)
        factor, unit = next(match, (1.0, "no unit"))
        words = field.name
        for ending in ("_kg_m2", "_n_m_rad", "_n_m", "_m"):
            words = words.removesuffix(ending)
        source = str(pack.fabric.provenance.get(field.name, "estimated"))
        rows.append([words.replace("_", " "), source, f"{value * factor:.4g}", unit])
    title = f"Fabric: {pack.fabric.name.replace('_', ' ')}"
    note = "Every number with its source; what nobody measured says estimated."
    return [*_head(title, note), _table(rows, [180, 360, 80, 90], numbers_from=2)]


def _bill(pack: Pack) -> list[Any]:
    density = pack.fabric.area_density_kg_m2
    sizes = pack.sizes
    rows: list[list[Any]] = [["item", "unit", *(size.pattern.size for size in sizes)]]

    def line(item: str, unit: str, value: Callable[[PackSize], str]) -> None:
        rows.append([item, unit, *(value(size) for size in sizes)])

    width = f"{pack.marker.width_m * 100:g} cm wide"
    line(f"{pack.fabric.name.replace('_', ' ')}, {width}", "cm", lambda s: _cm(s.marker.length_m))
    line("its mass", "g", lambda s: f"{s.marker.mass_kg(density) * 1000:.0f}")
    line("its waste", "%", lambda s: f"{(1 - s.marker.utilisation) * 100:.1f}")
    line("mass in the garment's pieces", "g",
         lambda s: f"{s.marker.piece_area_m2 * density * 1000:.0f}")  # fmt: skip
    for stitch in dict.fromkeys(seam.stitch for seam in sizes[0].seams):
        line(f"thread, {stitch.code} {stitch.name}", "m", lambda s, stitch=stitch: (
            f"{sum(seam.thread_m for seam in s.seams if seam.stitch == stitch):.1f}"))  # fmt: skip
    for i, (name, _, _) in enumerate(bands(sizes[pack.sample].pattern)):
        line(f"band {name.replace('_', ' ')}, length x width without allowance", "cm",
             lambda s, i=i: _band(s, i))  # fmt: skip
    for i, (panel, label, _) in enumerate(sensor_fields(sizes[pack.sample].pattern)):
        line(f"{label} field on {panel.replace('_', ' ')}", "cm²",
             lambda s, i=i: f"{sensor_fields(s.pattern)[i][2] * 1e4:.0f}")  # fmt: skip
    used = dict.fromkeys(seam.stitch for seam in sizes[0].seams)
    note = ("For one garment. Fabric: the garment alone on the roll, "
            f"{pack.marker.gap_m * 1000:g} mm between pieces. Thread: seam length times the thread "
            f"of its stitch at {N_LAYERS} times the fabric's thickness; stitch "
            f"{'; '.join(stitch.setting for stitch in used)} (estimated). "
            "Add what your machines waste.")  # fmt: skip
    widths = [300, 40, *([min(80.0, 400 / len(sizes))] * len(sizes))]
    return [*_head("Bill of material", note), _table(rows, widths, numbers_from=1)]


def _band(size: PackSize, i: int) -> str:
    found = bands(size.pattern)
    return f"{_cm(found[i][1])} x {_cm(found[i][2])}" if i < len(found) else "-"


def _marker(pack: Pack) -> list[Any]:
    from reportlab.platypus import Spacer

    drawing, scale = marker_drawing(pack.marker, _WIDE_PT, _HIGH_PT - 80)
    mass_g = pack.marker.mass_kg(pack.fabric.area_density_kg_m2) * 1000
    note = (f"One garment of every size: {pack.marker.sentence()}, "
            f"{pack.marker.width_m * 100:g} cm wide, {mass_g:.0f} g. At 1 : {scale:.1f}, "
            "roll to the right, cut lines with allowance.")  # fmt: skip
    return [*_head("Marker", note), Spacer(1, 6), drawing]


def _seams(pack: Pack) -> list[Any]:
    sample = pack.sizes[pack.sample]
    rows: list[list[Any]] = [["no.", "side A", "side B", "sewn", "stitch", "A", "B", "thread"]]
    rows += [
        [line.code, line.side_a, line.side_b or "open edge", line.kind, line.stitch.code,
         _cm(line.length_a_m), _cm(line.length_b_m), f"{line.thread_m:.2f} m"]
        for line in sample.seams
    ]  # fmt: skip
    note = (f"Size {sample.pattern.size}. Lengths of both sides on the sew line; where they differ "
            "the longer side is eased in.")  # fmt: skip
    widths = [40, 250, 250, 50, 40, 44, 44, 44]
    return [*_head("Seams and hems", note), _table(rows, widths, size=8.5, numbers_from=5)]


def _size_page(i: int) -> Callable[[Pack], list[Any]]:
    def make(pack: Pack) -> list[Any]:
        from reportlab.platypus import Table, TableStyle

        size = pack.sizes[i]
        drape = size.drape
        said = verdict(size)
        note = (f"{said[0].upper()}{said[1:]}. Fit model: {_tapes(size)}. "
                f"{len(drape.positions_m)} points of cloth; {drape.cause}, deepest "
                f"{drape.penetration_max_m * 1000:.2f} mm in the "
                f"body, {drape.intersections_cloth_cloth} crossing triangles.")  # fmt: skip
        wide = _WIDE_PT / 2 - 4
        pictures = [
            _picture(pack, size, name, wide_pt=wide, views=("front", "left", "back"))
            for name in _MAPS
        ]
        style = TableStyle(
            [("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]
        )
        row = Table([pictures], colWidths=[wide + 4] * 2, style=style)
        return [*_head(f"Fit of size {size.pattern.size}", note), row, _regions(size)]

    return make


def _tapes(size: PackSize) -> str:
    names = ("stature", "bust_girth", "waist_navel_girth", "waist_girth", "hip_girth")
    given = size.measures.given()
    return ", ".join(
        f"{name.removesuffix('_girth').replace('_', ' ')} {_cm(given[name])}"
        for name in names
        if name in given
    )


def _regions(size: PackSize) -> "Table":
    rows: list[list[Any]] = [
        [
            "region",
            "rule that fired",
            "verdict",
            "ease cm",
            "stretch p95, % of limit",
            "kPa mean",
            "kPa p95",
        ]
    ]
    for name, region in size.report.regions.items():
        if region.verdict == "none":
            continue
        strain, pressure = region.spreads["strain_share"], region.spreads["pressure_pa"]
        rows.append(
            [name.replace("_", " "), region.rule, region.verdict, _cm(region.ease_m),
             f"{strain.p95 * 100:.0f}", f"{pressure.mean / 1000:.2f}", f"{pressure.p95 / 1000:.2f}"]
        )  # fmt: skip
    if len(rows) == 1:
        rows.append(["-", "no region could be judged", "", "", "", "", ""])
    return _table(rows, [100, 290, 60, 60, 122, 60, 58], size=8.5, numbers_from=2)
