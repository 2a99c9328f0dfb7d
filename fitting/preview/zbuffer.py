"""Pictures without any graphics library: an orthographic z-buffer in numpy.

Triangles are sorted into classes by the size of their bounding box in pixels; each class is
rasterised as one array. The nearest sample of a pixel wins, ties go to the lower triangle index,
so the same scene gives the same bytes.
"""

import numpy as np
from numpy.typing import NDArray

from fitting.preview.scene import Camera, PaintedMesh, vertex_normals

# Shading takes at most this share of the brightness, so that light is not mistaken for data.
SHADING = 0.3
BACKGROUND = (255, 255, 255)
_SAMPLES_PER_BATCH = 2_000_000


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
    depth = np.full(width * height, -np.inf)
    image = np.tile(np.array(BACKGROUND, dtype=np.float64), (width * height, 1))
    for mesh in meshes:
        _draw(mesh, camera, width, height, depth, image, flat=flat)
    picture = image.reshape(height_px, supersampling, width_px, supersampling, 3).mean(axis=(1, 3))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def coverage_mask(
    meshes: tuple[PaintedMesh, ...], camera: Camera, *, width_px: int, height_px: int
) -> NDArray[np.bool_]:
    """Pixels whose centre a mesh covers, shape (height_px, width_px)."""
    depth = np.full(width_px * height_px, -np.inf)
    image = np.zeros((width_px * height_px, 3))
    for mesh in meshes:
        _draw(mesh, camera, width_px, height_px, depth, image, flat=True)
    return np.isfinite(depth).reshape(height_px, width_px)


def _project(
    mesh: PaintedMesh, camera: Camera, width: int, height: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixel position (n, 2) and depth towards the camera (n,) of each vertex."""
    view = (mesh.vertices_m - camera.center_m) @ camera.R_view_world().T
    px_per_m = height / camera.height_m
    xy = np.stack([width / 2 + view[:, 0] * px_per_m, height / 2 - view[:, 1] * px_per_m], axis=1)
    return xy, view[:, 2]


def shaded_colors(mesh: PaintedMesh, camera: Camera, *, flat: bool) -> NDArray[np.float64]:
    """Lit colour per vertex, shape (n_vertices, 3)."""
    colors = mesh.colors.astype(np.float64)
    if flat:
        return colors
    normals = vertex_normals(mesh.vertices_m, mesh.faces) @ camera.R_view_world().T
    light = np.array([-0.35, 0.45, 0.82])
    facing = normals @ (light / np.linalg.norm(light))
    facing = np.abs(facing) if mesh.two_sided else np.maximum(facing, 0.0)
    return colors * (1 - SHADING + SHADING * facing)[:, None]


def _draw(
    mesh: PaintedMesh,
    camera: Camera,
    width: int,
    height: int,
    depth: NDArray[np.float64],
    image: NDArray[np.float64],
    *,
    flat: bool,
) -> None:
    """Draw one mesh into the buffers, which change."""
    xy, z = _project(mesh, camera, width, height)
    colors = shaded_colors(mesh, camera, flat=flat)
    tri = xy[mesh.faces]
    edge_1, edge_2 = tri[:, 1] - tri[:, 0], tri[:, 2] - tri[:, 0]
    area = edge_1[:, 0] * edge_2[:, 1] - edge_1[:, 1] * edge_2[:, 0]
    # Pixel y runs down, so a triangle that faces the camera has negative area.
    visible = np.abs(area) > 1e-12 if mesh.two_sided else area < -1e-12
    low = np.ceil(tri.min(axis=1) - 0.5).astype(np.int64)
    high = np.floor(tri.max(axis=1) - 0.5).astype(np.int64)
    low, high = np.maximum(low, 0), np.minimum(high, [width - 1, height - 1])
    size = (high - low + 1).max(axis=1)
    visible &= (high >= low).all(axis=1)
    for span in _spans(int(size[visible].max(initial=0))):
        chosen = np.flatnonzero(visible & (size <= span) & (size > span // 2))
        batch = max(1, _SAMPLES_PER_BATCH // (span * span))
        for start in range(0, chosen.size, batch):
            part = chosen[start : start + batch]
            _fill(part, span, tri, area, low, high, mesh.faces, z, colors, width, depth, image)


def _spans(largest: int) -> list[int]:
    """Box sizes 1, 2, 4 ... that cover the largest."""
    spans = [1]
    while spans[-1] < largest:
        spans.append(spans[-1] * 2)
    return spans


def _fill(
    part: NDArray[np.int64],
    span: int,
    tri: NDArray[np.float64],
    area: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    faces: NDArray[np.int64],
    z: NDArray[np.float64],
    colors: NDArray[np.float64],
    width: int,
    depth: NDArray[np.float64],
    image: NDArray[np.float64],
) -> None:
    offset = np.stack(np.meshgrid(np.arange(span), np.arange(span)), axis=-1).reshape(-1, 2)
    pixel = low[part][:, None] + offset[None]
    inside = (pixel <= high[part][:, None]).all(axis=-1)
    delta = pixel + 0.5 - tri[part, None, 0]
    edge_1 = (tri[part, 1] - tri[part, 0])[:, None]
    edge_2 = (tri[part, 2] - tri[part, 0])[:, None]
    scale = 1.0 / area[part][:, None]
    b1 = (delta[..., 0] * edge_2[..., 1] - delta[..., 1] * edge_2[..., 0]) * scale
    b2 = (edge_1[..., 0] * delta[..., 1] - edge_1[..., 1] * delta[..., 0]) * scale
    b0 = 1.0 - b1 - b2
    inside &= (b0 >= 0) & (b1 >= 0) & (b2 >= 0)
    i_tri, i_sample = np.nonzero(inside)
    if i_tri.size == 0:
        return
    weights = np.stack([b0, b1, b2], axis=-1)[i_tri, i_sample]
    corners = faces[part[i_tri]]
    sample_depth = (z[corners] * weights).sum(axis=1)
    flat_pixel = pixel[i_tri, i_sample, 1] * width + pixel[i_tri, i_sample, 0]
    # Sort by pixel, nearest last, so that the last sample of each pixel is the winner.
    order = np.lexsort((-part[i_tri], sample_depth, flat_pixel))
    flat_pixel, sample_depth = flat_pixel[order], sample_depth[order]
    last = np.append(flat_pixel[1:] != flat_pixel[:-1], True)
    winner, target = order[last], flat_pixel[last]
    nearer = sample_depth[last] > depth[target]
    winner, target = winner[nearer], target[nearer]
    depth[target] = sample_depth[last][nearer]
    image[target] = np.einsum("nk,nkc->nc", weights[winner], colors[corners[winner]])
