"""A motion on one body: rotations and places of its joints, frame by frame. World y up, metres.

Feet stay on the floor: the height of the pelvis follows from the lowest sole, smoothed, because a
sole that takes over from another would give a jolt of acceleration that depends on the rate.
"""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body, CapturedClip
from fitting.body.pose import joint_rotations
from fitting.body.posing import rig_of
from fitting.body.rig import PARENTS, Rig, posed_joints
from muslin.errors import InputError
from muslin.twin.motion.motion import AngleTrack, Motion, pose_of

SMOOTH_HZ = 6.0
_N_SOLE = 60
Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionFrames:
    """Joints of a body in motion.

    Attributes:
        name: Name of the motion.
        time_s: Times of the frames, shape (n,).
        R_world: Rotation of each joint's part from rest, by joint, shape (n, 3, 3).
        joints_m: Place of each joint, shape (n, 3).
        shift_m: What every point is moved by after posing with the pelvis held, shape (n, 3).
    """

    name: str
    time_s: Rows
    R_world: dict[str, Rows]
    joints_m: dict[str, Rows]
    shift_m: Rows

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.time_s)

    @property
    def rate_hz(self) -> float:
        """Frames per second."""
        return (self.n_frames - 1) / float(self.time_s[-1] - self.time_s[0])

    def rotations(self, i_frame: int) -> dict[str, Rows]:
        """Rotations of one frame, as posing takes them."""
        return {name: R[i_frame] for name, R in self.R_world.items()}

    def local(self, joint: str) -> Rows:
        """Rotation of a joint against its parent, shape (n, 3, 3)."""
        parent = PARENTS[joint]
        if parent is None:
            return self.R_world[joint]
        return np.einsum("nji,njk->nik", self.R_world[parent], self.R_world[joint])


def motion_frames(motion: Motion, body: Body, *, rate_hz: float = 50.0) -> MotionFrames:
    """Put a motion on a body.

    Args:
        motion: Joint angles or a clip.
        body: A body with a rig.
        rate_hz: Wanted frames per second; a clip keeps its own.

    Raises:
        PoseError: If the body has no rig.
        InputError: If the motion is shorter than six frames.
    """
    rig = rig_of(body)
    way = None
    match motion:
        case AngleTrack():
            n = round(motion.duration_s * rate_hz) + 1
            time_s = np.arange(n) / rate_hz
            frames = _posed(motion, rig, time_s + motion.time_s[0])
        case CapturedClip():
            time_s = np.arange(motion.n_frames) / motion.rate_hz
            frames = [dict(motion.rotations(body, i)) for i in range(motion.n_frames)]
            way = (
                motion.root_legs
                * 2
                * np.linalg.norm(rig.joints_m["hip_l"] - rig.joints_m["knee_l"])
            )
        case _:
            assert_never(motion)
    if len(time_s) < 6:
        raise InputError(f"motion {motion.name!r} has {len(time_s)} frames; at least 6 are needed")
    R = {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
    held = {k: np.broadcast_to(v, (len(time_s), 3)) for k, v in posed_joints(rig, R).items()}
    shift = np.zeros((len(time_s), 3))
    shift[:, 1] = smoothed(-lowest_m(rig, R, held), 1 / float(time_s[1] - time_s[0]))
    if way is not None:
        shift[:, [0, 2]] += way[:, [0, 2]]
    joints = {name: point + shift for name, point in held.items()}
    return MotionFrames(name=motion.name, time_s=time_s, R_world=R, joints_m=joints, shift_m=shift)


def _posed(track: AngleTrack, rig: Rig, time_s: Rows) -> list[dict[str, Rows]]:
    """Rotations of each frame; a pose that repeats is computed once."""
    angles = track.at(time_s)
    names, table = list(angles), np.round(np.stack(list(angles.values()), axis=1), 9)
    known: dict[bytes, dict[str, Rows]] = {}
    frames = []
    for row in table:
        key = row.tobytes()
        if key not in known:
            pose = pose_of(dict(zip(names, row.tolist(), strict=True)), track.name)
            known[key] = joint_rotations(rig, pose)
        frames.append(known[key])
    return frames


def lowest_m(rig: Rig, R_world: dict[str, Rows], joints_m: dict[str, Rows]) -> Rows:
    """Height of the lowest sole with the pelvis held, shape (n,)."""
    lowest = []
    for side in "lr":
        column = [rig.joint_names.index(f"{name}_{side}") for name in ("ankle", "toe")]
        foot = np.flatnonzero(rig.weights[:, column].sum(axis=1) > 0.5)
        sole = foot[np.argsort(rig.rest_m[foot, 1])[:_N_SOLE]]
        for i, name in zip(column, ("ankle", "toe"), strict=True):
            rows = sole[rig.weights[sole, i] >= 0.5]
            if len(rows):
                joint = f"{name}_{side}"
                off = rig.rest_m[rows] - rig.joints_m[joint]
                heights = np.einsum("nj,vj->nv", R_world[joint][:, 1], off)
                lowest.append((heights + joints_m[joint][:, 1:2]).min(axis=1))
    return np.min(lowest, axis=0)


def smoothed(values: Rows, rate_hz: float) -> Rows:
    """Low-passed without lag, shape (n,) or (n, k)."""
    from scipy.signal import butter, sosfiltfilt

    if rate_hz <= 2.5 * SMOOTH_HZ or len(values) < 16:
        return values
    return np.asarray(sosfiltfilt(butter(2, SMOOTH_HZ, fs=rate_hz, output="sos"), values, axis=0))
