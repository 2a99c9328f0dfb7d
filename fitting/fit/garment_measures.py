"""Points of measure on the flat pattern and on the draped garment; the difference is the wear.

Girths are cut where they pass on the body: the cut's length in the flat panels is the garment as
cut, its length in space is the garment as worn. Lengths are straight lines in one flat panel, as a
pattern maker lays the ruler, and the length of the same line of cloth on the body.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.body.tape import Plane
from fitting.cloth.cloth import Cloth
from fitting.fit.ease import LEVELS
from fitting.fit.limbs import Limb, limbs_of
from fitting.fit.parts import OpenEnd, open_ends, panel_homes, settled_regions
from fitting.fit.paths import cut_lengths_m, straight_lengths_m

_CHEST_BELOW_ARMPIT_M = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class GarmentMeasure:
    """One point of measure.

    Attributes:
        flat_m: On the flat pattern; None for heights, which only a worn garment has.
        draped_m: On the body.
        where: What is measured, in words.
    """

    flat_m: float | None
    draped_m: float
    where: str

    @property
    def stretch(self) -> float | None:
        """Draped over flat less one, no unit."""
        return None if not self.flat_m else self.draped_m / self.flat_m - 1

    def to_json(self) -> dict[str, float | str | None]:
        """Numbers for a program."""
        return {
            "flat_m": self.flat_m,
            "draped_m": self.draped_m,
            "stretch": self.stretch,
            "where": self.where,
        }


def garment_measures(
    cloth: Cloth,
    positions_m: NDArray[np.float64],
    body: Body,
    face_region: NDArray[np.int64],
) -> dict[str, GarmentMeasure]:
    """All points of measure that the garment has.

    Args:
        cloth: The garment.
        positions_m: Its rest, shape (n_vertices, 3).
        body: The body.
        face_region: Nearest region of the body per triangle, shape (n_faces,).
    """
    found: dict[str, GarmentMeasure] = {}
    settled = settled_regions(cloth, face_region)
    for limb in limbs_of(body):
        chosen = limb.covers(settled, positions_m[cloth.faces].mean(axis=1))
        for name, plane in _planes(limb, body).items():
            lengths = cut_lengths_m(cloth, positions_m, chosen, plane)
            if lengths is not None:
                found[name] = GarmentMeasure(
                    flat_m=lengths[0], draped_m=lengths[1], where=_girth_words(name, plane)
                )
    found.update(_lengths(cloth, positions_m, body, face_region))
    return found


def _planes(limb: Limb, body: Body) -> dict[str, Plane]:
    """Cutting planes of a limb by the name of the measure."""
    planes = {
        name: limb.plane_at_height(body.levels_m[name])
        for name in limb.levels
        if name in LEVELS and name in body.levels_m
    }
    armpit = body.landmarks_m.get("armpit_l")
    if limb.name == "torso" and armpit is not None:
        planes["chest_girth_below_armhole"] = limb.plane(float(armpit[1]) - _CHEST_BELOW_ARMPIT_M)
    return planes


def _girth_words(name: str, plane: Plane) -> str:
    words = name.replace("_", " ").replace(" below armhole", ", 2.5 cm below the armpit")
    return f"{words}, {plane.origin_m[1] * 100:.0f} cm above the floor"


def _lengths(
    cloth: Cloth, x: NDArray[np.float64], body: Body, face_region: NDArray[np.int64]
) -> dict[str, GarmentMeasure]:
    """Heights of open ends, body length, sleeve and leg lengths."""
    found: dict[str, GarmentMeasure] = {}
    for end in open_ends(cloth, x, body, panel_homes(cloth, face_region)):
        points = x[end.vertices]
        if end.kind == "hem":
            found["hem_height"] = _height(
                "hem, lowest point above the floor", float(points[:, 1].min())
            )
            found["hem_height_mean"] = _height(
                "hem, mean above the floor", float(points[:, 1].mean())
            )
            found.update(_body_lengths(cloth, x, end.vertices))
        elif end.kind in ("sleeve end", "leg end") and end.side:
            found.update(_limb_end(end, cloth, x, body))
    return found


def _height(where: str, value_m: float) -> GarmentMeasure:
    return GarmentMeasure(flat_m=None, draped_m=value_m, where=where)


def _body_lengths(
    cloth: Cloth, x: NDArray[np.float64], hem: NDArray[np.int64]
) -> dict[str, GarmentMeasure]:
    """From the highest point of the left half of a panel down to the hem, front and back."""
    found: dict[str, GarmentMeasure] = {}
    middle_z = float(x[hem, 2].mean())
    for panel in range(len(cloth.panel_names)):
        own = np.unique(cloth.flat_to_welded[cloth.flat_panel == panel])
        ends, left = np.intersect1d(own, hem), own[x[own, 0] >= 0]
        if not len(ends) or not len(left):
            continue
        ahead_m = float(x[ends, 2].mean()) - middle_z
        side = "panel" if abs(ahead_m) < 1e-3 else ("front" if ahead_m > 0 else "back")
        top = int(left[x[left, 1].argmax()])
        lengths = straight_lengths_m(cloth, x, top, ends)
        key = f"body_length_{side}"
        if lengths is not None and (key not in found or lengths[0] > (found[key].flat_m or 0)):
            found[key] = GarmentMeasure(
                flat_m=lengths[0],
                draped_m=lengths[1],
                where=f"highest point of the {side} to the hem, left half",
            )
    return found


def _limb_end(
    end: OpenEnd, cloth: Cloth, x: NDArray[np.float64], body: Body
) -> dict[str, GarmentMeasure]:
    """Where a sleeve or a leg ends, and the cloth's length to there."""
    name, side = end.kind.removesuffix(" end"), end.side
    last = "wrist" if name == "sleeve" else "ankle"
    stop = body.joints_m.get(f"{last}_{side[0]}")
    points = x[end.vertices]
    found = {
        f"{name}_end_height_{side}": _height(
            f"{end.name}, mean above the floor", float(points[:, 1].mean())
        )
    }
    if stop is not None:
        found[f"{name}_end_to_{last}_{side}"] = _height(
            f"{end.name}, mean distance to the {last}'s joint",
            float(np.linalg.norm(points - stop, axis=1).mean()),
        )
    acromion = body.landmarks_m.get(f"acromion_{side[0]}")
    if name == "sleeve" and acromion is not None:
        top = int(np.linalg.norm(x - acromion, axis=1).argmin())
        lengths = straight_lengths_m(cloth, x, top, end.vertices)
        if lengths is not None:
            found[f"sleeve_length_{side}"] = GarmentMeasure(
                flat_m=lengths[0],
                draped_m=lengths[1],
                where=f"cloth at the {side} acromion to the sleeve's end",
            )
    return found
