"""Lengths along the surface, as a tape lies: from point to point over a cut of the skin. Metres.

A tape from A to B lies in the plane of A, B and the way the skin faces there, and bridges hollows.
The girths that lean (neck base, armscye) are here too, for they go through landmarks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fitting.body.tape import (
    Anchor,
    EdgeSet,
    Gradient,
    Plane,
    Section,
    cross,
    cut,
    distance,
    path,
    path_polyline,
)
from fitting.body.taping import UP, Measured, Taping

_BACK, _FRONT, _LEFT = (np.array(v, dtype=float) for v in ((0, 0, -1), (0, 0, 1), (1, 0, 0)))


def _over(
    taping: Taping, a: Anchor, b: Anchor, outward: NDArray[np.float64],
    edges: EdgeSet | None = None,
) -> Measured:  # fmt: skip
    """Tape from A to B over the side of the skin that faces outward."""
    chord = b.point_m - a.point_m
    unit = chord / np.linalg.norm(chord)
    normal = cross(unit, outward)
    plane = Plane(origin_m=a.point_m, normal=normal / np.linalg.norm(normal))
    side = outward - (outward @ unit) * unit
    section = cut(taping.points_m, taping.edges.trunk if edges is None else edges, plane)
    along = (section.points_m - a.point_m) @ unit
    above = (section.points_m - a.point_m) @ side
    # Nothing above the higher end: a chin hangs over the way from neck to bust.
    under = section.points_m[:, 1] < max(a.point_m[1], b.point_m[1]) + 0.003
    section = section.only((along > 0) & (along < np.linalg.norm(chord)) & (above > 0) & under)
    return _path(taping, section, plane, (a, b), carried=True)


def _path(
    taping: Taping, section: Section, plane: Plane, ends: tuple[Anchor, Anchor],
    *, carried: bool = False,
) -> Measured:  # fmt: skip
    value, gradient = path(taping.points_m, section, plane, ends, carried=carried)
    return Measured(
        value_m=value, gradient=gradient,
        polyline_m=lambda: path_polyline(section, plane, ends),
    )  # fmt: skip


def _joined(*parts: Measured) -> Measured:
    gradient: Gradient = parts[0].gradient
    for part in parts[1:]:
        gradient += part.gradient
    return Measured(
        value_m=sum(part.value_m for part in parts), gradient=gradient,
        polyline_m=lambda: np.concatenate([part.polyline_m() for part in parts]),
    )  # fmt: skip


def _straight(a: Anchor, b: Anchor) -> Measured:
    value, gradient = distance(a, b)
    return Measured(
        value_m=value, gradient=gradient, polyline_m=lambda: np.stack([a.point_m, b.point_m])
    )


def _middle_section(taping: Taping) -> tuple[Section, Plane]:
    """The cut down the middle of the body."""
    plane = Plane(origin_m=np.zeros(3), normal=_LEFT)
    return cut(taping.points_m, taping.edges.trunk, plane), plane


def _on_middle(section: Section, level_m: float, side: float) -> Anchor:
    """The point of the middle line at a height, at the back (-1) or in front (1)."""
    y, z = section.points_m[:, 1], section.points_m[:, 2]
    half = 0.5 * (z[np.abs(y - level_m) < 0.03].max() + z[np.abs(y - level_m) < 0.03].min())
    here = np.flatnonzero((z - half) * side > 0)
    above = here[y[here] >= level_m]
    below = here[y[here] < level_m]
    # The nearest to the level on each side of it, among those that lie outermost.
    i, j = above[np.argmin(y[above])], below[np.argmax(y[below])]
    t = (level_m - y[j]) / max(y[i] - y[j], 1e-9)
    return _section_point(section, j).toward(_section_point(section, i), float(t))


def _section_point(section: Section, i: int) -> Anchor:
    share = section.share[i]
    return Anchor(
        rows=np.array([section.start[i], section.stop[i]]),
        weights=np.array([1 - share, share]),
        point_m=section.points_m[i],
    )


def _down_the_back(taping: Taping, level: Anchor) -> Measured:
    """C7 to a level along the hull of the middle of the back."""
    section, plane = _middle_section(taping)
    neck, level_m = taping.landmark("c7"), float(level.point_m[1])
    end = _on_middle(section, level_m, -1)
    y, z = section.points_m[:, 1], section.points_m[:, 2]
    way = (y - level_m) / (neck.point_m[1] - level_m)
    chord_z = end.point_m[2] + way * (neck.point_m[2] - end.point_m[2])
    return _path(taping, section.only((way > 0) & (way < 1) & (z < chord_z)), plane, (neck, end))


def _through_the_crotch(taping: Taping, level: Anchor) -> Measured:
    """From the front to the back at a level, along the hull below it."""
    section, plane = _middle_section(taping)
    level_m = float(level.point_m[1])
    ends = _on_middle(section, level_m, 1), _on_middle(section, level_m, -1)
    crotch_m = float(taping.landmark("crotch").point_m[1])
    y = section.points_m[:, 1]
    return _path(taping, section.only((y < level_m) & (y > crotch_m - 0.03)), plane, ends)


def _shoulder(taping: Taping, side: str) -> Measured:
    neck, tip = taping.landmark(f"side_neck_{side}"), taping.landmark(f"acromion_{side}")
    return _over(taping, neck, tip, UP)


def _shoulder_width(taping: Taping) -> Measured:
    c7 = taping.landmark("c7")
    up_and_back = UP + _BACK
    return _joined(
        _over(taping, taping.landmark("acromion_l"), c7, up_and_back),
        _over(taping, c7, taping.landmark("acromion_r"), up_and_back),
    )


def _between(name: str, outward: NDArray[np.float64]) -> Callable[[Taping], Measured]:
    def rule(taping: Taping) -> Measured:
        left, right = taping.landmark(f"{name}_l"), taping.landmark(f"{name}_r")
        return _over(taping, left, right, outward)

    return rule


def _neck_to_bust(taping: Taping) -> Measured:
    return _over(taping, taping.landmark("side_neck_l"), taping.landmark("nipple_l"), _FRONT)


def _front_to_waist(taping: Taping) -> Measured:
    nipple = taping.landmark("nipple_l")
    section, _ = taping.level(taping.waist)
    front = section.points_m[:, 2] > 0
    x = np.where(front, np.abs(section.points_m[:, 0] - nipple.point_m[0]), np.inf)
    below = _section_point(section, int(np.argmin(x)))
    return _joined(_neck_to_bust(taping), _over(taping, nipple, below, _FRONT))


def _upper_arm_length(taping: Taping) -> Measured:
    return _straight(taping.landmark("acromion_l"), taping.landmark("elbow_l"))


def _arm_length(taping: Taping) -> Measured:
    forearm = _straight(taping.landmark("elbow_l"), taping.landmark("wrist_l"))
    return _joined(_upper_arm_length(taping), forearm)


def _neck_base(taping: Taping) -> Measured:
    c7, front = taping.landmark("c7"), taping.landmark("front_neck")
    parts = []
    for side, sign in (("l", 1.0), ("r", -1.0)):
        neck = taping.landmark(f"side_neck_{side}")
        parts.append(_over(taping, c7, neck, sign * _LEFT + _BACK))
        parts.append(_over(taping, neck, front, sign * _LEFT + _FRONT))
    return _joined(parts[0], parts[1], parts[3], parts[2])


def _armscye(taping: Taping) -> Measured:
    tip, pit = taping.landmark("acromion_l"), taping.landmark("armpit_l")
    middle = tip.toward(pit, 0.5)
    normal = cross(tip.point_m - pit.point_m, _FRONT)
    plane = Plane(origin_m=middle.point_m, normal=normal / np.linalg.norm(normal))
    section = cut(taping.points_m, taping.edges.top, plane)
    high = section.points_m[:, 1] > pit.point_m[1] - 0.005
    return taping.girth(section.only(high & (section.points_m[:, 0] > 0)), plane, middle)


PATH_RULES: dict[str, Callable[[Taping], Measured]] = {
    "neck_base_girth": _neck_base,
    "armscye_girth": _armscye,
    "shoulder_width": _shoulder_width,
    "shoulder_length": lambda t: _shoulder(t, "l"),
    "across_back_width": _between("scye_back", _BACK),
    "across_chest_width": _between("scye_front", _FRONT),
    "back_neck_to_waist": lambda t: _down_the_back(t, t.waist),
    "back_neck_to_navel": lambda t: _down_the_back(t, t.landmark("navel")),
    "front_neck_to_waist": _front_to_waist,
    "side_neck_to_bust_point": _neck_to_bust,
    "total_crotch_length": lambda t: _through_the_crotch(t, t.waist),
    "navel_crotch_length": lambda t: _through_the_crotch(t, t.landmark("navel")),
    "arm_length": _arm_length,
    "upper_arm_length": _upper_arm_length,
    "shoulder_breadth": lambda t: _straight(t.landmark("acromion_l"), t.landmark("acromion_r")),
    "bust_point_width": lambda t: _straight(t.landmark("nipple_l"), t.landmark("nipple_r")),
}
