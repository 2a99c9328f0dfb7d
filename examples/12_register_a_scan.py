"""A scan with noise and a hole becomes a body that can be measured, posed and dressed."""

import numpy as np
from PIL import Image

from fitting.body import Measurements, body_from_measurements, make_scan, pose_body, register_scan
from fitting.preview import PaintedMesh, Scale, body_mesh, camera_for, render

wearer = body_from_measurements(
    Measurements.from_cm({"stature": 170, "bust_girth": 95, "hip_girth": 101}), sex="female"
)
standing = pose_body(wearer.body, "arms_down", apart=False)
rng = np.random.default_rng(0)
points_mm = 1000 * (standing.vertices_m + rng.normal(0, 0.001, standing.vertices_m.shape))
middle = standing.vertices_m[standing.faces].mean(axis=1)
crown = standing.vertices_m[standing.vertices_m[:, 1].argmax()]
seen = np.linalg.norm(middle - crown, axis=1) > 0.05  # no scanner sees through hair
scan = make_scan(points_mm, standing.faces[seen])
print(f"scan: {len(scan.faces)} triangles, unit {scan.unit}, {len(scan.holes)} hole(s)")

found = register_scan(scan, sex="female")
print(f"the body lies {1000 * np.median(np.abs(found.distance_m)):.1f} mm from the scan (median)")
for name in ("stature", "bust_girth", "waist_girth", "hip_girth"):
    scanned, true = getattr(found.measured, name), getattr(wearer.achieved, name)
    print(f"  {name}: {100 * scanned:.1f} cm, the wearer has {100 * true:.1f} cm")
for warning in found.warnings:
    print("note:", warning)
sitting = pose_body(found.body, "sitting")
print(f"it can sit: {100 * sitting.vertices_m[:, 1].max():.0f} cm high")

scale = Scale(title="Scan off the body [mm]", low=-5.0, high=5.0, palette="red_high")
shown = PaintedMesh(
    name="scan", vertices_m=scan.vertices_m, faces=scan.faces, two_sided=True,
    colors=scale.colors(1000 * found.distance_m),
)  # fmt: skip
pictures = [
    render((mesh,), camera_for("three_quarter", (mesh,)), width_px=280, height_px=420)
    for mesh in (shown, body_mesh(found.body), body_mesh(sitting))
]
Image.fromarray(np.hstack(pictures)).save("scan.png")
