"""What is drawn on a panel besides its outline: notches, inner lines, cut-outs, drill holes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NotchKind = Literal["v", "t", "castle", "check", "u", "slit"]
LineKind = Literal["internal", "fold", "mirror", "dart", "pleat", "stripe", "plaid", "grade", "sew"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notch:
    """A small cut in the edge that meets its twin on the other side of the seam.

    Attributes:
        edge: Number of the edge that it sits on.
        share: Where, as a share of the edge's length in [0, 1].
        kind: Its shape.
        depth_m: How deep it is cut; none when the file does not say.
        label: Name given in the file.
    """

    edge: int
    share: float
    kind: NotchKind = "v"
    depth_m: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InternalLine:
    """A line inside a panel: a pocket's place, a fold, a dart, a stripe.

    Attributes:
        points_m: Polyline, shape (n, 2), n at least 2.
        kind: What it means.
        label: Name given in the file.
    """

    points_m: NDArray[np.float64]
    kind: LineKind = "internal"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A cut-out, or a drill hole where the outline is empty.

    Attributes:
        center_m: Its middle.
        outline_m: Closed outline without its last point, shape (n, 2); n is 0 for a drill hole.
        label: Name given in the file.
    """

    center_m: tuple[float, float]
    outline_m: NDArray[np.float64]
    label: str = ""
