"""Activity models on wearers they never saw; the tree baseline is the peer in the same run.

    python benchmarks/activity_strangers.py --train DIR --test DIR --recipe NAME [--json]

One folder twice: wearers of it are held out (folds; for the sleeve also ten draws of 10 against 4,
and blocks of neighbours). Two folders: trained on all of the first, judged on all of the second.
`knit-strain` also reports each split with one labelled repetition of each exercise of the person.

Nothing is tuned on held-out wearers: recipes are constants, forests and nets see training wearers
only, and the splitter masks wearers before anything is fitted.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wearables.activity.adapt import Personal, learn_metric
from wearables.activity.committee import train_committee
from wearables.activity.dataset import Windows
from wearables.activity.evaluate import judge, judge_masks, pooled_scores, split_rows
from wearables.activity.metrics import score
from wearables.activity.recipe import Recipe
from wearables.activity.splits import wearer_draws, wearer_folds
from wearables.activity.training import Source, read_source, recipe_named

SEED = 0


def trees_only(recipe: Recipe) -> Recipe:
    """The usual baseline: 200 extremely randomised trees on the same features, no past."""
    return replace(
        recipe, name=f"{recipe.name}, trees", penalty=None, net=None, smooth=False, n_trees=200
    )


def halves(wearers: np.ndarray) -> list[np.ndarray]:
    """First half, second half and last four in the order they were recorded."""
    order = sorted(np.unique(wearers), key=lambda name: int("".join(filter(str.isdigit, name))))
    middle = len(order) // 2
    return [np.isin(wearers, part) for part in (order[:middle], order[middle:], order[-4:])]


def protocols(source: Source, recipe: Recipe) -> dict[str, list[np.ndarray]]:
    """Named splits of one folder."""
    wearers = source.windows.wearers
    rng = np.random.default_rng(SEED)
    n_folds = min(7 if not recipe.name.startswith("watch") else 9, len(np.unique(wearers)))
    if not recipe.name.startswith("knit"):
        return {f"{n_folds} folds of wearers": list(wearer_folds(wearers, n_folds, rng))}
    return {
        "10 draws, 4 wearers held out": list(wearer_draws(wearers, n_test=4, n_draws=10, rng=rng)),
        "blocks of neighbours": halves(wearers),
    }


def personal_rows(recipe: Recipe, source: Source, masks: list[np.ndarray]) -> list[dict[str, Any]]:
    """Each held-out wearer gives the first repetition of each exercise with its label."""
    rows = []
    for mask in masks:
        train, test = source.windows.part(~mask), source.windows.part(mask)
        committee = train_committee(recipe, train, rate_hz=source.rate_hz)
        metric = learn_metric(committee, train)
        labels, given, wearers = [], [], []
        for wearer in np.unique(test.wearers):
            own = test.part(test.wearers == wearer)
            first = first_of_each(own)
            person = Personal(committee, metric, own.values[first], own.labels[first])
            rest = own.part(~first)
            given.append(person.probabilities(rest.values))
            labels.append(rest.labels)
            wearers.append(rest.wearers)
        found = score(
            np.concatenate(labels), np.concatenate(given), np.concatenate(wearers),
            test.classes, rng=np.random.default_rng(SEED),
        )  # fmt: skip
        rows.append({"held_out": sorted(found.wearers), "macro_f1": found.macro_f1})
    return rows


def first_of_each(windows: Windows) -> np.ndarray:
    mask = np.zeros(len(windows.labels), dtype=bool)
    mask[[int(np.flatnonzero(windows.labels == k)[0]) for k in np.unique(windows.labels)]] = True
    return mask


def within(source: Source, recipe: Recipe) -> dict[str, Any]:
    """All protocols of one folder."""
    told: dict[str, Any] = {}
    for name, masks in protocols(source, recipe).items():
        for who in (recipe, trees_only(recipe)):
            rng = np.random.default_rng(SEED)
            judged = judge_masks(who, source.windows, masks, rate_hz=source.rate_hz)
            raw, after = pooled_scores(source.windows, judged, rng)
            rows = split_rows(source.windows, judged, rng)
            told[f"{who.name}: {name}"] = {
                "macro_f1_mean_of_splits": float(np.mean([row["macro_f1"] for row in rows])),
                "pooled": after.to_json(), "one_window": raw.macro_f1, "splits": rows,
            }  # fmt: skip
        if recipe.name == "knit-strain":
            rows = personal_rows(recipe, source, masks)
            told[f"{recipe.name}, one labelled repetition: {name}"] = {
                "macro_f1_mean_of_splits": float(np.mean([row["macro_f1"] for row in rows])),
                "splits": rows,
            }
    return told


def across(recipe: Recipe, train: Source, test: Source) -> dict[str, Any]:
    """Train on one folder, judge on another."""
    told = {}
    for who in (recipe, trees_only(recipe)):
        _, after = judge(who, train.windows, test.windows, rate_hz=train.rate_hz)
        found = score(
            test.windows.labels, after, test.windows.wearers, test.windows.classes,
            rng=np.random.default_rng(SEED),
        )  # fmt: skip
        told[who.name] = {"macro_f1_mean_of_splits": found.macro_f1, "pooled": found.to_json()}
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--recipe", default="knit-strain")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    recipe = recipe_named(options.recipe)
    begin = time.process_time()
    train = read_source(recipe, options.train)
    if options.train.resolve() == options.test.resolve():
        told = within(train, recipe)
    else:
        told = across(recipe, train, read_source(recipe, options.test))
    if options.json:
        print(json.dumps({"recipe": recipe.name, "cpu_s": time.process_time() - begin, **told}))
        return
    for name, found in told.items():
        print(f"{name}: macro-F1 {found['macro_f1_mean_of_splits']:.3f}")
        for row in found.get("splits", []):
            print(f"    {row['macro_f1']:.3f}  held out {', '.join(row['held_out'])}")
        if "pooled" in found:
            pooled = found["pooled"]
            print(f"    worst wearer {pooled['worst_wearer']}, "
                  f"{pooled['wearers'][pooled['worst_wearer']]:.3f}; calibration error "
                  f"{pooled['calibration_error']:.3f}")  # fmt: skip
    print(f"{time.process_time() - begin:.0f} s of one core")


if __name__ == "__main__":
    main()
