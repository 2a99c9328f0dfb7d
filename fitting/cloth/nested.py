"""Coarse to fine: each triangle in four, both sides of a seam alike, boundary on its curve.

New vertices are middles of edges. In space the fine cloth starts exactly on the coarse surface, so
it is as free of intersections; in the flat panel, vertices on an edge move to the edge's curve.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fitting.cloth.ears import without_double_ears
from fitting.cloth.mesh import FlatMesh, edge_curve_m, seam_of
from fitting.cloth.sew import weld
from fitting.errors import PatternError
from fitting.pattern.model import Pattern

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedMeshes:
    """The panels of a garment meshed from coarse to fine.

    Attributes:
        flats: Panel meshes, the coarsest first.
        welds: Welded vertex of every panel vertex, per level, shape (n_flat,).
        prolongations: Welded positions of a level to those of the next, one fewer.
    """

    flats: tuple[FlatMesh, ...]
    welds: tuple[Rows, ...]
    prolongations: tuple[csr_array, ...]

    def spread(self, k: int, positions_m: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Positions of every level from those of level k, each shape (n_vertices, 3).

        Finer levels lie on the same surface; coarser ones share its vertices.
        """
        levels = [positions_m]
        for matrix in self.prolongations[k:]:
            levels.append(matrix @ levels[-1])
        for i in range(k - 1, -1, -1):
            coarse, fine = self.welds[i], self.welds[i + 1]
            start = np.zeros((int(coarse.max()) + 1, 3))
            start[coarse] = levels[0][fine[: len(coarse)]]
            levels.insert(0, start)
        return levels


def nested_meshes(flat: FlatMesh, pattern: Pattern, n_levels: int) -> NestedMeshes:
    """Refine a coarse mesh, and weld every level.

    Raises:
        PatternError: If an edge curves too much, or a seam would fold a triangle.
    """
    welded = weld(flat, pattern)
    flat = without_double_ears(flat, welded)
    flats, welds, matrices = [flat], [welded], []
    for _ in range(n_levels - 1):
        fine, parents = subdivide(flats[-1], pattern)
        flats.append(fine)
        welds.append(weld(fine, pattern))
        matrices.append(prolongation(parents, welds[-2], welds[-1]))
    return NestedMeshes(flats=tuple(flats), welds=tuple(welds), prolongations=tuple(matrices))


def subdivide(flat: FlatMesh, pattern: Pattern) -> tuple[FlatMesh, Rows]:
    """Split every triangle in four.

    Args:
        flat: Coarse mesh; its vertices keep their numbers.
        pattern: What it is a mesh of.

    Returns:
        The fine mesh, and the two coarse parents of every fine vertex (the same twice for an old
        one), shape (n_fine, 2).

    Raises:
        PatternError: If an edge curves so much that a triangle would turn over.
    """
    n = len(flat.uv_m)
    edges = np.sort(flat.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    keys, slot = np.unique(edges[:, 0] * n + edges[:, 1], return_inverse=True)
    unique = np.stack([keys // n, keys % n], axis=1)
    middle = (slot.reshape(-1, 3) + n).astype(np.int64)
    parents = np.concatenate([np.repeat(np.arange(n)[:, None], 2, axis=1), unique])
    finder = {(a, b): n + k for k, (a, b) in enumerate(unique.tolist())}
    uv = flat.uv_m[parents].mean(axis=1)
    edge, share = np.full(len(uv), -1, dtype=np.int64), np.full(len(uv), np.nan)
    edge[:n], share[:n] = flat.edge, flat.share
    edge_points = {}
    for panel in pattern.panels:
        for i in range(len(panel.edges)):
            rows = flat.edge_points[panel.name, i]
            fine = _interleaved(rows, finder)
            shares = np.r_[flat.share[rows[:-1]], 1.0]
            between = (shares[1:] + shares[:-1]) / 2
            uv[fine[1::2]] = edge_curve_m(panel, i, np.r_[0.0, between, 1.0])[1:-1]
            edge[fine[1::2]], share[fine[1::2]] = i, between
            edge_points[panel.name, i] = fine
    a, b, c = flat.faces.T
    ab, bc, ca = middle.T
    quarters = np.stack(
        [np.stack(f, axis=1) for f in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))], axis=1
    )
    sides = tuple(
        (i, _interleaved(one, finder), _interleaved(other, finder))
        for i, one, other in flat.seam_sides
    )
    fine_mesh = FlatMesh(
        uv_m=uv,
        panel=flat.panel[parents[:, 0]],
        edge=edge,
        share=share,
        seam=seam_of(sides, len(uv)),
        faces=quarters.reshape(-1, 3),
        face_panel=np.repeat(flat.face_panel, 4),
        seam_sides=sides,
        edge_points=edge_points,
    )
    _check_upright(flat, fine_mesh, pattern)
    return fine_mesh, parents


def _interleaved(rows: Rows, finder: dict[tuple[int, int], int]) -> Rows:
    """The same row of vertices with the middles between them."""
    fine = np.zeros(2 * len(rows) - 1, dtype=np.int64)
    fine[::2] = rows
    pairs = zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True)
    fine[1::2] = [finder[min(p, q), max(p, q)] for p, q in pairs]
    return fine


def _check_upright(flat: FlatMesh, fine: FlatMesh, pattern: Pattern) -> None:
    sign = np.repeat(np.sign(_area(flat)), 4)
    turned = np.sign(_area(fine)) != sign
    if turned.any():
        name = pattern.panels[int(fine.face_panel[turned][0])].name
        raise PatternError(
            f"panel {name!r}: an edge curves too much for the coarse mesh; take a shorter edge"
        )


def _area(mesh: FlatMesh) -> NDArray[np.float64]:
    corners = mesh.uv_m[mesh.faces]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2


def prolongation(parents: Rows, coarse_welded: Rows, fine_welded: Rows) -> csr_array:
    """Welded coarse positions to welded fine ones, shape (n_fine, n_coarse).

    Args:
        parents: Parents of every fine panel vertex, shape (n_fine_flat, 2).
        coarse_welded: Welded vertex of every coarse panel vertex.
        fine_welded: Welded vertex of every fine panel vertex.
    """
    n_fine, n_coarse = int(fine_welded.max()) + 1, int(coarse_welded.max()) + 1
    _, first = np.unique(fine_welded, return_index=True)
    columns = coarse_welded[parents[first]]
    rows = np.repeat(np.arange(n_fine), 2)
    values = np.full(2 * n_fine, 0.5)
    return csr_array((values, (rows, columns.ravel())), shape=(n_fine, n_coarse))
