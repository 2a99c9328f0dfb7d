"""What the fit says: numbers per region and panel, and a verdict where the drape is at rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.drape.result import Drape
from fitting.fit.ease import Ease, ease_at_levels
from fitting.fit.maps import FitMap, face_areas_m2

Verdict = Literal["tight", "close", "easy", "loose", "none"]
PA_PER_MMHG = 133.322


@dataclass(frozen=True, slots=True, kw_only=True)
class FitThresholds:
    """Where a casual top changes its verdict; strains at the 95th percentile of a region.

    Attributes:
        tight_strain: Stretch from which a region counts as tight.
        close_strain: Stretch from which it counts as close.
        loose_gap_m: Mean distance to the skin from which it counts as loose.
    """

    tight_strain: float = 0.06
    close_strain: float = 0.02
    loose_gap_m: float = 0.035


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Numbers of one region or panel.

    Attributes:
        area_m2: Cloth area, as draped.
        strain_warp_mean: Area-weighted mean stretch along the warp, no unit.
        strain_warp_p95: 95th percentile.
        strain_warp_max: Largest.
        strain_weft_mean: The same along the weft.
        strain_weft_p95: The same along the weft.
        strain_weft_max: The same along the weft.
        pressure_mean_pa: Mean contact pressure.
        pressure_p95_pa: 95th percentile.
        gap_mean_m: Mean distance to the skin.
        verdict: ``none`` when the drape is not at rest.
        rule: Which threshold decided.
    """

    area_m2: float
    strain_warp_mean: float
    strain_warp_p95: float
    strain_warp_max: float
    strain_weft_mean: float
    strain_weft_p95: float
    strain_weft_max: float
    pressure_mean_pa: float
    pressure_p95_pa: float
    gap_mean_m: float
    verdict: Verdict
    rule: str

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        values["pressure_mean_mmhg"] = self.pressure_mean_pa / PA_PER_MMHG
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class FitReport:
    """All numbers of one fit.

    Attributes:
        drape: The drape that was judged.
        fabrics: Names of the fabrics.
        estimated: Fields of the cards that nobody measured.
        ease: Ease by level.
        regions: Summary by body region.
        panels: Summary by panel.
    """

    drape: Drape
    fabrics: tuple[str, ...]
    estimated: tuple[str, ...]
    ease: dict[str, Ease]
    regions: dict[str, Summary]
    panels: dict[str, Summary]

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program, units in the key names."""
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
            "intersections_cloth_cloth": d.intersections_cloth_cloth,
            "penetration_max_m": d.penetration_max_m,
            "n_vertices_inside": d.n_inside,
            "seam_gap_max_m": d.seam_gap_max_m,
            "n_steps": d.n_steps,
            "n_cg": d.n_cg,
            "n_cg_capped": d.n_cg_capped,
            "solve_s": d.wall_s,
            "seed": d.seed,
            "fabrics": list(self.fabrics),
            "fabric_numbers_estimated": list(self.estimated),
            "ease": {
                name: {
                    "level_m": ease.level_m,
                    "body_m": ease.body_m,
                    "garment_m": ease.garment_m,
                    "ease_m": ease.ease_m,
                    "ease_share": ease.ease_m / ease.body_m,
                }
                for name, ease in self.ease.items()
            },
            "regions": {name: summary.to_json() for name, summary in self.regions.items()},
            "panels": {name: summary.to_json() for name, summary in self.panels.items()},
        }

    def lines(self) -> tuple[str, ...]:
        """Two lines for a picture."""
        eases = [
            f"{name.removesuffix('_girth').replace('_', ' ')} {ease.ease_m * 100:+.1f} cm"
            for name, ease in self.ease.items()
            if name != "waist_navel_girth"
        ]
        verdicts = [
            f"{name} {summary.verdict}"
            for name, summary in self.regions.items()
            if summary.verdict != "none" and name in ("shoulder", "chest", "waist", "hip")
        ]
        estimated = "; fabric numbers are estimated" if self.estimated else ""
        return (f"ease: {', '.join(eases)}", f"{', '.join(verdicts)}{estimated}")


def fit_report(
    cloth: Cloth,
    drape: Drape,
    body: Body,
    fabrics: Sequence[Fabric],
    fit: FitMap,
    *,
    thresholds: FitThresholds | None = None,
) -> FitReport:
    """Summarise a fit per region and panel.

    Args:
        cloth: The garment.
        drape: Its rest on the body.
        body: The body.
        fabrics: Fabrics by the cloth's ``face_fabric``.
        fit: Maps of the drape.
        thresholds: Where verdicts change.
    """
    rules = thresholds or FitThresholds()
    areas = face_areas_m2(drape.positions_m, cloth.faces)

    def summary(chosen: NDArray[np.bool_]) -> Summary:
        return _summary(cloth, fit, areas, chosen, rules, converged=drape.converged)

    estimated = {key for f in fabrics for key, text in f.provenance.items() if text == "estimated"}
    return FitReport(
        drape=drape,
        fabrics=tuple(fabric.name for fabric in fabrics),
        estimated=tuple(sorted(estimated)),
        ease=ease_at_levels(cloth, drape, body, fit.face_region),
        regions={
            name: summary(fit.face_region == i)
            for i, name in enumerate(REGIONS)
            if (fit.face_region == i).any()
        },
        panels={name: summary(cloth.face_panel == i) for i, name in enumerate(cloth.panel_names)},
    )


def _summary(
    cloth: Cloth,
    fit: FitMap,
    areas: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    rules: FitThresholds,
    *,
    converged: bool,
) -> Summary:
    weight = areas[chosen] / areas[chosen].sum()
    warp, weft = fit.strain_warp[chosen], fit.strain_weft[chosen]
    vertices = np.unique(cloth.faces[chosen])
    pressure, gap = fit.pressure_pa[vertices], float(fit.gap_m[vertices].mean())
    strain_p95 = float(np.quantile(np.maximum(warp, weft), 0.95))
    verdict, rule = _verdict(strain_p95, gap, rules) if converged else ("none", "not at rest")
    return Summary(
        area_m2=float(areas[chosen].sum()),
        strain_warp_mean=float(weight @ warp),
        strain_warp_p95=float(np.quantile(warp, 0.95)),
        strain_warp_max=float(warp.max()),
        strain_weft_mean=float(weight @ weft),
        strain_weft_p95=float(np.quantile(weft, 0.95)),
        strain_weft_max=float(weft.max()),
        pressure_mean_pa=float(pressure.mean()),
        pressure_p95_pa=float(np.quantile(pressure, 0.95)),
        gap_mean_m=gap,
        verdict=verdict,
        rule=rule,
    )


def _verdict(strain: float, gap_m: float, rules: FitThresholds) -> tuple[Verdict, str]:
    if strain >= rules.tight_strain:
        return "tight", f"strain p95 {strain:.3f} is at or above {rules.tight_strain:g}"
    if strain >= rules.close_strain:
        return "close", f"strain p95 {strain:.3f} is at or above {rules.close_strain:g}"
    if gap_m >= rules.loose_gap_m:
        return (
            "loose",
            f"mean gap {gap_m * 1000:.0f} mm is at or above {rules.loose_gap_m * 1000:g}",
        )
    return "easy", f"strain p95 {strain:.3f} is below {rules.close_strain:g}"
