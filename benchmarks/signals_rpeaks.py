"""R peaks against annotations, beside wfdb's xqrs, NeuroKit2 and sleepecg, in one run.

Reads every WFDB record (format 212 or 16, annotations .atr) of a folder, first lead. Episodes of
ventricular flutter or fibrillation are left out of the comparison, as AAMI EC57 does. Peers that
are not installed are left out; `pip install --group peers` into an environment of its own.
The constants were chosen on 101, 108, 203, 207 and 208 of MIT-BIH; those are summed as `tuned`.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from signals_events import matched_lags

from wearables.events import SampleBlock
from wearables.signals import RPeakDetector, run

TUNED = {"101", "108", "203", "207", "208"}
TOLERANCES_S = (0.150, 0.050, 0.025)
BEAT_CODES = {*range(1, 14), 25, 30, 34, 35, 38, 41}
FLUTTER_START, FLUTTER_END = 32, 33

Detector = Callable[[NDArray[np.float64], float], NDArray[np.int64]]


def read_lead(header: Path) -> tuple[float, NDArray[np.float64]]:
    """Rate and first lead [mV] of a record."""
    lines = [line.split() for line in header.read_text().splitlines() if line[:1] != "#"]
    n_leads, rate_hz = int(lines[0][1]), float(lines[0][2].split("/")[0])
    name, form, gain = lines[1][0], lines[1][1], lines[1][2]
    baseline = float(gain.split("(")[1].split(")")[0]) if "(" in gain else float(lines[1][4])
    scale = float(gain.split("(")[0].split("/")[0]) or 200.0
    raw = (header.parent / name).read_bytes()
    if form == "16":
        counts = np.frombuffer(raw, "<i2").astype(np.int64)
    elif form == "212":
        bytes_ = np.frombuffer(raw, np.uint8).astype(np.int64)
        bytes_ = bytes_[: len(bytes_) // 3 * 3]
        first = bytes_[0::3] | ((bytes_[1::3] & 0x0F) << 8)
        second = bytes_[2::3] | ((bytes_[1::3] & 0xF0) << 4)
        counts = np.stack([first, second], axis=1).ravel()
        counts = np.where(counts > 2047, counts - 4096, counts)
    else:
        raise SystemExit(f"{header}: format {form} is not 212 or 16")
    return rate_hz, (counts[::n_leads] - baseline) / scale


def read_annotations(path: Path) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    """Beats, and episodes of flutter or fibrillation, as sample indices."""
    marks = np.frombuffer(path.read_bytes(), "<u2").tolist()
    beats, episodes, at, i, start = [], [], 0, 0, None
    while i < len(marks) and marks[i]:
        code, value = marks[i] >> 10, marks[i] & 0x3FF
        if code == 59:  # a long step, high word first
            at += (marks[i + 1] << 16) + marks[i + 2]
            i += 2
        elif code == 63:  # a text of so many bytes
            i += (value + 1) // 2
        elif code < 50:
            at += value
            if code in BEAT_CODES:
                beats.append(at)
            elif code == FLUTTER_START:
                start = at
            elif code == FLUTTER_END and start is not None:
                episodes.append((start, at))
                start = None
        i += 1
    if start is not None:
        episodes.append((start, 1 << 60))
    return np.array(beats), episodes


def outside(at: NDArray[np.int64], episodes: list[tuple[int, int]]) -> NDArray[np.int64]:
    keep = np.ones(len(at), dtype=bool)
    for start, stop in episodes:
        keep &= ~((at >= start) & (at <= stop))
    return at[keep]


def own(latency_s: float) -> Detector:
    def detect(lead: NDArray[np.float64], rate_hz: float) -> NDArray[np.int64]:
        block = SampleBlock(
            stream="ecg", first_index=0, time_s=np.arange(len(lead)) / rate_hz,
            values=lead[:, None] * 1e-3, channels=("ecg_v",),
        )  # fmt: skip
        beats = run(RPeakDetector(rate_hz=rate_hz, latency_s=latency_s), [block])
        return np.array([beat.index for beat in beats], dtype=np.int64)

    return detect


def peers() -> dict[str, Detector]:
    found: dict[str, Detector] = {}
    try:
        from wfdb import processing

        found["wfdb xqrs"] = lambda x, fs: np.asarray(
            processing.xqrs_detect(x, fs, verbose=False), dtype=np.int64
        )
    except ImportError:
        print("wfdb is not installed", file=sys.stderr)
    try:
        import neurokit2 as nk

        def neurokit(x: NDArray[np.float64], fs: float) -> NDArray[np.int64]:
            clean = nk.ecg_clean(x, sampling_rate=int(fs))
            peaks = nk.ecg_peaks(clean, sampling_rate=int(fs))[1]["ECG_R_Peaks"]
            return np.asarray(peaks, dtype=np.int64)

        found["neurokit2"] = neurokit
        found["neurokit2 ecg_process"] = lambda x, fs: np.asarray(
            nk.ecg_process(x, sampling_rate=int(fs))[1]["ECG_R_Peaks"], dtype=np.int64
        )
    except ImportError:
        print("neurokit2 is not installed", file=sys.stderr)
    try:
        import sleepecg

        found["sleepecg"] = lambda x, fs: np.asarray(
            sleepecg.detect_heartbeats(x, fs), dtype=np.int64
        )
    except ImportError:
        print("sleepecg is not installed", file=sys.stderr)
    return found


def judge(detectors: dict[str, Detector], headers: list[Path]) -> dict[str, dict]:
    sums: dict[str, dict] = {}
    for name, detect in detectors.items():
        groups = {
            key: {tol: [0, 0, 0] for tol in TOLERANCES_S} for key in ("all", "tuned", "held out")
        }
        lags_ms, cpu_s, minutes, worst = [], [], 0.0, 1.0
        for header in headers:
            rate_hz, lead = read_lead(header)
            beats, episodes = read_annotations(header.with_suffix(".atr"))
            start = time.process_time()
            found = detect(lead, rate_hz)
            cpu_s.append(time.process_time() - start)
            minutes += len(lead) / rate_hz / 60
            truth, kept = outside(beats, episodes), outside(found, episodes)
            for tol in TOLERANCES_S:
                lags = matched_lags(truth, kept, tol * rate_hz)
                hits = len(lags)
                for key in ("all", "tuned" if header.stem in TUNED else "held out"):
                    row = groups[key][tol]
                    row[0], row[1], row[2] = row[0] + hits, row[1] + len(kept), row[2] + len(truth)
                if tol == TOLERANCES_S[0]:
                    lags_ms += [1000 * lag / rate_hz for lag in lags]
                    worst = min(worst, 2 * hits / (len(kept) + len(truth)))
        f1 = {
            key: {f"{tol * 1000:.0f} ms": f1_of(row) for tol, row in rows.items()}
            for key, rows in groups.items()
        }
        sums[name] = {
            "f1": f1, "worst_record": round(worst, 4),
            "median_lag_ms": round(float(np.median(lags_ms)), 2),
            "cpu_s_per_30_min": round(sum(cpu_s) / minutes * 30, 3),
            "max_cpu_s": round(max(cpu_s), 3),
        }  # fmt: skip
    return sums


def f1_of(row: list[int]) -> float | None:
    return round(2 * row[0] / (row[1] + row[2]), 4) if row[1] + row[2] else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of WFDB records")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    headers = sorted(h for h in arguments.data.glob("*.hea") if h.with_suffix(".atr").is_file())
    if not headers:
        raise SystemExit(f"{arguments.data} holds no WFDB record with annotations")
    detectors = {"muslin": own(2.0), "muslin, 1 s latency": own(1.0), **peers()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = judge(detectors, headers)
    speed = result["muslin"]["cpu_s_per_30_min"]
    for row in result.values():
        row["times_our_cpu"] = round(row["cpu_s_per_30_min"] / speed, 1)
    if arguments.json:
        print(json.dumps({"records": [h.stem for h in headers], "detectors": result}, indent=2))
        return
    for name, row in result.items():
        print(f"{name:24s} {json.dumps(row)}")


if __name__ == "__main__":
    main()
