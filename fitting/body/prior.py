"""What is known before the tape: how bodies of one sex vary, learnt from a survey.

Two Gaussians: of all measures (people's own values, and for measures that the survey lacks those
of bodies fitted to them), and of the shape parameters of fitted bodies. Built by
``benchmarks/body_prior.py``; ``assets/body/prior.npz`` holds means and covariances, never rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fitting.body.measurements import Sex, body_assets

# How well a person reads a tape.
TAPE_SD_M = 4e-3
_RIDGE_M = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """Measures of one person after some were taped.

    Attributes:
        keys: All measures of the prior.
        mean_m: Expected, shape (n_keys,); a mass in kg.
        covariance: Of what remains open, shape (n_keys, n_keys).
        shape: Expected shape parameters, shape (n_parameters,).
    """

    keys: tuple[str, ...]
    mean_m: NDArray[np.float64]
    covariance: NDArray[np.float64]
    shape: NDArray[np.float64]

    def of(self, keys: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and covariance of some measures."""
        index = [self.keys.index(key) for key in keys]
        return self.mean_m[index], self.covariance[np.ix_(index, index)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Bodies of one sex.

    Attributes:
        keys: Measures.
        mean_m: Their means, shape (n_keys,).
        covariance: Their covariance, shape (n_keys, n_keys).
        offset_m: Our value minus the survey's, by measure, for other definitions.
        shape_mean: Of the shape parameters, shape (n_parameters,).
        shape_covariance: Of them, shape (n_parameters, n_parameters).
        shape_by_measure: Covariance of parameters with measures, shape (n_parameters, n_keys).
        n_people: How many people the measures are learnt from.
    """

    keys: tuple[str, ...]
    mean_m: NDArray[np.float64]
    covariance: NDArray[np.float64]
    offset_m: NDArray[np.float64]
    shape_mean: NDArray[np.float64]
    shape_covariance: NDArray[np.float64]
    shape_by_measure: NDArray[np.float64]
    n_people: int

    def after(self, given: Mapping[str, float]) -> Belief:
        """What is known once some measures were taped: the regression on them."""
        index = [self.keys.index(key) for key in given]
        S_g = self.covariance[:, index]
        S_gg = self.covariance[np.ix_(index, index)] + _RIDGE_M**2 * np.eye(len(index))
        away = np.array(list(given.values())) - self.mean_m[index]
        pull = np.linalg.solve(S_gg, away)
        return Belief(
            keys=self.keys,
            mean_m=self.mean_m + S_g @ pull,
            covariance=self.covariance - S_g @ np.linalg.solve(S_gg, S_g.T),
            shape=self.shape_mean + self.shape_by_measure[:, index] @ pull,
        )


@cache
def learnt_prior(sex: Sex) -> Prior:
    """The prior that ships."""
    with np.load(body_assets() / "prior.npz", allow_pickle=False) as data:
        values = {name: data[f"{name}_{sex}"].astype(np.float64) for name in _ARRAYS}
        return Prior(
            keys=tuple(str(key) for key in data["keys"]),
            n_people=int(data[f"n_people_{sex}"]),
            **values,
        )


_ARRAYS = ("mean_m", "covariance", "offset_m", "shape_mean", "shape_covariance", "shape_by_measure")
