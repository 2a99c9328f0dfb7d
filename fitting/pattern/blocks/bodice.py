"""Fronts, backs and set-in sleeves: what shirts, base layers and tanks have in common."""

from dataclasses import dataclass

import numpy as np

from fitting.errors import PatternError
from fitting.pattern.model import Edge, Panel, Pattern
from fitting.pattern.seam import Seam

CAP_EASE = 0.02
_CAP_LOW_M = 0.02
_CAP_HIGH_M = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class BodiceLengths:
    """Everything a front or back needs [m]; ``half`` means half of one panel's width.

    Attributes:
        half_hem: At the hem.
        half_chest: At the underarm.
        half_shoulder: At the tip of the shoulder.
        half_neck: At the side of the neck.
        neck_drop_front: Depth of the front neckline.
        neck_drop_back: Depth of the back neckline.
        shoulder_drop: How much the tip lies below the side of the neck.
        armhole_depth: Side of the neck to the underarm.
        body_length: Side of the neck to the hem.
        scoop_front: How far the front armhole is cut in.
        scoop_back: How far the back armhole is cut in.
        half_waist: At the waist, where the side is shaped.
        waist_level: Height of the waist above the hem, where the side is shaped.
    """

    half_hem: float
    half_chest: float
    half_shoulder: float
    half_neck: float
    neck_drop_front: float
    neck_drop_back: float
    shoulder_drop: float
    armhole_depth: float
    body_length: float
    scoop_front: float = 0.016
    scoop_back: float = 0.008
    half_waist: float | None = None
    waist_level: float = 0.0

    def checked(self, garment: str) -> "BodiceLengths":
        """Itself, if a garment can be cut from it.

        Raises:
            PatternError: If neck, shoulder or armhole leave no cloth.
        """
        depth = self.armhole_depth - self.shoulder_drop
        if (
            self.half_chest <= self.half_neck + 0.03
            or min(self.half_hem, self.half_waist or self.half_hem) < 0.08
            or self.half_shoulder <= self.half_neck + 0.015
            or depth <= 0.05
            or self.body_length <= self.armhole_depth + 0.03
        ):
            raise PatternError(f"these sizes leave no {garment}: ease or size step is too small")
        return self


def bodice_panel(name: str, q: BodiceLengths) -> Panel:
    """Front or back; x to the wearer's left, y from the hem up. The back runs clockwise."""
    front = name == "front"
    top, tip = q.body_length, q.body_length - q.shoulder_drop
    underarm = q.body_length - q.armhole_depth
    depth = tip - underarm
    scoop = q.scoop_front if front else q.scoop_back
    neck_drop = q.neck_drop_front if front else q.neck_drop_back
    right_half = [
        (q.half_hem, 0.0), (q.half_chest, underarm), (q.half_shoulder, tip), (q.half_neck, top),
    ]  # fmt: skip
    corners = [*right_half, *((-x, y) for x, y in reversed(right_half))]
    low = (min(q.half_shoulder, q.half_chest) - scoop, underarm)
    high = (q.half_shoulder - scoop, tip - 0.55 * depth)
    neck = (q.half_neck * 0.75, top - neck_drop * 4 / 3)
    waist = () if q.half_waist is None else ((q.half_waist, q.waist_level),)
    other = tuple((-x, y) for x, y in waist)
    shaped = bool(waist)
    # Corners: 0 hem, 1 underarm, 2 shoulder tip, 3 neck, then the same mirrored back to the hem.
    edges = [
        Edge(start=7, stop=0, label="hem"),
        Edge(start=0, stop=1, through_m=waist, smooth=shaped, label="side_l"),
        Edge(start=1, stop=2, controls_m=(low, high), label="armhole_l"),
        Edge(start=2, stop=3, label="shoulder_l"),
        Edge(start=3, stop=4, controls_m=(neck, (-neck[0], neck[1])), label="neck"),
        Edge(start=4, stop=5, label="shoulder_r"),
        Edge(start=5, stop=6, controls_m=((-high[0], high[1]), (-low[0], low[1])),
             label="armhole_r"),
        Edge(start=6, stop=7, through_m=other, smooth=shaped, label="side_r"),
    ]  # fmt: skip
    return Panel(
        name=name,
        vertices_m=np.array(corners),
        edges=tuple(edges) if front else _turned(edges),
        translation_m=(0.0, 0.0, 0.25 if front else -0.25),
        wrap="torso_front" if front else "torso_back",
    )


def _turned(edges: list[Edge]) -> tuple[Edge, ...]:
    """The same loop the other way round; the hem stays edge 0, edge n becomes 8 - n."""
    turned = [
        Edge(
            start=edge.stop, stop=edge.start, controls_m=edge.controls_m[::-1],
            through_m=edge.through_m[::-1], smooth=edge.smooth, label=edge.label,
        )
        for edge in edges
    ]  # fmt: skip
    return tuple(turned[0:1] + turned[:0:-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeveLengths:
    """Everything a set-in sleeve needs [m].

    Attributes:
        half_width: Half of its width at the underarm.
        half_cuff: Half of its width at the cuff.
        underarm: Length of the underarm seam; none when `total` rules.
        total: Top of the cap to the cuff; none when `underarm` rules.
    """

    half_width: float
    half_cuff: float
    underarm: float | None = None
    total: float | None = None


def set_in_sleeve(side: str, q: SleeveLengths, armhole_m: float) -> Panel:
    """Set-in sleeve: x across the arm (0 on top, front positive), y from the cuff up to the cap.

    The cap's height is found by bisection so that both halves fit the armhole with 2 % of ease. A
    sleeve too wide for its armhole becomes narrower.

    Raises:
        PatternError: If no cap fits the armhole.
    """
    wanted_m = armhole_m * (1 + CAP_EASE)
    half, low, high = q.half_width, _CAP_LOW_M, _CAP_HIGH_M
    while _cap_m(half, low) > wanted_m:
        half *= 0.97
    if _cap_m(half, high) < wanted_m:
        raise PatternError(
            f"a sleeve {2 * half * 100:.1f} cm wide fits no armhole of {armhole_m * 100:.1f} cm"
        )
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _cap_m(half, middle) < wanted_m else (low, middle)
    height = (low + high) / 2
    length = q.underarm if q.underarm is not None else (q.total or 0.0) - height
    if length < 0.01:
        raise PatternError(f"a sleeve of {length * 100:.1f} cm below the underarm is none")
    cuff = min(q.half_cuff, half)
    corners = [
        (-cuff, 0.0), (cuff, 0.0), (half, length), (0.0, length + height), (-half, length),
    ]  # fmt: skip
    front, back = _cap_controls(half, length, height)
    edges = (
        Edge(start=0, stop=1, label="cuff"),
        Edge(start=1, stop=2, label="underarm_front"),
        Edge(start=2, stop=3, controls_m=front, label="cap_front"),
        Edge(start=3, stop=4, controls_m=back, label="cap_back"),
        Edge(start=4, stop=0, label="underarm_back"),
    )
    return Panel(
        name=f"sleeve_{side}",
        vertices_m=np.array(corners),
        edges=edges,
        translation_m=(0.5 if side == "l" else -0.5, 0.0, 0.0),
        wrap="sleeve_l" if side == "l" else "sleeve_r",
    )


def _cap_controls(
    half: float, base: float, height: float
) -> tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]:
    """Control points of the front half (underarm to top) and the back half (top to underarm)."""
    low, high = (0.52 * half, base), (0.46 * half, base + height)
    return (low, high), ((-high[0], high[1]), (-low[0], low[1]))


def _cap_m(half: float, height: float) -> float:
    """Length of the whole cap."""
    front, _ = _cap_controls(half, 0.0, height)
    panel = Panel(
        name="cap",
        vertices_m=np.array([[half, 0.0], [0.0, height]]),
        edges=(Edge(start=0, stop=1, controls_m=front),),
    )
    return 2 * panel.length_m(0)


def armhole_m(front: Panel, back: Panel) -> float:
    """Length of one armhole."""
    return front.length_m(2) + back.length_m(2)


def bodice_seams(*, sleeves: bool) -> tuple[Seam, ...]:
    """Edge n of the front meets edge 8 - n of the back, which runs the other way round."""
    sides = [(1, 7), (3, 5), (5, 3), (7, 1)]
    seams = [Seam(side_a=("front", a), side_b=("back", b)) for a, b in sides]
    for side, armhole in (("l", 2), ("r", 6)) if sleeves else ():
        sleeve = f"sleeve_{side}"
        seams += [
            Seam(side_a=(sleeve, 1), side_b=(sleeve, 4)),
            # The cap runs from the underarm up, as the armhole of the left front does.
            Seam(side_a=(sleeve, 2), side_b=("front", armhole), reversed=side == "r"),
            Seam(side_a=(sleeve, 3), side_b=("back", 8 - armhole), reversed=side == "r"),
        ]
    return tuple(seams)


def sewn_bodice(name: str, lengths: BodiceLengths, sleeve: SleeveLengths | None = None) -> Pattern:
    """Front and back, and two set-in sleeves where a sleeve is given.

    Args:
        name: Name of the garment.
        lengths: Of front and back.
        sleeve: Of both sleeves.

    Raises:
        PatternError: If neck, shoulder, armhole or cap leave no cloth.
    """
    lengths = lengths.checked(name)
    panels = [bodice_panel("front", lengths), bodice_panel("back", lengths)]
    if sleeve is not None:
        hole_m = armhole_m(*panels)
        panels += [set_in_sleeve(side, sleeve, hole_m) for side in ("l", "r")]
    return Pattern(name=name, panels=tuple(panels), seams=bodice_seams(sleeves=sleeve is not None))
