"""Sensors as ribbons and patches just above the cloth, frame by frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fitting.preview import MovingMesh, PaintedMesh
from muslin.twin.motion.moving import WornMoving, line_order
from muslin.twin.sensors.locate import Site

Rows = NDArray[np.float64]
_LINE, _AREA = (236, 128, 44), (40, 150, 120)
_LIFT_M = 0.002


def sensor_ribbons(worn: WornMoving, cloths: Sequence[Rows]) -> MovingMesh:
    """All sensors of a garment as one mesh.

    Args:
        worn: The garment.
        cloths: Its vertices in every frame, shape (n_vertices, 3) each.
    """
    parts, faces, colors = [], [], []
    start = 0
    for site in worn.sites:
        is_line = site.sensor.is_line
        order = line_order(site, worn.cloth) if is_line else None
        own = [
            _patch(site, cloth) if order is None else _ribbon(site, cloth, order)
            for cloth in cloths
        ]
        parts.append(np.stack(own))
        n = own[0].shape[0]
        faces.append(start + _strip(n // 2))
        colors.append(np.tile(np.array(_LINE if is_line else _AREA, dtype=np.uint8), (n, 1)))
        start += n
    frames = np.concatenate(parts, axis=1)
    mesh = PaintedMesh(
        name="sensors", vertices_m=frames[0], faces=np.concatenate(faces),
        colors=np.concatenate(colors), two_sided=True,
    )  # fmt: skip
    return MovingMesh(mesh=mesh, frames_m=frames)


def _ribbon(site: Site, cloth: Rows, order: NDArray[np.int64]) -> Rows:
    """Both sides of a line, shape (2 n, 3)."""
    points = site.points_m(cloth)[order]
    corners = cloth[site.vertices[order]]
    normal = _unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    aside = _unit(np.cross(normal, np.gradient(points, axis=0))) * site.sensor.width_m / 2
    middle = points + _LIFT_M * normal
    return np.stack([middle - aside, middle + aside], axis=1).reshape(-1, 3)


def _patch(site: Site, cloth: Rows) -> Rows:
    """Corners of an area, in the order of a strip, shape (4, 3)."""
    R = site.R_world_sensor(cloth)
    x = np.array(site.sensor.axis)
    off = site.sensor.points_m - site.sensor.center_m
    half = np.abs(off @ np.stack([x, [-x[1], x[0]]], axis=1)).max(axis=0)
    middle = site.mean(site.points_m(cloth)) + 2 * _LIFT_M * R[:, 2]
    signs = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    return middle + (signs * half) @ R[:, :2].T


def _strip(n: int) -> NDArray[np.int64]:
    """Triangles between n pairs of points, shape (2 (n - 1), 3)."""
    i = 2 * np.arange(n - 1)
    return np.concatenate([
        np.stack([i, i + 2, i + 1], axis=1), np.stack([i + 1, i + 2, i + 3], axis=1),
    ])  # fmt: skip


def _unit(vectors: Rows) -> Rows:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-300)
