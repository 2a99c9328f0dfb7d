"""Pictures without any graphics library: an orthographic z-buffer in numpy.

Each triangle becomes rows, each row a span of pixel centres, so that only covered samples are ever
made. A sample is one integer, depth above and triangle below, and the largest of a pixel wins:
nearest first, then the lower triangle index, so the same scene gives the same bytes. Colours are
worked out afterwards, for the winners alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.preview.scene import Camera, PaintedMesh, lit_colors

BACKGROUND = (255, 255, 255)
_NOTHING = -1
_FACE_BITS = 32
_FACE_MASK = (1 << _FACE_BITS) - 1
_DEPTH_STEPS = (1 << 30) - 1


def render_zbuffer(
    meshes: tuple[PaintedMesh, ...],
    camera: Camera,
    *,
    width_px: int,
    height_px: int,
    flat: bool = False,
    supersampling: int = 2,
) -> NDArray[np.uint8]:
    """Draw meshes.

    Args:
        meshes: What to draw.
        camera: From where.
        width_px: Width of the picture.
        height_px: Height of the picture.
        flat: Draw vertex colours without any shading.
        supersampling: Samples per pixel along each axis.

    Returns:
        Picture, shape (height_px, width_px, 3), uint8 sRGB.
    """
    width, height = width_px * supersampling, height_px * supersampling
    triangles = _triangles(meshes, camera, width, height, flat=flat)
    winner = _winners(triangles, width, height)
    picture = np.full((width * height, 3), BACKGROUND, dtype=np.float32)
    drawn = np.flatnonzero(winner != _NOTHING)
    picture[drawn] = _colors(triangles, winner[drawn], drawn, width)
    blocks = picture.reshape(height_px, supersampling, width_px, supersampling * 3)
    rows = blocks.sum(axis=1).reshape(height_px, width_px, supersampling, 3)
    mean = rows.sum(axis=2) * np.float32(1 / supersampling**2)
    return np.clip(np.rint(mean), 0, 255).astype(np.uint8)


def coverage_mask(
    meshes: tuple[PaintedMesh, ...], camera: Camera, *, width_px: int, height_px: int
) -> NDArray[np.bool_]:
    """Pixels whose centre a mesh covers, shape (height_px, width_px)."""
    triangles = _triangles(meshes, camera, width_px, height_px, flat=True)
    winner = _winners(triangles, width_px, height_px)
    return (winner != _NOTHING).reshape(height_px, width_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Triangles:
    """All triangles that may be seen, in pixels: x to the right, y down, z towards the viewer.

    Attributes:
        xy: Corners, shape (n, 3, 2).
        z: Depth of the corners, shape (n, 3).
        double_area: Twice the signed area, shape (n,).
        colors: Lit colour of the corners, shape (n, 3, 3).
    """

    xy: NDArray[np.float64]
    z: NDArray[np.float64]
    double_area: NDArray[np.float64]
    colors: NDArray[np.float32]


def _triangles(
    meshes: tuple[PaintedMesh, ...], camera: Camera, width: int, height: int, *, flat: bool
) -> _Triangles:
    """Project meshes and keep what faces the camera inside the picture."""
    xy, z, area, colors = [], [], [], []
    for mesh in meshes:
        points, depth = _project(mesh, camera, width, height)
        corners = points[mesh.faces]
        edge_1, edge_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        double = edge_1[:, 0] * edge_2[:, 1] - edge_1[:, 1] * edge_2[:, 0]
        # Pixel y runs down, so a triangle that faces the camera has negative area.
        seen = np.abs(double) > 1e-12 if mesh.two_sided else double < -1e-12
        seen &= (corners.max(axis=1) > 0).all(axis=1)
        seen &= (corners.min(axis=1) < [width, height]).all(axis=1)
        chosen = mesh.faces[seen]
        xy.append(corners[seen])
        z.append(depth[chosen])
        area.append(double[seen])
        colors.append(lit_colors(mesh, camera, flat=flat).astype(np.float32)[chosen])
    return _Triangles(
        xy=np.concatenate(xy),
        z=np.concatenate(z),
        double_area=np.concatenate(area),
        colors=np.concatenate(colors),
    )


def _project(
    mesh: PaintedMesh, camera: Camera, width: int, height: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixel coordinates, shape (n, 2), and depth towards the viewer, shape (n,)."""
    view = (mesh.vertices_m - camera.center_m) @ camera.R_view_world().T
    px_per_m = height / camera.height_m
    xy = np.stack([width / 2 + view[:, 0] * px_per_m, height / 2 - view[:, 1] * px_per_m], axis=1)
    return xy, view[:, 2]


def _winners(triangles: _Triangles, width: int, height: int) -> NDArray[np.int64]:
    """Triangle that each pixel shows, -1 for none, shape (width * height,)."""
    best = np.full(width * height, _NOTHING, dtype=np.int64)
    if len(triangles.z) == 0:
        return best
    face, row, left, right = _rows(triangles, width, height)
    n_samples = right - left
    filled = n_samples > 0
    face, row, left, n_samples = face[filled], row[filled], left[filled], n_samples[filled]
    low, high = triangles.z.min(), triangles.z.max()
    start, slope = _depth_along_row(triangles, face, row, left)
    scale = _DEPTH_STEPS / max(float(high - low), 1e-12)
    first = np.cumsum(n_samples) - n_samples
    i_row = np.repeat(np.arange(len(face), dtype=np.int32), n_samples)
    step = np.arange(len(i_row), dtype=np.int64) - first[i_row]
    depth = (((start - low) * scale)[i_row] + (slope * scale)[i_row] * step).astype(np.int64)
    np.clip(depth, 0, _DEPTH_STEPS, out=depth)
    depth <<= _FACE_BITS
    depth |= (_FACE_MASK - face)[i_row]
    np.maximum.at(best, (row * width + left)[i_row] + step, depth)
    return np.where(best == _NOTHING, _NOTHING, _FACE_MASK - (best & _FACE_MASK))


def _rows(
    triangles: _Triangles, width: int, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows that triangles cover: triangle, row, first column, column after the last."""
    y = triangles.xy[..., 1]
    low = np.maximum(np.ceil(y.min(axis=1) - 0.5), 0).astype(np.int64)
    high = np.minimum(np.ceil(y.max(axis=1) - 0.5), height).astype(np.int64)
    count = np.maximum(high - low, 0)
    face = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(face)) - np.repeat(np.cumsum(count) - count, count) + low[face]
    middle = row + 0.5
    left = np.full(len(face), np.inf)
    right = np.full(len(face), -np.inf)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        x_at = _crossing(triangles.xy[:, a], triangles.xy[:, b], face, middle)
        np.fmin(left, x_at, out=left)
        np.fmax(right, x_at, out=right)
    # A centre on an edge belongs to the right one of its two triangles, so none is drawn twice.
    first = np.clip(np.ceil(left - 0.5), 0, width).astype(np.int64)
    last = np.clip(np.ceil(right - 0.5), 0, width).astype(np.int64)
    return face, row, first, last


def _crossing(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    face: NDArray[np.int64],
    middle: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Column where an edge crosses a row's middle, NaN where it does not; shape of ``middle``."""
    # The end of smaller y comes first, so that both neighbours of an edge find the same column.
    swap = (a[:, 1] > b[:, 1]) | ((a[:, 1] == b[:, 1]) & (a[:, 0] > b[:, 0]))
    top, bottom = np.where(swap[:, None], b, a), np.where(swap[:, None], a, b)
    rise = bottom[:, 1] - top[:, 1]
    slope = np.divide(bottom[:, 0] - top[:, 0], rise, out=np.zeros_like(rise), where=rise > 0)
    y_top, y_bottom = top[face, 1], bottom[face, 1]
    column = top[face, 0] + (middle - y_top) * slope[face]
    column[(middle < y_top) | (middle >= y_bottom)] = np.nan
    return column


def _depth_along_row(
    triangles: _Triangles,
    face: NDArray[np.int64],
    row: NDArray[np.int64],
    left: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Depth of a row's first sample, and its change from column to column; shape (n_rows,)."""
    xy, z = triangles.xy, triangles.z
    edge_1, edge_2 = xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
    rise_1, rise_2 = z[:, 1] - z[:, 0], z[:, 2] - z[:, 0]
    dz_dx = (rise_1 * edge_2[:, 1] - rise_2 * edge_1[:, 1]) / triangles.double_area
    dz_dy = (rise_2 * edge_1[:, 0] - rise_1 * edge_2[:, 0]) / triangles.double_area
    start = z[face, 0] + dz_dx[face] * (left + 0.5 - xy[face, 0, 0])
    start += dz_dy[face] * (row + 0.5 - xy[face, 0, 1])
    return start, dz_dx[face]


def _colors(
    triangles: _Triangles, face: NDArray[np.int64], pixel: NDArray[np.int64], width: int
) -> NDArray[np.float32]:
    """Interpolated colour of samples, shape (n_samples, 3)."""
    origin = triangles.xy[:, 0]
    edge_1, edge_2 = triangles.xy[:, 1] - origin, triangles.xy[:, 2] - origin
    change_1 = triangles.colors[:, 1] - triangles.colors[:, 0]
    change_2 = triangles.colors[:, 2] - triangles.colors[:, 0]
    area = triangles.double_area[:, None]
    by_x = (change_1 * edge_2[:, 1:] - change_2 * edge_1[:, 1:]) / area
    by_y = (change_2 * edge_1[:, :1] - change_1 * edge_2[:, :1]) / area
    base = triangles.colors[:, 0] - by_x * origin[:, :1] - by_y * origin[:, 1:]
    x = (pixel % width + 0.5).astype(np.float32)[:, None]
    y = (pixel // width + 0.5).astype(np.float32)[:, None]
    low, high = triangles.colors.min(axis=1), triangles.colors.max(axis=1)
    mixed = base.astype(np.float32)[face]
    mixed += by_x.astype(np.float32)[face] * x
    mixed += by_y.astype(np.float32)[face] * y
    # Slivers extrapolate badly; no sample may leave the colours of its corners.
    return np.clip(mixed, low[face], high[face])
