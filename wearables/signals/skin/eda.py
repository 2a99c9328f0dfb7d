"""Electrodermal activity: slow level, fast part, and the responses in it.

Definitions after Boucsein et al. 2012 (Psychophysiology 49, 1017): a response rises by at least
0.01 uS within 1 to 5 s. Changed: the tonic level is a causal low-pass at 0.05 Hz, so it lags by
about five seconds; amplitudes are from trough to peak of the smoothed signal, not of the phasic
part, whose high-pass would shrink them. Conductance in siemens.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.operator import Operator, RunOperator

TONIC_HZ = 0.05
SMOOTH_HZ = 1.5
MIN_AMPLITUDE_S = 0.01e-6
RISE_S = (0.5, 5.0)
# A turn of the signal counts once it has moved back by this share of the least response.
TURN_SHARE = 0.3
# The rise starts where its slope falls below this share of the steepest.
ONSET_SHARE = 0.1
RECOVERY_LIMIT_S = 10.0
MIN_RATE_HZ = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinResponse:
    """One skin conductance response.

    Attributes:
        onset_s: Session time of the trough it rises from.
        peak_s: Session time of its peak.
        amplitude_s: Rise from trough to peak [S].
        half_recovery_s: Time from the peak until half of the rise is lost; NaN if another response,
            a gap or ten seconds came first.
        after_gap: Whether samples are missing since the response before.
    """

    onset_s: float
    peak_s: float
    amplitude_s: float
    half_recovery_s: float
    after_gap: bool


class TonicPhasic(Operator[SampleBlock]):
    """Splits a conductance into its slow level and the rest; channels ``tonic_s``, ``phasic_s``."""

    memory = ("_tonic",)

    def __init__(self, *, rate_hz: float, channel: int = 0) -> None:
        self.rate_hz, self._channel = rate_hz, channel
        self._tonic = Butterworth(band="lowpass", cutoff_hz=TONIC_HZ, rate_hz=rate_hz)
        self.warmup_s = self._tonic.warmup_s

    def reset(self) -> None:
        """Forget the signal."""
        self._tonic.reset()

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """Start anew at the next value."""
        return self._tonic.gap(n_missing)

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Split the next block."""
        raw = block.values[:, [self._channel]]
        own = SampleBlock(
            stream=block.stream, first_index=block.first_index, time_s=block.time_s, values=raw,
            channels=("tonic_s",), quality=block.quality,
        )  # fmt: skip
        level = self._tonic(own)[0]
        return [
            SampleBlock(
                stream=block.stream, first_index=block.first_index, time_s=block.time_s,
                values=np.concatenate([level.values, raw - level.values], axis=1),
                channels=("tonic_s", "phasic_s"), quality=level.quality,
            )
        ]  # fmt: skip


class ResponseDetector(RunOperator[SkinResponse]):
    """Skin conductance responses of one channel; told at half recovery or when it is out of reach.

    ``delay_s`` counts from the peak.
    """

    memory = (
        *RunOperator.memory, "_smooth", "_is_rising", "_low", "_high", "_waiting", "_is_after_gap",
        "_recent",
        "_has_response",
    )  # fmt: skip

    def __init__(self, *, rate_hz: float, channel: int = 0) -> None:
        super().__init__(rate_hz=rate_hz, columns=(channel,))
        if rate_hz < MIN_RATE_HZ:
            raise SignalError(f"rate of {rate_hz} Hz is too low for responses; 4 Hz are needed")
        cutoff = min(SMOOTH_HZ, 0.4 * rate_hz)
        self._smooth = Butterworth(band="lowpass", cutoff_hz=cutoff, rate_hz=rate_hz)
        self._lag_s = float(np.sqrt(2.0) / (2 * np.pi * cutoff))
        self.delay_s = RECOVERY_LIMIT_S
        self._n_recent = round((RISE_S[1] + 1.0) * rate_hz)
        self.warmup_s = self._smooth.warmup_s
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._has_response = False
        self._restart()

    def _restart(self) -> None:
        self._smooth.reset()
        self._is_rising = False
        self._recent: list[tuple[float, float]] = []
        self._low = self._high = (float("nan"), float("inf"))
        # Onset, peak, amplitude and height of a response whose recovery is not known yet.
        self._waiting: tuple[float, float, float, float] | None = None
        self._is_after_gap = False

    def _resume(self, missing_s: float) -> None:
        self._restart()
        self._is_after_gap = self._has_response

    def _end(self) -> list[SkinResponse]:
        return self._close(float("nan"))

    def _take(self, block: SampleBlock) -> list[SkinResponse]:
        smooth = self._smooth.filter(block.values[:, list(self.columns)])[:, 0]
        found: list[SkinResponse] = []
        for time_s, value in zip(block.time_s.tolist(), smooth.tolist(), strict=True):
            found += self._step(time_s - self._lag_s, value)
        return found

    def _step(self, time_s: float, value: float) -> list[SkinResponse]:
        found: list[SkinResponse] = []
        if self._waiting is not None:
            _, peak_s, amplitude, height = self._waiting
            if value <= height - amplitude / 2:
                found += self._close(time_s - peak_s)
            elif time_s - peak_s >= RECOVERY_LIMIT_S:
                found += self._close(float("nan"))
        self._recent.append((time_s, value))
        if len(self._recent) > 2 * self._n_recent:
            del self._recent[: -self._n_recent]
        turn = TURN_SHARE * MIN_AMPLITUDE_S
        if self._is_rising:
            if value >= self._high[1]:
                self._high = (time_s, value)
            elif self._high[1] - value > turn:
                found += self._peak(time_s, value)
        elif value <= self._low[1]:
            self._low = (time_s, value)
        elif value - self._low[1] > turn:
            self._is_rising = True
            self._high = (time_s, value)
        return found

    def _peak(self, time_s: float, value: float) -> list[SkinResponse]:
        high = self._high
        low = self._onset()
        self._is_rising, self._low = False, (time_s, value)
        amplitude, rise_s = high[1] - low[1], high[0] - low[0]
        if amplitude < MIN_AMPLITUDE_S or not RISE_S[0] <= rise_s <= RISE_S[1]:
            return []
        before = self._close(float("nan"))
        self._waiting = (low[0], high[0], amplitude, high[1])
        return before

    def _onset(self) -> tuple[float, float]:
        """Where the rise to the present peak starts: before the steepest point, where it is slow.

        A level that creeps up before a response is not part of it.
        """
        rise = [row for row in self._recent if self._low[0] <= row[0] <= self._high[0]]
        slopes = [after[1] - before[1] for before, after in pairwise(rise)]
        if not slopes:
            return self._low
        i = slopes.index(max(slopes))
        while i > 0 and slopes[i - 1] > ONSET_SHARE * max(slopes):
            i -= 1
        return rise[i]

    def _close(self, recovery_s: float) -> list[SkinResponse]:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return []
        gap, self._is_after_gap = self._is_after_gap, False
        self._has_response = True
        return [
            SkinResponse(
                onset_s=waiting[0],
                peak_s=waiting[1],
                amplitude_s=waiting[2],
                half_recovery_s=recovery_s,
                after_gap=gap,
            )
        ]
