"""When a committee should say "unknown": tempered probabilities, and distance from what is known.

A window can be strange in two ways: beyond all known activities, or between them. Both come from
squared distances to the nearest class and to all windows together: their difference is the relative
Mahalanobis distance (Lee 2018, Ren 2021), their ratio is large where no class is nearer than the
middle of all. Each becomes the share of held-out windows that are as strange, and the two shares
are joined as Fisher 1925 joins tests. Changed: features instead of a net's last layer, and
covariances pulled towards round ones. The plain distance has a limit of its own: what lies far off
in a direction that tells no activities apart is as strange.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.activity.metrics import at_temperature, fit_temperature

Rows = NDArray[np.float64]
# Three limits together keep 95 % of the known; most of the rest goes to the one that tells most.
_KEEP_STRANGE, _KEEP_OTHER = 0.97, 0.99
# Weight of a round covariance: features are many, and wearers are few.
_ROUND = 0.5
_N_TABLE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Where the known activities lie, in standardised features.

    Attributes:
        centres: Mean of each class, shape (n_classes, n_features).
        within: Inverse covariance inside classes, shape (n_features, n_features).
        centre: Mean of all, shape (n_features,).
        overall: Inverse covariance of all.
    """

    centres: Rows
    within: Rows
    centre: Rows
    overall: Rows

    def nearest(self, features: Rows) -> Rows:
        """Squared distance from the nearest class, shape (n_windows,), no unit."""
        return np.min([_squared(features - own, self.within) for own in self.centres], axis=0)

    def distance(self, features: Rows) -> Rows:
        """Squared distance from the middle of all, shape (n_windows,), no unit."""
        return _squared(features - self.centre, self.overall)

    def two_ways(self, features: Rows) -> tuple[Rows, Rows]:
        """How far beyond the classes, and how far between them; shape (n_windows,) each."""
        near, middle = self.nearest(features), self.distance(features)
        return near - middle, np.log(np.maximum(near, 1e-9) / np.maximum(middle, 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Limits learnt from windows of wearers that the judging model had not seen.

    Attributes:
        temperature: Makes probabilities honest, no unit.
        least: Tempered probability that 99 % of known windows reach.
        known: Where the known activities lie.
        beyond: Quantiles of how far held-out windows lie beyond the classes, ascending.
        between: The same between the classes.
        strangest: Strangeness that 97 % of known windows stay below.
        farthest: Distance that 99 % stay below.
    """

    temperature: float
    least: float
    known: Known
    beyond: Rows
    between: Rows
    strangest: float
    farthest: float

    def temper(self, probabilities: Rows) -> Rows:
        """Honest probabilities, shape as given."""
        return at_temperature(np.log(np.maximum(probabilities, 1e-9)), self.temperature)

    def strangeness(self, features: Rows) -> Rows:
        """Minus log of the shares that are as strange, summed; shape (n_windows,), from 0."""
        beyond, between = self.known.two_ways(features)
        return _rarity(self.beyond, beyond) + _rarity(self.between, between)

    def is_unknown(self, probabilities: Rows, features: Rows) -> NDArray[np.bool_]:
        """Whether to say unknown, shape (n_windows,)."""
        sure = self.temper(probabilities).max(axis=1)
        is_strange = self.strangeness(features) > self.strangest
        return (sure < self.least) | is_strange | (self.known.distance(features) > self.farthest)


def learn_known(labels: NDArray[np.integer], features: Rows) -> Known:
    """Centres and spreads of labelled windows.

    Args:
        labels: Class numbers; a class that does not occur has no centre.
        features: Standardised features, shape (n_windows, n_features).
    """
    there, number = np.unique(labels, return_inverse=True)
    centres = np.stack([features[labels == k].mean(axis=0) for k in there])
    return Known(
        centres=centres,
        within=_round_inverse(features - centres[number]),
        centre=features.mean(axis=0),
        overall=_round_inverse(features - features.mean(axis=0)),
    )


def learn_doubt(
    labels: NDArray[np.integer],
    probabilities: Rows,
    features: Rows,
    held_out: Sequence[NDArray[np.bool_]],
) -> Doubt:
    """Learn the limits; each wearer is measured against the others.

    Args:
        labels: Class numbers.
        probabilities: Of windows when their wearers were held out, shape (n_windows, n_classes).
        features: Standardised features of the same, shape (n_windows, n_features).
        held_out: Masks of the wearers that were held out together; each window is in one.
    """
    temperature = fit_temperature(labels, probabilities)
    tempered = at_temperature(np.log(np.maximum(probabilities, 1e-9)), temperature)
    beyond, between, far = (np.zeros(len(labels)) for _ in range(3))
    for mask in held_out:
        others = learn_known(labels[~mask], features[~mask])
        beyond[mask], between[mask] = others.two_ways(features[mask])
        far[mask] = others.distance(features[mask])
    shares = np.linspace(0, 1, _N_TABLE)
    tables = np.quantile(beyond, shares), np.quantile(between, shares)
    strange = _rarity(tables[0], beyond) + _rarity(tables[1], between)
    return Doubt(
        temperature=temperature,
        least=float(np.quantile(tempered.max(axis=1), 1 - _KEEP_OTHER)),
        known=learn_known(labels, features),
        beyond=tables[0],
        between=tables[1],
        strangest=float(np.quantile(strange, _KEEP_STRANGE)),
        farthest=float(np.quantile(far, _KEEP_OTHER)),
    )


def _rarity(table: Rows, values: Rows) -> Rows:
    """Minus log of the share of the table that is at least as large."""
    n_above = len(table) - np.searchsorted(table, values)
    return -np.log((n_above + 1) / (len(table) + 1))


def _round_inverse(away: Rows) -> Rows:
    spread = np.cov(away.T)
    size = _ROUND * np.trace(spread) / len(spread)
    return np.linalg.inv(spread + size * np.eye(len(spread)))


def _squared(away: Rows, inverse: Rows) -> Rows:
    return np.einsum("ni,ij,nj->n", away, inverse, away, optimize=True)
