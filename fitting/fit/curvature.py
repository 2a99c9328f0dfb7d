"""How the draped cloth bends, and the pressure that its tension must give there.

Laplace: a membrane of tension T that lies on a surface with shape operator S presses on it with
p = T : S, that is T_warp / R_warp + T_weft / R_weft along the threads. The curvature comes from the
cloth's vertex normals alone, the tension from strain and fabric alone, so the result is a check on
the contact forces of the solver and shares nothing with them.
"""

import numpy as np
from numpy.typing import NDArray


def shape_operators(
    positions_m: NDArray[np.float64], faces: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Change of the outward normal per length, triangle by triangle.

    Fits the change of vertex normals along the three edges (Rusinkiewicz 2004, section 3), in world
    axes instead of a frame of the triangle. Positive where the cloth is round to the outside.

    Args:
        positions_m: Vertices, shape (n_vertices, 3).
        faces: Triangles, outward, shape (n_faces, 3).

    Returns:
        Symmetric matrices that take a tangent to the change of the normal, shape (n_faces, 3, 3)
        [1/m].
    """
    corners = positions_m[faces]
    normals = _vertex_normals(positions_m, faces)[faces]
    x, y = _tangents(corners)
    frame = np.stack([x, y], axis=1)
    edges = np.stack([corners[:, (i + 2) % 3] - corners[:, (i + 1) % 3] for i in range(3)], axis=1)
    turns = np.stack([normals[:, (i + 2) % 3] - normals[:, (i + 1) % 3] for i in range(3)], axis=1)
    e = np.einsum("fab,fjb->fja", frame, edges)
    d = np.einsum("fab,fjb->fja", frame, turns)
    zero = np.zeros_like(e[..., 0])
    # Unknowns (a, b, c) of [[a, b], [b, c]]; two rows for each edge.
    rows = np.stack(
        [
            np.stack([e[..., 0], e[..., 1], zero], axis=-1),
            np.stack([zero, e[..., 0], e[..., 1]], axis=-1),
        ],
        axis=2,
    ).reshape(len(faces), 6, 3)
    right = d.reshape(len(faces), 6)
    normal_matrix = np.einsum("fra,frb->fab", rows, rows)
    a, b, c = np.linalg.solve(normal_matrix, np.einsum("fra,fr->fa", rows, right)[..., None])[
        ..., 0
    ].T
    small = np.stack([np.stack([a, b], axis=-1), np.stack([b, c], axis=-1)], axis=1)
    return np.einsum("fai,fab,fbj->fij", frame, small, frame)


def laplace_pressure_pa(
    tension_n_m: NDArray[np.float64], shape_1_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pressure on what lies below, negative in hollows, shape (n_faces,).

    Args:
        tension_n_m: Membrane tension per current length in world axes, shape (n_faces, 3, 3).
        shape_1_m: Shape operators, shape (n_faces, 3, 3).
    """
    return np.einsum("fij,fij->f", tension_n_m, shape_1_m)


def _tangents(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two orthonormal directions in each triangle, each shape (n_faces, 3)."""
    x = corners[:, 1] - corners[:, 0]
    normal = np.cross(x, corners[:, 2] - corners[:, 0])
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return x, np.cross(normal, x)


def _vertex_normals(
    positions_m: NDArray[np.float64], faces: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Unit normals, each triangle weighted by its angle, shape (n_vertices, 3)."""
    corners = positions_m[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    total = np.zeros_like(positions_m)
    for i in range(3):
        a = corners[:, (i + 1) % 3] - corners[:, i]
        b = corners[:, (i + 2) % 3] - corners[:, i]
        cosine = (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
        angle = np.arccos(np.clip(cosine, -1, 1))
        for axis in range(3):
            total[:, axis] += np.bincount(
                faces[:, i], angle * normal[:, axis], minlength=len(positions_m)
            )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.divide(total, length, out=np.zeros_like(total), where=length > 0)
