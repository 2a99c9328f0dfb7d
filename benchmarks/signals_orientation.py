"""Orientation against optical truth, beside VQF's defaults called directly, in one run.

Reads every HDF5 trial of a folder in the layout of BROAD. Errors are root mean squares over the
phases with movement, degrees; headings are compared after one constant turn about the vertical.
"""

import argparse
import json
import time
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from wearables.events import SampleBlock
from wearables.signals import run
from wearables.signals.motion import Orientation
from wearables.signals.motion.rotation import quat_inverse, quat_product


def errors_deg(
    truth: NDArray[np.float64], found: NDArray[np.float64], use: NDArray[np.bool_]
) -> tuple[float, float]:
    """Total and inclination error in the world, after the best constant heading."""
    difference = quat_product(truth, quat_inverse(found))
    good = use & np.isfinite(difference).all(axis=1)
    w, _, _, z = difference[good].T
    heading = 2 * np.arctan2(z, w)
    offset = np.angle(np.exp(1j * heading).mean()) / 2
    turned = np.cos(offset) * w + np.sin(offset) * z
    total = 2 * np.arccos(np.clip(np.abs(turned), 0, 1))
    inclination = 2 * np.arccos(np.clip(np.hypot(w, z), 0, 1))
    return tuple(float(np.rad2deg(np.sqrt(np.mean(e**2)))) for e in (total, inclination))


def judge(path: Path) -> dict:
    from vqf import VQF

    with h5py.File(path) as file:
        acc, gyr, mag = (
            file[key][...].astype(np.float64) for key in ("imu_acc", "imu_gyr", "imu_mag")
        )
        truth, use = file["opt_quat"][...], file["movement"][...].astype(bool).ravel()
        rate_hz = float(file.attrs.get("sampling_rate", 285.7142857))
    whole = SampleBlock(
        stream="imu", first_index=0, time_s=np.arange(len(acc)) / rate_hz,
        values=np.concatenate([acc, gyr, mag], axis=1), channels=tuple("abcdefghi"),
    )  # fmt: skip
    start = time.process_time()
    own = run(Orientation(rate_hz=rate_hz, mag=(6, 7, 8)), [whole])
    cpu_s = time.process_time() - start
    start = time.process_time()
    theirs = VQF(1 / rate_hz).updateBatch(*(np.ascontiguousarray(a) for a in (gyr, acc, mag)))
    peer_s = time.process_time() - start
    quat = np.concatenate([b.values for b in own])
    quality = np.concatenate([b.quality for b in own])
    six = np.concatenate([b.values for b in run(Orientation(rate_hz=rate_hz), [whole])])
    result = {}
    for name, found in (("muslin 9D", quat), ("vqf 9D", theirs["quat9D"]), ("muslin 6D", six)):
        total, inclination = errors_deg(truth, np.asarray(found), use)
        result[name] = {"total_deg": round(total, 3), "inclination_deg": round(inclination, 3)}
    result["share_of_good_quality"] = round(float((quality == 1).mean()), 3)
    result["cpu_over_vqf"] = round(cpu_s / peer_s, 2)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of BROAD trials")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    paths = sorted([*arguments.data.glob("*.hdf5"), *arguments.data.glob("*.h5")])
    if not paths:
        raise SystemExit(f"{arguments.data} holds no HDF5 trial")
    result = {path.stem: judge(path) for path in paths}
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for name, row in result.items():
        print(f"{name}: {json.dumps(row)}")


if __name__ == "__main__":
    main()
