"""Power spectra of windows that hang on the sample index, and what is read off them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.operator import Operator
from wearables.signals.windows import Window, Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Power density of one window.

    Attributes:
        time_s: Middle of the window.
        frequency_hz: shape (n_frequencies,).
        density: Power density, unit of the signal squared per hertz, shape (n_frequencies,); NaN
            where samples are missing.
        coverage: Share of samples that are there.
    """

    time_s: float
    frequency_hz: NDArray[np.float64]
    density: NDArray[np.float64]
    coverage: float


class Spectra(Operator[Spectrum]):
    """Hann-windowed periodograms (Welch 1967, without his mean); one channel."""

    memory = ("_windows",)

    def __init__(self, *, rate_hz: float, window_s: float, hop_s: float, channel: int = 0) -> None:
        n, hop = round(window_s * rate_hz), round(hop_s * rate_hz)
        if n < 8:
            raise SignalError(f"a window of {window_s} s holds {n} samples; 8 are needed")
        self.rate_hz = rate_hz
        self.delay_s = window_s / 2
        self._channel = channel
        self._windows = Windows(n=n, hop=hop, rate_hz=rate_hz)
        self._taper = np.hanning(n + 1)[:-1]
        self.frequency_hz = np.fft.rfftfreq(n, 1 / rate_hz).astype(np.float64)

    def reset(self) -> None:
        """Forget the signal."""
        self._windows.reset()

    def __call__(self, block: SampleBlock) -> list[Spectrum]:
        """Take in a block; returns the spectra of the windows that are full now."""
        return [self._spectrum(window) for window in self._windows(block)]

    def gap(self, n_missing: int) -> list[Spectrum]:
        """Windows over the gap have NaN."""
        return [self._spectrum(window) for window in self._windows.gap(n_missing)]

    def _spectrum(self, window: Window) -> Spectrum:
        values = window.values[:, self._channel]
        density = np.full(self.frequency_hz.shape, np.nan)
        if np.isfinite(values).all():
            centred = (values - values.mean()) * self._taper
            power = np.square(np.abs(np.fft.rfft(centred)))
            density = power / (self.rate_hz * np.square(self._taper).sum())
            density[1 : -1 if len(values) % 2 == 0 else None] *= 2.0
        return Spectrum(
            time_s=window.time_s,
            frequency_hz=self.frequency_hz,
            density=density,
            coverage=window.coverage,
        )


def band_power(spectrum: Spectrum, low_hz: float, high_hz: float) -> float:
    """Power in ``[low_hz, high_hz)``, unit of the signal squared."""
    inside = (spectrum.frequency_hz >= low_hz) & (spectrum.frequency_hz < high_hz)
    step = float(spectrum.frequency_hz[1] - spectrum.frequency_hz[0])
    return float(spectrum.density[inside].sum() * step)


def median_frequency_hz(frequency_hz: NDArray[np.float64], density: NDArray[np.float64]) -> float:
    """Frequency below which half of the power lies; NaN for an unknown or empty spectrum."""
    total = density.sum()
    if not (np.isfinite(total) and total > 0):
        return float("nan")
    share = np.cumsum(density) / total
    return float(np.interp(0.5, share, frequency_hz))


def mean_density(spectra: Sequence[Spectrum]) -> NDArray[np.float64]:
    """Mean over the windows that are whole (Welch 1967); NaN when none is."""
    known = [s.density for s in spectra if np.isfinite(s.density).all()]
    if not known:
        return np.full(spectra[0].density.shape if spectra else 0, np.nan)
    return np.mean(known, axis=0)
