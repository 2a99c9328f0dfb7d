"""Heights, girths and widths of the trunk. Metres, y up."""

from collections.abc import Callable

import numpy as np

from fitting.body.tape import Anchor, support
from fitting.body.taping import NECK_LEAN_RAD, UNDER_BUST_SHARE, UP, Measured, Taping


def _girth_at(point: Callable[[Taping], Anchor]) -> Callable[[Taping], Measured]:
    def rule(taping: Taping) -> Measured:
        origin = point(taping)
        return taping.girth(*taping.level(origin), origin)

    return rule


def _width_at(point: Callable[[Taping], Anchor], axis: int) -> Callable[[Taping], Measured]:
    """Calliper across a level, along x (breadth) or z (depth)."""

    def rule(taping: Taping) -> Measured:
        origin = point(taping)
        section, plane = taping.level(origin)
        both = np.zeros((2, 3))
        both[:, axis] = (1, -1)
        value, gradient = support(taping.points_m, section, plane, both, 1.0, (origin,))
        end = section.points_m[section.points_m[:, axis].argmax()]
        return Measured(
            value_m=value, gradient=gradient, level_m=float(plane.origin_m[1]),
            polyline_m=lambda: np.stack([end, end - value * both[0]]),
        )  # fmt: skip

    return rule


def _height_of(point: Callable[[Taping], Anchor]) -> Callable[[Taping], Measured]:
    def rule(taping: Taping) -> Measured:
        top, floor = point(taping), taping.floor
        foot = np.array([top.point_m[0], floor.point_m[1], top.point_m[2]])
        return Measured(
            value_m=float(top.point_m[1] - floor.point_m[1]),
            gradient=top.gradient(UP) + floor.gradient(-UP),
            polyline_m=lambda: np.stack([top.point_m, foot]),
        )

    return rule


def _top(taping: Taping) -> Anchor:
    return taping.anchor(int(taping.points_m[: taping.space.n_vertices, 1].argmax()))


def _navel(taping: Taping) -> Anchor:
    return taping.landmark("navel")


def _waist(taping: Taping) -> Anchor:
    return taping.waist


def _hip(taping: Taping) -> Anchor:
    return taping.hip


def _bust(taping: Taping) -> Anchor:
    return taping.nipples


def _head(taping: Taping) -> Measured:
    origin = taping.joint("head").toward(_top(taping), 0.62)
    return taping.girth(*taping.level(origin, head=True), origin)


def _neck(taping: Taping) -> Measured:
    origin = taping.joint("neck").toward(taping.joint("head"), 0.45)
    lean = np.array([0.0, np.cos(NECK_LEAN_RAD), np.sin(NECK_LEAN_RAD)])
    return taping.girth_across(taping.edges.neck, origin, lean)


LEVEL_RULES: dict[str, Callable[[Taping], Measured]] = {
    "stature": _height_of(_top),
    "cervicale_height": _height_of(lambda s: s.landmark("c7")),
    "shoulder_height": _height_of(lambda s: s.landmark("acromion_l")),
    "waist_height": _height_of(_waist),
    "navel_height": _height_of(_navel),
    "hip_height": _height_of(_hip),
    "inside_leg_height": _height_of(lambda s: s.landmark("crotch")),
    "knee_height": _height_of(lambda s: s.joint("knee_l")),
    "head_girth": _head,
    "neck_girth": _neck,
    "bust_girth": _girth_at(_bust),
    "under_bust_girth": _girth_at(lambda s: _navel(s).toward(s.nipples, UNDER_BUST_SHARE)),
    "waist_girth": _girth_at(_waist),
    "waist_navel_girth": _girth_at(_navel),
    "high_hip_girth": _girth_at(lambda s: s.hip.toward(_navel(s), 0.5)),
    "hip_girth": _girth_at(_hip),
    "bust_breadth": _width_at(_bust, 0),
    "bust_depth": _width_at(_bust, 2),
    "waist_navel_breadth": _width_at(_navel, 0),
    "waist_navel_depth": _width_at(_navel, 2),
    "hip_breadth": _width_at(_hip, 0),
    "hip_depth": _width_at(_hip, 2),
}
