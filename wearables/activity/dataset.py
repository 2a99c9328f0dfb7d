"""Labelled windows, split by case: windows of one recording never lie on both sides."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearables.errors import ModelError

BASICMOTIONS_CHANNELS = (
    "acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2", "gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Windows of equal length with their labels.

    Attributes:
        values: shape (n_windows, n_samples, n_channels), float32.
        labels: Class number of each window, shape (n_windows,).
        cases: Recording of each window, shape (n_windows,).
        wearers: Who wore the sensors in each window, shape (n_windows,).
        classes: Names of the classes.
    """

    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    cases: NDArray[np.int64]
    wearers: NDArray[np.str_]
    classes: tuple[str, ...]

    def part(self, mask: NDArray[np.bool_]) -> "Windows":
        """The windows of a mask."""
        return Windows(
            values=self.values[mask],
            labels=self.labels[mask],
            cases=self.cases[mask],
            wearers=self.wearers[mask],
            classes=self.classes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Whole labelled recordings.

    Attributes:
        values: shape (n_cases, n_samples, n_channels), float32.
        labels: Name of the class of each case.
        rate_hz: Rate.
    """

    values: NDArray[np.float32]
    labels: tuple[str, ...]
    rate_hz: float


def read_cases(path: Path) -> Cases:
    """Read packed cases (npz).

    Raises:
        ModelError: If the file does not hold them.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            labels = tuple(str(label) for label in data["labels"])
            return Cases(values=data["cases"], labels=labels, rate_hz=float(data["rate_hz"]))
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(f"{path} does not hold labelled cases: {error}") from error


def cut_windows(cases: Cases, *, n: int, hop: int) -> Windows:
    """Cut every case into windows.

    Raises:
        ModelError: If the cases are shorter than a window.
    """
    length = cases.values.shape[1]
    if length < n:
        raise ModelError(f"cases have {length} samples, a window needs {n}")
    classes = tuple(sorted(set(cases.labels)))
    starts = range(0, length - n + 1, hop)
    values = np.stack([cases.values[:, s : s + n] for s in starts], axis=1)
    numbers = np.array([classes.index(label) for label in cases.labels])
    return Windows(
        values=values.reshape(-1, n, cases.values.shape[2]).astype(np.float32),
        labels=np.repeat(numbers, len(starts)),
        cases=np.repeat(np.arange(len(numbers)), len(starts)),
        # BasicMotions does not say who did what; a case is the least that must not be split.
        wearers=np.repeat(np.arange(len(numbers)), len(starts)).astype(np.str_),
        classes=classes,
    )


def case_folds(
    cases: NDArray[np.integer], n_folds: int, rng: np.random.Generator
) -> list[NDArray[np.bool_]]:
    """Masks of the held-out windows, whole cases each; the only splitter there is."""
    order = rng.permutation(np.unique(cases))
    return [np.isin(cases, order[i::n_folds]) for i in range(n_folds)]
