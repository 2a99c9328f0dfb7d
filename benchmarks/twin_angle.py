"""Knee angle that the twin reads from real strain lines, against motion capture.

    python benchmarks/twin_angle.py --data DIR [--json]

Reads every `reg_*.npz` in DIR (`<exercise>__<pair>`, column 0 the angle of motion capture in
degrees, then five strains). The twin knows how the predicted strain of its five lines goes with the
angle, from drapes on three bodies of which none is the wearer's; two poses of a second in the first
30 s put the lines on their scale, as `muslin twin replay` does. Nothing is learnt from recordings.
Peers in the same run, with the same two poses: a straight line through the strain that stretches
most, and our regression that is trained on the other pairs (`knee_angle.py`).
"""

import argparse
import json
from pathlib import Path

import numpy as np
from knee_angle import EVERY, poses, rmse_deg, smoothed
from knee_recordings import read_knees
from scipy.interpolate import PchipInterpolator
from twin_training import curves

from muslin.twin.replay.strain_angle import StrainCurve, angle_from_strain
from wearables.activity.angle import TwoPoses, train_knee_angle
from wearables.activity.sets import KNIT_RATE_HZ


def from_rest(curve: StrainCurve, rest_rad: float) -> StrainCurve:
    """The curve from the angle of the rest pose on, which is rarely quite straight."""
    low = float(np.clip(rest_rad, curve.angle_rad[0], curve.angle_rad[-1] - np.radians(20)))
    angle = np.linspace(low, curve.angle_rad[-1], 12)
    return StrainCurve(
        angle_rad=angle, strain=np.asarray(PchipInterpolator(curve.angle_rad, curve.strain)(angle))
    )


def twin_angle(strain: np.ndarray, held: TwoPoses, curve: StrainCurve) -> np.ndarray:
    """Angle [rad] by the twin."""
    return angle_from_strain(
        strain, held.rest, from_rest(curve, held.rest_rad), bent_rad=held.bent_rad, bent=held.bent
    )


def straight(strain: np.ndarray, held: TwoPoses) -> np.ndarray:
    """Angle [rad] on a straight line between the poses, by the line that stretched most."""
    k = int(np.abs(held.bent - held.rest).argmax())
    share = (strain[:, k] - held.rest[k]) / (held.bent[k] - held.rest[k])
    return held.rest_rad + share * (held.bent_rad - held.rest_rad)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    drapes, table = curves(), {}
    for exercise, recorded in read_knees(options.data).items():
        pairs = {pair: smoothed(*rows) for pair, rows in recorded.items()}
        rows = []
        for pair, (strain, angle) in pairs.items():
            held = poses(strain, angle)
            others = [value for key, value in pairs.items() if key != pair]
            model = train_knee_angle(
                [(s, a, poses(s, a)) for s, a in others], rate_hz=KNIT_RATE_HZ, every=EVERY
            )
            ours = [twin_angle(strain, held, curve) for curve in drapes]
            rows.append([
                np.mean([rmse_deg(found, angle) for found in ours]),
                np.mean([np.corrcoef(found, angle)[0, 1] for found in ours]),
                rmse_deg(straight(strain, held), angle),
                rmse_deg(model.angle_rad(strain, held), angle),
            ])  # fmt: skip
        mean = np.mean(rows, axis=0)
        table[exercise] = {
            "twin_rmse_deg": float(mean[0]), "twin_correlation": float(mean[1]),
            "straight_rmse_deg": float(mean[2]), "learnt_rmse_deg": float(mean[3]),
            "twin_worst_deg": float(np.max(np.array(rows)[:, 0])),
        }  # fmt: skip
    keys = next(iter(table.values())).keys()
    means = {key: float(np.mean([row[key] for row in table.values()])) for key in keys}
    if options.json:
        print(json.dumps({"exercises": table, "mean": means}))
        return
    for exercise, row in {**table, "mean": means}.items():
        print(f"{exercise:20s} " + "  ".join(f"{key} {value:6.2f}" for key, value in row.items()))


if __name__ == "__main__":
    main()
