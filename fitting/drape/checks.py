"""Checks at the engine's door: bad input is named by panel before anything is solved."""

from collections.abc import Sequence

import numpy as np

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth
from fitting.cloth.fabric import Fabric
from fitting.errors import DrapeError

_POSITIVE = (
    "area_density_kg_m2", "tensile_warp_n_m", "tensile_weft_n_m", "shear_n_m_rad",
    "bending_warp_n_m", "bending_weft_n_m", "bending_twist_n_m", "thickness_m",
)  # fmt: skip
_AREA_MIN_M2 = 1e-12


def check_cloth(cloth: Cloth, *, n_fabrics: int) -> None:
    """Raise DrapeError where the cloth cannot be solved; the sentence names the panel."""
    n_vertices, n_faces = len(cloth.positions_m), len(cloth.faces)
    if n_faces == 0:
        raise DrapeError("the cloth has no triangles; at least one is needed")
    if cloth.faces.min() < 0 or cloth.faces.max() >= n_vertices:
        raise DrapeError(
            f"a triangle names vertex {int(cloth.faces.max())}; the cloth has {n_vertices}"
        )
    if cloth.rest_uv_m.shape != (n_faces, 3, 2):
        raise DrapeError(f"rest_uv_m has shape {cloth.rest_uv_m.shape}, not {(n_faces, 3, 2)}")
    bad = ~np.isfinite(cloth.positions_m).all(axis=1)
    if bad.any():
        vertex = int(np.argmax(bad))
        raise DrapeError(f"vertex {vertex} of panel {_panel_of(cloth, vertex)} is not finite")
    edges = np.diff(cloth.rest_uv_m, axis=1)
    area = 0.5 * (edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
    flat = ~(np.abs(area) > _AREA_MIN_M2)
    if flat.any():
        face = int(np.argmax(flat))
        panel = cloth.panel_names[int(cloth.face_panel[face])]
        raise DrapeError(f"triangle {face} of panel {panel} has no area in the flat pattern")
    doubled = (cloth.faces == np.roll(cloth.faces, 1, axis=1)).any(axis=1)
    if doubled.any():
        face = int(np.argmax(doubled))
        panel = cloth.panel_names[int(cloth.face_panel[face])]
        raise DrapeError(f"triangle {face} of panel {panel} uses one vertex twice")
    if cloth.face_fabric.min() < 0 or cloth.face_fabric.max() >= n_fabrics:
        raise DrapeError(
            f"a triangle names fabric {int(cloth.face_fabric.max())}; {n_fabrics} were given"
        )
    if len(cloth.pinned) and (cloth.pinned.min() < 0 or cloth.pinned.max() >= n_vertices):
        raise DrapeError(f"a pinned vertex is outside 0 to {n_vertices - 1}")
    if len(np.unique(cloth.faces)) != n_vertices:
        lonely = int(np.setdiff1d(np.arange(n_vertices), cloth.faces)[0])
        raise DrapeError(f"vertex {lonely} belongs to no triangle; remove it first")


def check_fabrics(cloth: Cloth, fabrics: Sequence[Fabric]) -> None:
    """Raise DrapeError for numbers no fabric has; names fabric and the panel that uses it."""
    for index, fabric in enumerate(fabrics):
        where = f"fabric {fabric.name} of panel {_panel_with(cloth, index)}"
        for name in _POSITIVE:
            value = getattr(fabric, name)
            if not (np.isfinite(value) and value > 0):
                raise DrapeError(f"{where} has {name} {value}; it must be above zero")
        product = fabric.tensile_warp_n_m * fabric.tensile_weft_n_m
        if not product > fabric.tensile_coupling_n_m**2:
            raise DrapeError(
                f"{where} has coupling {fabric.tensile_coupling_n_m} N/m; its square must stay "
                f"below warp times weft, {product} N2/m2"
            )
        if not fabric.friction_skin >= 0:
            raise DrapeError(f"{where} has skin friction {fabric.friction_skin}; 0 or more needed")


def check_body(body: Body) -> None:
    """Raise DrapeError unless the body is a finite, closed triangle mesh."""
    if not np.isfinite(body.vertices_m).all():
        vertex = int(np.argmax(~np.isfinite(body.vertices_m).all(axis=1)))
        raise DrapeError(f"vertex {vertex} of the body is not finite")
    edges = np.sort(np.concatenate([body.faces[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1)
    _, count = np.unique(edges[:, 0] * len(body.vertices_m) + edges[:, 1], return_counts=True)
    n_open = int((count != 2).sum())
    if n_open:
        raise DrapeError(
            f"the body has {n_open} edges without exactly two faces; it must be closed"
        )


def _panel_of(cloth: Cloth, vertex: int) -> str:
    faces = np.flatnonzero((cloth.faces == vertex).any(axis=1))
    return cloth.panel_names[int(cloth.face_panel[faces[0]])] if len(faces) else "(none)"


def _panel_with(cloth: Cloth, fabric: int) -> str:
    faces = np.flatnonzero(cloth.face_fabric == fabric)
    return cloth.panel_names[int(cloth.face_panel[faces[0]])] if len(faces) else "(none)"
