"""Edges that grip: silicone inside the hem of a sleeve or band, so that it does not slide.

The engine knows friction by triangle, so a grip is a second fabric that differs in nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.cloth import Cloth, ClothLevels, Fabric
from muslin.twin.errors import SensorError

# Silicone on untreated skin, 0.61 with a standard deviation of 0.21 over six sites of ten people;
# nylon 0.37 (Zhang, Mak 1999, Prosthetics and Orthotics International 23:135).
SILICONE_FRICTION = 0.61
_WIDEST_M = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Grip:
    """A strip along all open edges of a garment.

    Attributes:
        width_m: How far it reaches in from the edge.
        friction_skin: Coulomb coefficient against skin, no unit.
    """

    width_m: float
    friction_skin: float = SILICONE_FRICTION


def grip_of(table: Mapping[str, Any], where: str) -> Grip | None:
    """Read ``{ width_cm = 2.0, friction = 0.61 }``; None for an empty table.

    Raises:
        SensorError: If a key or number makes no sense.
    """
    if not table:
        return None
    unknown = sorted(set(table) - {"width_cm", "friction"})
    if unknown or "width_cm" not in table:
        raise SensorError(f"{where}: grip has width_cm, and friction where it is known")
    width, friction = table["width_cm"], table.get("friction", SILICONE_FRICTION)
    for value, low, high, words in (
        (width, 0.2, 100 * _WIDEST_M, "width_cm"), (friction, 0.0, 5.0, "friction"),
    ):  # fmt: skip
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not low <= value <= high:
            raise SensorError(f"{where}: grip {words} is {value!r}, outside {low:g} to {high:g}")
    return Grip(width_m=width / 100, friction_skin=float(friction))


def with_friction(fabric: Fabric, friction_skin: float) -> Fabric:
    """The same fabric with another grip on the skin; silicone and sweat grip, oil does not."""
    return replace(fabric, friction_skin=friction_skin)


def gripping(
    levels: ClothLevels, fabric: Fabric, grip: Grip | None
) -> tuple[ClothLevels, tuple[Fabric, ...]]:
    """Meshes and fabrics of a garment whose edges grip.

    Args:
        levels: Meshes of a garment of one fabric.
        fabric: The fabric.
        grip: What its edges have; None leaves them as they are.
    """
    if grip is None:
        return levels, (fabric,)
    meshes = tuple(
        replace(cloth, face_fabric=faces_at_edge(cloth, grip.width_m).astype(np.int64))
        for cloth in levels.levels
    )
    return replace(levels, levels=meshes), (fabric, with_friction(fabric, grip.friction_skin))


def faces_at_edge(cloth: Cloth, width_m: float) -> NDArray[np.bool_]:
    """Triangles whose middle lies within a distance of an open edge, in the flat panel, (n_faces,).

    An edge is open where the worn garment ends; sewn edges are not.
    """
    from scipy.spatial import KDTree

    corners = [(k, (k + 1) % 3) for k in range(3)]
    pairs = np.concatenate([np.sort(cloth.faces[:, list(c)], axis=1) for c in corners])
    keys, slot, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    is_open = (count == 1)[slot.ravel()].reshape(3, -1)
    middles = cloth.flat_uv_m[cloth.flat_faces].mean(axis=1)
    near = np.zeros(len(cloth.faces), dtype=np.bool_)
    if not len(keys):
        return near
    for panel in np.unique(cloth.face_panel):
        own = np.flatnonzero(cloth.face_panel == panel)
        ends = [
            cloth.flat_uv_m[cloth.flat_faces[own[is_open[k, own]]][:, list(c)]]
            for k, c in enumerate(corners)
        ]
        edges = np.concatenate(ends)
        if len(edges):
            share = np.linspace(0, 1, 9)[None, :, None]
            points = edges[:, :1] + share * (edges[:, 1:] - edges[:, :1])
            away, _ = KDTree(points.reshape(-1, 2)).query(middles[own])
            near[own] = away <= width_m
    return near
