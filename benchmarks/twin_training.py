"""Does predicted strain of a knee sleeve help an activity model on wearers it never saw?

    python benchmarks/twin_training.py --data DIR [--draws N] [--only P] [--nets] [--json]

Reads every `cls_*.npz` in DIR. Splits: ten draws of four wearers held out and blocks of
neighbours, as in `activity_strangers.py`; and few wearers, where one, two or three are trained on
and all others judge. Rehearsed windows come from drapes over 0 to 110 degrees on three bodies. Four
designs:

- as many rehearsed wearers as there are real ones, added to softmax and trees; gain, saturation and
  noise of their lines are read from training wearers only;
- the same with the sensor model drawn at random far wider than any sleeve (domain randomisation);
- rehearsed wearers alone;
- with `--nets`, a net that is trained on twenty random rehearsed wearers first and then on the real
  ones, against the same net without.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fitting.body import Measurements, body_from_measurements
from fitting.pattern import complete_measures
from muslin.twin import twin_garment
from muslin.twin.motion.frames import motion_frames
from muslin.twin.motion.motion import AngleTrack
from muslin.twin.motion.moving import wear_moving
from muslin.twin.replay.rehearsal import Bout, LineFit, rehearse
from muslin.twin.replay.strain_angle import StrainCurve
from muslin.twin.sensors.grip import with_friction
from wearables.activity.committee import net_input, part_strain, train_committee
from wearables.activity.dataset import Windows
from wearables.activity.features.strain import leading_sensor
from wearables.activity.members.net import net_probabilities, train_net
from wearables.activity.metrics import score
from wearables.activity.splits import wearer_draws
from wearables.activity.training import read_source, recipe_named

SEED = 0
RATE_HZ = 100.0
PROTOCOLS = ("draws", "blocks", "1 wearers", "2 wearers", "3 wearers")
GAINS = {
    "real and rehearsed": "real", "real and randomised": "real", "net, rehearsed first": "net",
}  # fmt: skip
PEOPLE = (
    ("female", {"stature": 163, "hip_girth": 102}), ("male", {"stature": 176, "hip_girth": 102}),
    ("male", {"stature": 187, "hip_girth": 108}),
)  # fmt: skip
# What the exercises ask of the knee, by their names; none of it was read from the recordings.
BOUTS = {
    "HC_45": Bout(far_deg=45), "HC_90": Bout(far_deg=90), "Half_squat": Bout(far_deg=70),
    "Leg_presses_liftup": Bout(far_deg=85), "Leg_extension_sit": Bout(far_deg=10, start_deg=90),
}  # fmt: skip


def curves() -> list[StrainCurve]:
    """Predicted strain of the five lines over the knee angle, on three bodies."""
    found = []
    garment = twin_garment("knee_sleeve")
    fabric = with_friction(garment.fabric, 2.0)
    time_s = np.linspace(0, 2.2, 111)
    track = AngleTrack(
        name="bend", time_s=time_s, angles_rad={"knee_flexion_l": np.radians(50 * time_s)}
    )
    for sex, measures_cm in PEOPLE:
        measures = Measurements.from_cm(measures_cm)
        fitted = body_from_measurements(measures, sex=sex)
        pattern = garment.draft(complete_measures(measures, fitted.achieved))
        frames = motion_frames(track, fitted.body, rate_hz=45)
        worn = wear_moving(pattern, garment.plans, fabric, fitted.body, frames, n_keys=7)
        order = np.argsort(worn.key_s)
        lines = [site for site in worn.sites if site.sensor.is_line]
        strain = np.stack([worn.strain(site)[order] for site in lines], axis=1)
        found.append(StrainCurve(angle_rad=np.radians(50 * worn.key_s[order]), strain=strain))
    return found


def line_fit(train: Windows) -> LineFit:
    """Gain, saturation, spread and noise of the lines from training wearers."""

    def excursion(name: str, rows: np.ndarray) -> np.ndarray:
        own = train.values[rows & (train.labels == train.classes.index(name))]
        low, high = np.quantile(own, [0.05, 0.98], axis=1)
        return np.median(high - low, axis=0)

    everyone = np.ones(len(train.labels), dtype=bool)
    at_90, at_45 = excursion("HC_90", everyone), excursion("HC_45", everyone)
    share = float(np.clip(at_45.max() / at_90.max(), 0.5, 0.98))
    # With strain about proportional to the angle: (1 - exp(-x / 2)) / (1 - exp(-x)) = share.
    x = float(np.clip(2 * np.log(share / (1 - share)), 0.05, 8))
    wearers = [excursion("HC_90", train.wearers == w).max() for w in np.unique(train.wearers)]
    still = np.median(train.values[:, :20].std(axis=1))
    return LineFit(
        gain=at_90, saturation=0.4 / x, gain_spread=float(np.std(np.log(wearers))),
        noise=float(max(still, 1e-3)),
    )  # fmt: skip


def rehearsed(
    fit: LineFit, classes: tuple[str, ...], like: Windows, drapes: list[StrainCurve],
    rng: np.random.Generator, *, n_wearers: int,
) -> Windows:  # fmt: skip
    """Rehearsed wearers, ten repetitions of each exercise each."""
    values, names, cases = [], [], []
    for wearer in range(n_wearers):
        said, own = rehearse(
            drapes[wearer % len(drapes)], {name: BOUTS[name] for name in classes}, fit,
            n_each=10, n_samples=like.values.shape[1], rate_hz=RATE_HZ, rng=rng,
        )  # fmt: skip
        values.append(said)
        names += own
        cases += [wearer] * len(own)
    return Windows(
        values=np.concatenate(values).astype(np.float32),
        labels=np.array([classes.index(name) for name in names]),
        cases=np.array(cases), wearers=np.array([f"rehearsed {case}" for case in cases]),
        classes=classes,
    )  # fmt: skip


def randomised(fit: LineFit) -> LineFit:
    """Lines of any sleeve: gains over a factor of ten, much more noise."""
    return replace(fit, gain_spread=1.0, noise=3 * fit.noise)


def joined(a: Windows, b: Windows) -> Windows:
    return Windows(
        values=np.concatenate([a.values, b.values]), labels=np.concatenate([a.labels, b.labels]),
        cases=np.concatenate([a.cases, b.cases + a.cases.max() + 1]),
        wearers=np.concatenate([a.wearers, b.wearers]), classes=a.classes,
    )  # fmt: skip


def blocks(wearers: np.ndarray) -> list[np.ndarray]:
    """First half, second half and last four in the order they were recorded."""
    order = sorted(np.unique(wearers), key=lambda name: int("".join(filter(str.isdigit, name))))
    middle = len(order) // 2
    return [np.isin(wearers, part) for part in (order[:middle], order[middle:], order[-4:])]


def few(wearers: np.ndarray, n_train: int, n_draws: int, rng: np.random.Generator) -> list[Any]:
    """Everybody held out but so many."""
    names = np.unique(wearers)
    return [~np.isin(wearers, rng.choice(names, n_train, replace=False)) for _ in range(n_draws)]


def judged(probabilities: np.ndarray, test: Windows) -> dict[str, Any]:
    found = score(
        test.labels, probabilities, test.wearers, test.classes, rng=np.random.default_rng(SEED)
    )
    worst = min(w if isinstance(w, float) else float(w) for w in found.wearers.values())
    return {"macro_f1": found.macro_f1, "worst_wearer": worst}


def net_said(train: Windows, test: Windows, first: Windows | None, epochs: int) -> np.ndarray:
    """Probabilities of a net, trained on rehearsed windows first where there are some."""
    recipe = recipe_named("knit-strain")
    inputs = {
        id(one): net_input(part_strain(recipe, one.values, RATE_HZ), RATE_HZ)
        for one in (train, test, first)
        if one is not None
    }
    leading = leading_sensor(part_strain(recipe, train.values, RATE_HZ)[1])
    shape = {"n_classes": len(train.classes), "leading": leading, "seed": SEED, "sees_size": False}
    start = None
    if first is not None:
        settings = replace(recipe.net, n_epochs=max(1, epochs // 4))
        start = train_net(inputs[id(first)], first.labels, settings=settings, **shape)
    net = train_net(
        inputs[id(train)], train.labels, settings=replace(recipe.net, n_epochs=epochs), start=start,
        **shape,
    )  # fmt: skip
    return net_probabilities(net, inputs[id(test)])


def designs(
    train: Windows, test: Windows, drapes: list[StrainCurve], options: argparse.Namespace, seed: int
) -> dict[str, dict[str, Any]]:
    """Scores by what was trained on."""
    recipe = replace(recipe_named("knit-strain"), net=None)
    fit, n_wearers = line_fit(train), len(np.unique(train.wearers))

    def more(like_fit: LineFit, n: int) -> Windows:
        rng = np.random.default_rng(seed)
        return rehearsed(like_fit, train.classes, train, drapes, rng, n_wearers=n)

    added = more(fit, n_wearers)
    trained_on = {
        "real": train,
        "real and rehearsed": joined(train, added),
        "real and randomised": joined(train, more(randomised(fit), 2 * n_wearers)),
        "rehearsed only": added,
    }
    told = {}
    for who, windows in trained_on.items():
        committee = train_committee(recipe, windows, rate_hz=RATE_HZ)
        told[who] = judged(committee.probabilities(test.values), test)
    if options.nets:
        first = more(randomised(fit), 20)
        epochs = 40
        told["net"] = judged(net_said(train, test, None, epochs), test)
        told["net, rehearsed first"] = judged(net_said(train, test, first, epochs), test)
    return told


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means of a protocol, and the gain of every design over the same without the twin."""
    by = {}
    for row in rows:
        by.setdefault(row["trained_on"], []).append(row["macro_f1"])
    told: dict[str, Any] = {who: float(np.mean(values)) for who, values in by.items()}
    for who, base in GAINS.items():
        if who in by:
            gain = np.array(by[who]) - np.array(by[base])
            told[f"gain of {who}"] = {
                "mean": float(gain.mean()),
                "sd": float(gain.std(ddof=1)) if len(gain) > 1 else 0.0,
                "n_better": int((gain > 1e-9).sum()), "n_worse": int((gain < -1e-9).sum()),
            }  # fmt: skip
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--only", choices=PROTOCOLS, help="one protocol; all")
    parser.add_argument("--nets", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin = time.process_time()
    real = read_source(recipe_named("knit-strain"), options.data).windows
    drapes = curves()
    rows = []
    for protocol, masks in protocols(real.wearers, options.draws).items():
        if options.only not in (None, protocol):
            continue
        for i, mask in enumerate(masks):
            train, test = real.part(~mask), real.part(mask)
            for who, found in designs(train, test, drapes, options, SEED + i).items():
                rows.append({"protocol": protocol, "split": i, "trained_on": who} | found)
    told: dict[str, Any] = {
        "rows": rows,
        "summary": {
            protocol: summary([row for row in rows if row["protocol"] == protocol])
            for protocol in dict.fromkeys(row["protocol"] for row in rows)
        },
        "cpu_s": time.process_time() - begin,
    }
    if options.json:
        print(json.dumps(told))
        return
    for protocol, one in told["summary"].items():
        print(protocol)
        for who, value in one.items():
            if isinstance(value, float):
                print(f"  {who}: {value:.3f}")
            else:
                print(f"  {who}: {value['mean']:+.3f} (sd {value['sd']:.3f}), better in "
                      f"{value['n_better']}, worse in {value['n_worse']}")  # fmt: skip
    print(f"{told['cpu_s']:.0f} s of one core")


def protocols(wearers: np.ndarray, n_draws: int) -> dict[str, list[np.ndarray]]:
    """Masks of the held-out windows by protocol; each has a generator of its own."""
    return {
        "draws": list(
            wearer_draws(wearers, n_test=4, n_draws=n_draws, rng=np.random.default_rng(SEED))
        ),
        "blocks": blocks(wearers),
        **{
            f"{n} wearers": few(wearers, n, n_draws, np.random.default_rng(SEED + n))
            for n in (1, 2, 3)
        },
    }


if __name__ == "__main__":
    main()
