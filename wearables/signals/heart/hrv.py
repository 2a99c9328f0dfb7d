"""Heart rate variability that respects gaps: no interval, and no difference, reaches over one.

Names and definitions after the Task Force 1996 (Circulation 93, 1043); Poincare axes after Brennan
et al. 2001 (IEEE Trans. Biomed. Eng. 48, 1342); sample entropy after Richman & Moorman 2000 (Am. J.
Physiol. 278, H2039); DFA after Peng et al. 1995 (Chaos 5, 82). Changed: the spectrum is that of
Lomb 1976 (Astrophys. Space Sci. 39, 447) at the beats themselves, so nothing is resampled.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

# Below these shares of covered time a number would be a guess.
TIME_COVERAGE = 0.8
FREQUENCY_COVERAGE = 0.95
MIN_INTERVALS = 10
PNN_S = 0.050
# Intervals of whole milliseconds differ by 50 ms often; rounding must not decide.
TIE_S = 1e-9
LF_HZ = (0.04, 0.15)
HF_HZ = (0.15, 0.40)
VLF_HZ = (0.0033, 0.04)
# Two minutes hold five periods of the lowest frequency of LF.
MIN_SPECTRUM_S = 120.0
ENTROPY_LENGTH = 2
ENTROPY_TOLERANCE = 0.2
DFA_BEATS = (4, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variability:
    """Variability of a stretch of intervals; NaN below the coverage that a number needs.

    Attributes:
        n_intervals: Known intervals.
        coverage: Known intervals over the time from the first to the last beat.
        mean_s: Mean interval.
        sdnn_s: Standard deviation (n - 1).
        rmssd_s: Root mean square of successive differences.
        pnn50: Successive differences above 50 ms over the number of intervals.
        vlf_s2: Power from 0.0033 to 0.04 Hz; needs 25 minutes to mean something.
        lf_s2: Power from 0.04 to 0.15 Hz.
        hf_s2: Power from 0.15 to 0.40 Hz.
        lf_hf: Ratio of the two.
        sd1_s: Poincare plot, across the diagonal.
        sd2_s: Poincare plot, along the diagonal.
        sample_entropy: Of the longest unbroken run, m 2, tolerance 0.2 standard deviations.
        dfa_alpha1: Short-term scaling over 4 to 16 beats, of the longest unbroken run.
    """

    n_intervals: int
    coverage: float
    mean_s: float
    sdnn_s: float
    rmssd_s: float
    pnn50: float
    vlf_s2: float
    lf_s2: float
    hf_s2: float
    lf_hf: float
    sd1_s: float
    sd2_s: float
    sample_entropy: float
    dfa_alpha1: float


def variability(
    ends_s: NDArray[np.float64], intervals_s: NDArray[np.float64], *, span_s: float | None = None
) -> Variability:
    """Variability of the known intervals.

    Args:
        ends_s: Time of the beat that ends each interval, ascending, shape (n,).
        intervals_s: Intervals, NaN where unknown, shape (n,).
        span_s: Time that should be covered; from the first to the last beat when absent.
    """
    known = np.isfinite(intervals_s)
    own = intervals_s[known]
    span = span_s
    if span is None:
        start = float(ends_s[0] - intervals_s[0]) if len(own) and known[0] else _first(ends_s)
        span = float(ends_s[-1]) - start if len(ends_s) else 0.0
    coverage = min(1.0, float(own.sum()) / span) if span > 0 else 0.0
    is_enough = coverage >= TIME_COVERAGE and len(own) >= MIN_INTERVALS
    pairs = known[1:] & known[:-1]
    first, second = intervals_s[:-1][pairs], intervals_s[1:][pairs]
    change = second - first
    is_enough &= len(change) >= MIN_INTERVALS
    powers = (math.nan, math.nan, math.nan)
    if is_enough and coverage >= FREQUENCY_COVERAGE and span >= MIN_SPECTRUM_S:
        powers = _powers(ends_s[known], own)
    run = _longest_run(intervals_s)

    def told(value: float) -> float:
        return float(value) if is_enough else math.nan

    return Variability(
        n_intervals=len(own),
        coverage=coverage,
        mean_s=told(own.mean()) if len(own) else math.nan,
        sdnn_s=told(_sd(own)),
        rmssd_s=told(math.sqrt(np.square(change).mean())) if len(change) else math.nan,
        pnn50=told((np.abs(change) > PNN_S + TIE_S).sum() / len(own)) if len(own) else math.nan,
        vlf_s2=powers[0],
        lf_s2=powers[1],
        hf_s2=powers[2],
        lf_hf=powers[1] / powers[2] if powers[2] > 0 else math.nan,
        sd1_s=told(_sd(second - first) / math.sqrt(2)),
        sd2_s=told(_sd(second + first) / math.sqrt(2)),
        sample_entropy=told(sample_entropy(run)),
        dfa_alpha1=told(dfa_alpha1(run)),
    )


def _first(times_s: NDArray[np.float64]) -> float:
    return float(times_s[0]) if len(times_s) else 0.0


def _sd(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def _longest_run(intervals_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The longest stretch without an unknown interval."""
    known = np.isfinite(intervals_s).astype(np.int8)
    change = np.diff(known, prepend=0, append=0)
    starts, stops = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    if not len(starts):
        return np.zeros(0)
    longest = int((stops - starts).argmax())
    return intervals_s[starts[longest] : stops[longest]]


def lomb_density(
    ends_s: NDArray[np.float64], intervals_s: NDArray[np.float64], frequency_hz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Lomb periodogram as a one-sided density [s2/Hz], shape of the frequencies."""
    centred = intervals_s - intervals_s.mean()
    span = float(ends_s[-1] - ends_s[0])
    power = signal.lombscargle(ends_s - ends_s[0], centred, 2 * np.pi * frequency_hz)
    return 2.0 * power * span / len(centred)


def _powers(
    ends_s: NDArray[np.float64], intervals_s: NDArray[np.float64]
) -> tuple[float, float, float]:
    span = float(ends_s[-1] - ends_s[0])
    step = 1.0 / (2.0 * span)
    frequency = np.arange(VLF_HZ[0], HF_HZ[1], step)
    density = lomb_density(ends_s, intervals_s, frequency)

    def power(band: tuple[float, float]) -> float:
        inside = (frequency >= band[0]) & (frequency < band[1])
        return float(density[inside].sum() * step)

    return power(VLF_HZ), power(LF_HZ), power(HF_HZ)


def sample_entropy(values: NDArray[np.float64]) -> float:
    """Sample entropy with m 2 and a tolerance of 0.2 standard deviations (n - 1)."""
    n = len(values) - ENTROPY_LENGTH
    if n < MIN_INTERVALS:
        return math.nan
    tolerance = ENTROPY_TOLERANCE * _sd(values)
    counts = []
    for length in (ENTROPY_LENGTH, ENTROPY_LENGTH + 1):
        rows = np.lib.stride_tricks.sliding_window_view(values, length)[:n]
        total = 0
        for i in range(n - 1):
            distance = np.abs(rows[i + 1 :] - rows[i]).max(axis=1)
            total += int((distance <= tolerance).sum())
        counts.append(total)
    if not counts[0] or not counts[1]:
        return math.nan
    return math.log(counts[0] / counts[1])


def dfa_alpha1(values: NDArray[np.float64]) -> float:
    """Slope of log fluctuation over log length, boxes of 4 to 16 beats, linear trends removed."""
    if len(values) < 4 * DFA_BEATS[1]:
        return math.nan
    profile = np.cumsum(values - values.mean())
    lengths = np.arange(DFA_BEATS[0], DFA_BEATS[1] + 1)
    fluctuations = []
    for length in lengths.tolist():
        boxes = profile[: len(profile) // length * length].reshape(-1, length)
        time = np.arange(length) - (length - 1) / 2
        slope = (boxes * time).sum(axis=1) / np.square(time).sum()
        rest = boxes - boxes.mean(axis=1, keepdims=True) - slope[:, None] * time
        fluctuations.append(math.sqrt(np.square(rest).mean()))
    if min(fluctuations) <= 0:
        return math.nan
    return float(np.polyfit(np.log(lengths), np.log(fluctuations), 1)[0])
