"""Colours for maps: fixed range, perceptually uniform, the same in picture, legend and GLB."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SKIN = np.array([214, 208, 202], dtype=np.uint8)
SEAM = np.array([40, 44, 52], dtype=np.uint8)
UNKNOWN_GREY = 160.0

# Anchors of a dark-blue to yellow map that stays monotone in lightness (sRGB).
_SEQUENTIAL = np.array(
    [
        [0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115],
        [138, 134, 120], [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56],
    ],
    dtype=np.float64,
)  # fmt: skip
# Dark red to near white to dark blue, equally light on both sides: only around a meaningful zero.
_DIVERGING = np.array(
    [
        [122, 18, 32], [178, 58, 56], [216, 116, 96], [238, 176, 152], [246, 222, 208],
        [240, 240, 238],
        [212, 226, 238], [160, 194, 224], [104, 154, 202], [56, 110, 170], [22, 66, 124],
    ],
    dtype=np.float64,
)  # fmt: skip
Palette = Literal["sequential", "red_low", "red_high"]
_ANCHORS: dict[Palette, NDArray[np.float64]] = {
    "sequential": _SEQUENTIAL,
    "red_low": _DIVERGING,
    "red_high": _DIVERGING[::-1],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A colour scale with its range printed, never chosen per picture.

    Attributes:
        title: Quantity and unit, as the legend says it.
        low: Value of the first colour.
        high: Value of the last colour; what is beyond takes the last colour.
        palette: ``red_low`` or ``red_high`` where zero means something and lies in the middle;
            red is where the garment is tight.
        second: Factor and unit of a second row of ticks, if any.
    """

    title: str
    low: float
    high: float
    palette: Palette = "sequential"
    second: tuple[float, str] | None = None

    def colors(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Colour of each value, shape (n, 3); NaN becomes grey."""
        known = np.isfinite(values)
        anchors = _ANCHORS[self.palette]
        raised = np.where(known, values, self.low) - self.low
        share = np.clip(raised / (self.high - self.low), 0, 1)
        position = share * (len(anchors) - 1)
        rgb = np.stack(
            [
                np.interp(position, np.arange(len(anchors)), anchors[:, channel])
                for channel in range(3)
            ],
            axis=-1,
        )
        rgb[~known] = UNKNOWN_GREY
        return np.rint(rgb).astype(np.uint8)


def face_values_at_vertices(
    values: NDArray[np.floating], faces: NDArray[np.integer], n_vertices: int
) -> NDArray[np.float64]:
    """Mean of the adjoining triangles' values per vertex, shape (n_vertices,); NaN where none."""
    corners = faces.ravel()
    total = np.bincount(corners, np.repeat(values, 3), minlength=n_vertices)
    count = np.bincount(corners, minlength=n_vertices)
    return np.divide(total, count, out=np.full(n_vertices, np.nan), where=count > 0)
