"""The way of a body from rest into its pose, as far as a garment on it can feel it.

Only the skin that may come near the garment, or presses other skin, goes the way, and joints that
move none of it make no steps of their own. Metres; the pelvis is held where it is at rest.
"""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fitting.body.body import Body
from fitting.body.crease import bridge_creases
from fitting.body.pose import joint_rotations
from fitting.body.posing import OPEN, POSES, rig_of
from fitting.body.rig import Rig, Rotations
from fitting.body.touch import Stance, is_flesh, stance_at, way_into

# Hands, feet and head count within the first distance of a garment at the start, or the second of
# what it covers at the end; joints that move skin within the second, at either end, make steps.
_SKIN_M, _STEP_M = 0.10, 0.12
_UNDER_M = 0.04
_MOVED_BY = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Stances of a part of the skin, from a first one to the body's own.

    Attributes:
        rig: How that part bends.
        rows: Vertices of the body that belong to it, shape (n,).
        faces: Its triangles, shape (n_faces, 3).
        stances: The first is the start; the last is the body's own.
    """

    rig: Rig
    rows: NDArray[np.int64]
    faces: NDArray[np.int64]
    stances: tuple[Stance, ...]


def start_of(body: Body, *, open_legs: bool = False) -> Rotations:
    """Rotations of the stance where a way begins: at rest, or with the legs further apart."""
    return joint_rotations(rig_of(body), OPEN if open_legs else POSES["a"])


def way_to(
    body: Body, start: Rotations | None = None, *, garment_m: NDArray[np.float64] | None = None
) -> Way:
    """Stances from rest to a posed body, parts that meet held apart.

    Args:
        body: A body with a rig.
        start: Where it begins; at rest when not given.
        garment_m: Points of what the body wears at the start, the pelvis where it is at rest,
            shape (n, 3); none lets the whole skin go the way.

    Raises:
        PoseError: If the body has no rig.
    """
    whole, start = rig_of(body), start_of(body) if start is None else start
    shift = body.joints_m["pelvis"] - whole.joints_m["pelvis"]
    rows = np.arange(len(whole.rest_m))
    if garment_m is not None:
        rows = _felt_rows(whole, body.vertices_m - shift, garment_m)
    rig, faces = _part_of(whole, body.faces, rows)
    stop = body.rotations or joint_rotations(whole, POSES["a"])
    rest = stance_at(rig, faces, joint_rotations(whole, POSES["a"]))
    first = stance_at(rig, faces, start)
    own_m = body.vertices_m[rows] - shift
    felt = rig.joint_names
    if garment_m is not None:
        felt = _felt_joints(rig, first.vertices_m, own_m, garment_m)
    *middle, last = bridge_creases(way_into(rig, faces, start, stop, joints=felt), rig, faces, rest)
    own = dataclasses.replace(last, vertices_m=own_m)
    return Way(rig=rig, rows=rows, faces=faces, stances=(first, *middle, own))


def _felt_rows(
    rig: Rig, posed_m: NDArray[np.float64], garment_m: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Flesh, and of the other skin what is near the garment or, in the pose, what it covers."""
    near = _is_near(rig.rest_m, garment_m, _SKIN_M)
    felt = near | is_flesh(rig)
    if near.any():
        felt |= _is_near(posed_m, posed_m[near], _STEP_M)
    return np.flatnonzero(felt)


def _is_near(
    skin_m: NDArray[np.float64], other_m: NDArray[np.float64], within_m: float
) -> NDArray[np.bool_]:
    distance, _ = KDTree(other_m).query(skin_m, distance_upper_bound=within_m)
    return np.isfinite(distance)


def _part_of(
    rig: Rig, faces: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[Rig, NDArray[np.int64]]:
    """Rig and triangles of a part of the skin."""
    number = np.full(len(rig.rest_m), -1)
    number[rows] = np.arange(len(rows))
    renumbered = number[faces]
    part = dataclasses.replace(
        rig, rest_m=rig.rest_m[rows], weights=rig.weights[rows], landmark_rows={}
    )
    return part, renumbered[(renumbered >= 0).all(axis=1)]


def _felt_joints(
    rig: Rig, first_m: NDArray[np.float64], last_m: NDArray[np.float64],
    garment_m: NDArray[np.float64],
) -> Collection[str]:  # fmt: skip
    """Joints that move skin near what the garment covers, where a way begins or where it ends."""
    under, felt = _is_near(first_m, garment_m, _UNDER_M), np.zeros(len(first_m), dtype=np.bool_)
    for skin_m in (first_m, last_m) if under.any() else ():
        felt |= _is_near(skin_m, skin_m[under], _STEP_M)
    moved = np.asarray((rig.weights[felt] > _MOVED_BY).any(axis=0))
    return [name for name, moves in zip(rig.joint_names, moved, strict=True) if moves]
