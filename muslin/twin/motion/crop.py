"""The part of a body under a garment, closed again, so that cloth follows it at little cost."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body

_WITHIN_M = 0.08
_LEAST_FACES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Triangles of a body near a garment; cuts are closed by fans round their middles.

    Attributes:
        rows: Vertices of the body that are kept, shape (n,).
        loops: Vertices of each cut, as numbers among the kept ones.
        faces: Triangles over kept vertices and then one middle a cut, shape (n_faces, 3).
    """

    rows: NDArray[np.int64]
    loops: tuple[NDArray[np.int64], ...]
    faces: NDArray[np.int64]

    def of(self, body: Body) -> Body:
        """The same part of the body in any pose; a body to drape on and nothing else."""
        kept = body.vertices_m[self.rows]
        middles = [kept[loop].mean(axis=0, keepdims=True) for loop in self.loops]
        region = body.vertex_region[self.rows]
        return replace(
            body,
            vertices_m=np.concatenate([kept, *middles]),
            faces=self.faces,
            vertex_region=np.concatenate([region, np.zeros(len(self.loops), dtype=np.int64)]),
            rig=None,
        )


def crop_near(
    body: Body, points_m: NDArray[np.float64], *, within_m: float = _WITHIN_M
) -> Crop | None:
    """The part of a body near some points; None where it cannot be closed simply.

    Args:
        body: The body.
        points_m: Vertices of the garment as worn, shape (n, 3).
        within_m: What is farther from all of them is left out.
    """
    from scipy.spatial import KDTree

    off, _ = KDTree(points_m).query(body.vertices_m)
    faces = body.faces[(off[body.faces] < within_m).all(axis=1)]
    faces = faces[_in_large_parts(faces, len(body.vertices_m))]
    loops = _cuts(faces)
    if loops is None or len(faces) == 0:
        return None
    rows = np.unique(faces)
    place = np.full(len(body.vertices_m), -1)
    place[rows] = np.arange(len(rows))
    kept = [place[faces]]
    here = tuple(place[loop] for loop in loops)
    for i, loop in enumerate(here):
        middle = np.full(len(loop), len(rows) + i)
        kept.append(np.stack([np.roll(loop, -1), loop, middle], axis=1))
    return Crop(rows=rows, loops=here, faces=np.concatenate(kept))


def _in_large_parts(faces: NDArray[np.int64], n_vertices: int) -> NDArray[np.bool_]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (n_vertices, n_vertices))
    part = connected_components(graph, directed=False)[1][faces[:, 0]]
    return np.bincount(part)[part] >= _LEAST_FACES


def _cuts(faces: NDArray[np.int64]) -> list[NDArray[np.int64]] | None:
    """Open edges as loops, along the triangles' own direction; None where loops touch."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = {(int(a), int(b)) for a, b in edges}
    ends = {a: b for a, b in there if (b, a) not in there}
    if len(ends) != sum((b, a) not in there for a, b in there):
        return None
    loops = []
    while ends:
        first, at = next(iter(ends.items()))
        loop = [first]
        del ends[first]
        while at != first:
            loop.append(at)
            at = ends.pop(at)
        loops.append(np.array(loop))
    return loops
