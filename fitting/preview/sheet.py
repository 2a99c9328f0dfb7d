"""Sheets of pictures under one legend: rows of views of a fit, and contact sheets of many fits."""

from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from fitting.preview.colors import Scale
from fitting.preview.labels import (
    FAINT,
    INK,
    LEGEND_PX,
    badge,
    fit_text,
    font,
    legend,
    scale_bar,
    wrap_text,
)
from fitting.preview.render import Backend, render
from fitting.preview.scene import Camera, PaintedMesh, View, camera_for

_MARGIN_PX = 28
_HEAD_PX = 84
_CELL_HEAD_PX = 108
_SHEET_TITLE_PX = 52


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One garment on one body, drawn from several sides.

    Attributes:
        title: What it is: garment, size, fabric.
        lines: Numbers under the title, one sentence each.
        meshes: Body and garment.
        converged: Whether the drape is at rest; shown as a badge.
    """

    title: str
    lines: tuple[str, ...]
    meshes: tuple[PaintedMesh, ...]
    converged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One picture of a contact sheet.

    Attributes:
        title: What it shows; no head is drawn where title and lines are empty.
        lines: Sentences under the title, wrapped; three lines in all have room.
        meshes: What to draw.
        camera: From where.
        converged: Whether the drape is at rest; None draws no badge.
    """

    title: str
    lines: tuple[str, ...]
    meshes: tuple[PaintedMesh, ...]
    camera: Camera
    converged: bool | None = None


def draw_sheet(
    rows: tuple[Row, ...],
    scale: Scale,
    *,
    views: tuple[View, ...] = ("front", "left", "back"),
    crop_low_m: float | None = None,
    panel_width_px: int = 480,
    panel_height_px: int = 620,
    backend: Backend = "numpy",
    flat: bool = False,
) -> Image.Image:
    """Draw rows of views under one scale.

    Args:
        rows: Garments to show, each in all views and at the same scale.
        scale: Colour scale of the maps, drawn as the legend.
        views: Directions, left to right.
        crop_low_m: Leave out what is below this height.
        panel_width_px: Width of one view.
        panel_height_px: Height of one view.
        backend: What draws the views.
        flat: Draw colours without shading.
    """
    width = 2 * _MARGIN_PX + len(views) * panel_width_px
    row_height = _HEAD_PX + panel_height_px
    sheet = Image.new("RGB", (width, row_height * len(rows) + LEGEND_PX), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for i_row, row in enumerate(rows):
        top = i_row * row_height
        _title(draw, row, top, width)
        for i_view, view in enumerate(views):
            camera = camera_for(view, rows[0].meshes)
            if crop_low_m is not None:
                camera = crop_below(camera, crop_low_m)
            corner = (_MARGIN_PX + i_view * panel_width_px, top + _HEAD_PX)
            picture = render(
                row.meshes, camera, width_px=panel_width_px, height_px=panel_height_px,
                backend=backend, flat=flat,
            )  # fmt: skip
            sheet.paste(Image.fromarray(picture), corner)
            draw.text((corner[0] + 8, corner[1] + 6), view.replace("_", " "), FAINT, font(15))
            if i_view == 0:
                scale_bar(draw, corner, panel_height_px, camera.height_m)
    legend(draw, scale, row_height * len(rows), _MARGIN_PX, width - _MARGIN_PX)
    return sheet


def contact_sheet(
    cells: tuple[Cell, ...],
    scale: Scale | None,
    *,
    n_columns: int,
    title: str = "",
    cell_width_px: int = 360,
    cell_height_px: int = 480,
    backend: Backend = "numpy",
    flat: bool = False,
) -> Image.Image:
    """Draw many pictures with one legend.

    Args:
        cells: Pictures, row by row.
        scale: Colour scale of all of them; None draws no legend.
        n_columns: Pictures a row.
        title: Written above all.
        cell_width_px: Width of one picture.
        cell_height_px: Height of one picture.
        backend: What draws them.
        flat: Draw colours without shading.
    """
    n_columns = max(1, min(n_columns, len(cells)))
    rows = [cells[i : i + n_columns] for i in range(0, len(cells), n_columns)]
    heads = [_CELL_HEAD_PX if any(cell.title or cell.lines for cell in row) else 10 for row in rows]
    top = _SHEET_TITLE_PX if title else 10
    width = 2 * _MARGIN_PX + n_columns * cell_width_px
    foot = LEGEND_PX if scale is not None else 10
    height = top + sum(heads) + len(rows) * cell_height_px + foot
    sheet = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text((_MARGIN_PX, 14), fit_text(draw, title, width - 2 * _MARGIN_PX, font(24)), INK,
                  font(24))  # fmt: skip
    for row, head in zip(rows, heads, strict=True):
        for i_column, cell in enumerate(row):
            corner = (_MARGIN_PX + i_column * cell_width_px, top + head)
            picture = render(
                cell.meshes, cell.camera, width_px=cell_width_px - 8, height_px=cell_height_px,
                backend=backend, flat=flat,
            )  # fmt: skip
            sheet.paste(Image.fromarray(picture), corner)
            _cell_head(draw, cell, corner[0], top, cell_width_px - 16)
            if cell.converged is not None:
                badge(draw, corner[0] + cell_width_px - 16, corner[1] + 6, converged=cell.converged)
            scale_bar(draw, corner, cell_height_px, cell.camera.height_m)
        top += head + cell_height_px
    if scale is not None:
        legend(draw, scale, top, _MARGIN_PX, width - _MARGIN_PX)
    return sheet


def crop_below(camera: Camera, low_m: float) -> Camera:
    """Leave out what is below a height."""
    return crop_between(camera, low_m, float(camera.center_m[1] + camera.height_m / 2))


def crop_between(camera: Camera, low_m: float, high_m: float) -> Camera:
    """Frame the heights from low to high."""
    center_m = camera.center_m.copy()
    center_m[1] = (low_m + high_m) / 2
    return replace(camera, center_m=center_m, height_m=float(high_m - low_m))


def _title(draw: ImageDraw.ImageDraw, row: Row, top: int, width: int) -> None:
    left = badge(draw, width - _MARGIN_PX, top + 14, converged=row.converged)
    title = fit_text(draw, row.title, left - _MARGIN_PX - 12, font(24))
    draw.text((_MARGIN_PX, top + 12), title, INK, font(24))
    for i_line, line in enumerate(row.lines[:2]):
        said = fit_text(draw, line, width - 2 * _MARGIN_PX, font(15))
        draw.text((_MARGIN_PX, top + 44 + 19 * i_line), said, FAINT, font(15))


def _cell_head(draw: ImageDraw.ImageDraw, cell: Cell, left: int, top: int, width: int) -> None:
    draw.text((left, top + 6), fit_text(draw, cell.title, width, font(17)), INK, font(17))
    face, line_top = font(14), top + 36
    room = 4
    for sentence in cell.lines:
        for line in wrap_text(draw, sentence, width, face, room):
            draw.text((left, line_top), line, FAINT, face)
            line_top += 17
            room -= 1
        if room <= 0:
            return
