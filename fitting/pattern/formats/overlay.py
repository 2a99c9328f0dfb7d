"""Further lines on panels, on layers of their own, for whoever knows more than the pattern does.

A writer draws them over the panels; what they mean is not its business. They are no part of the
pattern: readers pass them over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.model import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One line on a panel.

    Attributes:
        panel: Panel that it lies on.
        points_m: Points in panel coordinates, shape (n, 2), n at least 2.
        layer: Layer that it goes to; letters, digits and ``-`` ending in a letter, so that no
            reader takes it for a numbered layer of the standard.
        closed: Whether the last point joins the first.
        label: Name beside it.
        size: Size of a nest that it belongs to; empty for all.
    """

    panel: str
    points_m: NDArray[np.float64]
    layer: str
    closed: bool = False
    label: str = ""
    size: str = ""

    def path_m(self) -> NDArray[np.float64]:
        """Points with the first one again where it is closed, shape (n, 2)."""
        return np.vstack([self.points_m, self.points_m[:1]]) if self.closed else self.points_m


def overlays_of(overlays: Sequence[Overlay], pattern: Pattern, panel: str) -> tuple[Overlay, ...]:
    """The overlays of one panel in one size.

    Raises:
        PatternError: If an overlay lies on a panel that is not there, or its layer has no name.
    """
    names = {p.name for p in pattern.panels}
    for overlay in overlays:
        if overlay.panel not in names:
            raise PatternError(
                f"overlay {overlay.label!r} lies on panel {overlay.panel!r}; the pattern has "
                f"{', '.join(sorted(names))}"
            )
        word = overlay.layer.replace("-", "")
        if not word.isalnum() or not word.isascii() or not overlay.layer[-1].isalpha():
            raise PatternError(
                f"layer {overlay.layer!r} is no name: letters, digits and '-', a letter at the end"
            )
    return tuple(o for o in overlays if o.panel == panel and o.size in ("", pattern.size))
