"""Ears of two panels on one seam: triangles with the same three corners, one upon the other.

An ear has two of its edges on the boundary. Where both sides of a seam have one at the same place,
the seam welds them into one double triangle, whose finer levels lie in each other. One of the two
is turned into two triangles by flipping its inner edge.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.mesh import FlatMesh


def without_double_ears(flat: FlatMesh, welded: NDArray[np.int64]) -> FlatMesh:
    """The same mesh, in which no two triangles have the same three welded corners.

    Args:
        flat: Panel meshes.
        welded: Welded vertex of every panel vertex, shape (n_flat,).
    """
    _, first, count = np.unique(
        np.sort(welded[flat.faces], axis=1), axis=0, return_index=True, return_counts=True
    )
    faces = flat.faces.copy()
    for ear in first[count > 1].tolist():
        _flip(flat, faces, ear)
    return flat if (faces == flat.faces).all() else replace(flat, faces=faces)


def _flip(flat: FlatMesh, faces: NDArray[np.int64], ear: int) -> None:
    """Flip the inner edge of an ear, in place, where both new triangles keep their side."""
    used = np.bincount(faces.ravel())
    tips = np.flatnonzero(used[faces[ear]] == 1)
    if len(tips) != 1:
        return
    before, tip, after = np.roll(faces[ear], 1 - int(tips[0]))
    beside = np.flatnonzero(((faces == before) | (faces == after)).sum(axis=1) == 2)
    beside = beside[beside != ear]
    if len(beside) != 1:
        return
    other = int(beside[0])
    apex = next(int(c) for c in faces[other] if c not in (before, after))
    pair = np.array([[before, tip, apex], [tip, after, apex]])
    if (_signed_area(flat, pair) * _signed_area(flat, faces[[ear]]) > 0).all():
        faces[[ear, other]] = pair


def _signed_area(flat: FlatMesh, faces: NDArray[np.int64]) -> NDArray[np.float64]:
    corners = flat.uv_m[faces]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
