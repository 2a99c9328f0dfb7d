"""Places on a garment in words: "front panel, left armhole, 12 mm from the seam".

Seams and open edges are named by what they join and where they lie on the body, so that the words
are the same for a drafted block and for a pattern from a file.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.cloth.cloth import Cloth
from fitting.fit.parts import ARM, LEG, open_ends, panel_homes, side_of

_ARMS = {REGIONS[i] for i in ARM}
_LEGS = {REGIONS[i] for i in LEG}
_NEAR_M = 0.08
_OPEN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Borders:
    """Flat borders of all panels, segment by segment.

    Attributes:
        ends: Flat vertices of each segment, shape (n_segments, 2).
        panel: Panel that it belongs to.
        other: Panel that it is sewn to, -1 for an open edge.
    """

    ends: NDArray[np.int64]
    panel: NDArray[np.int64]
    other: NDArray[np.int64]


class Places:
    """Names places on one garment on one body."""

    def __init__(
        self,
        cloth: Cloth,
        positions_m: NDArray[np.float64],
        body: Body,
        face_region: NDArray[np.int64],
    ) -> None:
        self._cloth, self._x, self._body = cloth, positions_m, body
        self._face_region = face_region
        self._borders = _borders(cloth)
        self._home = panel_homes(cloth, face_region)
        self._end_of = {
            int(vertex): end.name
            for end in open_ends(cloth, positions_m, body, self._home)
            for vertex in end.vertices
        }

    def of_face(self, face: int) -> str:
        """Place of a triangle's middle."""
        panel = int(self._cloth.face_panel[face])
        flat = self._cloth.flat_uv_m[self._cloth.flat_faces[face]].mean(axis=0)
        return self._words(panel, flat, self._x[self._cloth.faces[face]].mean(axis=0), face)

    def of_vertex(self, vertex: int) -> str:
        """Place of a welded vertex."""
        face = int(np.argmax((self._cloth.faces == vertex).any(axis=1)))
        corner = int(np.argmax(self._cloth.faces[face] == vertex))
        flat = self._cloth.flat_uv_m[self._cloth.flat_faces[face, corner]]
        return self._words(int(self._cloth.face_panel[face]), flat, self._x[vertex], face)

    def _words(
        self, panel: int, flat: NDArray[np.float64], point: NDArray[np.float64], face: int
    ) -> str:
        name = self._cloth.panel_names[panel].replace("_", " ")
        start = name if "panel" in name else f"{name} panel"
        found = self._nearest(panel, flat)
        if found is None:
            return f"{start}, {self._region(face, point)}"
        segment, distance_m = found
        border = self._border_name(segment)
        what = "edge" if self._borders.other[segment] == _OPEN else "seam"
        distance = f"{distance_m * 1000:.0f} mm from the {what}"
        if distance_m > _NEAR_M:
            return f"{start}, {self._region(face, point)}, {distance_m * 1000:.0f} mm from {border}"
        if distance_m < 0.0015:
            return f"{start}, {border}, on the {what}"
        return f"{start}, {border}, {distance}"

    def _nearest(self, panel: int, flat: NDArray[np.float64]) -> tuple[int, float] | None:
        own = np.flatnonzero(self._borders.panel == panel)
        if not len(own):
            return None
        ends = self._cloth.flat_uv_m[self._borders.ends[own]]
        along = ends[:, 1] - ends[:, 0]
        length2 = np.maximum((along**2).sum(axis=1), 1e-18)
        share = np.clip(((flat - ends[:, 0]) * along).sum(axis=1) / length2, 0, 1)
        off = np.linalg.norm(flat - ends[:, 0] - share[:, None] * along, axis=1)
        best = int(np.argmin(off))
        return int(own[best]), float(off[best])

    def _region(self, face: int, point: NDArray[np.float64]) -> str:
        region = REGIONS[int(self._face_region[face])].replace("_", " ")
        depth = "front" if point[2] >= self._middle_z(point[1]) else "back"
        side = side_of(point)
        return f"{side} {region}, {depth}" if side else f"{region}, {depth}"

    def _middle_z(self, height_m: float) -> float:
        near = np.abs(self._body.vertices_m[:, 1] - height_m) < 0.03
        z = self._body.vertices_m[near, 2]
        return float((z.min() + z.max()) / 2) if len(z) else 0.0

    def _border_name(self, segment: int) -> str:
        ends = self._cloth.flat_to_welded[self._borders.ends[segment]]
        point = self._x[ends].mean(axis=0)
        panel, other = int(self._borders.panel[segment]), int(self._borders.other[segment])
        region = self._region_of_vertex(int(ends[0]))
        if other == _OPEN:
            return self._end_of.get(int(ends[0]), "open edge")
        return self._seam_name(panel, other, region, point)

    def _region_of_vertex(self, vertex: int) -> str:
        touching = (self._cloth.faces == vertex).any(axis=1)
        return REGIONS[_most_common(self._face_region[touching])]

    def _seam_name(self, panel: int, other: int, region: str, point: NDArray[np.float64]) -> str:
        homes = {REGIONS[self._home[panel]], REGIONS[self._home[other]]}
        side = side_of(point)
        names = {self._cloth.panel_names[i].lower() for i in (panel, other)}
        for word in ("waistband", "cuff", "collar", "gusset", "neck", "rib", "hood", "pocket"):
            if panel != other and any(word in name for name in names):
                return (
                    f"{side} {word} seam".strip() if word in ("cuff", "pocket") else f"{word} seam"
                )
        on_arm = len(homes & _ARMS)
        if on_arm and len(homes) == 2:
            return f"{side} armhole".strip()
        if on_arm:
            return f"{side} sleeve seam".strip()
        if homes & _LEGS and region in _LEGS:
            return self._leg_seam(side, point)
        if region in ("shoulder", "neck"):
            return f"{side} shoulder seam".strip()
        if not side:
            depth = "front" if point[2] >= self._middle_z(point[1]) else "back"
            return f"centre {depth} seam"
        return f"{side} side seam"

    def _leg_seam(self, side: str, point: NDArray[np.float64]) -> str:
        knee = self._body.joints_m.get("knee_l" if side == "left" else "knee_r")
        if knee is None or not side:
            return f"{side} leg seam".strip()
        inside = abs(point[0]) < abs(knee[0])
        return f"{side} {'inside' if inside else 'outside'} leg seam"


def _borders(cloth: Cloth) -> _Borders:
    """Edges that only one triangle of the flat panels has, and what they are sewn to."""
    faces = cloth.flat_faces
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    ends = unique[count == 1]
    panel = cloth.flat_panel[ends[:, 0]]
    welded = np.sort(cloth.flat_to_welded[ends], axis=1)
    order: dict[tuple[int, int], list[int]] = {}
    for i, (a, b) in enumerate(welded.tolist()):
        order.setdefault((a, b), []).append(i)
    other = np.full(len(ends), _OPEN)
    for same in order.values():
        if len(same) > 1:
            for i in same:
                mate = next(j for j in same if j != i)
                other[i] = panel[mate]
    return _Borders(ends=ends, panel=panel, other=other)


def _most_common(values: NDArray[np.int64]) -> int:
    return int(np.bincount(values).argmax()) if len(values) else 0
