"""Activities a model never saw: does its doubt tell them from those it knows?

    python benchmarks/activity_unknown.py --train DIR --test DIR [--recipe waist-6] [--json]

Each activity is left out of training in turn, and so are wearers (folds of one folder, or all of
the second one). On the held-out wearers the area under the curve says how well strangeness
separates the left-out activity from the others; beside it the usual peer in the same run, the
largest probability (Hendrycks & Gimpel 2017). Limits are learnt inside the training wearers.
The method was chosen on the watch set; nothing of the waist set took part in it.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wearables.activity.dataset import Windows
from wearables.activity.metrics import auroc
from wearables.activity.splits import wearer_folds
from wearables.activity.training import Source, read_source, recipe_named, train_recipe

SEED = 0
N_FOLDS = 3


def without(windows: Windows, label: int) -> Windows:
    """All windows but those of one activity, which loses its number."""
    kept = windows.part(windows.labels != label)
    labels = kept.labels - (kept.labels > label)
    return replace(
        kept, labels=labels, classes=windows.classes[:label] + windows.classes[label + 1 :]
    )


def splits(train: Source, test: Source | None) -> Iterator[tuple[Windows, Windows]]:
    """Training and judged windows; wearers of one never among those of the other."""
    windows = train.windows
    if test is not None:
        yield windows, test.windows
        return
    n = min(N_FOLDS, len(np.unique(windows.wearers)))
    for mask in wearer_folds(windows.wearers, n, np.random.default_rng(SEED)):
        yield windows.part(~mask), windows.part(mask)


def left_out(recipe, train: Source, test: Source | None, label: int) -> dict[str, float]:
    """One activity that nobody trained on."""
    ours, peer, accepted, is_known = [], [], [], []
    for seen, judged in splits(train, test):
        source = replace(train, windows=without(seen, label))
        shipped = train_recipe(recipe, source, n_folds=N_FOLDS)
        doubt = shipped.doubt
        if doubt is None:
            raise SystemExit(f"recipe {recipe.name} learns no doubt")
        raw = shipped.committee.probabilities(judged.values)
        features = shipped.committee.standard_features(judged.values)
        ours.append(-doubt.strangeness(features))
        peer.append(doubt.temper(raw).max(axis=1))
        accepted.append(~doubt.is_unknown(raw, features))
        is_known.append(judged.labels != label)
    known = np.concatenate(is_known)
    scores = {"ours": np.concatenate(ours), "largest_probability": np.concatenate(peer)}
    kept = np.concatenate(accepted)
    area = {name: auroc(s[known], s[~known]) for name, s in scores.items()}
    limit = np.quantile(scores["ours"][known], 0.05)
    return {
        **area, "ratio": area["ours"] / area["largest_probability"],
        "false_accepts_at_95_kept": float((scores["ours"][~known] >= limit).mean()),
        "kept_by_limits": float(kept[known].mean()),
        "false_accepts_by_limits": float(kept[~known].mean()), "windows": int((~known).sum()),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--recipe", default="waist-6")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin = time.process_time()
    recipe = recipe_named(options.recipe)
    train = read_source(recipe, options.train)
    is_one = options.train.resolve() == options.test.resolve()
    test = None if is_one else read_source(recipe, options.test)
    rows: dict[str, Any] = {}
    for label, name in enumerate(train.windows.classes):
        rows[name] = left_out(recipe, train, test, label)
        if not options.json:
            print(f"{name:22s} " + "  ".join(f"{k} {v:.3f}" for k, v in rows[name].items()))
    mean = {
        key: float(np.mean([row[key] for row in rows.values()]))
        for key in next(iter(rows.values()))
    }
    if options.json:
        spent_s = time.process_time() - begin
        print(json.dumps({"recipe": recipe.name, "left_out": rows, "mean": mean, "cpu_s": spent_s}))
        return
    print("mean                   " + "  ".join(f"{k} {v:.3f}" for k, v in mean.items()))
    print(f"{time.process_time() - begin:.0f} s of one core")


if __name__ == "__main__":
    main()
