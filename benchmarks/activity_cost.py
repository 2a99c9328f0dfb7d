"""What an activity model costs: time a window, first answer, training time, int8 size and accuracy.

    python benchmarks/activity_cost.py --train DIR --test DIR [--json]

The strain committee of the knitted knee sleeve. Two folders: int8 accuracy is that on the second.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from wearables.activity.committee import net_input, part_strain, train_committee
from wearables.activity.committee_file import CommitteeCard, Shipped
from wearables.activity.export import int8_net, to_int8
from wearables.activity.live import LiveCommittee
from wearables.activity.members.net import net_probabilities
from wearables.activity.splits import wearer_draws
from wearables.activity.training import read_source, recipe_named
from wearables.events import SampleBlock

N_WINDOWS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = recipe_named("knit-strain")
    source = read_source(recipe, options.train)
    train, test = source.windows, read_source(recipe, options.test).windows
    if options.train.resolve() == options.test.resolve():
        mask = wearer_draws(train.wearers, n_test=4, n_draws=1, rng=np.random.default_rng(0))[0]
        train, test = train.part(~mask), train.part(mask)
    begin = time.process_time()
    committee = train_committee(recipe, train, rate_hz=source.rate_hz)
    training_s = time.process_time() - begin
    again = train_committee(recipe, train, rate_hz=source.rate_hz)
    same = np.array_equal(committee.probabilities(test.values), again.probabilities(test.values))
    times = []
    for i in range(N_WINDOWS):
        window = test.values[i % len(test.values)][None]
        begin_ns = time.process_time_ns()
        committee.probabilities(window)
        times.append((time.process_time_ns() - begin_ns) / 1e6)
    net = committee.nets[0]
    inputs = net_input(part_strain(recipe, test.values, source.rate_hz), source.rate_hz)
    exact = net_probabilities(net, inputs).argmax(axis=1)
    rounded = net_probabilities(int8_net(net), inputs).argmax(axis=1)
    told = {
        "training_cpu_s": training_s, "bitwise_repeatable": bool(same),
        "window_ms_median": float(np.median(times)),
        "window_ms_p95": float(np.quantile(times, 0.95)),
        "first_answer_s": first_answer_s(committee, source, test.values[0]),
        "net_bytes_float32": sum(p.numel() * 4 for p in net.parameters()),
        "net_bytes_int8": sum(layer.n_bytes for layer in to_int8(net)),
        "net_accuracy": float((exact == test.labels).mean()),
        "net_accuracy_int8": float((rounded == test.labels).mean()),
    }  # fmt: skip
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:24s} {value}")


def first_answer_s(committee, source, values) -> float:
    """Seconds of data until the first answer, fed in tenths of a second."""
    card = CommitteeCard(
        classes=committee.classes, channels=source.channels, rate_hz=source.rate_hz,
        recipe=replace(committee.recipe), leading=committee.leading, training_set="", wearers=(),
    )  # fmt: skip
    live = LiveCommittee(
        Shipped(committee=committee, card=card), channels=source.channels, rate_hz=source.rate_hz
    )
    step = round(source.rate_hz / 10)
    for first in range(0, len(values), step):
        piece = values[first : first + step].astype(np.float64)
        stamps = (first + np.arange(len(piece))) / source.rate_hz
        block = SampleBlock(
            stream="strain", first_index=first, time_s=stamps, values=piece,
            channels=source.channels,
        )  # fmt: skip
        if live(block):
            return (first + len(piece)) / source.rate_hz
    return float("nan")


if __name__ == "__main__":
    main()
