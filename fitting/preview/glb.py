"""Write a scene as binary glTF 2.0 (y up, metres), one named node per mesh."""

from pathlib import Path
from typing import Any

import numpy as np

from fitting.errors import PreviewError
from fitting.preview.scene import PaintedMesh, vertex_normals


def write_glb(path: Path, meshes: tuple[PaintedMesh, ...]) -> None:
    """Write meshes with their vertex colours.

    Args:
        path: File to write.
        meshes: Each becomes a node of its own name.

    Raises:
        OSError: If the file cannot be written.
    """
    import trimesh

    scene = trimesh.Scene()
    for mesh in meshes:
        rgba = np.concatenate(
            [_linear(mesh.colors), np.full((len(mesh.colors), 1), 255, dtype=np.uint8)], axis=1
        )
        solid = trimesh.Trimesh(
            vertices=mesh.vertices_m,
            faces=mesh.faces,
            vertex_normals=vertex_normals(mesh.vertices_m, mesh.faces),
            vertex_colors=rgba,
            process=False,
        )
        scene.add_geometry(solid, node_name=mesh.name, geom_name=mesh.name)
    data = scene.export(file_type="glb", include_normals=True, tree_postprocessor=_matte_materials)
    if not isinstance(data, bytes):
        raise PreviewError(f"the GLB writer gave {type(data).__name__}, not bytes")
    path.write_bytes(data)


def _linear(colors: np.ndarray) -> np.ndarray:
    """Bring displayed sRGB to glTF's linear vertex colours, shape (n, 3)."""
    return np.rint((colors / 255.0) ** 2.2 * 255.0).astype(np.uint8)


def _matte_materials(tree: dict[str, Any]) -> None:
    """Give every mesh a matte material: glTF's default is metal, which renders black."""
    tree["materials"] = [
        {
            "name": "matte",
            "doubleSided": True,
            "pbrMetallicRoughness": {
                "baseColorFactor": [1.0, 1.0, 1.0, 1.0],
                "metallicFactor": 0.0,
                "roughnessFactor": 0.9,
            },
        }
    ]
    for mesh in tree["meshes"]:
        for primitive in mesh["primitives"]:
            primitive["material"] = 0
