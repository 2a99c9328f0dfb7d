"""How well bodies answer tape measures, beside linear regression on the same survey.

    python benchmarks/body_tapes.py --data ../shared/data/ansur2 [--n 10] [--seed 0]

People inside p5 to p95 are drawn; five measures are given, and what was not given is compared with
the person. The peer is the best that can be said without a body: a linear regression learnt from
everybody who was not drawn. Also: how often the person lies in the stated 95 % band.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from fitting.body import Measurements, body_from_measurements

GIVEN = {
    "stature": "stature",
    "bust_girth": "chestcircumference",
    "waist_navel_girth": "waistcircumference",
    "hip_girth": "buttockcircumference",
    "inside_leg_height": "crotchheight",
}
HIDDEN = {
    "neck_girth": "neckcircumference",
    "wrist_girth": "wristcircumference",
    "thigh_girth": "thighcircumference",
    "calf_girth": "calfcircumference",
    "shoulder_width": "biacromialbreadth",
}


def people(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with path.open(encoding="latin-1", newline="") as file:
        rows = [{key.lower(): value for key, value in row.items()} for row in csv.DictReader(file)]
    table = [
        np.array([[float(row[column]) / 1000 for column in columns.values()] for row in rows])
        for columns in (GIVEN, HIDDEN)
    ]
    return table[0], table[1]


def judge(sex: str, folder: Path, n: int, rng: np.random.Generator) -> None:
    given, hidden = people(folder / f"ANSUR_II_{sex.upper()}.csv")
    low, high = np.percentile(given, (5, 95), axis=0)
    drawn = rng.choice(np.flatnonzero(((given >= low) & (given <= high)).all(axis=1)), n, False)
    rest = np.setdiff1d(np.arange(len(given)), drawn)
    design = np.c_[given, np.ones(len(given))]
    peer = design[drawn] @ np.linalg.lstsq(design[rest], hidden[rest], rcond=None)[0]
    residual, ours, sd, spent = [], [], [], []
    for person in drawn:
        began = time.perf_counter()
        measures = Measurements(**dict(zip(GIVEN, given[person].tolist(), strict=True)))
        fit = body_from_measurements(measures, sex=sex)
        spent.append(time.perf_counter() - began)
        achieved = fit.achieved.given()
        residual.append([abs(value) for value in fit.residual_m.values()])
        ours.append([achieved.get(name, np.nan) for name in HIDDEN])
        sd.append([fit.uncertainty_m[name] for name in HIDDEN])
    worst = np.max(residual, axis=0) * 1000
    print(f"{sex}: {n} people, {np.median(spent):.2f} s each (longest {max(spent):.2f} s)")
    print(
        "  given, worst mm:", ", ".join(f"{k} {v:.2f}" for k, v in zip(GIVEN, worst, strict=True))
    )
    error = np.array(ours) - hidden[drawn]
    inside = np.abs(error) <= 1.96 * np.array(sd)
    for k, name in enumerate(HIDDEN):
        rms = [np.sqrt(np.nanmean(e[:, k] ** 2)) * 1000 for e in (error, peer - hidden[drawn])]
        print(
            f"  {name}: {rms[0]:.1f} mm, regression {rms[1]:.1f} mm, ratio {rms[0] / rms[1]:.2f}; "
            f"bias {np.nanmean(error[:, k]) * 1000:+.1f} mm, "
            f"in the 95 % band {inside[:, k].mean():.0%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    for sex in ("female", "male"):
        judge(sex, arguments.data, arguments.n, rng)


if __name__ == "__main__":
    main()
