"""Pictures and 3D files of bodies and garments."""

from fitting.preview.colors import STRETCH_SCALE, Scale
from fitting.preview.glb import write_glb
from fitting.preview.render import render
from fitting.preview.scene import Camera, PaintedMesh, camera_for
from fitting.preview.sheet import Row, draw_sheet

__all__ = [
    "STRETCH_SCALE",
    "Camera",
    "PaintedMesh",
    "Row",
    "Scale",
    "camera_for",
    "draw_sheet",
    "render",
    "write_glb",
]
