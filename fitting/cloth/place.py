"""Start positions round a posed body: torso panels on an elliptic cylinder, sleeves on the arm.

Start placement matters more than the solver. A torso panel is laid round a cylinder that clears
the torso, by arc length from the middle of the front or back; a sleeve goes round the arm's own
axis. Vertices that seams join are welded at their mean, and what then is too close to the skin is
pushed out along the skin's normal.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fitting.body.body import REGIONS, Body
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.mesh import FlatMesh, mesh_pattern
from fitting.cloth.nested import prolongation, subdivide
from fitting.cloth.sew import sewn_cloth, weld
from fitting.pattern.model import Panel, Pattern

GAP_M = 0.012
COARSEST_M = 0.033
# The garment starts above the shoulders and settles on them.
LIFT_M = 0.025
N_PUSHES = 12
_N_ELLIPSE = 2048


def garment_on_body(
    pattern: Pattern, body: Body, *, edge_length_m: float = 0.016, fabric: int = 0
) -> Cloth:
    """Mesh a pattern and place it round a body.

    Args:
        pattern: What to wear.
        body: Who wears it, arms away from the body.
        edge_length_m: Wanted length of triangle edges.
        fabric: Index of the fabric of all panels.

    Raises:
        PatternError: If it cannot be meshed or sewn.
    """
    return garment_levels_on_body(pattern, body, edge_length_m=edge_length_m, fabric=fabric).finest


def garment_levels_on_body(
    pattern: Pattern, body: Body, *, edge_length_m: float = 0.016, n_levels: int | None = None,
    fabric: int = 0,
) -> ClothLevels:  # fmt: skip
    """Mesh a pattern coarsely, place it round a body, and refine it.

    Args:
        pattern: What to wear.
        body: Who wears it, arms away from the body.
        edge_length_m: Wanted length of the finest triangle edges.
        n_levels: Number of levels; as many as keep the coarsest edges below `COARSEST_M`.
        fabric: Index of the fabric of all panels.

    Raises:
        PatternError: If it cannot be meshed or sewn.
    """
    if n_levels is None:
        n_levels = 1 + max(0, int(np.log2(COARSEST_M / edge_length_m) + 1e-9))
    flat = mesh_pattern(pattern, edge_length_m=edge_length_m * 2 ** (n_levels - 1))
    welded = weld(flat, pattern)
    placed = _Placer(pattern, flat, body).positions()
    n = int(welded.max()) + 1
    start = np.zeros((n, 3))
    np.add.at(start, welded, placed)
    start /= np.bincount(welded, minlength=n)[:, None]
    start = push_out(start, body)
    turned = _turned(welded[flat.faces], flat, start, pattern, body)
    levels = [sewn_cloth(flat, pattern, welded, start, turned, fabric=fabric)]
    matrices = []
    for _ in range(n_levels - 1):
        coarse_welded = welded
        flat, parents = subdivide(flat, pattern)
        welded = weld(flat, pattern)
        matrices.append(prolongation(parents, coarse_welded, welded))
        start = matrices[-1] @ start
        levels.append(sewn_cloth(flat, pattern, welded, start, turned, fabric=fabric))
    return ClothLevels(levels=tuple(levels), prolongations=tuple(matrices))


class _Placer:
    """Start positions of panel vertices on one body."""

    def __init__(self, pattern: Pattern, flat: FlatMesh, body: Body) -> None:
        self._pattern, self._flat, self._body = pattern, flat, body
        self._frontal = [
            _frontal(panel, flat.uv_m[flat.panel == i]) for i, panel in enumerate(pattern.panels)
        ]
        torso = [i for i, panel in enumerate(pattern.panels) if panel.wrap.startswith("torso")]
        self._top_m = max((float(self._frontal[i][:, 1].max()) for i in torso), default=0.0)
        shoulder_m = float(body.landmarks_m["c7"][1]) + LIFT_M
        self._rise_m = shoulder_m - self._top_m if torso else 0.0
        self._ellipse = self._torso_ellipse(torso)

    def _torso_ellipse(self, torso: list[int]) -> "_Ellipse":
        """Cylinder that clears the torso and is at least as wide as the garment."""
        body = self._body
        if torso:
            low = min(float(self._frontal[i][:, 1].min()) for i in torso) + self._rise_m
        else:
            low = float(body.landmarks_m["crotch"][1])
        high = float(body.landmarks_m["acromion_l"][1]) - 0.06
        names = ("chest", "waist", "hip", "thigh")
        region = np.isin(body.vertex_region, [REGIONS.index(name) for name in names])
        points = body.vertices_m[region & (body.vertices_m[:, 1] > low - 0.03)]
        points = points[points[:, 1] < high]
        if len(points) == 0:
            points = body.vertices_m
        half = (points.max(axis=0) - points.min(axis=0))[[0, 2]] / 2 + GAP_M
        center = (points.max(axis=0) + points.min(axis=0))[[0, 2]] / 2
        girth_m = sum(self._width_m(torso, wrap) for wrap in ("torso_front", "torso_back"))
        # Box corners of the torso must lie inside, hence a little more than its half axes.
        ellipse = _Ellipse(center, half * 1.08)
        scale = max(1.0, girth_m / ellipse.length_m)
        return _Ellipse(center, half * 1.08 * scale)

    def _width_m(self, torso: list[int], wrap: str) -> float:
        """Widest extent of the front or back panels together."""
        chosen = [self._frontal[i] for i in torso if self._pattern.panels[i].wrap == wrap]
        if not chosen:
            return 0.0
        points = np.concatenate(chosen)
        return float(np.ptp(points[:, 0]))

    def positions(self) -> NDArray[np.float64]:
        """Start position of every panel vertex, shape (n_flat, 3)."""
        placed = np.zeros((len(self._flat.uv_m), 3))
        for i, panel in enumerate(self._pattern.panels):
            own = self._flat.panel == i
            match panel.wrap:
                case "torso_front" | "torso_back":
                    placed[own] = self._round_torso(i, panel)
                case "sleeve_l" | "sleeve_r":
                    placed[own] = self._round_arm(i, panel)
                case _:
                    placed[own] = _as_placed(panel, self._flat.uv_m[own])
        return placed

    def _round_torso(self, i: int, panel: Panel) -> NDArray[np.float64]:
        same = [j for j, other in enumerate(self._pattern.panels) if other.wrap == panel.wrap]
        width_m = max(self._width_m(same, panel.wrap), 1e-3)
        share = self._frontal[i][:, 0] / width_m
        # Half of the cylinder belongs to the front, half to the back.
        along_m = share * self._ellipse.length_m / 2
        across = self._ellipse.at(along_m)
        if panel.wrap == "torso_back":
            across[:, 1] = 2 * self._ellipse.center[1] - across[:, 1]
        height = self._frontal[i][:, 1] + self._rise_m
        return np.stack([across[:, 0], height, across[:, 1]], axis=1)

    def _round_arm(self, i: int, panel: Panel) -> NDArray[np.float64]:
        side = panel.wrap[-1]
        along, turn, girth_m = self._sleeve_coordinates(i, panel)
        joints = [self._body.joints_m[f"{name}_{side}"] for name in ("shoulder", "elbow", "wrist")]
        center, axis = _walk(np.array(joints), along)
        sideways = 1.0 if side == "l" else -1.0
        forward = np.array([0.0, 0.0, 1.0])
        forward = forward - (axis @ forward)[:, None] * axis
        forward /= np.linalg.norm(forward, axis=1, keepdims=True)
        up = np.cross(forward, axis) * sideways
        radius_m = max(girth_m / (2 * np.pi), self._arm_radius_m(side) + GAP_M)
        return center + radius_m * (np.cos(turn)[:, None] * up + np.sin(turn)[:, None] * forward)

    def _arm_radius_m(self, side: str) -> float:
        """Largest distance of the upper arm's skin from its axis."""
        body = self._body
        a, b = body.joints_m[f"shoulder_{side}"], body.joints_m[f"elbow_{side}"]
        axis = (b - a) / np.linalg.norm(b - a)
        arm = body.vertices_m[body.vertex_region == REGIONS.index("upper_arm")]
        arm = arm[(arm[:, 0] > 0) == (side == "l")] - a
        along = arm @ axis
        inside = along > 0.25 * np.linalg.norm(b - a)
        off = np.linalg.norm(arm - along[:, None] * axis, axis=1)[inside]
        return float(np.quantile(off, 0.98)) if off.size else 0.05

    def _sleeve_coordinates(
        self, i: int, panel: Panel
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Way along the arm, turn round it (0 on top, forward positive), girth."""
        if panel.half == "whole":
            uv = self._flat.uv_m[self._flat.panel == i]
            girth_m = float(np.ptp(uv[:, 0]))
            return uv[:, 1].max() - uv[:, 1], uv[:, 0] / girth_m * 2 * np.pi, girth_m
        group = [j for j, other in enumerate(self._pattern.panels) if other.wrap == panel.wrap]
        side = 1.0 if panel.wrap == "sleeve_l" else -1.0
        slope = panel.rotation_rad[2]
        outward = np.array([side * np.cos(slope), side * np.sin(slope)])
        upward = np.array([-np.sin(slope), np.cos(slope)])
        start = min(float((self._frontal[j] @ outward).min()) for j in group)
        heights = np.concatenate([self._frontal[j] @ upward for j in group])
        width_m = float(np.ptp(heights))
        along = self._frontal[i] @ outward - start
        turn = (heights.max() - self._frontal[i] @ upward) / width_m * np.pi
        return along, turn if panel.half == "front" else -turn, 2 * width_m


def _frontal(panel: Panel, uv_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the file puts a panel's points as seen from the front, shape (n, 2)."""
    return _as_placed(panel, uv_m)[:, :2]


def _as_placed(panel: Panel, uv_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the file puts a panel's points: turned about x, y, z, then moved; shape (n, 3)."""
    x, y, z = panel.rotation_rad
    Rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    Ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    Rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    points = np.concatenate([uv_m, np.zeros((len(uv_m), 1))], axis=1)
    return points @ (Rz @ Ry @ Rx).T + np.array(panel.translation_m)


def _walk(
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


class _Ellipse:
    """An ellipse by arc length, from the front towards +x."""

    def __init__(self, center: NDArray[np.float64], half: NDArray[np.float64]) -> None:
        self.center = center
        angle = np.linspace(-np.pi, np.pi, _N_ELLIPSE + 1)
        self._points = np.stack([half[0] * np.sin(angle), half[1] * np.cos(angle)], axis=1)
        steps = np.linalg.norm(np.diff(self._points, axis=0), axis=1)
        self._walked = np.r_[0.0, steps.cumsum()]
        self.length_m = float(self._walked[-1])
        self._walked -= self.length_m / 2

    def at(self, along_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (x, z) at arc lengths from the front, shape (n, 2)."""
        return np.stack(
            [
                np.interp(along_m, self._walked, self._points[:, i]) + self.center[i]
                for i in range(2)
            ],
            axis=1,
        )


def push_out(points_m: NDArray[np.float64], body: Body) -> NDArray[np.float64]:
    """Move points that are closer than the gap to the skin, or inside, outwards, shape (n, 3)."""
    normals = _skin_normals(body)
    tree = KDTree(body.vertices_m)
    points = points_m.copy()
    for _ in range(N_PUSHES):
        _, near = tree.query(points)
        height = ((points - body.vertices_m[near]) * normals[near]).sum(axis=1)
        missing = np.clip(GAP_M - height, 0.0, None)
        if missing.max() < 1e-4:
            break
        points += np.minimum(missing, 0.03)[:, None] * normals[near]
    return points


def _skin_normals(body: Body) -> NDArray[np.float64]:
    corners = body.vertices_m[body.faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(body.vertices_m)
    for i in range(3):
        np.add.at(normals, body.faces[:, i], face_normals)
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def _turned(
    faces: NDArray[np.int64], flat: FlatMesh, start: NDArray[np.float64], pattern: Pattern,
    body: Body,
) -> NDArray[np.bool_]:  # fmt: skip
    """Find panels whose loop faces the body, shape (n_panels,)."""
    corners = start[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    center = corners.mean(axis=1)
    skin = _skin_normals(body)[KDTree(body.vertices_m).query(center)[1]]
    facing = (normal * skin).sum(axis=1)
    total = np.bincount(flat.face_panel, facing, minlength=len(pattern.panels))
    return np.asarray(total < 0)
