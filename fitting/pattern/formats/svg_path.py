"""SVG path data and transforms as cubic, quadratic and straight segments; y stays as drawn."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError

Points = NDArray[np.float64]
MAX_SEGMENTS = 20_000
_TOKEN = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_N_ARGS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


@dataclass(slots=True, kw_only=True)
class Subpath:
    """One pen stroke.

    Attributes:
        start: Its first point, shape (2,).
        segments: Points of each segment after its first: 1 straight, 2 quadratic, 3 cubic.
        closed: Whether it ends with a closing command.
    """

    start: Points
    segments: list[Points]
    closed: bool = False

    def moved(self, matrix: Points) -> "Subpath":
        """The stroke under an affine map, shape (2, 3)."""
        return Subpath(
            start=matrix[:, :2] @ self.start + matrix[:, 2],
            segments=[points @ matrix[:, :2].T + matrix[:, 2] for points in self.segments],
            closed=self.closed,
        )

    @property
    def end(self) -> Points:
        """Its last point."""
        return self.segments[-1][-1] if self.segments else self.start


def read_path(data: str) -> list[Subpath]:
    """Take path data apart.

    Raises:
        PatternError: If a command lacks numbers, or there are too many.
    """
    reader = _PathReader()
    for command, numbers in _commands(data):
        reader.feed(command, numbers)
    return [path for path in reader.paths if path.segments]


def _commands(data: str) -> Iterator[tuple[str, list[float]]]:
    """Commands with as many numbers as one step takes; repeated numbers repeat the command."""
    command, numbers, n_steps = "", list[float](), 0
    tokens = [*_TOKEN.findall(data), ("", "")]
    for letter, number in tokens:
        if number:
            numbers.append(float(number))
            continue
        if command:
            size = _N_ARGS[command.upper()]
            n_repeats = max(1, len(numbers) // size) if size else 1
            if len(numbers) < size:
                raise PatternError(f"path command {command!r} has {len(numbers)} of {size} numbers")
            n_steps += n_repeats
            if n_steps > MAX_SEGMENTS:
                raise PatternError(f"a path has more than {MAX_SEGMENTS} segments")
            for i in range(n_repeats):
                # Pairs after a move are lines.
                word = command if i == 0 or command not in "Mm" else "lL"[command == "M"]
                yield word, numbers[i * size : (i + 1) * size]
        command, numbers = letter, []


class _PathReader:
    """Pen, last control point, and the strokes so far."""

    def __init__(self) -> None:
        self.paths: list[Subpath] = []
        self._pen = np.zeros(2)
        self._control: Points | None = None
        self._smooth_of = ""

    def feed(self, command: str, numbers: list[float]) -> None:
        name, relative = command.upper(), command.islower()
        base = self._pen if relative else np.zeros(2)
        match name:
            case "M":
                self._pen = base + numbers
                self.paths.append(Subpath(start=self._pen, segments=[]))
            case "Z":
                if self.paths:
                    self.paths[-1].closed = True
                    self._pen = self.paths[-1].start
            case "H":
                self._draw([[base[0] + numbers[0], self._pen[1]]])
            case "V":
                self._draw([[self._pen[0], base[1] + numbers[0]]])
            case "A":
                for points in _arc_cubics(self._pen, numbers, base + numbers[5:7]):
                    self._draw(points)
            case _:
                points = np.array(numbers).reshape(-1, 2) + base
                if name in "ST":
                    kind = "CS" if name == "S" else "QT"
                    control = self._control if self._smooth_of in kind else None
                    first = self._pen if control is None else 2 * self._pen - control
                    points = np.concatenate([[first], points])
                self._draw(points)
        self._smooth_of = name
        if name not in "CSQT":
            self._control = None

    def _draw(self, points: object) -> None:
        segment = np.array(points, dtype=np.float64).reshape(-1, 2)
        if not self.paths or self.paths[-1].closed:
            self.paths.append(Subpath(start=self._pen, segments=[]))
        self.paths[-1].segments.append(segment)
        self._control = segment[-2] if len(segment) > 1 else None
        self._pen = segment[-1]


def _arc_cubics(a: Points, numbers: list[float], b: Points) -> list[Points]:
    """An elliptical arc as cubics of at most a quarter turn (SVG 1.1, appendix F.6)."""
    rx, ry, tilt = abs(numbers[0]), abs(numbers[1]), np.radians(numbers[2])
    large, sweep = bool(numbers[3]), bool(numbers[4])
    if rx < 1e-12 or ry < 1e-12 or np.linalg.norm(b - a) < 1e-12:
        return [np.array([b])]
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    p = turn @ (a - b) / 2
    grow = max(1.0, float(np.sqrt((p[0] / rx) ** 2 + (p[1] / ry) ** 2)))
    rx, ry = rx * grow, ry * grow
    over = (rx * p[1]) ** 2 + (ry * p[0]) ** 2
    root = np.sqrt(max(0.0, (rx * ry) ** 2 - over) / max(over, 1e-300))
    q = (1.0 if large != sweep else -1.0) * root * np.array([rx * p[1] / ry, -ry * p[0] / rx])
    first = np.arctan2((p[1] - q[1]) / ry, (p[0] - q[0]) / rx)
    last = np.arctan2((-p[1] - q[1]) / ry, (-p[0] - q[0]) / rx)
    span = (last - first) % (2 * np.pi) if sweep else -((first - last) % (2 * np.pi))
    n = max(1, int(np.ceil(abs(span) / (np.pi / 2) - 1e-9)))
    k = 4 / 3 * np.tan(span / n / 4)
    middle = turn.T @ q + (a + b) / 2
    cubics = []
    for i in range(n):
        s, e = first + span * i / n, first + span * (i + 1) / n
        unit = np.array([
            [np.cos(s) - k * np.sin(s), np.sin(s) + k * np.cos(s)],
            [np.cos(e) + k * np.sin(e), np.sin(e) - k * np.cos(e)],
            [np.cos(e), np.sin(e)],
        ])  # fmt: skip
        cubics.append((unit * [rx, ry]) @ turn + middle)
    cubics[-1][-1] = b
    return cubics


_TRANSFORM = re.compile(r"(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^)]*)\)")


def read_transform(text: str) -> Points:
    """An SVG transform as an affine map, shape (2, 3).

    Raises:
        PatternError: If it has the wrong count of numbers.
    """
    total = np.eye(3)
    for name, inside in _TRANSFORM.findall(text):
        values = [
            float(v) for v in re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", inside)
        ]
        total = total @ _matrix(name, values)
    return total[:2]


def _matrix(name: str, v: list[float]) -> Points:
    match name, len(v):
        case "matrix", 6:
            return np.array([[v[0], v[2], v[4]], [v[1], v[3], v[5]], [0, 0, 1]])
        case "translate", 1 | 2:
            return np.array([[1, 0, v[0]], [0, 1, v[1] if len(v) > 1 else 0], [0, 0, 1]])
        case "scale", 1 | 2:
            return np.diag([v[0], v[-1], 1.0])
        case "rotate", 1 | 3:
            c, s = np.cos(np.radians(v[0])), np.sin(np.radians(v[0]))
            turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
            if len(v) == 1:
                return turn
            there, back = np.eye(3), np.eye(3)
            there[:2, 2], back[:2, 2] = v[1:], [-v[1], -v[2]]
            return there @ turn @ back
        case "skewX", 1:
            return np.array([[1, np.tan(np.radians(v[0])), 0], [0, 1, 0], [0, 0, 1]])
        case "skewY", 1:
            return np.array([[1, 0, 0], [np.tan(np.radians(v[0])), 1, 0], [0, 0, 1]])
        case _:
            raise PatternError(f"transform {name} has {len(v)} numbers")
