"""Several streams on one time grid, with a mask that says what was measured."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from wearables.errors import SessionError
from wearables.events import SampleBlock
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader

Method = Literal["polyphase", "linear", "hold"]
MAX_FACTOR = 1000
_SAME_HOST_NS = 500_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Streams on one grid.

    Attributes:
        time_s: Session time, shape (n_samples,).
        values: By stream, shape (n_samples, n_channels); NaN where nothing was measured.
        is_measured: By stream, whether samples stand on both sides, shape (n_samples,).
        channels: By stream, names with SI units.
    """

    time_s: NDArray[np.float64]
    values: dict[str, NDArray[np.float64]]
    is_measured: dict[str, NDArray[np.bool_]]
    channels: dict[str, tuple[str, ...]]


def align(
    streams: Sequence[StreamReader], *, rate_hz: float, method: Method = "polyphase"
) -> Aligned:
    """Bring streams to one grid over the time that all of them cover.

    ``polyphase`` filters against aliasing before it lowers a rate, then places the samples
    linearly; ``linear`` and ``hold`` do not filter. Nothing is carried across a gap.

    Args:
        streams: Streams of one session.
        rate_hz: Rate of the grid.
        method: How values between samples come about.

    Raises:
        SessionError: If the rate is not above 0, a stream is empty, or nothing is shared.
    """
    return _on_one_grid({s.name: s.read_runs() for s in streams}, rate_hz=rate_hz, method=method)


def align_sessions(
    sessions: Sequence[Session],
    *,
    rate_hz: float,
    method: Method = "polyphase",
    lags_s: Sequence[float] = (),
) -> Aligned:
    """Bring the streams of several sessions to one grid, on the clock of the first one.

    Sessions of one host share its clock. Those of other hosts, or from before a restart, are joined
    by their UTC anchors, which are as good as the clocks of the hosts.

    Args:
        sessions: Open sessions; streams are named ``FILE/STREAM``, of one of several garments
            ``FILE/DEVICE/STREAM``.
        rate_hz: Rate of the grid.
        method: How values between samples come about.
        lags_s: How much later each session after the first has what happened at the same moment,
            such as `event_lag` finds and somebody has accepted; 0 if nothing is said.

    Raises:
        SessionError: As `align`.
    """
    first = sessions[0]
    runs: dict[str, list[SampleBlock]] = {}
    for i, session in enumerate(sessions):
        lag_s = lags_s[i - 1] if 0 < i <= len(lags_s) else 0.0
        shift_s = clock_shift_s(first, session) - lag_s
        for name, stream in session.streams.items():
            runs[f"{session.name}/{name}"] = [
                dataclasses.replace(block, time_s=block.time_s + shift_s)
                for block in stream.read_runs()
            ]
    return _on_one_grid(runs, rate_hz=rate_hz, method=method)


def clock_shift_s(first: Session, second: Session) -> float:
    """What brings session times of the second to those of the first."""
    host_ns = second.anchor_host_ns - first.anchor_host_ns
    utc_ns = second.anchor_utc_ns - first.anchor_utc_ns
    return (host_ns if abs(host_ns - utc_ns) < _SAME_HOST_NS else utc_ns) * 1e-9


def _on_one_grid(runs: dict[str, list[SampleBlock]], *, rate_hz: float, method: Method) -> Aligned:
    if not rate_hz > 0:
        raise SessionError(f"rate of the grid is {rate_hz:g} Hz; it must be above 0")
    empty = [name for name, blocks in runs.items() if not blocks]
    if empty or not runs:
        raise SessionError(f"streams without samples cannot be aligned: {', '.join(empty)}")
    start_s = max(float(blocks[0].time_s[0]) for blocks in runs.values())
    stop_s = min(float(blocks[-1].time_s[-1]) for blocks in runs.values())
    if stop_s < start_s:
        raise SessionError(f"the streams {', '.join(runs)} share no time")
    n_samples = int((stop_s - start_s) * rate_hz + 1e-6) + 1
    time_s = start_s + np.arange(n_samples) / rate_hz
    values, measured = {}, {}
    for name, blocks in runs.items():
        grid = np.full((n_samples, len(blocks[0].channels)), np.nan)
        for block in blocks:
            _place(block, time_s, rate_hz, method, grid)
        values[name] = grid
        measured[name] = np.isfinite(grid).all(axis=1)
    channels = {name: blocks[0].channels for name, blocks in runs.items()}
    return Aligned(time_s=time_s, values=values, is_measured=measured, channels=channels)


def _place(
    block: SampleBlock,
    time_s: NDArray[np.float64],
    rate_hz: float,
    method: Method,
    grid: NDArray[np.float64],
) -> None:
    """Fill the rows of the grid that lie within one unbroken run, in place."""
    # A sample of rounding in the clock must not empty the first row.
    inside = (time_s >= block.time_s[0] - 1e-9) & (time_s <= block.time_s[-1] + 1e-9)
    times_s, values = block.time_s, block.values
    if method == "hold":
        row = np.searchsorted(times_s, time_s[inside] + 1e-9, side="right") - 1
        grid[inside] = values[np.maximum(row, 0)]
        return
    if method == "polyphase" and block.n_samples > 1:
        own_hz = (block.n_samples - 1) / (times_s[-1] - times_s[0])
        ratio = Fraction(rate_hz / own_hz).limit_denominator(MAX_FACTOR)
        if 0 < ratio < 1:
            values = resample_poly(
                values, ratio.numerator, ratio.denominator, axis=0, padtype="line"
            )
            steps = np.arange(len(values)) / (own_hz * float(ratio))
            times_s = times_s[0] + steps
    for i in range(grid.shape[1]):
        grid[inside, i] = np.interp(time_s[inside], times_s, values[:, i])
