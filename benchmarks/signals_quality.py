"""Whether the quality of a beat ranks right beats before wrong ones, with noise added.

Reads every WFDB record of a folder as `signals_rpeaks.py` does, adds white noise and slow wander
of a seed at several levels, and prints the area under the ROC curve of quality against "within
150 ms of an annotated beat".
"""

import argparse
import json
from pathlib import Path

import numpy as np
from signals_rpeaks import outside, read_annotations, read_lead

from wearables.events import SampleBlock
from wearables.signals import RPeakDetector, run

NOISE_MV = (0.2, 0.4, 0.8)


def auroc(quality: np.ndarray, is_right: np.ndarray) -> float:
    """Chance that a right beat has a higher quality than a wrong one."""
    order = quality.argsort(kind="stable")
    ranks = np.zeros(len(quality))
    ranks[order] = np.arange(1, len(quality) + 1)
    n_right = int(is_right.sum())
    n_wrong = len(quality) - n_right
    if not n_right or not n_wrong:
        return float("nan")
    return float((ranks[is_right].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of WFDB records")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    result = {}
    for noise in NOISE_MV:
        qualities, rights = [], []
        for header in sorted(arguments.data.glob("*.hea")):
            rate_hz, lead = read_lead(header)
            beats, episodes = read_annotations(header.with_suffix(".atr"))
            time_s = np.arange(len(lead)) / rate_hz
            # Bursts: noise that comes and goes every 20 s, as movement does.
            burst = (np.sin(2 * np.pi * time_s / 20) > 0).astype(float)
            lead = lead + noise * burst * rng.normal(size=len(lead)) + noise * np.sin(time_s)
            block = SampleBlock(
                stream="ecg", first_index=0, time_s=time_s, values=lead[:, None] * 1e-3,
                channels=("ecg_v",),
            )  # fmt: skip
            found = run(RPeakDetector(rate_hz=rate_hz), [block])
            at = np.array([beat.index for beat in found])
            keep = np.isin(at, outside(at, episodes))
            place = np.clip(np.searchsorted(beats, at), 1, len(beats) - 1)
            near = np.minimum(np.abs(beats[place] - at), np.abs(beats[place - 1] - at))
            rights.append((near <= 0.150 * rate_hz)[keep])
            qualities.append(np.array([beat.quality for beat in found])[keep])
        right, quality = np.concatenate(rights), np.concatenate(qualities)
        result[f"{noise} mV"] = {
            "auroc": round(auroc(quality, right), 4),
            "wrong_beats": int((~right).sum()),
            "beats": len(right),
        }
    print(json.dumps(result, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
