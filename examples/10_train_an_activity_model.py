"""Train a small net on the movements that ship, and let it say "unknown" on what it never saw.

BasicMotions are four students; its accuracy here says nothing about other people. The recipes of
`muslin train --recipe` hold wearers out.
"""

from pathlib import Path

import numpy as np

from muslin.folders import assets_folder
from wearables.activity.classify import Classifier
from wearables.activity.dataset import read_cases
from wearables.activity.train import TrainConfig, train_basicmotions
from wearables.events import SampleBlock

out = Path("motions.safetensors")
card = train_basicmotions(out, assets_folder(), TrainConfig(n_epochs=12, n_folds=2, hop=10))
print("weights:", out.stat().st_size // 1024, "KiB, classes:", ", ".join(card["classes"]))
print(f"windows of cases held out: {card['metrics']['fold_accuracy_mean']:.2f} right")

classifier = Classifier(out)
cases = read_cases(assets_folder() / "recordings" / "basicmotions_test.npz")


def told(values: np.ndarray) -> str:
    block = SampleBlock(
        stream="wrist", first_index=0, time_s=np.arange(len(values)) / cases.rate_hz,
        values=values, channels=classifier.card.channels,
    )  # fmt: skip
    found = classifier([block], channels=block.channels, rate_hz=cases.rate_hz)
    return ", ".join(f"{one.label} {one.probability:.2f}" for one in found[:3])


for i in (0, 10, 20, 30):
    print(f"a case of {cases.labels[i]}: {told(cases.values[i].astype(np.float64))}")
broken = cases.values[10].astype(np.float64)
broken[20:60] = np.nan
print(f"with four seconds missing: {told(broken)}")
