"""Two sessions felt the same event: how far apart do their clocks put it?

Two garments tapped together, or shaken in one hand, give the same acceleration at the same moment.
What correlation finds is a check of the clocks, never a silent correction.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SessionError
from wearables.sessions.align import clock_shift_s
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader

_KINDS = ("acc", "imu")
# Finer than the samples, so that the parabola through the peak is one.
_FINER = 4
MIN_CORRELATION = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLag:
    """What a shared event says of two clocks.

    Attributes:
        first: Stream of the first session.
        second: Stream of the second session.
        lag_s: How much later the second session has the event; 0 for clocks that agree.
        width_s: Width of the correlation's peak at half its height: how sharp the event was.
        correlation: Height of the peak, at most 1.
    """

    first: str
    second: str
    lag_s: float
    width_s: float
    correlation: float

    @property
    def is_sure(self) -> bool:
        """Whether both felt the same thing."""
        return self.correlation >= MIN_CORRELATION

    def to_json(self) -> dict[str, Any]:
        """Facts for a program."""
        return {**asdict(self), "is_sure": self.is_sure}


def event_lag(
    first: Session, second: Session, *, at_s: float, span_s: float = 2.0, max_lag_s: float = 0.25
) -> EventLag:
    """Correlate the magnitude of acceleration of two sessions around a moment.

    Args:
        first: Its clock counts.
        second: Brought to that clock as `align_sessions` does it.
        at_s: The event, in session time of the first.
        span_s: How much around it is compared.
        max_lag_s: Largest difference that is looked for.

    Raises:
        SessionError: If a session has no acceleration, a gap there, or lies still.
    """
    one, two = _acceleration(first), _acceleration(second)
    step_s = 1 / (_FINER * max(one.rate_hz, two.rate_hz))
    n, m = round(span_s / step_s), round(max_lag_s / step_s)
    start_s = at_s - span_s / 2
    x = _magnitude(first, one, start_s + step_s * np.arange(n))
    times_s = start_s + step_s * np.arange(-m, n + m) - clock_shift_s(first, second)
    y = _magnitude(second, two, times_s)
    heights = np.array([_correlation(x, y[k : k + n]) for k in range(2 * m + 1)])
    top = int(np.argmax(heights))
    return EventLag(
        first=one.name,
        second=two.name,
        lag_s=float((top - m + _parabola(heights, top)) * step_s),
        width_s=float((heights > heights[top] / 2).sum() * step_s),
        correlation=float(heights[top]),
    )


def _acceleration(session: Session) -> StreamReader:
    for stream in session.streams.values():
        if set(stream.kinds) & set(_KINDS) and stream.n_stored:
            return stream
    raise SessionError(f"{session.name} has no stream of acceleration to compare")


def _magnitude(
    session: Session, stream: StreamReader, time_s: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Length of the acceleration at given session times, shape as given."""
    margin_s = 2 / stream.rate_hz
    block = stream.read(float(time_s[0]) - margin_s, float(time_s[-1]) + margin_s)
    columns = [i for i, kind in enumerate(stream.kinds) if kind in _KINDS]
    length = np.linalg.norm(block.values[:, columns], axis=1)
    where = f"{session.name} around {time_s.mean():.2f} s"
    covered = block.n_samples > 1 and (
        block.time_s[0] <= time_s[0] and block.time_s[-1] >= time_s[-1]
    )
    if not covered or np.isnan(length).any():
        raise SessionError(f"{where} has a gap or ends, so nothing can be compared there")
    if np.ptp(length) == 0:
        raise SessionError(f"{where} did not move, so nothing can be compared there")
    return np.interp(time_s, block.time_s, length)


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    x, y = x - x.mean(), y - y.mean()
    size = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / size if size else 0.0


def _parabola(heights: NDArray[np.float64], top: int) -> float:
    """Place of the peak between samples, -0.5 to 0.5 steps from the highest one."""
    if not 0 < top < len(heights) - 1:
        return 0.0
    left, middle, right = heights[top - 1 : top + 2]
    bend = left - 2 * middle + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0
