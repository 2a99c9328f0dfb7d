"""Levels of the solver: patterns of all nested meshes, one after another, finest first.

The coarse matrices are Galerkin products. Midpoint interpolation couples the vertices of one
coarse triangle only, so each coarse triangle's blocks are a sum over its four children and no
sparse product is ever needed. Bending is constant: its products are made once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fitting.drape.jit import N_CHUNKS

SERIAL_ROWS = 4000  # below it one thread is faster than two
# Share of a row's correction that the smoother takes where the row has neighbours in other
# chunks, which it does not see change: a triangle's blocks are at most three times its diagonal
# ones, so with two thirds the cycle is positive definite whatever the chunks.
_CALM = 2 / 3
_PAIR = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """One level: triangles and where its vertices come from, in the solver's order.

    Attributes:
        faces: Vertex indices, shape (n_faces, 3).
        n_vertices: Number of vertices.
        parents: Two vertices of the next coarser level, shape (n_vertices, 2), or None.
    """

    faces: NDArray[np.int64]
    n_vertices: int
    parents: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Patterns; rows and triangles of all levels count on.

    Attributes:
        starts: First row of each level and the end, shape (n_levels + 1,).
        face_starts: The same for triangles.
        faces: Rows of each triangle's corners, shape (n_faces_all, 3).
        ptr: Rows of the block pattern, shape (n_all + 1,).
        col: Columns of the same.
        source_ptr: Rows of ``source``, one for each block.
        source: Triangle x 12 + pair x 2 (+ 1 if transposed) that a block sums.
        diagonal: Place of each row's own block, shape (n_all,).
        near: Place of each row's first block in the smoother's own chunk, shape (n_all,).
        calm: Share of a row's correction that the smoother takes, 0 where pinned, (n_all,).
        bptr: Rows of the bending matrices.
        bcol: Columns of the same.
        bval: Values of the same [N/m].
        bdiagonal: Their diagonals, shape (n_all,) [N/m].
        bnear: As ``near``, for bending.
        bfrom: Place of each row's first bending value at or right of its diagonal, (n_all,).
        bafter: Place of the first one right of it, shape (n_all,).
        free: 0 where pinned, else 1, shape (n_all,).
        parents: Rows of the two parents, shape (n_all, 2).
        rptr: Rows of the restriction; empty on the finest level.
        rcol: Columns of the same.
        rweight: Weights of the same.
        shares: Each triangle's corners as shares of its parent's corners, (n_faces_all, 3, 3).
        owner: Triangle and corner pair that carry a finest vertex's own terms,
            shape (n_vertices, 2).
        corner_ptr: Rows of ``corner`` for the finest vertices.
        corner: Triangle x 3 + corner at each finest vertex.
    """

    starts: NDArray[np.int64]
    face_starts: NDArray[np.int64]
    faces: NDArray[np.int64]
    ptr: NDArray[np.int32]
    col: NDArray[np.int32]
    source_ptr: NDArray[np.int32]
    source: NDArray[np.int32]
    diagonal: NDArray[np.int32]
    near: NDArray[np.int32]
    calm: NDArray[np.float32]
    bptr: NDArray[np.int32]
    bcol: NDArray[np.int32]
    bval: NDArray[np.float32]
    bdiagonal: NDArray[np.float32]
    bnear: NDArray[np.int32]
    bfrom: NDArray[np.int32]
    bafter: NDArray[np.int32]
    free: NDArray[np.float32]
    parents: NDArray[np.int32]
    rptr: NDArray[np.int32]
    rcol: NDArray[np.int32]
    rweight: NDArray[np.float32]
    shares: NDArray[np.float32]
    owner: NDArray[np.int64]
    corner_ptr: NDArray[np.int32]
    corner: NDArray[np.int32]


def build_levels(
    meshes: Sequence[Mesh], bending: sparse.csr_matrix, free: NDArray[np.bool_]
) -> Levels:
    """Build the patterns of meshes from fine to coarse; bending belongs to the finest."""
    counts = [mesh.n_vertices for mesh in meshes]
    starts = np.r_[0, np.cumsum(counts)].astype(np.int64)
    face_starts = np.r_[0, np.cumsum([len(mesh.faces) for mesh in meshes])].astype(np.int64)
    faces = np.concatenate([m.faces + at for m, at in zip(meshes, starts, strict=False)])
    ptr, col, source_ptr, source, diagonal = _blocks(faces, int(starts[-1]))
    prolongations = [
        _prolongation(fine, fine.parents, coarse.n_vertices)
        for fine, coarse in pairwise(meshes)
        if fine.parents is not None
    ]
    bends, frees = [bending], [free]
    for prolongation in prolongations:
        masked = sparse.diags(frees[-1].astype(np.float64)) @ prolongation
        bends.append(sparse.csr_matrix(masked.T @ bends[-1] @ masked))
        frees.append(_own_free(prolongation, frees[-1]))
    bend = sparse.csr_matrix(sparse.block_diag(bends, format="csr"))
    bend.sort_indices()
    first = _chunk_starts(starts)
    moving = np.concatenate(frees).astype(np.float32)
    restriction = _restriction(prolongations, starts)
    owner, corner_ptr, corner = _corners(meshes[0])
    return Levels(
        starts=starts, face_starts=face_starts, faces=faces, ptr=ptr, col=col,
        source_ptr=source_ptr, source=source, diagonal=diagonal, near=_places(ptr, col, first),
        bptr=bend.indptr.astype(np.int32), bcol=bend.indices.astype(np.int32),
        bval=bend.data.astype(np.float32), bdiagonal=bend.diagonal().astype(np.float32),
        bnear=_places(bend.indptr, bend.indices, first),
        bfrom=_places(bend.indptr, bend.indices, np.arange(len(first))),
        bafter=_places(bend.indptr, bend.indices, np.arange(1, len(first) + 1)),
        free=moving, calm=moving * _calm(ptr, col, first), parents=_parent_rows(meshes, starts),
        rptr=restriction.indptr.astype(np.int32), rcol=restriction.indices.astype(np.int32),
        rweight=restriction.data.astype(np.float32), shares=_shares(meshes),
        owner=owner, corner_ptr=corner_ptr, corner=corner,
    )  # fmt: skip


def n_chunks(n_rows: int) -> int:
    """Parts in which the smoother works through so many rows."""
    return 1 if n_rows < SERIAL_ROWS else N_CHUNKS


def _chunk_starts(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """First row of the smoother's chunk that each row is in, shape (n_all,)."""
    first = np.zeros(int(starts[-1]), dtype=np.int64)
    for lo, hi in pairwise(starts.tolist()):
        n = n_chunks(hi - lo)
        bounds = lo + (hi - lo) * np.arange(n + 1) // n
        first[lo:hi] = np.repeat(bounds[:-1], np.diff(bounds))
    return first


def _calm(
    ptr: NDArray[np.integer], col: NDArray[np.integer], first: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Share of each row's correction: less than one where a neighbour is in another chunk."""
    rows = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    apart = np.bincount(rows[first[rows] != first[col]], minlength=len(ptr) - 1) > 0
    return np.where(apart, _CALM, 1.0).astype(np.float32)


def _places(
    ptr: NDArray[np.integer], col: NDArray[np.integer], wanted: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Place of each row's first entry at or after a wanted column; columns are sorted."""
    n = len(ptr) - 1
    keys = np.repeat(np.arange(n), np.diff(ptr)) * n + col
    return np.searchsorted(keys, np.arange(n) * n + wanted).astype(np.int32)


def _blocks(faces: NDArray[np.int64], n: int) -> tuple[NDArray[np.int32], ...]:
    """Pattern of the blocks, and for each block the triangle pairs that it sums."""
    rows = np.repeat(faces, 3, axis=1)
    keys = (rows * n + np.tile(faces, (1, 3))).ravel()
    unique, which = np.unique(keys, return_inverse=True)
    ptr = np.searchsorted(unique // n, np.arange(n + 1))
    order = np.argsort(which, kind="stable")
    k, m = np.divmod(np.arange(9), 3)
    code = 2 * _PAIR[k, m] + (k > m)
    source = (np.arange(len(faces))[:, None] * 12 + code).ravel()[order]
    source_ptr = np.r_[0, np.cumsum(np.bincount(which, minlength=len(unique)))]
    diagonal = np.searchsorted(unique, np.arange(n) * (n + 1))
    return tuple(
        np.ascontiguousarray(a, dtype=np.int32)
        for a in (ptr, unique % n, source_ptr, source, diagonal)
    )


def _prolongation(mesh: Mesh, parents: NDArray[np.int64], n_coarse: int) -> sparse.csr_matrix:
    rows = np.repeat(np.arange(mesh.n_vertices), 2)
    values = np.full(2 * mesh.n_vertices, 0.5)
    shape = (mesh.n_vertices, n_coarse)
    return sparse.csr_matrix((values, (rows, parents.ravel())), shape=shape)


def _own_free(prolongation: sparse.csr_matrix, free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the fine vertex in the same place is free, per coarse vertex."""
    own = sparse.csr_matrix(prolongation.T > 0.75).astype(np.float64)
    return np.asarray(own @ free.astype(np.float64)) > 0


def _restriction(
    prolongations: Sequence[sparse.csr_matrix], starts: NDArray[np.int64]
) -> sparse.csr_matrix:
    n = int(starts[-1])
    if not prolongations:
        return sparse.csr_matrix((n, n))
    transposed = sparse.block_diag([p.T for p in prolongations], format="coo")
    # Rows start with the second level, columns with the first.
    shifted = (transposed.data, (transposed.row + starts[1], transposed.col))
    matrix = sparse.csr_matrix(shifted, shape=(n, n))
    matrix.sort_indices()
    return matrix


def _parent_rows(meshes: Sequence[Mesh], starts: NDArray[np.int64]) -> NDArray[np.int32]:
    rows = [
        np.zeros((m.n_vertices, 2), np.int64) if m.parents is None else m.parents + starts[k + 1]
        for k, m in enumerate(meshes)
    ]
    return np.concatenate(rows).astype(np.int32)


def _shares(meshes: Sequence[Mesh]) -> NDArray[np.float32]:
    """Corners of the children in those of the parent triangle, which is child number // 4."""
    parts = []
    for fine, coarse in pairwise(meshes):
        if fine.parents is None:
            continue
        ends = fine.parents[fine.faces]
        own = np.repeat(coarse.faces, 4, axis=0)
        parts.append((ends[:, :, :, None] == own[:, None, None, :]).mean(axis=2))
    parts.append(np.zeros((len(meshes[-1].faces), 3, 3)))
    return np.concatenate(parts).astype(np.float32)


def _corners(
    mesh: Mesh,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    flat = mesh.faces.ravel()
    order = np.argsort(flat, kind="stable")
    ptr = np.searchsorted(flat[order], np.arange(mesh.n_vertices + 1))
    first = order[ptr[:-1]]
    owner = np.stack([first // 3, np.diag(_PAIR)[first % 3]], axis=1)
    return owner, ptr.astype(np.int32), order.astype(np.int32)
