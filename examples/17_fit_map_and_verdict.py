"""What a knee sleeve presses, region by region: map, summary, and a verdict with its rule."""

import numpy as np

from fitting.body import body_from_measurements, default_measurements
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import DrapeSettings, drape
from fitting.fit import fit_map, fit_report, load_fit_class
from fitting.pattern import draft_block
from fitting.preview import Cell, camera_on, contact_sheet, dressed, map_style

measures, sex = default_measurements()
fitted = body_from_measurements(measures, sex=sex)
fabric = load_fabric("compression_knit")
garment = garment_levels_on_body(
    draft_block("knee_sleeve", fitted.achieved), fitted.body, edge_length_m=0.016
)
cloth = garment.finest
result = drape(
    garment, fitted.body, (fabric,), settings=DrapeSettings(), rng=np.random.default_rng(0)
)
maps = fit_map(cloth, result, fitted.body, (fabric,))
report = fit_report(
    cloth, result, fitted.body, (fabric,), maps, fit_class=load_fit_class("compression")
)
print(f"pressure: {np.median(maps.pressure_pa) / 1000:.2f} kPa in the middle,"
      f" at most {maps.pressure_pa.max() / 1000:.2f} kPa")  # fmt: skip
worn = np.isfinite(maps.laplace_pa)
print(f"by tension and curvature alone: {np.median(maps.laplace_pa[worn]) / 1000:.2f} kPa")
for sentence in report.sentences():
    print(sentence)
print("numbers of the fabric card that nobody measured:", len(report.estimated))

style = map_style("pressure")
meshes = dressed(fitted.body, cloth, result, maps, style)
cells = tuple(
    Cell(title=view, lines=(), meshes=meshes, camera=camera_on(result.positions_m, view),
         converged=result.converged)
    for view in ("front", "left", "back")
)  # fmt: skip
contact_sheet(cells, style.scale, n_columns=3, cell_width_px=300, cell_height_px=300).save(
    "fit.png"
)
