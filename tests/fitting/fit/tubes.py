"""A woven tube with its own girth, for tests of fit maps."""

import numpy as np

from fitting.cloth import Cloth

RADIUS_M = 0.15
N_ROUND, N_HIGH = 96, 12


def tube(radius_m, *, rest_radius_m, y0=1.0, height_m=0.3, n_high=N_HIGH):
    """A tube round the y axis: weft round it, warp up; rest shape with its own girth."""
    angle = 2 * np.pi * np.arange(N_ROUND) / N_ROUND
    y = np.linspace(0, height_m, n_high)
    grid_a, grid_y = np.meshgrid(angle, y)
    points = np.stack(
        [radius_m * np.sin(grid_a), y0 + grid_y, radius_m * np.cos(grid_a)], axis=-1
    ).reshape(-1, 3)
    step = 2 * np.pi * rest_radius_m / N_ROUND
    faces, flat_faces, uv = [], [], []
    for row in range(n_high - 1):
        for column in range(N_ROUND):
            ids = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            for corners in ((0, 1, 2), (0, 2, 3)):
                faces.append([ids[c][0] * N_ROUND + ids[c][1] % N_ROUND for c in corners])
                flat_faces.append([ids[c][0] * (N_ROUND + 1) + ids[c][1] for c in corners])
                uv.append([[y[ids[c][0]], ids[c][1] * step] for c in corners])
    faces, flat_faces, uv = np.array(faces), np.array(flat_faces), np.array(uv)
    rows, columns = np.meshgrid(np.arange(n_high), np.arange(N_ROUND + 1), indexing="ij")
    rows, columns = rows.ravel(), columns.ravel()
    first = np.arange(n_high) * (N_ROUND + 1)
    n_flat = n_high * (N_ROUND + 1)
    return Cloth(
        positions_m=points, faces=faces, rest_uv_m=uv,
        face_panel=np.zeros(len(faces), dtype=np.int64), panel_names=("tube",),
        flat_uv_m=np.stack([y[rows], columns * step], axis=1),
        flat_panel=np.zeros(n_flat, dtype=np.int64),
        flat_to_welded=rows * N_ROUND + columns % N_ROUND, flat_faces=flat_faces,
        seam_pairs=np.stack([first, first + N_ROUND], axis=1),
        face_fabric=np.zeros(len(faces), dtype=np.int64), pinned=np.zeros(0, dtype=np.int64),
    )  # fmt: skip
