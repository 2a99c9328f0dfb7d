"""Few poses that stand for a motion, and what lies between them.

What a garment feels depends on the joints under it. The poses of a motion are points in the space
of those joints' rotations; the keys are picked farthest from each other, and readings at the keys
are carried to every frame: along one line without overshoot (Fritsch & Carlson 1980), else by
radial functions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body
from fitting.body.posing import rig_of
from fitting.body.rig import PARENTS
from muslin.twin.motion.frames import MotionFrames

Rows = NDArray[np.float64]
# A joint counts where both its part and its parent's hold so much of the skin under the garment.
_LEAST_SHARE = 0.02
_ON_ONE_LINE = 0.98
_ALIKE_RAD = np.radians(2.0)


def joints_under(body: Body, vertices: NDArray[np.int64]) -> tuple[str, ...]:
    """Joints that bend the skin of some vertices.

    Args:
        body: A body with a rig.
        vertices: Skin under the garment.
    """
    rig = rig_of(body)
    share = rig.weights[vertices].mean(axis=0)
    held = {name for name, s in zip(rig.joint_names, share, strict=True) if s > _LEAST_SHARE}
    return tuple(
        name for name, parent in PARENTS.items() if name in held and _nearest(parent, held)
    )


def _nearest(parent: str | None, held: set[str]) -> bool:
    while parent is not None:
        if parent in held:
            return True
        parent = PARENTS[parent]
    return False


def pose_features(frames: MotionFrames, joints: tuple[str, ...]) -> Rows:
    """Rotation vectors of joints against their parents, shape (n_frames, 3 n_joints) [rad]."""
    from scipy.spatial.transform import Rotation

    if not joints:
        return np.zeros((frames.n_frames, 1))
    parts = [Rotation.from_matrix(frames.local(joint)).as_rotvec() for joint in joints]
    return np.concatenate(parts, axis=1)


def pick_keys(features: Rows, n_most: int) -> NDArray[np.int64]:
    """Frames that stand for all, in an order of short ways.

    Even steps where the poses lie on one line, from the end nearer to the first frame; else the
    farthest from each other, the first frame first.

    Args:
        features: Poses, shape (n_frames, d) [rad].
        n_most: Most keys; fewer where the rest is within two degrees of a key.
    """
    along = _on_line(features)
    if along is not None and np.ptp(along) > _ALIKE_RAD and n_most > 1:
        n = min(n_most, 1 + int(np.ceil(np.ptp(along) / _ALIKE_RAD)))
        ends = (along.min(), along.max())
        begin, end = ends if abs(along[0] - ends[0]) <= abs(along[0] - ends[1]) else ends[::-1]
        even = (int(np.abs(along - at).argmin()) for at in np.linspace(begin, end, n))
        return np.array(list(dict.fromkeys(even)))
    keys = [0]
    off = np.linalg.norm(features - features[0], axis=1)
    while len(keys) < n_most and off.max() > _ALIKE_RAD:
        keys.append(int(off.argmax()))
        off = np.minimum(off, np.linalg.norm(features - features[keys[-1]], axis=1))
    return np.array(_short_way(features, keys))


def _on_line(features: Rows) -> Rows | None:
    """Place of each pose along the line that nearly all lie on, shape (n,); None without one."""
    middle = features.mean(axis=0)
    _, size, axes = np.linalg.svd(features - middle, full_matrices=False)
    if size[0] ** 2 < _ON_ONE_LINE * np.square(size).sum():
        return None
    return (features - middle) @ axes[0]


def _short_way(features: Rows, keys: list[int]) -> list[int]:
    """Each time on to the nearest key that is left."""
    way, left = [keys[0]], keys[1:]
    while left:
        here = features[way[-1]]
        left.sort(key=lambda key: float(np.linalg.norm(features[key] - here)))
        way.append(left.pop(0))
    return way


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMap:
    """Readings at key poses, carried to any pose.

    Attributes:
        features: Poses of the keys, shape (n_keys, d) [rad].
        readings: What was read there, shape (n_keys, m).
    """

    features: Rows
    readings: Rows

    def at(self, features: Rows) -> Rows:
        """Readings at other poses, shape (n, m)."""
        from scipy.interpolate import PchipInterpolator, RBFInterpolator

        if len(self.features) == 1:
            return np.repeat(self.readings, len(features), axis=0)
        middle = self.features.mean(axis=0)
        _, size, axes = np.linalg.svd(self.features - middle, full_matrices=False)
        if size[0] ** 2 >= _ON_ONE_LINE * np.square(size).sum():
            at_keys = (self.features - middle) @ axes[0]
            order = np.argsort(at_keys)
            line = PchipInterpolator(at_keys[order], self.readings[order], extrapolate=False)
            wanted = np.clip((features - middle) @ axes[0], at_keys.min(), at_keys.max())
            return np.asarray(line(wanted))
        # A plane through all keys and radial functions for the rest; never far beyond the keys.
        degree = 1 if len(self.features) > np.linalg.matrix_rank(axes * size[:, None]) + 1 else 0
        kernel = "cubic" if degree else "linear"
        found = RBFInterpolator(self.features, self.readings, kernel=kernel, degree=degree)(
            features
        )
        low, high = self.readings.min(axis=0), self.readings.max(axis=0)
        slack = 0.1 * (high - low)
        return np.clip(np.asarray(found), low - slack, high + slack)


def only(frames: MotionFrames, i_frame: int, joints: tuple[str, ...]) -> dict[str, Rows]:
    """Rotations of a frame with some joints as they are and all others at rest, by joint."""
    R: dict[str, Rows] = {}
    for name, parent in PARENTS.items():
        local = frames.local(name)[i_frame] if name in joints else np.eye(3)
        R[name] = local if parent is None else R[parent] @ local
    return R
