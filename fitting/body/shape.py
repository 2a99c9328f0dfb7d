"""The space of bodies: parameters in, skin and joints out, with derivatives.

Parameters are five phenotypes in [0, 1] followed by the tied local changes in [-1, 1]. A body is
the multilinear blend of its phenotype corners plus the local displacements.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS
from fitting.body.build import CORNERS, JOINTS, LANDMARKS, LOCAL_CHANGES, Progress, model_file
from fitting.body.measurements import Sex

N_PHENOTYPES = len(CORNERS)
N_PARAMETERS = N_PHENOTYPES + len(LOCAL_CHANGES)


# Shapes have a kink at every anchor and where a local change turns its sign. The slope is blended
# over this distance, or a solver would bounce between both sides.
KINK_WIDTH = 0.05


def _hat(value: float, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of n even anchors at a value in [0, 1], and their blended slopes."""
    position = value * (n - 1)
    low = min(int(position), n - 2)
    weights = np.zeros(n)
    weights[low], weights[low + 1] = 1 - (position - low), position - low
    slopes = _hat_slope(low, n)
    anchor = round(position)
    share = 0.5 + (position - anchor) / (2 * KINK_WIDTH * (n - 1))
    if 0 < anchor < n - 1 and 0 < share < 1:
        slopes = (1 - share) * _hat_slope(anchor - 1, n) + share * _hat_slope(anchor, n)
    return weights, slopes


def _hat_slope(low: int, n: int) -> NDArray[np.float64]:
    """Slopes of the weights between anchor ``low`` and the next."""
    slopes = np.zeros(n)
    slopes[low], slopes[low + 1] = -(n - 1), n - 1
    return slopes


class ShapeSpace:
    """Bodies of one sex."""

    def __init__(self, data: Any, sex: Sex) -> None:
        n = int(data["n_vertices"])
        self.n_vertices = n
        self.faces: NDArray[np.int64] = data["faces"]
        self._corners = data[f"corners_{sex}"]
        self._plus, self._minus = data["local_plus"], data["local_minus"]
        self.landmark_rows = {name: data[f"landmark_{name}"] for name in LANDMARKS}
        bones = [str(name) for name in data["bone_names"]]
        self.vertex_region = _regions(data["bone"], bones)
        self.is_left = np.array([bone.endswith(".L") for bone in bones])[data["bone"]]
        self.joint_row = {name: n + i for i, name in enumerate(JOINTS)}
        self.joint_weights: NDArray[np.float32] = data["joint_weights"]

    def points(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Skin followed by joints, floor not yet at 0, shape (n_vertices + n_joints, 3) [m]."""
        hats = [_hat(v, n)[0] for v, n in zip(parameters, CORNERS.values(), strict=False)]
        weights = _outer(hats).astype(np.float32)
        active = np.flatnonzero(weights)
        points = np.tensordot(weights[active], self._corners[active], axes=1)
        local = parameters[N_PHENOTYPES:].astype(np.float32)
        points = points + np.tensordot(np.maximum(local, 0), self._plus, axes=1)
        points = points + np.tensordot(np.maximum(-local, 0), self._minus, axes=1)
        return points.astype(np.float64)

    def jacobian(self, parameters: NDArray[np.float64]) -> NDArray[np.float32]:
        """Derivative of `points`, blended at kinks, (n_parameters, n_vertices + n_joints, 3)."""
        jacobian = np.zeros((N_PARAMETERS, *self._corners.shape[1:]), dtype=np.float32)
        both = [_hat(v, n) for v, n in zip(parameters, CORNERS.values(), strict=False)]
        for i in range(N_PHENOTYPES):
            factors = [slope if i == j else weight for j, (weight, slope) in enumerate(both)]
            weights = _outer(factors).astype(np.float32)
            active = np.flatnonzero(weights)
            jacobian[i] = np.tensordot(weights[active], self._corners[active], axes=1)
        share = np.clip(0.5 + parameters[N_PHENOTYPES:] / (2 * KINK_WIDTH), 0, 1)
        share = share.astype(np.float32)[:, None, None]
        jacobian[N_PHENOTYPES:] = share * self._plus - (1 - share) * self._minus
        return jacobian


def _outer(factors: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Product over all combinations, flat, in the order of the corners."""
    product = np.ones(1)
    for factor in factors:
        product = np.multiply.outer(product, factor).ravel()
    return product


def _regions(bone: NDArray[np.int64], names: list[str]) -> NDArray[np.int64]:
    """Region of each vertex by its dominant bone, shape (n_vertices,)."""
    prefixes = {
        "upperarm": "upper_arm", "shoulder": "shoulder", "clavicle": "shoulder",
        "lowerarm": "lower_arm", "wrist": "hand", "finger": "hand", "metacarpal": "hand",
        "upperleg": "thigh", "lowerleg": "lower_leg", "foot": "foot", "toe": "foot",
        "neck": "neck", "head": "head", "eye": "head", "pelvis": "hip", "root": "hip",
        "spine05": "waist", "spine04": "waist", "spine": "chest",
    }  # fmt: skip

    def region(name: str) -> int:
        known = next(value for key, value in prefixes.items() if name.startswith(key))
        return REGIONS.index(known)

    return np.array([region(name) for name in names], dtype=np.int64)[bone]


@cache
def _load(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def shape_space(sex: Sex, *, progress: Progress | None = None) -> ShapeSpace:
    """The space of one sex; the model is built when it is not there yet.

    Raises:
        FittingError: If the model cannot be written.
    """
    return ShapeSpace(_load(model_file(progress)), sex)
