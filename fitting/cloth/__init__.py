"""Cloth: fabrics, triangulated panels, and their place round a body before the drape."""

from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.fabric import Fabric
from fitting.cloth.fabric_cards import fabric_names, load_fabric
from fitting.cloth.mesh import mesh_pattern
from fitting.cloth.place import garment_levels_on_body, garment_on_body

__all__ = [
    "Cloth",
    "ClothLevels",
    "Fabric",
    "fabric_names",
    "garment_levels_on_body",
    "garment_on_body",
    "load_fabric",
    "mesh_pattern",
]
