"""R peaks of one ECG lead, streaming, with a quality for each beat.

After Pan & Tompkins 1985 (IEEE Trans. Biomed. Eng. 32, 230) and Hamilton 2002 (Comput. Cardiol. 29,
101). Changed: the band is 7 to 25 Hz, the energy is a smoothed magnitude and not a squared
derivative, beats are compared with a low rank of the eight last ones so that small ventricular
beats between large ones stay, and each candidate looks 0.25 s ahead so that P waves give way. The
apex is the largest excursion from the local median within 67 ms, of either sign.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.heart.beat import Beat
from wearables.signals.heart.picker import P_WAVE_S, REFRACTORY_S, BeatPicker, Candidate
from wearables.signals.operator import ADAPTIVE_GAP_S, RunOperator

BAND_HZ = (7.0, 25.0)
ENVELOPE_HZ = 6.0
# A maximum of the envelope rules this far to both sides.
SEPARATION_S = 0.07
# The envelope's maximum comes so much later than the apex.
ENVELOPE_LAG_S = 0.094
APEX_S = 0.067
BASELINE_S = 0.4
SMOOTH_S = 0.014
LEARN_S = 3.0
TEMPLATE_S = 0.12
N_TEMPLATES = 8
# Below this share of the signal's size an envelope is rounding.
ROUNDING = 1e-9
MIN_RATE_HZ = 100.0


class RPeakDetector(RunOperator[Beat]):
    """Streaming R-peak detector for one lead; a beat is final when it is told.

    ``latency_s`` bounds how long after its apex a beat may be told; beats that only a search back
    finds need up to 2 s. The first three seconds after a start or a long gap are learned from, so
    their beats come when they are over. Amplitude is over the local median.
    """

    memory = (
        *RunOperator.memory, "_filter", "_smooth", "_raw", "_time_s", "_sound", "_envelope",
        "_first", "_scanned", "_start", "_is_learning", "_is_after_gap", "_ahead", "_pending",
        "_picker", "_templates", "_last_index",
    )  # fmt: skip

    def __init__(self, *, rate_hz: float, channel: int = 0, latency_s: float = 2.0) -> None:
        super().__init__(rate_hz=rate_hz, columns=(channel,))
        if rate_hz < MIN_RATE_HZ:
            raise SignalError(f"rate of {rate_hz} Hz is too low for an ECG; {MIN_RATE_HZ:g} needed")
        self._n_side = round(SEPARATION_S * rate_hz)
        self._n_ahead = round(P_WAVE_S * rate_hz)
        least_s = ENVELOPE_LAG_S + SEPARATION_S + P_WAVE_S + REFRACTORY_S
        if latency_s < least_s:
            raise SignalError(f"latency of {latency_s} s is too short; {least_s:.2f} s are needed")
        self.delay_s = latency_s
        self.warmup_s = LEARN_S
        self._search_back_s = latency_s - (ENVELOPE_LAG_S + SEPARATION_S + P_WAVE_S)
        self._filter = Butterworth(band="bandpass", cutoff_hz=BAND_HZ, rate_hz=rate_hz)
        self._smooth = Butterworth(band="lowpass", cutoff_hz=ENVELOPE_HZ, rate_hz=rate_hz)
        self._n_keep = round((2 * latency_s + BASELINE_S + 0.5) * rate_hz)
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._picker = BeatPicker(rate_hz=self.rate_hz, search_back_s=self._search_back_s)
        self._templates = np.zeros((0, 2 * round(TEMPLATE_S * self.rate_hz) + 1))
        self._is_after_gap = False
        self._last_index = -1
        self._is_learning = True
        self._clear()

    def _clear(self) -> None:
        self._filter.reset()
        self._smooth.reset()
        self._raw = self._time_s = self._sound = self._envelope = np.zeros(0)
        # Index of the first sample kept; of the next to be looked at for a maximum; of the start.
        self._first = self._scanned = self._start = -1
        self._ahead: list[Candidate] = []
        self._pending: list[Candidate] = []

    def _resume(self, missing_s: float) -> None:
        self._is_after_gap = self._last_index >= 0
        self._clear()
        self._picker.restart()
        if missing_s > ADAPTIVE_GAP_S:
            self._is_learning = True
            self._templates = self._templates[:0]

    def _take(self, block: SampleBlock) -> list[Beat]:
        if self._first < 0:
            self._first = self._scanned = self._start = block.first_index
        raw = block.values[:, self.columns[0]]
        band = self._filter.filter(raw[:, None])
        envelope = self._smooth.filter(np.abs(band))[:, 0]
        sound = np.ones(len(raw)) if block.quality is None else block.quality
        self._raw = np.concatenate([self._raw, raw])
        self._time_s = np.concatenate([self._time_s, block.time_s])
        self._sound = np.concatenate([self._sound, sound])
        self._envelope = np.concatenate([self._envelope, envelope])
        known = self._first + len(self._raw)
        self._scan(known - self._n_side)
        beats = self._decide(self._scanned - self._n_ahead)
        self._trim()
        return beats

    def _end(self) -> list[Beat]:
        """Decide the rest: the run ends here, so nothing comes after."""
        self._scan(self._first + len(self._raw))
        return self._decide(self._scanned + 1, is_end=True)

    def _scan(self, stop: int) -> None:
        """Find the maxima before an index; all samples within their separation are known."""
        if stop <= self._scanned:
            return
        low = max(self._first, self._scanned - self._n_side - 1)
        high = min(self._first + len(self._envelope), stop + self._n_side)
        part = self._envelope[low - self._first : high - self._first]
        best = ndimage.maximum_filter1d(part, 2 * self._n_side + 1, mode="constant", cval=-1.0)
        for place in np.flatnonzero(part == best).tolist():
            at = low + place
            height = float(part[place])
            is_rising = place > 0 and height > part[place - 1]
            floor = ROUNDING * abs(float(self._raw[at - self._first]))
            if self._scanned <= at < stop and is_rising and height > floor:
                self._ahead.append(Candidate(at, height))
        self._scanned = stop

    def _decide(self, stop: int, *, is_end: bool = False) -> list[Beat]:
        """Decide candidates before an index; the ones within a P wave after them are known."""
        if self._is_learning:
            until = self._start + round(LEARN_S * self.rate_hz)
            if self._scanned < until and not is_end:
                return []
            self._picker.learn([c.height for c in self._ahead if c.at < until], at=self._start)
            self._is_learning = False
        while self._ahead and self._ahead[0].at < stop:
            own = self._ahead.pop(0)
            found, replaces = self._picker.step(own, self._ahead)
            if replaces and self._pending:
                self._pending.pop()
            self._pending += found
        return self._tell(stop, is_end=is_end)

    def _tell(self, stop: int, *, is_end: bool) -> list[Beat]:
        """Beats that no higher candidate can replace any more."""
        final = stop - round(REFRACTORY_S * self.rate_hz)
        beats: list[Beat] = []
        while self._pending and (is_end or self._pending[0].at < final or len(self._pending) > 1):
            beats += self._beat(self._pending.pop(0))
        return beats

    def _beat(self, found: Candidate) -> list[Beat]:
        center = found.at - round(ENVELOPE_LAG_S * self.rate_hz) - self._first
        wide, near = round(BASELINE_S * self.rate_hz), round(APEX_S * self.rate_hz)
        base = _median(self._raw[max(0, center - wide) : center + wide + 1])
        n_side = round(SMOOTH_S * self.rate_hz / 2)
        low = max(n_side, center - near)
        high = min(len(self._raw) - n_side, center + near)
        if high <= low:
            return []
        excursion = np.zeros(high - low)
        for shift in range(-n_side, n_side + 1):
            excursion += self._raw[low + shift : high + shift] - base
        at = low + int(np.abs(excursion).argmax())
        index = self._first + at
        if index <= self._last_index:
            return []
        self._last_index = index
        gap, self._is_after_gap = self._is_after_gap, False
        return [
            Beat(
                index=index,
                time_s=float(self._time_s[at]),
                amplitude=float(self._raw[at]) - base,
                after_gap=gap,
                quality=self._quality(at, found),
            )
        ]

    def _quality(self, at: int, found: Candidate) -> float:
        """Likeness to the nearest of recent beats, times height over noise, times soundness."""
        n = round(TEMPLATE_S * self.rate_hz)
        sound = float(self._sound[max(0, at - n // 2) : at + n // 2 + 1].min())
        shape = self._raw[at - n : at + n + 1] if at >= n else np.zeros(0)
        if len(shape) < 2 * n + 1:
            return 0.5 * sound
        shape = shape - shape.sum() / len(shape)
        size = math.sqrt(float(np.square(shape).sum()))
        shape = shape / size if size > 0 else shape
        known = self._templates
        alike = max(0.0, float((known * shape).sum(axis=1).max())) if len(known) else 0.5
        self._templates = np.concatenate([known[1 - N_TEMPLATES :], shape[None]])
        clear = found.height / (found.height + found.noise)
        return sound * alike * clear

    def _trim(self) -> None:
        """Drop what nothing reaches any more, so that memory stays bounded."""
        n = len(self._raw) - self._n_keep
        if self._is_learning or n < self._n_keep:
            return
        self._raw, self._time_s = self._raw[n:], self._time_s[n:]
        self._sound, self._envelope = self._sound[n:], self._envelope[n:]
        self._first += n


def _median(values: NDArray[np.float64]) -> float:
    """Middle value, the upper one of two; faster than numpy's for a few hundred values."""
    middle = len(values) // 2
    return float(np.partition(values, middle)[middle])
