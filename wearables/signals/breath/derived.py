"""Breathing without a belt, and two belts against each other.

Breathing from the ECG: the height of R peaks rises and falls with the chest (Moody et al. 1985,
Comput. Cardiol. 12, 113); changed: heights instead of areas, on a grid of 4 Hz by lines between
beats, and nothing between beats that are not neighbours.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.breath.breaths import Breath
from wearables.signals.heart.beat import Beat

GRID_HZ = 4.0
# Beats further apart are no neighbours: breathing in between is unseen.
MAX_STEP_S = 2.0


def breathing_from_beats(beats: Sequence[Beat], *, min_quality: float = 0.3) -> list[SampleBlock]:
    """Heights of R peaks on a grid of 4 Hz, one block for each unbroken row of beats.

    Args:
        beats: Beats in order.
        min_quality: Beats below it are left out.

    Returns:
        Blocks with one channel in the unit of the beats' amplitude, for a `BreathDetector`.
    """
    rows: list[list[Beat]] = [[]]
    for beat in beats:
        if beat.quality < min_quality:
            continue
        if rows[-1] and (beat.after_gap or beat.time_s - rows[-1][-1].time_s > MAX_STEP_S):
            rows.append([])
        rows[-1].append(beat)
    return [_on_grid(row) for row in rows if len(row) > 2]


def _on_grid(row: list[Beat]) -> SampleBlock:
    times = np.array([beat.time_s for beat in row])
    first, stop = np.ceil(times[0] * GRID_HZ), np.floor(times[-1] * GRID_HZ) + 1
    grid = np.arange(first, stop) / GRID_HZ
    heights = np.array([abs(beat.amplitude) for beat in row])
    return SampleBlock(
        stream="ecg_derived_breathing",
        first_index=int(first),
        time_s=grid,
        values=np.interp(grid, times, heights)[:, None],
        channels=("height",),
    )


def belt_phase_rad(
    block: SampleBlock, breaths: Sequence[Breath], *, columns: tuple[int, int] = (0, 1)
) -> NDArray[np.float64]:
    """Phase of the first belt before the second in each breath, (-pi, pi], shape (n_breaths,).

    From the first Fourier coefficient of both from a breath's start to the next one's (after
    Agostoni & Mognoni 1966, J. Appl. Physiol. 21, 1827, who read it off a loop). Near 0 the chest
    and the belly move together, near pi against each other. NaN for the last breath, and where
    samples are missing.

    Args:
        block: Both belts, NaN where missing.
        breaths: Breaths of one of them.
        columns: First and second belt.

    Raises:
        SignalError: If the block lacks a column.
    """
    if max(columns) >= block.values.shape[1]:
        raise SignalError(
            f"columns {columns} were asked for; the block has {block.values.shape[1]}"
        )
    result = np.full(len(breaths), np.nan)
    edges = np.searchsorted(block.time_s, [breath.start_s for breath in breaths])
    for i in range(len(breaths) - 1):
        rows = block.values[edges[i] : edges[i + 1], list(columns)]
        if len(rows) < 8 or breaths[i + 1].after_gap or not np.isfinite(rows).all():
            continue
        turn = np.exp(-2j * np.pi * np.arange(len(rows)) / len(rows))
        first, second = ((rows - rows.mean(axis=0)) * turn[:, None]).sum(axis=0)
        result[i] = float(np.angle(first * np.conj(second)))
    return result
