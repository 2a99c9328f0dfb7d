"""Cloth bound to the skin beside it: draped in few key poses, carried through all the others.

Every vertex has coordinates in the frame of its nearest skin triangle. They are read in the key
poses, carried to any pose with the readings of `muslin.twin.motion.keyposes`, and laid on the skin
there: exact at the keys, and round between them where a straight way would cut through the limb.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body
from muslin.twin.motion.keyposes import KeyMap

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Cloth on the skin.

    Attributes:
        faces: Skin triangle of each vertex as three vertices of the body, shape (n_vertices, 3).
        keys: Coordinates of all vertices in their triangles' frames, at the key poses.
    """

    faces: NDArray[np.int64]
    keys: KeyMap

    def on(self, bodies: Sequence[Body], features: Rows) -> list[Rows]:
        """Cloth on posed bodies, shape (n_vertices, 3) each [m].

        Args:
            bodies: The same body in other poses.
            features: Those poses, shape (n_bodies, d) [rad].
        """
        local = self.keys.at(features).reshape(len(bodies), -1, 3)
        laid = []
        for body, own in zip(bodies, local, strict=True):
            at, axes = _frames(body, self.faces)
            laid.append(at + np.einsum("nij,ni->nj", axes, own))
        return laid


def bind(positions_m: Sequence[Rows], bodies: Sequence[Body], features: Rows) -> Binding:
    """Bind cloth to the skin.

    Args:
        positions_m: Draped vertices in each key pose, shape (n_vertices, 3) each.
        bodies: The body in each.
        features: The key poses, shape (n_keys, d) [rad].
    """
    from scipy.spatial import KDTree

    first = bodies[0]
    centers = first.vertices_m[first.faces].mean(axis=1)
    _, near = KDTree(centers).query(positions_m[0])
    faces = first.faces[near]
    rows = []
    for cloth, body in zip(positions_m, bodies, strict=True):
        at, axes = _frames(body, faces)
        rows.append(np.einsum("nij,nj->ni", axes, cloth - at).ravel())
    return Binding(faces=faces, keys=KeyMap(features=features, readings=np.stack(rows)))


def _frames(body: Body, faces: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """Middles of triangles, shape (n, 3), and orthonormal axes as rows, shape (n, 3, 3)."""
    corners = body.vertices_m[faces]
    first = corners[:, 1] - corners[:, 0]
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    normal = np.cross(first, corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return corners.mean(axis=1), np.stack([first, np.cross(normal, first), normal], axis=1)
