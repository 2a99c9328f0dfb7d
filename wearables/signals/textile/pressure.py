"""Pressure arrays: cells that lie, centre of pressure, area, asymmetry, features of the image.

Frames are (n_rows, n_columns); columns run to the wearer's left as seen from above, rows towards
the head. Definitions of centre of pressure as in Duarte & Freitas 2010 (Braz. J. Phys. Ther. 14,
183); the features are pooled means after Pouyan et al. 2017 (PMD), on 16 x 16 instead of the
whole mat.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError

POOLED = 16
# A cell counts as loaded above this share of the frame's 99th percentile.
CONTACT_SHARE = 0.1
STUCK_SHARE = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCheck:
    """Cells that cannot be trusted, shape (n_rows, n_columns) each.

    Attributes:
        dead: Zero throughout while neighbours are loaded.
        stuck: Another constant value throughout, or at the top of its range nearly always.
    """

    dead: NDArray[np.bool_]
    stuck: NDArray[np.bool_]

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Dead or stuck."""
        return self.dead | self.stuck


def check_cells(frames: NDArray[np.float64], *, full_scale: float | None = None) -> CellCheck:
    """Find dead and stuck cells of a recording.

    Args:
        frames: Pressure, shape (n_frames, n_rows, n_columns).
        full_scale: Top of the cells' range, if known.

    Raises:
        SignalError: If there are fewer than two frames.
    """
    if frames.ndim != 3 or len(frames) < 2:
        raise SignalError(f"frames have shape {frames.shape}; at least two frames are needed")
    low, high = np.nanmin(frames, axis=0), np.nanmax(frames, axis=0)
    is_constant = ~(high > low)
    loaded = high > 0
    padded = np.pad(loaded, 1)
    rows, columns = loaded.shape
    neighbours = np.zeros(loaded.shape, dtype=np.int64)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            if (dy, dx) != (1, 1):
                neighbours += padded[dy : dy + rows, dx : dx + columns]
    dead = is_constant & ~loaded & (neighbours >= 5)
    stuck = is_constant & loaded
    if full_scale is not None:
        stuck |= (frames >= full_scale).mean(axis=0) > STUCK_SHARE
    return CellCheck(dead=dead, stuck=stuck)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What one frame says.

    Attributes:
        total: Sum over sound cells, unit of the cells.
        contact_share: Loaded cells over sound cells.
        center: Row and column of the centre of pressure, NaN without load.
        peak: Largest pressure of a sound cell.
        asymmetry: Load on the left half less the right, over their sum, -1 to 1.
        quality: Share of sound cells.
    """

    total: float
    contact_share: float
    center: tuple[float, float]
    peak: float
    asymmetry: float
    quality: float


def footprint(frame: NDArray[np.float64], bad: NDArray[np.bool_] | None = None) -> Footprint:
    """Read off one frame.

    Args:
        frame: Pressure, shape (n_rows, n_columns).
        bad: Cells to leave out; cells that are not finite are left out in any case.

    Raises:
        SignalError: If the frame is no image.
    """
    if frame.ndim != 2:
        raise SignalError(f"a frame has two dimensions, this one has shape {frame.shape}")
    sound = np.isfinite(frame) if bad is None else np.isfinite(frame) & ~bad
    load = np.where(sound, np.maximum(np.nan_to_num(frame), 0.0), 0.0)
    total = float(load.sum())
    n_sound = int(sound.sum())
    center, asymmetry, contact = (float("nan"), float("nan")), float("nan"), 0.0
    if total > 0 and n_sound:
        rows, columns = np.indices(frame.shape)
        center = (float((load * rows).sum()) / total, float((load * columns).sum()) / total)
        half = frame.shape[1] // 2
        left, right = float(load[:, -half:].sum()), float(load[:, :half].sum())
        asymmetry = (left - right) / (left + right) if left + right > 0 else float("nan")
        contact = float((load > CONTACT_SHARE * np.percentile(load, 99)).sum()) / n_sound
    return Footprint(
        total=total,
        contact_share=contact,
        center=center,
        peak=float(load.max()),
        asymmetry=asymmetry,
        quality=n_sound / frame.size if frame.size else 0.0,
    )


def posture_features(
    frame: NDArray[np.float64], bad: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Pooled image of a posture, normalised by the total load, shape (256,).

    Bad cells take the mean of their pool's sound cells. Zeros for an unloaded frame.
    """
    if frame.ndim != 2 or min(frame.shape) < POOLED:
        raise SignalError(f"frame of {frame.shape}; at least {POOLED} x {POOLED} cells are needed")
    sound = np.isfinite(frame) if bad is None else np.isfinite(frame) & ~bad
    load = np.where(sound, np.maximum(np.nan_to_num(frame), 0.0), 0.0)
    rows = np.linspace(0, frame.shape[0], POOLED + 1).astype(int)[:-1]
    columns = np.linspace(0, frame.shape[1], POOLED + 1).astype(int)[:-1]
    total = np.add.reduceat(np.add.reduceat(load, rows, axis=0), columns, axis=1)
    n = np.add.reduceat(np.add.reduceat(sound.astype(float), rows, axis=0), columns, axis=1)
    pooled = total / np.maximum(n, 1.0)
    whole = pooled.sum()
    return (pooled / whole if whole > 0 else pooled).ravel()
