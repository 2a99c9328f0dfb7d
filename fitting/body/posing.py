"""Bodies in poses: by name, by joint angles, or by rotations. Metres and radians."""

import dataclasses
from typing import Literal, Protocol

from fitting.body.body import Body
from fitting.body.gait import GAIT_PHASES, walking_pose
from fitting.body.pose import Pose, joint_rotations
from fitting.body.rig import Rig, Rotations, posed_joints, skin
from fitting.errors import PoseError

Anchor = Literal["feet", "pelvis"]


class WithBody(Protocol):
    """What holds a body: a fit or a registration."""

    @property
    def body(self) -> Body:
        """The body."""
        ...


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


def pose_body(body: Body | WithBody, pose: Pose | str, *, anchor: Anchor = "feet") -> Body:
    """Put a body into a pose. Topology, regions and shape stay; posing starts at rest each time.

    Args:
        body: A body with a rig, in any pose; or a fit or registration that holds one.
        pose: A pose, or a name of `pose_names`.
        anchor: Where the posed body stands: lowest point on the floor either way, and ``feet``
            midway between the ankles at the origin, or ``pelvis`` where it is at rest (no jumps
            from frame to frame).

    Raises:
        PoseError: If the body has no rig (a scan that was not registered), or the name is unknown.
    """
    chosen = named_pose(pose) if isinstance(pose, str) else pose
    whole = body if isinstance(body, Body) else body.body
    return turned_body(
        whole, joint_rotations(rig_of(whole), chosen), name=chosen.name, anchor=anchor
    )


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


def turned_body(body: Body, rotations: Rotations, *, name: str, anchor: Anchor = "feet") -> Body:
    """The body under rotations of its joints, put on the floor."""
    rig = rig_of(body)
    vertices, joints = skin(rig, rotations), posed_joints(rig, rotations)
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
