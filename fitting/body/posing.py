"""Bodies in poses: by name, by joint angles, or by rotations. Metres and radians."""

import dataclasses
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.body.crease import bridge_creases
from fitting.body.gait import GAIT_PHASES, walking_pose
from fitting.body.pose import Pose, joint_rotations
from fitting.body.rig import Rig, Rotations, posed_joints
from fitting.body.touch import (
    ROOM_M,
    Stance,
    room_lacking_m,
    stance_at,
    thighs_gap_m,
    way_into,
)
from fitting.errors import PoseError

Anchor = Literal["feet", "pelvis"]


class WithBody(Protocol):
    """What holds a body: a fit or a registration."""

    @property
    def body(self) -> Body:
        """The body."""
        ...


# Legs far enough apart for every thigh; where ways into poses begin.
OPEN = Pose.degrees("open", hip_abduction=12)
# Parts that lack less room than this are left as the joints put them.
TOUCH_M = 0.006
POSES: dict[str, Pose] = {
    "a": Pose(name="a"),
    "measuring": Pose(name="measuring", adducted=True),
    "t": Pose.degrees("t", shoulder_abduction=90, elbow_flexion=0),
    "arms_down": Pose.degrees("arms_down", shoulder_abduction=15, elbow_flexion=10),
    "arms_up": Pose.degrees("arms_up", shoulder_abduction=165, elbow_flexion=5),
    "arms_forward": Pose.degrees(
        "arms_forward", shoulder_flexion=90, shoulder_abduction=5, elbow_flexion=5
    ),
    "sitting": Pose.degrees(
        "sitting", hip_flexion=88, hip_abduction=8, knee_flexion=88, shoulder_abduction=18,
        shoulder_flexion=22, elbow_flexion=55,
    ),
    "squat": Pose.degrees(
        "squat", hip_flexion=95, hip_abduction=12, knee_flexion=100, ankle_flexion=30,
        pelvis_tilt=25, spine_flexion=15, shoulder_flexion=80, elbow_flexion=10,
    ),
}  # fmt: skip


def pose_body(
    body: Body | WithBody, pose: Pose | str, *, anchor: Anchor = "feet", apart: bool = True
) -> Body:
    """Put a body into a pose. Topology, regions and shape stay; posing starts at rest each time.

    Args:
        body: A body with a rig, in any pose; or a fit or registration that holds one.
        pose: A pose, or a name of `pose_names`.
        anchor: Where the posed body stands: lowest point on the floor either way, and ``feet``
            midway between the ankles at the origin, or ``pelvis`` where it is at rest (no jumps
            from frame to frame).
        apart: Whether an arm pressed to the trunk, or leg to leg, gives way until two layers of
            cloth have room; without, skin passes through skin.

    Raises:
        PoseError: If the body has no rig (a scan that was not registered), or the name is unknown.
    """
    chosen = named_pose(pose) if isinstance(pose, str) else pose
    whole = body if isinstance(body, Body) else body.body
    rotations = joint_rotations(rig_of(whole), chosen)
    return turned_body(whole, rotations, name=chosen.name, anchor=anchor, apart=apart)


def named_pose(name: str) -> Pose:
    """A pose by name.

    Raises:
        PoseError: If there is none.
    """
    if name in GAIT_PHASES:
        return walking_pose(GAIT_PHASES[name], name=name)
    if name not in POSES:
        raise PoseError(f"pose {name!r} is not known; known are {', '.join(pose_names())}")
    return POSES[name]


def pose_names() -> tuple[str, ...]:
    """Names that `pose_body` takes."""
    return (*POSES, *GAIT_PHASES)


def rig_of(body: Body) -> Rig:
    """The rig of a body.

    Raises:
        PoseError: If it has none.
    """
    if body.rig is None:
        raise PoseError(
            "this body has no joints to bend; register a scan first (fitting.body.register_scan)"
        )
    return body.rig


def _apart(rig: Rig, faces: NDArray[np.int64], stance: Stance) -> Stance:
    """The same stance with parts that touch held apart and creases rounded."""
    rest = stance_at(rig, faces, joint_rotations(rig, POSES["a"]))
    if room_lacking_m(rig, stance) > TOUCH_M:
        stance = way_into(rig, faces, joint_rotations(rig, OPEN), stance.rotations)[-1]
    return bridge_creases([stance], rig, faces, rest)[-1]


def apart_at_rest(body: Body) -> Body:
    """A body at rest whose thighs touch, or nearly: held apart, so that leggings have room."""
    rig = rig_of(body)
    if thighs_gap_m(rig) > ROOM_M - TOUCH_M:
        return body
    return pose_body(body, "a")


def turned_body(
    body: Body, rotations: Rotations, *, name: str, anchor: Anchor = "feet", apart: bool = False
) -> Body:
    """The body under rotations of its joints, put on the floor; see `pose_body` for ``apart``."""
    rig = rig_of(body)
    stance = stance_at(rig, body.faces, rotations)
    if apart:
        stance = _apart(rig, body.faces, stance)
    vertices, joints = stance.vertices_m, posed_joints(rig, rotations)
    shift = -joints["pelvis"] + rig.joints_m["pelvis"]
    if anchor == "feet":
        shift = -0.5 * (joints["ankle_l"] + joints["ankle_r"])
    shift[1] = -vertices[:, 1].min()
    vertices = vertices + shift
    return dataclasses.replace(
        body,
        vertices_m=vertices,
        joints_m={key: value + shift for key, value in joints.items()},
        landmarks_m={key: vertices[rows].mean(axis=0) for key, rows in rig.landmark_rows.items()},
        levels_m={
            key: _level(key, level_m, rig, rotations, joints) + float(shift[1])
            for key, level_m in rig.levels_m.items()
        },
        pose=name,
        rotations=rotations,
    )


_LEVEL_JOINT = {
    "neck": "neck", "bust": "chest", "under": "chest", "hip": "pelvis", "thigh": "hip_l",
    "knee": "knee_l", "calf": "knee_l", "ankle": "knee_l", "upper": "shoulder_l",
    "elbow": "elbow_l", "wrist": "elbow_l",
}  # fmt: skip


def _level(key: str, level_m: float, rig: Rig, rotations: Rotations, joints: Rotations) -> float:
    """Where the middle of a girth's plane goes."""
    joint = _LEVEL_JOINT.get(key.split("_", maxsplit=1)[0], "spine")
    here = rig.joints_m[joint]
    return float(joints[joint][1] + rotations[joint][1, 1] * (level_m - here[1]))
