"""Seams: which stretches of which edges are sewn together, in which direction, and how.

A side is an ordered row of runs. The usual case is one whole edge a side, written shortly as
``side_a=("front", 3)``. Whoever needs whole edges only takes ``split_seams(pattern)`` first.
"""

from dataclasses import dataclass
from typing import Literal

SeamKind = Literal["plain", "gather", "ease", "dart"]
Side = tuple[str, int]
_NO_SIDE: Side = ("", -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of one edge.

    Attributes:
        panel: Name of the panel.
        edge: Number of the edge in its loop.
        start: Where it begins, as a share of the edge's length in [0, 1].
        stop: Where it ends; smaller than ``start`` when it is walked against the loop.
    """

    panel: str
    edge: int
    start: float = 0.0
    stop: float = 1.0

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole edge, along the loop."""
        return self.start == 0.0 and self.stop == 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """Two sides that are sewn together. Give ``side_a`` or ``runs_a``, and likewise for b.

    Attributes:
        side_a: (panel, edge) of the first run.
        side_b: (panel, edge) of the first run.
        reversed: Whether the start of one meets the end of the other; the usual case.
        kind: How it is sewn. Sides of unequal length are gathered or eased on purpose.
        ease: Wanted length of the longer side over the shorter; none means what the edges say.
        runs_a: Stretches of side a in the order they are walked.
        runs_b: Stretches of side b in the order they are walked.
    """

    side_a: Side = _NO_SIDE
    side_b: Side = _NO_SIDE
    reversed: bool = True
    kind: SeamKind = "plain"
    ease: float | None = None
    runs_a: tuple[Run, ...] = ()
    runs_b: tuple[Run, ...] = ()

    def __post_init__(self) -> None:
        for side, runs in (("side_a", "runs_a"), ("side_b", "runs_b")):
            given: tuple[Run, ...] = getattr(self, runs)
            if given:
                object.__setattr__(self, side, (given[0].panel, given[0].edge))
            elif getattr(self, side) == _NO_SIDE:
                raise ValueError(f"a seam needs {side} or {runs}; neither was given")
            else:
                panel, edge = getattr(self, side)
                object.__setattr__(self, runs, (Run(panel=panel, edge=edge),))

    @property
    def is_whole(self) -> bool:
        """Whether each side is one whole edge."""
        return all(len(runs) == 1 and runs[0].is_whole for runs in (self.runs_a, self.runs_b))
