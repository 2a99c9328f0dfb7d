"""How many of all garments x bodies x sizes x fabrics come to rest, free of crossings.

A case is a block, a body drawn from the survey's own distribution, a size step and a fabric. Cases
are drawn by their seed, so any part can be run and repeated; each writes one JSON line, and a
rerun does only what is missing. Crossings are counted by ipctk, an independent program.

Run: python benchmarks/drape_robustness.py --out cases.jsonl --cases 400 [--first 0] [--edge 0.016]
[--json]. `--one SEED` repeats one case and prints it.
"""

import argparse
import json
import time
import tomllib
from pathlib import Path

import ipctk
import numpy as np

from fitting.body import Measurements, body_from_measurements
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import DrapeSettings, drape
from fitting.errors import FittingError
from fitting.pattern import block_names, complete_measures, draft_block

ROOT = Path(__file__).resolve().parents[1]
N_BODIES = 20
SIZES = (-2, -1, 0, 1, 2)
FABRICS = ("cotton_jersey", "compression_knit", "poplin", "denim")
MEASURES = ("stature", "bust_girth", "waist_navel_girth", "hip_girth")
WITHIN_SD = 1.645  # the middle nine tenths of people


def draw_measures(seed):
    """Sex and tape measures of one surveyed-like person."""
    rng = np.random.default_rng(seed)
    tables = tomllib.loads((ROOT / "assets" / "body" / "ansur2.toml").read_text(encoding="utf-8"))
    sex = "female" if seed % 2 else "male"
    order = tables["measures"]
    index = [order.index(name) for name in MEASURES]
    correlation = np.array(tables[sex]["correlation"])[np.ix_(index, index)]
    while True:
        z = np.linalg.cholesky(correlation) @ rng.normal(size=len(index))
        if np.abs(z).max() < WITHIN_SD:
            break
    rows = [tables[sex][f"{name}_cm"] for name in MEASURES]
    values = {
        name: row["mean"] + row["sd"] * v for name, row, v in zip(MEASURES, rows, z, strict=True)
    }
    return sex, Measurements.from_cm(values)


def case_of(seed):
    """Block, body, size and fabric of one case."""
    rng = np.random.default_rng([seed, 6])
    return {
        "seed": seed,
        "block": str(rng.choice(block_names())),
        "body": int(rng.integers(N_BODIES)),
        "size": int(rng.choice(SIZES)),
        "fabric": str(rng.choice(FABRICS)),
    }


def run_case(seed, bodies, edge_m):
    """Draft, place and drape one case; the record says what came of it."""
    record, start = case_of(seed), time.monotonic()
    try:
        if record["body"] not in bodies:
            sex, measures = draw_measures(record["body"])
            bodies[record["body"]] = (measures, body_from_measurements(measures, sex=sex))
        measures, fitted = bodies[record["body"]]
        whole = complete_measures(measures, fitted.achieved)
        pattern = draft_block(record["block"], whole, size_step=record["size"])
        garment = garment_levels_on_body(pattern, fitted.body, edge_length_m=edge_m)
    except FittingError as error:
        return record | {"stage": "before the drape", "passed": False, "cause": str(error)}
    d = drape(
        garment, fitted.body, (load_fabric(record["fabric"]),), settings=DrapeSettings(),
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    cloth = garment.finest
    mesh = ipctk.CollisionMesh(cloth.positions_m, ipctk.edges(cloth.faces), cloth.faces)
    finite = bool(np.isfinite(d.positions_m).all())
    crosses = finite and bool(ipctk.has_intersections(mesh, d.positions_m))
    return record | {
        "stage": "drape", "n_vertices": len(cloth.positions_m), "converged": d.converged,
        "cause": d.cause, "finite": finite, "crosses": crosses, "residual": d.residual,
        "penetration_mm": 1e3 * d.penetration_max_m, "wall_s": time.monotonic() - start,
        "n_steps": d.n_steps, "n_steps_coarse": d.n_steps_coarse, "drape_s": d.wall_s,
        "passed": d.converged and finite and not crosses and d.penetration_max_m <= 1e-3,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("drape_cases.jsonl"))
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--edge", type=float, default=0.016)
    parser.add_argument("--one", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    bodies = {}
    if options.one is not None:
        print(json.dumps(run_case(options.one, bodies, options.edge), indent=2))
        return
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    done = {json.loads(line)["seed"] for line in lines}
    for seed in range(options.first, options.first + options.cases):
        if seed in done:
            continue
        record = run_case(seed, bodies, options.edge)
        with options.out.open("a") as out:
            out.write(json.dumps(record) + "\n")
    records = [json.loads(line) for line in options.out.read_text().splitlines()]
    tell(records, as_json=options.json)


def tell(records, *, as_json):
    """Say how many passed, and why the others did not."""
    draped = [r for r in records if r["stage"] == "drape"]
    summary = {
        "cases": len(records), "refused_before_the_drape": len(records) - len(draped),
        "draped": len(draped), "passed": sum(r["passed"] for r in draped),
        "crossing": sum(r["crosses"] for r in draped),
        "not_finite": sum(not r["finite"] for r in draped),
        "share": sum(r["passed"] for r in draped) / max(len(draped), 1),
    }  # fmt: skip
    if as_json:
        print(json.dumps(summary))
        return
    print(summary)
    for r in records:
        if not r["passed"]:
            print(r["seed"], r["block"], r["body"], r["size"], r["fabric"], "-", r["cause"])


if __name__ == "__main__":
    main()
