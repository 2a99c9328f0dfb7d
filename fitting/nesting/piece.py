"""Pieces to cut: panels with allowance, right side up, their grain along the roll (x)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.panels.allowance import cut_polygon, edge_allowances_m
from fitting.pattern.panels.fold import mirrored_panel

if TYPE_CHECKING:
    from shapely import Polygon

_MIRROR = "mirror of "


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is added around the sew line.

    Attributes:
        seam_m: At edges that are sewn.
        hem_m: At open edges.
    """

    seam_m: float = 0.01
    hem_m: float = 0.02

    def __post_init__(self) -> None:
        for name in ("seam_m", "hem_m"):
            value_m = getattr(self, name)
            if not 0 <= value_m <= 0.1:
                raise PatternError(
                    f"{name.removesuffix('_m')} allowance of {value_m * 100:g} cm is outside "
                    "0 to 10 cm"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class CutPiece:
    """One shape that is cut, and how often.

    Attributes:
        size: Size it belongs to.
        panel: The panel as it lies: right side up, turned over where the file shows the inside.
        turn_rad: Turn about the panel's origin that brings its grain along x.
        cut: Cut line after that turn [m].
        count: How many of it are cut.
        mirrored: Whether it is the other one of a pair that the file shows once.
    """

    size: str
    panel: Panel
    turn_rad: float
    cut: "Polygon"
    count: int
    mirrored: bool = False

    @property
    def name(self) -> str:
        """Size and panel in words."""
        twin = " (mirrored)" if self.mirrored else ""
        return f"{self.size} {self.panel.name}{twin}".strip()

    @property
    def words(self) -> str:
        """Panel and size for a sentence."""
        of_size = f" of size {self.size}" if self.size else ""
        return f"the piece {self.panel.name.replace('_', ' ')}{of_size}"

    def laid(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the panel after its turn, shape (n, 2)."""
        return points_m @ turn_matrix(self.turn_rad).T


def turn_matrix(angle_rad: float) -> NDArray[np.float64]:
    """Rotation in the plane, shape (2, 2)."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s], [s, c]])


def cut_pieces(
    garments: Sequence[tuple[Pattern, int]], *, allowance: Allowance | None = None
) -> tuple[CutPiece, ...]:
    """List what is cut for a number of garments of each size.

    A panel that is cut twice is cut as a mirrored pair; of an odd number one more lies as drawn.

    Args:
        garments: Pattern of a size and how many garments of it.
        allowance: Around the sew lines; 1 cm at seams and 2 cm at open edges by default.

    Raises:
        PatternError: If a panel cannot be cut.
    """
    allowance = allowance or Allowance()
    pieces = []
    for pattern, n_garments in garments:
        for panel, n_plain, n_mirrored in _counted(pattern):
            edges_m = edge_allowances_m(
                pattern, panel, seam_m=allowance.seam_m, hem_m=allowance.hem_m
            )
            for shown, count in ((False, n_plain), (True, n_mirrored)):
                if count:
                    pieces.append(_piece(pattern.size, panel, edges_m, count * n_garments, shown))
    return tuple(pieces)


def _counted(pattern: Pattern) -> list[tuple[Panel, int, int]]:
    """Each panel once, with how many lie as drawn and how many turned over, for one garment."""
    twins = {p.label.removeprefix(_MIRROR) for p in pattern.panels if p.label.startswith(_MIRROR)}
    several = {p.name for p in pattern.panels if p.n_cut > 1}
    found = []
    for panel in pattern.panels:
        n = panel.n_cut
        if panel.label.startswith(_MIRROR) and panel.label.removeprefix(_MIRROR) in several:
            continue  # counted with the panel that it mirrors
        n_mirrored = n // 2
        if n == 1 and panel.name in twins:
            n_mirrored = 0
        found.append((panel, n - n_mirrored, n_mirrored))
    return found


def _piece(
    size: str, panel: Panel, edges_m: NDArray[np.float64], count: int, mirrored: bool
) -> CutPiece:
    import shapely

    # Cloth lies right side up; a clockwise loop shows its inside.
    x, y = panel.outline_m(0.01).T
    shows_inside = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) < 0
    lying = mirrored_panel(panel, name=panel.name) if shows_inside != mirrored else panel
    lying = replace(lying, label=panel.label)
    turn_rad = -lying.grain_rad
    polygon = cut_polygon(lying, edges_m)
    matrix = turn_matrix(turn_rad)
    cut = shapely.transform(polygon, lambda points: points @ matrix.T)
    return CutPiece(
        size=size, panel=lying, turn_rad=float(turn_rad), cut=cut, count=count, mirrored=mirrored
    )
