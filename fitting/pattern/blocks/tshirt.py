"""A T-shirt drafted for a body: front, back and two set-in sleeves.

A flat draft by chest proportions: quarter chest plus ease for the width, armhole depth from the
chest, neck from the neck girth, and a sleeve cap whose height is solved so that it fits the
armhole with two per cent of ease. Size steps are those of EN 13402-3: four centimetres of chest.
"""

from dataclasses import dataclass

from fitting.body.measurements import Measurements
from fitting.pattern.blocks.bodice import BodiceLengths, SleeveLengths, sewn_bodice
from fitting.pattern.figure import SIZE_STEP_M, Figure, figure_from
from fitting.pattern.model import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class TshirtEase:
    """What is added to the body, whole girths.

    Attributes:
        bust_m: At the bust.
        hem_m: Over the hip, at the hem.
        upper_arm_m: At the upper arm.
        sleeve_m: Length of the sleeve from the underarm.
    """

    bust_m: float = 0.08
    hem_m: float = 0.03
    upper_arm_m: float = 0.075
    sleeve_m: float = 0.11


def draft_tshirt(
    measurements: Measurements, *, ease: TshirtEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft a T-shirt.

    Args:
        measurements: Stature and bust girth are needed; the rest is estimated from them.
        ease: What is added to the body.
        size_step: Sizes up or down, four centimetres of chest each.

    Raises:
        PatternError: If a needed measure is missing, or the step leaves no garment.
    """
    figure = figure_from(measurements, ("stature", "bust_girth"), garment="T-shirt")
    ease, step_m = ease or TshirtEase(), size_step * SIZE_STEP_M
    half = (figure.upper_arm + ease.upper_arm_m + 0.35 * step_m) / 2
    sleeve = SleeveLengths(half_width=half, half_cuff=0.93 * half, underarm=ease.sleeve_m)
    return sewn_bodice("T-shirt", _lengths(figure, ease, step_m), sleeve)


def _lengths(figure: Figure, ease: TshirtEase, step_m: float) -> BodiceLengths:
    chest = figure.bust + ease.bust_m + step_m
    half_neck = figure.neck / 5 + 0.005
    return BodiceLengths(
        half_chest=chest / 4,
        half_hem=max(figure.hip + ease.hem_m + step_m, chest - 0.04) / 4,
        half_shoulder=figure.shoulder_width / 2 + 0.005 + step_m / 8,
        half_neck=half_neck,
        neck_drop_front=figure.neck / 5 + 0.02,
        neck_drop_back=0.022,
        shoulder_drop=0.22 * (figure.shoulder_width / 2 - half_neck) + 0.012,
        armhole_depth=0.10 * figure.bust + 0.125 + step_m / 8,
        body_length=0.385 * figure.stature + step_m / 4,
    )
