"""Heart: R peaks, pulse, intervals, variability, saturation."""

from wearables.signals.heart.beat import Beat, intervals_s
from wearables.signals.heart.ecg import RPeakDetector
from wearables.signals.heart.hrv import Variability, variability
from wearables.signals.heart.intervals import artefacts, clean_intervals
from wearables.signals.heart.oximetry import Oximeter, Saturation
from wearables.signals.heart.ppg import PulseDetector

__all__ = [
    "Beat",
    "Oximeter",
    "PulseDetector",
    "RPeakDetector",
    "Saturation",
    "Variability",
    "artefacts",
    "clean_intervals",
    "intervals_s",
    "variability",
]
