"""Joint angle from strain channels: ridge regression on play operators.

The weighted sum of play operators is a Prandtl-Ishlinskii model of the hysteresis (Kuhnen 2003);
changed: the weights come from ridge regression, may be negative, and run over all channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.operator import Operator
from wearables.signals.textile.strain import PlayOperators

WIDTHS = (0.0, 0.05, 0.1, 0.2, 0.4)
RIDGE = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleModel:
    """Weights from scaled strain to an angle.

    Attributes:
        n_channels: Strain channels, on the wearer's scale (`WearerScale`).
        widths: Widths of the play operators on that scale.
        mean: Mean of the features in training, shape (n_features,).
        scale: Their standard deviation, shape (n_features,).
        weights: Angle per feature [rad], shape (n_features,).
        offset_rad: Angle at the mean.
        residual_rad: Root mean square error in training.
    """

    n_channels: int
    widths: tuple[float, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    offset_rad: float
    residual_rad: float


def _features(played: NDArray[np.float64], n_channels: int) -> NDArray[np.float64]:
    """Plays, and squares of the inputs themselves for what bends."""
    inputs = played[:, :: played.shape[1] // n_channels]
    return np.concatenate([played, np.square(inputs)], axis=1)


def fit_angle(
    recordings: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    *,
    rate_hz: float,
    widths: tuple[float, ...] = WIDTHS,
    ridge: float = RIDGE,
) -> AngleModel:
    """Fit the weights.

    Args:
        recordings: Scaled strain, shape (n, n_channels), and angle [rad], shape (n,), of each.
        rate_hz: Rate of all of them.
        widths: Widths of the play operators on the wearer's scale.
        ridge: Penalty, as a share of the number of samples.

    Raises:
        SignalError: If there are no finite rows or shapes disagree.
    """
    rows, targets = [], []
    for strain, angle in recordings:
        if strain.ndim != 2 or angle.shape != (len(strain),):
            raise SignalError(
                f"strain {strain.shape} and angle {angle.shape} do not belong together"
            )
        played = PlayOperators(rate_hz=rate_hz, widths=widths)(_block(strain, rate_hz))[0].values
        good = np.isfinite(played).all(axis=1) & np.isfinite(angle)
        rows.append(_features(played[good], strain.shape[1]))
        targets.append(angle[good])
    if not rows or not sum(len(part) for part in targets):
        raise SignalError("no row with finite strain and angle to learn from")
    X, y = np.concatenate(rows), np.concatenate(targets)
    mean, scale = X.mean(axis=0), np.maximum(X.std(axis=0), 1e-9)
    Z = (X - mean) / scale
    A = Z.T @ Z + ridge * len(Z) * np.eye(Z.shape[1])
    weights = np.linalg.solve(A, Z.T @ (y - y.mean()))
    error = Z @ weights + y.mean() - y
    return AngleModel(
        n_channels=recordings[0][0].shape[1],
        widths=widths,
        mean=mean,
        scale=scale,
        weights=weights,
        offset_rad=float(y.mean()),
        residual_rad=float(np.sqrt(np.square(error).mean())),
    )


def _block(values: NDArray[np.float64], rate_hz: float) -> SampleBlock:
    return SampleBlock(
        stream="strain",
        first_index=0,
        time_s=np.arange(len(values)) / rate_hz,
        values=values,
        channels=tuple(f"strain_{i}" for i in range(values.shape[1])),
    )


class JointAngle(Operator[SampleBlock]):
    """Angle of a joint from scaled strain, streaming; channel ``angle_rad``."""

    memory = ("_play",)

    def __init__(self, model: AngleModel, *, rate_hz: float) -> None:
        self.model, self.rate_hz = model, rate_hz
        self._play = PlayOperators(rate_hz=rate_hz, widths=model.widths)

    def reset(self) -> None:
        """Forget the signal."""
        self._play.reset()

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """The play stays where it is."""
        return self._play.gap(n_missing)

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Angle of the next block; NaN where a channel is.

        Raises:
            SignalError: If the block has another number of channels than the model.
        """
        model = self.model
        if block.values.shape[1] != model.n_channels:
            raise SignalError(
                f"block has {block.values.shape[1]} channels; the model needs {model.n_channels}"
            )
        played = self._play(block)[0]
        features = (_features(played.values, model.n_channels) - model.mean) / model.scale
        # Row by row: a matrix product may sum in another order for another block.
        angle = (features * model.weights).sum(axis=1) + model.offset_rad
        quality = np.ones(block.n_samples) if block.quality is None else block.quality
        return [
            SampleBlock(
                stream=block.stream, first_index=block.first_index, time_s=block.time_s,
                values=angle[:, None], channels=("angle_rad",),
                quality=np.where(np.isfinite(angle), quality, 0.0),
            )
        ]  # fmt: skip
