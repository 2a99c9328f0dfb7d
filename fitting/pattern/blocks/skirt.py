"""An A-line skirt: front and back with two waist darts each, a waistband."""

from dataclasses import dataclass

from fitting.body.measurements import Measurements
from fitting.errors import PatternError
from fitting.pattern.blocks.outline import Corner, Sewing, draw, strip, turned
from fitting.pattern.figure import SIZE_STEP_M, Figure, figure_from
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.seam import Seam

_DART_MIN_M = 0.008
_DART_MAX_M = 0.040


@dataclass(frozen=True, slots=True, kw_only=True)
class SkirtEase:
    """What is added to the body.

    Attributes:
        waist_m: At the waist, whole girth.
        hip_m: At the hip, whole girth.
        flare_m: What the hem is wider than the hip, whole girth.
        length_m: Waist to hem, without the waistband; none ends it at the knee.
        waistband_m: Height of the waistband.
    """

    waist_m: float = 0.01
    hip_m: float = 0.03
    flare_m: float = 0.24
    length_m: float | None = None
    waistband_m: float = 0.035


def draft_skirt(
    measurements: Measurements, *, ease: SkirtEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft a skirt.

    Args:
        measurements: Stature, waist or navel waist, and hip are needed.
        ease: What is added to the body.
        size_step: Sizes up or down, four centimetres of waist and hip each.

    Raises:
        PatternError: If a needed measure is missing, or the step leaves no garment.
    """
    figure = figure_from(measurements, ("stature", "hip_girth"), garment="skirt")
    ease, step_m = ease or SkirtEase(), size_step * SIZE_STEP_M
    front = _half("front", figure, ease, step_m)
    back = turned(_half("back", figure, ease, step_m))
    sewing = Sewing((front, back))
    waist_m = sum(sewing.length_m(place) for place in _waist_row(front, back))
    band = strip(
        "waistband", waist_m, ease.waistband_m, wrap="waist",
        translation_m=(0.0, figure.waist_height, 0.0),
    )  # fmt: skip
    panels = (front, back, band)
    return Pattern(name="skirt", panels=panels, seams=_seams(Sewing(panels), front, back))


def _half(name: str, figure: Figure, ease: SkirtEase, step_m: float) -> Panel:
    """Front or back, counter-clockwise; y is the height above the floor."""
    hip = (figure.hip + ease.hip_m + step_m) / 4
    waist = (figure.waist + ease.waist_m + step_m) / 4
    # The waist may not be wider than the hem; a belly makes the side straight.
    top_y, hip_y = figure.waist_height, figure.hip_height
    hem_y = figure.knee_height if ease.length_m is None else top_y - ease.length_m
    if hem_y > hip_y - 0.03:
        raise PatternError(f"a skirt that ends at {hem_y * 100:.1f} cm does not cover the hip")
    if min(hip, waist) < 0.08:
        raise PatternError("these sizes leave no skirt: ease or size step is too small")
    hem = max(hip, waist) + ease.flare_m / 4
    share = 0.35 if name == "front" else 0.5
    intake = min(share * (hip - waist), _DART_MAX_M)
    darted = intake >= _DART_MIN_M
    side = waist + (intake if darted else 0.0)
    dart_m = (0.45 if name == "front" else 0.62) * (top_y - hip_y)
    hip_at = max(hip, 0.5 * (waist + hem) if waist > hip else hip)
    # Above the hip the side goes on in the direction of the flare, then bends to the waist.
    rise = (top_y - hip_y) / 2
    bend = (max(side, hip_at - rise * (hem - hip_at) / (hip_y - hem_y)), hip_y + rise)
    corners = [
        Corner(at=(-hem, hem_y), edge="hem"),
        Corner(at=(hem, hem_y), edge="side_l"),
        Corner(at=(hip_at, hip_y), edge="hip_l", controls=(bend,)),
        *_waist(side, top_y, intake, dart_m, darted=darted),
        Corner(at=(-side, top_y), edge="hip_r", controls=((-bend[0], bend[1]),)),
        Corner(at=(-hip_at, hip_y), edge="side_r"),
    ]
    return draw(name, corners, wrap="skirt", half=name, translation_m=(0, 0, _depth(name)))


def _depth(name: str) -> float:
    return 0.25 if name == "front" else -0.25


def _waist(side: float, y: float, intake: float, dart_m: float, *, darted: bool) -> list[Corner]:
    """The upper edge from the wearer's left to the right, with a dart halfway on each side."""
    if not darted:
        return [Corner(at=(side, y), edge="waist")]
    inner, outer = side / 2 - intake / 2, side / 2 + intake / 2
    tip_y = y - dart_m
    return [
        Corner(at=(side, y), edge="waist_l"),
        Corner(at=(outer, y), edge="dart_l_outer"),
        Corner(at=(side / 2, tip_y), edge="dart_l_inner"),
        Corner(at=(inner, y), edge="waist"),
        Corner(at=(-inner, y), edge="dart_r_inner"),
        Corner(at=(-side / 2, tip_y), edge="dart_r_outer"),
        Corner(at=(-outer, y), edge="waist_r"),
    ]


def _has_darts(panel: Panel) -> bool:
    return any(edge.label == "waist_l" for edge in panel.edges)


def _waist_row(front: Panel, back: Panel) -> list[str]:
    """Upper edges from the middle of the back round the left side; the middle one whole."""
    places = ["back.waist"]
    places += ["back.waist_l"] if _has_darts(back) else []
    places += (
        ["front.waist_l", "front.waist", "front.waist_r"] if _has_darts(front) else ["front.waist"]
    )
    return places + (["back.waist_r"] if _has_darts(back) else [])


def _seams(sewing: Sewing, front: Panel, back: Panel) -> tuple[Seam, ...]:
    row = _waist_row(front, back)
    cut = ["back.waist:0.5:1", *row[1:], "back.waist:0:0.5"]
    darts = [
        sewing.seam(f"{panel.name}.dart_{s}_outer", f"{panel.name}.dart_{s}_inner", kind="dart")
        for panel in (front, back)
        if _has_darts(panel)
        for s in ("l", "r")
    ]
    return (
        *darts,
        *(
            sewing.seam(f"front.{edge}", f"back.{edge}")
            for edge in ("side_l", "hip_l", "side_r", "hip_r")
        ),
        sewing.row("waistband.bottom", cut),
        sewing.seam("waistband.end_l", "waistband.end_r"),
    )
