"""Numbers that describe a window: motion, one repetition of textile strain, walking in sleeves."""

from wearables.activity.features.gait import gait_features
from wearables.activity.features.motion import motion_features
from wearables.activity.features.strain import strain_features

__all__ = ["gait_features", "motion_features", "strain_features"]
