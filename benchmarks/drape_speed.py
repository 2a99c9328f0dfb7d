"""Seconds to rest of the T-shirt block on a body, first and second drape in one process.

Run: python benchmarks/drape_speed.py BODY.npz CLOTH.npz, both with the fields of their types;
without arguments a one-metre cloth falls on a sphere.
"""

import sys
from pathlib import Path

import numpy as np

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric_cards import load_fabric
from fitting.drape import DrapeSettings, drape


def read_body(path: Path):
    z = np.load(path)
    return Body(
        vertices_m=z["vertices_m"].astype(float), faces=z["faces"].astype(np.int64), joints_m={},
        landmarks_m={}, levels_m={}, vertex_region=z["vertex_region"], pose="A",
    )  # fmt: skip


def read_cloth(path: Path):
    z = np.load(path)
    fields = {name: z[name] for name in z.files if name in Cloth.__dataclass_fields__}
    return Cloth(**(fields | {"panel_names": tuple(str(n) for n in fields["panel_names"])}))


def falling_sheet():
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "fitting" / "drape"))
    import shapes

    uv, faces = shapes.sheet(60, 66, 0.017)
    at = np.c_[uv[:, 0] - 0.5, np.full(len(uv), 0.305), 0.5 - uv[:, 1]]
    return shapes.body_of(*shapes.ellipsoid(0.3, 0.3, 0.3)), shapes.make_cloth(at, faces, uv)


def main():
    if len(sys.argv) == 3:
        body, cloth = read_body(Path(sys.argv[1])), read_cloth(Path(sys.argv[2]))
    else:
        body, cloth = falling_sheet()
    fabrics = [load_fabric("cotton_jersey")]
    for self_collision in (False, True, True):
        settings = DrapeSettings(self_collision=self_collision)
        d = drape(cloth, body, fabrics, settings=settings, rng=np.random.default_rng(0))
        print(
            f"{len(cloth.positions_m)} vertices, self-collision {self_collision}: "
            f"{d.wall_s:.2f} s, {d.n_steps} steps, {d.n_cg} iterations, {d.cause}, "
            f"{d.intersections_cloth_cloth} crossings, {d.n_inside} inside, "
            f"residual {d.residual:.3g}"
        )


if __name__ == "__main__":
    main()
