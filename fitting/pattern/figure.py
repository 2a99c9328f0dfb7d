"""The lengths that a draft needs, from what was taped and what follows from it.

A body that was fitted completes the measures first (`complete_measures`); without one, what was not
taped is a proportion of what was. Proportions are those of the mean adults of ANSUR II.
"""

from dataclasses import dataclass, replace

from fitting.body.measurements import Measurements
from fitting.errors import PatternError

# One size of every block: four centimetres of chest (EN 13402-3).
SIZE_STEP_M = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One person as a pattern maker sees them, all in metres.

    Attributes:
        stature: Top of the head to the floor.
        bust: Girth at the bust or chest.
        under_bust: Girth below the breasts.
        waist: Girth at the waist.
        hip: Largest girth of the hip.
        neck: Girth of the neck.
        upper_arm: Girth of the relaxed upper arm.
        wrist: Girth of the wrist.
        thigh: Largest girth of the thigh.
        knee: Girth of the knee.
        calf: Largest girth of the calf.
        ankle: Girth of the ankle.
        shoulder_width: Acromion to acromion.
        back_waist: Nape to the waist.
        arm: Acromion to the wrist.
        inside_leg: Crotch to the floor.
        waist_height: Waist to the floor.
        knee_height: Middle of the kneecap to the floor.
    """

    stature: float
    bust: float
    under_bust: float
    waist: float
    hip: float
    neck: float
    upper_arm: float
    wrist: float
    thigh: float
    knee: float
    calf: float
    ankle: float
    shoulder_width: float
    back_waist: float
    arm: float
    inside_leg: float
    waist_height: float
    knee_height: float

    @property
    def crotch_depth(self) -> float:
        """Waist to crotch, upright."""
        return self.waist_height - self.inside_leg

    @property
    def hip_height(self) -> float:
        """Level of the largest hip girth."""
        return self.inside_leg + 0.32 * self.crotch_depth


def complete_measures(given: Measurements, achieved: Measurements) -> Measurements:
    """What was taped, completed by what a fitted body measures."""
    return replace(achieved, **given.given())


def figure_from(measurements: Measurements, needs: tuple[str, ...], *, garment: str) -> Figure:
    """Find all lengths of a draft.

    Args:
        measurements: What is known.
        needs: Measures without which this garment is not drafted.
        garment: Name for the message.

    Raises:
        PatternError: If a needed measure is missing, or measures contradict each other.
    """
    missing = [name for name in needs if getattr(measurements, name) is None]
    if missing:
        raise PatternError(
            f"a {garment} needs {', '.join(missing)}; tape it, or complete the measures from a body"
        )
    m = measurements
    stature = m.stature or 1.70
    bust = m.bust_girth or (m.under_bust_girth or 0.80) * 1.12
    waist = m.waist_girth or (m.waist_navel_girth or 0.86 * bust) * 0.97
    hip = m.hip_girth or 0.55 * bust + 0.47
    calf = m.calf_girth or 0.375 * hip
    back_waist = m.back_neck_to_waist or 0.27 * stature
    inside_leg = m.inside_leg_height or 0.478 * stature
    # The seventh cervical vertebra lies at 86 % of the stature.
    waist_height = getattr(m, "waist_height", None) or 0.86 * stature - back_waist
    figure = Figure(
        stature=stature,
        bust=bust,
        under_bust=m.under_bust_girth or 0.89 * bust,
        waist=waist,
        hip=hip,
        neck=m.neck_girth or 0.25 * bust + 0.10,
        upper_arm=m.upper_arm_girth or 0.29 * bust,
        wrist=m.wrist_girth or 0.165 * bust,
        thigh=m.thigh_girth or 0.605 * hip,
        knee=m.knee_girth or 0.375 * hip,
        calf=calf,
        ankle=getattr(m, "ankle_girth", None) or 0.60 * calf,
        shoulder_width=m.shoulder_breadth or m.shoulder_width or 0.13 * stature + 0.18 * bust,
        back_waist=back_waist,
        arm=m.arm_length or 0.335 * stature,
        inside_leg=inside_leg,
        waist_height=waist_height,
        knee_height=getattr(m, "knee_height", None) or 0.585 * inside_leg,
    )
    if figure.crotch_depth < 0.12:
        raise PatternError(
            f"the waist at {waist_height * 100:.1f} cm lies {figure.crotch_depth * 100:.1f} cm "
            f"above the crotch at {inside_leg * 100:.1f} cm; is back_neck_to_waist or "
            "inside_leg_height misread?"
        )
    return figure
