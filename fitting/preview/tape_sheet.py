"""A picture of a body with the tapes on it, and the measures beside it in centimetres."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fitting.preview.line import line_tube
from fitting.preview.render import render
from fitting.preview.scene import Camera, PaintedMesh, View, camera_for

VIEWS: tuple[View, ...] = ("front", "left", "back")
_SKIN = (216, 208, 200)
_INK, _FAINT = (30, 30, 34), (110, 110, 118)
_TABLE_PX = 400
# Girths, lengths and widths differ in colour; colours that stay apart without red and green.
_COLORS = {"girth": (204, 60, 20), "length": (20, 90, 190), "width": (120, 60, 150)}


def draw_tapes(
    path: Path,
    *,
    vertices_m: NDArray[np.float64],
    faces: NDArray[np.int64],
    lines_m: Mapping[str, NDArray[np.float64]],
    rows: list[tuple[str, str, str]],
    title: str,
    height_px: int = 1000,
) -> None:
    """Draw a body from three sides with its tapes.

    Args:
        path: PNG to write.
        vertices_m: Skin, shape (n_vertices, 3).
        faces: Triangles, shape (n_faces, 3).
        lines_m: Tapes by measure, shape (n, 3) each.
        rows: Measure, its kind, and the value as text.
        title: Heading.
        height_px: Height of the picture.
    """
    kinds = {name: kind for name, kind, _ in rows}
    body = PaintedMesh(
        name="body", vertices_m=vertices_m, faces=faces,
        colors=np.tile(np.array(_SKIN, dtype=np.uint8), (len(vertices_m), 1)),
    )  # fmt: skip
    tapes = tuple(
        _tape(name, line, _COLORS[kinds[name]])
        for name, line in lines_m.items()
        if kinds.get(name) in _COLORS
    )
    views = [_view(view, body, tapes, height_px) for view in VIEWS]
    figure = np.hstack(views)
    picture = Image.new("RGB", (figure.shape[1] + _TABLE_PX, height_px), "white")
    picture.paste(Image.fromarray(figure), (0, 0))
    _table(ImageDraw.Draw(picture), figure.shape[1], rows, title, height_px)
    picture.save(path)


def _tape(name: str, line_m: NDArray[np.float64], color: tuple[int, int, int]) -> PaintedMesh:
    points, faces = line_tube(line_m)
    colors = np.tile(np.array(color, dtype=np.uint8), (len(points), 1))
    return PaintedMesh(name=name, vertices_m=points, faces=faces, colors=colors, two_sided=True)


def _view(
    view: View, body: PaintedMesh, tapes: tuple[PaintedMesh, ...], height_px: int
) -> NDArray[np.uint8]:
    camera: Camera = camera_for(view, (body,))
    across = np.ptp(body.vertices_m @ camera.R_view_world()[0])
    width_px = int(height_px * (across + 0.12) / camera.height_m)
    return render((body, *tapes), camera, width_px=width_px, height_px=height_px)


def _table(
    draw: ImageDraw.ImageDraw,
    left: int,
    rows: list[tuple[str, str, str]],
    title: str,
    height_px: int,
) -> None:
    draw.text((left, 16), title, _INK, ImageFont.load_default(20))
    step = min(22.0, (height_px - 60) / max(len(rows), 1))
    font = ImageFont.load_default(max(int(step * 0.68), 8))
    for i, (name, kind, text) in enumerate(rows):
        y = 52 + i * step
        draw.rectangle((left, y + 3, left + 10, y + 11), _COLORS.get(kind, _FAINT))
        draw.text((left + 18, y), name.replace("_", " "), _INK, font)
        draw.text((left + _TABLE_PX - 20, y), text, _INK, font, anchor="ra")
