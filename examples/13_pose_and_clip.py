"""Poses by name and by joint angle, a walking clip, and what a pose does to a measure."""

import numpy as np
from PIL import Image

from fitting.body import (
    Pose,
    body_from_measurements,
    clip_bodies,
    default_measurements,
    pose_body,
    walking_clip,
)
from fitting.preview import body_mesh, camera_for, render

measures, sex = default_measurements()
body = body_from_measurements(measures, sex=sex).body
poses = {
    "a": "a",
    "sitting": "sitting",
    "arms up": "arms_up",
    "a lunge of our own": Pose.degrees(
        "lunge", hip_flexion_l=70, knee_flexion_l=80, hip_flexion_r=-15, knee_flexion_r=20
    ),
}
pictures = []
for name, pose in poses.items():
    posed = pose_body(body, pose)
    print(f"{name}: {100 * np.ptp(posed.vertices_m[:, 1]):.0f} cm high, same topology:",
          posed.faces is body.faces)  # fmt: skip
    mesh = (body_mesh(posed),)
    pictures.append(render(mesh, camera_for("three_quarter", mesh), width_px=260, height_px=380))

clip = walking_clip(rate_hz=10.0)
feet = [frame.joints_m for frame in clip_bodies(body, clip)]
print(f"a stride of {clip.n_frames / clip.rate_hz:.1f} s in {clip.n_frames} frames,",
      f"{len(feet)} bodies")  # fmt: skip
Image.fromarray(np.hstack(pictures)).save("poses.png")
