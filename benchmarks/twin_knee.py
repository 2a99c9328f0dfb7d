"""Strain of a knee sleeve's five lines over flexion: against the skin, and against real recordings.

    python benchmarks/twin_knee.py --data DIR [--json]

The sleeve is draped from 0 to 90 degrees of flexion on bodies from tape measures, once with its own
friction, with silicone along its edges, and with a grip all over that lets it follow the skin. Each
line is held against the length of the same path on the skin. Then every `reg_*.npz` in DIR
(`<exercise>__<pair>`, column 0 the knee angle in degrees, then S1 to S5) is read: sign of the
correlation of recorded strain with the angle against that of predicted strain with the same angle,
and the order of the lines by their range.
A line has a clear sign in an exercise if at least six of seven recordings agree on it.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from knee_recordings import read_knees
from scipy.interpolate import PchipInterpolator
from scipy.stats import spearmanr

from fitting.body import Measurements, body_from_measurements
from fitting.pattern import complete_measures
from muslin.twin import twin_garment
from muslin.twin.motion.frames import motion_frames
from muslin.twin.motion.motion import AngleTrack
from muslin.twin.motion.moving import WornMoving, skin_stretch, wear_moving
from muslin.twin.sensors.grip import Grip, with_friction

PEOPLE = {
    "woman 163 cm": ("female", {"stature": 163, "hip_girth": 102}),
    "man 176 cm": ("male", {"stature": 175.6, "hip_girth": 102}),
    "man 187 cm": ("male", {"stature": 187, "hip_girth": 108}),
}
FOLLOWS = 2.0
GRIPS = {
    "silicone edges of 4 cm": Grip(width_m=0.04),
    "silicone edges of 6 cm": Grip(width_m=0.06),
    "the same on moist skin": Grip(width_m=0.06, friction_skin=1.0),
}
STEPS_DEG = np.arange(0, 91, 15)
CLEAR = 6 / 7 - 1e-9


def bend() -> AngleTrack:
    """Straight to 90 degrees and nothing else, two seconds."""
    time_s = np.linspace(0, 2, 91)
    return AngleTrack(
        name="bend", time_s=time_s, angles_rad={"knee_flexion_l": np.radians(45 * time_s)}
    )


def worn_on(
    sex: str, measures_cm: dict[str, float], *, friction: float | None = None,
    grip: Grip | None = None,
) -> WornMoving:  # fmt: skip
    measures = Measurements.from_cm(measures_cm)
    fitted = body_from_measurements(measures, sex=sex)
    garment = twin_garment("knee_sleeve")
    pattern = garment.draft(complete_measures(measures, fitted.achieved))
    fabric = garment.fabric if friction is None else with_friction(garment.fabric, friction)
    frames = motion_frames(bend(), fitted.body, rate_hz=45)
    return wear_moving(
        pattern, garment.plans, fabric, fitted.body, frames, n_keys=len(STEPS_DEG), grip=grip
    )


def lines_of(worn: WornMoving) -> dict[str, dict[str, Any]]:
    """Every line from the straightest to the most bent key."""
    order = np.argsort(worn.key_s)
    told = {}
    for site in worn.sites:
        if not site.sensor.is_line:
            continue
        length = 1 + worn.strain(site)[order]
        cloth = length / length[0] - 1
        skin = (1 + skin_stretch(site, worn)[order]) / (1 + skin_stretch(site, worn)[order][0]) - 1
        told[site.sensor.name] = {
            "angle_deg": (45 * worn.key_s[order]).tolist(),
            "cloth": cloth.tolist(),
            "skin": skin.tolist(),
            "is_monotonic": bool((np.diff(cloth) >= -2e-3).all() or (np.diff(cloth) <= 2e-3).all()),
            "ratio_at_90": float(cloth[-1] / skin[-1]),
            "worst_off": float(np.abs(cloth - skin).max()),
        }
    return told


def against(recordings: dict, lines: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Signs and order of recorded against predicted strain."""
    names = sorted(lines)
    curves = {n: PchipInterpolator(lines[n]["angle_deg"], lines[n]["cloth"]) for n in names}
    signs, ranges = [], []
    for exercise, pairs in recordings.items():
        for i, name in enumerate(names):
            with_angle, with_cloth = [], []
            for angle, strain in pairs.values():
                predicted = curves[name](np.clip(angle, 0, 90))
                with_angle.append(np.corrcoef(angle, strain[:, i])[0, 1])
                with_cloth.append(np.corrcoef(predicted, strain[:, i])[0, 1])
            own = np.sign(np.corrcoef(angle, predicted)[0, 1])
            share = float(np.mean(np.sign(with_angle) == np.sign(np.mean(with_angle))))
            signs.append({
                "exercise": exercise, "line": name, "recorded_r": float(np.mean(with_angle)),
                "agree_share": share, "is_clear": share >= CLEAR, "predicted_sign": float(own),
                "is_same": bool(own == np.sign(np.mean(with_angle))),
                "r_with_prediction": float(np.mean(with_cloth)),
            })  # fmt: skip
        for _, strain in pairs.values():
            ranges.append(np.ptp(np.quantile(strain, [0.05, 0.95], axis=0), axis=0))
    mean = np.median(ranges, axis=0)
    predicted = np.array([lines[n]["cloth"][-1] for n in names])
    clear = [row for row in signs if row["is_clear"]]
    return {
        "signs": signs,
        "n_clear": len(clear),
        "n_same_of_clear": sum(row["is_same"] for row in clear),
        "recorded_order": [names[i] for i in np.argsort(-mean)],
        "predicted_order": [names[i] for i in np.argsort(-predicted)],
        "order_rank_r": float(spearmanr(mean, predicted).statistic),
        "recorded_range": dict(zip(names, mean.tolist(), strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    recordings = read_knees(options.data)
    told: dict[str, Any] = {"people": {}}
    for who, (sex, measures) in PEOPLE.items():
        told["people"][who] = {
            "follows the skin": lines_of(worn_on(sex, measures, friction=FOLLOWS)),
            "own friction": lines_of(worn_on(sex, measures)),
            **{name: lines_of(worn_on(sex, measures, grip=grip)) for name, grip in GRIPS.items()},
        }
    worn = told["people"]["man 176 cm"]
    told["recordings"] = against(recordings, worn["follows the skin"])
    told["same_sign_of_clear"] = {
        kind: [against(recordings, lines)[key] for key in ("n_same_of_clear", "n_clear")]
        for kind, lines in worn.items()
    }
    if options.json:
        print(json.dumps(told))
        return
    for who, cases in told["people"].items():
        for kind, lines in cases.items():
            print(f"{who}, {kind}")
            for name, line in lines.items():
                cloth, skin = (
                    "  ".join(f"{100 * value:6.1f}" for value in line[key])
                    for key in ("cloth", "skin")
                )
                print(f"  {name} cloth {cloth} %  monotonic {line['is_monotonic']}")
                print(f"     skin  {skin} %  ratio {line['ratio_at_90']:.2f}, worst off "
                      f"{100 * line['worst_off']:.1f} points")  # fmt: skip
    found = told["recordings"]
    print(f"order recorded {found['recorded_order']}, predicted {found['predicted_order']}, "
          f"rank correlation {found['order_rank_r']:.2f}")  # fmt: skip
    for row in found["signs"]:
        note = "" if row["is_same"] else "   <- other sign"
        print(f"  {row['exercise']:20s} {row['line']} r {row['recorded_r']:+.2f}, "
              f"{100 * row['agree_share']:.0f} % agree; with prediction "
              f"{row['r_with_prediction']:+.2f}{note}")  # fmt: skip
    for kind, (n_same, n_clear) in told["same_sign_of_clear"].items():
        print(f"same sign in {n_same} of {n_clear} clear cases, {kind}")


if __name__ == "__main__":
    main()
