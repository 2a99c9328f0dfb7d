"""How good answers are: by class, by wearer, how honest their probabilities are."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Rows = NDArray[np.float64]
_N_BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of labelled windows.

    Attributes:
        macro_f1: Mean of the classes' F1.
        macro_f1_low: Lower end of its 95 % interval over wearers drawn again with replacement.
        macro_f1_high: Upper end.
        f1: F1 of each class.
        wearers: Macro-F1 of each wearer, over the classes that the wearer has.
        worst_wearer: The wearer with the lowest.
        confusion: Counts, true class by given class.
        calibration_error: Expected calibration error, 15 bins, no unit.
        brier: Mean squared error of the probabilities, summed over classes.
        n_windows: Windows judged.
    """

    macro_f1: float
    macro_f1_low: float
    macro_f1_high: float
    f1: dict[str, float]
    wearers: dict[str, float]
    worst_wearer: str
    confusion: list[list[int]]
    calibration_error: float
    brier: float
    n_windows: int

    def to_json(self) -> dict[str, Any]:
        """Scores for a program."""
        return asdict(self)


def score(
    labels: NDArray[np.integer], probabilities: Rows, wearers: NDArray[np.str_],
    classes: tuple[str, ...], *, rng: np.random.Generator, n_draws: int = 500,
) -> Scores:  # fmt: skip
    """Score probabilities against labels.

    Args:
        labels: Class numbers, shape (n_windows,).
        probabilities: shape (n_windows, n_classes).
        wearers: Wearer of each window.
        classes: Class names.
        rng: Draws wearers for the interval.
        n_draws: Draws.
    """
    given = probabilities.argmax(axis=1)
    n = len(classes)
    names = np.unique(wearers)
    tables = np.stack([confusion(labels[wearers == w], given[wearers == w], n) for w in names])
    per_class = f1_of(tables.sum(axis=0))
    per_wearer = {str(w): _macro(t) for w, t in zip(names, tables, strict=True)}
    drawn = [
        _macro(tables[rng.integers(0, len(names), len(names))].sum(axis=0)) for _ in range(n_draws)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Scores(
        macro_f1=_macro(tables.sum(axis=0)),
        macro_f1_low=float(low),
        macro_f1_high=float(high),
        f1={name: float(value) for name, value in zip(classes, per_class, strict=True)},
        wearers=per_wearer,
        worst_wearer=min(per_wearer, key=per_wearer.__getitem__),
        confusion=tables.sum(axis=0).tolist(),
        calibration_error=calibration_error(labels, probabilities),
        brier=float(((probabilities - np.eye(n)[labels]) ** 2).sum(axis=1).mean()),
        n_windows=len(labels),
    )


def confusion(
    labels: NDArray[np.integer], given: NDArray[np.integer], n_classes: int
) -> NDArray[np.int64]:
    """Counts, true class by given class, shape (n_classes, n_classes)."""
    table = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(table, (labels, given), 1)
    return table


def f1_of(table: NDArray[np.integer]) -> Rows:
    """F1 of each class, shape (n_classes,); NaN for a class that neither is nor is given."""
    right = np.diag(table).astype(np.float64)
    total = table.sum(axis=0) + table.sum(axis=1)
    return np.where(total > 0, 2 * right / np.maximum(total, 1), np.nan)


def _macro(table: NDArray[np.integer]) -> float:
    """Mean F1 over the classes that occur."""
    present = table.sum(axis=1) > 0
    return float(np.nanmean(f1_of(table)[present])) if present.any() else float("nan")


def calibration_error(labels: NDArray[np.integer], probabilities: Rows) -> float:
    """Mean distance of confidence from accuracy over bins of confidence (Guo 2017)."""
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((sure * _N_BINS).astype(int), _N_BINS - 1)
    gaps = [
        np.abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    return float(np.sum(gaps))


def fit_temperature(labels: NDArray[np.integer], probabilities: Rows) -> float:
    """Temperature that makes held-out probabilities honest (Guo 2017); 1 changes nothing."""
    logs = np.log(np.maximum(probabilities, 1e-9))

    def loss(log_temperature: float) -> float:
        tempered = at_temperature(logs, np.exp(log_temperature))
        return -float(np.log(tempered[np.arange(len(labels)), labels] + 1e-12).mean())

    best: Any = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded")
    return float(np.exp(best.x))


def at_temperature(logs: Rows, temperature: float) -> Rows:
    """Probabilities from log probabilities at a temperature."""
    scaled = logs / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    powers = np.exp(scaled)
    return powers / powers.sum(axis=1, keepdims=True)


def auroc(known: Rows, unknown: Rows) -> float:
    """Area under the curve of a score that should be higher for known windows."""
    merged = np.concatenate([known, unknown])
    order = merged.argsort(kind="stable")
    ranks = np.zeros(len(merged))
    _, first, count = np.unique(merged[order], return_index=True, return_counts=True)
    middle = first + (count + 1) / 2
    ranks[order] = np.repeat(middle, count)
    n, m = len(known), len(unknown)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
