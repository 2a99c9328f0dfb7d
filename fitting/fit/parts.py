"""Which part of the garment is torso, sleeve or leg, and what its open ends are.

The nearest skin alone misleads under the arm, where the body of a shirt lies nearer to the upper
arm than to the chest. So a panel as a whole belongs to the part of the body that most of it covers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS, Body
from fitting.cloth.cloth import Cloth

ARM = tuple(REGIONS.index(name) for name in ("upper_arm", "lower_arm", "hand"))
LEG = tuple(REGIONS.index(name) for name in ("thigh", "lower_leg", "foot"))
_UPPER_ARM, _CHEST, _HIP = (REGIONS.index(name) for name in ("upper_arm", "chest", "hip"))
# A panel with this much on both, a kimono sleeve, is split by the nearest skin.
_SHARED = 0.25
_NECK_M, _SHOULDER_M = 0.17, 0.13


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEnd:
    """A closed loop of open edges.

    Attributes:
        kind: ``neckline``, ``hem``, ``upper edge``, ``armhole``, ``sleeve end``, ``leg end``.
        side: ``left``, ``right``, or empty in the middle.
        vertices: Welded vertices, shape (n_loop,).
    """

    kind: str
    side: str
    vertices: NDArray[np.int64]

    @property
    def name(self) -> str:
        """Side and kind."""
        return f"{self.side} {self.kind}".strip()


def panel_homes(cloth: Cloth, face_region: NDArray[np.int64]) -> NDArray[np.int64]:
    """Region that most of each panel covers, shape (n_panels,)."""
    return np.array(
        [
            np.bincount(face_region[cloth.face_panel == i], minlength=1).argmax()
            for i in range(len(cloth.panel_names))
        ],
        dtype=np.int64,
    )


def settled_regions(cloth: Cloth, face_region: NDArray[np.int64]) -> NDArray[np.int64]:
    """Regions for girths: arms only where the panel is a sleeve, shape (n_faces,)."""
    settled = face_region.copy()
    on_arm = np.isin(face_region, ARM)
    for i in range(len(cloth.panel_names)):
        own = cloth.face_panel == i
        share = on_arm[own].mean() if own.any() else 0.0
        if share < _SHARED:
            settled[own & on_arm] = _CHEST
        elif share > 1 - _SHARED:
            settled[own & ~on_arm] = _UPPER_ARM
    return settled


def side_of(point_m: NDArray[np.float64], *, middle_m: float = 0.025) -> str:
    """Side of the wearer, empty in the middle."""
    if abs(point_m[0]) < middle_m:
        return ""
    return "left" if point_m[0] > 0 else "right"


def open_ends(
    cloth: Cloth, positions_m: NDArray[np.float64], body: Body, homes: NDArray[np.int64]
) -> tuple[OpenEnd, ...]:
    """Open ends of the garment, named by where they lie on the body.

    Args:
        cloth: The garment.
        positions_m: Its rest, shape (n_vertices, 3).
        body: The body.
        homes: Region of each panel, as `panel_homes` gives them.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    f = cloth.faces
    edges = np.sort(np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1)
    panel = np.tile(cloth.face_panel, 3)
    unique, first, count = np.unique(edges, axis=0, return_index=True, return_counts=True)
    free, free_panel = unique[count == 1], panel[first[count == 1]]
    if not len(free):
        return ()
    n = len(positions_m)
    graph = coo_array((np.ones(len(free)), (free[:, 0], free[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    found = []
    for loop in np.unique(label[free[:, 0]]):
        mine = label[free[:, 0]] == loop
        vertices = np.unique(free[mine])
        home = int(np.bincount(homes[free_panel[mine]]).argmax())
        found.append(_end(vertices, home, positions_m, body))
    return tuple(found)


def _end(vertices: NDArray[np.int64], home: int, x: NDArray[np.float64], body: Body) -> OpenEnd:
    center = x[vertices].mean(axis=0)
    side = side_of(center)
    joints = body.joints_m
    neck = joints.get("neck")
    shoulder = joints.get(f"shoulder_{side[0]}") if side else None
    if home in ARM:
        kind = "sleeve end"
    elif home in (*LEG, _HIP) and side:
        kind = "leg end"
    elif neck is not None and np.linalg.norm(center - neck) < _NECK_M:
        kind, side = "neckline", ""
    elif shoulder is not None and np.linalg.norm(center - shoulder) < _SHOULDER_M:
        kind = "armhole"
    else:
        middle_m = (x[:, 1].min() + x[:, 1].max()) / 2
        kind = "upper edge" if center[1] > middle_m else "hem"
        side = ""
    return OpenEnd(kind=kind, side=side, vertices=vertices)
