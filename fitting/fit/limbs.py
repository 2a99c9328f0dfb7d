"""Parts of the body that a tape goes round: the torso, each arm, each leg, both legs in a skirt."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.body.tape import Plane, unique_edges

_TORSO = ("neck", "shoulder", "chest", "waist", "hip")
_ARM = ("upper_arm", "lower_arm", "hand")
_LEG = ("thigh", "lower_leg", "foot")
_TORSO_LEVELS = (
    "bust_girth", "under_bust_girth", "waist_girth", "waist_navel_girth", "hip_girth",
)  # fmt: skip
# Planes across a thigh are tilted, so its cloth reaches a little above the crotch.
_TILT_M = 0.04
_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Limb:
    """A part with an axis through its joints.

    Attributes:
        name: ``torso``, ``arm_l`` and so on.
        side: ``l`` or ``r``; empty in the middle.
        levels: Girth levels that belong to it.
        regions: Regions whose cloth goes round it.
        span_m: Heights above the floor between which its cloth lies.
        joints_m: Axis as a chain of points, the way positions along it run, shape (n, 3).
        skin_edges: Edges of its skin, shape (n_edges, 2).
        upright: Whether planes stay horizontal, as on the torso.
        reach_m: Skin farther from the axis than this belongs to another part.
    """

    name: str
    side: str
    levels: tuple[str, ...]
    regions: tuple[int, ...]
    span_m: tuple[float, float]
    joints_m: NDArray[np.float64]
    skin_edges: NDArray[np.int64]
    upright: bool
    reach_m: float = np.inf

    def covers(
        self, face_region: NDArray[np.int64], centers_m: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Which triangles go round it, shape (n_faces,)."""
        low_m, high_m = self.span_m
        height = centers_m[:, 1]
        in_span = (height >= low_m) & (height < high_m)
        return np.isin(face_region, self.regions) & in_span & _on_side(centers_m, self.side)

    def along_m(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Way along the axis; on an upright limb the height; shape (n_points,)."""
        if self.upright:
            return points_m[:, 1]
        starts, units, walked, lengths = self._bones()
        best, result = np.full(len(points_m), np.inf), np.zeros(len(points_m))
        for start, unit, before, length in zip(starts, units, walked, lengths, strict=True):
            t = (points_m - start) @ unit
            off = np.linalg.norm(points_m - start - np.clip(t, 0, length)[:, None] * unit, axis=1)
            closer = off < best
            best[closer], result[closer] = off[closer], (before + t)[closer]
        return result

    def plane(self, along_m: float) -> Plane:
        """Plane across the axis at a way along it."""
        if self.upright:
            return Plane(origin_m=self._axis_at_height(along_m), normal=_UP)
        starts, units, walked, _ = self._bones()
        bone = max(int(np.searchsorted(walked, along_m, side="right")) - 1, 0)
        origin = starts[bone] + (along_m - walked[bone]) * units[bone]
        return Plane(origin_m=origin, normal=units[bone])

    def plane_at_height(self, height_m: float) -> Plane:
        """Plane across the axis where the axis has a height above the floor."""
        if self.upright:
            return self.plane(height_m)
        heights = self.joints_m[:, 1]
        _, _, walked, lengths = self._bones()
        ends = np.r_[walked, walked[-1] + lengths[-1]]
        order = np.argsort(heights)
        return self.plane(float(np.interp(height_m, heights[order], ends[order])))

    def _axis_at_height(self, height_m: float) -> NDArray[np.float64]:
        order = np.argsort(self.joints_m[:, 1])
        heights = self.joints_m[order, 1]
        x, z = (np.interp(height_m, heights, self.joints_m[order, axis]) for axis in (0, 2))
        return np.array([float(x), height_m, float(z)])

    def _bones(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Starts, unit directions, way before, and length of each bone."""
        along = np.diff(self.joints_m, axis=0)
        lengths = np.linalg.norm(along, axis=1)
        walked = np.r_[0.0, np.cumsum(lengths)[:-1]]
        return self.joints_m[:-1], along / lengths[:, None], walked, lengths


def limbs_of(body: Body) -> tuple[Limb, ...]:
    """Torso, and where the body has joints its arms, legs, and both legs as one."""
    limbs = [_torso(body)]
    if "hip_l" not in body.joints_m:
        return tuple(limbs)
    crotch_m = _crotch_m(body)
    everywhere, legs = (-np.inf, np.inf), (-np.inf, crotch_m + _TILT_M)
    arm_levels = ("upper_arm_girth", "wrist_girth")
    leg_levels = ("thigh_girth", "knee_girth", "calf_girth")
    chains = (
        ("arm", _ARM, ("shoulder", "elbow", "wrist"), arm_levels, 0.13, everywhere),
        ("leg", (*_LEG, "hip"), ("hip", "knee", "ankle"), leg_levels, 0.22, legs),
    )
    for name, regions, joints, levels, reach_m, span_m in chains:
        for side in ("l", "r"):
            chain = np.array([body.joints_m[f"{joint}_{side}"] for joint in joints])
            own = levels if side == "l" else ()
            limb = _limb(
                body, f"{name}_{side}", side, own, regions, chain, upright=False, span_m=span_m
            )
            limbs.append(replace(limb, reach_m=reach_m))
    middle = np.array(
        [
            (body.joints_m[f"{joint}_l"] + body.joints_m[f"{joint}_r"]) / 2
            for joint in ("hip", "knee", "ankle")
        ]
    )
    limbs.append(
        _limb(
            body, "skirt", "", (), (*_LEG, "hip"), middle,
            upright=True, span_m=(-np.inf, crotch_m),
        )
    )  # fmt: skip
    return tuple(limbs)


def _crotch_m(body: Body) -> float:
    """Height below which there are legs, not one torso."""
    crotch = body.landmarks_m.get("crotch")
    return -np.inf if crotch is None else float(crotch[1])


def _torso(body: Body) -> Limb:
    regions = np.isin(body.vertex_region, [REGIONS.index(name) for name in _TORSO])
    points = body.vertices_m[regions]
    heights = np.linspace(points[:, 1].min(), points[:, 1].max(), 9)
    axis = []
    for low, high in pairwise(heights):
        band = points[(points[:, 1] >= low) & (points[:, 1] <= high)]
        if len(band):
            middle = (band.min(axis=0) + band.max(axis=0)) / 2
            axis.append([middle[0], (low + high) / 2, middle[2]])
    # Legs belong to it: the hip's level cuts their tops, and cloth there lies nearest to them.
    return _limb(
        body, "torso", "", _TORSO_LEVELS, _TORSO + _LEG, np.array(axis),
        upright=True, span_m=(_crotch_m(body), np.inf),
    )  # fmt: skip


def _limb(
    body: Body,
    name: str,
    side: str,
    levels: tuple[str, ...],
    regions: tuple[str, ...],
    joints_m: NDArray[np.float64],
    *,
    upright: bool,
    span_m: tuple[float, float] = (-np.inf, np.inf),
) -> Limb:
    own = tuple(REGIONS.index(region) for region in regions)
    wanted = [REGIONS.index(region) for region in (*regions, "shoulder", "hip")]
    chosen = np.isin(body.vertex_region, wanted) & _on_side(body.vertices_m, side)
    return Limb(
        name=name,
        side=side,
        levels=levels,
        regions=own,
        span_m=span_m,
        joints_m=joints_m,
        skin_edges=unique_edges(body.faces[chosen[body.faces].all(axis=1)]),
        upright=upright,
    )


def _on_side(points_m: NDArray[np.float64], side: str) -> NDArray[np.bool_]:
    match side:
        case "l":
            return points_m[:, 0] > 0
        case "r":
            return points_m[:, 0] <= 0
        case _:
            return np.ones(len(points_m), dtype=np.bool_)
