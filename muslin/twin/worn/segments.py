"""Segments of the body that a motion sensor rides on, from its joints. Metres, body frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body

# Name, joint at the upper end, joint at the lower end.
_TRUNK = (("trunk", "neck", "pelvis"), ("head", "head", "neck"))
_LIMBS = (
    ("upper arm", "shoulder", "elbow"), ("forearm", "elbow", "wrist"), ("thigh", "hip", "knee"),
    ("lower leg", "knee", "ankle"),
)  # fmt: skip
# The trunk is thicker than a limb: its skin is this much farther from its axis.
_TRUNK_THICKER_M = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment.

    Attributes:
        name: In words, as in ``left thigh``.
        top_m: Upper joint, shape (3,).
        low_m: Lower joint, shape (3,).
    """

    name: str
    top_m: NDArray[np.float64]
    low_m: NDArray[np.float64]

    @property
    def axis(self) -> NDArray[np.float64]:
        """Unit vector from the lower to the upper joint, shape (3,)."""
        along = self.top_m - self.low_m
        return along / np.linalg.norm(along)

    def distance_m(self, point_m: NDArray[np.float64]) -> float:
        """Distance of a point from the bone."""
        along = self.low_m - self.top_m
        share = np.clip((point_m - self.top_m) @ along / (along @ along), 0, 1)
        return float(np.linalg.norm(point_m - self.top_m - share * along))


def segments_of(body: Body) -> tuple[Segment, ...]:
    """Segments between the joints that a body has."""
    rows = [*_TRUNK]
    for side, word in (("l", "left"), ("r", "right")):
        rows += [(f"{word} {n}", f"{a}_{side}", f"{b}_{side}") for n, a, b in _LIMBS]
    joints = body.joints_m
    return tuple(
        Segment(name=name, top_m=joints[top], low_m=joints[low])
        for name, top, low in rows
        if top in joints and low in joints
    )


def segment_at(body: Body, point_m: NDArray[np.float64]) -> Segment | None:
    """The segment that a point of the skin belongs to; None for a body without joints."""

    def off_m(segment: Segment) -> float:
        thicker = _TRUNK_THICKER_M if segment.name == "trunk" else 0.0
        return segment.distance_m(point_m) - thicker

    return min(segments_of(body), key=off_m, default=None)
