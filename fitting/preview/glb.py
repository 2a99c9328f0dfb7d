"""Binary glTF 2.0, y up, metres: one named node per mesh, maps as colours, numbers as attributes.

Every mesh is matte (metallic factor 0: glTF's default renders black without surroundings). Numbers
of a map travel as attributes of their own, `_PRESSURE_PA` and the like, which viewers ignore and
`read_glb` reads. glTF knows no NaN, so a number that is not known is written as -1000.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PreviewError
from fitting.preview.scene import PaintedMesh, linear_from_srgb, srgb_from_linear, vertex_normals

UNKNOWN = -1000.0
_JSON, _BIN = 0x4E4F534A, 0x004E4942
FLOAT, _UINT, _USHORT = 5126, 5125, 5123
_VERTEX_DATA, _INDEX_DATA = 34962, 34963
_WIDTH = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
_TYPE = {FLOAT: "<f4", _UINT: "<u4", _USHORT: "<u2"}


def write_glb(
    path: Path, meshes: tuple[PaintedMesh, ...], *, extras: dict[str, Any] | None = None
) -> None:
    """Write meshes with vertex colours and numbers.

    Args:
        path: File to write.
        meshes: Each becomes a node of its own name.
        extras: What a program should know about the scene; kept with it.

    Raises:
        OSError: If the file cannot be written.
    """
    packer = Packer()
    described = [packer.mesh(mesh) for mesh in meshes]
    write_scene(path, [mesh.name for mesh in meshes], described, packer, extras=extras)


def write_scene(
    path: Path,
    names: list[str],
    meshes: list[dict[str, Any]],
    packer: "Packer",
    *,
    extras: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
) -> None:
    """Write described meshes and what was packed for them; ``more`` goes beside the scene."""
    tree = {
        "asset": {"version": "2.0", "generator": "muslin"},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(meshes))), "extras": extras or {}}],
        "nodes": [{"name": name, "mesh": i} for i, name in enumerate(names)],
        "meshes": meshes,
        "materials": [_material("matte", two_sided=False), _material("cloth", two_sided=True)],
        "accessors": packer.accessors,
        "bufferViews": packer.views,
        "buffers": [{"byteLength": len(packer.data)}],
        **(more or {}),
    }
    text = json.dumps(tree, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    length = 12 + 8 + len(text) + 8 + len(packer.data)
    head = struct.pack("<4sII", b"glTF", 2, length)
    path.write_bytes(
        head
        + struct.pack("<II", len(text), _JSON)
        + text
        + struct.pack("<II", len(packer.data), _BIN)
        + bytes(packer.data)
    )


def read_glb(path: Path) -> tuple[tuple[PaintedMesh, ...], dict[str, Any]]:
    """Read meshes and extras of a file that `write_glb` wrote.

    Raises:
        PreviewError: If it is no such file.
        OSError: If it cannot be read.
    """
    data = path.read_bytes()
    try:
        tree, binary = chunks(data)
        read = [_read_mesh(tree, binary, node) for node in tree["nodes"]]
        return tuple(read), dict(tree["scenes"][0].get("extras", {}))
    except (KeyError, IndexError, ValueError, TypeError, struct.error) as error:
        raise PreviewError(
            f"{path} is no GLB that muslin wrote ({type(error).__name__}: {error})"
        ) from error


class Packer:
    """Buffer and its description, growing mesh by mesh."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, int]] = []
        self.accessors: list[dict[str, Any]] = []

    def mesh(self, mesh: PaintedMesh) -> dict[str, Any]:
        """Describe a mesh after packing its arrays."""
        points = mesh.vertices_m.astype("<f4")
        alpha = np.full((len(points), 1), 65535, dtype="<u2")
        colors = np.rint(linear_from_srgb(mesh.colors) * 65535).astype("<u2")
        normals = vertex_normals(mesh.vertices_m, mesh.faces)
        normals[np.linalg.norm(normals, axis=1) < 0.5] = (0.0, 1.0, 0.0)
        bounds = {"min": points.min(axis=0).tolist(), "max": points.max(axis=0).tolist()}
        attributes = {
            "POSITION": self.add(points, "VEC3", FLOAT, bounds),
            "NORMAL": self.add(normals.astype("<f4"), "VEC3", FLOAT),
            "COLOR_0": self.add(
                np.concatenate([colors, alpha], axis=1), "VEC4", _USHORT, {"normalized": True}
            ),
        }
        for name, values in mesh.numbers.items():
            known = np.where(np.isfinite(values), values, UNKNOWN).astype("<f4")
            attributes[f"_{name.upper()}"] = self.add(known, "SCALAR", FLOAT)
        indices = self.add(mesh.faces.astype("<u4").ravel(), "SCALAR", _UINT, target=_INDEX_DATA)
        part = {
            "attributes": attributes,
            "indices": indices,
            "material": int(mesh.two_sided),
            "mode": 4,
        }
        return {
            "name": mesh.name,
            "primitives": [part],
            "extras": {"two_sided": mesh.two_sided, "self_lit": mesh.self_lit},
        }

    def add(
        self,
        values: NDArray[Any],
        shape: str,
        kind: int,
        more: dict[str, Any] | None = None,
        *,
        target: int | None = _VERTEX_DATA,
    ) -> int:
        """Pack an array; returns the number of its description."""
        raw = np.ascontiguousarray(values).tobytes()
        view = {
            "buffer": 0,
            "byteOffset": len(self.data),
            "byteLength": len(raw),
            **({} if target is None else {"target": target}),
        }
        self.views.append(view)
        self.data += raw + b"\0" * (-len(raw) % 4)
        entry = {"bufferView": len(self.views) - 1, "componentType": kind, "type": shape}
        self.accessors.append({**entry, "count": len(values), **(more or {})})
        return len(self.accessors) - 1


def _material(name: str, *, two_sided: bool) -> dict[str, Any]:
    surface = {"baseColorFactor": [1.0] * 4, "metallicFactor": 0.0, "roughnessFactor": 0.9}
    return {"name": name, "doubleSided": two_sided, "pbrMetallicRoughness": surface}


def chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Description and buffer of a GLB."""
    magic, version, _ = struct.unpack_from("<4sII", data)
    if magic != b"glTF" or version != 2:
        raise ValueError("it does not start as binary glTF 2.0 does")
    length, kind = struct.unpack_from("<II", data, 12)
    if kind != _JSON:
        raise ValueError("its first chunk is not JSON")
    tree = json.loads(data[20 : 20 + length])
    size, kind = struct.unpack_from("<II", data, 20 + length)
    if kind != _BIN:
        raise ValueError("its second chunk is not binary")
    return tree, data[28 + length : 28 + length + size]


def read_array(tree: dict[str, Any], binary: bytes, index: int) -> NDArray[Any]:
    """Array of a description, shape (count,) or (count, width)."""
    entry = tree["accessors"][index]
    view = tree["bufferViews"][entry["bufferView"]]
    width = _WIDTH[entry["type"]]
    values = np.frombuffer(
        binary,
        dtype=_TYPE[entry["componentType"]],
        count=entry["count"] * width,
        offset=view["byteOffset"],
    )
    return values.reshape(-1, width) if width > 1 else values


def _read_mesh(tree: dict[str, Any], binary: bytes, node: dict[str, Any]) -> PaintedMesh:
    mesh = tree["meshes"][node["mesh"]]
    (part,) = mesh["primitives"]

    def array(index: int) -> NDArray[Any]:
        return read_array(tree, binary, index)

    attributes = part["attributes"]
    points = array(attributes["POSITION"]).astype(np.float64)
    faces = array(part["indices"]).astype(np.int64).reshape(-1, 3)
    if len(faces) and faces.max() >= len(points):
        raise ValueError(f"a triangle names vertex {int(faces.max())} of {len(points)}")
    numbers = {}
    for name, index in attributes.items():
        if name.startswith("_"):
            values = array(index).astype(np.float64)
            numbers[name[1:].lower()] = np.where(values <= UNKNOWN, np.nan, values)
    return PaintedMesh(
        name=node["name"],
        vertices_m=points,
        faces=faces,
        colors=srgb_from_linear(array(attributes["COLOR_0"])[:, :3] / 65535.0),
        two_sided=mesh["extras"]["two_sided"],
        self_lit=mesh["extras"]["self_lit"],
        numbers=numbers,
    )
