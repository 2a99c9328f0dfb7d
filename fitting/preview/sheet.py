"""A sheet of views with legend, scale bar, title and a badge that says whether it converged."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fitting.preview.colors import Scale
from fitting.preview.render import Backend, render
from fitting.preview.scene import Camera, PaintedMesh, View, camera_for

INK = (25, 28, 33)
FAINT = (110, 115, 122)
_GOOD, _BAD = (28, 110, 60), (168, 40, 30)
_MARGIN_PX = 28
_HEAD_PX = 84
_FOOT_PX = 96


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


def draw_sheet(
    rows: tuple[Row, ...],
    scale: Scale,
    *,
    views: tuple[View, ...] = ("front", "left", "back"),
    crop_low_m: float | None = None,
    panel_width_px: int = 480,
    panel_height_px: int = 620,
    backend: Backend = "numpy",
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
    """
    width = 2 * _MARGIN_PX + len(views) * panel_width_px
    row_height = _HEAD_PX + panel_height_px
    sheet = Image.new("RGB", (width, row_height * len(rows) + _FOOT_PX), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for i_row, row in enumerate(rows):
        top = i_row * row_height
        _title(draw, row, top, width)
        for i_view, view in enumerate(views):
            camera = camera_for(view, rows[0].meshes)
            if crop_low_m is not None:
                camera = _crop(camera, crop_low_m)
            picture = render(
                row.meshes,
                camera,
                width_px=panel_width_px,
                height_px=panel_height_px,
                backend=backend,
            )
            corner = (_MARGIN_PX + i_view * panel_width_px, top + _HEAD_PX)
            sheet.paste(Image.fromarray(picture), corner)
            draw.text((corner[0] + 8, corner[1] + 6), view.replace("_", " "), FAINT, _font(15))
            if i_row == 0 and i_view == 0:
                _scale_bar(draw, corner, panel_height_px, camera.height_m)
    _legend(draw, scale, row_height * len(rows), width)
    return sheet


def _crop(camera: Camera, low_m: float) -> Camera:
    high_m = camera.center_m[1] + camera.height_m / 2
    center_m = camera.center_m.copy()
    center_m[1] = (low_m + high_m) / 2
    return replace(camera, center_m=center_m, height_m=float(high_m - low_m))


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def _title(draw: ImageDraw.ImageDraw, row: Row, top: int, width: int) -> None:
    draw.text((_MARGIN_PX, top + 14), row.title, INK, _font(24))
    for i_line, line in enumerate(row.lines[:2]):
        draw.text((_MARGIN_PX, top + 44 + 19 * i_line), line, FAINT, _font(15))
    text = "converged" if row.converged else "NOT CONVERGED"
    font = _font(17)
    box = draw.textbbox((0, 0), text, font=font)
    left = width - _MARGIN_PX - (box[2] - box[0]) - 20
    color = _GOOD if row.converged else _BAD
    badge = (left, top + 14, width - _MARGIN_PX, top + 44)
    draw.rounded_rectangle(badge, 8, outline=color, width=2)
    draw.text((left + 10, top + 18), text, color, font)


def _scale_bar(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], height_px: int, height_m: float
) -> None:
    length_px = round(0.2 * height_px / height_m)
    left, bottom = corner[0] + 10, corner[1] + height_px - 14
    draw.line((left, bottom, left + length_px, bottom), INK, 3)
    draw.text((left, bottom - 22), "20 cm", INK, _font(15))


def _legend(draw: ImageDraw.ImageDraw, scale: Scale, top: int, width: int) -> None:
    left, right = _MARGIN_PX, width - _MARGIN_PX
    bar = scale.colors(np.linspace(scale.low, scale.high, right - left))
    draw.text((left, top + 8), scale.title, INK, _font(17))
    for x, color in enumerate(bar):
        draw.line((left + x, top + 36, left + x, top + 58), tuple(int(c) for c in color))
    n_ticks = 6
    for i_tick in range(n_ticks):
        share = i_tick / (n_ticks - 1)
        value = scale.low + share * (scale.high - scale.low)
        text = f"{value:g}" + (" and more" if i_tick == n_ticks - 1 else "")
        x = left + share * (right - left - 1)
        anchor = "la" if i_tick == 0 else ("ra" if i_tick == n_ticks - 1 else "ma")
        draw.text((x, top + 64), text, INK, _font(15), anchor=anchor)
