"""A tank: front and back without sleeves, deep neck and armholes."""

from dataclasses import dataclass

from fitting.body.measurements import Measurements
from fitting.pattern.blocks.bodice import BodiceLengths, sewn_bodice
from fitting.pattern.figure import SIZE_STEP_M, Figure, figure_from
from fitting.pattern.model import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class TankEase:
    """What is added to the body.

    Attributes:
        bust_m: At the bust, whole girth.
        hem_m: Over the hip, at the hem, whole girth.
        strap_m: Width of the strap at the shoulder.
        neck_m: Added to the depth of the front neckline.
    """

    bust_m: float = 0.02
    hem_m: float = 0.0
    strap_m: float = 0.045
    neck_m: float = 0.06


def draft_tank(
    measurements: Measurements, *, ease: TankEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft a tank.

    Args:
        measurements: Stature and bust girth are needed; the rest is estimated from them.
        ease: What is added to the body.
        size_step: Sizes up or down, four centimetres of chest each.

    Raises:
        PatternError: If a needed measure is missing, or the step leaves no garment.
    """
    figure = figure_from(measurements, ("stature", "bust_girth"), garment="tank")
    lengths = _lengths(figure, ease or TankEase(), size_step * SIZE_STEP_M)
    return sewn_bodice("tank", lengths)


def _lengths(figure: Figure, ease: TankEase, step_m: float) -> BodiceLengths:
    chest = figure.bust + ease.bust_m + step_m
    half_neck = figure.neck / 5 + 0.020
    half_shoulder = min(half_neck + ease.strap_m, 0.95 * figure.shoulder_width / 2) + step_m / 16
    return BodiceLengths(
        half_chest=chest / 4,
        half_hem=max(figure.hip + ease.hem_m + step_m, chest - 0.04) / 4,
        half_shoulder=half_shoulder,
        half_neck=half_neck,
        neck_drop_front=figure.neck / 5 + 0.02 + ease.neck_m,
        neck_drop_back=0.035,
        shoulder_drop=0.22 * (half_shoulder - half_neck) + 0.006,
        armhole_depth=0.10 * figure.bust + 0.120 + step_m / 8,
        body_length=0.37 * figure.stature + step_m / 4,
        scoop_front=0.010,
        scoop_back=0.004,
    )
