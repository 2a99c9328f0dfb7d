"""Ease: how much longer the garment is than a tape round the body at the same level.

The garment's girth is its own cloth, not the worn path: each triangle that the level cuts gives
the length of the cut in the flat panel. Sleeves and arms are left out by the nearest region.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.body.tape import Plane, cut, girth_m, unique_edges
from fitting.cloth.cloth import Cloth
from fitting.drape.result import Drape
from fitting.errors import MeasurementError

LEVELS = ("bust_girth", "waist_girth", "waist_navel_girth", "hip_girth")
_ARMS = tuple(REGIONS.index(name) for name in ("upper_arm", "lower_arm", "hand"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ease:
    """Ease at one level.

    Attributes:
        level_m: Height above the floor.
        body_m: Tape round the body.
        garment_m: Cloth round the body, unstretched.
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
    """Ease at each level that the garment covers all round.

    Args:
        cloth: The garment.
        drape: Its rest on the body.
        body: The body.
        face_region: Nearest region of the body per triangle, shape (n_faces,).
    """
    on_torso = ~np.isin(face_region, _ARMS)
    arms = np.isin(body.vertex_region, _ARMS)
    body_edges = unique_edges(body.faces[~arms[body.faces].any(axis=1)])
    result: dict[str, Ease] = {}
    for name in LEVELS:
        level_m = body.levels_m.get(name)
        if level_m is None:
            continue
        plane = Plane(origin_m=np.array([0.0, level_m, 0.0]), normal=np.array([0.0, 1.0, 0.0]))
        length_m, turns = _cloth_girth(cloth, drape.positions_m, on_torso, level_m)
        if turns < 1:
            continue
        try:
            body_m = girth_m(cut(body.vertices_m, body_edges, plane), plane)
        except MeasurementError:
            continue
        result[name] = Ease(level_m=level_m, body_m=body_m, garment_m=length_m)
    return result


def _cloth_girth(
    cloth: Cloth, x: NDArray[np.float64], chosen: NDArray[np.bool_], level_m: float
) -> tuple[float, int]:
    """Flat length of the cut at a height, and how many of eight sectors it passes, all or none."""
    height = x[cloth.faces][..., 1] - level_m
    faces = np.flatnonzero(chosen & (height.min(axis=1) < 0) & (height.max(axis=1) >= 0))
    total, sectors = 0.0, set()
    for face in faces:
        ends = []
        for a, b in ((0, 1), (1, 2), (2, 0)):
            h_a, h_b = height[face, a], height[face, b]
            if (h_a < 0) != (h_b < 0):
                share = h_a / (h_a - h_b)
                uv = cloth.rest_uv_m[face]
                ends.append((1 - share) * uv[a] + share * uv[b])
        total += float(np.linalg.norm(ends[0] - ends[1]))
        center = x[cloth.faces[face]].mean(axis=0)
        sectors.add(int(np.arctan2(center[0], center[2]) // (np.pi / 4)))
    return total, int(len(sectors) == 8)
