"""Device time to host time, from two-way exchanges with a dithered reply.

host = device + offset(device). The device stamps t2 on arrival, waits a random time and stamps t3
as late as it can, so that the wait for a connection event does not bias the offset. Every exchange
is kept in the file; a fit can be made again years later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RTT_FLOOR_SD_S = 0.8e-3
_RTT_SD_FLOOR_S = 0.2e-3
_DRIFT_WALK_S = 2e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange: host sends at t1, device receives at t2, answers at t3, host receives at t4.

    Attributes:
        t1_host_ns: Host sent the request.
        t2_device_us: Device received it.
        t3_device_us: Device sent the answer.
        t4_host_ns: Host received it.
        dither_us: Upper bound of the device's random wait.
    """

    t1_host_ns: int
    t2_device_us: int
    t3_device_us: int
    t4_host_ns: int
    dither_us: int

    @property
    def offset_s(self) -> float:
        """Host minus device time, by symmetry of both ways."""
        host_ns = self.t1_host_ns + self.t4_host_ns
        device_ns = 1000 * (self.t2_device_us + self.t3_device_us)
        return (host_ns - device_ns) / 2e9

    @property
    def rtt_s(self) -> float:
        """Time on the way, both ways, without the device's wait."""
        waited_ns = 1000 * (self.t3_device_us - self.t2_device_us)
        return (self.t4_host_ns - self.t1_host_ns - waited_ns) / 1e9

    @property
    def device_us(self) -> float:
        """Device time the offset belongs to."""
        return (self.t2_device_us + self.t3_device_us) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFit:
    """Piecewise linear map from device time to host time.

    Attributes:
        device_us: Knots, ascending, shape (n_knots,).
        offset_s: Host minus device time at the knots, shape (n_knots,).
        drift: Slope of the offset after each knot, no unit, shape (n_knots,).
        sd_s: Uncertainty at the knots, shape (n_knots,).
        rms_residual_s: Scatter of the exchanges that were used.
        n_used: Effective number of exchanges, by their weights.
        method: ``line``, ``kalman``, or ``none`` when there was no exchange.
    """

    device_us: NDArray[np.float64]
    offset_s: NDArray[np.float64]
    drift: NDArray[np.float64]
    sd_s: NDArray[np.float64]
    rms_residual_s: float
    n_used: int
    method: str

    def offset_at_s(self, device_us: NDArray[np.floating]) -> NDArray[np.float64]:
        """Host minus device time, shape as given; constant drift outside the knots."""
        at = np.asarray(device_us, dtype=np.float64)
        knot = np.clip(np.searchsorted(self.device_us, at, side="right") - 1, 0, None)
        since_s = (at - self.device_us[knot]) * 1e-6
        return self.offset_s[knot] + self.drift[knot] * since_s

    def host_ns(self, device_us: NDArray[np.floating]) -> NDArray[np.float64]:
        """Host time of device times, shape as given."""
        at = np.asarray(device_us, dtype=np.float64)
        return at * 1e3 + self.offset_at_s(at) * 1e9


def refit(exchanges: Sequence[Exchange]) -> ClockFit:
    """Fit a line through the exchanges after a session, the shorter the way the more weight.

    Each exchange weighs as the inverse square of its possible error, so that every decade of
    round-trip time tells as much as the next; taking a best share instead wastes the rest.

    Args:
        exchanges: Exchanges of one boot.

    Returns:
        A fit with one knot; ``method`` is ``none`` and the offset 0 when there is no exchange.
    """
    if not exchanges:
        zero = np.zeros(1)
        return ClockFit(
            device_us=zero, offset_s=zero, drift=zero, sd_s=np.full(1, np.inf),
            rms_residual_s=float("nan"), n_used=0, method="none",
        )  # fmt: skip
    at_us = np.array([exchange.device_us for exchange in exchanges])
    offset_s = np.array([exchange.offset_s for exchange in exchanges])
    rtt_s = np.array([exchange.rtt_s for exchange in exchanges])
    # An offset is wrong by at most half of what its way took longer than the shortest one.
    weight = (_RTT_SD_FLOOR_S + _excess_s(rtt_s, rtt_s.min(), rtt_s.mean(), rtt_s.size) / 3) ** -2.0
    weight /= weight.sum()
    middle_us, base_s = float(weight @ at_us), offset_s[0]
    since_s, above_s = (at_us - middle_us) * 1e-6, offset_s - base_s
    mean_s = float(weight @ above_s)
    # Exchanges of one burst cannot tell a drift from noise.
    spread = float(weight @ since_s**2)
    drift = float(weight @ (since_s * above_s)) / spread if np.ptp(since_s) > 2.0 else 0.0
    residual_s = above_s - mean_s - drift * since_s
    rms_s = float(np.sqrt(weight @ residual_s**2))
    n_used = round(1.0 / float((weight**2).sum()))
    return ClockFit(
        device_us=np.array([middle_us]),
        offset_s=np.array([base_s + mean_s]),
        drift=np.array([drift]),
        sd_s=np.array([rms_s / np.sqrt(n_used)]),
        rms_residual_s=rms_s,
        n_used=n_used,
        method="line",
    )


def _excess_s(
    rtt_s: NDArray[np.float64], best_s: float, mean_s: float, n_seen: int
) -> NDArray[np.float64]:
    """What round trips took longer than the shortest possible one.

    The shortest of n sums of two even waits still exceeds it by their mean times sqrt(pi / 2 n).
    """
    return rtt_s - best_s + np.sqrt(np.pi / (2 * n_seen)) * (mean_s - best_s)


class OnlineClock:
    """Kalman filter over offset and drift, for a live view while recording."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything; a garment that rebooted has another clock."""
        self._state: NDArray[np.float64] | None = None
        self._covariance = np.diag([1e-4, 1e-8])
        self._at_us = 0.0
        self._base_s = 0.0
        self._best_rtt_s = np.inf
        self._rtt_sum_s = 0.0
        self._n_seen = 0

    @property
    def is_set(self) -> bool:
        """Whether an exchange has been seen."""
        return self._state is not None

    def __call__(self, burst: Sequence[Exchange]) -> None:
        """Take in a burst, each exchange weighted by the inverse square of its possible error."""
        if not burst:
            return
        rtt_s = np.array([exchange.rtt_s for exchange in burst])
        self._best_rtt_s = min(self._best_rtt_s, float(rtt_s.min()))
        self._rtt_sum_s += float(rtt_s.sum())
        self._n_seen += len(burst)
        if self._state is None:
            self._base_s = burst[int(rtt_s.argmin())].offset_s
        mean_s = self._rtt_sum_s / self._n_seen
        excess_s = _excess_s(rtt_s, self._best_rtt_s, mean_s, self._n_seen)
        weight = (_RTT_FLOOR_SD_S + excess_s / 3) ** -2.0
        R = 1.0 / float(weight.sum())
        at_us = R * float(weight @ [exchange.device_us for exchange in burst])
        above_s = R * float(weight @ [exchange.offset_s - self._base_s for exchange in burst])
        if self._state is None:
            self._state = np.array([above_s, 0.0])
            self._at_us = at_us
            return
        h = max((at_us - self._at_us) * 1e-6, 0.0)
        F = np.array([[1.0, h], [0.0, 1.0]])
        Q = _DRIFT_WALK_S**2 * np.array([[h**3 / 3, h**2 / 2], [h**2 / 2, h]])
        Q[0, 0] += 1e-12
        state, P = F @ self._state, F @ self._covariance @ F.T + Q
        gain = P[:, 0] / (P[0, 0] + R)
        self._state = state + gain * (above_s - state[0])
        self._covariance = P - np.outer(gain, P[0])
        self._at_us = at_us

    def fit(self) -> ClockFit:
        """What the filter believes now, as a fit with one knot."""
        if self._state is None:
            return refit(())
        return ClockFit(
            device_us=np.array([self._at_us]),
            offset_s=np.array([self._base_s + self._state[0]]),
            drift=np.array([self._state[1]]),
            sd_s=np.array([np.sqrt(self._covariance[0, 0])]),
            rms_residual_s=float("nan"),
            n_used=1,
            method="kalman",
        )
