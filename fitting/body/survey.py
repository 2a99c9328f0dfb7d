"""How ordinary a set of tape measures is, against the percentile tables of ANSUR II.

The survey's people are soldiers, so this is a hint to look at the tape again and never a refusal.
"""

import tomllib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from fitting.body.measurements import Measurements, Sex, body_assets

UNLIKELY = 0.01


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((body_assets() / "ansur2.toml").read_text(encoding="utf-8"))


def survey_warnings(measurements: Measurements, *, sex: Sex) -> tuple[str, ...]:
    """Say which measures are rare, and whether they are unlikely together.

    Measures that the survey does not have are passed over.
    """
    tables = _tables()
    order: list[str] = tables["measures"]
    table = tables[sex]
    given = {k: v * 100 for k, v in measurements.given().items() if k in order}
    people = "women" if sex == "female" else "men"
    found = []
    for name, value_cm in given.items():
        row = table[f"{name}_cm"]
        if not row["p1"] <= value_cm <= row["p99"]:
            found.append(
                f"{name} of {value_cm:.1f} cm is outside the 1st to 99th percentile "
                f"({row['p1']:g} to {row['p99']:g} cm) of {table['n_people']} surveyed {people}"
            )
    if len(given) > 1:
        rows = [table[f"{name}_cm"] for name in given]
        z = np.array(
            [(v - row["mean"]) / row["sd"] for v, row in zip(given.values(), rows, strict=True)]
        )
        index = [order.index(name) for name in given]
        correlation = np.array(table["correlation"])[np.ix_(index, index)]
        found += _unlikely_together(list(given), z, correlation)
    return tuple(found)


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
