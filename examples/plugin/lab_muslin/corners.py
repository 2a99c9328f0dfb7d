"""A pattern format for pencil and ruler: corners in centimetres, edges are straight.

corners 1
panel band knee_l           # name, and the part of the body that it goes round
-15 0
15 0
15 20
-15 20
seam band 1 band 3          # edge 1 to edge 3; edges count from 0, from corner to corner
"""

from pathlib import Path
from typing import get_args

import numpy as np

from fitting.errors import PatternError
from fitting.pattern import Edge, Panel, Pattern, PatternFormat, Reading, ReadOptions, Seam, Wrap

HEAD = b"corners 1"


def read_corners(path: Path, options: ReadOptions) -> Reading:
    """Read panels and seams.

    Raises:
        PatternError: If a line cannot be understood; names it by its number.
    """
    loops: dict[str, tuple[str, list[tuple[float, float]]]] = {}
    seams: list[Seam] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines[1:], start=2):
        words = line.split("#")[0].split()
        match words:
            case []:
                continue
            case ["panel", name, wrap] if wrap in get_args(Wrap):
                loops[name] = (wrap, [])
            case ["seam", a, i, b, j] if i.isdecimal() and j.isdecimal():
                seams.append(Seam(side_a=(a, int(i)), side_b=(b, int(j))))
            case [x, y] if loops and _is_number(x) and _is_number(y):
                loops[list(loops)[-1]][1].append((float(x) / 100, float(y) / 100))
            case _:
                raise PatternError(
                    f"{path}, line {number}: {line.strip()!r} is no panel, corner or seam"
                )
    panels = tuple(_panel(name, wrap, corners) for name, (wrap, corners) in loops.items())
    return Reading(pattern=Pattern(name=path.stem, panels=panels, seams=tuple(seams)))


def _panel(name: str, wrap: str, corners: list[tuple[float, float]]) -> Panel:
    n = len(corners)
    edges = tuple(Edge(start=i, stop=(i + 1) % n) for i in range(n))
    vertices_m = np.array(corners, dtype=np.float64).reshape(n, 2)
    return Panel(name=name, vertices_m=vertices_m, edges=edges, wrap=wrap)  # type: ignore[arg-type]


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


CORNERS = PatternFormat(
    name="Corners", suffixes=(".corners",), knows=lambda head: head.startswith(HEAD),
    read=read_corners,
)  # fmt: skip
