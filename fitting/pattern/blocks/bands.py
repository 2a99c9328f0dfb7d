"""Bands that carry sensors: a chest band and a knee sleeve, in negative ease.

By Laplace a band of tension T on a limb of radius r presses with T / r; with a knit of tensile
stiffness C the wanted pressure p needs the strain p r / C (`strain_for_pressure`).
"""

from dataclasses import dataclass

import numpy as np

from fitting.body.measurements import Measurements
from fitting.errors import PatternError
from fitting.pattern.blocks.outline import Corner, Sewing, draw, strip
from fitting.pattern.figure import SIZE_STEP_M, figure_from
from fitting.pattern.marks import InternalLine
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.seam import Seam


@dataclass(frozen=True, slots=True, kw_only=True)
class ChestBandEase:
    """How a chest band is cut.

    Attributes:
        girth_share: Added to the under-bust girth, as a share of it.
        width_m: Height of the band.
        pad_m: Length of the sensor pad in its middle.
    """

    girth_share: float = -0.12
    width_m: float = 0.04
    pad_m: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class KneeSleeveEase:
    """How a knee sleeve is cut.

    Attributes:
        girth_share: Added to the girths of the leg, as a share of them.
        above_m: Length above the middle of the kneecap.
        below_m: Length below it.
        pad_m: Side of the sensor field over the kneecap.
    """

    girth_share: float = -0.12
    above_m: float = 0.14
    below_m: float = 0.12
    pad_m: float = 0.06


def strain_for_pressure(pressure_pa: float, girth_m: float, tensile_n_m: float) -> float:
    """Strain with which a band presses as wanted: p r / C, no unit.

    Args:
        pressure_pa: Wanted pressure.
        girth_m: Girth of the limb, taken as a circle.
        tensile_n_m: Stiffness of the knit along the band.
    """
    return pressure_pa * girth_m / (2 * np.pi) / tensile_n_m


def draft_chest_band(
    measurements: Measurements, *, ease: ChestBandEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft a chest band with a sensor field, closed in the back.

    Args:
        measurements: The under-bust girth, or the bust girth it is estimated from.
        ease: How it is cut.
        size_step: Sizes up or down, four centimetres each.

    Raises:
        PatternError: If no girth is known, or nothing is left of the band.
    """
    if measurements.under_bust_girth is None:
        figure = figure_from(measurements, ("bust_girth",), garment="chest band")
    else:
        figure = figure_from(measurements, ("under_bust_girth",), garment="chest band")
    ease = ease or ChestBandEase()
    length_m = figure.under_bust * (1 + ease.girth_share) + size_step * SIZE_STEP_M
    if length_m < 2 * ease.pad_m or ease.width_m < 0.01:
        raise PatternError(f"a chest band of {length_m * 100:.1f} cm cannot be sewn")
    pad = _field(ease.pad_m, 0.7 * ease.width_m, (0.0, ease.width_m / 2))
    band = strip(
        "band", length_m, ease.width_m, wrap="chest", internal_lines=(pad,), grain_rad=0.0,
    )  # fmt: skip
    return Pattern(name="chest band", panels=(band,), seams=(_closing(band),))


def draft_knee_sleeve(
    measurements: Measurements, *, ease: KneeSleeveEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft a sleeve for the left knee with a sensor field over the kneecap.

    Args:
        measurements: Stature and hip girth, or better the girths of the leg.
        ease: How it is cut.
        size_step: Sizes up or down, two centimetres of knee each.

    Raises:
        PatternError: If a needed measure is missing, or nothing is left of the sleeve.
    """
    figure = figure_from(measurements, ("stature", "hip_girth"), garment="knee sleeve")
    ease, add = ease or KneeSleeveEase(), size_step * SIZE_STEP_M / 2
    share = min(ease.above_m / (figure.inside_leg - figure.knee_height), 1.0)
    low = min(ease.below_m / (0.30 * figure.knee_height), 1.0)
    girths = (
        figure.knee + low * (figure.calf - figure.knee),
        figure.knee,
        figure.knee + share * (figure.thigh - figure.knee),
    )
    half_low, half_knee, half_high = ((g * (1 + ease.girth_share) + add) / 2 for g in girths)
    height = ease.below_m + ease.above_m
    if min(half_low, half_knee, half_high) < 0.05 or height < 0.05:
        raise PatternError("these sizes leave no knee sleeve: ease or size step is too small")
    knee = (half_knee, ease.below_m)
    corners = [
        Corner(at=(-half_low, 0.0), edge="bottom"),
        Corner(at=(half_low, 0.0), edge="end_l", through=(knee,)),
        Corner(at=(half_high, height), edge="top"),
        Corner(at=(-half_high, height), edge="end_r", through=((-knee[0], knee[1]),)),
    ]
    pad = _field(ease.pad_m, ease.pad_m, (0.0, ease.below_m))
    sleeve = draw(
        "sleeve", corners, wrap="knee_l", internal_lines=(pad,),
        translation_m=(0.0, figure.knee_height - ease.below_m, 0.0),
    )  # fmt: skip
    return Pattern(name="knee sleeve", panels=(sleeve,), seams=(_closing(sleeve),))


def _closing(panel: Panel) -> Seam:
    return Sewing((panel,)).seam(f"{panel.name}.end_l", f"{panel.name}.end_r")


def _field(width_m: float, height_m: float, center_m: tuple[float, float]) -> InternalLine:
    """Outline of a sensor field."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]], dtype=np.float64)
    points = corners * np.array([width_m, height_m]) / 2 + np.array(center_m)
    return InternalLine(points_m=points, label="sensor")
