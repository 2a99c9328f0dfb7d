"""From flat panels to cloth at rest on a body, and how far from equilibrium it is."""

import numpy as np

from fitting.body import body_from_measurements, default_measurements
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import DrapeSettings, drape
from fitting.pattern import draft_block

measures, sex = default_measurements()
fitted = body_from_measurements(measures, sex=sex)
pattern = draft_block("chest_band", fitted.achieved)
fabric = load_fabric("compression_knit")
garment = garment_levels_on_body(pattern, fitted.body, edge_length_m=0.016)
cloth = garment.finest
print(f"{len(pattern.panels)} panel becomes {len(cloth.positions_m)} vertices,"
      f" {len(cloth.faces)} triangles")  # fmt: skip

result = drape(
    garment, fitted.body, (fabric,), settings=DrapeSettings(), rng=np.random.default_rng(0)
)
print(f"converged: {result.converged} after {result.n_steps} steps; {result.cause}")
print(f"residual {result.residual:.1e} of weight plus contact forces")
print(f"cloth in cloth: {result.intersections_cloth_cloth}, deepest in the body:"
      f" {1000 * result.penetration_max_m:.2f} mm")  # fmt: skip

again = drape(
    garment, fitted.body, (fabric,), settings=DrapeSettings(), rng=np.random.default_rng(0)
)
print("the same seed gives the same bits:", np.array_equal(result.positions_m, again.positions_m))
