"""What a model says about one window; ``unknown`` is an answer, and says why."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import ModelError
from wearables.signals.windows import Window

UNKNOWN = "unknown"
MAX_GAP_S = 0.1
RATE_TOLERANCE = 0.01
# Reasons, as sentences for people.
REASONS = {
    "gap": "samples are missing",
    "clock": "the clock does not run at the rate of the samples",
    "flat": "a channel stands still",
    "doubt": "unlike what the model knows",
}
# A live clock is set anew now and then; beyond this the rate is another one.
_CLOCK_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What one window says.

    Attributes:
        time_s: Middle of the window.
        label: Class, or ``unknown``.
        smoothed: The same with the past, without its future.
        probability: Of the most likely class; 0 where nothing could be said.
        reason: Why it is unknown, a key of `REASONS`; empty otherwise.
    """

    time_s: float
    label: str
    smoothed: str
    probability: float
    reason: str


def unknown(time_s: float, reason: str, *, probability: float = 0.0) -> Activity:
    """The answer where there is none."""
    return Activity(
        time_s=time_s, label=UNKNOWN, smoothed=UNKNOWN, probability=probability, reason=reason
    )


def trouble(window: Window, *, rate_hz: float) -> str:
    """Why a window cannot be judged whatever the model: gap, clock, flat, or nothing.

    Args:
        window: The window.
        rate_hz: Rate that it should have.
    """
    longest = max(1, int(MAX_GAP_S * rate_hz))
    if window.longest_gap >= longest or not np.isfinite(window.values).any(axis=0).all():
        return "gap"
    # A comparison with NaN is false: a clock that went back has no rate.
    if not abs(window.rate_hz / rate_hz - 1) <= _CLOCK_TOLERANCE:
        return "clock"
    is_flat = np.nanmax(window.values, axis=0) == np.nanmin(window.values, axis=0)
    return "flat" if is_flat.any() else ""


def bridged(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holes too short to matter filled along a line, shape as given (n_samples, n_channels)."""
    if np.isfinite(values).all():
        return values
    rows = np.arange(len(values))
    filled = values.copy()
    for column in filled.T:
        good = np.isfinite(column)
        column[~good] = np.interp(rows[~good], rows[good], column[good])
    return filled


def check_signal(
    wanted: tuple[str, ...], wanted_hz: float, channels: tuple[str, ...], rate_hz: float
) -> None:
    """Refuse a signal that a model was not trained for.

    Raises:
        ModelError: If channels, units, order or rate are others.
    """
    if channels != wanted:
        raise ModelError(
            f"the model needs the channels {', '.join(wanted)} in this order; "
            f"the signal has {', '.join(channels)}"
        )
    # NaN is refused, too.
    if not abs(rate_hz / wanted_hz - 1) <= RATE_TOLERANCE:
        raise ModelError(
            f"the model needs {wanted_hz:g} Hz, the signal has {rate_hz:.3f} Hz; "
            "resample it as a step of its own"
        )
