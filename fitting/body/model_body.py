"""A `Body` from points of the model: on the floor, in the A stance, with its rig."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import Body
from fitting.body.build import JOINTS
from fitting.body.posing import apart_at_rest
from fitting.body.rig import Rig
from fitting.body.shape import ShapeSpace
from fitting.body.taping import Measured


def make_body(
    space: ShapeSpace, parameters: NDArray[np.float64], measured: Mapping[str, Measured]
) -> Body:
    """A body of the model in the A stance on the floor, with joints, landmarks and levels.

    Args:
        space: The shape space.
        parameters: Its parameters, shape (n_parameters,).
        measured: Measures of the same parameters, for the levels.
    """
    return body_of_points(space, space.points(parameters, "rest"), measured)


def body_of_points(
    space: ShapeSpace, points_m: NDArray[np.float64], measured: Mapping[str, Measured]
) -> Body:
    """The same from skin and joints at rest, shape (n_vertices + n_joints, 3) [m]."""
    n = space.n_vertices
    hips = [space.joint_row[name] for name in ("ankle_l", "ankle_r")]
    middle = points_m[hips].mean(axis=0)
    shift = np.array([-middle[0], -points_m[:n, 1].min(), -middle[2]])
    points = points_m + shift
    skin_m = points[:n]
    rows = dict(space.landmark_rows)
    rows["crotch"] = rows["crotch"][[np.argmin(points[rows["crotch"], 1])]]
    joints = {name: points[space.joint_row[name]] for name in JOINTS}
    # Both stances share the trunk, so its levels differ by the floor alone.
    levels = {
        name: value.level_m + float(shift[1])
        for name, value in measured.items()
        if value.level_m is not None
    }
    body = Body(
        vertices_m=skin_m,
        faces=space.faces,
        joints_m=joints,
        landmarks_m={name: skin_m[rows[name]].mean(axis=0) for name in rows},
        levels_m=levels,
        vertex_region=space.vertex_region,
        pose="a",
        rig=Rig(
            rest_m=skin_m,
            joint_names=tuple(JOINTS),
            joints_m=joints,
            weights=space.joint_weights,
            landmark_rows=rows,
            levels_m=levels,
        ),
    )
    return apart_at_rest(body)
