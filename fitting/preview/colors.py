"""Colours for maps: fixed range, perceptually uniform, the same in picture, legend and GLB."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SKIN = np.array([214, 208, 202], dtype=np.uint8)

# Anchors of a dark-blue to yellow map that stays monotone in lightness (sRGB).
_SEQUENTIAL = np.array(
    [
        [0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115],
        [138, 134, 120], [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56],
    ],
    dtype=np.float64,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A colour scale with its range printed, never chosen per picture.

    Attributes:
        title: Quantity and unit, as the legend says it.
        low: Value of the first colour.
        high: Value of the last colour; what is beyond takes the last colour.
    """

    title: str
    low: float
    high: float

    def colors(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Colour of each value, shape (n, 3); NaN becomes grey."""
        known = np.isfinite(values)
        raised = np.where(known, values, self.low) - self.low
        share = np.clip(raised / (self.high - self.low), 0, 1)
        position = share * (len(_SEQUENTIAL) - 1)
        rgb = np.stack(
            [
                np.interp(position, np.arange(len(_SEQUENTIAL)), _SEQUENTIAL[:, channel])
                for channel in range(3)
            ],
            axis=-1,
        )
        rgb[~known] = 160.0
        return np.rint(rgb).astype(np.uint8)


def face_values_at_vertices(
    values: NDArray[np.floating], faces: NDArray[np.integer], n_vertices: int
) -> NDArray[np.float64]:
    """Mean of the adjoining triangles' values per vertex, shape (n_vertices,); NaN where none."""
    total, count = np.zeros(n_vertices), np.zeros(n_vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], values)
        np.add.at(count, faces[:, corner], 1.0)
    return np.divide(total, count, out=np.full(n_vertices, np.nan), where=count > 0)


STRETCH_SCALE = Scale(title="Stretch, the larger of warp and weft [%]", low=0.0, high=10.0)
