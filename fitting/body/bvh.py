"""Motion clips in Biovision's BVH: a text file with a tree of joints and angles per frame.

Angles are degrees in the file, radians here; lengths have no unit, so ways are counted in lengths
of the recorded leg. The clip may be y up or z up, facing any way: both are found from its tree.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from fitting.body.retarget import CapturedClip, captured_clip
from fitting.errors import PoseError

MAX_FRAMES = 1_000_000
_CHANNELS = tuple(f"{axis}{kind}" for kind in ("position", "rotation") for axis in "XYZ")


@dataclass(slots=True, kw_only=True)
class BvhJoint:
    """A joint of the file while it is read.

    Attributes:
        name: Its name in the file.
        parent: Index of its parent, -1 for the root.
        offset: From its parent, in the file's unit, shape (3,).
        channels: Its channels in order.
    """

    name: str
    parent: int
    offset: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    channels: tuple[str, ...] = ()


def read_bvh(path: Path) -> CapturedClip:
    """Read a motion clip.

    Raises:
        PoseError: If it is no BVH file, is damaged, or lacks joints that are needed.
    """
    try:
        words = path.read_text(encoding="utf-8", errors="replace").split()
    except OSError as error:
        raise PoseError(f"motion clip {path} cannot be read: {error}") from error
    try:
        return _clip(path.stem, words)
    except (ValueError, IndexError) as error:
        said = error if isinstance(error, PoseError) else "it ends or breaks off in a wrong place"
        raise PoseError(f"motion clip {path} is no readable BVH file: {said}") from error


def _clip(name: str, words: list[str]) -> CapturedClip:
    joints, position = _hierarchy(words)
    rate_hz, values = _motion(words, position, sum(len(joint.channels) for joint in joints))
    R, points = _worlds(joints, values)
    names = [joint.name for joint in joints]
    return captured_clip(
        name,
        rate_hz=rate_hz,
        offsets={joint.name: joint.offset for joint in joints},
        parents={j.name: joints[j.parent].name if j.parent >= 0 else None for j in joints},
        R_world_joint=dict(zip(names, R, strict=True)),
        points=dict(zip(names, points, strict=True)),
    )


def _hierarchy(words: list[str]) -> tuple[list[BvhJoint], int]:
    """Joints of the tree, and where the motion starts."""
    if not words or words[0].upper() != "HIERARCHY":
        raise PoseError("it does not start with HIERARCHY")
    joints: list[BvhJoint] = []
    open_joints: list[int] = []
    i = 1
    while words[i].upper() != "MOTION":
        word = words[i].upper()
        if word in ("ROOT", "JOINT", "END"):
            parent = open_joints[-1] if open_joints else -1
            name = words[i + 1] if word != "END" else f"{joints[parent].name}_end"
            joints.append(BvhJoint(name=name, parent=parent))
            i += 2
        elif word == "{":
            open_joints.append(len(joints) - 1)
            i += 1
        elif word == "}":
            open_joints.pop()
            i += 1
        elif word == "OFFSET":
            joints[-1].offset = np.array([float(value) for value in words[i + 1 : i + 4]])
            i += 4
        elif word == "CHANNELS":
            n = int(words[i + 1])
            joints[-1].channels = tuple(words[i + 2 : i + 2 + n])
            i += 2 + n
        else:
            raise PoseError(f"{words[i]!r} stands where a joint was expected")
    unknown = {c for joint in joints for c in joint.channels} - set(_CHANNELS)
    if unknown:
        raise PoseError(f"channel {min(unknown)!r} is not known")
    return joints, i


def _motion(words: list[str], i: int, n_channels: int) -> tuple[float, NDArray[np.float64]]:
    """Frames per second, and the channels, shape (n_frames, n_channels)."""
    if words[i + 1].upper() != "FRAMES:" or words[i + 3].upper() != "FRAME":
        raise PoseError("Frames: or Frame Time: is missing after MOTION")
    n_frames, frame_s = int(words[i + 2]), float(words[i + 5])
    if not 0 < n_frames <= MAX_FRAMES or not 0 < frame_s < 10:
        raise PoseError(f"{n_frames} frames of {frame_s} s are no motion")
    values = np.array(words[i + 6 :], dtype=np.float64)
    if values.size != n_frames * n_channels or not np.isfinite(values).all():
        raise PoseError(
            f"{values.size} numbers; {n_frames} frames of {n_channels} channels need "
            f"{n_frames * n_channels} finite ones"
        )
    return 1 / frame_s, values.reshape(n_frames, n_channels)


def _worlds(
    joints: list[BvhJoint], values: NDArray[np.float64]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """World rotation (n_frames, 3, 3) and place (n_frames, 3) of every joint."""
    rotations: list[NDArray[np.float64]] = []
    points: list[NDArray[np.float64]] = []
    column = 0
    for joint in joints:
        mine = values[:, column : column + len(joint.channels)]
        column += len(joint.channels)
        place = np.tile(joint.offset, (len(values), 1))
        local = np.tile(np.eye(3), (len(values), 1, 1))
        for channel, numbers in zip(joint.channels, mine.T, strict=True):
            if channel.endswith("position"):
                place[:, "XYZ".index(channel[0])] = numbers
            else:
                # Channels apply from the left, each about the axis as turned by those before.
                local = (
                    local
                    @ Rotation.from_euler(channel[0], numbers[:, None], degrees=True).as_matrix()
                )
        if joint.parent >= 0:
            R = rotations[joint.parent]
            place = points[joint.parent] + np.einsum("fij,fj->fi", R, place)
            local = R @ local
        rotations.append(local)
        points.append(place)
    return rotations, points
