"""A body from four tape measures, a T-shirt drafted for it, placed and draped."""

import numpy as np

from fitting.body import Measurements, body_from_measurements
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import DrapeSettings, drape
from fitting.fit import fit_map, fit_report
from fitting.pattern import draft_tshirt
from fitting.preview import Row, draw_sheet, dressed, map_style

measures = Measurements.from_cm(
    {"stature": 175.6, "bust_girth": 105.9, "waist_navel_girth": 94.1, "hip_girth": 102.0}
)
fitted = body_from_measurements(measures, sex="male")
print("residuals [mm]", {name: round(1000 * r, 2) for name, r in fitted.residual_m.items()})

fabric = load_fabric("interlock")
garment = garment_levels_on_body(draft_tshirt(measures), fitted.body, edge_length_m=0.016)
result = drape(
    garment, fitted.body, (fabric,), settings=DrapeSettings(), rng=np.random.default_rng(0)
)
print(result.cause, f"after {result.n_steps} steps, {result.n_inside} vertices inside the body")

cloth = garment.finest
maps = fit_map(cloth, result, fitted.body, (fabric,))
report = fit_report(cloth, result, fitted.body, (fabric,), maps)
for name, ease in report.ease.items():
    print(f"{name}: ease {100 * ease.ease_m:+.1f} cm")

style = map_style("ease")
row = Row(
    title=f"T-shirt, {fabric.name}", lines=report.lines(), converged=result.converged,
    meshes=dressed(fitted.body, cloth, result, maps, style),
)  # fmt: skip
draw_sheet((row,), style.scale, panel_width_px=320, panel_height_px=420).save("shirt.png")
