"""Pulse beats from finger PPG: ours beside other detectors, where nobody marked the beats.

    python benchmarks/signals_ppg.py --data DIR [--rate 100] [--json]

Reads every CSV below DATA: one column of counts at `--rate`, or a time (ms, or date and time) and
counts. Without marks only agreement can be told: F1 of beats within 100 ms, after one constant lag
for each pair, over the time between beats whose quality is at least 0.7, and over all of it. Peers
in the same run: two methods of NeuroKit2; Elgendi's rule as published, and Charlton's local maxima
over scales, which share nothing with ours. Rates are held against the period of ten seconds, in
which no detector has a part.
"""

import argparse
import csv
import json
import time
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from signals_events import f1

from wearables.events import SampleBlock
from wearables.signals import PulseDetector, run

TOLERANCE_S = 0.1
GOOD = 0.7
MAX_INTERVAL_S = 2.0
PEERS = ("elgendi", "charlton")

Times = NDArray[np.float64]


def read(path: Path, rate_hz: float) -> tuple[float, Times]:
    """Mean rate and counts."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    if len(rows[0]) == 1:
        return rate_hz, np.array([float(row[0]) for row in rows])
    body = rows[1:]
    counts = np.array([float(row[1]) for row in body])
    try:
        span_s = (float(body[-1][0]) - float(body[0][0])) / 1000
    except ValueError:
        first, last = (datetime.fromisoformat(body[i][0]) for i in (0, -1))
        span_s = (last - first).total_seconds()
    return (len(body) - 1) / span_s, counts


def ours(counts: Times, hz: float) -> tuple[Times, Times]:
    """Times and qualities of our beats."""
    block = SampleBlock(
        stream="ppg", first_index=0, time_s=np.arange(len(counts)) / hz, values=counts[:, None],
        channels=("ppg",),
    )  # fmt: skip
    beats = run(PulseDetector(rate_hz=hz), [block])
    return np.array([b.time_s for b in beats]), np.array([b.quality for b in beats])


def peers(counts: Times, hz: float) -> dict[str, tuple[Times, float]]:
    """Beats and processor time of each method of NeuroKit2 that is installed."""
    try:
        import neurokit2 as nk
    except ImportError:
        return {}
    found = {}
    for method in PEERS:
        begin = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clean = nk.ppg_clean(counts, sampling_rate=round(hz))
            peaks = nk.ppg_findpeaks(clean, sampling_rate=round(hz), method=method)["PPG_Peaks"]
        found[method] = (np.asarray(peaks) / hz, time.process_time() - begin)
    return found


def good_spans(times: Times, quality: Times) -> NDArray[np.bool_]:
    """Which intervals between our beats are to be trusted, shape (n_beats - 1,)."""
    both = np.minimum(quality[1:], quality[:-1]) >= GOOD
    return both & (np.diff(times) < MAX_INTERVAL_S)


def inside(beats: Times, times: Times, spans: NDArray[np.bool_]) -> Times:
    """Beats between two of ours that both are good, a tolerance at the ends included."""
    starts, stops = times[:-1][spans] - TOLERANCE_S, times[1:][spans] + TOLERANCE_S
    at = np.searchsorted(starts, beats, side="right") - 1
    return beats[(at >= 0) & (beats <= stops[np.maximum(at, 0)])]


def aligned(one: Times, other: Times) -> Times:
    """The other beats less the median lag to the nearest of one's."""
    if not len(one) or not len(other):
        return other
    at = np.abs(other[:, None] - one).argmin(axis=1)
    return other - np.median(other - one[at])


def periodic(counts: Times, hz: float, times: Times, spans: NDArray[np.bool_]) -> dict:
    """Our rate against the period of the signal, in windows of 10 s with good intervals.

    The period is the lag from 0.35 to 1.6 s at which the window is most like itself, the first one
    if several are nearly as good; it knows nothing of beats.
    """
    found = []
    lags = np.arange(round(0.35 * hz), round(1.6 * hz))
    for start in np.arange(0, len(counts) / hz - 10, 5.0):
        inside = spans & (times[:-1] >= start) & (times[1:] <= start + 10)
        if inside.sum() < 5:
            continue
        window = counts[int(start * hz) : int((start + 10) * hz)]
        window = window - np.convolve(window, np.ones(round(hz)) / round(hz), mode="same")
        like = np.array([np.corrcoef(window[lag:], window[:-lag])[0, 1] for lag in lags])
        tops = np.flatnonzero((like[1:-1] > like[:-2]) & (like[1:-1] >= like[2:])) + 1
        good = [top for top in tops if like[top] > 0.9 * like[tops].max()] if len(tops) else []
        if good:
            found.append((np.diff(times)[inside].mean(), lags[good[0]] / hz))
    if not found:
        return {"windows": 0}
    own, period = np.array(found).T
    return {
        "windows": len(found),
        "within_5_per_cent": round(float((np.abs(period / own - 1) < 0.05).mean()), 3),
        "median_difference_per_min": round(float(np.median(np.abs(60 / own - 60 / period))), 2),
    }  # fmt: skip


def judge(path: Path, rate_hz: float) -> dict:
    hz, counts = read(path, rate_hz)
    begin = time.process_time()
    times, quality = ours(counts, hz)
    own_s = time.process_time() - begin
    spans = good_spans(times, quality)
    others = peers(counts, hz)
    lists = {"ours": times} | {name: beats for name, (beats, _) in others.items()}
    lists = {name: aligned(times, beats) for name, beats in lists.items()}
    good = {name: inside(beats, times, spans) for name, beats in lists.items()}
    names = list(lists)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return {
        "rate_hz": round(hz, 2), "minutes": round(len(counts) / hz / 60, 2),
        "beats": {name: len(beats) for name, beats in lists.items()},
        "rate_against_period": periodic(counts, hz, times, spans),
        "trusted_share_of_intervals": round(float(spans.mean()), 3),
        "agreement_where_good": {
            f"{a} - {b}": round(f1(good[a], good[b], TOLERANCE_S), 4) for a, b in pairs
        },
        "agreement_overall": {
            f"{a} - {b}": round(f1(lists[a], lists[b], TOLERANCE_S), 4) for a, b in pairs
        },
        "cpu_s": {"ours": round(own_s, 3)}
        | {name: round(s, 3) for name, (_, s) in others.items()},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=100.0, help="of files without a time, Hz")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths = sorted(options.data.rglob("*.csv"))
    if not paths:
        raise SystemExit(f"no CSV below {options.data}")
    told = {path.name: judge(path, options.rate) for path in paths}
    if options.json:
        print(json.dumps(told))
        return
    for name, row in told.items():
        print(f"{name}: {json.dumps(row, indent=2)}")


if __name__ == "__main__":
    main()
