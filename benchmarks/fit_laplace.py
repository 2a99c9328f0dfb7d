"""Claim: contact pressure obeys Laplace within 5 % on cylinders of three radii, on two meshes.

A knitted tube whose flat girth is smaller than the cylinder's is draped by the engine without
gravity. Compared are the mean contact pressure, the mean of the Laplace map (curvature times
tension, no contact force in it) and T / r with the tension of the draped girth.

    python benchmarks/fit_laplace.py [--json]
"""

import argparse
import json

import numpy as np
from scipy.spatial import ConvexHull

from fitting.body.body import Body
from fitting.cloth import Cloth, load_fabric
from fitting.drape import DrapeSettings, drape
from fitting.fit import fit_map

RADII_M = (0.03, 0.06, 0.15)
EDGES_M = (0.006, 0.010)
STRETCH = 1.15


def tube(radius_m: float, height_m: float, edge_m: float, flat_radius_m: float) -> Cloth:
    """Equilateral rows round the y axis; weft round it."""
    n = max(12, round(2 * np.pi * radius_m / edge_m))
    rows = max(5, round(height_m / (edge_m * np.sqrt(3) / 2)) + 1)

    def turn(i, j):
        return 2 * np.pi * (i + 0.5 * (j % 2)) / n

    def y(j):
        return j * height_m / (rows - 1)

    points = np.array(
        [
            (radius_m * np.sin(turn(i, j)), y(j), radius_m * np.cos(turn(i, j)))
            for j in range(rows)
            for i in range(n)
        ]
    )
    faces, uv = [], []
    for j in range(rows - 1):
        s = j % 2
        for i in range(n):
            for triangle in (
                ((i, j), (i + 1, j), (i + s, j + 1)),
                ((i + 1 - s, j), (i + 1, j + 1), (i, j + 1)),
            ):
                faces.append([b * n + a % n for a, b in triangle])
                uv.append([(y(b), flat_radius_m * turn(a, b)) for a, b in triangle])
    faces, uv = np.array(faces), np.array(uv)
    flat = np.zeros((len(points), 2))
    flat[faces.ravel()] = uv.reshape(-1, 2)
    return Cloth(
        positions_m=points, faces=faces, rest_uv_m=uv,
        face_panel=np.zeros(len(faces), np.int64), panel_names=("tube",), flat_uv_m=flat,
        flat_panel=np.zeros(len(points), np.int64), flat_to_welded=np.arange(len(points)),
        flat_faces=faces, seam_pairs=np.zeros((0, 2), np.int64),
        face_fabric=np.zeros(len(faces), np.int64), pinned=np.zeros(0, np.int64),
    )  # fmt: skip


def cylinder(radius_m: float, low_m: float, high_m: float) -> Body:
    """A closed cylinder of fine facets."""
    n = 240
    turn = 2 * np.pi * np.arange(n) / n
    ring = np.stack([radius_m * np.sin(turn), 0 * turn, radius_m * np.cos(turn)], axis=1)
    levels = np.linspace(low_m, high_m, 12)
    points = np.concatenate([ring + np.array([0, level, 0]) for level in levels])
    faces = []
    for j in range(len(levels) - 1):
        for i in range(n):
            a, b = j * n + i, j * n + (i + 1) % n
            faces += [(a, b, b + n), (a, b + n, a + n)]
    for base, order in ((0, -1), ((len(levels) - 1) * n, 1)):
        cap = ConvexHull(ring[:, [0, 2]]).vertices[::order]
        faces += [(base + cap[0], base + cap[k + 1], base + cap[k]) for k in range(1, n - 1)]
    return Body(
        vertices_m=points, faces=np.array(faces), joints_m={}, landmarks_m={}, levels_m={},
        vertex_region=np.full(len(points), 3), pose="a",
    )  # fmt: skip


def run(radius_m: float, edge_m: float) -> dict[str, float | bool]:
    """Drape one tube and compare three pressures in its middle half."""
    knit = load_fabric("compression_knit")
    height_m = max(0.08, radius_m)
    flat_m = radius_m / STRETCH
    cloth = tube(radius_m + 0.002, height_m, edge_m, flat_m)
    body = cylinder(radius_m, -0.05, height_m + 0.05)
    settings = DrapeSettings(gravity_m_s2=0.0, n_steps_soft=0)
    rest = drape(cloth, body, (knit,), settings=settings, rng=np.random.default_rng(0))
    fit = fit_map(cloth, rest, body, (knit,))
    y = rest.positions_m[:, 1]
    middle = (y > y.min() + height_m / 4) & (y < y.max() - height_m / 4)
    area = fit.vertex_area_m2[middle]
    pressure, laplace = (
        float(values[middle] @ area / area.sum()) for values in (fit.pressure_pa, fit.laplace_pa)
    )
    worn_m = float(np.hypot(rest.positions_m[middle, 0], rest.positions_m[middle, 2]).mean())
    face_y = y[cloth.faces].mean(axis=1)
    inner = (face_y > y.min() + height_m / 4) & (face_y < y.max() - height_m / 4)
    # Per length of the draped cloth: it has shrunk along the axis.
    tension = float((fit.stress_weft_n_m / (1 + fit.strain_warp))[inner].mean())
    expected = tension / worn_m
    return {
        "radius_m": radius_m,
        "edge_m": edge_m,
        "n_vertices": len(cloth.positions_m),
        "converged": rest.converged,
        "expected_pa": expected,
        "contact_pa": pressure,
        "laplace_map_pa": laplace,
        "contact_error": pressure / expected - 1,
        "laplace_map_error": laplace / expected - 1,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [run(radius, edge) for radius in RADII_M for edge in EDGES_M]
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print("radius mm  edge mm  vertices  expected Pa  contact  error   Laplace map  error  at rest")
    for r in rows:
        print(
            f"{r['radius_m'] * 1e3:9.0f} {r['edge_m'] * 1e3:8.0f} {r['n_vertices']:9d} "
            f"{r['expected_pa']:12.0f} {r['contact_pa']:8.0f} {r['contact_error']:+6.1%} "
            f"{r['laplace_map_pa']:12.0f} {r['laplace_map_error']:+6.1%}  {r['converged']}"
        )


if __name__ == "__main__":
    main()
