"""Skin against skin: where a pose presses parts of a body together, both give way.

The body walks into its pose in small steps from a stance in which nothing touches. Wherever the
skin of an arm comes to face the trunk, or one leg the other, both are pushed back evenly until
there is room for two layers of cloth; the push spreads smoothly over the skin round it, as soft
tissue does. Volume is not kept.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import KDTree

from fitting.body.pose import blended_rotations
from fitting.body.rig import Rig, Rotations, skin

# Room between skins: two layers of cloth, their margins, and the chords of coarse triangles.
ROOM_M = 0.014
# Where two parts grow together, skin within this distance at rest is one fold, which may close.
_FOLD_M = 0.015
_TAPER = 0.35
_SPREAD_M = 0.020
_N_SPREAD = 32
_REACH_M = 0.04
_STEP_RAD = np.radians(7.0)
_N_NEAR = 6
_N_PUSHES = 10
_FACING = -0.15
# Face, fingers and toes touch themselves at rest, and no garment lies between.
LEFT_OUT = ("head", "wrist_l", "wrist_r", "ankle_l", "ankle_r", "toe_l", "toe_r")
# Parts that share a bit fold into each other: the trunk holds those of both legs.
_LEG_BITS, _ARM_BITS, _TRUNK_BITS = {"l": 1, "r": 2}, {"l": 4, "r": 8}, 3
_GROUPS = (1, 2, 3, 4, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """Skin in one stance, the pelvis held where it is at rest.

    Attributes:
        vertices_m: Shape (n_vertices, 3).
        normals: Which way is out, shape (n_vertices, 3).
        rotations: Of each joint's part from rest, by joint, shape (3, 3).
    """

    vertices_m: NDArray[np.float64]
    normals: NDArray[np.float64]
    rotations: Rotations


@dataclass(slots=True, kw_only=True)
class _Flesh:
    """The part of the skin that may meet other skin.

    Attributes:
        rows: Vertices, shape (n,).
        rest_m: Where they are at rest, shape (n, 3).
        near: Skin round each, shape (n, k).
        weight: How much of a push there each takes, shape (n, k).
        push_m: Pushes so far, in the frame of each vertex's own joint, shape (n, 3).
        joint: Joint that moves each most, shape (n,).
        bits: Parts of the body that each belongs to, shape (n,).
    """

    rows: NDArray[np.int64]
    rest_m: NDArray[np.float64]
    near: NDArray[np.int64]
    weight: NDArray[np.float64]
    push_m: NDArray[np.float64]
    joint: NDArray[np.int64]
    bits: NDArray[np.int64]


def stance_at(rig: Rig, faces: NDArray[np.int64], rotations: Rotations) -> Stance:
    """A stance as the joints alone make it."""
    vertices = skin(rig, rotations)
    return Stance(vertices_m=vertices, normals=normals_of(vertices, faces), rotations=rotations)


def room_lacking_m(rig: Rig, stance: Stance) -> float:
    """Least room that parts lack in a stance, 0 where every garment has enough [m]."""
    flesh = _flesh(rig)
    x, normal = stance.vertices_m[flesh.rows], stance.normals[flesh.rows]
    i, j, room = _facing(x, normal, flesh)
    if not len(i):
        return 0.0
    return max(0.0, float((room - ((x[j] - x[i]) * _out(normal, i, j)).sum(axis=1)).max()))


def thighs_gap_m(rig: Rig) -> float:
    """Least distance of the left thigh from the right one at rest [m]."""
    names = list(rig.joint_names)
    left, right = (
        rig.rest_m[rig.weights[:, names.index(f"hip_{side}")] > 0.5] for side in ("l", "r")
    )
    return float(KDTree(left).query(right)[0].min())


def way_into(
    rig: Rig, faces: NDArray[np.int64], start: Rotations, stop: Rotations, *,
    joints: Collection[str] | None = None,
) -> tuple[Stance, ...]:  # fmt: skip
    """Stances on the way from one to another, parts that meet held apart.

    Args:
        rig: How the body bends.
        faces: Its triangles, shape (n_faces, 3).
        start: Rotations of a stance in which nothing touches.
        stop: Rotations of the wanted stance.
        joints: Those whose turns make steps; all when not given.

    Returns:
        The stance after each step; the start is not among them.
    """
    turning = rig.joint_names if joints is None else joints
    widest = max((_angle(start[name].T @ stop[name]) for name in turning), default=0.0)
    n_steps = max(1, int(np.ceil(widest / _STEP_RAD)))
    flesh, ways = _flesh(rig), []
    for k in range(1, n_steps + 1):
        rotations = blended_rotations(start, stop, k / n_steps) if k < n_steps else stop
        ways.append(_parted(stance_at(rig, faces, rotations), rig, flesh))
    return tuple(ways)


def is_flesh(rig: Rig) -> NDArray[np.bool_]:
    """Skin that may meet other skin with cloth between: not head, hands, feet; (n_vertices,)."""
    left_out = np.isin(rig.joint_names, LEFT_OUT)
    return np.asarray(rig.weights[:, left_out].sum(axis=1) < 0.5)


def parts_of(rig: Rig) -> NDArray[np.int64]:
    """Part of the body of each vertex: its left and right half 0, 1, arms 2, 3, (n_vertices,)."""
    names = [name.partition("_")[0] for name in rig.joint_names]
    is_arm = np.isin(names, ("shoulder", "elbow", "wrist"))
    in_arm = rig.weights[:, is_arm].sum(axis=1) > 0.5
    return np.where(rig.rest_m[:, 0] > 0, 0, 1) + 2 * in_arm


def quick_tree(points_m: NDArray[np.float64]) -> KDTree:
    """A tree that is asked once and thrown away: built fast, a little slower to ask."""
    return KDTree(points_m, balanced_tree=False, compact_nodes=False)


def _angle(R: NDArray[np.float64]) -> float:
    return float(np.arccos(np.clip((np.trace(R) - 1) / 2, -1, 1)))


def _flesh(rig: Rig) -> _Flesh:
    names = list(rig.joint_names)
    rows = np.flatnonzero(is_flesh(rig))
    rest = rig.rest_m[rows]
    joint = np.asarray(rig.weights[rows].argmax(axis=1))
    distance, near = KDTree(rest).query(rest, k=_N_SPREAD)
    return _Flesh(
        rows=rows, rest_m=rest, near=np.asarray(near), push_m=np.zeros_like(rest), joint=joint,
        weight=np.exp(-((np.asarray(distance) / _SPREAD_M) ** 2)),
        bits=np.array([_bits(name) for name in names])[joint],
    )  # fmt: skip


def _bits(joint: str) -> int:
    limb, _, side = joint.partition("_")
    if limb in ("hip", "knee"):
        return _LEG_BITS[side]
    return _ARM_BITS[side] if limb in ("shoulder", "elbow") else _TRUNK_BITS


def _parted(bare: Stance, rig: Rig, flesh: _Flesh) -> Stance:
    """Push parts apart; pushes of the stance before are kept and grow where it is needed."""
    turns = np.stack([bare.rotations[name] for name in rig.joint_names])[flesh.joint]
    normal, x_bare = bare.normals[flesh.rows], bare.vertices_m[flesh.rows]
    push = np.einsum("nij,nj->ni", turns, flesh.push_m)
    is_pushed = bool(flesh.push_m.any())
    spread = _spread(flesh, normal) if is_pushed else None
    i, j, room = _facing(x_bare if spread is None else x_bare + spread @ push, normal, flesh)
    if spread is None:
        if not len(i):
            return bare
        spread = _spread(flesh, normal)
    out = _out(normal, i, j)
    for _ in range(_N_PUSHES if len(i) else 0):
        x = x_bare + spread @ push
        missing = room - ((x[j] - x[i]) * out).sum(axis=1)
        deepest = np.zeros(len(x))
        np.maximum.at(deepest, i, missing)
        active = np.flatnonzero((missing > 1e-5) & (missing >= deepest[i]))
        if not len(active):
            break
        push[i[active]] -= 0.5 * missing[active, None] * out[active]
    flesh.push_m = np.einsum("nji,nj->ni", turns, push)
    vertices = bare.vertices_m.copy()
    vertices[flesh.rows] = x_bare + spread @ push
    return Stance(vertices_m=vertices, normals=bare.normals, rotations=bare.rotations)


def _spread(flesh: _Flesh, normal: NDArray[np.float64]) -> csr_array:
    """How pushes spread, shape (n, n): over skin that looks the same way, not across a fold."""
    n = len(flesh.rows)
    alike = np.einsum("ni,nki->nk", normal, normal[flesh.near])
    weight = flesh.weight * np.maximum(alike, 0.0)
    weight /= weight.sum(axis=1, keepdims=True)
    starts = np.arange(n + 1) * flesh.near.shape[1]
    return csr_array((weight.ravel(), flesh.near.ravel(), starts), shape=(n, n))


def _facing(
    x: NDArray[np.float64], normal: NDArray[np.float64], flesh: _Flesh
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of vertices of parts that face each other, and the room that they need [m]."""
    found = [np.zeros((2, 0), dtype=np.int64)]
    groups = {bits: np.flatnonzero(flesh.bits == bits) for bits in _GROUPS}
    for h, others in groups.items():
        if not len(others):
            continue
        tree = quick_tree(x[others])
        low, high = x[others].min(axis=0) - _REACH_M, x[others].max(axis=0) + _REACH_M
        for g, rows in groups.items():
            if g & h:
                continue
            close = rows[((x[rows] > low) & (x[rows] < high)).all(axis=1)]
            if not len(close):
                continue
            distance, near = (
                np.asarray(a)
                for a in tree.query(x[close], k=_N_NEAR, distance_upper_bound=_REACH_M)
            )
            i, k = np.nonzero(np.isfinite(distance))
            found.append(np.stack([close[i], others[near[i, k]]]))
    i, j = np.concatenate(found, axis=1)
    apart = np.linalg.norm(flesh.rest_m[i] - flesh.rest_m[j], axis=1)
    room = np.minimum(ROOM_M, _TAPER * (apart - _FOLD_M))
    keep = ((normal[i] * normal[j]).sum(axis=1) < _FACING) & (room > 0)
    return i[keep], j[keep], room[keep]


def _out(
    normal: NDArray[np.float64], i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.float64]:
    """From the first skin to the second, shape (n_pairs, 3)."""
    out = normal[i] - normal[j]
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def normals_of(vertices_m: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Unit normals, area weighted, shape (n_vertices, 3)."""
    a, b, c = (vertices_m[faces[:, k]] for k in range(3))
    (x, y, z), (u, v, w) = (b - a).T, (c - a).T
    flat = (y * w - z * v, z * u - x * w, x * v - y * u)
    n = len(vertices_m)
    total = np.stack(
        [sum(np.bincount(faces[:, k], part, minlength=n) for k in range(3)) for part in flat],
        axis=1,
    )
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-300)
