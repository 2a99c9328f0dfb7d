"""Claim: every block on every body and pose, and every imported pattern, starts without overlap.

Bodies are people drawn from the survey statistics that ship, between the 5th and 95th percentile.
Crossing triangles are counted by ipctk among the cloth, and by our own test against the body.

    python benchmarks/cloth_placement.py --bodies 20 --poses a t arms_up [--data DIR] [--json]
"""

import argparse
import json
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import ipctk
import numpy as np

from fitting.body import Body, Measurements, body_from_measurements, pose_body
from fitting.cloth import garment_levels_on_body
from fitting.cloth.crossing import body_crossings
from fitting.errors import FittingError
from fitting.pattern import block_names, complete_measures, draft_block, read_garmentcode

ROOT = Path(__file__).resolve().parents[1]


def people(n: int, seed: int) -> Iterator[tuple[Measurements, str]]:
    """Women and men in turn, every measure between the 5th and the 95th percentile."""
    tables = tomllib.loads((ROOT / "assets" / "body" / "ansur2.toml").read_text(encoding="utf-8"))
    order, rng, known = (
        tables["measures"],
        np.random.default_rng(seed),
        Measurements.__annotations__,
    )
    for i in range(n):
        sex = ("female", "male")[i % 2]
        rows = [tables[sex][f"{name}_cm"] for name in order]
        low, high = (np.array([row[key] for row in rows]) for key in ("p5", "p95"))
        mean, sd = (np.array([row[key] for row in rows]) for key in ("mean", "sd"))
        root = np.linalg.cholesky(np.array(tables[sex]["correlation"]) + 1e-6 * np.eye(len(order)))
        values = mean - 9 * sd
        while ((values < low) | (values > high)).any():
            values = mean + sd * (root @ rng.standard_normal(len(order)))
        taped = zip(order, values.tolist(), strict=True)
        yield Measurements.from_cm({k: v for k, v in taped if k in known}), sex


def judge(pattern, body: Body, edge_length_m: float) -> dict:
    """Place one garment; count what crosses on its finest level."""
    start, cpu = time.perf_counter(), time.process_time()
    try:
        cloth = garment_levels_on_body(pattern, body, edge_length_m=edge_length_m).finest
    except FittingError as error:
        return {"refused": str(error), "cpu_s": time.process_time() - cpu}
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    faces = cloth.faces.astype(np.int32)
    mesh = ipctk.CollisionMesh(cloth.positions_m, ipctk.edges(faces), faces)
    own = int(ipctk.has_intersections(mesh, cloth.positions_m))
    skin = body_crossings(cloth.positions_m, cloth.faces, body.vertices_m, body.faces)
    return {
        "n_vertices": len(cloth.positions_m), "cloth": own, "body": len(skin), "wall_s": seconds,
        "cpu_s": cpu_s,
    }  # fmt: skip


def cases(options) -> Iterator[tuple[str, dict]]:
    for i, (measures, sex) in enumerate(people(options.bodies, options.seed)):
        fitted = body_from_measurements(measures, sex=sex)
        complete = complete_measures(measures, fitted.achieved)
        bodies = {p: fitted.body if p == "a" else pose_body(fitted.body, p) for p in options.poses}
        for name in options.blocks:
            pattern = draft_block(name, complete)
            for pose, body in bodies.items():
                yield f"{name} body {i} {sex} {pose}", judge(pattern, body, options.edge / 100)
    if options.data is None:
        return
    mean = Measurements.from_cm({"stature": 168.0, "bust_girth": 95.0, "hip_girth": 103.0})
    body = body_from_measurements(mean, sex="female").body
    for path in sorted(options.data.rglob("*.json")):
        try:
            pattern = read_garmentcode(path)
        except FittingError:
            continue
        yield f"import {path.stem}", judge(pattern, body, options.edge / 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=20)
    parser.add_argument("--poses", nargs="+", default=["a", "t", "arms_up"])
    parser.add_argument("--blocks", nargs="+", default=list(block_names()))
    parser.add_argument("--edge", type=float, default=1.6, help="edge length, cm")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="folder of GarmentCode patterns")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    for name, result in cases(options):
        found.append({"case": name, **result})
        if not options.json and ("refused" in result or result["cloth"] or result["body"]):
            print(name, result, flush=True)
    placed = [r for r in found if "refused" not in r]
    free = [r for r in placed if not r["cloth"] and not r["body"]]
    times = np.array([r["cpu_s"] for r in found])
    total = {
        "n_cases": len(found), "n_free": len(free), "n_refused": len(found) - len(placed),
        "n_overlapping": len(placed) - len(free), "cpu_median_s": float(np.median(times)),
        "cpu_p95_s": float(np.quantile(times, 0.95)), "cpu_max_s": float(times.max()),
    }  # fmt: skip
    print(json.dumps({**total, "cases": found} if options.json else total, indent=2))


if __name__ == "__main__":
    main()
