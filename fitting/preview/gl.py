"""The door to pyrender: the same picture through EGL or OSMesa, where one of them works.

Each backend is tried once in a child process, because a failed one spoils OpenGL for the rest of
the process, and the answer is kept.
"""

import os
import subprocess
import sys
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PreviewError
from fitting.preview.scene import Camera, PaintedMesh, lit_colors

GlBackend = Literal["egl", "osmesa"]
_PROBE = "from fitting.preview.gl import open_renderer; open_renderer({backend!r}, 8, 8).delete()"


@cache
def gl_works(backend: GlBackend, *, timeout_s: float = 30.0) -> bool:
    """Whether a picture can be drawn with a backend, tried in a child process."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE.format(backend=backend)],
            capture_output=True,
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _pyrender(backend: GlBackend) -> Any:
    """Import pyrender for a backend.

    Raises:
        PreviewError: If pyrender or the libraries below it are missing.
    """
    os.environ["PYOPENGL_PLATFORM"] = backend
    # pyrender 0.1.45 still uses a name that numpy 2 dropped.
    setattr(np, "infty", np.inf)  # noqa: B010 - the type checker knows no such name
    try:
        import pyrender
    except (ImportError, AttributeError, OSError) as error:
        raise PreviewError(
            f"the {backend} backend is not usable here ({error}); "
            "install the extra 'render' and the system's OpenGL libraries, or use numpy"
        ) from error
    return pyrender


def open_renderer(backend: GlBackend, width_px: int, height_px: int) -> Any:
    """Open an off-screen renderer; the caller deletes it.

    Raises:
        PreviewError: If the backend is not usable here.
    """
    return _pyrender(backend).OffscreenRenderer(width_px, height_px)


def render_gl(
    meshes: tuple[PaintedMesh, ...],
    camera: Camera,
    *,
    width_px: int,
    height_px: int,
    backend: GlBackend,
    flat: bool = False,
) -> NDArray[np.uint8]:
    """Draw meshes through OpenGL; arguments and result as in `render_zbuffer`.

    Raises:
        PreviewError: If the backend is not usable here.
    """
    pyrender = _pyrender(backend)
    scene = pyrender.Scene(bg_color=(1.0, 1.0, 1.0, 1.0), ambient_light=(1.0, 1.0, 1.0))
    for mesh in meshes:
        scene.add(_mesh(pyrender, mesh, camera, flat=flat))
    pose = np.eye(4)
    R = camera.R_view_world()
    pose[:3, :3] = R.T
    pose[:3, 3] = camera.center_m + 10.0 * R[2]
    half_m = camera.height_m / 2
    lens = pyrender.OrthographicCamera(
        xmag=half_m * width_px / height_px, ymag=half_m, znear=0.1, zfar=20.0
    )
    scene.add(lens, pose=pose)
    renderer = pyrender.OffscreenRenderer(width_px, height_px)
    try:
        flags = pyrender.RenderFlags.FLAT | pyrender.RenderFlags.SKIP_CULL_FACES
        color, _ = renderer.render(scene, flags=flags)
    finally:
        renderer.delete()
    return np.array(color[..., :3], dtype=np.uint8)


def _mesh(pyrender: Any, mesh: PaintedMesh, camera: Camera, *, flat: bool) -> Any:
    """Build a pyrender mesh whose colours are already lit, as in the z-buffer."""
    colors = lit_colors(mesh, camera, flat=flat) / 255.0
    rgba = np.concatenate([colors, np.ones((len(colors), 1))], axis=1).astype(np.float32)
    material = pyrender.MetallicRoughnessMaterial(
        baseColorFactor=(1.0, 1.0, 1.0, 1.0), metallicFactor=0.0, doubleSided=mesh.two_sided
    )
    primitive = pyrender.Primitive(
        positions=mesh.vertices_m.astype(np.float32),
        normals=None,
        color_0=rgba,
        indices=mesh.faces.astype(np.uint32),
        material=material,
    )
    return pyrender.Mesh([primitive])
