"""Write a plain DXF drawing (R2000, millimetres): polylines and texts on named layers."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MM_PER_M = 1000.0
_METRIC = 1
_MILLIMETRES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DxfText:
    """A word on the drawing.

    Attributes:
        layer: Its layer.
        text: What is written.
        at_m: Where it starts.
        height_m: Height of its letters.
    """

    layer: str
    text: str
    at_m: tuple[float, ...]
    height_m: float = 0.012


def write_drawing(
    path: Path,
    lines: Sequence[tuple[str, NDArray[np.float64], bool]],
    texts: Sequence[DxfText] = (),
) -> None:
    """Write lines and texts.

    Args:
        path: File to write.
        lines: Layer, points of shape (n, 2) in metres, and whether the line is closed.
        texts: Words on the drawing.
    """
    from ezdxf.filemanagement import new

    document = new("R2000", units=_MILLIMETRES)
    document.header["$MEASUREMENT"] = _METRIC
    space = document.modelspace()
    for name in sorted({layer for layer, _, _ in lines} | {text.layer for text in texts}):
        document.layers.add(name)
    for layer, points_m, closed in lines:
        points = [(float(x), float(y)) for x, y in points_m * MM_PER_M]
        space.add_lwpolyline(points, close=closed, dxfattribs={"layer": layer})
    for text in texts:
        at = tuple(value * MM_PER_M for value in text.at_m)
        space.add_text(
            text.text,
            dxfattribs={"layer": text.layer, "height": text.height_m * MM_PER_M, "insert": at},
        )
    stream = io.StringIO()
    document.write(stream)
    path.write_text(stream.getvalue(), encoding="utf-8")
