"""Look at a marker again with exact shapes: no overlaps, all on the cloth, gaps kept."""

from dataclasses import dataclass
from typing import Literal

from fitting.nesting.marker import Marker

# Nesting works in single precision on metres of cloth: a hundredth of a millimetre is its noise.
TOLERANCE_M = 2e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerFault:
    """One thing that is wrong with a marker.

    Attributes:
        kind: What is wrong.
        pieces: Names of the pieces.
        amount_m: By how much: depth over the edge, or what lacks of the gap.
    """

    kind: Literal["overlap", "outside", "gap"]
    pieces: tuple[str, ...]
    amount_m: float

    def __str__(self) -> str:
        return f"{self.kind}: {' and '.join(self.pieces)}, by {self.amount_m * 1000:.3f} mm"


def check_marker(marker: Marker, *, tolerance_m: float = TOLERANCE_M) -> tuple[MarkerFault, ...]:
    """List every overlap, every piece beyond the cloth, and every gap that is too narrow.

    Args:
        marker: What to check.
        tolerance_m: What counts as kept.
    """
    import shapely

    cuts = [placed.cut() for placed in marker.pieces]
    names = [f"{placed.piece.name} no. {placed.number}" for placed in marker.pieces]
    faults = []
    for cut, name in zip(cuts, names, strict=True):
        low_x, low_y, high_x, high_y = cut.bounds
        over_m = max(-low_x, -low_y, high_x - marker.length_m, high_y - marker.width_m)
        if over_m > tolerance_m:
            faults.append(MarkerFault(kind="outside", pieces=(name,), amount_m=over_m))
    tree = shapely.STRtree(cuts)
    near = tree.query(cuts, predicate="dwithin", distance=max(marker.gap_m, 1e-9))
    for i, j in near.T:
        if i >= j:
            continue
        pair = (names[i], names[j])
        shared = cuts[i].intersection(cuts[j])
        if shared.area > 0:
            # An overlap of this area and half this outline is as deep as their ratio.
            depth_m = shared.area / max(shared.length / 2, 1e-12)
            if depth_m > tolerance_m:
                faults.append(MarkerFault(kind="overlap", pieces=pair, amount_m=depth_m))
                continue
        lacking_m = marker.gap_m - float(cuts[i].distance(cuts[j]))
        if lacking_m > tolerance_m:
            faults.append(MarkerFault(kind="gap", pieces=pair, amount_m=lacking_m))
    return tuple(faults)
