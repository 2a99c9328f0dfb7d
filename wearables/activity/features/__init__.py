"""Numbers that describe a window: motion of a sensor, and one repetition of textile strain."""

from wearables.activity.features.motion import motion_features
from wearables.activity.features.strain import strain_features

__all__ = ["motion_features", "strain_features"]
