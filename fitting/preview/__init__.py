"""Pictures and 3D files of bodies and garments."""

from fitting.preview.colors import Scale
from fitting.preview.dressed import body_mesh, dressed, garment_mesh, seam_mesh
from fitting.preview.glb import read_glb, write_glb
from fitting.preview.glb_motion import MovingMesh, read_glb_motion, write_glb_motion
from fitting.preview.maps import MAPS, MapStyle, map_style, paint
from fitting.preview.render import Backend, render
from fitting.preview.scene import AZIMUTH_RAD, Camera, PaintedMesh, View, camera_for, camera_on
from fitting.preview.sheet import Cell, Row, contact_sheet, draw_sheet
from fitting.preview.tape_sheet import draw_tapes
from fitting.preview.turntable import write_turntable

__all__ = [
    "AZIMUTH_RAD",
    "MAPS",
    "Backend",
    "Camera",
    "Cell",
    "MapStyle",
    "MovingMesh",
    "PaintedMesh",
    "Row",
    "Scale",
    "View",
    "body_mesh",
    "camera_for",
    "camera_on",
    "contact_sheet",
    "draw_sheet",
    "draw_tapes",
    "dressed",
    "garment_mesh",
    "map_style",
    "paint",
    "read_glb",
    "read_glb_motion",
    "render",
    "seam_mesh",
    "write_glb",
    "write_glb_motion",
    "write_turntable",
]
