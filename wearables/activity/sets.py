"""Public data sets by their layout: every file of a layout in a folder is read, whatever its name.

None of the sets ships; a folder of them is given by the user. Motion comes out in SI where the
source states its units or its values leave no doubt; the strain of the knitted sleeve has none.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearables.activity.dataset import Windows
from wearables.errors import ModelError

_G_M_S2 = 9.80665
_WAIST_RATE_HZ = 50.0
# The files hold acceleration in g.
_WAIST_SCALE = np.array([_G_M_S2] * 3 + [1.0] * 3)
_WATCH_RATE_HZ = 20.0
KNIT_RATE_HZ = 100.0
SLEEVE_RATE_HZ = 100.0
SLEEVE_COLUMNS = tuple(f"c{i}_counts" for i in range(1, 8))
WATCH_CLASSES = {65: "walking", 66: "jogging", 67: "stairs", 68: "sitting", 69: "standing"}
KNIT_COLUMNS = (
    *(f"S{i}_1" for i in range(1, 6)),
    "ax_m_s2", "ay_m_s2", "az_m_s2", "gx_rad_s", "gy_rad_s", "gz_rad_s",
)  # fmt: skip
# The source does not state its units: at rest the acceleration has the length 1, and turning in a
# squat reaches 200, so they are g and degrees a second.
_KNIT_SCALE = np.array([1.0] * 5 + [_G_M_S2] * 3 + [np.pi / 180] * 3)
WAIST_CLASSES = (
    "walking", "walking_upstairs", "walking_downstairs", "sitting", "standing", "lying",
    "stand_to_sit", "sit_to_stand", "sit_to_lie", "lie_to_sit", "stand_to_lie", "lie_to_stand",
)  # fmt: skip


def layout_files(folder: Path, pattern: str) -> list[Path]:
    """Files of a layout, in a fixed order.

    Raises:
        ModelError: If there is none.
    """
    found = sorted(folder.glob(pattern))
    if not found:
        raise ModelError(f"{folder} holds no file like {pattern}")
    return found


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is not a set of arrays: {error}") from error


def _joined(parts: list[Windows], path: Path) -> Windows:
    """Windows of several files; classes are the union, cases are numbered on."""
    if not parts:
        raise ModelError(f"{path} holds no window that is long enough")
    classes = tuple(sorted({name for part in parts for name in part.classes}))
    labels, cases, n_cases = [], [], 0
    for part in parts:
        number = np.array([classes.index(name) for name in part.classes])
        labels.append(number[part.labels])
        cases.append(part.cases + n_cases)
        n_cases += int(part.cases.max()) + 1
    return Windows(
        values=np.concatenate([part.values for part in parts]),
        labels=np.concatenate(labels),
        cases=np.concatenate(cases),
        wearers=np.concatenate([part.wearers for part in parts]),
        classes=classes,
    )


def read_knit_repetitions(folder: Path) -> Windows:
    """Repetitions of exercises in the knitted knee sleeve (``cls_*.npz``), in file order.

    Returns:
        Windows of 11 columns: five strains [no unit], acceleration [m/s2], turning rate [rad/s];
        repetitions with missing values are left out, shorter ones are held at their last sample.

    Raises:
        ModelError: If a file does not hold them.
    """
    parts = []
    for path in layout_files(folder, "cls_*.npz"):
        data = _arrays(path)
        try:
            lengths, rows = data["length"], data["data"][:, : len(KNIT_COLUMNS)] * _KNIT_SCALE
            names, wearers = data["activity"].astype(str), data["user"].astype(str)
        except KeyError as error:
            raise ModelError(f"{path} lacks {error}") from error
        except (IndexError, ValueError) as error:
            raise ModelError(f"{path} lacks columns of {', '.join(KNIT_COLUMNS)}") from error
        longest = 580
        stops = np.cumsum(lengths)
        pieces = [rows[b - n : b] for n, b in zip(lengths.tolist(), stops.tolist(), strict=True)]
        whole = np.array([bool(np.isfinite(p).all()) and len(p) > 0 for p in pieces])
        values = np.stack(
            [_fitted(p, longest) for p, good in zip(pieces, whole, strict=True) if good]
        )
        classes = tuple(sorted(set(names[whole].tolist())))
        _, case = np.unique(wearers[whole], return_inverse=True)
        parts.append(
            Windows(
                values=values.astype(np.float32),
                labels=np.array([classes.index(name) for name in names[whole]]),
                cases=case,
                wearers=wearers[whole],
                classes=classes,
            )
        )
    return _joined(parts, folder)


def _fitted(piece: NDArray[np.floating], n: int) -> NDArray[np.floating]:
    """Cut or hold at the last sample to n rows."""
    if len(piece) >= n:
        return piece[:n]
    return np.concatenate([piece, np.repeat(piece[-1:], n - len(piece), axis=0)])


def read_waist(
    folder: Path, *, n_classes: int, window_s: float, hop_s: float
) -> tuple[Windows, float]:
    """Waist acceleration [m/s2] and turning rate [rad/s] (``hapt_*.npz``), cut inside labels.

    Transitions are shorter than a window: one window is centred on each.

    Returns:
        Windows in the order of time, and the rate [Hz].

    Raises:
        ModelError: If a file does not hold them.
    """
    n, hop = round(window_s * _WAIST_RATE_HZ), round(hop_s * _WAIST_RATE_HZ)
    parts = []
    for path in layout_files(folder, "hapt_*.npz"):
        data = _arrays(path)
        if "labels" not in data:
            raise ModelError(f"{path} lacks labels")
        rows: list[tuple[NDArray[np.floating], int, int, str]] = []
        for i, name in enumerate(sorted(set(data) - {"labels"})):
            experiment, user = int(name[3:5]), int(name[-2:])
            own = data["labels"]
            own = own[(own[:, 0] == experiment) & (own[:, 1] == user)]
            for _, _, label, first, last in own[own[:, 3].argsort()].tolist():
                if label <= n_classes:
                    found = _waist_windows(data[name], label, first - 1, last, n, hop)
                    rows += [(values, label - 1, i, str(user)) for values in found]
        parts.append(_windows_of(rows, WAIST_CLASSES[:n_classes]))
    return _joined_same(parts), _WAIST_RATE_HZ


def _waist_windows(
    signal: NDArray[np.floating], label: int, start: int, stop: int, n: int, hop: int
) -> Iterator[NDArray[np.floating]]:
    starts = list(range(start, stop - n + 1, hop))
    is_transition = label > 6
    if not starts and is_transition and stop - start >= n // 2:
        starts = [min(max((start + stop - n) // 2, 0), len(signal) - n)]
    for first in starts:
        yield signal[first : first + n] * _WAIST_SCALE


def _windows_of(
    rows: list[tuple[NDArray[np.floating], int, int, str]], classes: tuple[str, ...]
) -> Windows:
    if not rows:
        raise ModelError("no labelled stretch is as long as a window")
    values, labels, cases, wearers = zip(*rows, strict=True)
    return Windows(
        values=np.stack(values).astype(np.float32),
        labels=np.array(labels),
        cases=np.array(cases),
        wearers=np.array(wearers),
        classes=classes,
    )


def _joined_same(parts: list[Windows]) -> Windows:
    """Windows of several files with the same classes in the same order."""
    offsets = np.cumsum([0, *(int(part.cases.max()) + 1 for part in parts)])
    return Windows(
        values=np.concatenate([part.values for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        cases=np.concatenate([p.cases + o for p, o in zip(parts, offsets[:-1], strict=True)]),
        wearers=np.concatenate([part.wearers for part in parts]),
        classes=parts[0].classes,
    )


def read_watch(folder: Path, *, window_s: float, hop_s: float) -> tuple[Windows, float]:
    """Watch acceleration [m/s2] (``wisdm*_watch*.npz``); the rate is nominal, there are no stamps.

    Returns:
        Windows in the order of the file, and the nominal rate [Hz].

    Raises:
        ModelError: If a file does not hold them.
    """
    n, hop = round(window_s * _WATCH_RATE_HZ), round(hop_s * _WATCH_RATE_HZ)
    parts = []
    for path in layout_files(folder, "wisdm*_watch*.npz"):
        data = _arrays(path)
        codes = sorted({int(c) for rows in data.values() for c in np.unique(rows[:, 0])})
        classes = tuple(WATCH_CLASSES.get(code, chr(code)) for code in codes)
        rows = []
        for i, (wearer, signal) in enumerate(sorted(data.items())):
            change = np.flatnonzero(np.diff(signal[:, 0])) + 1
            for stretch in np.split(signal, change):
                label = codes.index(int(stretch[0, 0]))
                for first in range(0, len(stretch) - n + 1, hop):
                    rows.append((stretch[first : first + n, 1:4], label, i, wearer))  # noqa: PERF401
        parts.append(_windows_of(rows, classes))
    return _joined_same(parts), _WATCH_RATE_HZ


def read_sleeves(folder: Path, *, window_s: float, hop_s: float) -> tuple[Windows, float]:
    """Left shank and thigh capacitance while walking (``cs_*.npz``), normal and with a stiff knee.

    Returns:
        Windows in the order of time, seven channels in counts, and the rate [Hz].

    Raises:
        ModelError: If a file does not hold them.
    """
    n, hop = round(window_s * SLEEVE_RATE_HZ), round(hop_s * SLEEVE_RATE_HZ)
    parts = []
    for path in layout_files(folder, "cs_*.npz"):
        rows = []
        left = {k: v for k, v in sorted(_arrays(path).items()) if k.endswith("_LCS")}
        for i, (name, signal) in enumerate(left.items()):
            wearer, walk, _ = name.split("_")
            counts = signal[:, 1:8]
            for first in range(0, len(counts) - n + 1, hop):
                rows.append((counts[first : first + n], int("Stiff" in walk), i, wearer))  # noqa: PERF401
        parts.append(_windows_of(rows, ("normal_walking", "stiff_knee_walking")))
    return _joined_same(parts), SLEEVE_RATE_HZ
