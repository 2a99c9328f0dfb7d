"""Skin: conductance level and responses, temperature."""

from wearables.signals.skin.eda import ResponseDetector, SkinResponse, TonicPhasic
from wearables.signals.skin.temperature import SkinTemperature, SkinThermometer

__all__ = ["ResponseDetector", "SkinResponse", "SkinTemperature", "SkinThermometer", "TonicPhasic"]
