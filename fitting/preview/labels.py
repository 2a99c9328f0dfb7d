"""What is written into pictures: titles, badges, scale bars, legends."""

from typing import cast

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fitting.preview.colors import Scale

INK = (25, 28, 33)
FAINT = (95, 100, 108)
_GOOD, _BAD = (28, 110, 60), (168, 40, 30)
LEGEND_PX = 96
_N_TICKS = 6
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font(size_px: int) -> Font:
    """The font that comes with Pillow."""
    return ImageFont.load_default(size_px)


def fit_text(draw: ImageDraw.ImageDraw, text: str, width_px: float, face: Font) -> str:
    """Cut a line that is too wide, and say so by an ellipsis."""
    if draw.textlength(text, font=face) <= width_px:
        return text
    while text and draw.textlength(text + "...", font=face) > width_px:
        text = text[:-1]
    return text.rstrip(" ,;") + "..."


def wrap_text(
    draw: ImageDraw.ImageDraw, text: str, width_px: float, face: Font, n_lines: int
) -> list[str]:
    """Break a sentence into at most some lines."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font=face) <= width_px:
            lines[-1] = longer
        elif not lines or len(lines) < n_lines:
            lines.append(word)
        else:
            lines[-1] = longer
    return [fit_text(draw, line, width_px, face) for line in lines]


def badge(draw: ImageDraw.ImageDraw, right: int, top: int, *, converged: bool) -> int:
    """Say whether the drape is at rest; returns the left end in pixels."""
    text = "converged" if converged else "NOT CONVERGED"
    face = font(15)
    left = right - round(draw.textlength(text, font=face)) - 18
    color = _GOOD if converged else _BAD
    draw.rounded_rectangle((left, top, right, top + 26), 7, outline=color, width=2)
    draw.text((left + 9, top + 4), text, color, face)
    return left


def scale_bar(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], height_px: int, height_m: float
) -> None:
    """Draw a bar of a round length into the lower left of a view."""
    length_cm = next((cm for cm in (50, 20, 10, 5, 2, 1) if cm / 100 < 0.3 * height_m), 1)
    length_px = round(length_cm / 100 * height_px / height_m)
    left, bottom = corner[0] + 10, corner[1] + height_px - 14
    draw.line((left, bottom, left + length_px, bottom), INK, 3)
    draw.text((left, bottom - 22), f"{length_cm} cm", INK, font(15))


def legend(draw: ImageDraw.ImageDraw, scale: Scale, top: int, left: int, right: int) -> None:
    """Draw a scale between two columns of pixels, `LEGEND_PX` high."""
    bar = scale.colors(np.linspace(scale.low, scale.high, right - left))
    draw.text((left, top + 6), scale.title, INK, font(17))
    unknown = "grey: not known"
    draw.text((right, top + 8), unknown, FAINT, font(14), anchor="ra")
    for x, color in enumerate(bar):
        rgb = cast("tuple[int, int, int]", tuple(int(c) for c in color))
        draw.line((left + x, top + 32, left + x, top + 52), rgb)
    for i_tick in range(_N_TICKS):
        share = i_tick / (_N_TICKS - 1)
        value = scale.low + share * (scale.high - scale.low)
        x = left + share * (right - left - 1)
        anchor = "la" if i_tick == 0 else ("ra" if i_tick == _N_TICKS - 1 else "ma")
        text = f"{value:.3g}" + (" and more" if i_tick == _N_TICKS - 1 else "")
        draw.text((x, top + 56), text, INK, font(15), anchor=anchor)
        if scale.second is not None:
            factor, unit = scale.second
            text = f"{value * factor:.2g} {unit}"
            draw.text((x, top + 75), text, FAINT, font(13), anchor=anchor)


def legend_picture(scale: Scale, width_px: int) -> Image.Image:
    """A legend alone."""
    picture = Image.new("RGB", (width_px, LEGEND_PX), (255, 255, 255))
    legend(ImageDraw.Draw(picture), scale, 0, 16, width_px - 16)
    return picture
