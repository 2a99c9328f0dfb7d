"""Textile strain sensors: rest baseline, creep, hysteresis, scale of a wearer, joint angle.

Knitted sensors drift, creep and answer differently on the way up and down. Each correction is a
step of its own, so a report can say which were used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.filters import SETTLING, SosFilter, replaced
from wearables.signals.operator import Operator, RunOperator


class RestBaseline(RunOperator[SampleBlock]):
    """Takes off the median of the first seconds, in which the wearer rests.

    Rows come when the rest is over, the rest's own with a quality of 0.5. After a gap the baseline
    stays: it is of the fit, not of the moment; `reset` forgets it.
    """

    memory = (*RunOperator.memory, "_waiting", "_n_waiting", "baseline")

    def __init__(self, *, rate_hz: float, n_channels: int, rest_s: float = 5.0) -> None:
        super().__init__(rate_hz=rate_hz, columns=range(n_channels))
        if rest_s <= 0:
            raise SignalError(f"a rest of {rest_s} s makes no sense")
        self._n_rest = max(1, round(rest_s * rate_hz))
        self.delay_s, self.warmup_s = rest_s, rest_s
        self.reset()

    def reset(self) -> None:
        """Forget the signal and the baseline."""
        super().reset()
        self._waiting: list[SampleBlock] = []
        self._n_waiting = 0
        self.baseline: NDArray[np.float64] | None = None

    def _resume(self, missing_s: float) -> None:
        """The rest goes on after a gap, as if nothing had been missing."""

    def _take(self, block: SampleBlock) -> list[SampleBlock]:
        if self.baseline is not None:
            return [self._without(block, 1.0)]
        n = min(block.n_samples, self._n_rest - self._n_waiting)
        self._waiting.append(block.part(0, n))
        self._n_waiting += n
        if self._n_waiting < self._n_rest:
            return []
        rest = np.concatenate([part.values for part in self._waiting])
        self.baseline = np.median(rest, axis=0)
        waiting, self._waiting = self._waiting, []
        told = [self._without(part, SETTLING) for part in waiting]
        return [*told, self._without(block.part(n, block.n_samples), 1.0)]

    def flush(self) -> list[SampleBlock]:
        """A rest that never ended has no baseline: its rows are not told."""
        self._waiting = []
        return super().flush()

    def _without(self, block: SampleBlock, most: float) -> SampleBlock:
        base = np.zeros(block.values.shape[1]) if self.baseline is None else self.baseline
        quality = np.ones(block.n_samples) if block.quality is None else block.quality
        return replaced(block, block.values - base, np.minimum(quality, most))


class CreepCompensation(SosFilter):
    """Undoes creep: the sensor reads strain plus a share of it that comes slowly.

    The model is a standard linear solid (Fluegge 1975, Viscoelasticity, ch. 1): reading = strain +
    share * low-passed strain with one time constant. The inverse is exact for that model.
    """

    def __init__(self, *, rate_hz: float, share: float, time_constant_s: float) -> None:
        if share < 0 or time_constant_s <= 0:
            raise SignalError(
                f"share {share} must be at least 0, time constant {time_constant_s} s above 0"
            )
        a = float(np.exp(-1.0 / (time_constant_s * rate_hz)))
        # reading = (1 + share (1 - a) / (1 - a z^-1)) strain, solved for the strain.
        lead = 1.0 + share * (1.0 - a)
        sos = np.array([[1.0 / lead, -a / lead, 0.0, 1.0, -a / lead, 0.0]])
        super().__init__(sos, rate_hz=rate_hz, warmup_s=3.0 * time_constant_s)


class PlayOperators(Operator[SampleBlock]):
    """Play operators of a Prandtl-Ishlinskii model (Kuhnen 2003, Eur. J. Control 9, 407).

    Each follows its input with a backlash of some width, so a weighted sum of them has the loops
    that a knit has. For each channel and width there is one output; width 0 is the input itself.
    Widths are in the unit of the signal. A play starts in the middle of its backlash.
    """

    memory = ("_state",)

    def __init__(self, *, rate_hz: float, widths: tuple[float, ...]) -> None:
        if not widths or min(widths) < 0:
            raise SignalError(f"widths of play {widths} must be at least 0")
        self.rate_hz, self.widths = rate_hz, widths
        self.reset()

    def reset(self) -> None:
        """Forget the signal."""
        self._state: NDArray[np.float64] | None = None

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """The play stays where it is: the knit was not taken off."""
        return []

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Outputs of the next block, shape (n_samples, n_channels * n_widths)."""
        width = np.array(self.widths)
        n_channels = block.values.shape[1]
        if self._state is None or self._state.shape != (n_channels, len(width)):
            self._state = np.full((n_channels, len(width)), np.nan)
        state = self._state
        out = np.full((block.n_samples, n_channels, len(width)), np.nan)
        for i, row in enumerate(block.values):
            value = row[:, None]
            moved = np.minimum(np.maximum(state, value - width), value + width)
            fresh = np.isnan(state) & np.isfinite(value)
            state = np.where(np.isfinite(value), np.where(fresh, value, moved), state)
            out[i] = np.where(np.isfinite(value), state, np.nan)
        self._state = state
        names = tuple(f"{name}_play{k}" for name in block.channels for k in range(len(width)))
        return [
            SampleBlock(
                stream=block.stream, first_index=block.first_index, time_s=block.time_s,
                values=out.reshape(block.n_samples, n_channels * len(width)), channels=names,
                quality=block.quality,
            )
        ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WearerScale:
    """Affine scale of a wearer from two poses: 0 at rest, 1 at full bend, per channel.

    Attributes:
        rest: Median at rest, shape (n_channels,).
        span: Median at full bend less that at rest, shape (n_channels,).
        usable: Channels whose span is well above the scatter within the poses.
    """

    rest: NDArray[np.float64]
    span: NDArray[np.float64]
    usable: NDArray[np.bool_]

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values on the wearer's scale, shape (n, n_channels); unusable channels are NaN."""
        scaled = (values - self.rest) / np.where(self.usable, self.span, 1.0)
        return np.where(self.usable, scaled, np.nan)


def calibrate_wearer(
    rest: NDArray[np.float64], bent: NDArray[np.float64], *, min_contrast: float = 3.0
) -> WearerScale:
    """Scale from a few seconds at rest and at full bend.

    Args:
        rest: Samples at rest, shape (n, n_channels).
        bent: Samples at full bend, shape (m, n_channels).
        min_contrast: Least span over the scatter within a pose for a channel to be used.

    Raises:
        SignalError: If a pose has no finite sample, or no channel tells the poses apart.
    """
    if rest.ndim != 2 or bent.ndim != 2 or rest.shape[1] != bent.shape[1]:
        raise SignalError(f"poses have shapes {rest.shape} and {bent.shape}; channels must agree")
    if not (np.isfinite(rest).any(axis=0).all() and np.isfinite(bent).any(axis=0).all()):
        raise SignalError("a channel has no finite sample in one of the two poses")
    low, high = np.nanmedian(rest, axis=0), np.nanmedian(bent, axis=0)
    scatter = np.maximum(_scatter(rest, low), _scatter(bent, high))
    usable = np.abs(high - low) > np.maximum(min_contrast * scatter, 1e-12)
    if not usable.any():
        raise SignalError("no channel tells the bent pose from the rest; repeat the two poses")
    return WearerScale(rest=low, span=high - low, usable=usable)


def _scatter(values: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.4826 * np.nanmedian(np.abs(values - middle), axis=0)
