"""Tape measures by their ISO 8559-1 names, in metres; centimetres only at the door."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, cast

from fitting.assets import shipped_folder
from fitting.body.registry import REGISTRY
from fitting.errors import MeasurementError

Sex = Literal["female", "male"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """Tape measures of one person; what was not taken is ``None``.

    Attributes are the keys of `fitting.body.REGISTRY`, which says where each is taken and by which
    clause of ISO 8559-1; all in metres, ``mass_kg`` in kilograms.

    Raises:
        MeasurementError: If a value is not human.
    """

    stature: float | None = None
    cervicale_height: float | None = None
    shoulder_height: float | None = None
    waist_height: float | None = None
    navel_height: float | None = None
    hip_height: float | None = None
    inside_leg_height: float | None = None
    knee_height: float | None = None
    head_girth: float | None = None
    neck_girth: float | None = None
    neck_base_girth: float | None = None
    bust_girth: float | None = None
    under_bust_girth: float | None = None
    waist_girth: float | None = None
    waist_navel_girth: float | None = None
    high_hip_girth: float | None = None
    hip_girth: float | None = None
    armscye_girth: float | None = None
    upper_arm_girth: float | None = None
    elbow_girth: float | None = None
    forearm_girth: float | None = None
    wrist_girth: float | None = None
    thigh_girth: float | None = None
    knee_girth: float | None = None
    calf_girth: float | None = None
    ankle_girth: float | None = None
    shoulder_width: float | None = None
    shoulder_length: float | None = None
    across_back_width: float | None = None
    across_chest_width: float | None = None
    back_neck_to_waist: float | None = None
    back_neck_to_navel: float | None = None
    front_neck_to_waist: float | None = None
    side_neck_to_bust_point: float | None = None
    total_crotch_length: float | None = None
    navel_crotch_length: float | None = None
    arm_length: float | None = None
    upper_arm_length: float | None = None
    shoulder_breadth: float | None = None
    bust_point_width: float | None = None
    bust_breadth: float | None = None
    bust_depth: float | None = None
    waist_navel_breadth: float | None = None
    waist_navel_depth: float | None = None
    hip_breadth: float | None = None
    hip_depth: float | None = None
    mass_kg: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            _check_range(name, value)

    def given(self) -> dict[str, float]:
        """Measures that were taken, by name [m]."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_cm(cls, measures_cm: Mapping[str, float]) -> "Measurements":
        """Take measures in centimetres; ``mass_kg`` stays in kilograms.

        Raises:
            MeasurementError: If a name is not known or a value is not human.
        """
        check_measure_names(measures_cm)
        for name, value in measures_cm.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise MeasurementError(f"{name} is {value!r}, wanted a number of centimetres")
        return cls(**{name: float(value) * _door(name) for name, value in measures_cm.items()})


def _door(name: str) -> float:
    """Factor from the unit at the door to ours."""
    return 1.0 if REGISTRY[name].kind == "mass" else 0.01


# Widest range of living adults [m]; outside of it a tape measure is a mistake.
HUMAN_RANGE_M = {key: measure.range_m for key, measure in REGISTRY.items()}

_OTHER_WORDS = {
    "seat": "hip_girth", "chest": "bust_girth", "chest_girth": "bust_girth", "height": "stature",
    "hips": "hip_girth", "bust": "bust_girth", "waist": "waist_girth",
    "inseam": "inside_leg_height", "neck": "neck_girth", "biceps": "upper_arm_girth",
    "thigh": "thigh_girth", "mass": "mass_kg", "weight": "mass_kg",
    "inside_leg": "inside_leg_height", "sleeve": "arm_length", "calf": "calf_girth",
    "wrist": "wrist_girth", "hip": "hip_girth",
}  # fmt: skip
_UNITS = (("metres", 100.0), ("millimetres", 0.1), ("inches", 2.54))


def _check_range(name: str, value_m: float) -> None:
    low_m, high_m = HUMAN_RANGE_M[name]
    if low_m <= value_m <= high_m:
        return
    if REGISTRY[name].kind == "mass":
        raise MeasurementError(
            f"{name} of {value_m:g} kg is outside of the human range {low_m:g} to {high_m:g} kg"
        )
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


def check_measure_names(names: Iterable[str]) -> None:
    """Check names of measures before any of them is taped.

    Raises:
        MeasurementError: If one is not known; it names the one that may be meant.
    """
    known = sorted(field.name for field in fields(Measurements))
    for name in names:
        if name not in known:
            near = _OTHER_WORDS.get(name) or next(iter(difflib.get_close_matches(name, known)), "")
            hint = f"; is {near} meant?" if near else f"; known are {', '.join(known)}"
            raise MeasurementError(f"measure {name!r} is not known{hint}")


def body_assets() -> Path:
    """Folder of the body tables that ship."""
    return shipped_folder("body")


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
