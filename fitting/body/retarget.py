"""Carry a recorded motion over to a body of other proportions.

A recorder's joints are found by the usual names of BVH files. Each segment of the body takes the
direction of the recorded one, whatever pose the recorder calls zero, and its turn about itself.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from fitting.body.body import Body
from fitting.body.posing import rig_of
from fitting.body.rig import PARENTS, Rig, Rotations
from fitting.errors import PoseError

# What makers call a joint, in lower case without side, digits at the end, or prefix.
_NAMES = {
    "pelvis": ("hips", "hip", "pelvis", "root"),
    "spine": ("spine", "lowerback", "abdomen", "spine0"),
    "chest": ("chest", "spine1", "spine2", "thorax", "torso", "upperchest", "spine3"),
    "neck": ("neck", "neck1"),
    "head": ("head",),
    "clavicle": ("shoulder", "collar", "clavicle", "clav"),
    "shoulder": ("arm", "uparm", "upperarm", "shldr", "humerus", "shoulder"),
    "elbow": ("forearm", "lowarm", "lowerarm", "elbow", "radius"),
    "wrist": ("hand", "wrist"),
    "hip": ("upleg", "upperleg", "thigh", "femur", "hip"),
    "knee": ("leg", "lowleg", "lowerleg", "shin", "knee", "tibia", "calf"),
    "ankle": ("foot", "ankle"),
    "toe": ("toebase", "toe", "toes", "ball"),
}
_NEEDED = ("pelvis", *(f"{n}_{s}" for n in ("shoulder", "elbow", "hip", "knee") for s in "lr"))
# Next joint along a segment, which gives its direction.
_CHILD = {
    "spine": "chest", "chest": "neck", "neck": "head", "clavicle": "shoulder", "shoulder": "elbow",
    "elbow": "wrist", "hip": "knee", "knee": "ankle", "ankle": "toe",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedClip:
    """A recorded motion (see `fitting.body.bvh`).

    Attributes:
        name: What the frames say their pose is.
        rate_hz: Frames per second.
        R_world_captured: Rotation of each joint's segment from the recorder's own zero pose, by
            joint, shape (n_frames, 3, 3) each.
        zero_direction: Direction of each segment in that zero pose, by joint, shape (3,) each.
        root_legs: Way of the pelvis, in lengths of the recorded leg, shape (n_frames, 3).
    """

    name: str
    rate_hz: float
    R_world_captured: dict[str, NDArray[np.float64]]
    zero_direction: dict[str, NDArray[np.float64]]
    root_legs: NDArray[np.float64]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.root_legs)

    def rotations(self, body: Body, i_frame: int) -> Rotations:
        """Rotations of one frame on a body, by joint."""
        return _rotations(self, rig_of(body), i_frame)


def captured_clip(
    name: str,
    *,
    rate_hz: float,
    offsets: Mapping[str, NDArray[np.float64]],
    parents: Mapping[str, str | None],
    R_world_joint: Mapping[str, NDArray[np.float64]],
    points: Mapping[str, NDArray[np.float64]],
) -> CapturedClip:
    """A clip from a recorder's tree, turned into the body frame.

    Args:
        name: Name of the clip.
        rate_hz: Frames per second.
        offsets: Place of each joint from its parent in the zero pose, by the recorder's name.
        parents: Parent of each joint.
        R_world_joint: World rotation of each joint, shape (n_frames, 3, 3) each.
        points: Place of each joint, shape (n_frames, 3) each, any unit.

    Raises:
        PoseError: If a joint that is needed was not found.
    """
    found = _find_joints(parents)
    zero = _zero_points(offsets, parents)
    R_body_file = _frame(zero, found)
    legs = zero[found["hip_l"]] - zero[found["knee_l"]]
    length = float(np.linalg.norm(legs)) * 2
    if length < 1e-9:
        raise PoseError("its thigh has no length")
    direction = {}
    for joint, theirs in found.items():
        child = _child(joint, found)
        if child is not None:
            along = R_body_file @ (zero[found[child]] - zero[theirs])
            direction[joint] = along / max(float(np.linalg.norm(along)), 1e-12)
    turned = {
        joint: R_body_file @ R_world_joint[theirs] @ R_body_file.T
        for joint, theirs in found.items()
    }
    way = (points[found["pelvis"]] - points[found["pelvis"]][0]) @ R_body_file.T
    return CapturedClip(
        name=name, rate_hz=rate_hz, R_world_captured=turned, zero_direction=direction,
        root_legs=way / length,
    )  # fmt: skip


def _rotations(clip: CapturedClip, rig: Rig, i_frame: int) -> dict[str, NDArray[np.float64]]:
    """Rotations of one frame on a body, by joint; joints that were not recorded follow."""
    R: dict[str, NDArray[np.float64]] = {}
    for joint, parent in PARENTS.items():
        if joint not in clip.R_world_captured:
            R[joint] = np.eye(3) if parent is None else R[parent]
            continue
        recorded = clip.R_world_captured[joint][i_frame]
        R[joint] = recorded @ _to_zero(rig, clip, joint)
    return R


def carried(body: Body, clip: CapturedClip, i_frame: int) -> Body:
    """The body of a frame moved along the recorded way, over the floor."""
    rig = rig_of(body)
    leg_m = 2 * float(np.linalg.norm(rig.joints_m["hip_l"] - rig.joints_m["knee_l"]))
    shift = clip.root_legs[i_frame] * leg_m
    # Feet stay on the floor: heights come from the posed body, not from the recorder.
    shift = np.array([shift[0], 0.0, shift[2]])
    return dataclasses.replace(
        body,
        vertices_m=body.vertices_m + shift,
        joints_m={name: point + shift for name, point in body.joints_m.items()},
        landmarks_m={name: point + shift for name, point in body.landmarks_m.items()},
    )


def _to_zero(rig: Rig, clip: CapturedClip, joint: str) -> NDArray[np.float64]:
    """Rotation of a segment from the body's rest to the recorder's zero pose."""
    child = _child(joint, rig.joints_m)
    # Trunk and feet stand alike in every zero pose; only limbs differ.
    limb = joint.split("_", maxsplit=1)[0] in ("shoulder", "elbow", "hip", "knee", "wrist")
    if joint.startswith("wrist"):
        return _to_zero(rig, clip, f"elbow_{joint[-1]}")
    if child is None or not limb or joint not in clip.zero_direction:
        return np.eye(3)
    along = rig.joints_m[child] - rig.joints_m[joint]
    along = along / np.linalg.norm(along)
    return _shortest(along, clip.zero_direction[joint])


def _shortest(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    axis = np.cross(a, b)
    length = float(np.linalg.norm(axis))
    if length < 1e-9:
        return np.eye(3) if a @ b > 0 else Rotation.from_euler("z", np.pi).as_matrix()
    return Rotation.from_rotvec(axis / length * np.arctan2(length, a @ b)).as_matrix()


def _child(joint: str, known: Mapping[str, object]) -> str | None:
    stem, _, side = joint.partition("_")
    child = _CHILD.get(stem)
    if child is None:
        return None
    name = f"{child}_{side}" if side else child
    return name if name in known else None


def _find_joints(parents: Mapping[str, str | None]) -> dict[str, str]:
    """The recorder's name of each of our joints."""
    found: dict[str, str] = {}
    ends = {name for name in parents if name.endswith("_end")}
    by_word = {_word(name): name for name in reversed(list(parents)) if name not in ends}
    has_arm = any(word[0] in ("arm", "uparm", "upperarm", "shldr", "humerus") for word in by_word)
    for joint in PARENTS:
        stem, _, side = joint.partition("_")
        for word in _NAMES[stem]:
            # "LeftShoulder" is the collar bone where there is an arm, else the shoulder.
            if word == "shoulder" and (stem == "clavicle") != has_arm:
                continue
            if (word, side) in by_word:
                found[joint] = by_word[(word, side)]
                break
    missing = [joint for joint in _NEEDED if joint not in found]
    if missing:
        raise PoseError(
            f"no joint that could be {', '.join(missing)}; it has {', '.join(sorted(parents))}"
        )
    return found


def _word(name: str) -> tuple[str, str]:
    """A joint's name without prefix and side, and the side."""
    plain = name.rsplit(":", 1)[-1].lower().replace("mixamorig", "")
    plain = re.sub(r"[\s.\-]", "_", plain)
    side = ""
    for mark, letter in (("left", "l"), ("right", "r")):
        if mark in plain:
            plain, side = plain.replace(mark, ""), letter
    match = re.match(r"^([lr])_(.*)$", plain) or re.match(r"^(.*)_([lr])$", plain)
    if not side and match:
        side, plain = sorted(match.groups(), key=len)
    if not side and re.match(r"^[LR][A-Z]", name):
        side, plain = name[0].lower(), plain[1:]
    return plain.replace("_", ""), side


def _zero_points(
    offsets: Mapping[str, NDArray[np.float64]], parents: Mapping[str, str | None]
) -> dict[str, NDArray[np.float64]]:
    points: dict[str, NDArray[np.float64]] = {}
    for name, parent in parents.items():
        points[name] = offsets[name] + (points[parent] if parent is not None else 0)
    return points


def _frame(
    zero: Mapping[str, NDArray[np.float64]], found: Mapping[str, str]
) -> NDArray[np.float64]:
    """Rotation from the recorder's frame to ours: y up, x to the wearer's left."""
    up = zero[found["pelvis"]] - 0.5 * (zero[found["knee_l"]] + zero[found["knee_r"]])
    up = np.eye(3)[np.abs(up).argmax()] * np.sign(up[np.abs(up).argmax()])
    left = zero[found["hip_l"]] - zero[found["hip_r"]]
    left = left - (left @ up) * up
    if np.linalg.norm(left) < 1e-9:
        raise PoseError("its hips lie on one point, so left and right cannot be told")
    left = left / np.linalg.norm(left)
    return np.stack([left, up, np.cross(left, up)])
