"""How ordinary a set of tape measures is, against ANSUR II and the prior learnt from it.

The survey's people are soldiers, so this is a hint to look at the tape again and never a refusal.
"""

import tomllib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from fitting.body.measurements import Measurements, Sex, body_assets
from fitting.body.prior import learnt_prior
from fitting.body.registry import REGISTRY

UNLIKELY = 0.01
# Standard deviations to the 99th percentile of a normal.
_Z99 = 2.326


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((body_assets() / "ansur2.toml").read_text(encoding="utf-8"))


def survey_warnings(measurements: Measurements, *, sex: Sex) -> tuple[str, ...]:
    """Say which measures are rare, and whether they are unlikely together."""
    given = measurements.given()
    found = [said for name, value in given.items() if (said := _rare(name, value, sex))]
    prior = learnt_prior(sex)
    if len(given) > 1:
        index = [prior.keys.index(name) for name in given]
        covariance = prior.covariance[np.ix_(index, index)]
        sd = np.sqrt(np.diag(covariance))
        z = (np.array(list(given.values())) - prior.mean_m[index]) / sd
        found += _unlikely_together(list(given), z, covariance / np.outer(sd, sd))
    return tuple(found)


def average_measures(sex: Sex) -> Measurements:
    """Means of the survey's women or men, measures that are defined as ours only."""
    table = _tables()[sex]
    known = {name for name in REGISTRY if REGISTRY[name].same_as_ansur and f"{name}_cm" in table}
    return Measurements.from_cm({name: table[f"{name}_cm"]["mean"] for name in sorted(known)})


def survey_draws(sex: Sex, *, rng: np.random.Generator) -> dict[str, float]:
    """Draw a person like the survey's: means, deviations and correlations, inside p5 to p95 [m]."""
    table, names = _tables()[sex], _tables()["measures"]
    numbers = [table[f"{name}_cm"] for name in names]
    mean, sd = (np.array([each[key] for each in numbers]) for key in ("mean", "sd"))
    low, high = (np.array([each[key] for each in numbers]) for key in ("p5", "p95"))
    covariance = np.array(table["correlation"]) * np.outer(sd, sd)
    while True:
        draw_cm = rng.multivariate_normal(mean, covariance, method="eigh")
        if np.all((low <= draw_cm) & (draw_cm <= high)):
            return dict(zip(names, (draw_cm / 100).tolist(), strict=True))


def _rare(name: str, value: float, sex: Sex) -> str | None:
    """A sentence if few people have such a measure."""
    factor, unit = (1, "kg") if REGISTRY[name].kind == "mass" else (100, "cm")
    low, high, n_people = _first_and_last(name, sex)
    if low <= value * factor <= high:
        return None
    people = "women" if sex == "female" else "men"
    return (
        f"{name} of {value * factor:.1f} {unit} is outside the 1st to 99th percentile "
        f"({low:.4g} to {high:.4g} {unit}) of {n_people} surveyed {people}"
    )


def _first_and_last(name: str, sex: Sex) -> tuple[float, float, int]:
    """First and last percentile at the door's unit, and of how many people."""
    table = _tables()[sex]
    if REGISTRY[name].same_as_ansur and f"{name}_cm" in table:
        return table[f"{name}_cm"]["p1"], table[f"{name}_cm"]["p99"], table["n_people"]
    prior = learnt_prior(sex)
    i = prior.keys.index(name)
    factor = 1 if REGISTRY[name].kind == "mass" else 100
    mean, sd = prior.mean_m[i] * factor, np.sqrt(prior.covariance[i, i]) * factor
    return float(mean - _Z99 * sd), float(mean + _Z99 * sd), prior.n_people


def _unlikely_together(
    names: list[str], z: NDArray[np.float64], correlation: NDArray[np.float64]
) -> list[str]:
    """One sentence naming the worst pair, if the Mahalanobis distance is rare."""
    n = len(names)
    if _chance(z, correlation) >= UNLIKELY:
        return []
    pairs = [(i, j) for i in range(n) for j in range(i)]
    # Beside what each measure says alone, so that one rare measure is not told twice.
    strain = [
        _distance2(z[[i, j]], correlation[np.ix_([i, j], [i, j])]) - max(z[i] ** 2, z[j] ** 2)
        for i, j in pairs
    ]
    i, j = pairs[int(np.argmax(strain))]
    return [
        f"fewer than 1 in 100 people have these measures together; "
        f"{names[j]} and {names[i]} fit least: is one of them misread?"
    ]


def _distance2(z: NDArray[np.float64], correlation: NDArray[np.float64]) -> float:
    return float(z @ np.linalg.solve(correlation, z))


def _chance(z: NDArray[np.float64], correlation: NDArray[np.float64]) -> float:
    """Share of people who are further from the mean, by the chi-squared distribution."""
    return float(gammaincc(len(z) / 2, _distance2(z, correlation) / 2))
