"""One door to weights of any kind: what they need, and the operator that judges with them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearables.activity.adapt import Metric, Personal
from wearables.activity.classify import Classifier
from wearables.activity.committee_file import Shipped, is_committee, load_committee
from wearables.activity.live import LiveCommittee, LiveModel
from wearables.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityModel:
    """Loaded weights.

    Attributes:
        path: Where they came from.
        name: Recipe, or training set.
        classes: Class names.
        channels: Channel names with SI units, in order.
        rate_hz: Rate of the windows.
        window_s: Length of a window.
        hop_s: Time between answers.
        open: Gives a new operator for channels and rate of a signal; refuses what does not fit.
    """

    path: Path
    name: str
    classes: tuple[str, ...]
    channels: tuple[str, ...]
    rate_hz: float
    window_s: float
    hop_s: float
    open: Callable[[tuple[str, ...], float], LiveModel]


def open_model(path: Path) -> ActivityModel:
    """Load a committee or a net.

    Raises:
        ModelError: If the file is neither.
    """
    if is_committee(path):
        return _committee_model(path, load_committee(path), None)
    plain = Classifier(path)
    own = plain.card
    return ActivityModel(
        path=path, name=own.training_set, classes=own.classes, channels=own.channels,
        rate_hz=own.rate_hz, window_s=own.window / own.rate_hz, hop_s=own.hop / own.rate_hz,
        open=lambda names, rate_hz: plain.live(channels=names, rate_hz=rate_hz),
    )  # fmt: skip


def adaptable(path: Path) -> tuple[Shipped, Metric]:
    """A committee that can be made one wearer's, and how wearers vary.

    Raises:
        ModelError: If the model is none.
    """
    if not is_committee(path):
        raise ModelError(f"{path} cannot be made personal; a committee of a recipe can")
    shipped = load_committee(path)
    if shipped.metric is None:
        raise ModelError(f"{path} does not hold how wearers vary; train it anew")
    return shipped, shipped.metric


def personal_model(
    path: Path, values: NDArray[np.floating], labels: NDArray[np.str_]
) -> ActivityModel:
    """Load a committee and make it one wearer's.

    Args:
        path: Weights.
        values: The wearer's labelled windows, shape (n_windows, n_samples, n_channels).
        labels: What was done in each; every class of the model must occur, others are left out.

    Raises:
        ModelError: If the model cannot be made personal, or a class has no window.
    """
    shipped, metric = adaptable(path)
    classes = list(shipped.card.classes)
    known = np.isin(labels, classes)
    numbers = np.array([classes.index(name) for name in labels[known]], dtype=np.int64)
    person = Personal(shipped.committee, metric, values[known], numbers)
    return _committee_model(path, shipped, person)


def _committee_model(path: Path, shipped: Shipped, person: Personal | None) -> ActivityModel:
    card, recipe = shipped.card, shipped.card.recipe
    return ActivityModel(
        path=path, name=recipe.name, classes=card.classes, channels=card.channels,
        rate_hz=card.rate_hz, window_s=recipe.window_s, hop_s=recipe.hop_s,
        open=lambda names, rate_hz: LiveCommittee(
            shipped, channels=names, rate_hz=rate_hz, personal=person
        ),
    )  # fmt: skip
