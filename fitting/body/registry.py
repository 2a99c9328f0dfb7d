"""Every measure this project knows: name, definition, how the tape lies, where surveys keep it.

Definitions are in our words after ISO 8559-1; clause numbers are those quoted by open tools and
stand only where they were found. Breadths and depths are callipers' widths at a girth's level.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["height", "girth", "length", "width", "mass"]
Rule = Literal["horizontal", "across the limb", "tilted", "along the surface", "straight", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure.

    Attributes:
        key: Its name here and in files.
        kind: What sort of quantity it is.
        rule: In which plane or how the tape lies.
        definition: Where it is taken.
        range_m: Widest range of living adults [m]; of a mass [kg].
        clause: Clause of ISO 8559-1, ``None`` where it is not known or not of the standard.
        ansur: Column of ANSUR II that is nearest.
        same_as_ansur: Whether that column has the same definition; if not, the learned prior holds
            an offset per sex.
        tolerance_m: Within how much a fitted body answers it.
    """

    key: str
    kind: Kind
    rule: Rule
    definition: str
    range_m: tuple[float, float]
    clause: str | None = None
    ansur: str | None = None
    same_as_ansur: bool = True
    tolerance_m: float = 2e-3


def _maker(kind: Kind, rule: Rule) -> Callable[..., Measure]:
    def make(
        key: str, definition: str, low_m: float, high_m: float, *, clause: str | None = None,
        ansur: str | None = None, same_as_ansur: bool = True,
    ) -> Measure:  # fmt: skip
        return Measure(
            key=key, kind=kind, rule=rule, definition=definition, range_m=(low_m, high_m),
            clause=clause, ansur=ansur, same_as_ansur=same_as_ansur,
        )  # fmt: skip

    return make


_height, _width = _maker("height", "straight"), _maker("width", "straight")
_level, _limb = _maker("girth", "horizontal"), _maker("girth", "across the limb")
_tilted, _length = _maker("girth", "tilted"), _maker("length", "along the surface")

MEASURES = (
    _height("stature", "Top of the head to the floor.", 1.30, 2.25,
            clause="5.1.1", ansur="stature"),
    _height("cervicale_height", "C7 to the floor.", 1.08, 1.98,
            ansur="cervicaleheight", same_as_ansur=False),
    _height("shoulder_height", "Acromion to the floor.", 1.02, 1.90,
            ansur="acromialheight", same_as_ansur=False),
    _height("waist_height", "Level of the waist to the floor.", 0.75, 1.45),
    _height("navel_height", "Navel to the floor.", 0.72, 1.40,
            ansur="waistheightomphalion", same_as_ansur=False),
    _height("hip_height", "Level of the hip girth to the floor.", 0.58, 1.20,
            ansur="buttockheight", same_as_ansur=False),
    _height("inside_leg_height", "Crotch to the floor.", 0.55, 1.10,
            clause="5.1.15", ansur="crotchheight"),
    _height("knee_height", "Middle of the kneecap to the floor.", 0.33, 0.68,
            ansur="kneeheightmidpatella", same_as_ansur=False),
    _level("head_girth", "Largest, above the ears.", 0.48, 0.68,
           ansur="headcircumference", same_as_ansur=False),
    _tilted("neck_girth", "Below the Adam's apple, across the neck's axis.", 0.25, 0.58,
           clause="5.3.2", ansur="neckcircumference"),
    _tilted("neck_base_girth", "Over C7, the side and the front neck points.", 0.28, 0.66,
           ansur="neckcircumferencebase", same_as_ansur=False),
    _level("bust_girth", "At the bust points, arms left out; men: chest.", 0.62, 1.70,
           clause="5.3.4", ansur="chestcircumference"),
    _level("under_bust_girth", "At the crease below the breasts.", 0.58, 1.55,
           clause="5.3.6"),
    _level("waist_girth", "Between lowest rib and iliac crest: at 35 % of the way "
           "from the navel up to the bust points.", 0.48, 1.70, clause="5.3.10"),
    _level("waist_navel_girth", "At the navel; not the waist of the standard.",
           0.50, 1.75, ansur="waistcircumference"),
    _level("high_hip_girth", "Midway between the navel and the level of the hip.",
           0.55, 1.75),
    _level("hip_girth", "Largest above the crotch.", 0.65, 1.75,
           clause="5.3.13", ansur="buttockcircumference"),
    _tilted("armscye_girth", "Over the acromion and through the armpit.", 0.26, 0.78),
    _limb("upper_arm_girth", "Middle of the upper arm, relaxed.", 0.17, 0.58,
           clause="5.3.16", ansur="bicepscircumferenceflexed", same_as_ansur=False),
    _limb("elbow_girth", "At the elbow.", 0.17, 0.48),
    _limb("forearm_girth", "Largest of the forearm, relaxed.", 0.16, 0.46,
           ansur="forearmcircumferenceflexed", same_as_ansur=False),
    _limb("wrist_girth", "At the head of the ulna.", 0.12, 0.24,
           clause="5.3.19", ansur="wristcircumference"),
    _limb("thigh_girth", "Below the fold of the buttock.", 0.35, 0.95,
           clause="5.3.20", ansur="thighcircumference"),
    _limb("knee_girth", "At the middle of the kneecap.", 0.27, 0.62,
           clause="5.3.22"),
    _limb("calf_girth", "Largest, across the shin.", 0.24, 0.60,
           clause="5.3.24", ansur="calfcircumference"),
    _limb("ankle_girth", "Above the ankle, where it is about smallest.", 0.16, 0.36,
           ansur="anklecircumference", same_as_ansur=False),
    _length("shoulder_width", "Acromion to acromion over C7.", 0.28, 0.60,
            clause="5.4.2"),
    _length("shoulder_length", "Side neck point to acromion.", 0.08, 0.22,
            ansur="shoulderlength", same_as_ansur=False),
    _length("across_back_width", "Between the back folds of the armpits.", 0.24, 0.58,
            ansur="interscyei", same_as_ansur=False),
    _length("across_chest_width", "Between the front folds of the armpits.", 0.22, 0.56),
    _length("back_neck_to_waist", "C7 down to the level of the waist.", 0.30, 0.62, clause="5.4.5"),
    _length("back_neck_to_navel", "C7 down to the level of the navel.", 0.32, 0.70,
            ansur="waistbacklength", same_as_ansur=False),
    _length("front_neck_to_waist", "Side neck point over the bust point to the level of the waist.",
            0.28, 0.68),
    _length("side_neck_to_bust_point", "Side neck point to bust point.", 0.16, 0.48),
    _length("total_crotch_length", "Front waist through the crotch to the back waist.", 0.50, 1.45,
            clause="5.4.18"),
    _length("navel_crotch_length", "Navel through the crotch to its level at the back.", 0.40, 1.35,
            ansur="crotchlengthomphalion", same_as_ansur=False),
    _length("arm_length", "Acromion over the elbow to the head of the ulna.", 0.36, 0.80,
            clause="5.7.8", ansur="sleeveoutseam", same_as_ansur=False),
    _length("upper_arm_length", "Acromion to the elbow.", 0.22, 0.48,
            ansur="acromionradialelength", same_as_ansur=False),
    _width("shoulder_breadth", "Acromion to acromion, straight.", 0.26, 0.52,
           ansur="biacromialbreadth", same_as_ansur=False),
    _width("bust_point_width", "Between the bust points.", 0.12, 0.36),
    _width("bust_breadth", "Width of the chest at the bust points.", 0.20, 0.54,
           ansur="chestbreadth"),
    _width("bust_depth", "Depth of the chest at the bust points.", 0.13, 0.52,
           ansur="chestdepth"),
    _width("waist_navel_breadth", "Width at the navel.", 0.18, 0.60,
           ansur="waistbreadth"),
    _width("waist_navel_depth", "Depth at the navel.", 0.12, 0.58,
           ansur="waistdepth"),
    _width("hip_breadth", "Width at the level of the hip.", 0.22, 0.60,
           ansur="hipbreadth"),
    _width("hip_depth", "Depth at the level of the hip.", 0.14, 0.52,
           ansur="buttockdepth"),
    Measure(key="mass_kg", kind="mass", rule="none", definition="Mass; weak evidence only.",
            range_m=(35, 220), clause="5.6.1", ansur="weightkg"),
)  # fmt: skip

REGISTRY: dict[str, Measure] = {measure.key: measure for measure in MEASURES}
# Measures that a tape or calliper takes on a body, in order.
GEOMETRIC: tuple[str, ...] = tuple(m.key for m in MEASURES if m.kind != "mass")
