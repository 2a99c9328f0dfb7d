"""A minute with one person: one labelled repetition of each activity makes the model theirs.

The person's repetitions are prototypes (Snell 2017) in a space where the spread of one wearer doing
one activity is the same in all directions; that spread is learnt from the training wearers. The
answer joins nearness to the prototypes with what the committee says.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.activity.committee import Committee
from wearables.activity.dataset import Windows
from wearables.errors import ModelError

Rows = NDArray[np.float64]
# Features depend on each other, so squared distances add up to more than they say.
_SOFTEN = 60.0
_COMMITTEE_WEIGHT = 0.5
_SHRINK = 0.3
_RIDGE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Spread of one wearer doing one activity, from the training wearers.

    Attributes:
        mean: Of each feature, shape (n_features,).
        sd: Spread of the same.
        inverse: Inverse within-wearer covariance of the standardised features.
    """

    mean: Rows
    sd: Rows
    inverse: Rows


def learn_metric(committee: Committee, windows: Windows) -> Metric:
    """Learn the metric from training windows with their wearers."""
    features = committee.features(windows.values)
    mean, sd = features.mean(axis=0), features.std(axis=0) + 1e-9
    z = (features - mean) / sd
    _, group = np.unique(
        np.char.add(windows.wearers, np.char.add("/", windows.labels.astype(str))),
        return_inverse=True,
    )
    centres = np.stack([z[group == g].mean(axis=0) for g in range(group.max() + 1)])
    spread = (z - centres[group]).T @ (z - centres[group]) / len(z)
    shrunk = (1 - _SHRINK) * spread + _SHRINK * np.diag(np.diag(spread))
    inverse = np.linalg.inv(shrunk + _RIDGE * np.eye(len(spread)))
    return Metric(mean=mean, sd=sd, inverse=inverse)


class Personal:
    """A committee that knows one person's repetitions."""

    def __init__(
        self, committee: Committee, metric: Metric,
        values: NDArray[np.floating], labels: NDArray[np.integer],
    ) -> None:  # fmt: skip
        """Take the person's labelled windows, at least one of each class.

        Raises:
            ModelError: If a class has no window.
        """
        n = len(committee.classes)
        missing = [committee.classes[k] for k in range(n) if not (labels == k).any()]
        if missing:
            raise ModelError(f"calibration lacks a repetition of {', '.join(missing)}")
        self._committee, self._metric = committee, metric
        z = self._standard(values)
        self._prototypes = np.stack([z[labels == k].mean(axis=0) for k in range(n)])

    def _standard(self, values: NDArray[np.floating]) -> Rows:
        return (self._committee.features(values) - self._metric.mean) / self._metric.sd

    def probabilities(self, values: NDArray[np.floating]) -> Rows:
        """Class probabilities, shape (n_windows, n_classes)."""
        away = self._standard(values)[:, None] - self._prototypes
        squared = np.einsum("wki,ij,wkj->wk", away, self._metric.inverse, away, optimize=True)
        said = np.log(self._committee.probabilities(values) + 1e-3)
        logs = -squared / (2 * _SOFTEN) + _COMMITTEE_WEIGHT * said
        powers = np.exp(logs - logs.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
