"""Meshes in motion as glTF: one morph target a frame, and an animation that fades between them.

A viewer draws the straight way of every vertex from frame to frame, so what is shown at a frame is
exactly what was computed. Times are seconds.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PreviewError
from fitting.preview.glb import FLOAT, Packer, chunks, read_array, write_scene
from fitting.preview.scene import PaintedMesh, vertex_normals


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingMesh:
    """A mesh and its places over time.

    Attributes:
        mesh: Name, triangles and colours; its vertices are those of the first frame.
        frames_m: Vertices of every frame, shape (n_frames, n_vertices, 3).
    """

    mesh: PaintedMesh
    frames_m: NDArray[np.float64]


def write_glb_motion(
    path: Path,
    meshes: tuple[MovingMesh, ...],
    time_s: NDArray[np.float64],
    *,
    name: str = "motion",
    extras: dict[str, Any] | None = None,
) -> None:
    """Write an animation.

    Args:
        path: File to write.
        meshes: What moves; each has a frame a time.
        time_s: Rising times from 0, shape (n_frames,), n at least 2.
        name: Name of the animation.
        extras: What a program should know about the scene.

    Raises:
        PreviewError: If frames and times do not fit together.
        OSError: If the file cannot be written.
    """
    n = len(time_s)
    if n < 2 or time_s[0] < 0 or not (np.diff(time_s) > 0).all():
        raise PreviewError(f"an animation needs at least two rising times from 0; it has {n}")
    for moving in meshes:
        wanted = (n, *moving.mesh.vertices_m.shape)
        if moving.frames_m.shape != wanted:
            raise PreviewError(
                f"{moving.mesh.name} has frames of shape {moving.frames_m.shape}, wanted {wanted}"
            )
    packer = Packer()
    described = [_morphed(packer, moving) for moving in meshes]
    times = packer.add(
        time_s.astype("<f4"), "SCALAR", FLOAT,
        {"min": [float(np.float32(time_s[0]))], "max": [float(np.float32(time_s[-1]))]},
        target=None,
    )  # fmt: skip
    # Each frame shows one target whole; the first frame is the mesh itself.
    shown = np.eye(n)[:, 1:].astype("<f4").ravel()
    weights = packer.add(shown, "SCALAR", FLOAT, target=None)
    sampler = {"input": times, "interpolation": "LINEAR", "output": weights}
    channels = [
        {"sampler": 0, "target": {"node": i, "path": "weights"}} for i in range(len(meshes))
    ]
    animation = {"name": name, "samplers": [sampler], "channels": channels}
    write_scene(
        path, [moving.mesh.name for moving in meshes], described, packer, extras=extras,
        more={"animations": [animation]},
    )  # fmt: skip


def _morphed(packer: Packer, moving: MovingMesh) -> dict[str, Any]:
    described = packer.mesh(moving.mesh)
    base = moving.mesh.vertices_m.astype("<f4")
    normals = vertex_normals(moving.mesh.vertices_m, moving.mesh.faces)
    targets = []
    for frame in moving.frames_m[1:]:
        way = frame.astype("<f4") - base
        bounds = {"min": way.min(axis=0).tolist(), "max": way.max(axis=0).tolist()}
        turn = (vertex_normals(frame, moving.mesh.faces) - normals).astype("<f4")
        targets.append({
            "POSITION": packer.add(way, "VEC3", FLOAT, bounds),
            "NORMAL": packer.add(turn, "VEC3", FLOAT),
        })  # fmt: skip
    described["primitives"][0]["targets"] = targets
    described["weights"] = [0.0] * len(targets)
    return described


def read_glb_motion(path: Path) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Read what `write_glb_motion` wrote.

    Returns:
        Times, shape (n_frames,), and vertices by mesh, shape (n_frames, n_vertices, 3).

    Raises:
        PreviewError: If it is no such file.
        OSError: If it cannot be read.
    """
    data = path.read_bytes()
    try:
        tree, binary = chunks(data)
        sampler = tree["animations"][0]["samplers"][0]
        time_s = read_array(tree, binary, sampler["input"]).astype(np.float64)
        frames = {}
        for node in tree["nodes"]:
            (part,) = tree["meshes"][node["mesh"]]["primitives"]
            base = read_array(tree, binary, part["attributes"]["POSITION"]).astype(np.float64)
            ways = [read_array(tree, binary, target["POSITION"]) for target in part["targets"]]
            frames[node["name"]] = np.stack([base, *(base + way for way in ways)])
    except (KeyError, IndexError, ValueError, TypeError, struct.error) as error:
        raise PreviewError(
            f"{path} is no animation that muslin wrote ({type(error).__name__}: {error})"
        ) from error
    return time_s, frames
