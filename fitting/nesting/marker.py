"""A marker: where each piece lies on the cloth. The roll runs along x, its width along y."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fitting.nesting.piece import CutPiece, turn_matrix

if TYPE_CHECKING:
    from shapely import Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPiece:
    """One piece on the cloth.

    Attributes:
        piece: What is cut.
        number: Which of its copies, from 1.
        turn_rad: Turn about the piece's origin, grain included in the piece itself.
        shift_m: Added after the turn, shape (2,).
    """

    piece: CutPiece
    number: int
    turn_rad: float
    shift_m: NDArray[np.float64]

    def placed(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the panel on the cloth, shape (n, 2)."""
        return self.piece.laid(points_m) @ turn_matrix(self.turn_rad).T + self.shift_m

    def cut(self) -> "Polygon":
        """Cut line on the cloth [m]."""
        import shapely

        matrix = turn_matrix(self.turn_rad)
        return shapely.transform(self.piece.cut, lambda p: p @ matrix.T + self.shift_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A layout of pieces.

    Attributes:
        width_m: Usable width of the cloth.
        length_m: Cloth that it takes along the roll.
        gap_m: Least distance that was asked for between pieces.
        pieces: Where each piece lies.
        n_starts: How many searches were run.
        seconds: Time that was given to the search.
        seed: Seed of the first search.
    """

    width_m: float
    length_m: float
    gap_m: float
    pieces: tuple[PlacedPiece, ...]
    n_starts: int
    seconds: float
    seed: int

    @property
    def piece_area_m2(self) -> float:
        """Cloth in the pieces, allowances included, cut-outs not."""
        return float(sum(placed.piece.cut.area for placed in self.pieces))

    @property
    def area_m2(self) -> float:
        """Cloth that is spread."""
        return self.width_m * self.length_m

    @property
    def utilisation(self) -> float:
        """Share of the cloth that ends in pieces, no unit."""
        return self.piece_area_m2 / self.area_m2

    @property
    def waste_m2(self) -> float:
        """Cloth that ends in no piece."""
        return self.area_m2 - self.piece_area_m2

    def mass_kg(self, area_density_kg_m2: float) -> float:
        """Mass of the cloth that is spread."""
        return self.area_m2 * area_density_kg_m2

    def sentence(self) -> str:
        """Length and waste in words, for the marker's margin."""
        waste = 100 * (1 - self.utilisation)
        return f"fabric length {self.length_m * 100:.1f} cm, waste {waste:.1f} %"

    def to_json(self) -> dict[str, Any]:
        """Numbers and places for a program, units in the key names."""
        return {
            "width_m": self.width_m,
            "length_m": self.length_m,
            "gap_m": self.gap_m,
            "utilisation": self.utilisation,
            "waste_share": 1 - self.utilisation,
            "waste_m2": self.waste_m2,
            "area_m2": self.area_m2,
            "n_starts": self.n_starts,
            "search_s": self.seconds,
            "seed": self.seed,
            "pieces": [_placed_json(placed) for placed in self.pieces],
        }


def _placed_json(placed: PlacedPiece) -> dict[str, Any]:
    x, y = placed.shift_m.tolist()
    return {
        "size": placed.piece.size,
        "panel": placed.piece.panel.name,
        "mirrored": placed.piece.mirrored,
        "number": placed.number,
        "turn_rad": placed.turn_rad,
        "shift_m": [x, y],
        "cut_m": np.round(np.asarray(placed.cut().exterior.coords)[:-1], 6).tolist(),
    }
