"""Girths of arms and legs, across the bone; the left side stands for both. Metres."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fitting.body.tape import Anchor, Plane, cut, girth_m
from fitting.body.taping import Measured, Taping

Rule = Callable[[Taping], Measured]
# Where calf and forearm are thickest, as shares of the way from knee to ankle, elbow to wrist.
CALF_SHARES = np.linspace(0.18, 0.42, 5)
FOREARM_SHARES = np.linspace(0.12, 0.36, 4)
# The thigh is taped below the fold: so much of the way from hip to crotch down.
_BELOW_CROTCH = 1.12


def _direction(a: Anchor, b: Anchor) -> NDArray[np.float64]:
    along = b.point_m - a.point_m
    return along / np.linalg.norm(along)


def _across(upper: str, lower: str, *shares: float, edges: str) -> Rule:
    """Across a bone at a share of the way down; of several shares at the one with most girth."""

    def rule(taping: Taping) -> Measured:
        a, b = taping.joint(upper), taping.joint(lower)
        normal, skin = _direction(a, b), getattr(taping.edges, edges)

        def length_m(share: float) -> float:
            plane = Plane(origin_m=a.toward(b, share).point_m, normal=normal)
            return girth_m(cut(taping.points_m, skin, plane), plane)

        # The level is held for the derivative.
        share = max(shares, key=length_m) if shares[1:] else shares[0]
        return taping.girth_across(skin, a.toward(b, share), normal)

    return rule


def _bend(upper: str, joint: str, lower: str, *, edges: str) -> Rule:
    """Across the middle of a bent joint, halfway between both bones."""

    def rule(taping: Taping) -> Measured:
        a, middle, b = (taping.joint(name) for name in (upper, joint, lower))
        across = _direction(a, middle) + _direction(middle, b)
        return taping.girth_across(getattr(taping.edges, edges), middle, across)

    return rule


def _thigh(taping: Taping) -> Measured:
    hip, knee = taping.joint("hip_l"), taping.joint("knee_l")
    crotch_m = taping.landmark("crotch").point_m[1]
    share = _BELOW_CROTCH * (hip.point_m[1] - crotch_m) / (hip.point_m[1] - knee.point_m[1])
    place = hip.toward(knee, float(share))
    return taping.girth_across(taping.edges.leg, place, _direction(hip, knee))


LIMB_RULES: dict[str, Rule] = {
    "upper_arm_girth": _across("shoulder_l", "elbow_l", 0.55, edges="arm"),
    "elbow_girth": _bend("shoulder_l", "elbow_l", "wrist_l", edges="arm"),
    "forearm_girth": _across("elbow_l", "wrist_l", *FOREARM_SHARES, edges="arm"),
    "wrist_girth": _across("elbow_l", "wrist_l", 0.95, edges="forearm"),
    "thigh_girth": _thigh,
    "knee_girth": _bend("hip_l", "knee_l", "ankle_l", edges="leg"),
    "calf_girth": _across("knee_l", "ankle_l", *CALF_SHARES, edges="leg"),
    "ankle_girth": _across("knee_l", "ankle_l", 0.86, edges="leg"),
}
