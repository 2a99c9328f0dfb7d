"""Breaths, steps and clipped ECG of shirts, against the shirt's own events.

Reads every Hexoskin folder below DATA. The shirt's events are another algorithm's, not the truth.
Its marks come later than ours by a constant, which is found on the first recording and kept for all
others. Peer in the same run: peaks of NeuroKit2's respiration pipeline, if installed.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from signals_events import f1

from wearables.events import SampleBlock
from wearables.signals import (
    BreathDetector,
    RPeakDetector,
    rails,
    rates_from_intervals,
    run,
    with_clipping,
)
from wearables.signals.breath import breath_intervals_s
from wearables.signals.heart import intervals_s
from wearables.signals.motion import StepDetector
from wearables.signals.rates import BREATH_STRICTNESS

G_M_S2 = 9.80665
BREATH_TOLERANCE_S, STEP_TOLERANCE_S = 0.5, 0.2
LAGS_S = np.arange(-1.5, 1.5, 0.05)


def wave(path: Path) -> tuple[float, NDArray[np.float64]]:
    data = path.read_bytes()
    body = data[44:]
    return float(int.from_bytes(data[24:28], "little")), np.frombuffer(
        body[: len(body) // 2 * 2], "<i2"
    ).astype(np.float64)


def events(path: Path) -> NDArray[np.float64]:
    with path.open(newline="") as file:
        return np.array([float(row[0]) for row in list(csv.reader(file))[1:] if row])


def block(values: NDArray[np.float64], rate_hz: float) -> SampleBlock:
    return SampleBlock(
        stream="s", first_index=0, time_s=np.arange(len(values)) / rate_hz, values=values,
        channels=tuple(f"c{i}" for i in range(values.shape[1])),
    )  # fmt: skip


def rates(starts_s: NDArray[np.float64], intervals: NDArray[np.float64], whole: SampleBlock, hz):
    found = rates_from_intervals(
        starts_s, intervals, [whole], rate_hz=hz, window_s=20.0, hop_s=4.0,
        strictness=BREATH_STRICTNESS,
    )  # fmt: skip
    return np.array([rate.per_minute for rate in found])


def clipping(folder: Path) -> dict:
    """Clipped seconds whose beats got no quality, and rates told inside of wholly clipped ones."""
    hz, ecg = wave(folder / "ECG_I.wav")
    cut = rails(ecg[:, None])
    marked = with_clipping([block(ecg[:, None], hz)], cut, rate_hz=hz)
    beats = run(RPeakDetector(rate_hz=hz), marked)
    n = len(cut) // int(hz)
    seconds = cut[: n * int(hz), 0].reshape(n, -1).any(axis=1)
    quality = marked[0].quality[: n * int(hz)].reshape(n, -1).min(axis=1)
    known = np.isfinite(intervals_s(beats, min_quality=0.3))
    times = np.array([beat.time_s for beat in beats])
    at_clip = cut[np.clip((times * hz).astype(int), 0, len(cut) - 1), 0]
    return {
        "clipped_share": round(float(cut.mean()), 4),
        "clipped_seconds_flagged": round(float((quality[seconds] == 0).mean()), 4)
        if seconds.any() else None,
        "intervals_from_clipped_apexes": int((known & at_clip).sum()),
    }  # fmt: skip


def neurokit_breaths(belt: NDArray[np.float64], hz: float) -> NDArray[np.float64] | None:
    try:
        import neurokit2 as nk
    except ImportError:
        return None
    clean = nk.rsp_clean(belt, sampling_rate=int(hz))
    return np.asarray(nk.rsp_peaks(clean, sampling_rate=int(hz))[1]["RSP_Troughs"]) / hz


def best_lag(truth: NDArray[np.float64], found: NDArray[np.float64], tolerance_s: float) -> float:
    return float(max(LAGS_S, key=lambda lag: f1(truth, found + lag, tolerance_s)))


def extra_steps(truth: NDArray[np.float64], found: NDArray[np.float64]) -> dict:
    """Our steps where the shirt tells none for a second, and how many of them amid even walking."""
    after = np.searchsorted(truth, found).clip(1, len(truth) - 1)
    in_hole = truth[after] - truth[after - 1] > 1.0
    far = np.minimum(np.abs(found - truth[after]), np.abs(found - truth[after - 1]))
    extra = in_hole & (far > STEP_TOLERANCE_S)
    interval = np.diff(found)
    even = np.zeros(len(found), dtype=bool)
    one, other = interval[:-1], interval[1:]
    even[1:-1] = (np.abs(one - other) < 0.15) & (np.maximum(one, other) < 0.8)
    return {
        "steps_in_holes": int(extra.sum()),
        "of_them_amid_even_steps": int((extra & even).sum()),
    }


def judge(folder: Path, lags: dict[str, float]) -> dict:
    hz, belt = wave(folder / "respiration_thoracic.wav")
    whole = block(belt[:, None], hz)
    breaths = run(BreathDetector(rate_hz=hz), [whole])
    starts, theirs = np.array([b.start_s for b in breaths]), events(folder / "expiration.csv")
    acc = np.stack([wave(folder / f"acceleration_{axis}.wav")[1] for axis in "XYZ"], axis=1)
    acc_hz = wave(folder / "acceleration_X.wav")[0]
    found = run(StepDetector(rate_hz=acc_hz), [block(acc / 256 * G_M_S2, acc_hz)])
    steps, their_steps = np.array([s.time_s for s in found]), events(folder / "step.csv")
    peer = neurokit_breaths(belt, hz)
    lags.setdefault("breath", best_lag(theirs, starts, BREATH_TOLERANCE_S))
    lags.setdefault("step", best_lag(their_steps, steps, STEP_TOLERANCE_S))
    if peer is not None:
        lags.setdefault("peer", best_lag(theirs, peer, BREATH_TOLERANCE_S))
    error = rates(starts, breath_intervals_s(breaths), whole, hz) - rates(
        theirs, np.diff(theirs, prepend=np.nan), whole, hz
    )
    return {
        "breath_f1": round(f1(theirs, starts + lags["breath"], BREATH_TOLERANCE_S), 4),
        "peer_breath_f1": None if peer is None
        else round(f1(theirs, peer + lags["peer"], BREATH_TOLERANCE_S), 4),
        "breath_rate_error_per_min": np.round(np.abs(error), 4),
        "breath_rate_windows_known": round(float(np.isfinite(error).mean()), 3),
        "step_f1": round(f1(their_steps, steps + lags["step"], STEP_TOLERANCE_S), 4),
        "step_count_error": round(len(steps) / len(their_steps) - 1, 4),
        **extra_steps(their_steps, steps + lags["step"]),
        **clipping(folder),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of Hexoskin folders")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folders = sorted(p.parent for p in arguments.data.rglob("respiration_thoracic.wav"))
    if not folders:
        raise SystemExit(f"no respiration_thoracic.wav below {arguments.data}")
    lags: dict[str, float] = {}
    result = {folder.name: judge(folder, lags) for folder in folders}
    errors = np.concatenate([row.pop("breath_rate_error_per_min") for row in result.values()])
    summary = {
        "lags_s": {key: round(value, 2) for key, value in lags.items()},
        "breath_f1_mean": round(float(np.mean([r["breath_f1"] for r in result.values()])), 4),
        "breath_rate_error_median_per_min": round(float(np.nanmedian(errors)), 3),
        "step_f1_mean": round(float(np.mean([r["step_f1"] for r in result.values()])), 4),
    }
    if arguments.json:
        json.dump({"recordings": result, "summary": summary}, sys.stdout, indent=2)
        return
    for name, row in {**result, "all": summary}.items():
        print(f"{name}: {json.dumps(row)}")


if __name__ == "__main__":
    main()
