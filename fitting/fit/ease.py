"""Ease: how much longer the garment is than a tape round the body at the same level.

The garment's girth is its own cloth, not the worn path: each triangle that the level cuts gives
the length of the cut in the flat panel. Torso, arms and legs are cut across their own axes; a
skirt is cut across both legs together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.body.tape import Plane, cut, girth_m
from fitting.cloth.cloth import Cloth
from fitting.drape.result import Drape
from fitting.errors import MeasurementError
from fitting.fit.limbs import Limb, limbs_of
from fitting.fit.parts import settled_regions
from fitting.fit.paths import cut_lengths_m, goes_round

LEVELS = (
    "bust_girth", "under_bust_girth", "waist_girth", "waist_navel_girth", "hip_girth",
    "upper_arm_girth", "wrist_girth", "thigh_girth", "knee_girth", "calf_girth",
)  # fmt: skip
_STEP_M = 0.015
_DROPS_M = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ease:
    """Ease at one level.

    Attributes:
        level_m: Height above the floor where the body's plane meets the limb's axis.
        body_m: Tape round the body.
        garment_m: Cloth round the body, unstretched, at the level or up to 6 cm below: a level
            that passes above the underarm or the crotch closes no girth.
    """

    level_m: float
    body_m: float
    garment_m: float

    @property
    def ease_m(self) -> float:
        """What the cloth has more than the body; negative when it must stretch."""
        return self.garment_m - self.body_m


def ease_at_levels(
    cloth: Cloth, drape: Drape, body: Body, face_region: NDArray[np.int64]
) -> dict[str, Ease]:
    """Ease at each level that the garment covers all round; limbs on the left.

    Args:
        cloth: The garment.
        drape: Its rest on the body.
        body: The body.
        face_region: Nearest region of the body per triangle, shape (n_faces,).
    """
    limbs = limbs_of(body)
    result: dict[str, Ease] = {}
    for name in LEVELS:
        level_m = body.levels_m.get(name)
        limb = next((limb for limb in limbs if name in limb.levels), None)
        if level_m is None or limb is None:
            continue
        part = _Part(cloth, drape.positions_m, body, face_region, limb)
        planes = [limb.plane_at_height(level_m - drop_m) for drop_m in _DROPS_M]
        ease = part.ease(*(planes[:1] if limb.name.startswith("arm") else planes))
        if ease is not None:
            result[name] = ease
    return result


def ease_map_m(
    cloth: Cloth, drape: Drape, body: Body, face_region: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Ease of the girth that passes each vertex, NaN where no girth closes, (n_vertices,).

    Args:
        cloth: The garment.
        drape: Its rest on the body.
        body: The body.
        face_region: Nearest region of the body per triangle, shape (n_faces,).
    """
    x = drape.positions_m
    total, weight = np.zeros(len(x)), np.zeros(len(x))
    has_legs = False
    for limb in limbs_of(body):
        # Trousers close round each leg; only what does not is a skirt.
        part = _Part(cloth, x, body, face_region, limb)
        if not len(part.faces) or (limb.name == "skirt" and has_legs):
            continue
        along = limb.along_m(x)
        own = np.unique(part.faces)
        high_m = along[own].max()
        if limb.name == "torso" and "armpit_l" in body.landmarks_m:
            # Above the arms a level cuts shoulders and sleeves; no tape goes there.
            high_m = min(high_m, float(body.landmarks_m["armpit_l"][1]) + 0.02)
        levels = np.arange(along[own].min() + 0.002, high_m, _STEP_M)
        eases = [part.ease(limb.plane(level)) for level in levels]
        known = np.array([np.nan if ease is None else ease.ease_m for ease in eases])
        if len(levels) < 2 or np.isnan(known).all():
            continue
        has_legs |= limb.name.startswith("leg")
        near = np.rint((along[own] - levels[0]) / _STEP_M).astype(np.int64)
        value = known[np.clip(near, 0, len(levels) - 1)]
        value[along[own] > high_m] = np.nan
        own, value = own[np.isfinite(value)], value[np.isfinite(value)]
        total[own] += value
        weight[own] += 1
    return np.divide(total, weight, out=np.full(len(x), np.nan), where=weight > 0)


class _Part:
    """The cloth and the skin of one limb."""

    def __init__(
        self,
        cloth: Cloth,
        x: NDArray[np.float64],
        body: Body,
        face_region: NDArray[np.int64],
        limb: Limb,
    ) -> None:
        settled = settled_regions(cloth, face_region)
        self._chosen = limb.covers(settled, x[cloth.faces].mean(axis=1))
        self.faces = cloth.faces[self._chosen]
        self._cloth, self._x, self._body, self._limb = cloth, x, body, limb

    def ease(self, plane: Plane, *lower: Plane) -> Ease | None:
        """Ease in a plane; None where cloth or skin does not go all round.

        The cloth is cut in the first of the planes that closes its girth.
        """
        cuts = (cut_lengths_m(self._cloth, self._x, self._chosen, one) for one in (plane, *lower))
        lengths = next((found for found in cuts if found is not None), None)
        if lengths is None:
            return None
        try:
            section = cut(self._body.vertices_m, self._limb.skin_edges, plane)
        except MeasurementError:
            return None
        from_axis = section.points_m - plane.origin_m
        near = np.linalg.norm(from_axis, axis=1) < self._limb.reach_m
        if not goes_round(from_axis[near], plane.normal):
            return None
        section = replace(section, points_m=section.points_m[near])
        return Ease(
            level_m=float(plane.origin_m[1]), body_m=girth_m(section, plane), garment_m=lengths[0]
        )


def ease_to_json(eases: Mapping[str, Ease]) -> dict[str, dict[str, float]]:
    """Numbers for a program, by level."""
    return {
        name: {
            "level_m": ease.level_m,
            "body_m": ease.body_m,
            "garment_m": ease.garment_m,
            "ease_m": ease.ease_m,
            "ease_share": ease.ease_m / ease.body_m,
        }
        for name, ease in eases.items()
    }
