"""First positions: each panel wrapped round its part of a body in A stance.

A panel is seen from the front as its file places it. Its height goes to a height of the body, its
place across to a share of the way round the tube of torso, leg or arm. Seams need not meet yet.
"""

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.cloth.fronts import half_covered, tubes_with_front_left
from fitting.cloth.mesh import FlatMesh
from fitting.cloth.tubes import Tube, arm_radius_m, walk
from fitting.pattern.model import Panel, Pattern

GAP_M = 0.012
# The garment starts above the shoulders and settles on them.
LIFT_M = 0.025
_TORSO = ("torso", "torso_front", "torso_back")
_LEG = ("leg_l", "leg_r", "knee_l", "knee_r", "ankle_l", "ankle_r")
_BANDS = ("waist", "ankle_l", "ankle_r")
_ROUND = ("chest", "waist", "hip", "skirt", "neck")
_CROTCH_M = 0.025
_BLEND_M = 0.08
# Legs keep this far from the middle between them.
_MIDDLE_M = 0.004
_N_ROWS = 60
# A sleeve is laid round the arm row by row where its hem is narrower than this share.
_TAPERED = 0.85
# Another view of a band than the file's must bring its seams so much nearer.
_SURER = 0.7
_ARMPIT_ROOM_M = 0.015


class Wrapper:
    """Start positions of panel vertices round one body in A stance."""

    def __init__(
        self, pattern: Pattern, flat: FlatMesh, body: Body, *, tapered: bool = False
    ) -> None:
        """Take a pattern, its mesh and who wears it.

        tapered: Whether sleeves that narrow close round the arm at every row.
        """
        self._pattern, self._flat, self._body = pattern, flat, body
        self._tapered = tapered
        self._own = [np.flatnonzero(flat.panel == i) for i in range(len(pattern.panels))]
        self._placed = [
            as_placed(panel, flat.uv_m[own])
            for panel, own in zip(pattern.panels, self._own, strict=True)
        ]
        self._wraps = [panel.wrap for panel in pattern.panels]
        self._flips = tubes_with_front_left(pattern, flat)
        self._heights = self._height_knots()
        self._ankle_m = float(body.joints_m["ankle_l"][1]) + 0.03
        low = float(body.landmarks_m["crotch"][1])
        high = float(body.landmarks_m["acromion_l"][1])
        torso = ("chest", "waist", "hip", "thigh", "lower_leg")
        self._torso = Tube(body, torso, low_m=self._ankle_m, high_m=high - 0.06, gap_m=GAP_M)
        self._legs = {
            side: Tube(body, ("thigh", "lower_leg", "hip"), side=side, low_m=self._ankle_m,
                       high_m=low + _BLEND_M, gap_m=GAP_M)
            for side in ("l", "r")
        }  # fmt: skip
        self._neck = Tube(body, ("neck",), low_m=high, high_m=high + 0.12, gap_m=GAP_M)

    def positions(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Position of every panel vertex, shape (n_flat, 3), and whether it has one, (n_flat,)."""
        placed = np.zeros((len(self._flat.uv_m), 3))
        known = np.ones(len(placed), dtype=np.bool_)
        for i, panel in enumerate(self._pattern.panels):
            own = self._own[i]
            if panel.label == "insert":
                known[own] = False
                continue
            match panel.wrap:
                case "torso" | "torso_front" | "torso_back" | "skirt" | "chest" | "waist" | "hip":
                    placed[own] = self._round(i, panel, self._torso)
                case "neck":
                    placed[own] = self._round(i, panel, self._neck)
                case "leg_l" | "leg_r" | "knee_l" | "knee_r" | "ankle_l" | "ankle_r":
                    placed[own] = self._round_leg(i, panel)
                case "sleeve_l" | "sleeve_r" | "elbow_l" | "elbow_r" | "wrist_l" | "wrist_r":
                    placed[own] = self._round_arm(i, panel)
                case _:
                    moved = self._placed[i].copy()
                    moved[:, 1] = self._height_m(moved[:, 1])
                    placed[own] = moved
        for i, panel in enumerate(self._pattern.panels):
            if panel.wrap in _BANDS and self._half(i) == "whole":
                placed[self._own[i]] = self._best_view(i, panel, placed)
        return placed, known

    def _view(self, i: int, panel: Panel, view: int) -> NDArray[np.float64]:
        if panel.wrap == "waist":
            return self._round(i, panel, self._torso, view=view)
        return self._round_leg(i, panel, view=view)

    def _best_view(self, i: int, panel: Panel, placed: NDArray[np.float64]) -> NDArray[np.float64]:
        """A band turned by quarters, either way round, to where its seams meet."""
        pairs = self._flat.seam_pairs
        ours = (self._flat.panel[pairs] == i).sum(axis=1) == 1
        pairs = pairs[ours]
        swap = self._flat.panel[pairs[:, 1]] == i
        own, other = np.where(swap[:, None], pairs[:, ::-1], pairs).T
        views = [self._view(i, panel, view) for view in range(8)]
        if len(own) == 0:
            return views[0]
        rows = np.searchsorted(self._own[i], own)
        gaps = [np.linalg.norm(view[rows] - placed[other], axis=1).mean() for view in views]
        best = int(np.argmin(gaps))
        return views[best] if gaps[best] < _SURER * gaps[0] else views[0]

    # Heights -------------------------------------------------------------------------------

    def _height_knots(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Heights of the pattern and where they lie on the body, rising."""
        body, pairs = self._body, []
        torso = self._of(_TORSO)
        if torso:
            top = max(float(self._placed[i][:, 1].max()) for i in torso)
            pairs.append((top, float(body.landmarks_m["c7"][1]) + LIFT_M))
        crotch = self._crotch_m()
        if crotch is not None:
            pairs.append((crotch, float(body.landmarks_m["crotch"][1]) - _CROTCH_M))
        if not pairs:
            pairs = self._level_knots()
        pairs.sort()
        if len(pairs) == 2 and pairs[1][0] - pairs[0][0] < 0.2:
            pairs = pairs[:1]
        source, target = (np.array(side) for side in zip(*pairs, strict=True))
        return self._below_the_arms(source, target, torso)

    def _below_the_arms(
        self, source: NDArray[np.float64], target: NDArray[np.float64], torso: list[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same knots, with one more where side seams would end above the armpits."""
        side_m = self._side_top_m(torso) if torso else np.inf
        armpit_m = _armpit_m(self._body) - _ARMPIT_ROOM_M
        if not source[0] + 0.05 < side_m < source[-1] - 0.05 or armpit_m <= target[0] + 0.05:
            return source, target
        if np.interp(side_m, source, target) <= armpit_m + _ARMPIT_ROOM_M:
            return source, target
        k = int(np.searchsorted(source, side_m))
        return np.insert(source, k, side_m), np.insert(target, k, armpit_m)

    def _level_knots(self) -> list[tuple[float, float]]:
        """For garments that hang on one level of the body."""
        levels = self._body.levels_m
        for wraps, level in (
            (("skirt", "waist", "hip"), levels["waist_girth"]),
            (("chest",), levels["under_bust_girth"]),
            (("knee_l", "knee_r"), levels["knee_girth"]),
        ):
            group = self._of(wraps)
            if not group:
                continue
            heights = np.concatenate([self._placed[i][:, 1] for i in group])
            if "skirt" in wraps and self._of(("skirt",)):
                skirts = self._of(("skirt",))
                return [(max(float(self._placed[i][:, 1].max()) for i in skirts), level)]
            if wraps[0] == "knee_l":
                return [(self._pattern_knee_m(group), level)]
            return [((float(heights.min()) + float(heights.max())) / 2, level)]
        return [(0.0, 0.0)]

    def _pattern_knee_m(self, group: list[int]) -> float:
        """The narrowest row of a knee sleeve's lines, or its middle."""
        panel = self._pattern.panels[group[0]]
        lines = [line.points_m[:, 1] for line in panel.internal_lines if line.label == "sensor"]
        rows = self._placed[group[0]][:, 1]
        if lines:
            return float(lines[0].mean()) + panel.translation_m[1]
        return (float(rows.min()) + float(rows.max())) / 2

    def _crotch_m(self) -> float | None:
        """Lowest point of seams that join left and right legs; the top of an insert counts."""
        left, right = set(self._of(("leg_l",))), set(self._of(("leg_r",)))
        inserts = {i for i, p in enumerate(self._pattern.panels) if p.label == "insert"}
        heights = []
        for _, a, b in self._flat.seam_sides:
            panels = self._flat.panel[a[0]], self._flat.panel[b[0]]
            both = {int(panels[0]), int(panels[1])}
            if (both & left and both & right) or (both & (left | right) and both & inserts):
                rows = a if int(panels[0]) not in inserts else b
                i = int(self._flat.panel[rows[0]])
                y = np.zeros(len(self._flat.uv_m))
                y[self._own[i]] = self._placed[i][:, 1]
                heights.append(float(y[rows].min()))
        return min(heights) if heights else None

    def _height_m(self, pattern_y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Height on the body; beyond the outer knots lengths stay, down to the ankles."""
        source, target = self._heights
        inside = np.interp(pattern_y, source, target)
        below = np.minimum(pattern_y - source[0], 0.0)
        above = np.maximum(pattern_y - source[-1], 0.0)
        height = inside + below + above
        reach = source[0] - min(float(placed[:, 1].min()) for placed in self._placed)
        low = float(target[0]) - reach
        floor = self._ankle_m
        if low < floor < target[0]:
            # Too long for the body: what hangs below is pushed together above the ankles.
            squeeze = (target[0] - floor) / (target[0] - low)
            height = np.where(
                height < target[0], target[0] - (target[0] - height) * squeeze, height
            )
        return height

    # Across --------------------------------------------------------------------------------

    def _of(self, wraps: tuple[str, ...]) -> list[int]:
        return [i for i, wrap in enumerate(self._wraps) if wrap in wraps]

    def _half(self, i: int) -> str:
        return half_covered(self._pattern.panels[i])

    def _rows(self, group: list[int]) -> tuple[NDArray, NDArray, NDArray]:
        """Heights, and least and largest x of a group of panels there."""
        points = np.concatenate([self._placed[i] for i in group])
        y = np.linspace(points[:, 1].min(), points[:, 1].max(), _N_ROWS)
        step = max(float(y[1] - y[0]), 0.02)
        low, high = np.zeros(_N_ROWS), np.zeros(_N_ROWS)
        for k, level in enumerate(y):
            row = points[np.abs(points[:, 1] - level) <= step, 0]
            if len(row):
                low[k], high[k] = row.min(), row.max()
            elif k:
                low[k], high[k] = low[k - 1], high[k - 1]
        return y, low, high

    def _side_top_m(self, group: list[int]) -> float:
        """Where the side seams of a front and a back end; above, the width stays."""
        halves = {i: self._half(i) for i in group}
        tops = []
        for _, a, b in self._flat.seam_sides:
            i, j = int(self._flat.panel[a[0]]), int(self._flat.panel[b[0]])
            if i not in halves or j not in halves or halves[i] == halves[j]:
                continue
            uv = self._point_of(i, a)
            rise, run = np.ptp(uv[:, 1]), np.ptp(uv[:, 0])
            if rise > run:
                tops.append(float(uv[:, 1].max()))
        return max(tops, default=np.inf)

    def _point_of(self, i: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return self._placed[i][np.searchsorted(self._own[i], rows)]

    def _round(self, i: int, panel: Panel, tube: Tube, *, view: int = 0) -> NDArray[np.float64]:
        """Round torso, both legs or neck; a whole band in one of eight views."""
        points, half = self._placed[i], self._half(i)
        family = _TORSO if panel.wrap in _TORSO else (panel.wrap,)
        whole = self._of(family)
        group = [j for j in whole if self._half(j) == half]
        y, low, high = self._rows(group)
        top = min(self._side_top_m(whole), float(y[-1]))
        at = np.minimum(points[:, 1], top)
        left, right = np.interp(at, y, low), np.interp(at, y, high)
        middle = (left + right) / 2 if half == "whole" else np.zeros(len(at))
        reach = np.where(points[:, 0] >= middle, right - middle, middle - left)
        turn = (points[:, 0] - middle) / np.maximum(reach, 1e-3)
        turn = np.clip(turn, -1.05, 1.05)
        girth = right - left
        if half != "whole":
            girth = girth * 2
            turn = turn / 2
            if half == "back":
                turn = np.where(turn >= 0, 1 - turn, -1 - turn)
        height = self._height_m(points[:, 1])
        return tube.at(height, _viewed(np.clip(turn, -1, 1), view), girth)

    def _round_leg(self, i: int, panel: Panel, *, view: int = 0) -> NDArray[np.float64]:
        """Round one leg; above the crotch round half of the torso."""
        side = panel.wrap[-1]
        sign = 1.0 if side == "l" else -1.0
        turn, girth = self._leg_turn(i, panel, side)
        height = self._height_m(self._placed[i][:, 1])
        crotch = float(self._body.landmarks_m["crotch"][1])
        if panel.wrap[:3] != "leg":
            return self._legs[side].at(height, _viewed(turn, view), girth)
        # Share 0 is outside, a half in front, one inside; the tube counts from the front.
        leg_turn = (sign * (0.5 - turn) + 1) % 2 - 1
        on_leg = self._legs[side].at(np.minimum(height, crotch + _BLEND_M), leg_turn, girth)
        on_leg[:, 1] = height
        on_leg[:, 0] = sign * np.maximum(on_leg[:, 0] * sign, _MIDDLE_M)
        on_torso = self._torso.at(height, sign * (0.5 - turn / 2), 2 * girth)
        share = np.clip((height - crotch + 0.01) / _BLEND_M, 0, 1)[:, None]
        return (1 - share) * on_leg + share * on_torso

    def _leg_turn(self, i: int, panel: Panel, side: str) -> tuple[NDArray, NDArray]:
        """Share from the outside (0) over the front (positive) to the inside, and the girth."""
        if panel.half == "whole":
            uv = self._flat_m(i)
            x, level = uv.T
            y, low, high = self._rows_uv(i)
            reach = np.where(x >= 0, np.interp(level, y, high), -np.interp(level, y, low))
            girth = np.interp(level, y, high - low)
            return np.clip(x / np.maximum(reach, 1e-3), -1, 1), girth
        points = self._placed[i]
        group = [j for j in self._of((panel.wrap,)) if self._half(j) == self._half(i)]
        y, low, high = self._rows(group)
        left, right = np.interp(points[:, 1], y, low), np.interp(points[:, 1], y, high)
        share = (points[:, 0] - left) / np.maximum(right - left, 1e-3)
        share = 1 - share if side == "l" else share
        turn = np.clip(share, 0, 1)
        return (turn if self._half(i) == "front" else -turn), 2 * (right - left)

    def _flat_m(self, i: int) -> NDArray[np.float64]:
        """Points of a panel that is a whole tube, its front at positive x, shape (n, 2)."""
        return self._flat.uv_m[self._own[i]] * [-1.0 if self._flips[i] else 1.0, 1.0]

    def _rows_uv(self, i: int) -> tuple[NDArray, NDArray, NDArray]:
        keep = self._placed[i]
        self._placed[i] = np.c_[self._flat_m(i), np.zeros(len(self._own[i]))]
        rows = self._rows([i])
        self._placed[i] = keep
        return rows

    # Arms ----------------------------------------------------------------------------------

    def _round_arm(self, i: int, panel: Panel) -> NDArray[np.float64]:
        side = panel.wrap[-1]
        along, turn, girth_m = self._sleeve_coordinates(i, panel)
        names = ("shoulder", "elbow", "wrist")
        joints = np.array([self._body.joints_m[f"{name}_{side}"] for name in names])
        arm_m = float(np.linalg.norm(np.diff(joints, axis=0), axis=1).sum())
        longest = float(along.max())
        if longest > arm_m - 0.01:
            along = along * (arm_m - 0.01) / longest
        center, axis = walk(joints, along)
        sideways = 1.0 if side == "l" else -1.0
        forward = np.array([0.0, 0.0, 1.0])
        forward = forward - (axis @ forward)[:, None] * axis
        forward /= np.linalg.norm(forward, axis=1, keepdims=True)
        up = np.cross(forward, axis) * sideways
        radius_m = max(girth_m / (2 * np.pi), arm_radius_m(self._body, side) + GAP_M)
        return center + radius_m * (np.cos(turn)[:, None] * up + np.sin(turn)[:, None] * forward)

    def _sleeve_coordinates(self, i: int, panel: Panel) -> tuple[NDArray, NDArray, float]:
        """Way along the arm, turn round it (0 on top, forward positive), girth."""
        if panel.half == "whole":
            uv = self._flat_m(i)
            girth_m = float(np.ptp(uv[:, 0]))
            return uv[:, 1].max() - uv[:, 1], self._whole_turn(i, uv, girth_m), girth_m
        group = self._of((panel.wrap,))
        side = 1.0 if panel.wrap == "sleeve_l" else -1.0
        slope = panel.rotation_rad[2]
        outward = np.array([side * np.cos(slope), side * np.sin(slope)])
        upward = np.array([-np.sin(slope), np.cos(slope)])
        flat = [placed[:, :2] for placed in self._placed]
        start = min(float((flat[j] @ outward).min()) for j in group)
        heights = np.concatenate([flat[j] @ upward for j in group])
        width_m = float(np.ptp(heights))
        along = flat[i] @ outward - start
        turn = (heights.max() - flat[i] @ upward) / width_m * np.pi
        return along, turn if panel.half == "front" else -turn, 2 * width_m

    def _whole_turn(self, i: int, uv: NDArray[np.float64], girth_m: float) -> NDArray[np.float64]:
        """Turn round the arm of a sleeve in one piece; one that tapers closes at every row."""
        turn = uv[:, 0] / girth_m * 2 * np.pi
        if not self._tapered:
            return turn
        y, low, high = self._rows_uv(i)
        widest = int((high - low).argmax())
        below = uv[:, 1] < y[widest]
        if not below.any() or (high - low)[:widest].min(initial=girth_m) > _TAPERED * girth_m:
            return turn
        right, left = np.interp(uv[:, 1], y, high), -np.interp(uv[:, 1], y, low)
        reach = np.maximum(np.where(uv[:, 0] >= 0, right, left), 1e-3)
        return np.where(below, np.clip(uv[:, 0] / reach, -1, 1) * np.pi, turn)


def _armpit_m(body: Body) -> float:
    """Height of the lowest skin where arm and chest meet."""
    arm, chest = (body.vertex_region == REGIONS.index(name) for name in ("upper_arm", "chest"))
    both = arm[body.faces].any(axis=1) & chest[body.faces].any(axis=1)
    if not both.any():
        return np.inf
    return float(body.vertices_m[body.faces[both], 1].min())


def _viewed(turn: NDArray[np.float64], view: int) -> NDArray[np.float64]:
    """Shares of the way round, turned by quarters and, from the fifth view on, the other way."""
    if view == 0:
        return turn
    way = -turn if view >= 4 else turn
    return (way + 0.5 * (view % 4) + 1) % 2 - 1


def as_placed(panel: Panel, uv_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the file puts a panel's points: turned about x, y, z, then moved; shape (n, 3)."""
    x, y, z = panel.rotation_rad
    Rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    Ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    Rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    points = np.concatenate([uv_m, np.zeros((len(uv_m), 1))], axis=1)
    return points @ (Rz @ Ry @ Rx).T + np.array(panel.translation_m)
