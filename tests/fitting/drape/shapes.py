"""Cloths, bodies and a fabric with round numbers for the drape tests."""

import numpy as np
from scipy.sparse import csr_array

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.fabric import Fabric


def fabric(**changes):
    values = {
        "name": "plain",
        "area_density_kg_m2": 0.18,
        "tensile_warp_n_m": 800.0,
        "tensile_weft_n_m": 600.0,
        "tensile_coupling_n_m": 100.0,
        "shear_n_m_rad": 60.0,
        "bending_warp_n_m": 8e-6,
        "bending_weft_n_m": 6e-6,
        "bending_twist_n_m": 3.5e-6,
        "thickness_m": 5e-4,
        "friction_skin": 0.3,
        "friction_cloth": 0.3,
        "strain_limit_warp": 0.05,
        "strain_limit_weft": 0.05,
        "provenance": {},
    }
    return Fabric(**(values | changes))


def make_cloth(positions, faces, uv, *, pinned=()):
    """Cloth of one panel, uv per vertex (n, 2) or per corner (m, 3, 2)."""
    faces = np.asarray(faces, dtype=np.int64)
    corner_uv = uv if uv.ndim == 3 else uv[faces]
    n, m = len(positions), len(faces)
    flat = np.zeros((n, 2))
    flat[faces.ravel()] = corner_uv.reshape(-1, 2)
    return Cloth(
        positions_m=np.asarray(positions, float),
        faces=faces,
        rest_uv_m=corner_uv,
        face_panel=np.zeros(m, np.int64),
        panel_names=("front",),
        flat_uv_m=flat,
        flat_panel=np.zeros(n, np.int64),
        flat_to_welded=np.arange(n),
        flat_faces=faces,
        seam_pairs=np.zeros((0, 2), np.int64),
        face_fabric=np.zeros(m, np.int64),
        pinned=np.asarray(pinned, np.int64),
    )


def sheet(n_long, n_wide, edge):
    """Equilateral lattice: uv (n, 2), faces (m, 3); columns along u, straight borders in u."""
    row = edge * np.sqrt(3) / 2
    uv, index = [], {}
    for j in range(n_wide):
        shift = 0.5 * edge * (j % 2)
        us = [0.0] + [shift + edge * i for i in range(n_long) if shift + edge * i > 1e-9]
        us = [u for u in us if u < edge * (n_long - 1) - 1e-9] + [edge * (n_long - 1)]
        index[j] = (len(uv), us)
        uv += [(u, j * row) for u in us]
    uv = np.array(uv)
    faces = []
    for j in range(n_wide - 1):
        (a0, ua), (b0, ub) = index[j], index[j + 1]
        a = b = 0
        while a < len(ua) - 1 or b < len(ub) - 1:
            if b == len(ub) - 1 or (a < len(ua) - 1 and ua[a + 1] + ua[a] <= ub[b + 1] + ub[b]):
                faces.append((a0 + a, a0 + a + 1, b0 + b))
                a += 1
            else:
                faces.append((a0 + a, b0 + b + 1, b0 + b))
                b += 1
    return uv, np.array(faces)


def tube(radius, height, edge, *, flat_radius=None):
    """Closed tube around y; returns positions, faces, corner uv with u around the tube."""
    n = max(8, round(2 * np.pi * radius / edge))
    rows = max(3, round(height / (edge * np.sqrt(3) / 2)) + 1)
    flat = 2 * np.pi * (flat_radius or radius)
    positions, faces, uv = [], [], []
    for j in range(rows):
        for i in range(n):
            t = 2 * np.pi * (i + 0.5 * (j % 2)) / n
            positions.append((radius * np.sin(t), j * height / (rows - 1), radius * np.cos(t)))

    def at(i, j):
        return (flat * (i + 0.5 * (j % 2)) / n, j * height / (rows - 1))

    for j in range(rows - 1):
        for i in range(n):
            s = j % 2
            tri = [
                ((i, j), (i + 1, j), (i + s, j + 1)),
                ((i + 1 - s, j), (i + 1, j + 1), (i, j + 1)),
            ]
            for t in tri:
                faces.append([k[1] * n + k[0] % n for k in t])
                uv.append([at(*k) for k in t])
    return np.array(positions), np.array(faces), np.array(uv)


def body_of(vertices, faces, **levels):
    return Body(
        vertices_m=np.asarray(vertices, float),
        faces=np.asarray(faces, np.int64),
        joints_m={},
        landmarks_m={},
        levels_m=levels,
        vertex_region=np.full(len(vertices), 3, np.int64),
        pose="A",
    )


def ellipsoid(a, b, c, *, centre=(0, 0, 0), n=4):
    """Outward icosphere, scaled."""
    g = (1 + 5**0.5) / 2
    v = np.array(
        [
            (-1, g, 0),
            (1, g, 0),
            (-1, -g, 0),
            (1, -g, 0),
            (0, -1, g),
            (0, 1, g),
            (0, -1, -g),
            (0, 1, -g),
            (g, 0, -1),
            (g, 0, 1),
            (-g, 0, -1),
            (-g, 0, 1),
        ],
        float,
    )
    f = np.array(
        [
            (0, 11, 5),
            (0, 5, 1),
            (0, 1, 7),
            (0, 7, 10),
            (0, 10, 11),
            (1, 5, 9),
            (5, 11, 4),
            (11, 10, 2),
            (10, 7, 6),
            (7, 1, 8),
            (3, 9, 4),
            (3, 4, 2),
            (3, 2, 6),
            (3, 6, 8),
            (3, 8, 9),
            (4, 9, 5),
            (2, 4, 11),
            (6, 2, 10),
            (8, 6, 7),
            (9, 8, 1),
        ]
    )
    for _ in range(n):
        e = np.sort(np.concatenate([f[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1)
        u, inv = np.unique(e, axis=0, return_inverse=True)
        m = inv.ravel().reshape(3, -1).T + len(v)
        v = np.concatenate([v, v[u].mean(axis=1)])
        f = np.concatenate(
            [
                np.c_[f[:, 0], m[:, 0], m[:, 2]],
                np.c_[f[:, 1], m[:, 1], m[:, 0]],
                np.c_[f[:, 2], m[:, 2], m[:, 1]],
                m,
            ]
        )
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    return v * (a, b, c) + centre, f


def box(low, high, *, tilt=0.0):
    """Outward box turned about z by tilt."""
    v = np.array([[(low, high)[k >> d & 1][d] for d in range(3)] for k in range(8)], float)
    f = np.array(
        [
            (0, 2, 1),
            (1, 2, 3),
            (4, 5, 6),
            (5, 7, 6),
            (0, 1, 4),
            (1, 5, 4),
            (2, 6, 3),
            (3, 6, 7),
            (0, 4, 2),
            (2, 4, 6),
            (1, 3, 5),
            (3, 7, 5),
        ]
    )
    c, s = np.cos(tilt), np.sin(tilt)
    return v @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T, f


def nested(cloth, n_times):
    """Levels of a cloth without seams between panels, each triangle in four."""
    levels, matrices = [cloth], []
    for _ in range(n_times):
        coarse = levels[-1]
        n, faces = len(coarse.positions_m), coarse.faces
        ends = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2), axis=2)
        unique, which = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
        parents = np.concatenate([np.repeat(np.arange(n)[:, None], 2, axis=1), unique])
        order = [0, 3, 5, 3, 1, 4, 5, 4, 2, 3, 4, 5]
        ids = np.concatenate([faces, which.reshape(-1, 3) + n], axis=1)[:, order].reshape(-1, 3)
        a = coarse.rest_uv_m
        corners = np.concatenate([a, (a + np.roll(a, -1, axis=1)) / 2], axis=1)[:, order]
        pin = np.isin(np.arange(n), coarse.pinned)
        fine = make_cloth(
            coarse.positions_m[parents].mean(axis=1), ids, corners.reshape(-1, 3, 2),
            pinned=np.flatnonzero(pin[parents].all(axis=1)),
        )  # fmt: skip
        rows, values = np.repeat(np.arange(len(parents)), 2), np.full(2 * len(parents), 0.5)
        matrices.append(csr_array((values, (rows, parents.ravel())), shape=(len(parents), n)))
        levels.append(fine)
    return ClothLevels(levels=tuple(levels), prolongations=tuple(matrices))
