"""Numbers of a region or a panel: mean, 95th percentile, and the extremes with their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS
from fitting.cloth.cloth import Cloth
from fitting.fit.maps import FitMap
from fitting.fit.where import Places

PA_PER_MMHG = 133.322
# Maps that a summary counts, per triangle and per vertex.
FACE_MAPS = (
    "strain_warp", "strain_weft", "shear", "strain_share",
    "stress_warp_n_m", "stress_weft_n_m", "stress_shear_n_m",
)  # fmt: skip
VERTEX_MAPS = ("pressure_pa", "laplace_pa", "gap_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a quantity spreads over a part of the garment.

    Attributes:
        mean: Mean, weighted by draped area.
        p95: 95th percentile, weighted by draped area.
        low: Smallest value.
        high: Largest value.
        high_place: Where the largest lies, in words; empty when nobody asked.
        low_place: Where the smallest lies, in words.
    """

    mean: float
    p95: float
    low: float
    high: float
    high_place: str = ""
    low_place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Numbers of one region or panel.

    Attributes:
        area_m2: Cloth area, as draped.
        contact_share: Share of that area that presses on the skin, no unit.
        spreads: Spread of each map, by the map's name.
        dominant: ``warp``, ``weft`` or ``shear``: which nears its limit most at the 95th
            percentile.
        ease_m: Ease of this region's level, None where there is none.
        verdict: ``none`` when the drape is not at rest, or there is too little cloth.
        rule: Which threshold decided.
    """

    area_m2: float
    contact_share: float
    spreads: Mapping[str, Spread]
    dominant: str
    ease_m: float | None = None
    verdict: str = "none"
    rule: str = ""

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program, units in the key names."""
        values: dict[str, Any] = {
            "area_m2": self.area_m2,
            "contact_share": self.contact_share,
            "ease_m": self.ease_m,
            "dominant": self.dominant,
            "verdict": self.verdict,
            "rule": self.rule,
        }
        for name, spread in self.spreads.items():
            stem, unit = _stem(name)
            for statistic in ("mean", "p95", "low", "high"):
                word = {"low": "min", "high": "max"}.get(statistic, statistic)
                values[f"{stem}_{word}{unit}"] = getattr(spread, statistic)
            values[f"{stem}_max_place"] = spread.high_place
        for statistic in ("mean", "p95", "max"):
            values[f"pressure_{statistic}_mmhg"] = values[f"pressure_{statistic}_pa"] / PA_PER_MMHG
        return values


def _stem(name: str) -> tuple[str, str]:
    """Split a map's name into quantity and unit."""
    for unit in ("_n_m", "_pa", "_m"):
        if name.endswith(unit):
            return name.removesuffix(unit), unit
    return name, "_rad" if name == "shear" else ""


def region_summaries(
    cloth: Cloth, fit: FitMap, *, places: Places | None = None
) -> dict[str, Summary]:
    """Summary of each region of the body that the garment covers, in the body's order.

    Args:
        cloth: The garment.
        fit: Maps of its drape.
        places: Names the places of extremes; without it they stay empty.
    """
    return {
        name: summary(cloth, fit, fit.face_region == i, places=places)
        for i, name in enumerate(REGIONS)
        if (fit.face_region == i).any()
    }


def panel_summaries(
    cloth: Cloth, fit: FitMap, *, places: Places | None = None
) -> dict[str, Summary]:
    """Summary of each panel; arguments as in `region_summaries`."""
    return {
        name: summary(cloth, fit, cloth.face_panel == i, places=places)
        for i, name in enumerate(cloth.panel_names)
        if (cloth.face_panel == i).any()
    }


def summary(
    cloth: Cloth, fit: FitMap, chosen: NDArray[np.bool_], *, places: Places | None = None
) -> Summary:
    """Summarise some of the triangles.

    Args:
        cloth: The garment.
        fit: Maps of its drape.
        chosen: Triangles, shape (n_faces,); at least one.
        places: Names the places of extremes.
    """
    faces = np.flatnonzero(chosen)
    corners = cloth.faces[faces].ravel()
    vertices, inverse = np.unique(corners, return_inverse=True)
    own_area = np.bincount(inverse, np.repeat(fit.area_m2[faces] / 3, 3)).astype(np.float64)
    spreads: dict[str, Spread] = {}
    for name in FACE_MAPS:
        values = getattr(fit, name)
        spreads[name] = _spread(values, faces, fit.area_m2[faces], places and places.of_face)
    for name in VERTEX_MAPS:
        values = getattr(fit, name)
        spreads[name] = _spread(values, vertices, own_area, places and places.of_vertex)
    touching = fit.pressure_pa[vertices] > 0
    shares = [fit.share_warp, fit.share_weft, fit.share_shear]
    p95 = [weighted_quantile(share[faces], fit.area_m2[faces], 0.95) for share in shares]
    return Summary(
        area_m2=float(fit.area_m2[faces].sum()),
        contact_share=float(own_area[touching].sum() / own_area.sum()),
        spreads=spreads,
        dominant=("warp", "weft", "shear")[int(np.argmax(p95))],
    )


def _spread(
    values: NDArray[np.float64], rows: NDArray[np.int64], weight: NDArray[np.float64], name: Any
) -> Spread:
    own = values[rows]
    low, high = int(rows[own.argmin()]), int(rows[own.argmax()])
    return Spread(
        mean=float(own @ weight / weight.sum()),
        p95=weighted_quantile(own, weight, 0.95),
        low=float(own.min()),
        high=float(own.max()),
        high_place=name(high) if name else "",
        low_place=name(low) if name else "",
    )


def weighted_quantile(
    values: NDArray[np.float64], weights: NDArray[np.float64], share: float
) -> float:
    """Value below which a share of the weight lies, so that mesh density does not matter."""
    order = np.argsort(values, kind="stable")
    walked = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(share * weights.sum(), walked, values[order]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far two drapes of the same garment are apart in one region.

    Attributes:
        strain: Largest difference of mean strain, warp or weft, in strain itself.
        strain_share: The same over the larger of the two region's p95 strain, no unit.
        pressure_pa: Difference of mean pressure.
        pressure_share: The same over the larger of both, no unit; 0 where nothing presses.
        gap_m: Difference of the mean distance to the skin.
    """

    strain: float
    strain_share: float
    pressure_pa: float
    pressure_share: float
    gap_m: float


def region_differences(
    first: Mapping[str, Summary], second: Mapping[str, Summary]
) -> dict[str, Difference]:
    """Compare two drapes region by region; only regions that both have."""
    result = {}
    for name in first.keys() & second.keys():
        a, b = first[name].spreads, second[name].spreads
        strains = [
            (abs(a[key].mean - b[key].mean), max(abs(a[key].p95), abs(b[key].p95), 1e-6))
            for key in ("strain_warp", "strain_weft")
        ]
        pressure = abs(a["pressure_pa"].mean - b["pressure_pa"].mean)
        most = max(a["pressure_pa"].mean, b["pressure_pa"].mean)
        result[name] = Difference(
            strain=max(strain for strain, _ in strains),
            strain_share=max(strain / scale for strain, scale in strains),
            pressure_pa=pressure,
            pressure_share=pressure / most if most > 0 else 0.0,
            gap_m=abs(a["gap_m"].mean - b["gap_m"].mean),
        )
    return {name: result[name] for name in first if name in result}
