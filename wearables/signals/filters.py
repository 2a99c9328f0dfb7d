"""Causal Butterworth filters with memory."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from wearables.errors import SignalError
from wearables.events import SampleBlock

Band = Literal["lowpass", "highpass", "bandpass"]


class Butterworth:
    """Second-order sections; starts, and restarts at a gap, at the first value.

    Starting there means that a constant passes a low-pass at once, and that there is no step from
    zero. Values of the first `warmup_s` still settle.
    """

    def __init__(
        self, *, band: Band, cutoff_hz: float | tuple[float, float], rate_hz: float, order: int = 2
    ) -> None:
        edges = np.atleast_1d(np.asarray(cutoff_hz, dtype=np.float64))
        wanted = 2 if band == "bandpass" else 1
        if edges.size != wanted:
            raise SignalError(f"{band} needs {wanted} cutoffs, {edges.size} were given")
        if not (edges[0] > 0 and (np.diff(edges) > 0).all() and edges[-1] < rate_hz / 2):
            raise SignalError(f"cutoff of {cutoff_hz} Hz is outside (0, {rate_hz / 2}) Hz")
        self.rate_hz = rate_hz
        self.warmup_s = 2.0 / float(edges[0])
        self.sos = signal.butter(
            order, edges if wanted == 2 else edges[0], btype=band, fs=rate_hz, output="sos"
        )
        self._state: NDArray[np.float64] | None = None

    def filter(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next values, shape (n_samples, n_channels). Same shape and unit back."""
        if values.shape[0] == 0:
            return values.copy()
        if self._state is None:
            self._state = signal.sosfilt_zi(self.sos)[:, :, None] * values[0]
        filtered, self._state = signal.sosfilt(self.sos, values, axis=0, zi=self._state)
        return filtered

    def __call__(self, block: SampleBlock) -> Sequence[SampleBlock]:
        """Filter the next block."""
        return [
            SampleBlock(
                stream=block.stream,
                first_index=block.first_index,
                time_s=block.time_s,
                values=self.filter(block.values),
                channels=block.channels,
            )
        ]

    def gap(self) -> Sequence[SampleBlock]:
        """Start anew at the next value."""
        self.reset()
        return []

    def flush(self) -> Sequence[SampleBlock]:
        """Nothing waits in a causal filter."""
        return []

    def reset(self) -> None:
        """Forget the signal."""
        self._state = None
