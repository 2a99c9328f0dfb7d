"""Girths of arms and legs, across the bone; the left side stands for both. Metres."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fitting.body.tape import Anchor, EdgeSet, Plane, cut, girth_m
from fitting.body.taping import Measured, Taping

CALF_SHARES = np.linspace(0.18, 0.42, 5)
FOREARM_SHARES = np.linspace(0.12, 0.36, 4)


def _direction(a: Anchor, b: Anchor) -> NDArray[np.float64]:
    along = b.point_m - a.point_m
    return along / np.linalg.norm(along)


def _largest(
    taping: Taping, edges: EdgeSet, a: Anchor, b: Anchor, shares: NDArray[np.float64]
) -> Measured:
    """Largest girth between two points; the level is held for the derivative."""
    normal = _direction(a, b)

    def length_m(share: float) -> float:
        plane = Plane(origin_m=a.toward(b, share).point_m, normal=normal)
        return girth_m(cut(taping.points_m, edges, plane), plane)

    best = shares[int(np.argmax([length_m(share) for share in shares]))]
    return taping.girth_across(edges, a.toward(b, best), normal)


def _upper_arm(taping: Taping) -> Measured:
    shoulder, elbow = taping.joint("shoulder_l"), taping.joint("elbow_l")
    middle = shoulder.toward(elbow, 0.55)
    return taping.girth_across(taping.edges.arm, middle, _direction(shoulder, elbow))


def _elbow(taping: Taping) -> Measured:
    shoulder, elbow = taping.joint("shoulder_l"), taping.joint("elbow_l")
    across = _direction(shoulder, elbow) + _direction(elbow, taping.joint("wrist_l"))
    return taping.girth_across(taping.edges.arm, elbow, across)


def _forearm(taping: Taping) -> Measured:
    elbow, wrist = taping.joint("elbow_l"), taping.joint("wrist_l")
    return _largest(taping, taping.edges.arm, elbow, wrist, FOREARM_SHARES)


def _wrist(taping: Taping) -> Measured:
    elbow, wrist = taping.joint("elbow_l"), taping.joint("wrist_l")
    place = elbow.toward(wrist, 0.95)
    return taping.girth_across(taping.edges.forearm, place, _direction(elbow, wrist))


def _thigh(taping: Taping) -> Measured:
    hip, knee = taping.joint("hip_l"), taping.joint("knee_l")
    crotch_m = taping.landmark("crotch").point_m[1]
    share = 1.12 * (hip.point_m[1] - crotch_m) / (hip.point_m[1] - knee.point_m[1])
    place = hip.toward(knee, float(share))
    return taping.girth_across(taping.edges.leg, place, _direction(hip, knee))


def _knee(taping: Taping) -> Measured:
    hip, knee = taping.joint("hip_l"), taping.joint("knee_l")
    across = _direction(hip, knee) + _direction(knee, taping.joint("ankle_l"))
    return taping.girth_across(taping.edges.leg, knee, across)


def _calf(taping: Taping) -> Measured:
    knee, ankle = taping.joint("knee_l"), taping.joint("ankle_l")
    return _largest(taping, taping.edges.leg, knee, ankle, CALF_SHARES)


def _ankle(taping: Taping) -> Measured:
    knee, ankle = taping.joint("knee_l"), taping.joint("ankle_l")
    place = knee.toward(ankle, 0.86)
    return taping.girth_across(taping.edges.leg, place, _direction(knee, ankle))


LIMB_RULES: dict[str, Callable[[Taping], Measured]] = {
    "upper_arm_girth": _upper_arm,
    "elbow_girth": _elbow,
    "forearm_girth": _forearm,
    "wrist_girth": _wrist,
    "thigh_girth": _thigh,
    "knee_girth": _knee,
    "calf_girth": _calf,
    "ankle_girth": _ankle,
}
