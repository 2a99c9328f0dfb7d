"""Gait events of a sensor on the lower back: contact of one foot, toe-off of the other.

McCamley et al. 2012 (Gait Posture 36, 316), as used by Del Din et al. 2016: the vertical
acceleration is smoothed by a Gaussian (which is their integral followed by a wavelet derivative);
contact is where it is largest, toe-off where it then falls fastest. Changed: the vertical comes
from the slow part of the acceleration, so the sensor may sit any way round; windows are causal with
a fixed delay; three contacts in a row are needed; feet are not named.

In the walking model of Alexander & Jayes 1980 (stance 60 to 64 % of a stride) both events come half
a double support late (0.05 to 0.1 s); steps are exact there, stance errs by up to 0.08 s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import Butterworth
from wearables.signals.motion.steps import MAX_STEP_S, MIN_ROW
from wearables.signals.operator import RunOperator

# Their wavelet, scale 10 at 100 Hz, as a standard deviation.
SMOOTH_S = 0.07
DOWN_HZ = 0.2
MIN_RATE_HZ = 40.0
MIN_PEAK_M_S2 = 0.3
REFRACTORY_S = 0.25
MAX_TOE_OFF_S = 0.3
_REACH = 3.0
# With one coefficient scipy convolves block by block, and bits would depend on the cuts.
_RECURSIVE = (1.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A foot meets the ground, and the other one leaves it.

    Attributes:
        contact_s: Session time of the contact.
        toe_off_s: Session time at which the other foot leaves; NaN where it was not seen.
        height_m_s2: Smoothed vertical acceleration at the contact.
        is_first: Whether it starts a row: no step leads to it.
        quality: 0 to 1, of the sample.
    """

    contact_s: float
    toe_off_s: float
    height_m_s2: float
    is_first: bool
    quality: float


class _Sample(NamedTuple):
    time_s: float
    height: float
    slope: float
    quality: float


class TrunkGait(RunOperator[Contact]):
    """Streaming events of gait; the first two contacts of a row are told with the third."""

    memory = (
        *RunOperator.memory, "_down", "_smooth_zi", "_slope_zi", "_waiting", "_before", "_peak",
        "_falls", "_row", "_is_walking",
    )  # fmt: skip

    def __init__(self, *, rate_hz: float, columns: Sequence[int] = (0, 1, 2)) -> None:
        super().__init__(rate_hz=rate_hz, columns=columns)
        if len(self.columns) != 3:
            raise SignalError(f"gait needs three axes, columns {self.columns} were given")
        if rate_hz < MIN_RATE_HZ:
            raise SignalError(
                f"rate of {rate_hz} Hz is too low for gait events; {MIN_RATE_HZ:g} Hz are needed"
            )
        self._smooth, self._slope = _kernels(rate_hz)
        self._n_delay = len(self._smooth) // 2
        self._down = Butterworth(band="lowpass", cutoff_hz=DOWN_HZ, rate_hz=rate_hz, order=1)
        self.warmup_s = self._down.warmup_s
        wait_s = self._n_delay / rate_hz + MAX_TOE_OFF_S + 2 / rate_hz
        self.delay_s = wait_s + (MIN_ROW - 1) * MAX_STEP_S
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        super().reset()
        self._clear()

    def _clear(self) -> None:
        self._down.reset()
        self._smooth_zi: NDArray[np.float64] | None = None
        self._slope_zi: NDArray[np.float64] | None = None
        # Time and quality of samples whose smoothed value is not known yet.
        self._waiting: list[tuple[float, float]] = []
        self._before: list[_Sample] = []
        self._peak: _Sample | None = None
        self._falls: list[_Sample] = []
        self._row: list[Contact] = []
        self._is_walking = False

    def _resume(self, missing_s: float) -> None:
        self._clear()

    def _end(self) -> list[Contact]:
        return self._settle() if self._peak is not None else []

    def _take(self, block: SampleBlock) -> list[Contact]:
        acc = block.values[:, list(self.columns)]
        down = self._down.filter(acc)
        length = np.sqrt(np.square(down).sum(axis=1))
        up = (acc * down).sum(axis=1) / np.maximum(length, 1e-9) - length
        if self._smooth_zi is None or self._slope_zi is None:
            self._smooth_zi = signal.lfilter_zi(self._smooth, _RECURSIVE) * up[0]
            self._slope_zi = signal.lfilter_zi(self._slope, _RECURSIVE) * up[0]
        height, self._smooth_zi = signal.lfilter(self._smooth, _RECURSIVE, up, zi=self._smooth_zi)
        slope, self._slope_zi = signal.lfilter(self._slope, _RECURSIVE, up, zi=self._slope_zi)
        sound = np.ones(block.n_samples) if block.quality is None else block.quality
        contacts: list[Contact] = []
        rows = zip(
            block.time_s.tolist(), sound.tolist(), height.tolist(), slope.tolist(), strict=True
        )
        for time_s, quality, own_height, own_slope in rows:
            self._waiting.append((time_s, quality))
            if len(self._waiting) > self._n_delay:
                then_s, then_quality = self._waiting.pop(0)
                contacts += self._step(_Sample(then_s, own_height, own_slope, then_quality))
        return contacts

    def _step(self, own: _Sample) -> list[Contact]:
        contacts: list[Contact] = []
        if self._peak is not None and own.time_s - self._peak.time_s > MAX_TOE_OFF_S + 1e-9:
            contacts = self._settle()
        if len(self._before) == 2:
            first, middle = self._before
            if middle.height > MIN_PEAK_M_S2 and first.height < middle.height >= own.height:
                contacts += self._crest(middle)
            if self._peak is not None and first.slope > middle.slope <= own.slope:
                self._falls.append(middle)
        self._before = [*self._before[-1:], own]
        return contacts

    def _crest(self, own: _Sample) -> list[Contact]:
        """A crest is a new contact, or a better place for the last one."""
        contacts: list[Contact] = []
        if self._peak is not None and own.time_s - self._peak.time_s > REFRACTORY_S:
            contacts = self._settle()
        if self._peak is None or own.height > self._peak.height:
            self._peak, self._falls = own, []
        return contacts

    def _settle(self) -> list[Contact]:
        """What followed a crest is known: it is a contact with its toe-off."""
        peak, falls = self._peak, self._falls
        self._peak, self._falls = None, []
        if peak is None:
            return []
        toe_off_s = min(falls, key=lambda fall: fall.slope).time_s if falls else float("nan")
        if self._row and peak.time_s - self._row[-1].contact_s > MAX_STEP_S:
            self._row, self._is_walking = [], False
        self._row.append(
            Contact(
                contact_s=peak.time_s, toe_off_s=toe_off_s, height_m_s2=peak.height,
                is_first=not self._row, quality=peak.quality,
            )
        )  # fmt: skip
        if not self._is_walking and len(self._row) < MIN_ROW:
            return []
        told = self._row[-1:] if self._is_walking else list(self._row)
        self._is_walking, self._row = True, self._row[-1:]
        return told


def _kernels(rate_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Taps that smooth, and taps that smooth twice and differentiate, with the same delay."""
    n = round(_REACH * np.sqrt(2) * SMOOTH_S * rate_hz)
    time_s = np.arange(-n, n + 1) / rate_hz
    once = np.exp(-0.5 * (time_s / SMOOTH_S) ** 2)
    twice = np.exp(-0.25 * (time_s / SMOOTH_S) ** 2)
    slope = -time_s / (2 * SMOOTH_S**2) * twice / twice.sum()
    return once / once.sum(), slope


@dataclass(frozen=True, slots=True, kw_only=True)
class GaitCycle:
    """From one contact of a foot to its next.

    Attributes:
        start_s: Contact.
        stride_s: Until the next contact of the same foot.
        step_s: Until the contact of the other foot.
        stance_s: Until its own toe-off; NaN where that was not seen.
        swing_s: The rest of the stride.
        double_support_s: Time with both feet on the ground.
    """

    start_s: float
    stride_s: float
    step_s: float
    stance_s: float
    swing_s: float
    double_support_s: float


def gait_cycles(contacts: Sequence[Contact]) -> list[GaitCycle]:
    """Times of the strides in rows of contacts; none leads over a break between rows."""
    cycles = []
    for one, other, again in zip(contacts, contacts[1:], contacts[2:], strict=False):
        if other.is_first or again.is_first:
            continue
        stride_s = again.contact_s - one.contact_s
        stance_s = other.toe_off_s - one.contact_s
        both_s = (one.toe_off_s - one.contact_s) + (other.toe_off_s - other.contact_s)
        cycles.append(
            GaitCycle(
                start_s=one.contact_s, stride_s=stride_s, step_s=other.contact_s - one.contact_s,
                stance_s=stance_s, swing_s=stride_s - stance_s, double_support_s=both_s,
            )
        )  # fmt: skip
    return cycles
