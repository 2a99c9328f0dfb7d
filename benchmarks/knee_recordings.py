"""Read recordings of a knee's textile strains beside a reference angle."""

from pathlib import Path

import numpy as np

from wearables.activity.sets import layout_files


def read_knees(folder: Path) -> dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Exercise to pair of wearers to (angle (n,) [deg], strains (n, 5)), whole rows only.

    Reads every `reg_*.npz`: arrays `<exercise>__<pair>`, column 0 the angle, then the strains.
    """
    found: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    for path in layout_files(folder, "reg_*.npz"):
        with np.load(path, allow_pickle=False) as data:
            for name in data.files:
                rows = data[name][:, :6].astype(np.float64)
                rows = rows[np.isfinite(rows).all(axis=1)]
                exercise, pair = name.split("__")
                found.setdefault(exercise, {})[pair] = rows[:, 0], rows[:, 1:]
    return found
