"""Sample index to device time: a line through the first-sample stamps, never the nominal rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLine:
    """device_us = device_us0 + index / rate.

    Attributes:
        device_us0: Device time of index 0.
        rate_hz: Measured rate.
        rate_sd_hz: Its standard deviation; the nominal rate has infinity.
    """

    device_us0: float
    rate_hz: float
    rate_sd_hz: float

    def device_us(self, index: NDArray[np.integer]) -> NDArray[np.float64]:
        """Device time of samples, shape as given."""
        return self.device_us0 + np.asarray(index, dtype=np.float64) * (1e6 / self.rate_hz)


def fit_rate(
    index: NDArray[np.integer], device_us: NDArray[np.integer], nominal_rate_hz: float
) -> RateLine:
    """Regress stamps on index within one segment.

    Args:
        index: Index of the first sample of each frame, shape (n_frames,).
        device_us: Stamp of that sample, shape (n_frames,).
        nominal_rate_hz: Used when fewer than three frames are there.
    """
    if len(index) == 0:
        return RateLine(device_us0=0.0, rate_hz=nominal_rate_hz, rate_sd_hz=float("inf"))
    x = np.asarray(index, dtype=np.float64)
    y = np.asarray(device_us, dtype=np.float64)
    x_mean, y_mean = x.mean(), y.mean()
    spread = ((x - x_mean) ** 2).sum()
    period_us, sd_us = 1e6 / nominal_rate_hz, float("inf")
    if len(index) >= 3 and spread > 0:
        period_us = float(((x - x_mean) * (y - y_mean)).sum() / spread)
        residual = y - y_mean - period_us * (x - x_mean)
        sd_us = float(np.sqrt((residual**2).sum() / (len(index) - 2) / spread))
    return RateLine(
        device_us0=float(y_mean - period_us * x_mean),
        rate_hz=1e6 / period_us,
        rate_sd_hz=1e6 / period_us**2 * sd_us,
    )
