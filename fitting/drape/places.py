"""Where on the garment a vertex or triangle is, in words."""

import numpy as np

from fitting.cloth.cloth import Cloth


def place_of_vertex(cloth: Cloth, vertex: int) -> str:
    """Panel and vertex, as in ``panel front, vertex 12``."""
    faces = np.flatnonzero((cloth.faces == vertex).any(axis=1))
    panel = cloth.panel_names[int(cloth.face_panel[faces[0]])] if len(faces) else "(none)"
    return f"panel {panel}, vertex {vertex}"


def place_of_faces(cloth: Cloth, pair: tuple[int, int]) -> str:
    """Panels of two triangles, as in ``panel front, triangle 3, and panel back, triangle 9``."""
    names = [f"panel {cloth.panel_names[int(cloth.face_panel[f])]}, triangle {f}" for f in pair]
    return " and ".join(names)
