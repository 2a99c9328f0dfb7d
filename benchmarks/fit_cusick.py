"""Claim: the drapemeter's coefficient rises with bending over weight and stays in published range.

Every fabric card that ships is draped with its bending stiffness times 1/4, 1 and 4, all else kept;
cards of one's own come with --data DIR (TOML). Printed are drape coefficient and folds.

    python benchmarks/fit_cusick.py [--data DIR] [--seeds N] [--json]
"""

import argparse
import dataclasses
import json
from pathlib import Path

from scipy.stats import spearmanr

from fitting.cloth import fabric_names, load_fabric
from fitting.fit.drapemeter import PUBLISHED_RANGE, cusick

FACTORS = (0.25, 1.0, 4.0)
BENDING = ("bending_warp_n_m", "bending_weft_n_m", "bending_twist_n_m")


def run(name: str, seed: int) -> dict[str, object]:
    """One card at three stiffnesses."""
    card = load_fabric(name)
    tests = [
        cusick(
            dataclasses.replace(card, **{key: factor * getattr(card, key) for key in BENDING}),
            seed=seed,
        )
        for factor in FACTORS
    ]
    coefficients = [test.coefficient for test in tests]
    low, high = PUBLISHED_RANGE
    return {
        "fabric": card.name,
        "seed": seed,
        "bending_length_m": tests[1].bending_length_m,
        "coefficients": coefficients,
        "n_nodes": [test.n_nodes for test in tests],
        "converged": [test.drape.converged for test in tests],
        "monotone": coefficients == sorted(coefficients),
        "inside": all(low <= value <= high for value in coefficients),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of fabric cards (TOML)")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    own = sorted(arguments.data.glob("*.toml")) if arguments.data else []
    names = [*fabric_names(), *(str(path) for path in own)]
    rows = [run(name, seed) for name in names for seed in range(arguments.seeds)]
    rows.sort(key=lambda row: row["bending_length_m"])
    rank = spearmanr(
        [row["bending_length_m"] for row in rows], [row["coefficients"][1] for row in rows]
    ).statistic
    if arguments.json:
        print(json.dumps({"rows": rows, "spearman_between_cards": rank}, indent=2))
        return
    print("card                  c mm   DC at B/4   at B   at 4B   folds      monotone  in range")
    for r in rows:
        quarter, one, four = r["coefficients"]
        print(
            f"{r['fabric']:20s} {r['bending_length_m'] * 1e3:5.1f} {quarter:11.3f} {one:6.3f} "
            f"{four:7.3f}   {r['n_nodes']!s:10s} {r['monotone']!s:9s} {r['inside']}"
        )
    print(f"between cards, bending length against coefficient: Spearman {rank:.2f}")


if __name__ == "__main__":
    main()
