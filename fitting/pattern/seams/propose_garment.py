"""Seams and places of a whole garment whose pieces are recognised by their shape.

Knows tops (fronts, backs, sleeves or none) and legs in one piece with or without a waistband. Each
piece is seen from outside, its right side up; sides run counter-clockwise, so that the sides of a
seam are walked against each other. What is left out (plackets, collars, facings) is said. A
proposal is a suggestion: a person confirms it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.model import Panel, Pattern, Wrap
from fitting.pattern.panels.fold import Frame, framed_panel, mirrored_panel
from fitting.pattern.seam import Seam
from fitting.pattern.seams.pieces import Piece, PieceSide, alike, piece_of
from fitting.pattern.seams.seams_file import SeamNote
from fitting.pattern.wraps import half_named, side_named, words_of

# Lengths of two sides of a seam differ by about this share; beyond the second they are none.
LENGTH_SPREAD, _MOST = 0.06, 0.2
_SURE = 0.95
_WAIST_WORDS = {"wb", "waistband", "belt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Garment:
    """A garment put together.

    Attributes:
        drawn: The pattern with every copy that is sewn, as it is drawn, and without seams.
        notes: Its seams.
        frames: How each piece that is sewn is turned and moved on the wearer.
        left_out: Pieces that are not sewn, and why.
    """

    drawn: Pattern
    notes: tuple[SeamNote, ...]
    frames: dict[str, Frame]
    left_out: dict[str, str]

    @property
    def sewn(self) -> Pattern:
        """The pieces that are sewn, in the frame of the wearer, with the proposed seams."""
        panels = tuple(
            framed_panel(panel, self.frames[panel.name])
            for panel in self.drawn.panels
            if panel.name in self.frames
        )
        warnings = self.drawn.warnings
        if self.left_out:
            warnings += (f"left out of the garment: {', '.join(self.left_out)}",)
        seams = tuple(note.seam for note in self.notes)
        return replace(self.drawn, panels=panels, seams=seams, warnings=warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A piece of cloth: panel and what it was recognised as."""

    panel: Panel
    piece: Piece


def propose_garment(pattern: Pattern) -> Garment | None:
    """Put a garment together; none when the file places pieces, or they are not recognised."""
    if any(panel.translation_m != (0.0, 0.0, 0.0) for panel in pattern.panels):
        return None
    cuts = [
        _Cut(panel=panel, piece=piece)
        for panel in pattern.panels
        for piece in [piece_of(panel)]
        if piece is not None
    ]
    for assembly in (_Top(cuts), _Legs(cuts)):
        if assembly.is_whole:
            return assembly.garment(pattern)
    return None


class _Assembly:
    """Pieces, seams and places, collected."""

    def __init__(self) -> None:
        self._panels: dict[str, Panel] = {}
        self._frames: dict[str, Frame] = {}
        self._notes: list[SeamNote] = []
        self._others: dict[str, str] = {}

    def garment(self, pattern: Pattern) -> Garment:
        why = "sewn on afterwards (placket, collar, binding, facing) or not recognised"
        left_out = {
            panel.name: self._others.get(panel.name, why)
            for panel in pattern.panels
            if panel.name not in self._panels
        }
        drawn = {panel.name: panel for panel in pattern.panels} | self._panels
        return Garment(
            drawn=replace(pattern, panels=tuple(drawn.values()), seams=()),
            notes=tuple(self._notes), frames=self._frames, left_out=left_out,
        )  # fmt: skip

    def _place(self, cut: _Cut, wrap: Wrap, origin_m: NDArray[np.float64]) -> None:
        self._panels[cut.panel.name] = replace(cut.panel, wrap=wrap, half="whole")
        self._frames[cut.panel.name] = Frame(
            up_rad=cut.piece.up_rad, origin_m=(float(origin_m[0]), float(origin_m[1]))
        )

    def _sew(
        self, a: Sequence[PieceSide], b: Sequence[PieceSide], what: str, *, reversed_: bool = True
    ) -> bool:
        """Sew two rows of sides, the second walked against the first."""
        lengths = [sum(side.length_m for side in sides) for sides in (a, b)]
        ratio = max(lengths) / min(lengths)
        if ratio > 1 + _MOST:
            return False
        runs_a, runs_b = (tuple(run for side in sides for run in side.runs) for sides in (a, b))
        kind = "ease" if ratio > 1.02 else "plain"
        seam = Seam(runs_a=runs_a, runs_b=runs_b, kind=kind, reversed=reversed_)
        sure = _SURE * float(np.exp(-(((ratio - 1) / LENGTH_SPREAD) ** 2) / 2))
        why = f"{what}, by the shapes: {lengths[0] * 100:.1f} and {lengths[1] * 100:.1f} cm long"
        self._notes.append(SeamNote(seam=seam, confirmed=False, confidence=sure, why=why))
        return True


class _Top(_Assembly):
    """Fronts, backs, and sleeves where there are any."""

    def __init__(self, cuts: list[_Cut]) -> None:
        super().__init__()
        self._halves = {half: _torso_of(cuts, half) for half in ("front", "back")}
        self.is_whole = all(self._halves.values())
        if not self.is_whole:
            return
        names = {cut.panel.name for half in self._halves.values() for cut in half.values()}
        wraps: dict[str, Wrap] = {"front": "torso_front", "back": "torso_back"}
        for half, wrap in wraps.items():
            for cut in self._halves[half].values():
                self._place(cut, wrap, _torso_origin_m(cut))
        for side in "lr":
            front, back = (self._parts(half, side) for half in ("front", "back"))
            for key in ("side", "shoulder"):
                self._sew([front[key]], [back[key]], f"{key} seam")
        for half in self._halves:
            left, right = (self._parts(half, side) for side in "lr")
            if "centre" in left:
                self._sew([left["centre"]], [right["centre"]], f"middle of the {half}")
        self._sew_sleeves([cut for cut in cuts if cut.panel.name not in names])

    def _parts(self, half: str, side: str) -> dict[str, PieceSide]:
        """Sides of one half of a front or back on one side of the wearer."""
        cut = self._halves[half][side]
        # Seen from outside the wearer's left is at the right of a front and at the left of a back.
        return _torso_sides(cut.piece, right=(side == "l") == (half == "front"))

    def _sew_sleeves(self, cuts: list[_Cut]) -> None:
        sleeves = _pair([cut for cut in cuts if cut.piece.role == "sleeve"])
        if not sleeves:
            return
        named = tuple(side_named(cut.panel.name) for cut in sleeves)
        by_shape = ("l", "r") if _longer_right(sleeves[0]) else ("r", "l")
        sides = cast("tuple[str, ...]", named) if set(named) == {"l", "r"} else by_shape
        for cut, side in zip(sleeves, sides, strict=True):
            _, under, cap, other_under = cut.piece.sides
            front, back = (self._parts(half, side)["armhole"] for half in ("front", "back"))
            row = [front, back] if side == "l" else [back, front]
            # Of two sleeves that are drawn alike one shows its wrong side.
            is_right_side = _longer_right(cut) == (side == "l")
            if self._sew([cap], row, "sleeve in its armhole", reversed_=is_right_side):
                self._place(
                    cut, cast("Wrap", f"sleeve_{side}"), (under.stop_m + other_under.start_m) / 2
                )
                self._sew([under], [other_under], "underarm of a sleeve")


class _Legs(_Assembly):
    """Two legs in one piece each, and a waistband where there is one."""

    def __init__(self, cuts: list[_Cut]) -> None:
        super().__init__()
        legs = sorted(
            (cut for cut in cuts if cut.piece.role == "leg"),
            key=lambda cut: -cut.piece.sides[1].length_m,
        )
        self.is_whole = bool(legs)
        if not legs:
            return
        pair = _pair(legs)
        for cut in legs:
            if cut.panel.name not in {one.panel.name for one in pair}:
                self._others[cut.panel.name] = "another leg of the file; a garment has one of them"
        # The front crotch is the shorter one; a left leg has it at the left, seen from outside.
        shorter_left = pair[0].piece.sides[4].length_m < pair[0].piece.sides[2].length_m
        left, right = pair if shorter_left else pair[::-1]
        worn: tuple[tuple[_Cut, Wrap], ...] = ((left, "leg_l"), (right, "leg_r"))
        for cut, wrap in worn:
            hem, inseam, *_, other_inseam = cut.piece.sides
            up = cut.piece.up
            across = np.array([up[1], -up[0]])
            fork = (inseam.stop_m + other_inseam.start_m) / 2
            middle = (hem.start_m + hem.stop_m) / 2
            self._place(cut, wrap, (middle @ across) * across + (fork @ up) * up)
            self._sew([inseam], [other_inseam], "inseam")
        one, other = left.piece.sides, right.piece.sides
        self._sew([one[4]], [other[2]], "front crotch")
        self._sew([one[2]], [other[4]], "back crotch")
        self._sew_waistband([cut for cut in cuts if cut.piece.role == "band"], one[3], other[3])

    def _sew_waistband(self, bands: list[_Cut], left: PieceSide, right: PieceSide) -> None:
        waist_m = left.length_m + right.length_m
        fitting = [cut for cut in bands if alike(cut.piece.sides[0].length_m, waist_m)]
        named = [cut for cut in bands if _WAIST_WORDS & set(words_of(cut.panel.name))]
        for cut in [*fitting, *named][:1]:
            bottom, end, _, other_end = cut.piece.sides
            if self._sew([bottom], [left, right], "waistband"):
                top_m = max(
                    float(self._frames[name].seen(panel.vertices_m)[:, 1].max())
                    for name, panel in self._panels.items()
                )
                middle = (bottom.start_m + bottom.stop_m) / 2
                self._place(cut, "waist", middle - top_m * cut.piece.up)
                self._sew([end], [other_end], "ends of the waistband")


def _torso_of(cuts: list[_Cut], half: str) -> dict[str, _Cut]:
    """The cut on each side of the wearer, ``l`` and ``r``, of a front or back; none if none."""
    torso = [cut for cut in cuts if cut.piece.role in ("torso", "half torso")]
    mine = [cut for cut in torso if _half_of(cut, torso) == half]
    whole = [cut for cut in mine if cut.piece.role == "torso"]
    if whole:
        return {"l": whole[0], "r": whole[0]}
    pair = _pair(mine)
    if not pair:
        return {}
    first_left = _has_centre_left(pair[0]) == (half == "front")
    left, right = pair if first_left else pair[::-1]
    return {"l": left, "r": right}


def _half_of(cut: _Cut, torso: list[_Cut]) -> str:
    """Front or back: the name decides; else the longer neckline is in front."""
    named = half_named(cut.panel.name)
    if named:
        return named
    necks = [_neck_m(other.piece) for other in torso if other.piece.role == cut.piece.role]
    return "front" if _neck_m(cut.piece) > (min(necks) + max(necks)) / 2 else "back"


def _neck_m(piece: Piece) -> float:
    if piece.role == "torso":
        return piece.sides[4].length_m
    return _torso_sides(piece, right=_side_is_right(piece))["neck"].length_m


def _torso_sides(piece: Piece, *, right: bool) -> dict[str, PieceSide]:
    """Sides by name on the right or the left of a torso as it is seen."""
    _, *sides = piece.sides
    names = ("side", "armhole", "shoulder", "neck", "centre")
    if piece.role == "torso":
        return dict(zip(names[:3], sides[:3] if right else sides[:3:-1], strict=True))
    return dict(zip(names, sides if _side_is_right(piece) else sides[::-1], strict=True))


def _side_is_right(piece: Piece) -> bool:
    """Whether half a torso has its side seam at the right, and its centre at the left."""
    first, *_, last = piece.sides[1:]
    return (last.straightness, last.length_m) > (first.straightness, first.length_m)


def _has_centre_left(cut: _Cut) -> bool:
    return _side_is_right(cut.piece)


def _torso_origin_m(cut: _Cut) -> NDArray[np.float64]:
    """The middle of a front or back, at the height of its underarms, shape (2,)."""
    piece, up = cut.piece, cut.piece.up
    if piece.role == "torso":
        return (piece.sides[1].stop_m + piece.sides[7].start_m) / 2
    right = _side_is_right(piece)
    sides = _torso_sides(piece, right=right)
    underarm = sides["side"].stop_m if right else sides["side"].start_m
    centre = sides["centre"].start_m
    return centre + ((underarm - centre) @ up) * up


def _pair(cuts: list[_Cut]) -> tuple[_Cut, ...]:
    """A piece and the one for the other side: the file's own, or its mirror image; none if none."""
    if not cuts:
        return ()
    first = cuts[0]
    for other in cuts[1:]:
        if first.panel.n_cut == 1 and _mirrors(first, other):
            return first, other
    name = f"{first.panel.name} mirrored"
    twin = replace(mirrored_panel(first.panel, name=name), label=f"mirror of {first.panel.name}")
    piece = piece_of(twin)
    return (first, _Cut(panel=twin, piece=piece)) if piece else ()


def _mirrors(a: _Cut, b: _Cut) -> bool:
    """Whether one piece is the other one turned over."""
    return all(
        alike(one.length_m, other.length_m)
        for one, other in zip(a.piece.sides, _backwards(b.piece.sides), strict=True)
    )


def _backwards(sides: Sequence[PieceSide]) -> Iterator[PieceSide]:
    yield sides[0]
    yield from sides[:0:-1]


def _longer_right(cut: _Cut) -> bool:
    """Whether the right half of a sleeve's cap is longer: that is its back, on a left sleeve."""
    _, _, cap, _ = cut.piece.sides
    up = np.array([np.cos(cut.piece.up_rad), np.sin(cut.piece.up_rad)])
    points = [
        cut.panel.points_m(run.edge, np.linspace(run.start, run.stop, 33)) for run in cap.runs
    ]
    row = np.concatenate(points)
    steps = np.linalg.norm(np.diff(row, axis=0), axis=1)
    top = int((row @ up).argmax())
    return float(steps[:top].sum()) >= float(steps[top:].sum())
