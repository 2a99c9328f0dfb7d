"""The door to pyrender: the same picture through EGL or OSMesa, where one of them works.

A process holds one OpenGL platform; `probe` finds out in a child which of them works.
"""

import os
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PreviewError
from fitting.preview.probe import GL_BACKENDS, GlBackend
from fitting.preview.scene import Camera, PaintedMesh, lit_colors


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


def draw_probe(backend: str) -> None:
    """Draw one triangle, for `probe`.

    Raises:
        PreviewError: If the backend is not usable here, or draws nothing.
    """
    if backend not in GL_BACKENDS:
        raise PreviewError(f"{backend!r} is no OpenGL backend; known are {', '.join(GL_BACKENDS)}")
    corners = np.array([[-0.9, -0.9, 0.0], [0.9, -0.9, 0.0], [0.0, 0.9, 0.0]])
    mesh = PaintedMesh(
        name="probe",
        vertices_m=corners,
        faces=np.array([[0, 1, 2]]),
        colors=np.tile(np.array([200, 40, 40], dtype=np.uint8), (3, 1)),
    )
    camera = Camera(azimuth_rad=0.0, center_m=np.zeros(3), height_m=2.0)
    picture = render_gl(
        (mesh,), camera, width_px=16, height_px=16, backend=cast("GlBackend", backend), flat=True
    )
    if np.abs(picture[8, 8].astype(int) - [200, 40, 40]).max() > 2:
        raise PreviewError(f"{backend} drew {picture[8, 8].tolist()} instead of [200, 40, 40]")


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
