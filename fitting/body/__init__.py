"""Bodies from tape measures. The only room that knows anny; loads it to build the model once.

Posing: ``pose_body(body_or_fit, pose) -> Body`` keeps shape, vertices and triangles. ``pose`` is
a name of ``pose_names()`` (``a measuring t arms_down arms_up arms_forward sitting squat
walk_contact`` ...), or ``Pose.degrees(knee_flexion_l=60, hip_flexion=20)``, in radians
``Pose(name=, angles_rad=)``; names without side are for both (``ANGLES`` lists them). Clips:
``walking_clip()``, ``clip_between(["a", "sitting"])`` and ``read_bvh(path)`` give a clip with
``rate_hz`` and ``n_frames``; ``clip_bodies(body, clip)`` yields the body of each frame,
``frame_body(body, clip, i)`` one.

Scans: ``register_scan(read_scan(path))`` gives a body of the model's topology and its measures.
"""

from fitting.body.body import REGIONS, Body
from fitting.body.body_file import read_body_file
from fitting.body.bvh import read_bvh
from fitting.body.clip import (
    BlendClip,
    Clip,
    PoseClip,
    clip_between,
    clip_bodies,
    frame_body,
    walking_clip,
)
from fitting.body.fit import BodyFit, bodies_from_measurements, body_from_measurements
from fitting.body.gait import walking_pose
from fitting.body.measurements import (
    HUMAN_RANGE_M,
    Measurements,
    Sex,
    check_measure_names,
    default_measurements,
    read_measurements,
)
from fitting.body.pose import ANGLES, Pose
from fitting.body.posing import pose_body, pose_names
from fitting.body.register import Registration, register_scan
from fitting.body.registry import REGISTRY, Measure
from fitting.body.retarget import CapturedClip
from fitting.body.scan import Scan, Unit, make_scan, read_scan
from fitting.body.smpl import read_smpl
from fitting.body.survey import survey_warnings

__all__ = [
    "ANGLES",
    "HUMAN_RANGE_M",
    "REGIONS",
    "REGISTRY",
    "BlendClip",
    "Body",
    "BodyFit",
    "CapturedClip",
    "Clip",
    "Measure",
    "Measurements",
    "Pose",
    "PoseClip",
    "Registration",
    "Scan",
    "Sex",
    "Unit",
    "bodies_from_measurements",
    "body_from_measurements",
    "check_measure_names",
    "clip_between",
    "clip_bodies",
    "default_measurements",
    "frame_body",
    "make_scan",
    "pose_body",
    "pose_names",
    "read_body_file",
    "read_bvh",
    "read_measurements",
    "read_scan",
    "read_smpl",
    "register_scan",
    "survey_warnings",
    "walking_clip",
    "walking_pose",
]
