"""Compute the percentile tables of assets/body/ansur2.toml from the ANSUR II survey.

    python benchmarks/ansur_statistics.py --data ../shared/data/ansur2 --out assets/body/ansur2.toml

Only derived statistics are written, never rows. Waist is taped at the navel and biceps flexed in
this survey, and its people are soldiers.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

COLUMNS = {
    "stature": "stature",
    "bust_girth": "chestcircumference",
    "waist_navel_girth": "waistcircumference",
    "hip_girth": "buttockcircumference",
    "neck_girth": "neckcircumference",
    "upper_arm_flexed_girth": "bicepscircumferenceflexed",
    "wrist_girth": "wristcircumference",
    "thigh_girth": "thighcircumference",
    "calf_girth": "calfcircumference",
    "shoulder_width": "biacromialbreadth",
    "inside_leg_height": "crotchheight",
}
PERCENTILES = (1, 5, 25, 35, 40, 45, 50, 60, 65, 70, 75, 95, 99)


def statistics(path: Path) -> tuple[dict[str, dict[str, float]], np.ndarray, int]:
    with path.open(encoding="latin-1", newline="") as file:
        rows = [{key.lower(): value for key, value in row.items()} for row in csv.DictReader(file)]
    table = np.array([[float(row[column]) / 10 for column in COLUMNS.values()] for row in rows])
    result = {}
    for name, values in zip(COLUMNS, table.T, strict=True):
        numbers = {"mean": values.mean(), "sd": values.std(ddof=1)}
        numbers |= {f"p{p}": np.percentile(values, p) for p in PERCENTILES}
        result[name] = {key: round(float(value), 1) for key, value in numbers.items()}
    return result, np.corrcoef(table.T), len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    lines = [
        "# Statistics of ANSUR II (2012, US government work), by benchmarks/ansur_statistics.py.",
        "# Centimetres. Waist at the navel, biceps flexed; soldiers: neither young nor old.",
        f"measures = {json.dumps(list(COLUMNS))}",
    ]
    everything = {}
    for sex in ("female", "male"):
        result, correlation, n = statistics(arguments.data / f"ANSUR_II_{sex.upper()}.csv")
        everything[sex] = result
        lines += ["", f"[{sex}]", f"n_people = {n}", "correlation = ["]
        lines += [f"    {np.round(row, 3).tolist()}," for row in correlation]
        lines.append("]")
        for name, numbers in result.items():
            lines += ["", f"[{sex}.{name}_cm]"]
            lines += [f"{key} = {value}" for key, value in numbers.items()]
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if arguments.json:
        print(json.dumps(everything))


if __name__ == "__main__":
    main()
