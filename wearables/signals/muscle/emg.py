"""Surface EMG: envelope, onset of bursts, fatigue.

Band, notch and rectification after SENIAM (Hermens et al. 2000, J. Electromyogr. Kinesiol. 10,
361); changed: every filter is causal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth, Notch, replaced
from wearables.signals.operator import Operator, RunOperator
from wearables.signals.spectra import Spectra, Spectrum, median_frequency_hz

BAND_HZ = (20.0, 450.0)
ENVELOPE_HZ = 6.0
MIN_RATE_HZ = 200.0
# A spectrum below this rate lacks the band it is read from.
MIN_SPECTRUM_RATE_HZ = 800.0
# At most this share of the rate: a Butterworth needs room below half of it.
BAND_SHARE = 0.45
SMOOTH_HZ = 25.0
MIN_BURST_S = 0.050
REST_LIMIT = 8.0


def band_hz(rate_hz: float) -> tuple[float, float]:
    """Band of an EMG at a rate.

    Raises:
        SignalError: If the rate is too low for an EMG.
    """
    if rate_hz < MIN_RATE_HZ:
        raise SignalError(f"rate of {rate_hz} Hz is too low for an EMG; {MIN_RATE_HZ:g} are needed")
    return BAND_HZ[0], min(BAND_HZ[1], BAND_SHARE * rate_hz)


class EmgEnvelope(Operator[SampleBlock]):
    """Band-pass, notch if asked, rectify, low-pass at 6 Hz; all channels.

    With the mains in the signal give ``mains_hz``. ``reference`` is the envelope at the largest
    voluntary contraction, then the result is a share of it.
    """

    memory = ("_parts",)

    def __init__(
        self, *, rate_hz: float, mains_hz: float | None = None, reference: float = 1.0
    ) -> None:
        if not reference > 0:
            raise SignalError(f"reference contraction of {reference} must be above 0")
        self.rate_hz, self.reference = rate_hz, reference
        band = Butterworth(band="bandpass", cutoff_hz=band_hz(rate_hz), rate_hz=rate_hz)
        notches = [] if mains_hz is None else [Notch(frequency_hz=mains_hz, rate_hz=rate_hz)]
        smooth = Butterworth(band="lowpass", cutoff_hz=ENVELOPE_HZ, rate_hz=rate_hz)
        self._parts = (band, *notches, smooth)
        self.warmup_s = sum(part.warmup_s for part in self._parts)

    def reset(self) -> None:
        """Forget the signal."""
        for part in self._parts:
            part.reset()

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """Start anew."""
        self.reset()
        return []

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Envelope of the next block, in the signal's unit or as a share of the reference."""
        out = block
        for part in self._parts[:-1]:
            out = part(out)[0]
        out = self._parts[-1](replaced(out, np.abs(out.values)))[0]
        return [replaced(out, out.values / self.reference)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """One activation.

    Attributes:
        start_s: Session time of its onset.
        stop_s: Session time of its end.
        after_gap: Whether samples are missing since the burst before.
    """

    start_s: float
    stop_s: float
    after_gap: bool


class BurstDetector(RunOperator[Burst]):
    """Onset and end of activations of one channel, against a rest at the start.

    Teager-Kaiser energy after Solnik et al. 2010 (Eur. J. Appl. Physiol. 110, 489), rectified and
    smoothed at 25 Hz. Changed: causal smoothing, whose delay is taken off the stamps, and limits
    from median and median deviation of the rest, so that a twitch in it does no harm. A burst is
    told at its end; the rest is learned from the first ``rest_s`` seconds.
    """

    memory = (
        *RunOperator.memory, "_band", "_smooth", "_edge", "_rest", "_limit", "_start_s", "_above",
        "_below", "_fall_s", "_is_after_gap", "_has_burst", "_n_run",
    )  # fmt: skip

    def __init__(self, *, rate_hz: float, rest_s: float = 1.0, channel: int = 0) -> None:
        super().__init__(rate_hz=rate_hz, columns=(channel,))
        self._band = Butterworth(band="bandpass", cutoff_hz=band_hz(rate_hz), rate_hz=rate_hz)
        self._smooth = Butterworth(band="lowpass", cutoff_hz=SMOOTH_HZ, rate_hz=rate_hz)
        self._n_rest = round(rest_s * rate_hz)
        self._n_settle = round(0.1 * rate_hz)
        self._n_min = max(1, round(MIN_BURST_S * rate_hz))
        # Group delay of a second-order Butterworth at low frequencies.
        self._lag_s = float(np.sqrt(2.0) / (2 * np.pi * SMOOTH_HZ))
        self.warmup_s = rest_s
        self.delay_s = float("inf")
        self.reset()

    def reset(self) -> None:
        """Forget the signal and the rest."""
        super().reset()
        self._rest: list[float] = []
        self._limit = float("nan")
        self._has_burst = False
        self._restart()
        self._is_after_gap = False

    def _restart(self) -> None:
        self._band.reset()
        self._smooth.reset()
        self._edge = np.zeros(0)
        self._start_s = self._fall_s = float("nan")
        self._above = self._below = self._n_run = 0

    def _resume(self, missing_s: float) -> None:
        """The rest stays known: it is of the person, not of the moment."""
        self._restart()
        self._is_after_gap = self._has_burst

    def _take(self, block: SampleBlock) -> list[Burst]:
        band = self._band.filter(block.values[:, list(self.columns)])[:, 0]
        whole = np.concatenate([self._edge, band])
        self._edge = whole[-2:]
        if len(whole) < 3:
            return []
        energy = np.abs(np.square(whole[1:-1]) - whole[:-2] * whole[2:])
        smooth = self._smooth.filter(energy[:, None])[:, 0]
        times = block.time_s[block.n_samples - len(smooth) :] - 1 / self.rate_hz
        bursts: list[Burst] = []
        for time_s, value in zip(times.tolist(), smooth.tolist(), strict=True):
            bursts += self._step(time_s - self._lag_s, value)
        return bursts

    def _step(self, time_s: float, value: float) -> list[Burst]:
        self._n_run += 1
        if self._limit != self._limit:
            if self._n_run > self._n_settle:
                self._rest.append(value)
            if len(self._rest) >= self._n_rest:
                self._limit = _rest_limit(np.array(self._rest))
                self._rest = []
            return []
        if value > self._limit:
            self._above += 1
            self._below = 0
            if self._above == 1:
                self._start_s = time_s
            return []
        self._below += 1
        if self._below == 1:
            self._fall_s = time_s
        if self._below < self._n_min:
            return []
        n_above, self._above = self._above, 0
        if n_above < self._n_min:
            return []
        gap, self._is_after_gap = self._is_after_gap, False
        self._has_burst = True
        return [Burst(start_s=self._start_s, stop_s=self._fall_s, after_gap=gap)]


def _rest_limit(values: NDArray[np.float64]) -> float:
    median = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - median)))
    return median + REST_LIMIT * spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Fatigue:
    """Median frequency over a contraction (De Luca 1997, J. Appl. Biomech. 13, 135).

    Attributes:
        times_s: Middle of each window, shape (n_windows,).
        median_hz: Median frequency, NaN where samples are missing, shape (n_windows,).
        slope_hz_s: Its slope; falls when the muscle tires. NaN below three known windows.
    """

    times_s: NDArray[np.float64]
    median_hz: NDArray[np.float64]
    slope_hz_s: float


class EmgSpectra(Spectra):
    """Spectra of one EMG channel in windows of one second; refuses rates below 800 Hz."""

    def __init__(self, *, rate_hz: float, channel: int = 0) -> None:
        if rate_hz < MIN_SPECTRUM_RATE_HZ:
            raise SignalError(
                f"rate of {rate_hz} Hz is too low for an EMG spectrum; "
                f"{MIN_SPECTRUM_RATE_HZ:g} Hz are needed"
            )
        super().__init__(rate_hz=rate_hz, window_s=1.0, hop_s=0.5, channel=channel)


def fatigue(spectra: Sequence[Spectrum]) -> Fatigue:
    """Median frequencies within 20 to 450 Hz, and their slope."""
    times, medians = [], []
    for spectrum in spectra:
        inside = (spectrum.frequency_hz >= BAND_HZ[0]) & (spectrum.frequency_hz <= BAND_HZ[1])
        own = spectrum.density[inside]
        times.append(spectrum.time_s)
        medians.append(median_frequency_hz(spectrum.frequency_hz[inside], own))
    time_s, median_hz = np.array(times), np.array(medians)
    known = np.isfinite(median_hz) & np.isfinite(time_s)
    slope = float("nan")
    if known.sum() >= 3:
        slope = float(np.polyfit(time_s[known], median_hz[known], 1)[0])
    return Fatigue(times_s=time_s, median_hz=median_hz, slope_hz_s=slope)
