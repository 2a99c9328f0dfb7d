"""One call for a picture, whatever draws it."""

import logging
from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from fitting.preview.gl import render_gl
from fitting.preview.probe import GL_BACKENDS, gl_works
from fitting.preview.scene import Camera, PaintedMesh
from fitting.preview.zbuffer import render_zbuffer

Backend = Literal["auto", "egl", "osmesa", "numpy"]
logger = logging.getLogger(__name__)


def render(
    meshes: tuple[PaintedMesh, ...],
    camera: Camera,
    *,
    width_px: int = 600,
    height_px: int = 1000,
    backend: Backend = "numpy",
    flat: bool = False,
) -> NDArray[np.uint8]:
    """Draw meshes.

    Args:
        meshes: What to draw.
        camera: From where; see `camera_for`.
        width_px: Width of the picture.
        height_px: Height of the picture.
        backend: ``auto`` takes EGL, then OSMesa, then numpy.
        flat: Draw vertex colours without any shading.

    Returns:
        Picture, shape (height_px, width_px, 3), uint8 sRGB.

    Raises:
        PreviewError: If a backend was asked for by name and is not usable here.
    """
    chosen = backend_here(backend)
    match chosen:
        case "numpy":
            return render_zbuffer(meshes, camera, width_px=width_px, height_px=height_px, flat=flat)
        case "egl" | "osmesa":
            return render_gl(
                meshes,
                camera,
                width_px=width_px,
                height_px=height_px,
                backend=chosen,
                flat=flat,
            )
        case _:
            assert_never(chosen)


def backend_here(backend: Backend) -> Literal["egl", "osmesa", "numpy"]:
    """Resolve ``auto`` to the first backend that works on this machine."""
    if backend != "auto":
        return backend
    for backend in GL_BACKENDS:
        if gl_works(backend):
            logger.info("pictures are drawn with %s", backend)
            return backend
    return "numpy"
