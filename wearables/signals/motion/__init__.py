"""Motion: orientation, alignment, joints, steps, gait, posture, intensity, wear."""

from wearables.signals.motion.alignment import HingeAxes, find_hinge, segment_rotation
from wearables.signals.motion.gait import Stride, StrideDetector
from wearables.signals.motion.intensity import (
    Cost,
    Intensity,
    MovementIntensity,
    metabolic_cost,
    movement_intensity,
    power_from_heart_rate_w,
)
from wearables.signals.motion.joints import JointAngles, joint_angles
from wearables.signals.motion.orientation import Orientation
from wearables.signals.motion.posture import PostureDetector, PostureSpan
from wearables.signals.motion.steps import Step, StepDetector, WalkingBout, walking_bouts
from wearables.signals.motion.trunk_gait import Contact, GaitCycle, TrunkGait, gait_cycles
from wearables.signals.motion.wear import Wear, WearDetector

__all__ = [
    "Contact",
    "Cost",
    "GaitCycle",
    "HingeAxes",
    "Intensity",
    "JointAngles",
    "MovementIntensity",
    "Orientation",
    "PostureDetector",
    "PostureSpan",
    "Step",
    "StepDetector",
    "Stride",
    "StrideDetector",
    "TrunkGait",
    "WalkingBout",
    "Wear",
    "WearDetector",
    "find_hinge",
    "gait_cycles",
    "joint_angles",
    "metabolic_cost",
    "movement_intensity",
    "power_from_heart_rate_w",
    "segment_rotation",
    "walking_bouts",
]
