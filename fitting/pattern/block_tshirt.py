"""A T-shirt drafted for a body: front, back and two set-in sleeves.

A flat draft by chest proportions: quarter chest plus ease for the width, armhole depth from the
chest, neck from the neck girth, and a sleeve cap whose height is solved so that it fits the
armhole with two per cent of ease. Size steps are those of EN 13402-3: four centimetres of chest.
"""

from dataclasses import dataclass

import numpy as np

from fitting.body.measurements import Measurements
from fitting.errors import PatternError
from fitting.pattern.curve import Edge
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.seam import Seam

SIZE_STEP_M = 0.04
CAP_EASE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class TshirtEase:
    """What is added to the body, whole girths.

    Attributes:
        bust_m: At the bust.
        hem_m: Over the hip, at the hem.
        upper_arm_m: At the upper arm.
        sleeve_m: Length of the sleeve from the underarm.
    """

    bust_m: float = 0.08
    hem_m: float = 0.03
    upper_arm_m: float = 0.075
    sleeve_m: float = 0.11


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lengths:
    """Everything the draft needs [m]; ``half`` means half of one panel's width."""

    half_chest: float
    half_hem: float
    half_shoulder: float
    half_neck: float
    neck_drop_front: float
    neck_drop_back: float
    shoulder_drop: float
    armhole_depth: float
    body_length: float
    half_sleeve: float
    half_cuff: float
    sleeve: float


def draft_tshirt(
    measurements: Measurements, *, ease: TshirtEase | None = None, size_step: int = 0
) -> Pattern:
    """Draft a T-shirt.

    Args:
        measurements: Stature and bust girth are needed; the rest is estimated from them.
        ease: What is added to the body.
        size_step: Sizes up or down, four centimetres of chest each.

    Raises:
        PatternError: If a needed measure is missing, or the step leaves no garment.
    """
    if measurements.stature is None or measurements.bust_girth is None:
        raise PatternError("a T-shirt needs stature and bust_girth; one of them was not given")
    lengths = _lengths(measurements, ease or TshirtEase(), size_step * SIZE_STEP_M)
    if lengths.half_chest <= lengths.half_neck + 0.03:
        raise PatternError(f"size step {size_step:+d} leaves no T-shirt for this body")
    front = _torso("front", lengths, lengths.neck_drop_front)
    back = _torso("back", lengths, lengths.neck_drop_back)
    armhole_m = front.length_m(2) + back.length_m(2)
    left, right = (_sleeve(side, lengths, armhole_m) for side in ("l", "r"))
    return Pattern(name="T-shirt", panels=(front, back, left, right), seams=_seams())


def _lengths(m: Measurements, ease: TshirtEase, step_m: float) -> _Lengths:
    """Take what was taped, and proportions of stature and bust for what was not."""
    stature, bust = m.stature or 0.0, m.bust_girth or 0.0
    hip = m.hip_girth or 0.55 * bust + 0.47
    neck = m.neck_girth or 0.25 * bust + 0.10
    arm = m.upper_arm_girth or 0.29 * bust
    shoulder = m.shoulder_width or 0.13 * stature + 0.18 * bust
    chest = bust + ease.bust_m + step_m
    half_neck = neck / 5 + 0.005
    half_sleeve = (arm + ease.upper_arm_m + 0.35 * step_m) / 2
    return _Lengths(
        half_chest=chest / 4,
        half_hem=max(hip + ease.hem_m + step_m, chest - 0.04) / 4,
        half_shoulder=shoulder / 2 + 0.005 + step_m / 8,
        half_neck=half_neck,
        neck_drop_front=neck / 5 + 0.02,
        neck_drop_back=0.022,
        shoulder_drop=0.22 * (shoulder / 2 - half_neck) + 0.012,
        armhole_depth=0.10 * bust + 0.125 + step_m / 8,
        body_length=0.385 * stature + step_m / 4,
        half_sleeve=half_sleeve,
        half_cuff=0.93 * half_sleeve,
        sleeve=ease.sleeve_m,
    )


def _torso(name: str, q: _Lengths, neck_drop: float) -> Panel:
    """Front or back; x to the wearer's left, y from the hem up. The back runs clockwise."""
    top, tip = q.body_length, q.body_length - q.shoulder_drop
    underarm = q.body_length - q.armhole_depth
    depth = tip - underarm
    scoop = 0.016 if name == "front" else 0.008
    right_half = [
        (0.0, 0.0), (q.half_hem, 0.0), (q.half_chest, underarm), (q.half_shoulder, tip),
        (q.half_neck, top),
    ]  # fmt: skip
    corners = [*right_half[1:], *((-x, y) for x, y in reversed(right_half[1:]))]
    low = (q.half_shoulder - scoop, underarm)
    high = (q.half_shoulder - scoop, tip - 0.55 * depth)
    neck = (q.half_neck * 0.75, top - neck_drop * 4 / 3)
    # Corners: 0 hem, 1 underarm, 2 shoulder tip, 3 neck, then the same mirrored back to the hem.
    edges = [
        Edge(start=7, stop=0, label="hem"),
        Edge(start=0, stop=1, label="side_l"),
        Edge(start=1, stop=2, controls_m=(low, high), label="armhole_l"),
        Edge(start=2, stop=3, label="shoulder_l"),
        Edge(start=3, stop=4, controls_m=(neck, (-neck[0], neck[1])), label="neck"),
        Edge(start=4, stop=5, label="shoulder_r"),
        Edge(start=5, stop=6, controls_m=((-high[0], high[1]), (-low[0], low[1])),
             label="armhole_r"),
        Edge(start=6, stop=7, label="side_r"),
    ]  # fmt: skip
    front = name == "front"
    return Panel(
        name=name,
        vertices_m=np.array(corners),
        edges=tuple(edges) if front else _turned(edges),
        translation_m=(0.0, 0.0, 0.25 if front else -0.25),
        wrap="torso_front" if front else "torso_back",
    )


def _turned(edges: list[Edge]) -> tuple[Edge, ...]:
    """The same loop the other way round; edges keep their numbers, so each turns in place."""
    turned = [
        Edge(start=edge.stop, stop=edge.start, controls_m=edge.controls_m[::-1], label=edge.label)
        for edge in edges
    ]
    return tuple(turned[0:1] + turned[:0:-1])


def _sleeve(side: str, q: _Lengths, armhole_m: float) -> Panel:
    """Set-in sleeve: x across the arm (0 on top), y from the cuff up to the cap.

    The cap's height is found by bisection so that both halves fit the armhole.
    """
    wanted_m = armhole_m * (1 + CAP_EASE)
    half, low, high = q.half_sleeve, 0.02, 0.22
    while _cap_m(half, low) > wanted_m:
        half *= 0.97
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _cap_m(half, middle) < wanted_m else (low, middle)
    height = (low + high) / 2
    cuff = min(q.half_cuff, half)
    corners = [
        (-cuff, 0.0), (cuff, 0.0), (half, q.sleeve), (0.0, q.sleeve + height), (-half, q.sleeve),
    ]  # fmt: skip
    front, back = _cap_controls(half, q.sleeve, height)
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


def _seams() -> tuple[Seam, ...]:
    """Edge n of the front meets edge 8 - n of the back, which runs the other way round."""
    sides = [(1, 7), (3, 5), (5, 3), (7, 1)]
    seams = [Seam(side_a=("front", a), side_b=("back", b)) for a, b in sides]
    for side, armhole in (("l", 2), ("r", 6)):
        sleeve = f"sleeve_{side}"
        seams += [
            Seam(side_a=(sleeve, 1), side_b=(sleeve, 4)),
            # The cap runs from the underarm up, as the armhole of the left front does.
            Seam(side_a=(sleeve, 2), side_b=("front", armhole), reversed=side == "r"),
            Seam(side_a=(sleeve, 3), side_b=("back", 8 - armhole), reversed=side == "r"),
        ]
    return tuple(seams)
