"""Ease: garment girth less body girth where a plane cuts both.

Body girth is a tape: the convex hull of the section, arms left out. Garment girth is the length
of the cloth in the same plane, measured flat: each crossed triangle counts with the length that
its piece of the section has in the pattern. Folds count fully and stretch does not, so the ease
of a tight garment is negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull

from fitting.body.body import REGIONS, Body
from fitting.cloth.cloth import Cloth
from fitting.drape.result import Drape

_TORSO_LEVELS = ("bust_girth", "waist_girth", "hip_girth")
_ARM_REGIONS = ("upper_arm", "lower_arm", "hand")
_ARM_SHARE = 0.4  # of the way from shoulder to elbow: inside a short sleeve, clear of the armpit


@dataclass(frozen=True, slots=True, kw_only=True)
class GirthEase:
    """Girths of garment and body in one plane.

    Attributes:
        body_girth_m: Convex hull of the body's section.
        garment_girth_m: Cloth in the plane, measured flat.
        garment_girth_draped_m: The same cloth as it is, stretched or folded.
        ease_m: Flat garment girth less body girth.
        ease_share: Ease over body girth, no unit.
    """

    body_girth_m: float
    garment_girth_m: float
    garment_girth_draped_m: float
    ease_m: float
    ease_share: float


def girth_ease(cloth: Cloth, drape: Drape, body: Body) -> Mapping[str, GirthEase]:
    """Measure ease at bust, waist, hip and both upper arms, where the garment goes all round.

    Levels that the garment does not reach, or does not close around, are left out.
    """
    arms = np.isin(body.vertex_region, [REGIONS.index(name) for name in _ARM_REGIONS])
    arm_faces = arms[body.faces].any(axis=1)
    up = np.array([0.0, 1.0, 0.0])
    found: dict[str, GirthEase] = {}
    for name in _TORSO_LEVELS:
        if name in body.levels_m:
            point = np.array([0.0, body.levels_m[name], 0.0])
            ease = _ease_at(cloth, drape, body, point, up, faces=body.faces[~arm_faces])
            if ease is not None:
                found[name] = ease
    for side in ("l", "r"):
        shoulder = body.joints_m.get(f"shoulder_{side}")
        elbow = body.joints_m.get(f"elbow_{side}")
        if shoulder is None or elbow is None:
            continue
        point = shoulder + _ARM_SHARE * (elbow - shoulder)
        along = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
        ease = _ease_at(cloth, drape, body, point, along, faces=body.faces[arm_faces], at=point)
        if ease is not None:
            found[f"upper_arm_girth_{side}"] = ease
    return found


def _ease_at(
    cloth: Cloth,
    drape: Drape,
    body: Body,
    point: NDArray[np.float64],
    normal: NDArray[np.float64],
    *,
    faces: NDArray[np.int64],
    at: NDArray[np.float64] | None = None,
) -> GirthEase | None:
    skin = _loops(body.vertices_m, faces, point, normal)
    rings = [ring for ring in skin if at is None or ring.surrounds(at)]
    if not rings:
        return None
    tape = max(rings, key=lambda ring: ring.hull_m)
    garment = _loops(drape.positions_m, cloth.faces, point, normal, rest_uv_m=cloth.rest_uv_m)
    round_body = [ring for ring in garment if ring.closed and ring.surrounds(tape.middle)]
    if not round_body:
        return None
    # The innermost ring that goes round is the one worn here.
    worn = min(round_body, key=lambda ring: ring.hull_m)
    ease = worn.flat_m - tape.hull_m
    return GirthEase(
        body_girth_m=tape.hull_m,
        garment_girth_m=worn.flat_m,
        garment_girth_draped_m=worn.length_m,
        ease_m=ease,
        ease_share=ease / tape.hull_m,
    )


class _Ring:
    """One connected piece of a plane section."""

    def __init__(
        self,
        points: NDArray[np.float64],
        segments_m: NDArray[np.float64],
        flat_m: float,
        axes: NDArray[np.float64],
        closed: bool,
    ) -> None:
        planar = points @ axes.T
        hull = ConvexHull(planar)
        self._axes, self._equations = axes, hull.equations
        self.hull_m = float(hull.area)  # in two dimensions the "area" is the perimeter
        self.length_m = float(segments_m.sum())
        self.flat_m = flat_m
        self.closed = closed
        self.middle = points[hull.vertices].mean(axis=0)

    def surrounds(self, point: NDArray[np.float64]) -> bool:
        """Whether the hull holds a point of the plane."""
        planar = self._axes @ point
        return bool((self._equations[:, :2] @ planar + self._equations[:, 2] <= 0).all())


def _loops(
    vertices: NDArray[np.float64],
    faces: NDArray[np.int64],
    point: NDArray[np.float64],
    normal: NDArray[np.float64],
    *,
    rest_uv_m: NDArray[np.float64] | None = None,
) -> list[_Ring]:
    """Cut a mesh with a plane; pieces hang together where triangles share a cut edge."""
    height = (vertices - point) @ normal
    height = np.where(height == 0.0, 1e-12, height)
    above = height[faces] > 0
    cut = np.flatnonzero(above.any(axis=1) & ~above.all(axis=1))
    if len(cut) < 3:
        return []
    corner = np.arange(3)
    is_cut = above[cut] != above[cut][:, (corner + 1) % 3]
    rows, sides = np.nonzero(is_cut)  # two of each row, in order
    sides = sides.reshape(-1, 2)
    tail = np.take_along_axis(faces[cut], sides, axis=1)
    head = np.take_along_axis(faces[cut], (sides + 1) % 3, axis=1)
    share = (height[tail] / (height[tail] - height[head]))[..., None]
    ends = vertices[tail] + share * (vertices[head] - vertices[tail])
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    flat = length
    if rest_uv_m is not None:
        uv_tail = np.take_along_axis(rest_uv_m[cut], sides[..., None], axis=1)
        uv_head = np.take_along_axis(rest_uv_m[cut], ((sides + 1) % 3)[..., None], axis=1)
        uv = uv_tail + share * (uv_head - uv_tail)
        flat = np.linalg.norm(uv[:, 1] - uv[:, 0], axis=1)
    key = np.minimum(tail, head) * len(vertices) + np.maximum(tail, head)
    _, edge, count = np.unique(key, return_inverse=True, return_counts=True)
    edge = edge.reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(edge)), (edge[:, 0], edge[:, 1])), (len(count),) * 2)
    n_pieces, piece = connected_components(graph, directed=False)
    axes = _plane_axes(normal)
    rings = []
    for k in range(n_pieces):
        mine = piece[edge[:, 0]] == k
        if mine.sum() < 3:
            continue
        closed = bool((count[edge[mine]] == 2).all())
        points = ends[mine].reshape(-1, 3)
        rings.append(_Ring(points, length[mine], float(flat[mine].sum()), axes, closed))
    return rings


def _plane_axes(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    least = np.eye(3)[np.argmin(np.abs(normal))]
    first = np.cross(normal, least)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(normal, first)])
