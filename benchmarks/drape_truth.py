"""How far a drape lies from equilibrium: it goes on from the same state, ten times tighter.

The drape stops where `drape` calls it converged; the reference goes on with the force residual,
the displacement, the velocity and the linear solver's tolerance ten times smaller.

Run: python benchmarks/drape_truth.py [--edge 0.0165] [--steps 600] [--json]
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from fitting.body import body_from_measurements, read_measurements
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import DrapeSettings
from fitting.drape.cascade import Scene, cascade
from fitting.drape.fixings import Fixings
from fitting.drape.relax import relax
from fitting.drape.sdf import build_tree
from fitting.pattern import complete_measures, draft_block

ROOT = Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=float, default=0.0165)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    given, sex = read_measurements(ROOT / "assets" / "body" / "demo.toml")
    fitted = body_from_measurements(given, sex=sex)
    body = fitted.body
    pattern = draft_block("tshirt", complete_measures(given, fitted.achieved))
    garment = garment_levels_on_body(pattern, body, edge_length_m=options.edge, n_levels=3)
    scene = Scene(
        garment=garment, fabrics=[load_fabric("cotton_jersey")],
        tree=build_tree(body.vertices_m, body.faces), fixings=Fixings(), settings=DrapeSettings(),
    )  # fmt: skip
    engine, run, _ = cascade(scene)
    loose, loose_residual = engine.x.copy(), engine.residual()
    s = engine.settings
    engine.settings = replace(
        s, residual_max=s.residual_max / 10, cg_tolerance=s.cg_tolerance / 10,
        rest_displacement_m=s.rest_displacement_m / 10, n_steps_max=options.steps,
        rest_velocity_m_s=s.rest_velocity_m_s / 10,
    )  # fmt: skip
    more = relax(engine, n_soft=0)
    gone = 1e3 * np.linalg.norm(engine.x - loose, axis=1)
    numbers = {
        "vertices": len(loose), "cause": run.cause(engine), "residual": loose_residual,
        "reference": more.cause(engine), "reference_residual": engine.residual(),
        "reference_steps": more.n_steps, "mean_mm": float(gone.mean()),
        "p95_mm": float(np.percentile(gone, 95)), "max_mm": float(gone.max()),
    }  # fmt: skip
    print(json.dumps(numbers) if options.json else numbers)


if __name__ == "__main__":
    main()
