"""How the panels of FreeSewing designs are sewn, by the names of their points.

FreeSewing files state no seams. A stretch is (panel, first point, last point) along the outline,
the shorter way round; stretches of a side follow each other, and both sides are walked in parallel.
A panel on a fold has a second half, ``NAME'``; a copy for the other side is called
``NAME right`` or ``NAME left``.
"""

from dataclasses import dataclass

from fitting.pattern.model import Half, Wrap

Stretch = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one design is sewn.

    Attributes:
        places: Where panels go: (part, wrap, half).
        copies: Parts that the garment has twice: (part, wrap of the copy).
        seams: Both sides of each seam.
        left_out: Parts that are folded over edges or hidden, and why they are not draped.
    """

    places: tuple[tuple[str, Wrap, Half], ...]
    copies: tuple[tuple[str, Wrap], ...] = ()
    seams: tuple[tuple[tuple[Stretch, ...], tuple[Stretch, ...]], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def _both_halves(
    front: str, back: str, pairs: tuple[tuple[str, str], ...]
) -> tuple[tuple[tuple[Stretch, ...], tuple[Stretch, ...]], ...]:
    """Seams between front and back that both halves have."""
    return tuple(
        (((front + half, a, b),), ((back + half, a, b),)) for half in ("", "'") for a, b in pairs
    )


def _set_in_sleeves(
    front: str, back: str, sleeve: str, hem: tuple[str, str]
) -> tuple[tuple[tuple[Stretch, ...], tuple[Stretch, ...]], ...]:
    """Cap from the front underarm over the shoulder to the back, and the underarm seam."""
    seams = []
    for half, name in (("", sleeve), ("'", f"{sleeve} right")):
        cap = ((name, "bicepsRight", "capQ2"), (name, "capQ2", "capQ3"),
               (name, "capQ3", "bicepsLeft"))  # fmt: skip
        armhole = ((front + half, "armhole", "shoulder"), (back + half, "shoulder", "armhole"))
        seams += [(cap, armhole)]
        seams += [(((name, "bicepsRight", hem[1]),), ((name, "bicepsLeft", hem[0]),))]
    return tuple(seams)


_TORSO: tuple[tuple[Wrap, Half], ...] = (("torso_front", "whole"), ("torso_back", "whole"))

RECIPES: dict[str, Recipe] = {
    "aaron": Recipe(
        places=(("aaron.front", *_TORSO[0]), ("aaron.back", *_TORSO[1])),
        seams=_both_halves(
            "aaron.front", "aaron.back", (("hem", "armhole"), ("strapRight", "strapLeft"))
        ),
        left_out=(
            ("aaron.armBinding", "binding is folded over the armhole"),
            ("aaron.neckBinding", "binding is folded over the neckline"),
        ),
    ),
    "brian": Recipe(
        places=(
            ("brian.front", *_TORSO[0]), ("brian.back", *_TORSO[1]),
            ("library.sleeve", "sleeve_l", "whole"),
        ),
        copies=(("library.sleeve", "sleeve_r"),),
        seams=(
            *_both_halves(
                "brian.front", "brian.back", (("hem", "armhole"), ("shoulder", "neck"))
            ),
            *_set_in_sleeves(
                "brian.front", "brian.back", "library.sleeve", ("wristLeft", "wristRight")
            ),
        ),
    ),
    "teagan": Recipe(
        places=(
            ("teagan.front", *_TORSO[0]), ("teagan.back", *_TORSO[1]),
            ("teagan.sleeve", "sleeve_l", "whole"),
        ),
        copies=(("teagan.sleeve", "sleeve_r"),),
        seams=(
            *_both_halves(
                "teagan.front", "teagan.back", (("hem", "armhole"), ("shoulder", "neck"))
            ),
            *_set_in_sleeves(
                "teagan.front", "teagan.back", "teagan.sleeve", ("hemLeft", "hemRight")
            ),
        ),
    ),
    "paco": Recipe(
        places=(
            ("paco.front", "leg_r", "front"), ("paco.back", "leg_r", "back"),
            ("paco.cuff", "ankle_r", "whole"), ("paco.waistband", "waist", "whole"),
        ),
        copies=(
            ("paco.front", "leg_l"), ("paco.back", "leg_l"), ("paco.cuff", "ankle_l"),
        ),
        seams=(
            *(
                seam
                for side in ("", " left")
                for seam in (
                    (
                        (("paco.front" + side, "fork", "floorIn"),),
                        (("paco.back" + side, "fork", "floorIn"),),
                    ),
                    (
                        (("paco.front" + side, "styleWaistOut", "floorOut"),),
                        (("paco.back" + side, "styleWaistOut", "floorOut"),),
                    ),
                    (
                        (("paco.cuff" + side, "topLeft", "bottomLeft"),),
                        (
                            ("paco.front" + side, "floorIn", "floorOut"),
                            ("paco.back" + side, "floorOut", "floorIn"),
                        ),
                    ),
                    (
                        (("paco.cuff" + side, "topLeft", "topRight"),),
                        (("paco.cuff" + side, "bottomLeft", "bottomRight"),),
                    ),
                )
            ),
            (
                (("paco.front", "styleWaistIn", "fork"),),
                (("paco.front left", "styleWaistIn", "fork"),),
            ),
            (
                (("paco.back", "styleWaistIn", "fork"),),
                (("paco.back left", "styleWaistIn", "fork"),),
            ),
            (
                (("paco.waistband", "topLeft", "bottomLeft"),),
                (
                    ("paco.front", "styleWaistIn", "styleWaistOut"),
                    ("paco.back", "styleWaistOut", "styleWaistIn"),
                    ("paco.back left", "styleWaistIn", "styleWaistOut"),
                    ("paco.front left", "styleWaistOut", "styleWaistIn"),
                ),
            ),
            (
                (("paco.waistband", "topLeft", "topRight"),),
                (("paco.waistband", "bottomLeft", "bottomRight"),),
            ),
        ),
        left_out=(("paco.frontPocketBag", "the pocket bag hangs inside the front"),),
    ),
}  # fmt: skip
