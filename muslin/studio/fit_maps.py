"""Maps of a fit in the units that a person reads, one number per vertex, with fixed ranges."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body import REGIONS
from fitting.cloth import Cloth
from fitting.fit import FitMap, FitReport
from fitting.preview import Scale
from fitting.preview.colors import face_values_at_vertices

MMHG_PER_KPA = 7.50062

Values = Callable[[FitMap, FitReport, Cloth], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedMap:
    """One map.

    Attributes:
        name: Key.
        title: Word for a button.
        unit: Unit of the values.
        scale: Colours and range.
        values: Makes the values, shape (n_vertices,); NaN where nothing is known.
    """

    name: str
    title: str
    unit: str
    scale: Scale
    values: Values

    def described(self) -> dict[str, Any]:
        """What the page needs to draw the legend."""
        colors = self.scale.colors(np.linspace(self.scale.low, self.scale.high, 64))
        return {
            "name": self.name, "title": self.title, "unit": self.unit, "legend": self.scale.title,
            "low": self.scale.low, "high": self.scale.high, "colors": colors.tolist(),
            "second": list(self.scale.second) if self.scale.second else None,
        }  # fmt: skip


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


def _of_faces(values: NDArray[np.float64], cloth: Cloth) -> NDArray[np.float64]:
    return face_values_at_vertices(values, cloth.faces, len(cloth.positions_m))


def _ease_cm(fit: FitMap, report: FitReport, cloth: Cloth) -> NDArray[np.float64]:
    by_region = np.full(len(REGIONS), np.nan)
    for name, summary in report.regions.items():
        if summary.ease_m is not None and name in REGIONS:
            by_region[REGIONS.index(name)] = summary.ease_m * 100
    return by_region[vertex_regions(cloth, fit)]


MAPS: tuple[NamedMap, ...] = (
    NamedMap(
        name="pressure", title="Pressure", unit="kPa",
        scale=Scale(title="Pressure on the skin [kPa]", low=0.0, high=4.0,
                    second=(MMHG_PER_KPA, "mmHg")),
        values=lambda fit, report, cloth: fit.pressure_pa / 1000,
    ),
    NamedMap(
        name="ease", title="Ease", unit="cm",
        scale=Scale(title="Ease of the girth, by region [cm]", low=-20.0, high=20.0,
                    palette="red_low"),
        values=_ease_cm,
    ),
    NamedMap(
        name="strain", title="Strain", unit="%",
        scale=Scale(title="Stretch, the larger of warp and weft [%]", low=0.0, high=10.0),
        values=lambda fit, report, cloth: _of_faces(
            np.maximum(fit.strain_warp, fit.strain_weft) * 100, cloth
        ),
    ),
    NamedMap(
        name="stress", title="Stress", unit="N/m",
        scale=Scale(title="Tension, the larger of warp and weft [N/m]", low=0.0, high=100.0),
        values=lambda fit, report, cloth: _of_faces(
            np.maximum(fit.stress_warp_n_m, fit.stress_weft_n_m), cloth
        ),
    ),
    NamedMap(
        name="distance", title="Distance", unit="mm",
        scale=Scale(title="Distance to the skin [mm]", low=0.0, high=60.0),
        values=lambda fit, report, cloth: fit.gap_m * 1000,
    ),
)  # fmt: skip
