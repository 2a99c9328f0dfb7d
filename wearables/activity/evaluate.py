"""Judge a recipe on wearers it never saw; what is tuned is tuned inside the training wearers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearables.activity.committee import Committee, train_committee
from wearables.activity.dataset import Windows
from wearables.activity.metrics import Scores, score
from wearables.activity.recipe import Recipe
from wearables.activity.smoothing import learn_succession, smooth

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Answers on held-out windows.

    Attributes:
        windows: Which windows, as numbers in the set.
        raw: Probabilities without the past, shape (n_windows, n_classes).
        smoothed: With the past of each recording; the same where the recipe does not smooth.
    """

    windows: NDArray[np.int64]
    raw: Rows
    smoothed: Rows


def judge(recipe: Recipe, train: Windows, test: Windows, *, rate_hz: float) -> tuple[Rows, Rows]:
    """Train on one part, answer on the other; raw and smoothed probabilities."""
    committee = train_committee(recipe, train, rate_hz=rate_hz)
    raw = committee.probabilities(test.values)
    return raw, smoothed(committee, raw, train, test)


def smoothed(committee: Committee, raw: Rows, train: Windows, test: Windows) -> Rows:
    """Probabilities that know the past, if the recipe wants them to."""
    recipe = committee.recipe
    if not recipe.smooth:
        return raw
    succession = learn_succession(
        train.labels, train.cases, n_classes=len(train.classes), balanced=recipe.balanced
    )
    return smooth(raw, test.cases, succession)


def judge_masks(
    recipe: Recipe, windows: Windows, masks: Sequence[NDArray[np.bool_]], *, rate_hz: float
) -> list[Judged]:
    """Hold out each mask in turn; nothing of it is seen in training."""
    found = []
    for mask in masks:
        raw, after = judge(recipe, windows.part(~mask), windows.part(mask), rate_hz=rate_hz)
        found.append(Judged(windows=np.flatnonzero(mask), raw=raw, smoothed=after))
    return found


def pooled_scores(
    windows: Windows, judged: Sequence[Judged], rng: np.random.Generator
) -> tuple[Scores, Scores]:
    """Scores over all held-out windows together: raw, smoothed."""
    rows = np.concatenate([one.windows for one in judged])
    answers = [
        np.concatenate([getattr(one, name) for one in judged]) for name in ("raw", "smoothed")
    ]
    raw, after = (
        score(windows.labels[rows], given, windows.wearers[rows], windows.classes, rng=rng)
        for given in answers
    )
    return raw, after


def split_rows(
    windows: Windows, judged: Sequence[Judged], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """One row a split: who was held out, and how it went."""
    rows = []
    for one in judged:
        part = windows.wearers[one.windows]
        found = score(windows.labels[one.windows], one.smoothed, part, windows.classes, rng=rng)
        rows.append(
            {
                "held_out": sorted(np.unique(part).tolist()),
                "macro_f1": found.macro_f1,
                "worst_wearer": found.worst_wearer,
                "worst": found.wearers[found.worst_wearer],
            }
        )
    return rows
