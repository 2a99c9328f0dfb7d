"""Whether a garment is worn: an hour in which an accelerometer hardly moves is not.

After van Hees et al. 2011 (PLoS ONE 6, e22922) as GGIR uses it: not worn where, on two of three
axes, the standard deviation is below 13 mg and the range below 50 mg over 60 minutes, looked at
every 15 minutes. Changed: a contact signal (ECG or strain that is not flat) overrules it, and
missing samples give ``unknown``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.motion.intensity import STANDARD_GRAVITY_M_S2
from wearables.signals.operator import Operator
from wearables.signals.windows import Window, Windows

MAX_SD_M_S2 = 0.013 * STANDARD_GRAVITY_M_S2
MAX_RANGE_M_S2 = 0.050 * STANDARD_GRAVITY_M_S2
MIN_COVERAGE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """Whether the garment was worn in a window.

    Attributes:
        time_s: Middle of the window.
        verdict: ``worn``, ``not worn``; ``unknown`` below half of coverage.
        coverage: Share of samples that are there.
    """

    time_s: float
    verdict: Literal["worn", "not worn", "unknown"]
    coverage: float


class WearDetector(Operator[Wear]):
    """Wear per window of three axes of acceleration."""

    memory = ("_windows",)

    def __init__(
        self,
        *,
        rate_hz: float,
        columns: Sequence[int] = (0, 1, 2),
        contact: int | None = None,
        window_s: float = 3600.0,
        hop_s: float = 900.0,
    ) -> None:
        if len(columns) != 3:
            raise SignalError(f"wear needs three axes, columns {tuple(columns)} were given")
        self.rate_hz, self._columns, self._contact = rate_hz, list(columns), contact
        self.delay_s = window_s / 2
        n, hop = round(window_s * rate_hz), round(hop_s * rate_hz)
        self._windows = Windows(n=n, hop=hop, rate_hz=rate_hz)

    def reset(self) -> None:
        """Forget the signal."""
        self._windows.reset()

    def __call__(self, block: SampleBlock) -> list[Wear]:
        """Take in the next block; returns the windows that are full now."""
        return [self._judge(window) for window in self._windows(block)]

    def gap(self, n_missing: int) -> list[Wear]:
        """Missing samples lower the coverage."""
        return [self._judge(window) for window in self._windows.gap(n_missing)]

    def _judge(self, window: Window) -> Wear:
        rows = window.values[np.isfinite(window.values).all(axis=1)]
        verdict: Literal["worn", "not worn", "unknown"] = "unknown"
        if window.coverage >= MIN_COVERAGE:
            axes = rows[:, self._columns]
            is_still = (axes.std(axis=0) < MAX_SD_M_S2) & (np.ptp(axes, axis=0) < MAX_RANGE_M_S2)
            verdict = "not worn" if is_still.sum() >= 2 else "worn"
            if self._contact is not None and np.ptp(rows[:, self._contact]) > 0:
                verdict = "worn"
        return Wear(time_s=window.time_s, verdict=verdict, coverage=window.coverage)
