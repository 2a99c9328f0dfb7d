"""Tape measures by their ISO 8559-1 names, in metres; centimetres only at the door."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, cast

from fitting.errors import MeasurementError

Sex = Literal["female", "male"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """Tape measures of one person; what was not taken is ``None``. All in metres.

    Attributes:
        stature: Top of the head to the floor (5.1.1).
        bust_girth: Horizontal, largest between under-bust and armpit; men: chest (5.3.4).
        under_bust_girth: Horizontal, at the crease below the breasts (5.3.6).
        waist_girth: Horizontal, midway between lowest rib and iliac crest (5.3.10).
        waist_navel_girth: Horizontal, at the navel; not the waist of ISO 8559-1.
        hip_girth: Horizontal, largest above the crotch (5.3.13).
        neck_girth: Below the Adam's apple, across the neck's axis (5.3.2).
        upper_arm_girth: Across the upper arm, relaxed (5.3.16).
        wrist_girth: At the ulna's head (5.3.19).
        thigh_girth: Below the gluteal fold (5.3.20).
        knee_girth: Across the centre of the kneecap (5.3.22).
        calf_girth: Largest, across the shin (5.3.24).
        shoulder_width: Acromion to acromion (5.4.2).
        back_neck_to_waist: C7 to the waist's level (5.4.5).
        arm_length: Acromion over the elbow to the wrist (5.7.8).
        inside_leg_height: Crotch to the floor (5.1.15).
    """

    stature: float | None = None
    bust_girth: float | None = None
    under_bust_girth: float | None = None
    waist_girth: float | None = None
    waist_navel_girth: float | None = None
    hip_girth: float | None = None
    neck_girth: float | None = None
    upper_arm_girth: float | None = None
    wrist_girth: float | None = None
    thigh_girth: float | None = None
    knee_girth: float | None = None
    calf_girth: float | None = None
    shoulder_width: float | None = None
    back_neck_to_waist: float | None = None
    arm_length: float | None = None
    inside_leg_height: float | None = None

    def __post_init__(self) -> None:
        for name, value_m in self.given().items():
            _check_range(name, value_m)

    def given(self) -> dict[str, float]:
        """Measures that were taken, by name [m]."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_cm(cls, measures_cm: Mapping[str, float]) -> "Measurements":
        """Take measures in centimetres.

        Raises:
            MeasurementError: If a name is not known or a value is not human.
        """
        known = {field.name for field in fields(cls)}
        for name, value in measures_cm.items():
            if name not in known:
                raise MeasurementError(_unknown_name(name, sorted(known)))
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise MeasurementError(f"{name} is {value!r}, wanted a number of centimetres")
        return cls(**{name: float(value) / 100 for name, value in measures_cm.items()})


# Widest range of living adults [m]; outside of it a tape measure is a mistake.
HUMAN_RANGE_M: dict[str, tuple[float, float]] = {
    "stature": (1.30, 2.25),
    "bust_girth": (0.62, 1.70),
    "under_bust_girth": (0.58, 1.55),
    "waist_girth": (0.48, 1.70),
    "waist_navel_girth": (0.50, 1.75),
    "hip_girth": (0.65, 1.75),
    "neck_girth": (0.25, 0.58),
    "upper_arm_girth": (0.18, 0.58),
    "wrist_girth": (0.12, 0.24),
    "thigh_girth": (0.35, 0.95),
    "knee_girth": (0.27, 0.62),
    "calf_girth": (0.24, 0.60),
    "shoulder_width": (0.28, 0.52),
    "back_neck_to_waist": (0.32, 0.62),
    "arm_length": (0.42, 0.78),
    "inside_leg_height": (0.55, 1.10),
}

_OTHER_WORDS = {
    "seat": "hip_girth", "chest": "bust_girth", "chest_girth": "bust_girth", "height": "stature",
    "hips": "hip_girth", "bust": "bust_girth", "waist": "waist_girth",
    "inseam": "inside_leg_height", "neck": "neck_girth", "biceps": "upper_arm_girth",
    "thigh": "thigh_girth",
}  # fmt: skip
_UNITS = (("metres", 100.0), ("millimetres", 0.1), ("inches", 2.54))


def _check_range(name: str, value_m: float) -> None:
    low_m, high_m = HUMAN_RANGE_M[name]
    if low_m <= value_m <= high_m:
        return
    text = (
        f"{name} of {value_m * 100:g} cm is outside of the human range "
        f"{low_m * 100:g} to {high_m * 100:g} cm"
    )
    if low_m <= value_m * 0.01 <= high_m:
        text += f"; metres are wanted here, and {value_m:g} looks like centimetres"
    for unit, factor in _UNITS:
        if low_m <= value_m * factor <= high_m:
            text += f"; {value_m * 100:g} looks like {unit}"
            break
    raise MeasurementError(text)


def _unknown_name(name: str, known: list[str]) -> str:
    near = _OTHER_WORDS.get(name) or next(iter(difflib.get_close_matches(name, known, n=1)), None)
    hint = f"; is {near} meant?" if near else f"; known are {', '.join(known)}"
    return f"measure {name!r} is not known{hint}"


def body_assets() -> Path:
    """Folder of the body tables that ship, in a checkout or in an installed package."""
    root = Path(__file__).resolve().parents[2]
    checkout = root / "assets" / "body"
    return checkout if checkout.is_dir() else root / "muslin" / "assets" / "body"


def default_measurements() -> tuple[Measurements, Sex]:
    """Measures and sex of the demo's wearer: a real combination, no average."""
    return read_measurements(body_assets() / "demo.toml")


def read_measurements(path: Path) -> tuple[Measurements, Sex]:
    """Read a body file: ``sex = "female"`` and a table ``[measures_cm]``.

    Raises:
        MeasurementError: If it cannot be read, or a measure is not human.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MeasurementError(f"body file {path} cannot be read: {error}") from error
    sex = content.get("sex")
    if sex not in ("female", "male"):
        raise MeasurementError(f"body file {path}: sex is {sex!r}, wanted 'female' or 'male'")
    measures = content.get("measures_cm")
    if not isinstance(measures, dict) or not measures:
        raise MeasurementError(f"body file {path} has no measures; a [measures_cm] table is needed")
    try:
        return Measurements.from_cm(measures), cast("Sex", sex)
    except MeasurementError as error:
        raise MeasurementError(f"body file {path}: {error}") from error
