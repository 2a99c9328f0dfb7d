"""A committee of learners judges windows; each sees the same window its own way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.activity.dataset import Windows
from wearables.activity.features.gait import gait_features
from wearables.activity.features.motion import motion_features
from wearables.activity.features.strain import (
    leading_sensor,
    repetition_features,
    rest_and_excursion,
)
from wearables.activity.members.net import (
    NET_RATE_HZ,
    RepetitionNet,
    net_probabilities,
    train_net,
)
from wearables.activity.members.softmax import Softmax, train_softmax
from wearables.activity.members.trees import Trees, train_trees
from wearables.activity.recipe import Recipe
from wearables.errors import ModelError

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """Trained members.

    Attributes:
        recipe: How it was made.
        classes: Class names in the order of the probabilities.
        rate_hz: Rate of the windows.
        leading: Leading strain column; 0 without strain.
        softmax: Softmax regression, or None.
        trees: Forest, or None.
        nets: Nets, none or several.
    """

    recipe: Recipe
    classes: tuple[str, ...]
    rate_hz: float
    leading: int
    softmax: Softmax | None
    trees: Trees | None
    nets: tuple[RepetitionNet, ...]

    def features(self, values: NDArray[np.floating]) -> Rows:
        """What softmax and trees look at, shape (n_windows, n_features)."""
        parted = part_strain(self.recipe, values, self.rate_hz)
        return window_features(self.recipe, values, parted, self.rate_hz, self.leading)

    def standard_features(self, values: NDArray[np.floating]) -> Rows:
        """Features in units of their spread in training, by which the unknown is told."""
        if self.softmax is None:
            raise ModelError(f"recipe {self.recipe.name!r} has no softmax to standardise by")
        return (self.features(values) - self.softmax.mean) / self.softmax.sd

    def probabilities(self, values: NDArray[np.floating]) -> Rows:
        """Mean of the members' probabilities, shape (n_windows, n_classes).

        Args:
            values: Windows without missing samples, shape (n_windows, n_samples, n_channels).
        """
        parted = part_strain(self.recipe, values, self.rate_hz)
        found = []
        if self.softmax is not None or self.trees is not None:
            features = window_features(self.recipe, values, parted, self.rate_hz, self.leading)
            members = [member for member in (self.softmax, self.trees) if member is not None]
            found += [member.probabilities(features) for member in members]
        if self.nets:
            inputs = net_input(parted, self.rate_hz)
            said = [net_probabilities(net, inputs) for net in self.nets]
            # Nets that see the size and nets that do not are two members, for they err differently.
            found += [np.mean(said[i::2], axis=0) for i in range(min(2, len(said)))]
        return np.mean(found, axis=0)


def part_strain(recipe: Recipe, values: NDArray[np.floating], rate_hz: float) -> tuple[Rows, Rows]:
    """Rest and excursion of the strain columns; once for all members, for it takes longest."""
    return rest_and_excursion(values[..., : recipe.n_strain], rate_hz)


def sees_size(i_net: int) -> bool:
    """Every second net sees how large the leading excursion is."""
    return i_net % 2 == 1


def window_features(
    recipe: Recipe,
    values: NDArray[np.floating],
    parted: tuple[Rows, Rows],
    rate_hz: float,
    leading: int,
) -> Rows:
    """Features by the recipe, shape (n_windows, n_features)."""
    n_strain = recipe.n_strain
    match recipe.features:
        case "motion":
            return motion_features(values, rate_hz)
        case "gait":
            return gait_features(values, rate_hz)
        case "strain":
            return repetition_features(*parted, rate_hz, leading=leading)
        case "both":
            strain = repetition_features(*parted, rate_hz, leading=leading)
            return np.concatenate(
                [strain, motion_features(values[..., n_strain:], rate_hz)], axis=1
            )


def net_input(parted: tuple[Rows, Rows], rate_hz: float) -> Rows:
    """Excursions of strain, thinned, shape (n_windows, n_thinned, n_strain)."""
    return parted[1][:, :: max(1, round(rate_hz / NET_RATE_HZ))]


def train_committee(recipe: Recipe, windows: Windows, *, rate_hz: float) -> Committee:
    """Train every member that the recipe names.

    Args:
        recipe: How.
        windows: Training windows without missing samples; split wearers before.
        rate_hz: Their rate.

    Raises:
        ModelError: If the recipe names no member, or the windows hold fewer than two classes.
    """
    if len(np.unique(windows.labels)) < 2:
        raise ModelError("the training windows hold one class only; at least two are needed")
    if recipe.penalty is None and not recipe.n_trees and recipe.net is None:
        raise ModelError(f"recipe {recipe.name!r} names no learner")
    n_classes = len(windows.classes)
    parted = part_strain(recipe, windows.values, rate_hz)
    leading = leading_sensor(parted[1]) if recipe.n_strain else 0
    features = window_features(recipe, windows.values, parted, rate_hz, leading)
    softmax = trees = None
    if recipe.penalty is not None:
        softmax = train_softmax(
            features, windows.labels, n_classes=n_classes, penalty=recipe.penalty,
            balanced=recipe.balanced,
        )  # fmt: skip
    if recipe.n_trees:
        trees = train_trees(
            features, windows.labels, n_classes=n_classes, n_trees=recipe.n_trees,
            min_leaf=recipe.min_leaf, feature_share=recipe.feature_share, seed=recipe.seed,
        )  # fmt: skip
    nets: tuple[RepetitionNet, ...] = ()
    if recipe.net is not None:
        inputs = net_input(parted, rate_hz)
        nets = tuple(
            train_net(
                inputs, windows.labels, n_classes=n_classes, leading=leading,
                settings=recipe.net, seed=recipe.seed + i,
                sees_size=sees_size(i),
            )
            for i in range(recipe.net.n_seeds)
        )  # fmt: skip
    return Committee(
        recipe=recipe, classes=windows.classes, rate_hz=rate_hz, leading=leading,
        softmax=softmax, trees=trees, nets=nets,
    )  # fmt: skip
