"""A body from four tapes: what was met, what follows for the rest, and how sure that is."""

import numpy as np
from PIL import Image

from fitting.body import REGISTRY, Measurements, body_from_measurements, pose_body
from fitting.preview import body_mesh, camera_for, render

taped = Measurements.from_cm(
    {"stature": 172.0, "bust_girth": 98.0, "waist_girth": 80.0, "hip_girth": 104.0}
)
fitted = body_from_measurements(taped, sex="female")
worst_mm = 1000 * max(abs(off) for off in fitted.residual_m.values())
print(f"taped measures are met within {worst_mm:.1f} mm; reachable: {fitted.reachable}")
print(f"{len(REGISTRY)} measures are known; a few that nobody taped, in cm:")
for name in ("under_bust_girth", "thigh_girth", "calf_girth", "arm_length"):
    sd_cm = 100 * fitted.uncertainty_m[name]
    print(f"  {name}: {100 * getattr(fitted.achieved, name):.1f}, sd {sd_cm:.1f}")
for warning in fitted.warnings:
    print("note:", warning)

try:
    Measurements.from_cm({"stature": 1.72})
except ValueError as error:
    print("refused:", error)

views = []
for view in ("front", "left", "back"):
    mesh = body_mesh(pose_body(fitted.body, "a"))
    views.append(render((mesh,), camera_for(view, (mesh,)), width_px=260, height_px=420))
Image.fromarray(np.hstack(views)).save("body.png")
