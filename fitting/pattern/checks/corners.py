"""Which corners meet when all seams are closed, and which openings remain.

Works on whole-edge seams (`split_seams`). Corners are (panel, vertex); welds are transitive.
"""

from dataclasses import dataclass

from fitting.pattern.model import Pattern
from fitting.pattern.seam import Seam

Corner = tuple[str, int]


def seam_ends(pattern: Pattern, seam: Seam) -> tuple[tuple[Corner, Corner], tuple[Corner, Corner]]:
    """The two pairs of corners that a whole-edge seam joins."""
    (panel_a, edge_a), (panel_b, edge_b) = seam.side_a, seam.side_b
    a, b = pattern.panel(panel_a).edges[edge_a], pattern.panel(panel_b).edges[edge_b]
    first, last = (b.stop, b.start) if seam.reversed else (b.start, b.stop)
    return ((panel_a, a.start), (panel_b, first)), ((panel_a, a.stop), (panel_b, last))


class MeetingCorners:
    """Classes of corners that come together."""

    def __init__(self, pattern: Pattern) -> None:
        self._parent: dict[Corner, Corner] = {}
        for seam in pattern.seams:
            for one, other in seam_ends(pattern, seam):
                self._parent[self.find(one)] = self.find(other)

    def find(self, corner: Corner) -> Corner:
        """One corner that stands for all that meet here."""
        root = corner
        while self._parent.get(root, root) != root:
            root = self._parent[root]
        return root


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A free boundary of the sewn garment.

    Attributes:
        edges: Open edges on it, (panel, edge).
        length_m: Its length.
        closed: Whether it closes on itself; otherwise the seams leave a branching point.
    """

    edges: tuple[tuple[str, int], ...]
    length_m: float
    closed: bool


def open_edges(pattern: Pattern) -> list[tuple[str, int]]:
    """Edges that no seam uses, (panel, edge)."""
    sewn = {side for seam in pattern.seams for side in (seam.side_a, seam.side_b)}
    return [
        (panel.name, i)
        for panel in pattern.panels
        for i in range(len(panel.edges))
        if (panel.name, i) not in sewn
    ]


def openings(pattern: Pattern) -> tuple[Opening, ...]:
    """Free boundaries of the sewn garment: hem, neck, cuffs."""
    meeting = MeetingCorners(pattern)
    group: dict[Corner, list[tuple[str, int]]] = {}
    parent: dict[Corner, Corner] = {}

    def root(corner: Corner) -> Corner:
        while parent.setdefault(corner, corner) != corner:
            corner = parent[corner]
        return corner

    edges = open_edges(pattern)
    degree: dict[Corner, int] = {}
    for name, i in edges:
        edge = pattern.panel(name).edges[i]
        ends = [meeting.find((name, corner)) for corner in (edge.start, edge.stop)]
        for end in ends:
            degree[end] = degree.get(end, 0) + 1
        parent[root(ends[0])] = root(ends[1])
    for name, i in edges:
        start = meeting.find((name, pattern.panel(name).edges[i].start))
        group.setdefault(root(start), []).append((name, i))
    branching = {root(corner) for corner, n in degree.items() if n != 2}
    return tuple(
        Opening(
            edges=tuple(members),
            length_m=sum(pattern.panel(name).length_m(i) for name, i in members),
            closed=key not in branching,
        )
        for key, members in group.items()
    )
