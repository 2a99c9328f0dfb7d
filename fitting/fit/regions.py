"""Regions of the body as a fit speaks of them: the trunk by its girth levels, all else by bones.

The bone that moves skin most says little about clothes: the ribcage's reaches down to the natural
waist and the spine's to the crotch, so that a waistband lay on the "chest". A tailor tapes the
trunk at named levels, and cloth near one of them is judged there.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.cloth.cloth import Cloth

_TRUNK = {
    "bust_girth": "chest", "under_bust_girth": "chest", "waist_girth": "waist",
    "waist_navel_girth": "waist", "hip_girth": "hip",
}  # fmt: skip
# A tape round the hip crosses the tops of the thighs.
_THIGH = {"hip_girth": "hip", "thigh_girth": "thigh"}
# A panel lower than this goes round at one level, even where its edge lies nearer to the next.
_BAND_M = 0.1


def body_regions(body: Body) -> NDArray[np.int64]:
    """Region of each vertex of a body, index into ``REGIONS``, shape (n_vertices,).

    Heights are those at rest, so a body that sits keeps its regions. Without levels at bust, waist
    and hip it is the region of the bone.
    """
    levels_m, heights_m = _at_rest(body)
    regions = body.vertex_region.copy()
    for bones, names in ((("chest", "waist", "hip"), _TRUNK), (("thigh",), _THIGH)):
        known = {name: levels_m[name] for name in names if name in levels_m}
        if {names[name] for name in known} != set(names.values()):
            continue
        own = np.isin(body.vertex_region, [REGIONS.index(bone) for bone in bones])
        regions[own] = _nearest(heights_m[own], known, names)
    return regions


def face_regions(cloth: Cloth, body: Body, near: NDArray[np.int64]) -> NDArray[np.int64]:
    """Region of each triangle of a garment, index into ``REGIONS``, shape (n_faces,).

    It is that of the nearest skin; a band, such as a waistband, has one on the whole trunk.

    Args:
        cloth: The garment.
        body: Who wears it.
        near: Nearest vertex of the body for each triangle, shape (n_faces,).
    """
    regions, heights_m = body_regions(body)[near], _at_rest(body)[1][near]
    on_trunk = np.isin(regions, [REGIONS.index(name) for name in set(_TRUNK.values())])
    for i in range(len(cloth.panel_names)):
        own = on_trunk & (cloth.face_panel == i)
        if own.any() and np.ptp(heights_m[own]) < _BAND_M:
            regions[own] = np.bincount(regions[own]).argmax()
    return regions


def _at_rest(body: Body) -> tuple[Mapping[str, float], NDArray[np.float64]]:
    """Heights of levels and of vertices in the stance that the levels were taken in."""
    if body.rig is not None and body.rig.levels_m:
        return body.rig.levels_m, body.rig.rest_m[:, 1]
    return body.levels_m, body.vertices_m[:, 1]


def _nearest(
    heights_m: NDArray[np.float64], levels_m: Mapping[str, float], names: Mapping[str, str]
) -> NDArray[np.int64]:
    off_m = np.abs(heights_m[:, None] - np.array(list(levels_m.values())))
    regions = np.array([REGIONS.index(names[level]) for level in levels_m], dtype=np.int64)
    return regions[off_m.argmin(axis=1)]
