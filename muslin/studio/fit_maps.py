"""Maps of a fit as the page shows them: one number per vertex, fixed ranges, named units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.cloth import Cloth
from fitting.fit import FitMap
from fitting.preview import MAPS, MapStyle


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMap:
    """One map of the page.

    Attributes:
        name: Key, the same as in `fitting.preview.MAPS`.
        title: Word for a button.
        unit: Unit of the values.
    """

    name: str
    title: str
    unit: str

    @property
    def style(self) -> MapStyle:
        """Colours, range and values."""
        return MAPS[self.name]

    def described(self) -> dict[str, Any]:
        """What the page needs to colour a garment and to draw the legend."""
        scale = self.style.scale
        colors = scale.colors(np.linspace(scale.low, scale.high, 64))
        return {
            "name": self.name, "title": self.title, "unit": self.unit, "legend": scale.title,
            "low": scale.low, "high": scale.high, "colors": colors.tolist(),
            "second": list(scale.second) if scale.second else None,
        }  # fmt: skip


SHOWN = (
    ShownMap(name="pressure", title="Pressure", unit="kPa"),
    ShownMap(name="ease", title="Ease", unit="cm"),
    ShownMap(name="stretch", title="Strain", unit="%"),
    ShownMap(name="stress", title="Stress", unit="N/m"),
    ShownMap(name="gap", title="Distance", unit="mm"),
    ShownMap(name="limit", title="Of limit", unit="%"),
)


def vertex_regions(cloth: Cloth, fit: FitMap) -> NDArray[np.int64]:
    """Nearest region of the body, index into ``REGIONS``, shape (n_vertices,)."""
    region = np.zeros(len(cloth.positions_m), dtype=np.int64)
    region[cloth.faces.ravel()] = np.repeat(fit.face_region, 3)
    return region


def vertex_panels(cloth: Cloth) -> NDArray[np.int64]:
    """A panel that each vertex belongs to, shape (n_vertices,)."""
    panel = np.zeros(len(cloth.positions_m), dtype=np.int64)
    panel[cloth.faces.ravel()] = np.repeat(cloth.face_panel, 3)
    return panel
