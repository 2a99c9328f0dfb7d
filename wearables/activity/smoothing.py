"""Causal smoothing: activities last, and follow each other in an order (forward filter of a HMM).

Rabiner 1989, section III A. Emissions are the classifier's probabilities over the prior it was
trained with; only the past is used, so a label never changes later.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
# A classifier that is sure and wrong must not close a door for ever.
_FLOOR = 1e-4
# Transitions that training did not show, in counts.
_UNSEEN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """How activities follow each other from window to window.

    Attributes:
        step: Probability of the next class, shape (n_classes, n_classes); rows add to one.
        start: Probability of the first class, shape (n_classes,).
        prior: What the classifier took for frequent when it was trained, shape (n_classes,).
    """

    step: Rows
    start: Rows
    prior: Rows


def learn_succession(
    labels: NDArray[np.integer], cases: NDArray[np.integer], *, n_classes: int, balanced: bool
) -> Succession:
    """Count how classes follow each other inside recordings.

    Args:
        labels: Class numbers in the order of time inside each recording.
        cases: Recording of each window.
        n_classes: Classes.
        balanced: Whether the classifier was trained with classes of equal weight.
    """
    counts = np.full((n_classes, n_classes), _UNSEEN)
    follows = cases[1:] == cases[:-1]
    np.add.at(counts, (labels[:-1][follows], labels[1:][follows]), 1.0)
    seen = np.bincount(labels, minlength=n_classes).astype(np.float64) + _UNSEEN
    share: Rows = seen / seen.sum()
    prior: Rows = np.full(n_classes, 1 / n_classes) if balanced else share
    return Succession(step=counts / counts.sum(axis=1, keepdims=True), start=share, prior=prior)


class Forward:
    """The filter with memory; call it with the probabilities of each window in turn."""

    def __init__(self, succession: Succession) -> None:
        self._succession = succession
        # Probability of each class given the past; None before the first window.
        self.belief: Rows | None = None

    def __call__(self, probabilities: Rows) -> Rows:
        """Belief after this window, shape (n_classes,)."""
        s = self._succession
        expected = s.start if self.belief is None else s.step.T @ self.belief
        belief = expected * (probabilities + _FLOOR) / s.prior
        belief /= belief.sum()
        self.belief = belief
        return belief

    def skip(self) -> None:
        """A window could not be judged: time passes, nothing is learnt."""
        if self.belief is not None:
            self.belief = self._succession.step.T @ self.belief

    def reset(self) -> None:
        """Forget the past."""
        self.belief = None


def smooth(probabilities: Rows, cases: NDArray[np.integer], succession: Succession) -> Rows:
    """Filter whole recordings, shape as given; windows of a recording in the order of time."""
    forward = Forward(succession)
    smoothed = np.zeros_like(probabilities)
    for i in range(len(probabilities)):
        if i == 0 or cases[i] != cases[i - 1]:
            forward.reset()
        smoothed[i] = forward(probabilities[i])
    return smoothed
