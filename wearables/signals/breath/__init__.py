"""Breathing: breaths from belts and strain lines, from the ECG, two belts against each other."""

from wearables.signals.breath.breaths import Breath, BreathDetector, breath_intervals_s
from wearables.signals.breath.derived import belt_phase_rad, breathing_from_beats

__all__ = [
    "Breath",
    "BreathDetector",
    "belt_phase_rad",
    "breath_intervals_s",
    "breathing_from_beats",
]
