"""Softmax regression on standardised features: the smallest model, often the best on strangers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax:
    """Trained weights.

    Attributes:
        mean: Of each feature over the training windows, shape (n_features,).
        sd: Spread of the same.
        weight: shape (n_features, n_classes).
        bias: shape (n_classes,).
    """

    mean: Rows
    sd: Rows
    weight: Rows
    bias: Rows

    def probabilities(self, features: Rows) -> Rows:
        """Class probabilities, shape (n_windows, n_classes)."""
        return softmax(((features - self.mean) / self.sd) @ self.weight + self.bias, axis=1)


def train_softmax(
    features: Rows, labels: NDArray[np.integer], *, n_classes: int, penalty: float, balanced: bool
) -> Softmax:
    """Minimise cross entropy plus a quadratic penalty on the weights (L-BFGS, no randomness).

    Args:
        features: shape (n_windows, n_features).
        labels: Class numbers.
        n_classes: Classes.
        penalty: Weight of the squared weights against the mean loss of one window.
        balanced: Whether rare classes count as much as frequent ones.
    """
    mean, sd = features.mean(axis=0), features.std(axis=0) + 1e-9
    x = (features - mean) / sd
    target = np.eye(n_classes)[labels]
    share = target.mean(axis=0)
    importance = (target @ (1 / (n_classes * np.maximum(share, 1e-9)))) if balanced else 1.0
    importance = np.broadcast_to(importance, len(x)) / len(x)
    n_features = x.shape[1]

    def loss_and_slope(flat: Rows) -> tuple[float, Rows]:
        weight = flat[:-n_classes].reshape(n_features, n_classes)
        logits = x @ weight + flat[-n_classes:]
        logs = log_softmax(logits, axis=1)
        loss = -float((importance[:, None] * target * logs).sum()) + penalty * float(
            (weight**2).sum()
        )
        miss = importance[:, None] * (np.exp(logs) - target)
        slope = np.concatenate([(x.T @ miss + 2 * penalty * weight).ravel(), miss.sum(axis=0)])
        return loss, slope

    start = np.zeros((n_features + 1) * n_classes)
    found = minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    weight = found[:-n_classes].reshape(n_features, n_classes)
    return Softmax(mean=mean, sd=sd, weight=weight, bias=found[-n_classes:])
