"""Tubes round a body in A stance: convex sections of torso and legs, round ones along the arms.

Angles run from the front (+z) towards the wearer's left (+x).
"""

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.errors import PatternError

N_ANGLES = 96
_SLAB_M = 0.02
ANGLES_RAD = np.linspace(-np.pi, np.pi, N_ANGLES, endpoint=False)


class Tube:
    """Convex sections of some regions at many heights, grown by a gap."""

    def __init__(
        self, body: Body, regions: tuple[str, ...], *, side: str = "", gap_m: float,
        low_m: float, high_m: float,
    ) -> None:  # fmt: skip
        chosen = np.isin(body.vertex_region, [REGIONS.index(name) for name in regions])
        if side:
            chosen &= (body.vertices_m[:, 0] > 0) == (side == "l")
        points = body.vertices_m[chosen]
        n = max(3, int((high_m - low_m) / 0.015) + 1)
        self.heights_m = np.linspace(low_m, high_m, n)
        self.centers_m = np.zeros((n, 2))
        self.radii_m = np.zeros((n, N_ANGLES))
        solid = np.zeros(n, dtype=np.bool_)
        for i, height in enumerate(self.heights_m):
            slab = points[np.abs(points[:, 1] - height) < _SLAB_M][:, [0, 2]]
            if len(slab) < 3:
                continue
            center = (slab.max(axis=0) + slab.min(axis=0)) / 2
            self.centers_m[i], self.radii_m[i] = center, hull_radii_m(slab - center) + gap_m
            solid[i] = True
        if not solid.any():
            raise PatternError(f"the body has no {' or '.join(regions)} to go round")
        # Heights without skin take the nearest section.
        rows = np.flatnonzero(solid)
        nearest = rows[np.abs(np.arange(n)[:, None] - rows).argmin(axis=1)]
        self.centers_m, self.radii_m = self.centers_m[nearest], self.radii_m[nearest]

    def at(
        self, height_m: NDArray[np.float64], turn: NDArray[np.float64], girth_m: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Points at heights and shares of the way round, front to back, in [-1, 1].

        Args:
            height_m: Shape (n,).
            turn: 0 in front, 1 at the back over the wearer's left, shape (n,).
            girth_m: Girth of the cloth there; a wider section is used as it is, shape (n,).
        """
        row = np.interp(height_m, self.heights_m, np.arange(len(self.heights_m)))
        low = np.minimum(row.astype(int), len(self.heights_m) - 2)
        share = (row - low)[:, None]
        radii = (1 - share) * self.radii_m[low] + share * self.radii_m[low + 1]
        center = (1 - share) * self.centers_m[low] + share * self.centers_m[low + 1]
        x, z = radii * np.sin(ANGLES_RAD), radii * np.cos(ANGLES_RAD)
        x, z = (np.concatenate([a, a[:, :1]], axis=1) for a in (x, z))
        steps = np.hypot(np.diff(x, axis=1), np.diff(z, axis=1))
        walked = np.concatenate([np.zeros((len(x), 1)), steps.cumsum(axis=1)], axis=1)
        length = walked[:, -1:]
        # The middle of the front is halfway along.
        middle = walked[:, N_ANGLES // 2 : N_ANGLES // 2 + 1]
        wanted = np.where(turn[:, None] >= 0, middle + turn[:, None] * (length - middle),
                          middle + turn[:, None] * middle)  # fmt: skip
        k = np.clip((walked < wanted).sum(axis=1) - 1, 0, N_ANGLES - 1)
        rows = np.arange(len(x))
        part = (wanted[:, 0] - walked[rows, k]) / np.maximum(steps[rows, k], 1e-12)
        grow = np.maximum(1.0, girth_m / length[:, 0])
        px = x[rows, k] + part * (x[rows, k + 1] - x[rows, k])
        pz = z[rows, k] + part * (z[rows, k + 1] - z[rows, k])
        return np.stack([center[:, 0] + grow * px, height_m, center[:, 1] + grow * pz], axis=1)


def hull_radii_m(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the origin to the convex hull of points round it, (N_ANGLES,) [m]."""
    ways = np.stack([np.sin(ANGLES_RAD), np.cos(ANGLES_RAD)], axis=1)
    support = (points @ ways.T).max(axis=0)
    cosine = ways @ ways.T
    with np.errstate(divide="ignore"):
        reach = np.where(cosine > 0.1, support[None, :] / np.maximum(cosine, 0.1), np.inf)
    return reach.min(axis=1)


def arm_radius_m(body: Body, side: str) -> float:
    """Largest distance of the upper arm's skin from its axis."""
    a, b = body.joints_m[f"shoulder_{side}"], body.joints_m[f"elbow_{side}"]
    axis = (b - a) / np.linalg.norm(b - a)
    arm = body.vertices_m[body.vertex_region == REGIONS.index("upper_arm")]
    arm = arm[(arm[:, 0] > 0) == (side == "l")] - a
    along = arm @ axis
    inside = along > 0.25 * np.linalg.norm(b - a)
    off = np.linalg.norm(arm - along[:, None] * axis, axis=1)[inside]
    return float(np.quantile(off, 0.98)) if off.size else 0.05


def walk(
    joints_m: NDArray[np.float64], along_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points and directions along shoulder, elbow, wrist; beyond the ends it goes straight on."""
    bones = np.diff(joints_m, axis=0)
    lengths = np.linalg.norm(bones, axis=1)
    directions = bones / lengths[:, None]
    knots = np.r_[0.0, lengths.cumsum()]
    bone = np.clip(np.searchsorted(knots, along_m, side="right") - 1, 0, len(bones) - 1)
    center = joints_m[bone] + (along_m - knots[bone])[:, None] * directions[bone]
    # Soften the bend at the elbow, so that the tube does not fold.
    blend = np.clip((along_m - knots[1] + 0.06) / 0.12, 0, 1)[:, None]
    axis = (1 - blend) * directions[0] + blend * directions[1]
    return center, axis / np.linalg.norm(axis, axis=1, keepdims=True)
