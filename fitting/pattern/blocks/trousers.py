"""Straight trousers of woven cloth: two fronts, two backs with a waist dart, a waistband.

Panels are drawn as seen from the front, x to the wearer's left, y as the height above the floor.
The back's crotch corner is lowered until both inside seams are equally long.
"""

from dataclasses import dataclass

from fitting.body.measurements import Measurements
from fitting.errors import PatternError
from fitting.pattern.blocks.outline import Corner, Point, Sewing, draw, mirrored, strip, turned
from fitting.pattern.figure import SIZE_STEP_M, Figure, figure_from
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.seam import Seam

FRONT_SHARE = 0.30
_DART_MIN_M = 0.008
_DART_MAX_M = 0.030
_RISE_M = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class TrousersEase:
    """What is added to the body.

    Attributes:
        waist_m: At the waist, whole girth.
        hip_m: At the hip, whole girth.
        thigh_m: At the thigh.
        knee_m: At the knee.
        hem_m: Girth of the hem; none makes it nine tenths of the knee's.
        crotch_m: How far the crotch hangs below the body's.
        waistband_m: Height of the waistband.
    """

    waist_m: float = 0.02
    hip_m: float = 0.04
    thigh_m: float = 0.06
    knee_m: float = 0.08
    hem_m: float | None = None
    crotch_m: float = 0.015
    waistband_m: float = 0.035


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leg:
    """Lengths of one front or back [m]; x from the centre line to the side."""

    waist: float
    hip: float
    reach: float
    knee: float
    hem: float
    dart: float


def draft_trousers(
    measurements: Measurements, *, ease: TrousersEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft trousers.

    Args:
        measurements: Stature, hip and inside leg are needed; the rest is estimated from them.
        ease: What is added to the body.
        size_step: Sizes up or down, four centimetres of waist and hip each.

    Raises:
        PatternError: If a needed measure is missing, or the step leaves no garment.
    """
    needs = ("stature", "hip_girth", "inside_leg_height")
    figure = figure_from(measurements, needs, garment="pair of trousers")
    ease, step_m = ease or TrousersEase(), size_step * SIZE_STEP_M
    front_lengths, back_lengths = (_lengths(figure, ease, step_m, half) for half in (0, 1))
    front = _panel("front_l", front_lengths, figure, ease, drop_m=0.0, rise_m=0.0)
    drop_m = _even_drop(front, back_lengths, figure, ease)
    back = turned(_panel("back_l", back_lengths, figure, ease, drop_m=drop_m, rise_m=_RISE_M))
    pieces = (
        front, mirrored(front, "front_r", wrap="leg_r"),
        back, mirrored(back, "back_r", wrap="leg_r"),
    )  # fmt: skip
    sewing = Sewing(pieces)
    row = _waist_row(darted=back_lengths.dart > 0)
    band = strip(
        "waistband", sum(sewing.length_m(place) for place in row), ease.waistband_m,
        wrap="waist", translation_m=(0.0, figure.waist_height, 0.0),
    )  # fmt: skip
    panels = (*pieces, band)
    return Pattern(name="trousers", panels=panels, seams=_seams(Sewing(panels), row))


def _lengths(figure: Figure, ease: TrousersEase, step_m: float, half: int) -> _Leg:
    sign = 1.0 if half else -1.0
    hip = (figure.hip + ease.hip_m + step_m) / 4 + sign * 0.005
    waist = (figure.waist + ease.waist_m + step_m) / 4
    thigh = figure.thigh + ease.thigh_m + 0.6 * step_m
    reach = max(thigh - (figure.hip + ease.hip_m + step_m) / 2, 0.30 * hip)
    knee = (figure.knee + ease.knee_m + 0.4 * step_m) / 2 + sign * 0.01
    hem = knee * 0.9 if ease.hem_m is None else ease.hem_m / 2 + sign * 0.01
    dart = min(0.6 * (hip - waist), _DART_MAX_M) if half else 0.0
    if min(hip, waist) < 0.08 or hem < 0.05:
        raise PatternError("these sizes leave no trousers: ease or size step is too small")
    share = 1 - FRONT_SHARE if half else FRONT_SHARE
    return _Leg(
        waist=waist, hip=hip, reach=share * reach, knee=knee, hem=hem,
        dart=dart if dart >= _DART_MIN_M else 0.0,
    )  # fmt: skip


def _panel(
    name: str, q: _Leg, figure: Figure, ease: TrousersEase, *, drop_m: float, rise_m: float
) -> Panel:
    """The wearer's left front or back, counter-clockwise as drawn."""
    top_y, hip_y = figure.waist_height, figure.hip_height
    crotch_y, knee_y, hem_y = figure.inside_leg - ease.crotch_m, figure.knee_height, 0.03
    crease = (q.hip - q.reach) / 2
    inner_y = crotch_y - drop_m
    side: tuple[Point, ...] = ((crease + q.knee / 2, knee_y), (q.hip, hip_y))
    centre_x = min(0.012, q.hip - q.waist) if q.hip > q.waist else 0.0
    if rise_m:
        centre_x *= 1.5
    waist_x = centre_x + q.waist + q.dart
    bend = (-0.05 * q.reach, crotch_y + 0.12 * (hip_y - crotch_y))
    corners = [
        Corner(at=(crease - q.hem / 2, hem_y), edge="hem"),
        Corner(at=(crease + q.hem / 2, hem_y), edge="side", through=side),
        *_waist(centre_x, waist_x, top_y, rise_m, q.dart, 0.55 * (top_y - hip_y)),
        Corner(at=(centre_x, top_y + rise_m), edge="rise",
               controls=((0.0, hip_y - 0.3 * (hip_y - crotch_y)), bend)),
        Corner(at=(-q.reach, inner_y), edge="inside",
               through=((crease - q.knee / 2, knee_y),)),
    ]  # fmt: skip
    half = "front" if name.startswith("front") else "back"
    depth = 0.25 if half == "front" else -0.25
    return draw(name, corners, wrap="leg_l", half=half, translation_m=(0.0, 0.0, depth))


def _waist(
    centre_x: float, side_x: float, y: float, rise_m: float, intake: float, dart_m: float
) -> list[Corner]:
    """The upper edge from the side to the centre, with a dart in its middle."""
    if intake == 0.0:
        return [Corner(at=(side_x, y), edge="waist")]
    # The waist falls towards the side; the dart stands square on it, so its legs are equal.
    fall = rise_m / (side_x - centre_x)
    middle = (centre_x + side_x) / 2

    def height(x: float) -> float:
        return y + fall * (side_x - x)

    inner, outer = middle - intake / 2, middle + intake / 2
    lean = dart_m / (1 + fall**2) ** 0.5
    return [
        Corner(at=(side_x, y), edge="waist_side"),
        Corner(at=(outer, height(outer)), edge="dart_outer"),
        Corner(at=(middle - fall * lean, height(middle) - lean), edge="dart_inner"),
        Corner(at=(inner, height(inner)), edge="waist"),
    ]


def _even_drop(front: Panel, q: _Leg, figure: Figure, ease: TrousersEase) -> float:
    """How much lower the back's crotch corner lies, so that the inside seams are equally long."""
    wanted_m = Sewing((front,)).length_m("front_l.inside")
    low, high = -0.01, 0.06
    for _ in range(40):
        drop_m = (low + high) / 2
        back = _panel("back_l", q, figure, ease, drop_m=drop_m, rise_m=_RISE_M)
        too_long = Sewing((back,)).length_m("back_l.inside") > wanted_m
        low, high = (drop_m, high) if too_long else (low, drop_m)
    return (low + high) / 2


def _waist_row(*, darted: bool) -> list[str]:
    """Upper edges from the middle of the back round the wearer's left side."""
    left = ["back_l.waist", *(["back_l.waist_side"] if darted else []), "front_l.waist"]
    right = [place.replace("_l.", "_r.") for place in reversed(left)]
    return left + right


def _seams(sewing: Sewing, row: list[str]) -> tuple[Seam, ...]:
    seams = []
    for s in ("l", "r"):
        seams += [
            sewing.seam(f"front_{s}.side", f"back_{s}.side"),
            sewing.seam(f"front_{s}.inside", f"back_{s}.inside"),
        ]
        if "back_l.waist_side" in row:
            seams.append(sewing.seam(f"back_{s}.dart_outer", f"back_{s}.dart_inner", kind="dart"))
    return (
        *seams,
        sewing.seam("front_l.rise", "front_r.rise"),
        sewing.seam("back_l.rise", "back_r.rise"),
        sewing.row("waistband.bottom", row),
        sewing.seam("waistband.end_l", "waistband.end_r"),
    )
