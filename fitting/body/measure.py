"""Take every measure on a body of the shape space, with derivatives.

Levels hang on landmarks, so they travel with the shape: navel and nipples are points of the base
mesh, the waist lies at 35 % of the way from the navel up to the nipples, the hip is the largest
girth between crotch and navel. Arms are left out of torso sections by their bones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS
from fitting.body.shape import ShapeSpace
from fitting.body.tape import Plane, cut, girth_m, girth_slope, unique_edges

UP = np.array([0.0, 1.0, 0.0])
WAIST_SHARE = 0.35
UNDER_BUST_SHARE = 0.72
# How far the neck leans forward; a horizontal tape would overstate its girth by 5 %.
NECK_LEAN_RAD = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measure on one body.

    Attributes:
        value_m: Its length.
        slope: Derivative by the parameters, shape (n_parameters,).
        level_m: Height of its plane, where it has one.
    """

    value_m: float
    slope: NDArray[np.float64]
    level_m: float | None = None


class Tapes:
    """Measures bodies of one shape space."""

    def __init__(self, space: ShapeSpace) -> None:
        self._space = space
        region = space.vertex_region
        arms = [REGIONS.index(name) for name in ("upper_arm", "lower_arm", "hand")]
        is_arm = np.isin(region, arms)
        faces = space.faces
        self._torso = unique_edges(faces[~is_arm[faces].any(axis=1)])
        self._parts = {
            name: unique_edges(faces[self._limb(names)[faces].all(axis=1)])
            for name, names in (
                ("arm", ("upper_arm", "lower_arm", "shoulder")),
                ("leg", ("thigh", "lower_leg", "hip")),
                ("forearm", ("lower_arm", "hand")),
            )
        }

    def _limb(self, names: tuple[str, ...]) -> NDArray[np.bool_]:
        """Vertices of the left limb."""
        chosen = np.isin(self._space.vertex_region, [REGIONS.index(name) for name in names])
        return chosen & self._space.is_left

    def __call__(
        self, points_m: NDArray[np.float64], jacobian: NDArray[np.floating] | None = None
    ) -> dict[str, Measured]:
        """Take all measures.

        Args:
            points_m: Skin and joints, shape (n_vertices + n_joints, 3).
            jacobian: Their derivative; slopes are empty without it.
        """
        if jacobian is None:
            jacobian = np.zeros((0, *points_m.shape))
        return _Session(self._space, self._torso, self._parts, points_m, jacobian).all()


class _Session:
    """All measures of one body; lengths share their landmarks."""

    def __init__(
        self,
        space: ShapeSpace,
        torso: NDArray[np.int64],
        parts: dict[str, NDArray[np.int64]],
        points_m: NDArray[np.float64],
        jacobian: NDArray[np.floating],
    ) -> None:
        self._space, self._torso, self._parts = space, torso, parts
        self._points, self._jacobian = points_m, jacobian

    def _point(self, rows: NDArray[np.int64] | int) -> tuple[NDArray[np.float64], NDArray]:
        """A point and its derivative; several rows give their mean."""
        chosen = np.atleast_1d(rows)
        slope = self._jacobian[:, chosen].astype(np.float64).mean(axis=1)
        return self._points[chosen].mean(axis=0), slope

    def _landmark(self, name: str) -> tuple[NDArray[np.float64], NDArray]:
        rows = self._space.landmark_rows[name]
        if name == "crotch":
            rows = rows[[int(np.argmin(self._points[rows, 1]))]]
        return self._point(rows)

    def _joint(self, name: str) -> tuple[NDArray[np.float64], NDArray]:
        return self._point(self._space.joint_row[name])

    def _girth(
        self, edges: NDArray[np.int64], origin: tuple[NDArray, NDArray], normal: NDArray
    ) -> Measured:
        plane = Plane(origin_m=origin[0], normal=normal / np.linalg.norm(normal))
        section = cut(self._points, edges, plane)
        slope = girth_slope(self._points, self._jacobian, section, plane, origin[1])
        level_m = float(plane.origin_m[1])
        return Measured(value_m=girth_m(section, plane), slope=slope, level_m=level_m)

    def _largest(
        self, edges: NDArray[np.int64], a: tuple[NDArray, NDArray], b: tuple[NDArray, NDArray],
        shares: NDArray, normal: NDArray,
    ) -> Measured:  # fmt: skip
        """Largest girth between two points; the level is held for the derivative."""
        unit = normal / np.linalg.norm(normal)
        best, best_m = shares[0], -1.0
        for share in shares:
            plane = Plane(origin_m=_between(a, b, share)[0], normal=unit)
            length_m = girth_m(cut(self._points, edges, plane), plane)
            if length_m > best_m:
                best, best_m = share, length_m
        return self._girth(edges, _between(a, b, best), normal)

    def _distance(self, a: tuple[NDArray, NDArray], b: tuple[NDArray, NDArray]) -> Measured:
        along = b[0] - a[0]
        length_m = float(np.linalg.norm(along))
        return Measured(value_m=length_m, slope=(b[1] - a[1]) @ (along / length_m))

    def _height(self, a: tuple[NDArray, NDArray], b: tuple[NDArray, NDArray]) -> Measured:
        return Measured(value_m=float(a[0][1] - b[0][1]), slope=a[1][:, 1] - b[1][:, 1])

    def all(self) -> dict[str, Measured]:
        """Every measure of the registry."""
        skin = self._points[: self._space.n_vertices]
        top = self._point(int(skin[:, 1].argmax()))
        floor = self._point(int(skin[:, 1].argmin()))
        navel, crotch = self._landmark("navel"), self._landmark("crotch")
        nipples = _between(self._landmark("nipple_l"), self._landmark("nipple_r"), 0.5)
        waist = _between(navel, nipples, WAIST_SHARE)
        neck = _between(self._joint("neck"), self._joint("head"), 0.45)
        lean = np.array([0.0, np.cos(NECK_LEAN_RAD), np.sin(NECK_LEAN_RAD)])
        below = np.linspace(0.12, 0.70, 12)
        return {
            "stature": self._height(top, floor),
            "bust_girth": self._girth(self._torso, nipples, UP),
            "under_bust_girth": self._girth(
                self._torso, _between(navel, nipples, UNDER_BUST_SHARE), UP
            ),
            "waist_girth": self._girth(self._torso, waist, UP),
            "waist_navel_girth": self._girth(self._torso, navel, UP),
            "hip_girth": self._largest(self._torso, crotch, navel, below, UP),
            "neck_girth": self._girth(self._torso, neck, lean),
            "shoulder_width": self._distance(
                self._landmark("acromion_l"), self._landmark("acromion_r")
            ),
            "back_neck_to_waist": self._height(self._landmark("c7"), waist),
            "inside_leg_height": self._height(crotch, floor),
            **self._limbs(crotch),
        }

    def _limbs(self, crotch: tuple[NDArray, NDArray]) -> dict[str, Measured]:
        shoulder, elbow = self._joint("shoulder_l"), self._joint("elbow_l")
        wrist, hip = self._joint("wrist_l"), self._joint("hip_l")
        knee, ankle = self._joint("knee_l"), self._joint("ankle_l")
        upper, lower = self._distance(shoulder, elbow), self._distance(elbow, wrist)
        arm, leg = self._parts["arm"], self._parts["leg"]
        shin = ankle[0] - knee[0]
        thigh_share = 1.12 * (hip[0][1] - crotch[0][1]) / (hip[0][1] - knee[0][1])
        return {
            "upper_arm_girth": self._girth(
                arm, _between(shoulder, elbow, 0.55), elbow[0] - shoulder[0]
            ),
            "wrist_girth": self._girth(
                self._parts["forearm"], _between(elbow, wrist, 0.95), wrist[0] - elbow[0]
            ),
            "thigh_girth": self._girth(leg, _between(hip, knee, thigh_share), knee[0] - hip[0]),
            "knee_girth": self._girth(leg, knee, ankle[0] - hip[0]),
            "calf_girth": self._largest(leg, knee, ankle, np.linspace(0.15, 0.45, 7), shin),
            "arm_length": Measured(
                value_m=upper.value_m + lower.value_m, slope=upper.slope + lower.slope
            ),
        }


def _between(
    a: tuple[NDArray, NDArray], b: tuple[NDArray, NDArray], share: float
) -> tuple[NDArray, NDArray]:
    """Point between two others, with its derivative."""
    return (1 - share) * a[0] + share * b[0], (1 - share) * a[1] + share * b[1]
