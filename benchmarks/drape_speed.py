"""Seconds to rest of the T-shirt block on a body, its memory, and how time grows with the mesh.

Each size runs twice: to rest by movement alone (mean displacement below 0.5 mm in ten steps of
0.3 s, linear solves met), and to the balance of forces within 1 % that a converged drape needs.
Compilation is not counted: a small drape runs first. Crossings are counted by ipctk.

Run: python benchmarks/drape_speed.py [--sizes 0.0165 0.009 0.0052] [--pattern FILE] [--threads N]
[--json]
"""

import argparse
import json
import resource
import time
from pathlib import Path

import ipctk
import numpy as np

from fitting.body import body_from_measurements, read_measurements
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import DrapeSettings, drape
from fitting.drape.cascade import as_levels
from fitting.pattern import complete_measures, draft_block, read_pattern

ROOT = Path(__file__).resolve().parents[1]
N_LEVELS = {0.0165: 3, 0.009: 3, 0.0052: 4}


def measure(pattern, body, edge_m, *, threads, residual_max):
    start = time.process_time()
    garment = garment_levels_on_body(
        pattern, body, edge_length_m=edge_m, n_levels=N_LEVELS.get(edge_m, 3)
    )
    mesh_s = time.process_time() - start
    settings = DrapeSettings(residual_max=residual_max, n_threads=threads)
    start = time.process_time()
    d = drape(
        garment, body, (load_fabric("cotton_jersey"),), settings=settings,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    cpu_s = time.process_time() - start
    cloth = garment.finest
    mesh = ipctk.CollisionMesh(cloth.positions_m, ipctk.edges(cloth.faces), cloth.faces)
    return {
        "vertices": len(cloth.positions_m), "mesh_cpu_s": mesh_s, "wall_s": d.wall_s,
        "cpu_s": cpu_s, "steps": f"{d.n_steps_coarse}+{d.n_steps}", "cg": d.n_cg,
        "residual": d.residual, "cause": d.cause, "inside": d.n_inside,
        "crosses": bool(ipctk.has_intersections(mesh, d.positions_m)),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.0165, 0.009, 0.0052])
    parser.add_argument("--pattern", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    given, sex = read_measurements(ROOT / "assets" / "body" / "demo.toml")
    fitted = body_from_measurements(given, sex=sex)
    body = fitted.body
    if options.pattern is None:
        pattern = draft_block("tshirt", complete_measures(given, fitted.achieved))
    else:
        pattern = read_pattern(options.pattern)
    small = as_levels(garment_levels_on_body(pattern, body, edge_length_m=0.03, n_levels=2))
    drape(
        small, body, (load_fabric("cotton_jersey"),), settings=DrapeSettings(n_steps_max=15),
        rng=np.random.default_rng(0),
    )  # fmt: skip
    rows = [
        {"to": name} | measure(pattern, body, edge, threads=options.threads, residual_max=most)
        for edge in options.sizes
        for name, most in (("rest", np.inf), ("balance", 1e-2))
    ]
    rest = [row for row in rows if row["to"] == "rest"]
    growth = None
    if len(rest) > 1:
        n, t = ([np.log(row[key]) for row in rest] for key in ("vertices", "cpu_s"))
        growth = float((t[-1] - t[0]) / (n[-1] - n[0]))
    if options.json:
        print(json.dumps({"rows": rows, "growth_exponent": growth}))
        return
    for row in rows:
        print({key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()})
    print("time grows with the number of vertices to the power", growth)


if __name__ == "__main__":
    main()
