"""From a folder of recordings to a committee with its card: one readable loop.

Wearers are held out in folds to say what the committee is worth on strangers and when it should say
unknown; then it is trained once more on everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wearables.activity.adapt import learn_metric
from wearables.activity.committee import train_committee
from wearables.activity.committee_file import CommitteeCard, Shipped, save_committee
from wearables.activity.dataset import Windows
from wearables.activity.doubt import learn_doubt
from wearables.activity.evaluate import judge_masks, pooled_scores
from wearables.activity.recipe import RECIPES, Recipe
from wearables.activity.sets import (
    KNIT_COLUMNS,
    KNIT_RATE_HZ,
    SLEEVE_COLUMNS,
    read_knit_repetitions,
    read_sleeves,
    read_waist,
    read_watch,
)
from wearables.activity.smoothing import learn_succession
from wearables.activity.splits import wearer_folds
from wearables.errors import ModelError

N_FOLDS = 7
_MOTION = ("acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2", "gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Labelled windows of a recipe.

    Attributes:
        windows: Windows in the order of time inside each recording.
        rate_hz: Their rate.
        channels: Channel names.
        training_set: Name and licence.
        limits: What the set does not show.
    """

    windows: Windows
    rate_hz: float
    channels: tuple[str, ...]
    training_set: str
    limits: tuple[str, ...]


def recipe_named(name: str) -> Recipe:
    """Find a recipe.

    Raises:
        ModelError: If there is none of this name.
    """
    if name not in RECIPES:
        raise ModelError(f"no recipe is called {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def read_source(recipe: Recipe, folder: Path) -> Source:
    """Read the recordings that a recipe is made for.

    Raises:
        ModelError: If the folder holds none.
    """
    if recipe.name.startswith("knit"):
        windows = read_knit_repetitions(folder)
        columns = {"knit-strain": slice(0, 5), "knit-motion": slice(5, 11)}.get(
            recipe.name, slice(0, 11)
        )
        return Source(
            windows=replace(windows, values=windows.values[..., columns]),
            rate_hz=KNIT_RATE_HZ,
            channels=KNIT_COLUMNS[columns],
            training_set="knitted knee sleeve, five exercises (MIT, e-Body-Lab)",
            limits=(
                "One repetition a window: the sleeve's rest before and after it belongs to it.",
                "Wearers recorded one after the other share drift; strangers score lower.",
            ),
        )
    if recipe.name.startswith("sleeve"):
        windows, rate_hz = read_sleeves(folder, window_s=recipe.window_s, hop_s=recipe.hop_s)
        return Source(
            windows=windows,
            rate_hz=rate_hz,
            channels=SLEEVE_COLUMNS,
            training_set="capacitive sleeves, left leg (MIT, Pearl 2022)",
            limits=("The stiff knee was acted, on the left leg; the right sleeve tells little.",),
        )
    if recipe.name.startswith("waist"):
        n_classes = int(recipe.name.split("-")[1])
        windows, rate_hz = read_waist(
            folder, n_classes=n_classes, window_s=recipe.window_s, hop_s=recipe.hop_s
        )
        names, channels = "HAPT waist phone (UCI; licence to be confirmed)", _MOTION
    else:
        windows, rate_hz = read_watch(folder, window_s=recipe.window_s, hop_s=recipe.hop_s)
        names, channels = "WISDM 2019 watch (UCI; licence to be confirmed)", _MOTION[:3]
    limits = ("Windows lie inside labelled stretches; changes between them were not judged.",)
    return Source(
        windows=windows, rate_hz=rate_hz, channels=channels, training_set=names, limits=limits
    )


def train_recipe(
    recipe: Recipe, source: Source, *, n_folds: int = N_FOLDS,
    progress: Callable[[str], None] = lambda _: None,
) -> Shipped:  # fmt: skip
    """Hold wearers out to learn what it is worth, then train on all.

    Args:
        recipe: How.
        source: Labelled windows.
        n_folds: Folds of wearers that are held out in turn; fewer if there are fewer wearers.
        progress: Told what happens.

    Raises:
        ModelError: If there are fewer than two wearers.
    """
    windows, rng = source.windows, np.random.default_rng(recipe.seed)
    n_wearers = len(np.unique(windows.wearers))
    if n_wearers < 2:
        raise ModelError(f"{n_wearers} wearer is too few: one must be held out to judge the model")
    masks = wearer_folds(windows.wearers, min(n_folds, n_wearers), rng)
    progress(f"{len(masks)} folds of {n_wearers} wearers")
    judged = judge_masks(recipe, windows, masks, rate_hz=source.rate_hz)
    raw, after = pooled_scores(windows, judged, rng)
    progress(f"strangers: macro-F1 {after.macro_f1:.3f}; training on everybody")
    committee = train_committee(recipe, windows, rate_hz=source.rate_hz)
    doubt = None
    if committee.softmax is not None:
        rows = np.concatenate([one.windows for one in judged])
        doubt = learn_doubt(
            windows.labels[rows],
            np.concatenate([one.raw for one in judged]),
            committee.standard_features(windows.values[rows]),
            [np.isin(rows, one.windows) for one in judged],
        )
    succession = None
    if recipe.smooth:
        succession = learn_succession(
            windows.labels, windows.cases, n_classes=len(windows.classes), balanced=recipe.balanced
        )
    card = CommitteeCard(
        classes=windows.classes,
        channels=source.channels,
        rate_hz=source.rate_hz,
        recipe=recipe,
        leading=committee.leading,
        training_set=source.training_set,
        wearers=tuple(np.unique(windows.wearers).tolist()),
        metrics={
            f"{len(masks)} folds of wearers, one window": _told(raw.to_json()),
            f"{len(masks)} folds of wearers, with the past": _told(after.to_json()),
        },
        limits=source.limits,
    )
    return Shipped(
        committee=committee, card=card, succession=succession, doubt=doubt,
        metric=learn_metric(committee, windows),
    )  # fmt: skip


def _told(scores: dict[str, Any]) -> dict[str, Any]:
    return {**scores, "worst": scores["wearers"][scores["worst_wearer"]]}


def train_to_file(
    name: str, folder: Path, out: Path, *, seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> CommitteeCard:  # fmt: skip
    """Train a recipe on a folder of recordings; writes weights and the card beside them.

    Raises:
        ModelError: If recipe or folder do not serve.
        OSError: If a file cannot be written.
    """
    recipe = replace(recipe_named(name), seed=seed)
    shipped = train_recipe(recipe, read_source(recipe, folder), progress=progress)
    save_committee(out, shipped)
    return shipped.card
