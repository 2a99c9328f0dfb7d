"""The measuring stance: legs brought together by a fixed angle, as people stand for the tape.

anny stands with its feet 22 to 30 cm apart, which makes the hip's hull 2 to 3 cm too long. The turn
is the same for every body and skinning is linear, so whole fields of displacements can be turned.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

ADDUCTION_RAD = np.radians(6)
_SIDES = {"l": 1.0, "r": -1.0}


def adducted(
    fields: NDArray[np.float32],
    weights: NDArray[np.float32],
    joint_row: Mapping[str, int],
) -> NDArray[np.float32]:
    """Turn the legs of points or displacements inward; feet stay level.

    Args:
        fields: Skin followed by joints, shape (n_points, 3, n_fields) [m].
        weights: Share of each joint in moving each vertex, shape (n_vertices, n_joints).
        joint_row: Row of each joint in ``fields``, in the order of the columns of ``weights``.
    """
    turned = fields.copy()
    names = list(joint_row)
    for side, sign in _SIDES.items():
        angle = -sign * ADDUCTION_RAD
        c, s = np.cos(angle) - 1, np.sin(angle)
        # R - 1, so that weights of the skin can multiply it.
        M = np.array([[c, -s, 0], [s, c, 0], [0, 0, 0]], dtype=np.float32)
        hip = fields[joint_row[f"hip_{side}"]]
        foot = M @ (fields[joint_row[f"ankle_{side}"]] - hip)
        leg = weights[:, [names.index(f"{n}_{side}") for n in ("hip", "knee")]].sum(axis=1)
        below = weights[:, [names.index(f"{n}_{side}") for n in ("ankle", "toe")]].sum(axis=1)
        moved = np.flatnonzero(leg + below > 0)
        turned[moved] += leg[moved, None, None] * (M @ (fields[moved] - hip))
        turned[moved] += below[moved, None, None] * foot
        for name in ("knee", "ankle"):
            row = joint_row[f"{name}_{side}"]
            turned[row] += M @ (fields[row] - hip)
        turned[joint_row[f"toe_{side}"]] += foot
    return turned
