"""Activity models on wearers they never saw; the tree baseline is the peer in the same run.

    python benchmarks/activity_strangers.py --train DIR --test DIR --recipe NAME [--net] [--json]

One folder twice: wearers of it are held out (folds; for the sleeve also ten draws of 10 against 4,
and blocks of neighbours). Two folders: trained on all of the first, judged on all of the second.
`knit-strain` also reports each split with one labelled repetition of each exercise of the person.
`--net` adds a small convolutional recurrent net on the raw windows. Ratios are ours by the peer's.

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
from wearables.activity.evaluate import Judged, judge, judge_masks, pooled_scores, split_rows
from wearables.activity.metrics import score
from wearables.activity.recipe import Recipe
from wearables.activity.splits import wearer_draws, wearer_folds
from wearables.activity.train import TrainConfig, probabilities
from wearables.activity.train import train as train_net
from wearables.activity.training import Source, read_source, recipe_named

SEED = 0


def trees_only(recipe: Recipe) -> Recipe:
    """The usual baseline: 200 extremely randomised trees on the same features, same smoothing."""
    return replace(recipe, name=f"{recipe.name}, trees", penalty=None, net=None, n_trees=200)


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


def net_judged(windows: Windows, masks: list[np.ndarray]) -> list[Judged]:
    """A net of 24 features on the raw windows, one window at a time."""
    found = []
    for mask in masks:
        trained = train_net(TrainConfig(n_epochs=15, learning_rate=5e-3), windows.part(~mask))
        said = probabilities(trained, windows.part(mask))
        found.append(Judged(windows=np.flatnonzero(mask), raw=said, smoothed=said))
    return found


def with_ratios(told: dict[str, Any], ours: str) -> dict[str, Any]:
    """Each peer's row gets what ours is by it."""
    best = told[ours]["macro_f1_mean_of_splits"]
    for name, row in told.items():
        if name != ours:
            row["ratio_of_ours"] = best / row["macro_f1_mean_of_splits"]
    return told


def within(source: Source, recipe: Recipe, *, has_net: bool) -> dict[str, Any]:
    """All protocols of one folder."""
    told: dict[str, Any] = {}
    for name, masks in protocols(source, recipe).items():
        told |= with_ratios(protocol(source, recipe, name, masks, has_net=has_net),
                            f"{recipe.name}: {name}")  # fmt: skip
    return told


def protocol(
    source: Source, recipe: Recipe, name: str, masks: list[np.ndarray], *, has_net: bool
) -> dict[str, Any]:
    """Ours and the peers on the same splits."""
    told: dict[str, Any] = {}
    if has_net:
        judged = net_judged(source.windows, masks)
        told[f"{recipe.name}, net: {name}"] = row_of(source.windows, judged)
    for who in (recipe, trees_only(recipe)):
        judged = judge_masks(who, source.windows, masks, rate_hz=source.rate_hz)
        told[f"{who.name}: {name}"] = row_of(source.windows, judged)
    if recipe.name == "knit-strain":
        rows = personal_rows(recipe, source, masks)
        told[f"{recipe.name}, one labelled repetition: {name}"] = {
            "macro_f1_mean_of_splits": float(np.mean([row["macro_f1"] for row in rows])),
            "splits": rows,
        }
    return told


def row_of(windows: Windows, judged: list[Judged]) -> dict[str, Any]:
    """Scores of one method."""
    rng = np.random.default_rng(SEED)
    raw, after = pooled_scores(windows, judged, rng)
    rows = split_rows(windows, judged, rng)
    return {
        "macro_f1_mean_of_splits": float(np.mean([row["macro_f1"] for row in rows])),
        "pooled": after.to_json(), "one_window": raw.macro_f1, "splits": rows,
    }  # fmt: skip


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
    return with_ratios(told, recipe.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--recipe", default="knit-strain")
    parser.add_argument("--net", action="store_true", help="also a small net (one folder only)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    recipe = recipe_named(options.recipe)
    begin = time.process_time()
    train = read_source(recipe, options.train)
    if options.train.resolve() == options.test.resolve():
        told = within(train, recipe, has_net=options.net)
    else:
        told = across(recipe, train, read_source(recipe, options.test))
    if options.json:
        print(json.dumps({"recipe": recipe.name, "cpu_s": time.process_time() - begin, **told}))
        return
    for name, found in told.items():
        by = f", ours by it {found['ratio_of_ours']:.3f}" if "ratio_of_ours" in found else ""
        print(f"{name}: macro-F1 {found['macro_f1_mean_of_splits']:.3f}{by}")
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
