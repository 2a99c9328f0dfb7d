"""Landmarks on the skin of the model, by row of the cut-out mesh; they travel with every shape.

Found on the mean bodies of anny 0.6's default topology, left side first and mirrored.
"""

import numpy as np
from numpy.typing import NDArray

N_VERTICES = 13348

# Beside the landmarks of `fitting.body.build`, which hang on the base mesh.
SKIN_ROWS: dict[str, int] = {
    "side_neck_l": 7522, "side_neck_r": 827, "front_neck": 1526,
    "scye_front_l": 8037, "scye_front_r": 1361, "scye_back_l": 10420, "scye_back_r": 3770,
    "armpit_l": 8093, "armpit_r": 1421, "elbow_l": 10027, "wrist_l": 10523,
}  # fmt: skip


def skin_rows() -> dict[str, NDArray[np.int64]]:
    """Rows of each landmark, as arrays."""
    return {name: np.array([row], dtype=np.int64) for name, row in SKIN_ROWS.items()}
