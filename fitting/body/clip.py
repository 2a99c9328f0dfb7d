"""Motion clips: a stance per frame, from poses, a walk or a BVH file; bodies frame by frame.

Clips hold rotations of joints against rest, so they fit every body. Time is seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fitting.body.body import Body
from fitting.body.gait import walking_pose
from fitting.body.pose import Pose, blended_rotations, joint_rotations
from fitting.body.posing import named_pose, rig_of, turned_body
from fitting.body.retarget import CapturedClip, carried
from fitting.body.rig import Rotations
from fitting.errors import PoseError


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseClip:
    """Poses at an even rate.

    Attributes:
        name: What the frames say their pose is.
        rate_hz: Frames per second.
        poses: A pose per frame.
    """

    name: str
    rate_hz: float
    poses: tuple[Pose, ...]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.poses)

    def rotations(self, body: Body, i_frame: int) -> Rotations:
        """Rotations of one frame on a body, by joint."""
        return joint_rotations(rig_of(body), self.poses[i_frame])


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendClip:
    """From one pose to the next on the shortest way, starting and stopping softly.

    Attributes:
        name: What the frames say their pose is.
        rate_hz: Frames per second.
        keys: Poses on the way.
        n_between: Frames from one to the next.
    """

    name: str
    rate_hz: float
    keys: tuple[Pose, ...]
    n_between: int

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return (len(self.keys) - 1) * self.n_between + 1

    def rotations(self, body: Body, i_frame: int) -> Rotations:
        """Rotations of one frame on a body, by joint."""
        i_key = min(i_frame // self.n_between, len(self.keys) - 2)
        share = (i_frame - i_key * self.n_between) / self.n_between
        soft = share * share * (3 - 2 * share)
        a, b = (joint_rotations(rig_of(body), key) for key in self.keys[i_key : i_key + 2])
        return blended_rotations(a, b, soft)


Clip = PoseClip | BlendClip | CapturedClip


def walking_clip(*, rate_hz: float = 30.0, stride_s: float = 1.1, n_strides: int = 1) -> PoseClip:
    """Walk on the spot: the first and the last frame of a stride join smoothly.

    Raises:
        PoseError: If there is no frame.
    """
    n_frames = round(rate_hz * stride_s * n_strides)
    if n_frames < 2:
        raise PoseError(f"a walk of {n_frames} frames is no motion; raise rate_hz or stride_s")
    phases = np.arange(n_frames) / (rate_hz * stride_s)
    poses = tuple(walking_pose(float(phase)) for phase in phases)
    return PoseClip(name="walking", rate_hz=rate_hz, poses=poses)


def clip_between(
    poses: Sequence[Pose | str], *, n_between: int = 10, rate_hz: float = 30.0
) -> BlendClip:
    """Move from pose to pose, for example from ``a`` to ``sitting``.

    Raises:
        PoseError: With fewer than two poses.
    """
    keys = tuple(named_pose(pose) if isinstance(pose, str) else pose for pose in poses)
    if len(keys) < 2 or n_between < 1:
        raise PoseError(f"{len(keys)} poses with {n_between} frames between are no motion")
    return BlendClip(name=keys[-1].name, rate_hz=rate_hz, keys=keys, n_between=n_between)


def clip_bodies(body: Body, clip: Clip) -> Iterator[Body]:
    """The body of each frame, same topology throughout; lazily, so that long clips fit.

    The pelvis keeps its place over the floor, or follows the recorded way.
    """
    for i_frame in range(clip.n_frames):
        yield frame_body(body, clip, i_frame)


def frame_body(body: Body, clip: Clip, i_frame: int) -> Body:
    """The body of one frame.

    Raises:
        PoseError: If the clip has no such frame, or the body has no rig.
    """
    if not 0 <= i_frame < clip.n_frames:
        raise PoseError(f"frame {i_frame} is not in a clip of {clip.n_frames} frames")
    posed = turned_body(body, clip.rotations(body, i_frame), name=clip.name, anchor="pelvis")
    if isinstance(clip, CapturedClip):
        return carried(posed, clip, i_frame)
    return posed
