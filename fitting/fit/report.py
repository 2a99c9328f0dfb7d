"""What the fit says: numbers per region and panel, and a verdict where the drape is at rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fitting.body.body import REGIONS, Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.drape.result import Drape
from fitting.fit.compression import compression_class, describe_compression
from fitting.fit.ease import Ease, ease_at_levels, ease_map_m, ease_to_json
from fitting.fit.fit_class import FitClass, load_fit_class
from fitting.fit.garment_measures import GarmentMeasure, garment_measures
from fitting.fit.maps import FitMap, face_areas_m2
from fitting.fit.regions import body_regions
from fitting.fit.summary import PA_PER_MMHG, Summary, panel_summaries, region_summaries
from fitting.fit.verdict import LEAST_AREA_M2, LEAST_COVER, LEAST_SHARE, judge, quantities
from fitting.fit.where import Places

# Ease of a region is that of the first of these levels which the garment covers all round.
_EASE_OF_REGION = {
    "chest": ("bust_girth",),
    "waist": ("waist_girth", "waist_navel_girth"),
    "hip": ("hip_girth",),
    "upper_arm": ("upper_arm_girth",),
    "thigh": ("thigh_girth",),
    "lower_leg": ("calf_girth",),
}
_LEAST_VERTICES = 20
_SAID_GIRTHS = (
    "bust_girth", "waist_girth", "hip_girth", "upper_arm_girth", "thigh_girth", "calf_girth",
)  # fmt: skip
_SAID_FIRST = ("chest", "waist", "hip", "thigh", "lower_leg", "upper_arm", "shoulder", "neck")


@dataclass(frozen=True, slots=True, kw_only=True)
class FitReport:
    """All numbers of one fit.

    Attributes:
        drape: The drape that was judged.
        fabrics: Names of the fabrics.
        estimated: Fields of the cards that nobody measured.
        fit_class: What the garment was judged as.
        ease: Ease by level.
        regions: Summary by body region, with verdicts.
        panels: Summary by panel, without verdicts.
        misfits: Steps between a region's state and the intended one, by region.
        measures: Points of measure, flat and draped.
        ankle_pa: Mean pressure above the ankle, None where the garment does not reach it.
    """

    drape: Drape
    fabrics: tuple[str, ...]
    estimated: tuple[str, ...]
    fit_class: FitClass
    ease: dict[str, Ease]
    regions: dict[str, Summary]
    panels: dict[str, Summary]
    misfits: dict[str, float]
    measures: dict[str, GarmentMeasure]
    ankle_pa: float | None = None

    @property
    def fits(self) -> bool:
        """Whether the drape is at rest and every judged region has an accepted verdict."""
        verdicts = [region.verdict for region in self.regions.values() if region.verdict != "none"]
        accepted = self.fit_class.accepted
        return self.drape.converged and bool(verdicts) and all(v in accepted for v in verdicts)

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program, units in the key names."""
        return {
            **_drape_numbers(self.drape),
            "fabrics": list(self.fabrics),
            "fabric_numbers_estimated": list(self.estimated),
            "fit_class": self.fit_class.name,
            "fits": self.fits if self.drape.converged else None,
            "ease": ease_to_json(self.ease),
            "measures": {name: measure.to_json() for name, measure in self.measures.items()},
            "compression": self._compression(),
            "regions": {name: summary.to_json() for name, summary in self.regions.items()},
            "panels": {name: summary.to_json() for name, summary in self.panels.items()},
        }

    def _compression(self) -> dict[str, Any] | None:
        if self.ankle_pa is None:
            return None
        return {
            "ankle_pressure_mean_pa": self.ankle_pa,
            "ankle_pressure_mean_mmhg": self.ankle_pa / PA_PER_MMHG,
            "ral_gz_387_class": compression_class(self.ankle_pa) if self.drape.converged else None,
        }

    def lines(self) -> tuple[str, ...]:
        """Two lines for a picture."""
        eases = [
            f"{name.removesuffix('_girth').replace('_', ' ')} {ease.ease_m * 100:+.1f} cm"
            for name, ease in self.ease.items()
            if name in _SAID_GIRTHS or len(self.ease) == 1
        ]
        verdicts = [
            f"{name.replace('_', ' ')} {self.regions[name].verdict}"
            for name in _SAID_FIRST
            if name in self.regions and self.regions[name].verdict != "none"
        ]
        judged = f"as a {self.fit_class.title}: {', '.join(verdicts)}" if verdicts else "no verdict"
        estimated = "; fabric numbers are estimated" if self.estimated else ""
        return (f"ease: {', '.join(eases)}" if eases else "ease: no girth closes",
                f"{judged}{estimated}")  # fmt: skip

    def sentences(self) -> tuple[str, ...]:
        """Reasons region by region, for a person."""
        if not self.drape.converged:
            return (f"no verdict: {self.drape.cause}",)
        said = [
            f"{name.replace('_', ' ')} {region.verdict}: {region.rule}"
            for name, region in self.regions.items()
            if region.verdict != "none"
        ]
        if self.ankle_pa is not None and self.fit_class.name == "compression":
            said.append(f"ankle: {describe_compression(self.ankle_pa)}")
        return tuple(said)


def fit_report(
    cloth: Cloth,
    drape: Drape,
    body: Body,
    fabrics: Sequence[Fabric],
    fit: FitMap,
    *,
    fit_class: FitClass | None = None,
) -> FitReport:
    """Summarise a fit per region and panel.

    Args:
        cloth: The garment.
        drape: Its rest on the body.
        body: The body.
        fabrics: Fabrics by the cloth's ``face_fabric``.
        fit: Maps of the drape.
        fit_class: What the garment is meant to be; ``casual`` when absent.
    """
    meant = fit_class or load_fit_class("casual")
    places = Places(cloth, drape.positions_m, body, fit.face_region)
    ease = ease_at_levels(cloth, drape, body, fit.face_region)
    tightest = _tightest_ease(cloth, drape, body, fit)
    skin_m2, share_m2 = _skin_areas_m2(body), LEAST_SHARE * float(fit.area_m2.sum())
    regions, misfits = {}, {}
    for name, summary in region_summaries(cloth, fit, places=places).items():
        ease_m = _ease_of(name, ease, tightest)
        least_m2 = max(LEAST_AREA_M2, min(LEAST_COVER * skin_m2[name], share_m2))
        regions[name], misfits[name] = _judged(
            name, replace(summary, ease_m=ease_m), meant,
            converged=drape.converged, least_m2=least_m2,
        )  # fmt: skip
    return FitReport(
        drape=drape,
        fabrics=tuple(fabric.name for fabric in fabrics),
        estimated=_estimated(fabrics),
        fit_class=meant,
        ease=ease,
        regions=regions,
        panels=panel_summaries(cloth, fit, places=places),
        misfits=misfits,
        measures=garment_measures(cloth, drape.positions_m, body, fit.face_region),
        ankle_pa=_ankle_pressure_pa(drape, body, fit),
    )


def _judged(
    name: str, summary: Summary, fit_class: FitClass, *, converged: bool, least_m2: float
) -> tuple[Summary, float]:
    """A summary with its verdict, and its misfit."""
    if not converged:
        return replace(summary, verdict="none", rule="not at rest"), 0.0
    if summary.area_m2 < least_m2:
        rule = f"only {summary.area_m2 * 1e4:.0f} cm2 of cloth lie here"
        return replace(summary, verdict="none", rule=rule), 0.0
    judged = judge(name, quantities(summary), fit_class)
    return replace(summary, verdict=judged.verdict, rule=judged.rule), judged.misfit


def _ease_of(region: str, ease: Mapping[str, Ease], tightest: Mapping[str, float]) -> float | None:
    """Ease of the region's level; where the garment ends before it, its tightest girth there."""
    levels = _EASE_OF_REGION.get(region, ())
    at_level = next((ease[level].ease_m for level in levels if level in ease), None)
    if at_level is not None or not levels:
        return at_level
    return tightest.get(region)


def _tightest_ease(cloth: Cloth, drape: Drape, body: Body, fit: FitMap) -> dict[str, float]:
    """5th percentile of the ease of the girths in each region, where a girth closes."""
    by_vertex = ease_map_m(cloth, drape, body, fit.face_region)
    found = {}
    for i, name in enumerate(REGIONS):
        values = by_vertex[np.unique(cloth.faces[fit.face_region == i])]
        values = values[np.isfinite(values)]
        if len(values) >= _LEAST_VERTICES:
            found[name] = float(np.quantile(values, 0.05))
    return found


def _skin_areas_m2(body: Body) -> dict[str, float]:
    """Skin of each region."""
    areas = face_areas_m2(body.vertices_m, body.faces)
    region = body_regions(body)[body.faces[:, 0]]
    return {name: float(areas[region == i].sum()) for i, name in enumerate(REGIONS)}


def _estimated(fabrics: Sequence[Fabric]) -> tuple[str, ...]:
    """Fields of the cards that say "estimated", each once."""
    found = {
        key
        for fabric in fabrics
        for key, text in fabric.provenance.items()
        if str(text).startswith("estimated")
    }
    return tuple(sorted(found))


def _ankle_pressure_pa(drape: Drape, body: Body, fit: FitMap) -> float | None:
    """Mean pressure from 1 to 5 cm above the ankle joints, None where there is no cloth."""
    joints = [body.joints_m[name] for name in ("ankle_l", "ankle_r") if name in body.joints_m]
    if not joints:
        return None
    height_m = drape.positions_m[:, 1] - float(sum(joint[1] for joint in joints) / len(joints))
    near = (height_m > 0.01) & (height_m < 0.05) & (fit.gap_m < 0.03)
    if near.sum() < 12:
        return None
    area = fit.vertex_area_m2[near]
    return float(fit.pressure_pa[near] @ area / area.sum())


def _drape_numbers(d: Drape) -> dict[str, Any]:
    return {
        "converged": d.converged,
        "cause": d.cause,
        "residual": d.residual,
        "residual_median_n": d.residual_median_n,
        "residual_p95_n": d.residual_p95_n,
        "residual_max_n": d.residual_max_n,
        "displacement_mean_m": d.displacement_mean_m,
        "velocity_rms_m_s": d.velocity_rms_m_s,
        "intersections_cloth_cloth": d.intersections_cloth_cloth,
        "penetration_max_m": d.penetration_max_m,
        "n_vertices_inside": d.n_inside,
        "seam_gap_max_m": d.seam_gap_max_m,
        "n_steps": d.n_steps,
        "n_cg": d.n_cg,
        "n_cg_capped": d.n_cg_capped,
        "solve_s": d.wall_s,
        "seed": d.seed,
    }
