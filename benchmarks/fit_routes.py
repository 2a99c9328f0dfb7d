"""Claim: two routes to rest give the same maps: strain within 2 %, pressure within 10 % by region.

The rest of cloth on skin is not unique: friction and folds choose. A fit map must not depend on
that choice. Each garment is draped on the demo's body by two routes: from coarse to fine over
nested meshes, and on the finest mesh alone, from the same start. Compared are regions that hold at
least a fiftieth of the cloth: difference of mean strain (warp and weft, the larger) over the
region's 95th percentile of strain or the 2 % that a comfortable garment has, whichever is larger,
and of mean pressure over the larger of both, where it is above a tenth of the garment's highest
regional mean.

Friction is what makes the rest many. `--placed` lets it pull to where the garment was put until
it rests (`DrapeSettings.placed_reach_m`), within `--reach` mm. `--frictionless` takes friction away
on both routes, which leaves what solver and folds do; `--shakes N` lets go of it N times after
rest, as a person shakes out a garment, and lets the cloth settle again.

A share of next to nothing means little: pressure is told a second time, in all regions, over at
least 0.1 mmHg (13 Pa), which nobody feels.

Run: python benchmarks/fit_routes.py [--blocks tshirt base_layer] [--edge 0.016] [--second single]
[--placed] [--reach MM] [--frictionless] [--shakes N] [--json]. `--second warp-cpu` compares the
processor's kernels with those of the GPU instead.
"""

import argparse
import json
import time
from dataclasses import replace

import numpy as np

from fitting.body import body_from_measurements, default_measurements
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import PLACED_REACH_M, DrapeSettings
from fitting.drape.account import account
from fitting.drape.cascade import Scene, as_levels, cascade
from fitting.drape.fixings import Fixings
from fitting.drape.relax import relax
from fitting.drape.sdf import build_tree
from fitting.fit import fit_map, region_differences, region_summaries
from fitting.pattern import BLOCKS, complete_measures, draft_block

LEAST_SHARE = 0.02
SLACK_STRAIN = 0.02
FELT_PA = 13.3


def maps_of(cloth, d, body, fabric):
    """Summaries by region."""
    return region_summaries(cloth, fit_map(cloth, d, body, (fabric,)))


def rest_of(cloth, body, fabric, *, device, shakes, settings):
    """The drape of a cloth, friction let go so many times after it came to rest."""
    scene = Scene(
        garment=as_levels(cloth), fabrics=(fabric,), fixings=Fixings(), settings=settings,
        tree=build_tree(body.vertices_m, body.faces), device=device,
    )  # fmt: skip
    began_s = time.process_time()
    engine, run, coarse = cascade(scene)
    for _ in range(shakes):
        engine.anchor[:] = engine.x
        run = relax(engine, n_soft=0)
    finest = scene.garment.finest
    spent_s = time.process_time() - began_s
    return account(finest, engine, run, coarse, seed=0, start_ns=time.monotonic_ns()), spent_s


def covered(summaries, total_m2):
    """Regions with enough cloth; one that only a route covers tells of cloth that moved away."""
    return {name for name, s in summaries.items() if s.area_m2 >= LEAST_SHARE * total_m2}


def compare(block, edge_m, second, *, frictionless, shakes, settings):
    """Both drapes of one block and the differences of their maps."""
    given, sex = default_measurements()
    fitted = body_from_measurements(given, sex=sex)
    pattern = draft_block(block, complete_measures(given, fitted.achieved))
    garment = garment_levels_on_body(pattern, fitted.body, edge_length_m=edge_m)
    fabric = load_fabric(BLOCKS[block].fabric)
    if frictionless:
        fabric = replace(fabric, friction_skin=0.0)
    single = second == "single"
    drapes, spent_s = zip(*(
        rest_of(
            cloth, fitted.body, fabric, device=device, shakes=shakes, settings=settings
        )
        for cloth, device in (
            (garment, "cpu"), (garment.finest, "cpu") if single else (garment, second)
        )
    ), strict=True)  # fmt: skip
    first, other = (maps_of(garment.finest, d, fitted.body, fabric) for d in drapes)
    total = sum(s.area_m2 for s in first.values())
    pressed = max(s.spreads["pressure_pa"].mean for s in first.values())
    rows = {}
    for name, difference in region_differences(first, other).items():
        if first[name].area_m2 < LEAST_SHARE * total:
            continue
        spreads = first[name].spreads
        scale = max(
            SLACK_STRAIN, *(abs(spreads[key].p95) for key in ("strain_warp", "strain_weft"))
        )
        counts = spreads["pressure_pa"].mean > 0.1 * pressed
        rows[name] = {
            "strain_percent_points": 100 * difference.strain,
            "strain_share": difference.strain / scale,
            "pressure_pa": difference.pressure_pa,
            "mean_pressure_pa": spreads["pressure_pa"].mean,
            "pressure_share": difference.pressure_share if counts else None,
            "pressure_share_of_felt": difference.pressure_pa
            / max(spreads["pressure_pa"].mean, FELT_PA),
        }
    gone = np.linalg.norm(drapes[0].positions_m - drapes[1].positions_m, axis=1)
    return {
        "block": block, "vertices": len(gone), "causes": [d.cause for d in drapes],
        "processor_s": spent_s, "steps": [(d.n_steps_coarse, d.n_steps) for d in drapes],
        "mean_distance_mm": 1e3 * float(gone.mean()),
        "regions_of_one_route": sorted(covered(first, total) ^ covered(other, total)),
        **{
            f"{key}_max": max((r[key] or 0.0 for r in rows.values()), default=None)
            for key in ("strain_share", "pressure_share", "pressure_share_of_felt")
        },
        "regions": rows,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", nargs="+", default=["tshirt", "base_layer"])
    parser.add_argument("--edge", type=float, default=0.016)
    parser.add_argument("--second", default="single")
    parser.add_argument("--placed", action="store_true")
    parser.add_argument("--reach", type=float, default=1e3 * PLACED_REACH_M, help="mm")
    parser.add_argument("--frictionless", action="store_true")
    parser.add_argument("--shakes", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    settings = DrapeSettings(placed_reach_m=options.reach / 1e3 if options.placed else None)
    results = [
        compare(
            block, options.edge, options.second, frictionless=options.frictionless,
            shakes=options.shakes, settings=settings,
        )
        for block in options.blocks
    ]  # fmt: skip
    if options.json:
        print(json.dumps(results))
        return
    for r in results:
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()
               if k != "regions"})  # fmt: skip
        for name, row in r["regions"].items():
            print("  ", name, {k: v and round(v, 4) for k, v in row.items()})


if __name__ == "__main__":
    main()
