"""Knee angle from textile strain with a calibration of two poses: standing, and fully bent.

The two poses put every sensor on the wearer's own scale, 0 at rest and 1 bent, so that gain and
offset do not matter; the answer is the share of the way between the two angles. Inputs are that
scale, play operators on it (hysteresis, Krejci 1996) and what it was up to a second ago. A ridge
regression and a forest answer together. Everything is causal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.activity.members.trees import Trees, train_number_trees
from wearables.errors import ModelError
from wearables.events import SampleBlock
from wearables.signals.textile.strain import PlayOperators

Rows = NDArray[np.float64]
_PLAYS = (0.0, 0.05, 0.1, 0.2, 0.4)
_LAGS_S = (0.1, 0.25, 0.5, 1.0)
_LOW, _HIGH = -1.5, 2.5
# A sensor that hardly differs between the poses says nothing about the angle.
_LEAST_SHARE = 0.02
_RIDGE = 0.1
_BEYOND = (-0.3, 1.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPoses:
    """What was measured in the two poses.

    Attributes:
        rest: Mean strain standing, shape (n_sensors,).
        bent: Mean strain fully bent, shape (n_sensors,).
        rest_rad: Knee angle standing.
        bent_rad: Knee angle fully bent.
    """

    rest: Rows
    bent: Rows
    rest_rad: float
    bent_rad: float

    def __post_init__(self) -> None:
        if not abs(self.bent_rad - self.rest_rad) > np.radians(5):
            raise ModelError(
                f"the two poses differ by {np.degrees(abs(self.bent_rad - self.rest_rad)):.1f} "
                "degrees; at least 5 are needed"
            )

    def scaled(self, strain: NDArray[np.floating]) -> Rows:
        """Strain on the wearer's scale, shape (n_samples, n_sensors); deaf sensors are 0."""
        span = self.bent - self.rest
        heard = np.abs(span) > _LEAST_SHARE * np.maximum(np.abs(self.bent), np.abs(self.rest)).max()
        share = (strain - self.rest) / np.where(heard, span, np.inf)
        return np.clip(share, _LOW, _HIGH)


def angle_inputs(scaled: Rows, rate_hz: float) -> Rows:
    """Scale, plays, past and curvature, shape (n_samples, n_inputs)."""
    parts = [_plays(scaled, rate_hz)]
    for lag_s in _LAGS_S:
        lag = max(1, round(lag_s * rate_hz))
        parts.append(np.concatenate([np.repeat(scaled[:1], lag, axis=0), scaled[:-lag]]))
    return np.concatenate([*parts, scaled**2, np.minimum(scaled, 1.0) ** 3], axis=1)


def _plays(scaled: Rows, rate_hz: float) -> Rows:
    block = SampleBlock(
        stream="strain",
        first_index=0,
        time_s=np.arange(len(scaled)) / rate_hz,
        values=scaled,
        channels=tuple(f"s{i}" for i in range(scaled.shape[1])),
    )
    return PlayOperators(rate_hz=rate_hz, widths=_PLAYS)(block)[0].values


@dataclass(frozen=True, slots=True, kw_only=True)
class KneeAngle:
    """A trained model.

    Attributes:
        rate_hz: Rate of the strain.
        mean: Of each input in training.
        sd: Spread of the same.
        weight: Of the ridge regression.
        bias: Of the same.
        trees: The forest.
    """

    rate_hz: float
    mean: Rows
    sd: Rows
    weight: Rows
    bias: float
    trees: Trees

    def angle_rad(self, strain: NDArray[np.floating], poses: TwoPoses) -> Rows:
        """Knee angle of unbroken strain, shape (n_samples,).

        Args:
            strain: shape (n_samples, n_sensors), without missing values.
            poses: The wearer's calibration.
        """
        inputs = angle_inputs(poses.scaled(strain), self.rate_hz)
        line = np.clip((inputs - self.mean) / self.sd, -5, 5) @ self.weight + self.bias
        share = np.clip((line + self.trees.probabilities(inputs)[:, 0]) / 2, *_BEYOND)
        return poses.rest_rad + share * (poses.bent_rad - poses.rest_rad)


def train_knee_angle(
    recordings: Sequence[tuple[NDArray[np.floating], Rows, TwoPoses]], *,
    rate_hz: float, every: int = 4, n_trees: int = 60, seed: int = 0,
) -> KneeAngle:  # fmt: skip
    """Train on recordings with a reference.

    Args:
        recordings: Strain (n_samples, n_sensors), angle [rad] (n_samples,) and poses of each.
        rate_hz: Rate.
        every: Samples are alike: only each so-manieth trains.
        n_trees: Trees of the forest.
        seed: Seed of the forest.
    """
    inputs = [angle_inputs(p.scaled(s), rate_hz)[::every] for s, _, p in recordings]
    shares = [((a - p.rest_rad) / (p.bent_rad - p.rest_rad))[::every] for _, a, p in recordings]
    x, y = np.concatenate(inputs), np.concatenate(shares)
    mean, sd = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.clip((x - mean) / sd, -5, 5)
    gram = z.T @ z / len(z) + _RIDGE * np.eye(z.shape[1])
    weight = np.linalg.solve(gram, z.T @ (y - y.mean()) / len(z))
    trees = train_number_trees(x, y, n_trees=n_trees, min_leaf=20, feature_share=0.3, seed=seed)
    return KneeAngle(
        rate_hz=rate_hz, mean=mean, sd=sd, weight=weight, bias=float(y.mean()), trees=trees
    )
