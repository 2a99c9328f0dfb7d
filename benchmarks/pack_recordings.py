"""Pack the recordings that ship: BasicMotions (BSD-3-Clause) and a heartpy finger pulse (MIT).

python benchmarks/pack_recordings.py --data ../shared/data --out assets/recordings
"""

import argparse
from pathlib import Path

import numpy as np


def read_ts(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Cases as (n_cases, n_samples, n_channels) and their labels."""
    cases, labels, in_data = [], [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip().lower() == "@data":
            in_data = True
        elif in_data and line.strip():
            *channels, label = line.strip().split(":")
            cases.append([[float(value) for value in channel.split(",")] for channel in channels])
            labels.append(label)
    return np.array(cases).transpose(0, 2, 1), np.array(labels)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    for part in ("train", "test"):
        path = arguments.data / "basicmotions" / f"BasicMotions_{part.upper()}.ts"
        cases, labels = read_ts(path)
        np.savez_compressed(
            arguments.out / f"basicmotions_{part}.npz",
            cases=cases.astype(np.float32),
            labels=labels,
            rate_hz=np.float64(10.0),
        )
    rows = np.loadtxt(
        arguments.data / "heartpy_ppg" / "data2.csv", delimiter=",", skiprows=1, max_rows=15000
    )
    rate_hz = 1000.0 / np.diff(rows[:, 0]).mean()
    np.savez_compressed(
        arguments.out / "heartpy_ppg.npz",
        counts=rows[:, 1].astype(np.int16),
        rate_hz=np.float64(rate_hz),
    )
    print(f"pulse: {len(rows)} samples at {rate_hz:.3f} Hz")


if __name__ == "__main__":
    main()
