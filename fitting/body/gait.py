"""Walking: joint angles over one stride, so that a garment can be judged on the move.

The table holds rounded textbook curves of healthy adults at their own speed (after Winter 1991, The
biomechanics and motor control of human gait): stride 0 is the contact of the left heel.
"""

import math

import numpy as np

from fitting.body.pose import Pose

GAIT_PHASES = {
    "walk_contact": 0.0, "walk_loading": 0.08, "walk_mid_stance": 0.3, "walk_terminal_stance": 0.48,
    "walk_pre_swing": 0.6, "walk_mid_swing": 0.77,
}  # fmt: skip
RUNNING_SCALE = 1.6

_STRIDE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_CURVES_DEG = {
    "hip_flexion": (28, 24, 16, 6, -4, -10, -3, 14, 26, 30, 28),
    "knee_flexion": (5, 16, 15, 9, 6, 12, 38, 60, 48, 16, 5),
    "ankle_flexion": (0, -4, 3, 7, 10, 5, -17, -9, 0, 2, 0),
    "shoulder_flexion": (-22, -19, -12, -2, 8, 14, 13, 6, -4, -15, -22),
    "elbow_flexion": (12, 13, 16, 21, 27, 31, 30, 25, 19, 14, 12),
}


def walking_pose(phase: float, *, name: str = "walking", scale: float = 1.0) -> Pose:
    """The pose at a phase of the stride.

    Args:
        phase: Share of the stride since the left heel's contact; any number, it repeats.
        name: Name of the pose.
        scale: How large the swing is; 1 is ordinary walking, `RUNNING_SCALE` looks like running.
    """
    angles = {"shoulder_abduction": math.radians(14), "hip_abduction": math.radians(2)}
    for side, lag in (("l", 0.0), ("r", 0.5)):
        at = (phase + lag) % 1.0
        for joint, curve_deg in _CURVES_DEG.items():
            angles[f"{joint}_{side}"] = scale * math.radians(_periodic(at, curve_deg))
    swing = 2 * math.pi * phase
    angles["pelvis_rotation"] = scale * math.radians(-4 * math.cos(swing))
    angles["spine_rotation"] = scale * math.radians(7 * math.cos(swing))
    return Pose(name=name, angles_rad=angles)


def _periodic(at: float, curve_deg: tuple[float, ...]) -> float:
    """Value of a closed curve, smooth through its points (degrees)."""
    from scipy.interpolate import CubicSpline

    closed = np.array(curve_deg, dtype=float)
    return float(CubicSpline(_STRIDE, closed, bc_type="periodic")(at))
