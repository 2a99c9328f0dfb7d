"""Claim: 800 x 1000 pixels in 0.5 s with any backend, a contact sheet of 8 in 4 s, a turn in 15 s.

The body of the demo with a tube of 10,000 vertices over it. Each backend runs in its own process,
since a process holds one OpenGL platform.

    python benchmarks/fit_pictures.py [--json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fitting.body import body_from_measurements, default_measurements
from fitting.preview import (
    AZIMUTH_RAD,
    Cell,
    PaintedMesh,
    camera_for,
    contact_sheet,
    map_style,
    render,
    write_turntable,
)
from fitting.preview.probe import GL_BACKENDS, gl_works


def scene() -> tuple[PaintedMesh, ...]:
    """Body and tube."""
    measures, sex = default_measurements()
    body = body_from_measurements(measures, sex=sex).body
    n = 100
    turn, height = np.meshgrid(2 * np.pi * np.arange(n) / n, np.linspace(0.8, 1.4, n))
    points = np.stack([0.22 * np.sin(turn), height, 0.17 * np.cos(turn)], axis=-1).reshape(-1, 3)
    faces = []
    for row in range(n - 1):
        for column in range(n):
            a, b = row * n + column, row * n + (column + 1) % n
            faces += [(a, b, b + n), (a, b + n, a + n)]
    style = map_style("stretch")
    return (
        PaintedMesh(
            name="body", vertices_m=body.vertices_m, faces=body.faces,
            colors=np.full((len(body.vertices_m), 3), 210, np.uint8),
        ),
        PaintedMesh(
            name="garment", vertices_m=points, faces=np.array(faces), two_sided=True,
            colors=style.scale.colors(np.linspace(0, 10, len(points))),
        ),
    )  # fmt: skip


def clock(work) -> dict[str, float]:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def measure(backend: str) -> dict[str, object]:
    """Best of five pictures, one sheet, one turn."""
    meshes, style = scene(), map_style("stretch")
    cells = tuple(
        Cell(title=view, lines=(), meshes=meshes, camera=camera_for(view, meshes))
        for view in AZIMUTH_RAD
    )
    camera = camera_for("front", meshes)
    pictures = [
        clock(lambda: render(meshes, camera, width_px=800, height_px=1000, backend=backend))
        for _ in range(6)
    ][1:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turn.png"
        return {
            "backend": backend,
            "picture": min(pictures, key=lambda one: one["wall_s"]),
            "sheet_of_8": clock(
                lambda: contact_sheet(cells, style.scale, n_columns=4, backend=backend)
            ),
            "turn_of_36": clock(
                lambda: write_turntable(path, meshes, camera, scale=style.scale, backend=backend)
            ),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", help="measure this one in this process")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.backend:
        print(json.dumps(measure(arguments.backend)))
        return
    rows = []
    for backend in ("numpy", *(name for name in GL_BACKENDS if gl_works(name))):
        command = [sys.executable, __file__, "--backend", backend]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print("backend   picture s (cpu)   sheet of 8   turn of 36")
    for row in rows:
        said = [
            f"{row[key]['wall_s']:.2f} ({row[key]['cpu_s']:.2f})"
            for key in ("picture", "sheet_of_8", "turn_of_36")
        ]
        print(f"{row['backend']:9s} {said[0]:16s}  {said[1]:12s} {said[2]}")


if __name__ == "__main__":
    main()
