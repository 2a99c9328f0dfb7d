"""Variability against NeuroKit2 on clean intervals, and what a gap does to both.

Intervals are made from a seed. NeuroKit2 is the reference; it is not told of the gap, since it has
no word for one: that is the point of the second table.
"""

import argparse
import json
import warnings

import numpy as np

from wearables.signals.heart import variability


def made(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    beat = np.arange(n)
    slow = 0.03 * np.sin(2 * np.pi * 0.1 * 0.85 * beat)
    fast = 0.02 * np.sin(2 * np.pi * 0.25 * 0.85 * beat)
    # Whole milliseconds, so that both see the same numbers.
    return np.round(0.85 + slow + fast + 0.01 * rng.normal(size=n), 3)


def theirs(times_s: np.ndarray) -> dict[str, float]:
    import neurokit2 as nk

    peaks = np.round(times_s * 1000).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        time = nk.hrv_time(peaks, sampling_rate=1000)
        rest = nk.hrv_nonlinear(peaks, sampling_rate=1000)
    row = {key: float(time[f"HRV_{key}"].iloc[0]) for key in ("MeanNN", "SDNN", "RMSSD", "pNN50")}
    return row | {key: float(rest[f"HRV_{key}"].iloc[0]) for key in ("SD1", "SD2", "SampEn")}


def ours(times_s: np.ndarray, rr_s: np.ndarray) -> dict[str, float]:
    found = variability(times_s, rr_s)
    return {
        "MeanNN": 1000 * found.mean_s, "SDNN": 1000 * found.sdnn_s, "RMSSD": 1000 * found.rmssd_s,
        "pNN50": 100 * found.pnn50, "SD1": 1000 * found.sd1_s, "SD2": 1000 * found.sd2_s,
        "SampEn": found.sample_entropy,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    worst: dict[str, float] = {}
    for seed in range(10):
        rr = made(400, seed)
        times = np.cumsum(rr)
        reference, own = theirs(np.concatenate([[0.0], times])), ours(times, rr)
        for key, value in reference.items():
            worst[key] = max(worst.get(key, 0.0), abs(own[key] / value - 1))
    rr = made(100, 1)
    times = np.cumsum(rr)
    hole = (times > 30) & (times < 38)
    gap_rr = np.where(hole | np.roll(hole, 1), np.nan, rr)
    keep = ~hole
    result = {
        "largest_relative_difference": {key: float(f"{value:.2e}") for key, value in worst.items()},
        "rmssd_ms": {
            "ours": round(ours(times, rr)["RMSSD"], 2),
            "ours_with_8_s_gap": round(ours(times[keep], gap_rr[keep])["RMSSD"], 2),
            "neurokit2": round(theirs(np.concatenate([[0.0], times]))["RMSSD"], 2),
            "neurokit2_with_8_s_gap": round(
                theirs(np.concatenate([[0.0], times[keep]]))["RMSSD"], 2
            ),
        },
    }
    print(json.dumps(result, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
