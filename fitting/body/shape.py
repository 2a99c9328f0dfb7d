"""The space of bodies: parameters in, skin and joints out, with derivatives.

Parameters are five phenotypes in [0, 1] followed by the tied local changes in [-1, 1]. A body is
the multilinear blend of its phenotype corners plus the local displacements.
"""

from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fitting.body.body import REGIONS
from fitting.body.build import CORNERS, JOINTS, LANDMARKS, LOCAL_CHANGES, Progress, model_file
from fitting.body.landmarks import skin_rows
from fitting.body.measurements import Sex
from fitting.body.stance import adducted

Stance = Literal["measuring", "rest"]
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
    """Bodies of one sex.

    A body is ``basis @ coefficients``; `Stance` chooses the basis. Both stances blend exactly,
    since the measuring stance turns the legs by a fixed angle, which is linear in the points.
    """

    def __init__(self, data: Any, sex: Sex) -> None:
        n = int(data["n_vertices"])
        self.sex: Sex = sex
        self.n_vertices = n
        self.faces: NDArray[np.int64] = data["faces"]
        self.landmark_rows = {name: data[f"landmark_{name}"] for name in LANDMARKS} | skin_rows()
        bones = [str(name) for name in data["bone_names"]]
        self.vertex_region = _regions(data["bone"], bones)
        self.is_left = np.array([bone.endswith(".L") for bone in bones])[data["bone"]]
        self.joint_row = {name: n + i for i, name in enumerate(JOINTS)}
        self.joint_weights: NDArray[np.float32] = data["joint_weights"]
        shapes = [data[f"corners_{sex}"], data["local_plus"], data["local_minus"]]
        # Points first, so that the rows of a few points lie together.
        columns = np.concatenate(shapes).reshape(-1, 3 * (n + len(JOINTS)))
        self._rest = np.ascontiguousarray(columns.T)

    @cached_property
    def _measuring(self) -> NDArray[np.float32]:
        fields = self._rest.reshape(self.n_vertices + len(JOINTS), 3, -1)
        return adducted(fields, self.joint_weights, self.joint_row).reshape(self._rest.shape)

    def basis(self, stance: Stance = "measuring") -> NDArray[np.float32]:
        """All shapes, shape (3 * (n_vertices + n_joints), n_coefficients) [m]."""
        return self._measuring if stance == "measuring" else self._rest

    def points(
        self, parameters: NDArray[np.float64], stance: Stance = "measuring"
    ) -> NDArray[np.float64]:
        """Skin followed by joints, floor not yet at 0, shape (n_vertices + n_joints, 3) [m]."""
        coefficients = self.coefficients(parameters)[0].astype(np.float32)
        return (self.basis(stance) @ coefficients).reshape(-1, 3).astype(np.float64)

    def points_of_many(self, parameters: NDArray[np.float64]) -> NDArray[np.float32]:
        """Points of many bodies in the measuring stance, (n_bodies, n_points, 3) [m]."""
        weights = np.stack([self.coefficients(x)[0] for x in parameters]).astype(np.float32)
        return (weights @ self._measuring.T).reshape(len(parameters), -1, 3)

    def measuring_of(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points at rest brought into the measuring stance, (n_vertices + n_joints, 3) [m]."""
        fields = points_m[:, :, None].astype(np.float32)
        return adducted(fields, self.joint_weights, self.joint_row)[:, :, 0].astype(np.float64)

    def coefficients(
        self, parameters: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights of the shapes, and their derivative blended at kinks.

        Returns:
            Shapes (n_coefficients,) and (n_coefficients, n_parameters).
        """
        both = [_hat(v, n) for v, n in zip(parameters, CORNERS.values(), strict=False)]
        weights = _outer([weight for weight, _ in both])
        slopes = np.zeros((weights.size + 2 * (N_PARAMETERS - N_PHENOTYPES), N_PARAMETERS))
        for i in range(N_PHENOTYPES):
            factors = [slope if i == j else weight for j, (weight, slope) in enumerate(both)]
            slopes[: weights.size, i] = _outer(factors)
        local = parameters[N_PHENOTYPES:]
        share = np.clip(0.5 + local / (2 * KINK_WIDTH), 0, 1)
        n_local = local.size
        rows, columns = weights.size + np.arange(n_local), N_PHENOTYPES + np.arange(n_local)
        slopes[rows, columns], slopes[rows + n_local, columns] = share, share - 1
        return np.concatenate([weights, np.maximum(local, 0), np.maximum(-local, 0)]), slopes


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


class _Lazy(dict[str, Any]):
    """Arrays of a file, read when asked for: half of them belong to the other sex."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def __missing__(self, name: str) -> Any:
        with np.load(self._path, allow_pickle=False) as data:
            return data[name]


@cache
def _space(path: Path, sex: Sex) -> ShapeSpace:
    return ShapeSpace(_Lazy(path), sex)


def shape_space(sex: Sex, *, progress: Progress | None = None) -> ShapeSpace:
    """The space of one sex; the model is built when it is not there yet.

    Raises:
        FittingError: If the model cannot be written.
    """
    return _space(model_file(progress), sex)
