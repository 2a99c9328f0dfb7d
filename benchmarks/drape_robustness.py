"""How many of all garments x bodies x sizes x fabrics come to rest, free of crossings.

A case is a block, a body drawn from the survey's own distribution, a size step and a fabric. Cases
are drawn by their seed, so any part can be run and repeated; each writes one JSON line, and a
rerun does only what is missing. Crossings are counted by ipctk, an independent program.

With `--data DIR` every pattern file below it (JSON, DXF, SVG) is draped too, on the demo's body: a
file that cannot be read, sewn or placed is a refusal with its reason, not a drape.

Run: python benchmarks/drape_robustness.py --out cases.jsonl --cases 400 [--first 0] [--edge 0.016]
[--data DIR] [--minutes 5] [--placed] [--json]. `--placed` lets friction pull to where the garment
is put on until it rests. `--one SEED` repeats one case, `--one FILE` one file.
"""

import argparse
import json
import time
import tomllib
from pathlib import Path

import ipctk
import numpy as np

from fitting.body import Measurements, body_from_measurements, default_measurements
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import PLACED_REACH_M, DrapeSettings, drape
from fitting.errors import FittingError
from fitting.pattern import block_names, complete_measures, draft_block, read_pattern

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


def person(index, bodies):
    """Measures and body of one surveyed-like person, made once; None is the demo's."""
    if index not in bodies:
        if index is None:
            measures, sex = default_measurements()
        else:
            sex, measures = draw_measures(index)
        bodies[index] = (measures, body_from_measurements(measures, sex=sex))
    return bodies[index]


def run_case(seed, bodies, edge_m, settings):
    """Draft, place and drape one case; the record says what came of it."""
    record, start = case_of(seed), time.monotonic()
    try:
        measures, fitted = person(record["body"], bodies)
        whole = complete_measures(measures, fitted.achieved)
        pattern = draft_block(record["block"], whole, size_step=record["size"])
        garment = garment_levels_on_body(pattern, fitted.body, edge_length_m=edge_m)
    except FittingError as error:
        return record | {"stage": "before the drape", "passed": False, "cause": str(error)}
    return record | run_drape(garment, fitted.body, record["fabric"], seed, start, settings)


def run_file(path, bodies, edge_m, settings):
    """Read, place and drape one pattern file on the demo's body."""
    record, start = {"seed": path.name, "fabric": "cotton_jersey"}, time.monotonic()
    _, fitted = person(None, bodies)
    try:
        garment = garment_levels_on_body(read_pattern(path), fitted.body, edge_length_m=edge_m)
    except FittingError as error:
        return record | {"stage": "before the drape", "passed": False, "cause": str(error)}
    return record | run_drape(garment, fitted.body, record["fabric"], 0, start, settings)


def run_drape(garment, body, fabric, seed, start, settings):
    """Drape, and judge by an independent count of crossings."""
    d = drape(
        garment, body, (load_fabric(fabric),), settings=settings,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    cloth = garment.finest
    mesh = ipctk.CollisionMesh(cloth.positions_m, ipctk.edges(cloth.faces), cloth.faces)
    finite = bool(np.isfinite(d.positions_m).all())
    crosses = finite and bool(ipctk.has_intersections(mesh, d.positions_m))
    return {
        "stage": "drape", "n_vertices": len(cloth.positions_m), "converged": d.converged,
        "cause": d.cause, "finite": finite, "crosses": crosses, "residual": d.residual,
        "penetration_mm": 1e3 * d.penetration_max_m, "wall_s": time.monotonic() - start,
        "n_steps": d.n_steps, "n_steps_coarse": d.n_steps_coarse, "drape_s": d.wall_s,
        "passed": d.converged and finite and not crosses and d.penetration_max_m <= 1e-3,
    }  # fmt: skip


def files_below(folder):
    """Pattern files of a folder in order."""
    kinds = (".json", ".dxf", ".svg")
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in kinds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("drape_cases.jsonl"))
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--edge", type=float, default=0.016)
    parser.add_argument("--one")
    parser.add_argument("--placed", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    bodies = {}
    settings = DrapeSettings(placed_reach_m=PLACED_REACH_M if options.placed else None)
    if options.one is not None:
        one = options.one
        record = (
            run_case(int(one), bodies, options.edge, settings) if one.isdigit()
            else run_file(Path(one), bodies, options.edge, settings)
        )  # fmt: skip
        print(json.dumps(record, indent=2))
        return
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    done = {json.loads(line)["seed"] for line in lines}
    work = [(seed, run_case, seed) for seed in range(options.first, options.first + options.cases)]
    work += [(p.name, run_file, p) for p in (files_below(options.data) if options.data else ())]
    start = time.monotonic()
    for key, run, what in work:
        if key in done:
            continue
        if time.monotonic() - start > 60 * options.minutes:
            break
        record = run(what, bodies, options.edge, settings)
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
            case = [r[key] for key in ("block", "body", "size", "fabric") if key in r]
            print(r["seed"], *case, "-", r["cause"])


if __name__ == "__main__":
    main()
