"""Does predicted strain of a knee sleeve help an activity model on wearers it never saw?

    python benchmarks/twin_training.py --data DIR [--draws N] [--nets] [--json]

Reads every `cls_*.npz` in DIR. Splits are those of `activity_strangers.py`: ten draws of four
wearers held out, and blocks of neighbours. The strain-only model is trained on real windows, on
real and rehearsed ones, and on rehearsed ones alone, and judged on the real windows of the held-out
wearers. Rehearsed windows come from drapes over 0 to 110 degrees on three bodies; gain, saturation
and noise of the lines are read from training wearers only. `--nets` seats the whole committee,
which takes ten times as long; without it softmax and trees sit alone.
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
from muslin.twin.frames import motion_frames
from muslin.twin.motion import AngleTrack
from muslin.twin.moving import wear_moving, with_friction
from muslin.twin.rehearsal import Bout, LineFit, rehearse
from muslin.twin.strain_angle import StrainCurve
from wearables.activity.committee import train_committee
from wearables.activity.dataset import Windows
from wearables.activity.metrics import score
from wearables.activity.splits import wearer_draws
from wearables.activity.training import read_source, recipe_named

SEED = 0
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


def rehearsed(train: Windows, drapes: list[StrainCurve], rng: np.random.Generator) -> Windows:
    """As many rehearsed wearers as there are real ones, ten repetitions of each exercise each."""
    n_wearers, fit = len(np.unique(train.wearers)), line_fit(train)
    values, names, cases = [], [], []
    for wearer in range(n_wearers):
        said, own = rehearse(
            drapes[wearer % len(drapes)], {name: BOUTS[name] for name in train.classes}, fit,
            n_each=10, n_samples=train.values.shape[1], rate_hz=100.0, rng=rng,
        )  # fmt: skip
        values.append(said)
        names += own
        cases += [wearer] * len(own)
    return Windows(
        values=np.concatenate(values).astype(np.float32),
        labels=np.array([train.classes.index(name) for name in names]),
        cases=np.array(cases), wearers=np.array([f"rehearsed {case}" for case in cases]),
        classes=train.classes,
    )  # fmt: skip


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


def judged(recipe: Any, train: Windows, test: Windows) -> dict[str, Any]:
    committee = train_committee(recipe, train, rate_hz=100.0)
    found = score(
        test.labels, committee.probabilities(test.values), test.wearers, test.classes,
        rng=np.random.default_rng(SEED),
    )  # fmt: skip
    worst = min(w if isinstance(w, float) else float(w) for w in found.wearers.values())
    return {"macro_f1": found.macro_f1, "worst_wearer": worst}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--nets", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begin = time.process_time()
    recipe = recipe_named("knit-strain")
    if not options.nets:
        recipe = replace(recipe, name="knit-strain, softmax and trees", net=None)
    real = read_source(recipe_named("knit-strain"), options.data).windows
    drapes = curves()
    rng = np.random.default_rng(SEED)
    protocols = {
        "draws": list(wearer_draws(real.wearers, n_test=4, n_draws=options.draws, rng=rng)),
        "blocks": blocks(real.wearers),
    }
    rows = []
    for protocol, masks in protocols.items():
        for i, mask in enumerate(masks):
            train, test = real.part(~mask), real.part(mask)
            added = rehearsed(train, drapes, np.random.default_rng(SEED + i))
            for who, windows in (
                ("real", train), ("real and rehearsed", joined(train, added)),
                ("rehearsed only", added),
            ):  # fmt: skip
                row = {"protocol": protocol, "split": i, "trained_on": who}
                rows.append(row | judged(recipe, windows, test))
    told: dict[str, Any] = {"recipe": recipe.name, "rows": rows, "summary": {}}
    for protocol in protocols:
        own = [row for row in rows if row["protocol"] == protocol]
        by = {
            who: np.array([r["macro_f1"] for r in own if r["trained_on"] == who])
            for who in ("real", "real and rehearsed", "rehearsed only")
        }
        gain = by["real and rehearsed"] - by["real"]
        told["summary"][protocol] = {
            **{who: float(values.mean()) for who, values in by.items()},
            "gain_mean": float(gain.mean()), "gain_sd": float(gain.std(ddof=1)),
            "n_better": int((gain > 1e-9).sum()), "n_worse": int((gain < -1e-9).sum()),
        }  # fmt: skip
    told["cpu_s"] = time.process_time() - begin
    if options.json:
        print(json.dumps(told))
        return
    for protocol, one in told["summary"].items():
        print(f"{protocol}: real {one['real']:.3f}, real and rehearsed "
              f"{one['real and rehearsed']:.3f}, rehearsed only {one['rehearsed only']:.3f}; gain "
              f"{one['gain_mean']:+.3f} (sd {one['gain_sd']:.3f}), better in {one['n_better']}, "
              f"worse in {one['n_worse']}")  # fmt: skip
    print(f"{told['recipe']}, {told['cpu_s']:.0f} s of one core")


if __name__ == "__main__":
    main()
