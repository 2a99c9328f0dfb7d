"""The fit report: per region and per panel, with the state of the solver on top."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.drape.result import Drape
from fitting.fit.ease import GirthEase, girth_ease
from fitting.fit.maps import FitMap, fit_map
from fitting.fit.verdict import Fit, FitBands, judge

_N_FACES_MIN = 10  # a region touched by less has no statistics
_GIRTHS = {
    "chest": ("bust_girth",),
    "waist": ("waist_girth",),
    "hip": ("hip_girth",),
    "upper_arm": ("upper_arm_girth_l", "upper_arm_girth_r"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFit:
    """Numbers of one region or panel.

    Attributes:
        n_faces: Triangles in it.
        strain_warp_mean: Mean strain along the warp, no unit; then 95th percentile and largest.
        strain_weft_mean: The same along the weft.
        limit_share_p95: 95th percentile of the worse strain over the fabric's limit, no unit.
        pressure_mean_kpa: Area mean over the cloth that touches; 0 where none does.
        pressure_p95_kpa: 95th percentile over the cloth that touches.
        contact_share: Share of the area that touches the skin, no unit.
        gap_median_m: Median gap to the skin.
        ease_m: Ease of the region's girth; None where it has none. Least of both arms.
        ease_share: Ease over body girth, no unit.
        verdict: One word; None where the drape is not at rest, or for a panel.
        rule: The rule that gave the verdict, or why there is none.
    """

    n_faces: int
    strain_warp_mean: float
    strain_warp_p95: float
    strain_warp_max: float
    strain_weft_mean: float
    strain_weft_p95: float
    strain_weft_max: float
    limit_share_p95: float
    pressure_mean_kpa: float
    pressure_p95_kpa: float
    contact_share: float
    gap_median_m: float
    ease_m: float | None
    ease_share: float | None
    verdict: Fit | None
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FitReport:
    """How a garment fits.

    Attributes:
        drape: The solve behind it.
        ease: Girths of garment and body, by measurement key.
        regions: Numbers by body region.
        panels: Numbers by panel.
        estimated: Numbers of each fabric that nobody measured, by fabric name.
    """

    drape: Drape
    ease: Mapping[str, GirthEase]
    regions: Mapping[str, PartFit]
    panels: Mapping[str, PartFit]
    estimated: Mapping[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers and words; units are in the keys."""
        d = self.drape
        return {
            "converged": d.converged,
            "cause": d.cause,
            "residual": d.residual,
            "residual_median_n": d.residual_median_n,
            "residual_p95_n": d.residual_p95_n,
            "residual_max_n": d.residual_max_n,
            "displacement_mean_m": d.displacement_mean_m,
            "velocity_rms_m_s": d.velocity_rms_m_s,
            "n_steps": d.n_steps,
            "n_cg": d.n_cg,
            "n_cg_capped": d.n_cg_capped,
            "intersections_cloth_cloth": d.intersections_cloth_cloth,
            "penetration_max_m": d.penetration_max_m,
            "n_inside": d.n_inside,
            "seam_gap_max_m": d.seam_gap_max_m,
            "seed": d.seed,
            "ease": {name: asdict(ease) for name, ease in self.ease.items()},
            "regions": {name: asdict(part) for name, part in self.regions.items()},
            "panels": {name: asdict(part) for name, part in self.panels.items()},
            "estimated": {name: list(fields) for name, fields in self.estimated.items()},
        }


def fit_report(
    cloth: Cloth,
    drape: Drape,
    body: Body,
    fabrics: Sequence[Fabric],
    *,
    bands: FitBands | None = None,
) -> FitReport:
    """Summarise a drape; one that is not at rest gets numbers but no verdict.

    Args:
        cloth: The garment that was draped.
        drape: Its drape.
        body: The body it was draped on.
        fabrics: Fabrics that ``cloth.face_fabric`` points into.
        bands: Where one verdict ends and the next begins.
    """
    maps = fit_map(cloth, drape, body, fabrics)
    ease = girth_ease(cloth, drape, body)
    chosen = bands or FitBands()
    regions: dict[str, PartFit] = {}
    for index, name in enumerate(REGIONS):
        faces = maps.face_region == index
        if faces.sum() >= _N_FACES_MIN:
            girths = [ease[key] for key in _GIRTHS.get(name, ()) if key in ease]
            least = min(girths, key=lambda girth: girth.ease_share, default=None)
            regions[name] = _part(cloth, maps, drape, faces, least, chosen)
    panels = {
        name: _part(cloth, maps, drape, cloth.face_panel == index, None, None)
        for index, name in enumerate(cloth.panel_names)
        if (cloth.face_panel == index).any()
    }
    estimated = {
        fabric.name: tuple(
            field for field, source in fabric.provenance.items() if "estimated" in source.lower()
        )
        for fabric in fabrics
    }
    return FitReport(drape=drape, ease=ease, regions=regions, panels=panels, estimated=estimated)


def _part(
    cloth: Cloth,
    maps: FitMap,
    drape: Drape,
    faces: NDArray[np.bool_],
    ease: GirthEase | None,
    bands: FitBands | None,
) -> PartFit:
    vertices = np.unique(cloth.faces[faces])
    pressure, area = maps.pressure_kpa[vertices], maps.vertex_area_m2[vertices]
    touching = pressure > 0
    mean = float(np.average(pressure[touching], weights=area[touching])) if touching.any() else 0.0
    p95 = float(np.percentile(pressure[touching], 95)) if touching.any() else 0.0
    worst = np.maximum(maps.limit_share_warp, maps.limit_share_weft)[faces]
    limit = float(np.percentile(worst, 95))
    gap = float(np.median(maps.gap_m[vertices]))
    verdict, rule = None, "a panel gets no verdict"
    if not drape.converged:
        rule = f"not at rest: {drape.cause}"
    elif bands is not None:
        verdict, rule = judge(
            bands,
            limit_share_p95=limit,
            pressure_mean_kpa=mean,
            ease_share=None if ease is None else ease.ease_share,
            gap_median_m=gap,
        )
    warp, weft = maps.strain_warp[faces], maps.strain_weft[faces]
    return PartFit(
        n_faces=int(faces.sum()),
        strain_warp_mean=float(warp.mean()),
        strain_warp_p95=float(np.percentile(warp, 95)),
        strain_warp_max=float(warp.max()),
        strain_weft_mean=float(weft.mean()),
        strain_weft_p95=float(np.percentile(weft, 95)),
        strain_weft_max=float(weft.max()),
        limit_share_p95=limit,
        pressure_mean_kpa=mean,
        pressure_p95_kpa=p95,
        contact_share=float(area[touching].sum() / area.sum()),
        gap_median_m=gap,
        ease_m=None if ease is None else ease.ease_m,
        ease_share=None if ease is None else ease.ease_share,
        verdict=verdict,
        rule=rule,
    )
