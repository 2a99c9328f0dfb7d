"""A long-sleeved base layer of knit: shaped sides, negative ease, sleeves to the wrist."""

from dataclasses import dataclass

from fitting.body.measurements import Measurements
from fitting.pattern.blocks.bodice import BodiceLengths, SleeveLengths, sewn_bodice
from fitting.pattern.figure import SIZE_STEP_M, Figure, figure_from
from fitting.pattern.model import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLayerEase:
    """What is added to the body, as a share of its girth; negative stretches the knit.

    Attributes:
        bust_share: At the bust.
        waist_share: At the waist.
        hip_share: At the hip.
        upper_arm_share: At the upper arm.
        wrist_share: At the wrist.
        length_m: Added to the length, which ends at the hip.
    """

    bust_share: float = -0.08
    waist_share: float = -0.06
    hip_share: float = -0.06
    upper_arm_share: float = -0.05
    wrist_share: float = 0.02
    length_m: float = 0.0


def draft_base_layer(
    measurements: Measurements, *, ease: BaseLayerEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft a base layer.

    Args:
        measurements: Stature and bust girth are needed; the rest is estimated from them.
        ease: What is added to the body.
        size_step: Sizes up or down, four centimetres of chest each.

    Raises:
        PatternError: If a needed measure is missing, or the step leaves no garment.
    """
    figure = figure_from(measurements, ("stature", "bust_girth"), garment="base layer")
    ease, step_m = ease or BaseLayerEase(), size_step * SIZE_STEP_M
    lengths = _lengths(figure, ease, step_m)
    over_shoulder_m = lengths.half_shoulder - figure.shoulder_width / 2
    sleeve = SleeveLengths(
        half_width=(figure.upper_arm * (1 + ease.upper_arm_share) + 0.3 * step_m) / 2,
        half_cuff=(figure.wrist * (1 + ease.wrist_share) + 0.1 * step_m) / 2,
        total=figure.arm - over_shoulder_m,
    )
    return sewn_bodice("base layer", lengths, sleeve)


def _lengths(figure: Figure, ease: BaseLayerEase, step_m: float) -> BodiceLengths:
    half_neck = figure.neck / 6 + 0.008
    waist_level = figure.waist_height - figure.hip_height + ease.length_m
    half_shoulder = 0.97 * figure.shoulder_width / 2 + step_m / 10
    return BodiceLengths(
        half_chest=(figure.bust * (1 + ease.bust_share) + step_m) / 4,
        half_waist=(figure.waist * (1 + ease.waist_share) + step_m) / 4,
        half_hem=(figure.hip * (1 + ease.hip_share) + step_m) / 4,
        waist_level=waist_level,
        half_shoulder=half_shoulder,
        half_neck=half_neck,
        neck_drop_front=figure.neck / 6 + 0.015,
        neck_drop_back=0.018,
        shoulder_drop=0.22 * (half_shoulder - half_neck) + 0.010,
        armhole_depth=0.10 * figure.bust + 0.100 + step_m / 10,
        body_length=figure.back_waist + 0.015 + waist_level,
        scoop_front=0.022,
        scoop_back=0.014,
    )
