"""Gait events at the waist, on people who walk and whose contacts nobody marked.

    python benchmarks/signals_gait.py --data DIR [--json]

Reads every ``hapt_*.npz`` below DATA and takes the stretches labelled as level walking. There is no
reference, so two things are told: whether contacts agree with the step detector, which follows
another signal (the length of the acceleration, another band), and whether shares of the stride lie
where gait laboratories find them (stance 60 to 62 %, double support 20 to 24 % at a usual speed).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from wearables.events import SampleBlock
from wearables.signals import run
from wearables.signals.motion import StepDetector, TrunkGait, gait_cycles

RATE_HZ, G_M_S2, WALKING = 50.0, 9.80665, 1


def walks(path: Path) -> list[tuple[str, np.ndarray]]:
    """Wearer and acceleration [m/s2] of each stretch of walking."""
    found = []
    with np.load(path, allow_pickle=False) as data:
        labels = data["labels"]
        for name in sorted(set(data.files) - {"labels"}):
            experiment, user = int(name[3:5]), int(name[-2:])
            own = labels[(labels[:, 0] == experiment) & (labels[:, 1] == user)]
            for _, _, _, first, last in own[own[:, 2] == WALKING].tolist():
                found.append((f"{user}", data[name][first - 1 : last, :3] * G_M_S2))
    return found


def judge(acc: np.ndarray) -> dict[str, float] | None:
    """One stretch; nothing if it is too short for a stride."""
    block = SampleBlock(
        stream="waist", first_index=0, time_s=np.arange(len(acc)) / RATE_HZ, values=acc,
        channels=("x", "y", "z"),
    )  # fmt: skip
    contacts = run(TrunkGait(rate_hz=RATE_HZ), [block])
    steps = run(StepDetector(rate_hz=RATE_HZ), [block])
    cycles = gait_cycles(contacts)
    if len(cycles) < 4:
        return None
    stride = np.array([one.stride_s for one in cycles])
    return {
        "contacts": len(contacts), "steps": len(steps),
        "step_s": float(np.median([one.step_s for one in cycles])),
        "step_s_other": float(np.median(np.diff([s.time_s for s in steps])))
        if len(steps) > 3 else float("nan"),
        "stance": float(np.nanmedian(np.array([one.stance_s for one in cycles]) / stride)),
        "double": float(np.nanmedian(np.array([one.double_support_s for one in cycles]) / stride)),
        "toe_offs_missed": float(np.mean([np.isnan(one.toe_off_s) for one in contacts])),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths = sorted(options.data.rglob("hapt_*.npz"))
    if not paths:
        raise SystemExit(f"no hapt_*.npz below {options.data}")
    stretches = [walk for path in paths for walk in walks(path)]
    rows = [row for row in (judge(acc) for _, acc in stretches) if row is not None]
    table = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    same = np.abs(table["contacts"] - table["steps"]) <= 3
    told: dict[str, Any] = {
        "wearers": len({who for who, _ in stretches}), "stretches": len(stretches),
        "stretches_with_strides": len(rows), "contacts": int(table["contacts"].sum()),
        "steps_of_the_step_detector": int(table["steps"].sum()),
        "stretches_that_agree_within_three": float(same.mean()),
        "step_time_difference_median_ms": float(
            1000 * np.nanmedian(np.abs(table["step_s"] - table["step_s_other"])[same])
        ),
        "stance_share_quantiles": np.quantile(table["stance"], (0.05, 0.5, 0.95)).tolist(),
        "double_support_share_quantiles": np.quantile(table["double"], (0.05, 0.5, 0.95)).tolist(),
        "toe_offs_missed": float(table["toe_offs_missed"].mean()),
    }  # fmt: skip
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:36s} {value}")


if __name__ == "__main__":
    main()
