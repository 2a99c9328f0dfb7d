"""A pose as joint angles, and the rotations it means. Radians; degrees only in `Pose.degrees`.

Angles count from the anatomical stance (arms and legs straight down), so that one pose is the same
stance on every body. A joint that a pose does not name stays as at rest, which is the A stance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from fitting.body.rig import PARENTS, Rig, Rotations
from fitting.errors import PoseError

# Every angle a pose may name; those of limbs also with _l or _r for one side.
TRUNK_ANGLES = (
    "pelvis_tilt", "pelvis_lateral", "pelvis_rotation", "spine_flexion", "spine_lateral",
    "spine_rotation", "neck_flexion", "neck_lateral", "neck_rotation",
)  # fmt: skip
LIMB_ANGLES = (
    "shoulder_flexion", "shoulder_abduction", "shoulder_rotation", "elbow_flexion",
    "forearm_pronation", "wrist_flexion", "hip_flexion", "hip_abduction", "hip_rotation",
    "knee_flexion", "ankle_flexion", "toe_flexion",
)  # fmt: skip
ANGLES = (*TRUNK_ANGLES, *LIMB_ANGLES, *(f"{n}_{side}" for n in LIMB_ANGLES for side in "lr"))

MEASURING_ADDUCTION_RAD = math.radians(6)
# The collar bone takes part once the arm leaves the A stance (scapulohumeral rhythm is 1 to 2).
_CLAVICLE_SHARE = 0.25
_A_ABDUCTION_RAD = math.radians(43)
_DOWN = np.array([0.0, -1.0, 0.0])
_SIDES = {"l": 1.0, "r": -1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A stance as joint angles.

    Flexion brings a limb forward (the knee: back), abduction away from the middle, rotation turns
    the limb outward; lateral leans and rotation of the trunk go to the wearer's left.

    Attributes:
        name: What the body will say its pose is.
        angles_rad: Angles by name, see ``ANGLES``; a limb's name without side is for both sides.
        adducted: Legs as for taking measures, 6 degrees inward from rest.

    Raises:
        PoseError: If an angle is not known or not finite.
    """

    name: str
    angles_rad: Mapping[str, float] = field(default_factory=dict)
    adducted: bool = False

    def __post_init__(self) -> None:
        for name, angle in self.angles_rad.items():
            if name not in ANGLES:
                raise PoseError(f"joint angle {name!r} is not known; known are {', '.join(ANGLES)}")
            if not math.isfinite(angle) or abs(angle) > 2 * math.pi:
                raise PoseError(f"joint angle {name} of {angle} rad is no angle of a body")

    @classmethod
    def degrees(cls, name: str = "custom", /, **angles_deg: float) -> "Pose":
        """A pose from angles in degrees: ``Pose.degrees(knee_flexion_l=60)``."""
        return cls(name=name, angles_rad={k: math.radians(v) for k, v in angles_deg.items()})

    def angle(self, name: str, side: str) -> float | None:
        """Angle of one side, ``None`` where the pose does not name it [rad]."""
        return self.angles_rad.get(f"{name}_{side}", self.angles_rad.get(name))


def joint_rotations(rig: Rig, pose: Pose) -> dict[str, NDArray[np.float64]]:
    """Rotation of each joint's part from rest to the pose, by joint, shape (3, 3) each."""
    R = _trunk(pose)
    for side, sign in _SIDES.items():
        R |= _arm(rig, pose, side, sign, R["chest"])
        R |= _leg(rig, pose, side, sign, R["pelvis"])
    return R


def _turn(axis: str, angle_rad: float) -> NDArray[np.float64]:
    return Rotation.from_euler(axis, angle_rad).as_matrix()


def _trunk(pose: Pose) -> dict[str, NDArray[np.float64]]:
    def bend(part: str, lean: str, share: float) -> NDArray[np.float64]:
        get = pose.angles_rad.get
        flexion, lateral = get(f"{part}_{lean}", 0.0), get(f"{part}_lateral", 0.0)
        turn = _turn("y", share * get(f"{part}_rotation", 0.0))
        return turn @ _turn("z", -share * lateral) @ _turn("x", share * flexion)

    R = {"pelvis": bend("pelvis", "tilt", 1.0)}
    R["spine"] = R["pelvis"] @ bend("spine", "flexion", 0.5)
    R["chest"] = R["spine"] @ bend("spine", "flexion", 0.5)
    R["neck"] = R["chest"] @ bend("neck", "flexion", 0.5)
    R["head"] = R["neck"] @ bend("neck", "flexion", 0.5)
    return R


def _straight(rig: Rig, upper: str, lower: str) -> NDArray[np.float64]:
    """Smallest rotation that brings a segment from rest to straight down."""
    along = rig.joints_m[lower] - rig.joints_m[upper]
    along = along / np.linalg.norm(along)
    axis = np.cross(along, _DOWN)
    length = np.linalg.norm(axis)
    if length < 1e-9:
        return np.eye(3)
    angle = math.atan2(length, float(along @ _DOWN))
    return Rotation.from_rotvec(axis / length * angle).as_matrix()


def _ball(pose: Pose, joint: str, side: str, sign: float) -> NDArray[np.float64] | None:
    """Rotation of a ball joint from straight down; ``None`` where the pose leaves it at rest."""
    names = ("flexion", "abduction", "rotation")
    given = [pose.angle(f"{joint}_{name}", side) for name in names]
    if all(angle is None for angle in given):
        return None
    flexion, abduction, rotation = (angle or 0.0 for angle in given)
    out = _turn("z", sign * abduction)
    return out @ _turn("x", -flexion) @ _turn("y", sign * rotation)


def _arm(
    rig: Rig, pose: Pose, side: str, sign: float, chest: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    upper_down = _straight(rig, f"shoulder_{side}", f"elbow_{side}")
    fore_down = _straight(rig, f"elbow_{side}", f"wrist_{side}")
    ball = _ball(pose, "shoulder", side, sign)
    abduction = pose.angle("shoulder_abduction", side)
    raised = 0.0
    if abduction is not None:
        raised = _CLAVICLE_SHARE * (abduction - _A_ABDUCTION_RAD)
    aim = chest @ (upper_down.T if ball is None else ball)
    upper = aim @ upper_down
    elbow = pose.angle("elbow_flexion", side)
    pronation = pose.angle("forearm_pronation", side) or 0.0
    fore = upper
    if elbow is not None or pronation:
        bent = _turn("x", -elbow) if elbow is not None else upper_down @ fore_down.T
        fore = aim @ bent @ _turn("y", -sign * pronation) @ fore_down
    wrist = pose.angle("wrist_flexion", side) or 0.0
    hand = fore @ fore_down.T @ _turn("z", -sign * wrist) @ fore_down
    return {
        f"clavicle_{side}": chest @ _turn("z", sign * raised),
        f"shoulder_{side}": upper,
        f"elbow_{side}": fore,
        f"wrist_{side}": hand,
    }


def _leg(
    rig: Rig, pose: Pose, side: str, sign: float, pelvis: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    thigh_down = _straight(rig, f"hip_{side}", f"knee_{side}")
    shank_down = _straight(rig, f"knee_{side}", f"ankle_{side}")
    ball = _ball(pose, "hip", side, sign)
    knee, ankle = pose.angle("knee_flexion", side), pose.angle("ankle_flexion", side)
    inward = _turn("z", -sign * MEASURING_ADDUCTION_RAD if pose.adducted else 0.0)
    aim = pelvis @ (inward @ thigh_down.T if ball is None else ball)
    thigh = aim @ thigh_down
    shank, foot = thigh, pelvis if pose.adducted else thigh
    if knee is not None:
        shank = aim @ _turn("x", knee) @ shank_down
    if ball is not None or knee is not None or ankle is not None:
        # The foot is flat at rest, so it needs no straightening of its own.
        foot = shank @ shank_down.T @ _turn("x", -(ankle or 0.0))
    toe = foot @ _turn("x", -(pose.angle("toe_flexion", side) or 0.0))
    return {
        f"hip_{side}": thigh, f"knee_{side}": shank, f"ankle_{side}": foot, f"toe_{side}": toe
    }  # fmt: skip


def blended_rotations(a: Rotations, b: Rotations, share: float) -> dict[str, NDArray[np.float64]]:
    """Rotations between two poses, each joint against its parent on the shortest way."""
    R: dict[str, NDArray[np.float64]] = {}
    for name, parent in PARENTS.items():
        local = [r[name] if parent is None else r[parent].T @ r[name] for r in (a, b)]
        way = Rotation.from_matrix(local[0].T @ local[1]).as_rotvec()
        turned = local[0] @ Rotation.from_rotvec(share * way).as_matrix()
        R[name] = turned if parent is None else R[parent] @ turned
    return R
