"""Streaming signal processing: any cut into blocks gives the same numbers."""

from wearables.signals.filters import Butterworth
from wearables.signals.operator import Operator, run
from wearables.signals.ppg import Beat, PulseDetector, Rate, pulse_rate, rates_from_intervals
from wearables.signals.respiration import Breath, BreathDetector
from wearables.signals.windows import (
    Intensity,
    Quality,
    Window,
    movement_intensity,
    signal_quality,
    windows,
)

__all__ = [
    "Beat",
    "Breath",
    "BreathDetector",
    "Butterworth",
    "Intensity",
    "Operator",
    "PulseDetector",
    "Quality",
    "Rate",
    "Window",
    "movement_intensity",
    "pulse_rate",
    "rates_from_intervals",
    "run",
    "signal_quality",
    "windows",
]
