"""Motions for the twin: joint angles over time, by name, from a table, or a BVH clip.

Angles are those of `fitting.body.ANGLES`; radians inside, degrees in files and tables. Named
motions start and end in a stance and move between with least jerk (Flash & Hogan 1985, J. Neurosci.
5, 1688), so that their second derivative is continuous.
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fitting.body import ANGLES, CapturedClip, Pose, read_bvh, walking_pose
from fitting.body.gait import RUNNING_SCALE
from muslin.errors import InputError
from muslin.folders import existing_file

MAX_S = 3600.0
# Steps up to this count as dense: faster movements than five a second are nobody's.
DENSE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleTrack:
    """Joint angles over time.

    Attributes:
        name: What the motion is called.
        time_s: Rising times, shape (n,).
        angles_rad: Angles by name of `ANGLES`, shape (n,) each.
        markers: Start time and text of what the wearer does.
    """

    name: str
    time_s: NDArray[np.float64]
    angles_rad: Mapping[str, NDArray[np.float64]]
    markers: tuple[tuple[float, str], ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.angles_rad) - set(ANGLES))
        if unknown:
            raise InputError(f"joint angle {unknown[0]!r} is not known; see fitting.body.ANGLES")
        if len(self.time_s) < 2 or not (np.diff(self.time_s) > 0).all():
            raise InputError(f"motion {self.name!r} needs at least two rising times")

    @property
    def duration_s(self) -> float:
        """Length in time."""
        return float(self.time_s[-1] - self.time_s[0])

    def at(self, time_s: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Angles at other times, shape (n,) each; before and after they stay.

        Dense tables are joined twice differentiably; sparse ones without overshoot.
        """
        from scipy.interpolate import CubicSpline, PchipInterpolator

        is_dense = float(np.diff(self.time_s).max()) <= DENSE_S
        join = CubicSpline if is_dense else PchipInterpolator
        held = np.clip(time_s, self.time_s[0], self.time_s[-1])
        return {
            name: np.asarray(join(self.time_s, angle)(held))
            for name, angle in self.angles_rad.items()
        }


Motion = AngleTrack | CapturedClip


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A movement there and back.

    Attributes:
        angles_deg: Joint angles of the far pose.
        start_deg: Joint angles of the start, 0 where it says nothing.
        cycle_s: Time of one repetition.
    """

    angles_deg: Mapping[str, float]
    start_deg: Mapping[str, float] = field(default_factory=dict)
    cycle_s: float = 3.0


_ARMS = {"shoulder_abduction": 12.0, "elbow_flexion": 10.0}
# The five exercises of a knee study beside the plain bend; amplitudes as people do them.
EXERCISES: dict[str, Exercise] = {
    "bend": Exercise(angles_deg={"knee_flexion_l": 90}, cycle_s=6.0),
    "curl45": Exercise(angles_deg={"knee_flexion_l": 45}),
    "curl90": Exercise(angles_deg={"knee_flexion_l": 90}),
    "squat": Exercise(
        angles_deg={
            "hip_flexion": 70, "knee_flexion": 75, "ankle_flexion": 25, "pelvis_tilt": 20,
            "spine_flexion": 10, "hip_abduction": 10, "shoulder_flexion": 60,
        },
        cycle_s=3.5,
    ),
    "lift": Exercise(angles_deg={"hip_flexion_l": 85, "knee_flexion_l": 85}),
    "sit": Exercise(
        angles_deg={"hip_flexion": 88, "knee_flexion": 88, "hip_abduction": 6, "spine_flexion": 5},
        cycle_s=5.0,
    ),
}  # fmt: skip
NAMES = ("walk", "run", *EXERCISES)


def motion_of(motion: str, *, duration_s: float | None = None, rate_hz: float = 50.0) -> Motion:
    """Find a motion.

    Args:
        motion: A name of `NAMES`, a BVH file, or a table of joint angles (CSV).
        duration_s: Length of a named motion; 20 s when absent. Files keep theirs.
        rate_hz: Rate at which a named motion is written down.

    Raises:
        InputError: If there is no such motion, or a table cannot be read.
        PoseError: If a clip cannot be read.
    """
    if motion in NAMES:
        length_s = 20.0 if duration_s is None else duration_s
        if not 1 <= length_s <= MAX_S:
            raise InputError(f"duration of {length_s:g} s is outside 1 to {MAX_S:g} s")
        if motion in EXERCISES:
            return exercise_track(motion, EXERCISES[motion], duration_s=length_s, rate_hz=rate_hz)
        return _gait(motion, duration_s=length_s, rate_hz=rate_hz)
    path = Path(motion)
    if path.suffix.lower() == ".bvh":
        return read_bvh(existing_file(path, "motion clip"))
    if path.suffix.lower() == ".csv":
        return read_angles(path)
    raise InputError(
        f"motion {motion!r} is none of {', '.join(NAMES)}, no .bvh clip and no .csv of angles"
    )


def least_jerk(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0 to 1 with least jerk, shape (n,)."""
    x = np.clip(share, 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x**2)


def there_and_back(phase: NDArray[np.float64], *, hold: float = 0.1) -> NDArray[np.float64]:
    """0 at phase 0, 1 in the middle, 0 at 1, still for ``hold`` at either end, shape (n,)."""
    move = (1 - 2 * hold) / 2
    return least_jerk((phase - hold / 2) / move) - least_jerk((phase - 1.5 * hold - move) / move)


def exercise_track(
    name: str, exercise: Exercise, *, duration_s: float, rate_hz: float = 50.0,
    cycle_s: float | None = None, rest_s: float = 2.0,
) -> AngleTrack:  # fmt: skip
    """Repetitions of an exercise after a still stand.

    Args:
        name: Name of the motion.
        exercise: What is done.
        duration_s: Length; the last repetition may be cut.
        rate_hz: Rate at which it is written down.
        cycle_s: Time of a repetition; the exercise's own when absent.
        rest_s: Stillness before the first.
    """
    time_s = np.arange(round(duration_s * rate_hz) + 1) / rate_hz
    since = np.maximum(time_s - rest_s, 0.0)
    share = there_and_back((since / (cycle_s or exercise.cycle_s)) % 1.0)
    angles = {key: np.full(len(time_s), math.radians(deg)) for key, deg in _ARMS.items()}
    for key, deg in {"hip_flexion": 0.0, "knee_flexion": 0.0, **exercise.angles_deg}.items():
        start = exercise.start_deg.get(key, 0.0)
        angles[key] = np.radians(start + (deg - start) * share)
    markers = ((0.0, "standing"), (rest_s, name)) if duration_s > rest_s else ((0.0, "standing"),)
    return AngleTrack(name=name, time_s=time_s, angles_rad=angles, markers=markers)


def _gait(name: str, *, duration_s: float, rate_hz: float) -> AngleTrack:
    stride_s, scale = (1.1, 1.0) if name == "walk" else (0.72, RUNNING_SCALE)
    time_s = np.arange(round(duration_s * rate_hz) + 1) / rate_hz
    # A whole number of frames a stride: poses repeat exactly and are computed once.
    n = round(stride_s * rate_hz)
    poses = [walking_pose(i / n, scale=scale).angles_rad for i in range(n)]
    angles = {key: np.array([poses[i % n][key] for i in range(len(time_s))]) for key in poses[0]}
    return AngleTrack(name=name, time_s=time_s, angles_rad=angles, markers=((0.0, name),))


def read_angles(path: Path) -> AngleTrack:
    """Read a table: a column ``time_s`` and columns such as ``knee_flexion_l_deg`` or ``_rad``.

    Raises:
        InputError: If it is no such table; names column and row.
    """
    rows = _rows(existing_file(path, "table of joint angles"))
    head = [word.strip() for word in rows[0]]
    if "time_s" not in head:
        raise InputError(f"{path} has no column time_s; it has {', '.join(head)}")
    values = np.array(
        [[_number(word, path, i + 2) for word in row] for i, row in enumerate(rows[1:])]
    )
    angles: dict[str, NDArray[np.float64]] = {}
    for i, word in enumerate(head):
        if word == "time_s":
            continue
        name, _, unit = word.rpartition("_")
        if unit not in ("deg", "rad") or name not in ANGLES:
            raise InputError(
                f"{path}: column {word!r} is no joint angle with its unit, such as "
                "knee_flexion_l_deg"
            )
        angles[name] = np.radians(values[:, i]) if unit == "deg" else values[:, i]
    if not angles:
        raise InputError(f"{path} holds no joint angle beside time_s")
    time_s = values[:, head.index("time_s")]
    return AngleTrack(name=path.stem, time_s=time_s - time_s[0], angles_rad=angles)


def _rows(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no table: {error}") from error
    if len(rows) < 3:
        raise InputError(f"{path} has {max(len(rows) - 1, 0)} rows; at least two are needed")
    bad = next((i for i, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if bad is not None:
        raise InputError(f"{path}: row {bad + 1} has {len(rows[bad])} cells, {len(rows[0])} wanted")
    return rows


def _number(word: str, path: Path, row: int) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path}: {word!r} in row {row} is no number")
    return value


def pose_of(angles_rad: Mapping[str, float], name: str) -> Pose:
    """A pose of one moment."""
    return Pose(name=name, angles_rad=dict(angles_rad))
