"""Whether a signal can be used: per window with reasons, per sample, and whole-stream doubts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.events import SampleBlock
from wearables.signals.filters import replaced
from wearables.signals.windows import Window, windows

FLAT_SHARE = 1e-6
# Equal values in a row, at an end of what the recording holds, that make a rail.
MIN_RAIL = 3
# What a rail spoils on both sides: filters ring, and a cut apex is no apex.
CLIP_REACH_S = 0.05
# A value further from its window's median than this many deviations is a spike.
SPIKE_LIMIT = 30.0
RATE_TOLERANCE = 0.005
GRAVITY_M_S2 = 9.80665


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Whether a window can be used, and if not, why.

    Attributes:
        time_s: Middle of the window.
        quality: 0 to 1.
        reasons: ``missing``, ``clipped``, ``flat``, ``spikes``.
    """

    time_s: float
    quality: float
    reasons: tuple[str, ...]


def signal_quality(
    blocks: Sequence[SampleBlock],
    clipped: NDArray[np.bool_],
    *,
    rate_hz: float,
    window_s: float = 2.0,
) -> list[Quality]:
    """Quality per window: coverage, less what is clipped or a spike; nothing where one is flat.

    Args:
        blocks: Runs of samples.
        clipped: Which raw values sit at an end of their range, by row, shape (n_rows, n_channels).
        rate_hz: Rate of the signal.
        window_s: Length of a window.
    """
    n = max(2, round(window_s * rate_hz))
    return [_judge(window, clipped, n) for window in windows(blocks, n=n, hop=n)]


def _judge(window: Window, clipped: NDArray[np.bool_], n: int) -> Quality:
    reasons = []
    quality = window.coverage
    if window.coverage < 1.0:
        reasons.append("missing")
    own = clipped[window.first_index : window.first_index + n]
    if own.any():
        reasons.append("clipped")
        quality *= 1.0 - float(own.any(axis=1).mean())
    known = window.values[np.isfinite(window.values).all(axis=1)]
    scale = np.abs(known).max(initial=0.0)
    if len(known) and (np.ptp(known, axis=0) <= FLAT_SHARE * max(scale, 1e-12)).any():
        return Quality(time_s=window.time_s, quality=0.0, reasons=(*reasons, "flat"))
    if len(known) > 4:
        middle = np.median(known, axis=0)
        spread = np.median(np.abs(known - middle), axis=0)
        # A signal that rests at one value most of the time has no spread to measure spikes by.
        spiky = (np.abs(known - middle) > SPIKE_LIMIT * spread) & (spread > 0)
        if spiky.any():
            reasons.append("spikes")
            quality *= 1.0 - float(spiky.any(axis=1).mean())
    return Quality(time_s=window.time_s, quality=quality, reasons=tuple(reasons))


def rails(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Values that sit at the top or bottom of a recording three times in a row, shape as given.

    For recordings whose range is not known; a signal that never clips has single extremes only.
    """
    found = np.zeros(values.shape, dtype=bool)
    if not len(values):
        return found
    with np.errstate(invalid="ignore"):
        ends = (np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=0),
                np.nanmax(np.where(np.isfinite(values), values, -np.inf), axis=0))  # fmt: skip
    for end in ends:
        at_end = values == end
        for column in range(values.shape[1]):
            found[:, column] |= _long_runs(at_end[:, column], MIN_RAIL)
    # A constant is flat, not clipped.
    return found & (ends[0] < ends[1])


def _long_runs(flags: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    change = np.diff(flags.astype(np.int8), prepend=0, append=0)
    starts, stops = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    result = np.zeros(len(flags), dtype=bool)
    for start, stop in zip(starts, stops, strict=True):
        result[start:stop] = stop - start >= least
    return result


def with_clipping(
    blocks: Sequence[SampleBlock], clipped: NDArray[np.bool_], *, rate_hz: float
) -> list[SampleBlock]:
    """The same blocks with a quality of 0 within 50 ms of clipped values.

    Args:
        blocks: Runs of samples; their index is the row of ``clipped``.
        clipped: By row, shape (n_rows, n_channels).
        rate_hz: Rate of the signal.
    """
    reach = round(CLIP_REACH_S * rate_hz)
    bad = clipped.any(axis=1)
    near = np.convolve(bad.astype(np.int64), np.ones(2 * reach + 1, dtype=np.int64), "same") > 0
    marked = []
    for block in blocks:
        own = near[block.first_index : block.first_index + block.n_samples]
        quality = np.ones(block.n_samples) if block.quality is None else block.quality.copy()
        quality[: len(own)][own] = 0.0
        marked.append(replaced(block, block.values, quality))
    return marked


def doubts(
    blocks: Sequence[SampleBlock], kinds: Sequence[str], *, rate_hz: float
) -> tuple[str, ...]:
    """Sentences about what cannot be right in a stream as a whole; none when it looks sound.

    Looks at the clock, the rate, and whether values can be what unit and kind say: swapped units
    and swapped columns show in the length of gravity and in rates that no body reaches.

    Args:
        blocks: Runs of samples in SI.
        kinds: Kind of each channel: ``acc``, ``gyr``, ``ecg``, ``temperature``, ...
        rate_hz: Rate that the stream states.
    """
    full = [block for block in blocks if block.n_samples]
    if not full:
        return ("the stream holds no sample",)
    found = [*_clock_doubts(full, rate_hz)]
    values = np.concatenate([block.values for block in full])
    for column, channel in enumerate(full[0].channels):
        own = values[:, column]
        known = own[np.isfinite(own)]
        if not known.size:
            found.append(f"{channel} holds no finite value")
        elif known.size > 1 and np.ptp(known) == 0:
            found.append(f"{channel} is constant at {known[0]:g}")
        elif known.size < 0.5 * own.size:
            found.append(
                f"{channel} is not finite in {own.size - known.size} of {own.size} samples"
            )
    return (*found, *_unit_doubts(values, kinds, full[0].channels))


def _clock_doubts(blocks: list[SampleBlock], rate_hz: float) -> list[str]:
    found = []
    times = np.concatenate([block.time_s for block in blocks])
    n_back = int((np.diff(times) <= 0).sum())
    if n_back:
        found.append(f"the clock does not go forward at {n_back} samples")
    longest = max(blocks, key=lambda block: block.n_samples)
    span = float(longest.time_s[-1] - longest.time_s[0])
    if span > 2.0:
        measured = (longest.n_samples - 1) / span
        if abs(measured / rate_hz - 1.0) > RATE_TOLERANCE:
            found.append(f"samples come at {measured:.2f} Hz, the stream states {rate_hz:g} Hz")
    return found


def _unit_doubts(
    values: NDArray[np.float64], kinds: Sequence[str], channels: Sequence[str]
) -> list[str]:
    found = []
    in_si = [name.endswith("_m_s2") for name in channels]
    acc = [i for i, kind in enumerate(kinds) if kind == "acc" and in_si[i]]
    if len(acc) == 3:
        length = float(np.nanmedian(np.sqrt(np.square(values[:, acc]).sum(axis=1))))
        if np.isfinite(length) and not 0.6 < length / GRAVITY_M_S2 < 1.8:
            hint = "; these look like g" if 0.6 < length < 1.8 else ""
            found.append(f"acceleration is {length:.3g} m/s2 long, gravity is 9.8{hint}")
    gyr = [i for i, name in enumerate(channels) if name.endswith("_rad_s")]
    if gyr:
        largest = float(np.nanpercentile(np.abs(values[:, gyr]), 99))
        if largest > 35.0:
            found.append(f"turning rates reach {largest:.3g} rad/s; these look like degrees")
    for i, (kind, name) in enumerate(zip(kinds, channels, strict=True)):
        middle = float(np.nanmedian(values[:, i]))
        spread = float(np.nanpercentile(values[:, i], 99) - np.nanpercentile(values[:, i], 1))
        if kind == "ecg" and name.endswith("_v") and spread > 0.05:
            found.append(f"{name} spans {spread:.3g} V; an ECG spans millivolts")
        if name.endswith("_k") and not 200 < middle < 400:
            found.append(f"{name} is {middle:.3g} K; these look like degrees Celsius")
    return found
