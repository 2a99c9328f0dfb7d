"""Cost of the live chain of one garment, as a share of one core, and speed on long recordings.

Garment: ECG 256 Hz, two belts 64 Hz, motion 6 x 100 Hz, eight strains 100 Hz, conductance 20 Hz,
and five strains 100 Hz that the activity committee judges with all its members and its doubt
(trained on noise: what it says costs the same). Blocks of 0.1 s as a radio brings them; every
operator a page shows runs on them. The cost is CPU time over signal time.
"""

import argparse
import json
import time
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from wearables.activity.dataset import Windows
from wearables.activity.live import LiveCommittee
from wearables.activity.members.net import NetSettings
from wearables.activity.training import Source, recipe_named, train_recipe
from wearables.events import SampleBlock
from wearables.signals import (
    BreathDetector,
    Butterworth,
    Hampel,
    Notch,
    Operator,
    RPeakDetector,
    chain,
    run,
)
from wearables.signals.motion import (
    MovementIntensity,
    Orientation,
    PostureDetector,
    StepDetector,
    TrunkGait,
)
from wearables.signals.skin import ResponseDetector, TonicPhasic
from wearables.signals.textile import PlayOperators, RestBaseline

BLOCK_S = 0.1


def streams(seconds: float) -> dict[str, tuple[float, NDArray[np.float64]]]:
    rng = np.random.default_rng(0)

    def grid(rate_hz: float) -> NDArray[np.float64]:
        return np.arange(round(seconds * rate_hz)) / rate_hz

    t = grid(256.0)
    ecg = rng.normal(0, 2e-5, t.size)
    for beat in np.arange(0.5, seconds, 0.83):
        near = slice(max(0, int((beat - 0.1) * 256)), int((beat + 0.1) * 256))
        ecg[near] += 1e-3 * np.exp(-((t[near] - beat) ** 2) / (2 * 0.012**2))
    belt = np.sin(2 * np.pi * 0.25 * grid(64.0))
    walk = 3 * np.sin(2 * np.pi * 1.9 * grid(100.0))
    motion = np.stack([0 * walk, 0 * walk, 9.81 + walk, 0.1 * walk, 0.2 * walk, 0 * walk], axis=1)
    strain = np.tile(walk[:, None] / 10, (1, 8))
    return {
        "ecg": (256.0, ecg[:, None]),
        "belts": (64.0, np.stack([belt, belt], axis=1)),
        "motion": (100.0, motion + rng.normal(0, 0.05, motion.shape)),
        "strain": (100.0, strain + rng.normal(0, 0.01, strain.shape)),
        "eda": (20.0, 5e-6 + 1e-7 * np.sin(grid(20.0) / 3)[:, None]),
        "activity": (100.0, strain[:, :5] + rng.normal(0, 0.01, (len(strain), 5))),
    }


def operators() -> dict[str, list[Operator]]:
    up = np.array([0.0, 0.0, 1.0])
    return {
        "ecg": [
            chain(
                Notch(frequency_hz=50.0, rate_hz=256.0),
                RPeakDetector(rate_hz=256.0, latency_s=1.0),
            )
        ],
        "belts": [BreathDetector(rate_hz=64.0), BreathDetector(rate_hz=64.0, channel=1)],
        "motion": [
            Orientation(rate_hz=100.0), StepDetector(rate_hz=100.0),
            MovementIntensity(rate_hz=100.0), PostureDetector(rate_hz=100.0, trunk_up=up),
            TrunkGait(rate_hz=100.0),
        ],
        "strain": [
            chain(
                Hampel(rate_hz=100.0, n_channels=8), RestBaseline(rate_hz=100.0, n_channels=8),
                PlayOperators(rate_hz=100.0, widths=(0.0, 0.1, 0.2)),
            )
        ],
        "eda": [TonicPhasic(rate_hz=20.0), ResponseDetector(rate_hz=20.0)],
        "activity": [committee()],
    }  # fmt: skip


def committee() -> LiveCommittee:
    """The strain recipe, its nets trained for one epoch."""
    recipe = replace(recipe_named("knit-strain"), net=NetSettings(n_seeds=2, n_epochs=1))
    n, rng = 120, np.random.default_rng(0)
    windows = Windows(
        values=rng.normal(size=(n, 580, 5)).astype(np.float32), labels=np.arange(n) % 5,
        cases=np.arange(n), wearers=(np.arange(n) // 40).astype(np.str_),
        classes=tuple("abcde"),
    )  # fmt: skip
    names = tuple(f"c{i}" for i in range(5))
    source = Source(windows=windows, rate_hz=100.0, channels=names, training_set="", limits=())
    return LiveCommittee(train_recipe(recipe, source), channels=names, rate_hz=100.0)


def block(values: NDArray[np.float64], first: int, rate_hz: float) -> SampleBlock:
    return SampleBlock(
        stream="s", first_index=first, time_s=(first + np.arange(len(values))) / rate_hz,
        values=values, channels=tuple(f"c{i}" for i in range(values.shape[1])),
    )  # fmt: skip


def live(seconds: float) -> dict[str, float]:
    """Share of a core by stream."""
    result = {}
    for name, (rate_hz, values) in streams(seconds).items():
        n = max(1, round(BLOCK_S * rate_hz))
        parts = [block(values[i : i + n], i, rate_hz) for i in range(0, len(values), n)]
        for operator in operators()[name]:
            start = time.process_time()
            run(operator, parts)
            spent = time.process_time() - start
            key = f"{name} {type(operator).__name__}"
            result[key] = round(spent / seconds, 5)
    return result


def conditioning_s() -> float:
    """CPU time to band-pass and notch an hour of 6 channels at 200 Hz, blocks of 1 s."""
    values = np.random.default_rng(0).normal(size=(200 * 3600, 6))
    both = chain(
        Notch(frequency_hz=50.0, rate_hz=200.0),
        Butterworth(band="bandpass", cutoff_hz=(0.5, 40.0), rate_hz=200.0),
    )
    parts = [block(values[i : i + 200], i, 200.0) for i in range(0, len(values), 200)]
    start = time.process_time()
    run(both, parts)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="signal time")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    shares = live(arguments.seconds)
    result = {
        "core_share": shares,
        "core_share_total": round(sum(shares.values()), 4),
        "hour_of_6_x_200_hz_s": round(min(conditioning_s() for _ in range(3)), 2),
    }
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for name, share in shares.items():
        print(f"{name:28s} {100 * share:6.2f} %")
    print(f"{'whole garment':28s} {100 * result['core_share_total']:6.2f} % of one core")
    print(f"an hour of 6 x 200 Hz, filtered: {result['hour_of_6_x_200_hz_s']} s")


if __name__ == "__main__":
    main()
