"""Knee angle from five textile strains, one pair of wearers left out at a time.

    python benchmarks/knee_angle.py --data DIR [--json]

Reads every `reg_*.npz` in DIR (`<exercise>__<pair>`, column 0 the reference angle in degrees, then
five strains). The peer in the same run is a boosted-tree regression on strains and three lags, as
it is usual. Ours is calibrated by two poses of one second in the first 30 s: least and largest
angle; nothing else of the pair that is judged is seen.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from knee_recordings import read_knees
from scipy.ndimage import median_filter
from sklearn.ensemble import HistGradientBoostingRegressor

from wearables.activity.angle import KneeAngle, TwoPoses, train_knee_angle
from wearables.activity.sets import KNIT_RATE_HZ

POSE_S, FIRST_S = 1.0, 30.0
EVERY = 4


def smoothed(angle_deg: np.ndarray, strain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strain without single spikes, and angle [rad]."""
    return median_filter(strain, size=(7, 1)), np.radians(angle_deg)


def poses(strain: np.ndarray, angle: np.ndarray) -> TwoPoses:
    """The stillest way to read two poses: means of a second at both ends of the first 30 s."""
    n, first = round(POSE_S * KNIT_RATE_HZ), round(FIRST_S * KNIT_RATE_HZ)
    mean = np.convolve(angle[:first], np.ones(n) / n, "valid")
    low, high = int(mean.argmin()), int(mean.argmax())
    return TwoPoses(
        rest=strain[low : low + n].mean(axis=0), bent=strain[high : high + n].mean(axis=0),
        rest_rad=float(mean[low]), bent_rad=float(mean[high]),
    )  # fmt: skip


def lagged(strain: np.ndarray) -> np.ndarray:
    past = [np.roll(strain, lag, axis=0) for lag in (10, 25, 50)]
    return np.concatenate([strain, *past], axis=1)[::EVERY]


def boosted(train: list[tuple[np.ndarray, np.ndarray]], strain: np.ndarray) -> np.ndarray:
    x = np.concatenate([lagged(s) for s, _ in train])
    y = np.concatenate([a[::EVERY] for _, a in train])
    peer = HistGradientBoostingRegressor(max_iter=150, random_state=0).fit(x, y)
    return peer.predict(lagged(strain))


def rmse_deg(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.degrees(np.sqrt(np.mean((found - true) ** 2))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for exercise, recorded in read_knees(options.data).items():
        pairs = {pair: smoothed(*rows) for pair, rows in recorded.items()}
        for pair, (strain, angle) in pairs.items():
            rest = [value for key, value in pairs.items() if key != pair]
            model: KneeAngle = train_knee_angle(
                [(s, a, poses(s, a)) for s, a in rest], rate_hz=KNIT_RATE_HZ, every=EVERY
            )
            own = model.angle_rad(strain, poses(strain, angle))
            peak = angle >= np.quantile(angle, 0.95)
            rows.append({
                "exercise": exercise, "pair": pair, "rmse_deg": rmse_deg(own, angle),
                "bias_deg": float(np.degrees(np.mean(own - angle))),
                "peak_rmse_deg": rmse_deg(own[peak], angle[peak]),
                "peer_rmse_deg": rmse_deg(boosted(rest, strain), angle[::EVERY]),
            })  # fmt: skip
    table = {}
    for exercise in dict.fromkeys(row["exercise"] for row in rows):
        own = [row for row in rows if row["exercise"] == exercise]
        table[exercise] = {
            key: float(np.mean([row[key] for row in own]))
            for key in ("rmse_deg", "bias_deg", "peak_rmse_deg", "peer_rmse_deg")
        } | {"worst_deg": max(row["rmse_deg"] for row in own)}
    mean, peer = (
        float(np.mean([t[k] for t in table.values()])) for k in ("rmse_deg", "peer_rmse_deg")
    )
    if options.json:
        print(json.dumps({"rows": rows, "exercises": table, "mean_deg": mean, "peer_deg": peer}))
        return
    for exercise, row in table.items():
        print(f"{exercise:20s} " + "  ".join(f"{k} {v:6.2f}" for k, v in row.items()))
    print(f"mean {mean:.2f} degrees, peer {peer:.2f}, ratio {mean / peer:.2f}")


if __name__ == "__main__":
    main()
