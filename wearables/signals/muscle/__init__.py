"""Muscles: envelope, bursts and fatigue from surface EMG."""

from wearables.signals.muscle.emg import (
    Burst,
    BurstDetector,
    EmgEnvelope,
    EmgSpectra,
    Fatigue,
    fatigue,
)

__all__ = ["Burst", "BurstDetector", "EmgEnvelope", "EmgSpectra", "Fatigue", "fatigue"]
