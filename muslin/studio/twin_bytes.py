"""A session on the twin as bytes for the page: turns of the body's parts, strain, perhaps meshes.

Quaternions are wxyz in the body's frame (y up, z forward), which is the page's scene.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muslin.studio.mesh_bytes import pack_arrays
from muslin.twin.replay.files import animation_rows
from muslin.twin.replay.replayed import LineCompared, TwinReplay
from muslin.twin.replay.ribbons import sensor_ribbons
from wearables.signals.motion.rotation import matrices_to_quat

POSE_RATE_HZ = 25.0
N_CLOTH_FRAMES = 120
N_LINE_POINTS = 3000
# Joint of the body that moves each part of the figure.
PARTS = {
    "torso": "chest", "left upper arm": "shoulder_l", "right upper arm": "shoulder_r",
    "left forearm": "elbow_l", "right forearm": "elbow_r", "left thigh": "hip_l",
    "right thigh": "hip_r", "left shank": "knee_l", "right shank": "knee_r",
}  # fmt: skip


def replay_bytes(replay: TwinReplay, *, with_cloth: bool, start_s: float, seconds: float) -> bytes:
    """Everything that the page shows of a replay.

    Args:
        replay: A session on the twin.
        with_cloth: Whether body and garment come as meshes too.
        start_s: Where the meshes start.
        seconds: How long they last.

    Raises:
        InputError: If nothing of the session is left to show.
    """
    time_s = replay.frames.time_s
    rows = np.arange(0, len(time_s), max(1, round(replay.frames.rate_hz / POSE_RATE_HZ)))
    turns = {part: replay.frames.R_world[joint][rows] for part, joint in PARTS.items()}
    content: dict[str, Any] = {
        **replay.numbers(),
        "start_s": replay.motion.start_s,
        "parts": list(PARTS),
        "lines": [_told(line) for line in replay.lines],
        "has_cloth": with_cloth,
    }
    arrays: dict[str, NDArray[Any]] = {
        "pose_s": time_s[rows],
        "turns_wxyz": np.stack([matrices_to_quat(R) for R in turns.values()], axis=1),
    }
    for i, line in enumerate(replay.lines):
        arrays |= {f"line_{i}_{name}": values for name, values in _columns(line).items()}
    for name in replay.motion.sources:
        arrays[f"angle_{name}"] = np.degrees(np.interp(
            time_s[rows], replay.motion.track.time_s, replay.motion.track.angles_rad[name]
        ))  # fmt: skip
    if with_cloth:
        arrays |= _meshes(replay, start_s=start_s, seconds=seconds)
    return pack_arrays(content, arrays)


def _told(line: LineCompared) -> dict[str, Any]:
    correlation = None if np.isnan(line.correlation) else line.correlation
    return {"name": line.name, "channel": line.channel, "correlation": correlation,
            "gain": line.gain}  # fmt: skip


def _columns(line: LineCompared) -> dict[str, NDArray[np.float64]]:
    """Times from the start of the replay, measured as strain by the line's gain, and predicted."""
    step = max(1, len(line.time_s) // N_LINE_POINTS)
    gain = line.gain if abs(line.gain) > 1e-9 else 1.0
    return {
        "time_s": line.time_s[::step],
        "measured_percent": 100 * line.measured[::step] / gain,
        "predicted_percent": 100 * line.predicted[::step],
    }


def _meshes(replay: TwinReplay, *, start_s: float, seconds: float) -> dict[str, NDArray[Any]]:
    rows = animation_rows(replay, start_s=start_s, seconds=seconds, n_frames=N_CLOTH_FRAMES)
    bodies = replay.bodies(rows)
    cloths = replay.cloth_m(bodies, rows)
    arrays = {
        "frame_s": replay.frames.time_s[rows],
        "body_positions": bodies[0].vertices_m,
        "body_faces": bodies[0].faces,
        "body_frames": np.stack([body.vertices_m for body in bodies]),
        "cloth_positions": cloths[0],
        "cloth_faces": replay.worn.cloth.faces,
        "cloth_frames": np.stack(cloths),
    }
    if replay.worn.sites:
        ribbons = sensor_ribbons(replay.worn, cloths)
        # Sensors count as seams do: lines on the garment that the page draws dark.
        arrays |= {
            "seam_positions": ribbons.frames_m[0],
            "seam_faces": ribbons.mesh.faces,
            "seam_frames": ribbons.frames_m,
        }
    return arrays
