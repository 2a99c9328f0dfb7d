"""Edges as candidates for seams: lengths over all sizes, notches, straightness, names, places."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitting.pattern.model import Panel, Pattern
from fitting.pattern.wraps import half_of, words_of

MIN_EDGE_M = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSide:
    """What a pair is judged by: one edge over all sizes.

    Attributes:
        panel: Name of its panel.
        edge: Number in the loop.
        lengths_m: In every size that has it, the first pattern's first, shape (n_sizes,).
        straightness: Chord over length.
        notches: Where notches lie, as shares of its length, the ends aside.
        along_grain: Cosine of the angle between chord and grain.
        words: Words of the panel's name.
        half: Front or back, by the name.
        turns_left: Whether the panel's loop runs counter-clockwise.
        middle_m: Where the file places its middle, shape (3,), if it does.
    """

    panel: str
    edge: int
    lengths_m: np.ndarray
    straightness: float
    notches: tuple[float, ...]
    along_grain: float
    words: frozenset[str]
    half: str
    turns_left: bool
    middle_m: np.ndarray | None


def edge_sides(sizes: Sequence[Pattern]) -> list[EdgeSide]:
    """Edges of the first pattern that are long enough for a seam; lengths in every size."""
    sides = []
    by_size = [{panel.name: panel for panel in pattern.panels} for pattern in sizes]
    for panel in sizes[0].panels:
        same = [
            other[panel.name]
            for other in by_size
            if panel.name in other and len(other[panel.name].edges) == len(panel.edges)
        ]
        for i in range(len(panel.edges)):
            lengths = np.array([p.length_m(i) for p in same])
            if lengths[0] < MIN_EDGE_M:
                continue
            a, b = panel.corners_m(i)
            chord = b - a
            angle = np.arctan2(chord[1], chord[0]) - panel.grain_rad
            sides.append(
                EdgeSide(
                    panel=panel.name,
                    edge=i,
                    lengths_m=lengths,
                    straightness=float(np.linalg.norm(chord)) / float(lengths[0]),
                    notches=tuple(
                        sorted(
                            n.share for n in panel.notches if n.edge == i and 0.02 < n.share < 0.98
                        )
                    ),
                    along_grain=float(abs(np.cos(angle))),
                    words=frozenset(words_of(panel.name)),
                    half=half_of(panel.name),
                    turns_left=turns_left(panel),
                    middle_m=_placed_middle_m(panel, i),
                )
            )
    return sides


def _placed_middle_m(panel: Panel, i: int) -> np.ndarray | None:
    """Where the file puts the middle of an edge, shape (3,); none where it places nothing."""
    if panel.translation_m == (0.0, 0.0, 0.0):
        return None
    x, y, z = panel.rotation_rad
    (cx, cy, cz), (sx, sy, sz) = np.cos([x, y, z]), np.sin([x, y, z])
    turn = np.array([
        [cz * cy, cz * sy * sx - sz * cx], [sz * cy, sz * sy * sx + cz * cx], [-sy, cy * sx],
    ])  # fmt: skip
    return turn @ panel.points_m(i, np.array([0.5]))[0] + panel.translation_m


def turns_left(panel: Panel) -> bool:
    """Whether the loop of a panel runs counter-clockwise."""
    x, y = panel.outline_m(0.01).T
    return bool((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0)
