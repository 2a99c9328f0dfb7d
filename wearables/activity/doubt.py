"""When a committee should say "unknown": tempered probabilities and energy against training.

Energy score (Liu 2020) from the members' log probabilities: how well any class explains a window.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.activity.metrics import at_temperature, fit_temperature

Rows = NDArray[np.float64]
_KEEP = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Limits learnt from held-out windows of known activities.

    Attributes:
        temperature: Makes probabilities honest, no unit.
        least: Tempered probability that 95 % of known windows reach.
        mean: Mean of the standardised features of the known, shape (n_features,).
        inverse: Inverse covariance of the same.
        farthest: Squared distance that 95 % of known windows keep.
    """

    temperature: float
    least: float
    mean: Rows
    inverse: Rows
    farthest: float

    def temper(self, probabilities: Rows) -> Rows:
        """Honest probabilities, shape as given."""
        return at_temperature(np.log(np.maximum(probabilities, 1e-9)), self.temperature)

    def distance(self, features: Rows) -> Rows:
        """Squared distance from the known in units of their limit, shape (n_windows,)."""
        away = features - self.mean
        return np.einsum("ni,ij,nj->n", away, self.inverse, away, optimize=True) / self.farthest

    def familiarity(self, probabilities: Rows, features: Rows) -> Rows:
        """Higher for windows like those of training, shape (n_windows,), no unit."""
        sure = self.temper(probabilities).max(axis=1)
        return np.log(sure) - 0.5 * np.log(np.maximum(self.distance(features), 1e-3))

    def is_unknown(self, probabilities: Rows, features: Rows) -> NDArray[np.bool_]:
        """Whether to say unknown, shape (n_windows,)."""
        sure = self.temper(probabilities).max(axis=1)
        return (sure < self.least) | (self.distance(features) > 1.0)


def learn_doubt(labels: NDArray[np.integer], probabilities: Rows, features: Rows) -> Doubt:
    """Learn the limits from windows of wearers that the committee was not trained on.

    Args:
        labels: Class numbers.
        probabilities: Of those held-out windows, shape (n_windows, n_classes).
        features: Standardised features of the same, shape (n_windows, n_features).
    """
    temperature = fit_temperature(labels, probabilities)
    tempered = at_temperature(np.log(np.maximum(probabilities, 1e-9)), temperature)
    mean = features.mean(axis=0)
    spread = np.cov(features.T)
    ridge = 0.1 * np.trace(spread) / len(spread)
    inverse = np.linalg.inv(spread + ridge * np.eye(len(spread)))
    away = features - mean
    squared = np.einsum("ni,ij,nj->n", away, inverse, away, optimize=True)
    return Doubt(
        temperature=temperature,
        least=float(np.quantile(tempered.max(axis=1), 1 - _KEEP)),
        mean=mean,
        inverse=inverse,
        farthest=float(np.quantile(squared, _KEEP)),
    )
