"""Fit the model to a scan: first turned and placed, then posed, then shaped, then wrapped.

Each step pairs points of the scan with the nearest model vertex that faces the same way, and
minimises their distance along the model's normals (point to plane, Chen and Medioni 1992), with
weights that fade out outliers (Geman and McClure), against the learned prior of shapes and an
allowance for each joint. What the model cannot follow becomes bounded offsets along the normals.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from fitting.body.body import REGIONS, Body
from fitting.body.fit import tapes_of
from fitting.body.flex import N_FLEX, N_TURNS, TURNED, Flex, turns_of
from fitting.body.measurements import HUMAN_RANGE_M, Measurements, Sex
from fitting.body.model_body import body_of_points
from fitting.body.pose import joint_rotations
from fitting.body.posing import POSES
from fitting.body.prior import learnt_prior
from fitting.body.rig import Rig
from fitting.body.scan import Scan
from fitting.body.shape import N_PARAMETERS, ShapeSpace, shape_space
from fitting.body.solve import HIGH, LOW
from fitting.body.wrap import area_normals, wrapped
from fitting.errors import ScanError

START_POSES = ("a", "t", "arms_down", "arms_up")
N_PAIRS = 2500
N_FLEXED = 3000
N_STARTS = 4
POINT_SD_M = 4e-3
# Fading distances of the steps: far first, so that arms are found.
COARSE_M = (0.15, 0.1, 0.07, 0.05)
FINE_M = (0.05, 0.04, 0.03, 0.02, 0.02, 0.015, 0.015, 0.012, 0.01, 0.01)
MAX_RMS_M = 0.02
MAX_GAP_M = 0.05
_TURN_SD_RAD = {
    "spine": 0.2, "chest": 0.2, "neck": 0.25, "head": 0.25, "clavicle": 0.2, "shoulder": 0.5,
    "elbow": 0.4, "wrist": 0.3, "hip": 0.3, "knee": 0.25, "ankle": 0.25,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A scan understood as a body.

    Attributes:
        body: The person in the A stance, the model's topology, with rig; poses like any other.
        sex: Shape space that fits best, or the one that was asked for.
        measured: All measures, taken in the measuring stance.
        taped_m: The skin in that stance, shape (n_model_vertices, 3).
        lines_m: How each tape lies on it, by measure, shape (n, 3) each.
        posed_m: The registered surface on the scan, in its frame, shape (n_model_vertices, 3).
        distance_m: From each point of the scan to that surface, signed outward,
            shape (n_scan_vertices,).
        model_distance_m: The same to the model before its offsets.
        rms_m: Root mean square of ``distance_m``.
        warnings: Sentences a person should read.
    """

    body: Body
    sex: Sex
    measured: Measurements
    taped_m: NDArray[np.float64]
    lines_m: Mapping[str, NDArray[np.float64]]
    posed_m: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    model_distance_m: NDArray[np.float64]
    rms_m: float
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Points of the scan with normals, and a tree of them."""

    points: NDArray[np.float64]
    normals: NDArray[np.float64]


def register_scan(
    scan: Scan, *, sex: Sex | None = None, progress: Callable[[str], None] | None = None
) -> Registration:
    """Fit the model to a scan.

    Args:
        scan: A scan of one person, any frame.
        sex: Which shape space; both are tried when not said.
        progress: Told what is being done.

    Raises:
        ScanError: If no body fits the scan.
    """
    rng = np.random.default_rng(0)
    target = _target(scan, rng)
    tried: tuple[Sex, ...] = (sex,) if sex else ("female", "male")
    found = []
    for candidate in tried:
        if progress is not None:
            progress(f"  registering the scan as {candidate}")
        space = shape_space(candidate, progress=progress)
        found.append((space, *_fitted(space, target, rng)))
    space, x, gap_m = min(found, key=lambda one: one[2])
    if gap_m > MAX_GAP_M:
        raise ScanError(
            f"no body fits the scan: its points lie {gap_m * 100:.1f} cm from the nearest one; "
            "is it a whole person, and is the unit right?"
        )
    return _result(scan, space, x)


def _target(scan: Scan, rng: np.random.Generator) -> _Target:
    normals = area_normals(scan.vertices_m, scan.faces)
    corner = scan.vertices_m[scan.faces]
    area = np.linalg.norm(
        np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1
    )
    face = rng.choice(len(area), N_PAIRS, p=area / area.sum())
    points = corner[face].mean(axis=1)
    own = normals[scan.faces[face]].sum(axis=1)
    return _Target(points=points, normals=own / np.linalg.norm(own, axis=1, keepdims=True))


def _fitted(
    space: ShapeSpace, target: _Target, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """Parameters of the best fit, and what remains."""
    rows = rng.choice(space.n_vertices, N_FLEXED, replace=False)
    flex = Flex(space, np.sort(rows))
    starts = _starts(space, flex, target)
    coarse = [_refined(space, flex, target, x, COARSE_M, shape=False) for x in starts]
    x, _ = min(coarse, key=lambda found: found[1])
    return _refined(space, flex, target, x, FINE_M, shape=True)


def _starts(space: ShapeSpace, flex: Flex, target: _Target) -> list[NDArray[np.float64]]:
    """The most promising turns and poses of the mean body."""
    prior = learnt_prior(space.sex)
    found = []
    tree = KDTree(target.points)
    middle = 0.5 * (target.points.max(axis=0) + target.points.min(axis=0))
    for pose in START_POSES:
        x = np.zeros(N_FLEX)
        x[:N_PARAMETERS] = prior.shape_mean
        x[N_PARAMETERS : N_PARAMETERS + N_TURNS] = turns_of(
            joint_rotations(_rest_rig(space, x), POSES[pose])
        )
        rest = flex.points(x)
        center = 0.5 * (rest.max(axis=0) + rest.min(axis=0))
        for turn in Rotation.create_group("O"):
            # The same points turned about the body's middle.
            points = (rest - center) @ turn.as_matrix().T + middle
            gap = np.median(tree.query(points[::6])[0]) + np.median(
                KDTree(points).query(target.points[::6])[0]
            )
            start = x.copy()
            start[-6:-3] = turn.as_rotvec()
            start[-3:] += points.mean(axis=0) - flex.points(start).mean(axis=0)
            found.append((gap, start))
    found.sort(key=lambda pair: pair[0])
    return [start for _, start in found[:N_STARTS]]


def _rest_rig(space: ShapeSpace, x: NDArray[np.float64]) -> Rig:
    """The rig of a shape, enough for its joint rotations."""
    points = space.points(x[:N_PARAMETERS], "rest")
    joints = {name: points[row] for name, row in space.joint_row.items()}
    return Rig(
        rest_m=points[: space.n_vertices], joint_names=tuple(joints), joints_m=joints,
        weights=space.joint_weights, landmark_rows={}, levels_m={},
    )  # fmt: skip


def _prior_terms(space: ShapeSpace, start: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    """Mean and precision of all parameters; turns near the start pose, place free."""
    prior = learnt_prior(space.sex)
    mean, P = start.copy(), np.zeros((N_FLEX, N_FLEX))
    mean[:N_PARAMETERS] = prior.shape_mean
    P[:N_PARAMETERS, :N_PARAMETERS] = np.linalg.inv(prior.shape_covariance)
    sd = np.repeat([_TURN_SD_RAD[name.split("_", maxsplit=1)[0]] for name in TURNED], 3)
    index = N_PARAMETERS + np.arange(N_TURNS)
    P[index, index] = sd**-2.0
    return mean, P


def _refined(
    space: ShapeSpace, flex: Flex, target: _Target, start: NDArray[np.float64],
    fading_m: tuple[float, ...], *, shape: bool,
) -> tuple[NDArray[np.float64], float]:  # fmt: skip
    """Gauss-Newton with pairs found anew each step."""
    mean, P = _prior_terms(space, start)
    low = np.r_[LOW, np.full(N_FLEX - N_PARAMETERS, -np.inf)]
    high = np.r_[HIGH, np.full(N_FLEX - N_PARAMETERS, np.inf)]
    x, free = start.copy(), np.arange(0 if shape else N_PARAMETERS, N_FLEX)
    normals_of = _vertex_normals(space, flex)
    cost = np.inf
    for fade_m in fading_m:
        points = flex.points(x)
        normals = normals_of(x)
        row, theirs = _pairs(points, normals, target)
        r = np.einsum("nc,nc->n", target.points[theirs] - points[row], normals[row])
        gap = np.linalg.norm(target.points[theirs] - points[row], axis=1)
        weight = (1 / (1 + (gap / fade_m) ** 2)) ** 2 / POINT_SD_M**2
        J = np.einsum("nc,ncp->np", normals[row], flex.jacobian(x, shape=shape)[row])[:, free]
        H = J.T @ (weight[:, None] * J) + P[np.ix_(free, free)]
        H[np.diag_indices_from(H)] += 1e-6
        g = J.T @ (weight * r) - (P @ (x - mean))[free]
        x[free] += np.clip(np.linalg.solve(H, g), -0.4, 0.4)
        x = np.clip(x, low, high)
        # Judged by all points alike, unpaired ones too, so that starts can be compared.
        near = KDTree(points).query(target.points)[0]
        cost = float(np.minimum(near, 0.1).mean())
    return x, cost


def _pairs(
    points: NDArray[np.float64], normals: NDArray[np.float64], target: _Target
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each point of the scan the model vertex that is near and faces alike."""
    # Distance counts facing away as 10 cm, so that front and back of a thin part do not mix.
    scale = 0.05
    tree = KDTree(np.hstack([points, scale * normals]))
    row = np.asarray(tree.query(np.hstack([target.points, scale * target.normals]))[1])
    alike = np.einsum("nc,nc->n", normals[row], target.normals) > 0.3
    theirs = np.flatnonzero(alike)
    return row[theirs], theirs


def _vertex_normals(
    space: ShapeSpace, flex: Flex
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Normals of the flexed vertices: those of the shape at rest, turned with them."""

    def normals(x: NDArray[np.float64]) -> NDArray[np.float64]:
        rest = space.points(x[:N_PARAMETERS], "rest")[: space.n_vertices]
        at_rest = area_normals(rest, space.faces)[flex.rows]
        _, joints = flex.rest(x)
        turned = np.einsum("nij,nj->ni", flex.motion(x, joints).M, at_rest)
        return turned / np.linalg.norm(turned, axis=1, keepdims=True)

    return normals


def _result(scan: Scan, space: ShapeSpace, x: NDArray[np.float64]) -> Registration:
    whole = Flex(space, np.arange(space.n_vertices))
    rest, joints = whole.rest(x)
    motion = whole.motion(x, joints)
    posed = np.einsum("nij,nj->ni", motion.M, rest) + motion.shift_m
    model_distance_m = signed_distance(scan.vertices_m, posed, space.faces)
    no_hand = space.vertex_region != REGIONS.index("hand")
    surface = wrapped(posed, space.faces, scan, no_hand)
    distance_m = signed_distance(scan.vertices_m, surface, space.faces)
    points = np.concatenate([motion.back(surface), joints])
    taped = space.measuring_of(points)
    measured = tapes_of(space)(taped)
    rms_m = float(np.sqrt(np.mean(distance_m**2)))
    warnings = [
        f"the scan has a hole of {hole.rim_m * 100:.0f} cm round at "
        f"({', '.join(f'{v:.2f}' for v in hole.center_m)}) m; its surface there is the model's"
        for hole in scan.holes
        if hole.rim_m > 0.05
    ]
    if rms_m > MAX_RMS_M:
        warnings.append(
            f"the registered surface lies {rms_m * 1e3:.0f} mm (rms) from the scan: "
            "is it one person without furniture?"
        )
    return Registration(
        body=body_of_points(space, points, measured),
        sex=space.sex,
        measured=Measurements(
            **{
                key: value.value_m
                for key, value in measured.items()
                if HUMAN_RANGE_M[key][0] <= value.value_m <= HUMAN_RANGE_M[key][1]
            }
        ),
        taped_m=taped[: space.n_vertices],
        lines_m={key: value.polyline_m() for key, value in measured.items()},
        posed_m=surface,
        distance_m=distance_m,
        model_distance_m=model_distance_m,
        rms_m=rms_m,
        warnings=tuple(warnings),
    )


def signed_distance(
    points_m: NDArray[np.float64], surface_m: NDArray[np.float64], faces: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Distance of points from a surface, outside positive, by the nearest vertex's plane."""
    normals = area_normals(surface_m, faces)
    row = KDTree(surface_m).query(points_m)[1]
    away = points_m - surface_m[row]
    along = np.einsum("nc,nc->n", away, normals[row])
    # Beyond its own vicinity a vertex's plane says nothing; the straight distance does.
    far = np.linalg.norm(away, axis=1)
    return np.where(far > 0.03, np.sign(along) * far, along)
