"""A garment round a posed body, free of overlap, in nested levels from coarse to fine.

Start placement matters more than the solver. Panels are wrapped round the body in A stance, sewn
into a film that settles without crossing itself or the skin, carried into the pose, and refined:
the fine levels start on exactly the coarse surface.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.body.posing import rig_of, turned_body
from fitting.body.rig import Rotations
from fitting.body.touch import thighs_gap_m
from fitting.body.way import Way, start_of, way_to
from fitting.cloth.carry import Carrier
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.film import N_ROUNDS, Film
from fitting.cloth.mesh import FlatMesh, mesh_pattern
from fitting.cloth.nested import NestedMeshes, nested_meshes
from fitting.cloth.sew import sewn_cloth
from fitting.cloth.skin import Skin
from fitting.cloth.untangle import Untangler
from fitting.cloth.wrap import Wrapper
from fitting.errors import PatternError
from fitting.pattern.model import Pattern

COARSEST_M = 0.033
LAYER_GAP_M = 0.005
INSERT_DROP_M = 0.02
# Posed bodies are dressed on the first level with triangles of this edge, which follow the skin.
CARRIED_M = 0.019
# So few triangles of a coarse start may cross; they are freed on the finer mesh.
FEW = 24
# Rounds of the first try, where there is a second one with the legs apart.
_FIRST_ROUNDS = 6
# Thighs nearer than this are dressed with the legs apart.
_THIGHS_M = 0.02
_LEGGED = ("leg", "knee")


def garment_on_body(
    pattern: Pattern, body: Body, *, edge_length_m: float = 0.016, fabric: int = 0
) -> Cloth:
    """Mesh a pattern and place it round a body.

    Args:
        pattern: What to wear.
        body: Who wears it.
        edge_length_m: Wanted length of triangle edges.
        fabric: Index of the fabric of all panels.

    Raises:
        PatternError: If it cannot be meshed, sewn, or placed without overlap; names panels.
    """
    return garment_levels_on_body(pattern, body, edge_length_m=edge_length_m, fabric=fabric).finest


def garment_levels_on_body(
    pattern: Pattern, body: Body, *, edge_length_m: float = 0.016, n_levels: int | None = None,
    fabric: int = 0,
) -> ClothLevels:  # fmt: skip
    """Mesh a pattern coarsely, place it round a body, and refine it.

    Args:
        pattern: What to wear.
        body: Who wears it; a body with a rig in any pose, others with the arms away from the body.
        edge_length_m: Wanted length of the finest triangle edges.
        n_levels: Number of levels; as many as keep the coarsest edges below `COARSEST_M`.
        fabric: Index of the fabric of all panels.

    Raises:
        PatternError: If it cannot be meshed, sewn, or placed without overlap, or nothing says where
            panels go; names panels.
    """
    pattern = pattern.worn_part()
    _check_places(pattern)
    if n_levels is None:
        n_levels = 1 + max(0, int(np.log2(COARSEST_M / edge_length_m) + 1e-9))
    flat = mesh_pattern(pattern, edge_length_m=edge_length_m * 2 ** (n_levels - 1))
    meshes = nested_meshes(flat, pattern, n_levels)
    starts, turned = _start(pattern, meshes, body)
    levels = tuple(
        sewn_cloth(flat, pattern, welded, start, turned, fabric=fabric)
        for flat, welded, start in zip(meshes.flats, meshes.welds, starts, strict=True)
    )
    return ClothLevels(levels=levels, prolongations=meshes.prolongations)


def _check_places(pattern: Pattern) -> None:
    """Refuse panels that neither a name, nor a place in the file, nor the user puts anywhere."""
    loose = [
        panel.name
        for panel in pattern.panels
        if panel.wrap == "as_placed" and panel.label != "insert" and not any(panel.translation_m)
    ]
    if loose:
        more = f" and {len(loose) - 4} more" if len(loose) > 4 else ""
        raise PatternError(
            f"{pattern.name} cannot be put on: nothing says which part of the body is the place of "
            f"{', '.join(loose[:4])}{more}; give `wrap`, or `worn = false`, in the seams file that "
            "`muslin seams` writes"
        )


def _start(
    pattern: Pattern, meshes: NestedMeshes, body: Body
) -> tuple[list[NDArray[np.float64]], NDArray[np.bool_]]:
    """Place every level without overlap; panels whose loop faces the body, shape (n_panels,).

    Raises:
        PatternError: If triangles still cross; names their panels.
    """
    flat, (start, stance, film) = meshes.flats[0], _wrapped(pattern, meshes, body)
    turned = _turned(film, flat, len(pattern.panels))
    if start is None:
        return meshes.spread(0, film.x), turned
    # Between parts that nearly touch, triangles must be small to follow the skin.
    lengths = [_edge_length_m(flat) for flat in meshes.flats]
    k = next((i for i, length in enumerate(lengths) if length < CARRIED_M), len(lengths) - 1)
    points = meshes.spread(0, film.x - _shift_m(stance))[k]
    way = way_to(body, start, garment_m=points)
    carrier = Carrier(points, way.rig, way.stances[0], edge_length_m=lengths[k])
    x, bad = _carried(carrier, way, meshes.welds[k][meshes.flats[k].faces], body)
    if len(bad):
        raise _refusal(pattern, body, meshes.flats[k].face_panel[bad])
    return meshes.spread(k, x + _shift_m(body)), turned


def _wrapped(
    pattern: Pattern, meshes: NestedMeshes, body: Body
) -> tuple[Rotations | None, Body, Film]:
    """The coarsest cloth in a stance where it goes on easily; rotations of it, where it is a start.

    A few crossings are freed on the way from there; a body without rig knows none.

    Raises:
        PatternError: If more triangles cross; names their panels.
    """
    few = FEW if body.rig is not None else 0
    flat, found = meshes.flats[0], []
    has_sleeves = any(p.wrap.startswith("sleeve") and p.half == "whole" for p in pattern.panels)
    for start, n_rounds in _starts(pattern, body):
        stance = turned_body(body, start, name="start", anchor="pelvis") if start else body
        for tapered in (False, True) if has_sleeves else (False,):
            film = _film(pattern, flat, meshes.welds[0], stance, tapered=tapered)
            bad = film.resolve(few=few, n_rounds=n_rounds)
            if len(bad) == 0:
                return start, stance, film
            found.append((len(bad), start, stance, film, bad))
    n_bad, start, stance, film, bad = min(found, key=lambda item: item[0])
    if n_bad > few:
        raise _refusal(pattern, body, flat.face_panel[bad])
    return start or start_of(body), stance, film


def _carried(
    carrier: Carrier, way: Way, faces: NDArray[np.int64], body: Body
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cloth at the end of a way, and the triangles that cross there."""
    carrier.follow(way.stances[1:])
    skin_m, untangler = body.vertices_m - _shift_m(body), Untangler(faces, body.faces)
    x, bad = untangler.freed(carrier.points_m, skin_m, carrier.lifted)
    if len(bad) == 0:
        return x, bad
    # A tangle is easy to free where it begins, so the way is gone again with care.
    carrier.rewind()
    careful = Untangler(faces, way.faces)
    for stance in way.stances[1:]:
        before_m = carrier.points_m
        carrier.follow([stance])
        carrier.points_m = careful.relieved(
            carrier.points_m, before_m, stance.vertices_m, carrier.lifted, bad
        )
    again, still = untangler.freed(carrier.points_m, skin_m, carrier.lifted)
    return (again, still) if len(still) < len(bad) else (x, bad)


def _starts(pattern: Pattern, body: Body) -> Iterator[tuple[Rotations | None, int]]:
    """Stances where the garment may be wrapped, and rounds to try it; none is the body's own."""
    if body.rig is None:
        yield None, N_ROUNDS
        return
    has_legs = any(panel.wrap.startswith(_LEGGED) for panel in pattern.panels)
    posed = body.rotations is not None and body.pose != "a"
    if posed and not has_legs:
        yield start_of(body), N_ROUNDS
    elif not posed and not (has_legs and thighs_gap_m(body.rig) < _THIGHS_M):
        yield None, _FIRST_ROUNDS if has_legs else N_ROUNDS
    if has_legs:
        yield start_of(body, open_legs=True), N_ROUNDS


def _shift_m(body: Body) -> NDArray[np.float64]:
    """From the frame of its rig, which holds the pelvis, to where a body stands, shape (3,)."""
    return body.joints_m["pelvis"] - rig_of(body).joints_m["pelvis"]


def _edge_length_m(flat: FlatMesh) -> float:
    """Edge of an equilateral triangle of the mean area."""
    corners = flat.uv_m[flat.faces]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).mean() / 2
    return float(np.sqrt(area * 4 / np.sqrt(3)))


def _refusal(pattern: Pattern, body: Body, panels: NDArray[np.int64]) -> PatternError:
    names = sorted({pattern.panels[i].name for i in panels.tolist()})
    return PatternError(
        f"{pattern.name} cannot be put on this body in pose {body.pose!r} without overlap: "
        f"{len(panels)} triangles of {', '.join(names)} cross"
    )


def _film(
    pattern: Pattern, flat: FlatMesh, welded: NDArray[np.int64], body: Body, *, tapered: bool
) -> Film:
    placed, known = Wrapper(pattern, flat, body, tapered=tapered).positions()
    n = int(welded.max()) + 1
    start = np.zeros((n, 3))
    np.add.at(start, welded[known], placed[known])
    count = np.bincount(welded[known], minlength=n)
    start[count > 0] /= count[count > 0, None]
    faces = welded[flat.faces]
    _fill(start, count > 0, faces)
    # An insert between the legs hangs below the crotch, not through it.
    low = float(body.landmarks_m["crotch"][1]) - INSERT_DROP_M
    start[count == 0, 1] = np.minimum(start[count == 0, 1], low)
    layer = np.zeros(n)
    of_panel = np.array([panel.layer for panel in pattern.panels])
    np.maximum.at(layer, welded, of_panel[flat.panel] * LAYER_GAP_M)
    edges, counts = np.unique(
        np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0,
        return_counts=True,
    )  # fmt: skip
    pinned = np.unique(edges[counts == 1])
    skin = Skin(body)
    film = Film(
        x=start, faces=faces, rest_uv_m=flat.uv_m[flat.faces], pinned=pinned,
        target_m=start[pinned], skin=skin, layer_gap_m=layer,
    )  # fmt: skip
    film.lift()
    film.target_m = film.x[pinned]
    return film


def _fill(start: NDArray[np.float64], known: NDArray[np.bool_], faces: NDArray[np.int64]) -> None:
    """Spread positions to vertices that have none, in place: the mean of their neighbours."""
    if known.all():
        return
    unknown = ~known
    start[unknown] = start[known].mean(axis=0)
    for _ in range(200):
        total, count = np.zeros_like(start), np.zeros(len(start))
        for i in range(3):
            for j in range(3):
                if i != j:
                    np.add.at(total, faces[:, i], start[faces[:, j]])
                    np.add.at(count, faces[:, i], 1.0)
        start[unknown] = total[unknown] / count[unknown, None]


def _turned(film: Film, flat: FlatMesh, n_panels: int) -> NDArray[np.bool_]:
    """Find panels whose loop faces the body, shape (n_panels,)."""
    corners = film.x[film.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    _, out = film.skin.height_m(corners.mean(axis=1))
    total = np.bincount(flat.face_panel, (normal * out).sum(axis=1), minlength=n_panels)
    return np.asarray(total < 0)
