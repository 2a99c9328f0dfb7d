"""What each loose piece of a garment is, from its shape: torso, sleeve, leg, band, or trim.

A file that places nothing still draws pieces the way a pattern cutter knows them. Corners cut an
outline into sides; their number, lengths and bends tell a torso (hem, side, armhole, shoulder,
neck) from a leg (hem, two equal inseams, two crotch curves, waist) and a sleeve (hem, two equal
underarms, cap). Names only tell front from back. Metres.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.model import Panel
from fitting.pattern.seam import Run
from fitting.pattern.seams.sides import turns_left

Role = Literal["torso", "half torso", "leg", "sleeve", "band"]
# Edges that meet at less than this turn are one side.
CORNER_RAD = np.radians(40.0)
# Sides that are sewn to each other, or mirror each other, are as long within this share.
ALIKE = 0.03
# Chord over length of what counts as straight, and as a curve.
_STRAIGHT, _CURVED = 0.995, 0.985
# Smaller pieces are trim.
_TORSO_M, _LEG_M, _SLEEVE_M = 0.30, 0.25, 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceSide:
    """A side of a piece: a row of edges between two corners, walked counter-clockwise.

    Attributes:
        runs: Its edges in the order they are walked.
        start_m: Where it begins in the panel, shape (2,).
        stop_m: Where it ends, shape (2,).
        length_m: Its length.
    """

    runs: tuple[Run, ...]
    start_m: NDArray[np.float64]
    stop_m: NDArray[np.float64]
    length_m: float

    @property
    def straightness(self) -> float:
        """Chord over length."""
        return float(np.linalg.norm(self.stop_m - self.start_m)) / self.length_m


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A panel that was recognised.

    Attributes:
        panel: Name of the panel.
        role: What it is.
        sides: Counter-clockwise from the hem; of a band, from its longer side.
        up_rad: Direction in the panel that points up on the wearer, from its x axis.
    """

    panel: str
    role: Role
    sides: tuple[PieceSide, ...]
    up_rad: float

    @property
    def up(self) -> NDArray[np.float64]:
        """That direction, shape (2,)."""
        return np.array([np.cos(self.up_rad), np.sin(self.up_rad)])


def piece_of(panel: Panel) -> Piece | None:
    """Recognise a panel by its shape; none when it is nothing known."""
    sides = sides_of(panel)
    finders: dict[Role, Callable[[tuple[PieceSide, ...]], int | None]] = {
        "torso": _torso, "leg": _leg, "half torso": _half_torso, "sleeve": _sleeve, "band": _band,
    }  # fmt: skip
    for role, find in finders.items():
        hem = find(sides)
        if hem is not None:
            ordered = (*sides[hem:], *sides[:hem])
            along = ordered[0].stop_m - ordered[0].start_m
            # The inside lies to the left of a side that is walked counter-clockwise.
            up = float(np.arctan2(along[0], -along[1]))
            return Piece(panel=panel.name, role=role, sides=ordered, up_rad=up)
    return None


def sides_of(panel: Panel) -> tuple[PieceSide, ...]:
    """Sides of a panel between its corners, counter-clockwise."""
    n, left = len(panel.edges), turns_left(panel)
    order = list(range(n)) if left else list(range(n - 1, -1, -1))
    walked = [panel.points_m(i, np.linspace(0, 1, 41)) for i in order]
    if not left:
        walked = [points[::-1] for points in walked]
    first = np.array([_direction(points[0], points[2]) for points in walked])
    last = np.array([_direction(points[-3], points[-1]) for points in walked])
    turn = (first - np.roll(last, 1) + np.pi) % (2 * np.pi) - np.pi
    starts = np.flatnonzero(np.abs(turn) > CORNER_RAD).tolist()
    sides = []
    for k, begin in enumerate(starts):
        end = starts[(k + 1) % len(starts)]
        members = [(begin + j) % n for j in range((end - begin - 1) % n + 1)]
        runs = tuple(_run(panel.name, order[m], forward=left) for m in members)
        points = walked[members[0]][0], walked[members[-1]][-1]
        length_m = sum(panel.length_m(order[m]) for m in members)
        sides.append(PieceSide(runs=runs, start_m=points[0], stop_m=points[1], length_m=length_m))
    return tuple(sides)


def _run(panel: str, edge: int, *, forward: bool) -> Run:
    if forward:
        return Run(panel=panel, edge=edge)
    return Run(panel=panel, edge=edge, start=1.0, stop=0.0)


def _direction(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.arctan2(b[1] - a[1], b[0] - a[0]))


def alike(a: float, b: float) -> bool:
    """Whether two lengths can be the same side twice."""
    return abs(a - b) <= ALIKE * max(a, b)


def _turned(sides: tuple[PieceSide, ...]) -> Iterator[tuple[int, list[PieceSide]]]:
    """The sides from each of them on."""
    for k in range(len(sides)):
        yield k, [*sides[k:], *sides[:k]]


def _torso(sides: tuple[PieceSide, ...]) -> int | None:
    """Hem of a front or back in one piece: side, armhole and shoulder are there twice."""
    if len(sides) != 8:
        return None
    found = []
    for k, (hem, *up, neck) in _turned_to_neck(sides):
        right, left = up[:3], up[:2:-1]
        twins = all(alike(a.length_m, b.length_m) for a, b in zip(right, left, strict=True))
        if twins and right[1].straightness < _CURVED and right[0].length_m > right[2].length_m:
            found.append((_chord_m(hem), k, neck))
    if not found:
        return None
    chord_m, k, _ = max(found, key=lambda item: item[0])
    return k if chord_m > _TORSO_M else None


def _turned_to_neck(sides: tuple[PieceSide, ...]) -> Iterator[tuple[int, list[PieceSide]]]:
    """Hem, the three sides up to the neck, the three down from it, and the neck."""
    for k, (hem, a, b, c, neck, d, e, f) in _turned(sides):
        yield k, [hem, a, b, c, d, e, f, neck]


def _half_torso(sides: tuple[PieceSide, ...]) -> int | None:
    """Hem of half a front or back: a straight centre, armhole and neck curved in."""
    if len(sides) != 6:
        return None
    found = []
    for k, turned in _turned(sides):
        for centre, neck, shoulder, armhole, side in (turned[1:], turned[:0:-1]):
            if (
                centre.straightness > _STRAIGHT
                and max(neck.straightness, armhole.straightness) < _CURVED
                and centre.length_m > max(neck.length_m, shoulder.length_m)
                and side.length_m > shoulder.length_m
                and _chord_m(turned[0]) > _TORSO_M / 2
            ):
                found.append((centre.length_m, k))
    return max(found)[1] if found else None


def _leg(sides: tuple[PieceSide, ...]) -> int | None:
    """Hem of a leg in one piece: inseams alike beside it, then crotch curves, then the waist."""
    if len(sides) != 6:
        return None
    found = []
    for k, (_, inseam, crotch, waist, other_crotch, other_inseam) in _turned(sides):
        curved = max(crotch.straightness, other_crotch.straightness)
        if (
            alike(inseam.length_m, other_inseam.length_m)
            and curved < _CURVED
            and waist.length_m > _LEG_M
        ):
            found.append((curved, k))
    return min(found)[1] if found else None


def _sleeve(sides: tuple[PieceSide, ...]) -> int | None:
    """Hem of a sleeve: underarms alike, and a cap that is longer than the hem."""
    if len(sides) != 4:
        return None
    for k, (hem, under, cap, other_under) in _turned(sides):
        if (
            alike(under.length_m, other_under.length_m)
            and cap.straightness < _CURVED
            and cap.length_m > 1.05 * hem.length_m
            and _chord_m(cap) > _SLEEVE_M
        ):
            return k
    return None


def _band(sides: tuple[PieceSide, ...]) -> int | None:
    """Longer side of a straight strip."""
    if len(sides) != 4:
        return None
    for k, (long, end, other, other_end) in _turned(sides):
        if (
            min(long.straightness, other.straightness) > _STRAIGHT
            and long.length_m >= other.length_m > 3 * max(end.length_m, other_end.length_m)
            and alike(long.length_m, other.length_m)
        ):
            return k
    return None


def _chord_m(side: PieceSide) -> float:
    return float(np.linalg.norm(side.stop_m - side.start_m))
