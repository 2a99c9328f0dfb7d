"""Anatomical landmarks on the skin that makers of sensor garments speak of. Metres, body frame.

The body's own landmarks, and points that follow from its joints and girth levels by rays that go
out from inside: "fifth rib, left" is where the skin lies below the nipple at the level under the
bust; over the ribs a palpated landmark lies within 2 to 3 cm of it, which is no more than a place.
"""

import re

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body
from fitting.fit.limbs import limbs_of
from muslin.twin.errors import SensorError

Point = NDArray[np.float64]
_TITLES = {
    "c7": "seventh cervical vertebra", "scye_front": "armscye, front", "scye_back": "armscye, back",
    "side_neck": "side of the neck", "front_neck": "front of the neck",
    "mid_axilla": "mid-axillary line", "xiphoid": "xiphoid", "spine_chest": "spine at the ribs",
    "knee_outer": "outer side of the knee", "knee_inner": "inner side of the knee",
    "popliteal": "hollow of the knee", "thigh_front": "middle of the thigh, front",
    "thigh_back": "middle of the thigh, back", "shin": "tibial tuberosity", "calf": "calf, back",
    "upper_arm_outer": "middle of the upper arm, outside",
}  # fmt: skip
# Share of the way from knee to ankle at which the tibial tuberosity and the fullest calf lie.
_SHIN, _CALF = 0.14, 0.30
# Bulge of the knee from the line between hip and ankle, over its length, from 35 degrees on.
_BENT = 0.075


def landmarks_of(body: Body) -> dict[str, Point]:
    """Landmarks by name, ``_l`` and ``_r`` for the wearer's sides, each shape (3,) [m].

    A body without joints has its own landmarks and those of the trunk alone.
    """
    found = {name: np.asarray(point) for name, point in body.landmarks_m.items()}
    rays = _Rays(body)
    found |= _trunk(body, rays)
    if "knee_l" in body.joints_m:
        for side, sign in (("l", 1.0), ("r", -1.0)):
            found |= _leg(body, rays, side, sign)
            found |= _arm(body, rays, side, sign)
    return found


def landmark_named(words: str, body: Body) -> tuple[str, Point]:
    """Find a landmark by its key or by words such as ``over the fifth rib, left``.

    Raises:
        SensorError: If there is none; lists those that exist.
    """
    known = landmarks_of(body)
    key = landmark_key(words)
    if key not in known:
        both = f"; did you mean {key}_l or {key}_r?" if f"{key}_l" in known else ""
        raise SensorError(
            f"landmark {words!r} is not known on this body{both}; known are "
            f"{', '.join(sorted(known))}"
        )
    return key, known[key]


def landmark_key(words: str) -> str:
    """Key of a landmark that was written in words."""
    text = re.sub(r"^over\s+|\bthe\b", " ", words.strip().lower())
    side = ""
    for word, letter in (("left", "_l"), ("right", "_r")):
        if re.search(rf"\b{word}\b", text):
            text, side = re.sub(rf"\b{word}\b", " ", text), letter
    text = " ".join(text.replace(",", " ").split())
    for key, title in _TITLES.items():
        if text == " ".join(title.replace(",", " ").replace("the ", "").split()):
            return key + side
    return text.replace(" ", "_") + side


def landmark_title(key: str) -> str:
    """A landmark in words: ``fifth rib, left``."""
    stem, side = (key[:-2], key[-2:]) if key[-2:] in ("_l", "_r") else (key, "")
    title = _TITLES.get(stem, stem.replace("_", " "))
    return title + {"_l": ", left", "_r": ", right", "": ""}[side]


class _Rays:
    """Where rays from inside leave the skin."""

    def __init__(self, body: Body) -> None:
        self._corners = body.vertices_m[body.faces]

    def exit(self, origin_m: Point, direction: Point) -> Point | None:
        """First point at which a ray leaves the body (Moeller and Trumbore 1997)."""
        a = self._corners[:, 0]
        e1, e2 = self._corners[:, 1] - a, self._corners[:, 2] - a
        h = np.cross(direction, e2)
        det = (e1 * h).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            s = origin_m - a
            u = (s * h).sum(axis=1) / det
            q = np.cross(s, e1)
            v = (q @ direction) / det
            t = (e2 * q).sum(axis=1) / det
        # Outward triangles are left from behind, where the determinant is negative.
        hit = (det < 0) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0)
        return origin_m + t[hit].min() * direction if hit.any() else None

    def put(self, found: dict[str, Point], name: str, origin_m: Point, direction: Point) -> None:
        """Add the exit of a ray where it has one."""
        point = self.exit(origin_m, direction / np.linalg.norm(direction))
        if point is not None:
            found[name] = point


_FRONT, _BACK, _LEFT = np.array([0.0, 0, 1]), np.array([0.0, 0, -1]), np.array([1.0, 0, 0])


def _trunk(body: Body, rays: _Rays) -> dict[str, Point]:
    found: dict[str, Point] = {}
    torso = limbs_of(body)[0]
    levels = body.levels_m
    if "bust_girth" in levels:
        rays.put(found, "sternum", torso.plane(levels["bust_girth"]).origin_m, _FRONT)
    for level, front, back in (
        ("under_bust_girth", "xiphoid", "spine_chest"), ("waist_girth", "", "spine_waist"),
    ):  # fmt: skip
        if level not in levels:
            continue
        origin = torso.plane(levels[level]).origin_m
        if front:
            rays.put(found, front, origin, _FRONT)
        rays.put(found, back, origin, _BACK)
        side_name = "mid_axilla" if front else "flank"
        for side, sign in (("l", 1.0), ("r", -1.0)):
            rays.put(found, f"{side_name}_{side}", origin, sign * _LEFT)
            nipple = body.landmarks_m.get(f"nipple_{side}")
            if front and nipple is not None:
                start = np.array([nipple[0], origin[1], origin[2]])
                rays.put(found, f"fifth_rib_{side}", start, _FRONT)
    return found


def _leg(body: Body, rays: _Rays, side: str, sign: float) -> dict[str, Point]:
    found: dict[str, Point] = {}
    hip, knee, ankle = (body.joints_m[f"{j}_{side}"] for j in ("hip", "knee", "ankle"))
    for names, top, low, share in (
        (("patella", "popliteal", "knee_outer", "knee_inner"), hip, ankle, None),
        (("thigh_front", "thigh_back"), hip, knee, 0.5),
        (("shin", ""), knee, ankle, _SHIN),
        (("", "calf"), knee, ankle, _CALF),
    ):
        origin = knee if share is None else top + share * (low - top)
        along = (top - low) / np.linalg.norm(top - low)
        front = _forward(body, side, along)
        outward = np.cross(along, front) * sign
        ways = (front, -front, outward, -outward)
        for name, way in zip(names, ways, strict=False):
            if name:
                rays.put(found, f"{name}_{side}", origin, way)
    return found


def _forward(body: Body, side: str, along: Point) -> Point:
    """Way to the front of a leg: across the bone, away from the side that the knee bends to."""
    hip, knee, ankle = (body.joints_m[f"{j}_{side}"] for j in ("hip", "knee", "ankle"))
    leg = (hip - ankle) / np.linalg.norm(hip - ankle)
    # A bent knee shows its own axis; an almost straight one may bend either way.
    bulge = knee - ankle - ((knee - ankle) @ leg) * leg
    if np.linalg.norm(bulge) > _BENT * np.linalg.norm(hip - ankle):
        forward = bulge - (bulge @ along) * along
        if np.linalg.norm(forward) > 0.3 * np.linalg.norm(bulge):
            return forward / np.linalg.norm(forward)
    forward = _FRONT - (_FRONT @ along) * along
    return forward / np.linalg.norm(forward)


def _arm(body: Body, rays: _Rays, side: str, sign: float) -> dict[str, Point]:
    found: dict[str, Point] = {}
    shoulder, elbow = body.joints_m[f"shoulder_{side}"], body.joints_m[f"elbow_{side}"]
    along = (shoulder - elbow) / np.linalg.norm(shoulder - elbow)
    outward = sign * _LEFT - (sign * _LEFT @ along) * along
    rays.put(found, f"upper_arm_outer_{side}", (shoulder + elbow) / 2, outward)
    return found
