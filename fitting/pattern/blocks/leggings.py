"""Leggings of knit: one piece a leg, a kite-shaped gusset in the crotch, a waistband.

Each leg is drawn flat with the outside of the leg at x = 0, the front at positive x, y as the
height above the floor. Where both inside seams and the centre seams would meet in one point, the
corners of the legs are cut off and the gusset fills the hole.
"""

from dataclasses import dataclass, replace

from fitting.body.measurements import Measurements
from fitting.errors import PatternError
from fitting.pattern.blocks.outline import Corner, Point, Sewing, draw, strip, turned
from fitting.pattern.figure import SIZE_STEP_M, Figure, figure_from
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.seam import Seam

# Share of the crotch's width that lies on the front.
FRONT_SHARE = 0.36


@dataclass(frozen=True, slots=True, kw_only=True)
class LeggingsEase:
    """What is added to the body, as a share of its girth; negative stretches the knit.

    Attributes:
        waist_share: At the waist.
        hip_share: At the hip.
        thigh_share: At the thigh.
        knee_share: At the knee.
        calf_share: At the calf.
        ankle_share: At the ankle.
        waistband_m: Height of the waistband.
        gusset_m: Half of the gusset's width.
    """

    waist_share: float = -0.10
    hip_share: float = -0.13
    thigh_share: float = -0.13
    knee_share: float = -0.10
    calf_share: float = -0.13
    ankle_share: float = -0.05
    waistband_m: float = 0.05
    gusset_m: float = 0.035


def draft_leggings(
    measurements: Measurements, *, ease: LeggingsEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft leggings.

    Args:
        measurements: Waist, hip and inside leg are needed; the rest is estimated from them.
        ease: What is added to the body.
        size_step: Sizes up or down, four centimetres of waist and hip each.

    Raises:
        PatternError: If a needed measure is missing.
    """
    needs = ("stature", "hip_girth", "inside_leg_height")
    figure = figure_from(measurements, needs, garment="pair of leggings")
    ease, step_m = ease or LeggingsEase(), size_step * SIZE_STEP_M
    right = _leg(figure, ease, step_m)
    left = replace(turned(right), name="leg_l", wrap="leg_l")
    panels = (left, right)
    sewing = Sewing(panels)
    gusset = _gusset(sewing.length_m("leg_r.gusset_front"), sewing.length_m("leg_r.gusset_back"),
                     ease.gusset_m, figure)  # fmt: skip
    band_m = 2 * sewing.length_m("leg_r.waist")
    band = strip(
        "waistband", band_m, ease.waistband_m, wrap="waist",
        translation_m=(0.0, figure.waist_height, 0.0),
    )  # fmt: skip
    panels = (left, right, gusset, band)
    return Pattern(name="leggings", panels=panels, seams=_seams(Sewing(panels)))


def _leg(figure: Figure, ease: LeggingsEase, step_m: float) -> Panel:
    """The right leg; its loop runs with the outside of the cloth on its left."""
    crotch_y = figure.inside_leg
    hip = (figure.hip * (1 + ease.hip_share) + step_m) / 4
    waist = (figure.waist * (1 + ease.waist_share) + step_m) / 4
    # The gusset is cut in two halves, one for each leg.
    thigh = figure.thigh * (1 + ease.thigh_share) + 0.6 * step_m - ease.gusset_m
    reach = max(thigh - 2 * hip, 0.10 * hip)
    front, back = hip + FRONT_SHARE * reach, hip + (1 - FRONT_SHARE) * reach
    knee = (figure.knee * (1 + ease.knee_share) + 0.3 * step_m) / 2
    calf = (figure.calf * (1 + ease.calf_share) + 0.3 * step_m) / 2
    ankle = (figure.ankle * (1 + ease.ankle_share) + 0.2 * step_m) / 2
    if min(hip, waist) < 0.08 or min(knee, calf, ankle) < 0.05:
        raise PatternError("these sizes leave no leggings: ease or size step is too small")
    hem_y, knee_y = 0.09 * figure.inside_leg, figure.knee_height
    calf_y = knee_y - 0.28 * (knee_y - hem_y)
    waist_y, rise = figure.waist_height, 0.03
    cut = 1.3 * ease.gusset_m
    inside = crotch_y - cut
    leg_x: tuple[Point, ...] = ((calf, calf_y), (knee, knee_y))
    front_in, back_in = front - 0.01, -back + 0.01
    hip_y = figure.hip_height
    front_up = (hip + 0.25 * (front - hip), crotch_y + 0.25 * (hip_y - crotch_y) + 0.01)
    back_up = (-hip - 0.25 * (back - hip), crotch_y + 0.25 * (hip_y - crotch_y) + 0.015)
    corners = [
        Corner(at=(-ankle, hem_y), edge="hem"),
        Corner(at=(ankle, hem_y), edge="inside_front", through=leg_x),
        Corner(at=(front_in, inside), edge="gusset_front"),
        Corner(at=front_up, edge="rise_front", through=((hip, hip_y),)),
        Corner(at=(waist, waist_y), edge="waist"),
        Corner(at=(-waist, waist_y + rise), edge="rise_back", through=((-hip, hip_y),)),
        Corner(at=back_up, edge="gusset_back"),
        Corner(at=(back_in, inside), edge="inside_back",
               through=tuple((-x, y) for x, y in reversed(leg_x))),
    ]  # fmt: skip
    return draw("leg_r", corners, wrap="leg_r")


def _gusset(front_m: float, back_m: float, half_m: float, figure: Figure) -> Panel:
    """A kite as seen from below: x to the wearer's left, y forward, corners on both axes."""
    half = min(half_m, 0.9 * front_m, 0.9 * back_m)
    forward, backward = (front_m**2 - half**2) ** 0.5, (back_m**2 - half**2) ** 0.5
    corners = [
        Corner(at=(0.0, -backward), edge="back_l"),
        Corner(at=(half, 0.0), edge="front_l"),
        Corner(at=(0.0, forward), edge="front_r"),
        Corner(at=(-half, 0.0), edge="back_r"),
    ]
    place = (0.0, figure.inside_leg, 0.0)
    return draw("gusset", corners, label="insert", translation_m=place)


def _seams(sewing: Sewing) -> tuple[Seam, ...]:
    seams = []
    for s in ("l", "r"):
        leg = f"leg_{s}"
        seams += [
            sewing.seam(f"{leg}.inside_front", f"{leg}.inside_back"),
            sewing.seam(f"{leg}.gusset_front", f"gusset.front_{s}"),
            sewing.seam(f"{leg}.gusset_back", f"gusset.back_{s}"),
        ]
    return (
        *seams,
        sewing.seam("leg_l.rise_front", "leg_r.rise_front"),
        sewing.seam("leg_l.rise_back", "leg_r.rise_back"),
        sewing.row("waistband.bottom", ("leg_l.waist", "leg_r.waist")),
        sewing.seam("waistband.end_l", "waistband.end_r"),
    )
