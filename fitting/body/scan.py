"""Scans of people: read a mesh in any unit, keep the body, find its holes.

Files are PLY, OBJ, GLB or STL; watertight or not. Metres afterwards, still in the file's own frame.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from fitting.errors import ScanError

Unit = Literal["m", "cm", "mm", "inch"]
UNIT_M: dict[Unit, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
SUFFIXES = (".ply", ".obj", ".glb", ".gltf", ".stl")
# Largest extent of a person who stands, sits or spreads the arms.
EXTENT_M = (1.1, 2.6)
MIN_FACES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A hole of a scan.

    Attributes:
        rim_m: Length of its rim.
        center_m: Middle of its rim, shape (3,).
    """

    rim_m: float
    center_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A surface of a person.

    Attributes:
        vertices_m: Points, shape (n_vertices, 3).
        faces: Triangles, shape (n_faces, 3).
        holes: Holes, largest first.
        unit: Unit of the file.
        n_parts_dropped: Loose parts beside the body that were left out.
    """

    vertices_m: NDArray[np.float64]
    faces: NDArray[np.int64]
    holes: tuple[Hole, ...]
    unit: Unit
    n_parts_dropped: int


def read_scan(path: Path, *, unit: Unit | None = None) -> Scan:
    """Read a scan.

    Args:
        path: PLY, OBJ, GLB, GLTF or STL.
        unit: Unit of the file; guessed from the size when not said.

    Raises:
        ScanError: If it cannot be read, has no triangles, or its unit cannot be guessed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ScanError(f"scan {path}: {path.suffix or 'no suffix'} is not among {SUFFIXES}")
    if not path.is_file():
        raise ScanError(f"scan {path} is not there")
    import trimesh

    suffix = path.suffix.lower()
    try:
        if suffix == ".gltf":  # Its buffers lie beside it.
            mesh = trimesh.load(path, force="mesh", process=False)
        else:
            # As a stream, so that materials and pictures that the file names are never looked for.
            with path.open("rb") as stream:
                mesh = trimesh.load(stream, file_type=suffix[1:], force="mesh", process=False)
    except Exception as error:
        raise ScanError(f"scan {path} cannot be read: {type(error).__name__}: {error}") from error
    vertices = np.asarray(getattr(mesh, "vertices", ()), dtype=np.float64).reshape(-1, 3)
    faces = np.asarray(getattr(mesh, "faces", ()), dtype=np.int64).reshape(-1, 3)
    if len(faces) < MIN_FACES or not np.isfinite(vertices).all():
        raise ScanError(
            f"scan {path} has {len(faces)} triangles of finite points; "
            f"a surface of at least {MIN_FACES} is needed"
        )
    try:
        return make_scan(vertices, faces, unit=unit)
    except ScanError as error:
        raise ScanError(f"scan {path}: {error}") from error


def make_scan(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], *, unit: Unit | None = None
) -> Scan:
    """A scan from a mesh: points that coincide joined, largest part kept, holes found.

    Raises:
        ScanError: If the unit cannot be guessed.
    """
    vertices, faces = _joined(vertices, faces)
    vertices, faces, n_dropped = _largest_part(vertices, faces)
    chosen = unit or guess_unit(float(np.ptp(vertices, axis=0).max()))
    points = vertices * UNIT_M[chosen]
    return Scan(
        vertices_m=points,
        faces=faces,
        holes=find_holes(points, faces),
        unit=chosen,
        n_parts_dropped=n_dropped,
    )


def guess_unit(extent: float) -> Unit:
    """Unit in which a largest extent is that of a person.

    Raises:
        ScanError: If none fits, or inches and centimetres both might.
    """
    low, high = EXTENT_M
    fitting = [unit for unit, factor in UNIT_M.items() if low <= extent * factor <= high]
    if len(fitting) != 1:
        found = f"could be {' or '.join(fitting)}" if fitting else "is no person in m, cm, mm or in"
        raise ScanError(f"its largest extent of {extent:.4g} {found}; say the unit")
    return cast("Unit", fitting[0])


def _joined(
    vertices: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points that coincide become one: files split them for texture."""
    size = max(float(np.ptp(vertices, axis=0).max()), 1e-12)
    keys = np.round(vertices / size * 2e6).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    faces = inverse.reshape(-1)[faces]
    flat = (
        (faces[:, 0] == faces[:, 1]) | (faces[:, 1] == faces[:, 2]) | (faces[:, 2] == faces[:, 0])
    )
    return vertices[first], faces[~flat]


def _largest_part(
    vertices: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(vertices)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    size = np.bincount(label[faces[:, 0]])
    kept = label == size.argmax()
    renumber = np.cumsum(kept) - 1
    inside = faces[kept[faces[:, 0]]]
    return vertices[kept], renumber[inside], int((size > 0).sum()) - 1


def find_holes(vertices_m: NDArray[np.float64], faces: NDArray[np.int64]) -> tuple[Hole, ...]:
    """Holes of a surface, by their rims, largest first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rim = rim_edges(faces)
    if not len(rim):
        return ()
    n = len(vertices_m)
    graph = coo_array((np.ones(len(rim)), (rim[:, 0], rim[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    length_m = np.linalg.norm(vertices_m[rim[:, 0]] - vertices_m[rim[:, 1]], axis=1)
    middle = vertices_m[rim].mean(axis=1)
    holes = [
        Hole(rim_m=float(length_m[here].sum()), center_m=middle[here].mean(axis=0))
        for part in np.unique(label[rim[:, 0]])
        for here in [label[rim[:, 0]] == part]
    ]
    return tuple(sorted(holes, key=lambda hole: -hole.rim_m))


def rim_edges(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges of one triangle only, shape (n_edges, 2)."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    once, count = np.unique(edges, axis=0, return_counts=True)
    return once[count == 1]
