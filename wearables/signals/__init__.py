"""Streaming signal processing: any cut into blocks gives the same numbers.

What every signal needs is here; what a part of the body tells is in `heart`, `breath`, `muscle`,
`skin`, `motion`, and what a textile tells in `textile`.
"""

from wearables.signals.breath import Breath, BreathDetector
from wearables.signals.filters import Butterworth, Hampel, Notch
from wearables.signals.heart import Beat, PulseDetector, RPeakDetector
from wearables.signals.motion import Intensity, movement_intensity
from wearables.signals.operator import Operator, chain, run
from wearables.signals.quality import Quality, doubts, rails, signal_quality, with_clipping
from wearables.signals.rates import Rate, rates_from_intervals
from wearables.signals.resample import Bridge, Resampler
from wearables.signals.spectra import Spectra, Spectrum
from wearables.signals.windows import Window, Windows, windows

__all__ = [
    "Beat",
    "Breath",
    "BreathDetector",
    "Bridge",
    "Butterworth",
    "Hampel",
    "Intensity",
    "Notch",
    "Operator",
    "PulseDetector",
    "Quality",
    "RPeakDetector",
    "Rate",
    "Resampler",
    "Spectra",
    "Spectrum",
    "Window",
    "Windows",
    "chain",
    "doubts",
    "movement_intensity",
    "rails",
    "rates_from_intervals",
    "run",
    "signal_quality",
    "windows",
    "with_clipping",
]
