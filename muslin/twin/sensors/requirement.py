"""What a sensor needs: ranges of what the drape says, in a TOML that a maker edits.

Kilopascals, per cent and degrees in the file; SI inside.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from muslin.folders import assets_folder
from muslin.twin.errors import SensorError
from muslin.twin.sensors.sensor import SENSOR_KINDS

Verdict = Literal["ok", "too low", "too high"]
# Key in the file, name inside, factor to SI, and how a person reads it.
QUANTITIES: dict[str, tuple[str, float, str, float]] = {
    "pressure_mean_kpa": ("pressure_mean_pa", 1000.0, "kPa mean pressure", 0.001),
    "pressure_least_kpa": ("pressure_least_pa", 1000.0, "kPa least pressure", 0.001),
    "contact_share": ("contact_share", 1.0, "of the area in contact", 1.0),
    "strain_percent": ("strain", 0.01, "% strain", 100.0),
    "tilt_deg": ("tilt_rad", math.pi / 180, "degrees of tilt", 180 / math.pi),
    "slip_margin": ("slip_margin", 1.0, "slip margin", 1.0),
}
_KEY_OF = {inside: key for key, (inside, *_) in QUANTITIES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Where a quantity may lie, SI; None where it is open.

    Attributes:
        low: Least value.
        high: Largest value.
        source: Who says so; "estimated" where nobody measured it.
    """

    low: float | None = None
    high: float | None = None
    source: str = "estimated"

    def verdict(self, value: float) -> Verdict:
        """Verdict of a value."""
        if self.low is not None and value < self.low:
            return "too low"
        if self.high is not None and value > self.high:
            return "too high"
        return "ok"

    def margin(self, value: float) -> float:
        """How far a value is from its nearest limit, as a share of that limit; negative beyond."""
        margins = [1.0]
        if self.low is not None:
            margins.append((value - self.low) / max(abs(self.low), 1e-12))
        if self.high is not None:
            margins.append((self.high - value) / max(abs(self.high), 1e-12))
        return min(margins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What one kind of sensor needs.

    Attributes:
        name: Key.
        title: In words.
        kinds: Kinds of sensors that it is meant for.
        ranges: Range by quantity: ``pressure_mean_pa contact_share strain tilt_rad slip_margin``.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    ranges: Mapping[str, Range]


def load_requirements(path: Path | None = None) -> dict[str, Requirement]:
    """Read requirements, those that ship when no file is named.

    Raises:
        SensorError: If the file says something impossible; names table and key.
    """
    file = path or assets_folder() / "twin" / "requirements.toml"
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SensorError(f"{file}: no requirements file: {error}") from error
    return {name: _requirement(name, table, file) for name, table in content.items()}


def requirement_for(
    name: str, kind: str, requirements: Mapping[str, Requirement]
) -> Requirement | None:
    """The requirement of a sensor: the one it names, else the first of its kind.

    Raises:
        SensorError: If the name is not known.
    """
    if name:
        if name not in requirements:
            raise SensorError(
                f"requirement {name!r} is not known; known are {', '.join(requirements)}"
            )
        return requirements[name]
    return next((r for r in requirements.values() if kind in r.kinds), None)


def say_quantity(name: str, value: float) -> str:
    """A quantity as a person reads it: ``0.82 kPa mean pressure``."""
    _, _, words, factor = QUANTITIES[_KEY_OF[name]]
    if not math.isfinite(value):
        return f"{words} unlimited"
    if name == "contact_share":
        return f"{value:.0%} {words}"
    if name == "slip_margin":
        return f"{words} {value:.1f}"
    return f"{value * factor:.3g} {words}"


def say_range(name: str, limits: Range) -> str:
    """A range as a person reads it: ``1 to 1.5 wanted``."""
    factor = 100.0 if name == "contact_share" else QUANTITIES[_KEY_OF[name]][3]
    low, high = (None if v is None else f"{v * factor:.3g}" for v in (limits.low, limits.high))
    if low is not None and high is not None:
        return f"{low} to {high} wanted"
    return f"{low} or more wanted" if low is not None else f"{high} or less wanted"


def _requirement(name: str, table: Any, file: Path) -> Requirement:
    where = f"{file}: [{name}]"
    if not isinstance(table, dict):
        raise SensorError(f"{where} is no table")
    known = {*QUANTITIES, "title", "kinds", "sources"}
    unknown = [key for key in table if key not in known]
    if unknown:
        raise SensorError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(known)}")
    kinds = table.get("kinds", [])
    wrong = [kind for kind in kinds if kind not in SENSOR_KINDS]
    if wrong:
        raise SensorError(f"{where}: kind {wrong[0]!r} is not one of {', '.join(SENSOR_KINDS)}")
    sources = table.get("sources", {})
    ranges = {
        QUANTITIES[key][0]: _range(table[key], key, sources.get(key, "estimated"), where)
        for key in QUANTITIES
        if key in table
    }
    title = str(table.get("title", name.replace("_", " ")))
    return Requirement(name=name, title=title, kinds=tuple(kinds), ranges=ranges)


def _range(value: Any, key: str, source: str, where: str) -> Range:
    good = isinstance(value, dict) and bool(value) and set(value) <= {"low", "high"}
    if not good or not all(isinstance(v, int | float) for v in value.values()):
        raise SensorError(f"{where}: {key} is {value!r}; {{ low = …, high = … }} is wanted")
    factor = QUANTITIES[key][1]
    low, high = (value[k] * factor if k in value else None for k in ("low", "high"))
    if low is not None and high is not None and low >= high:
        raise SensorError(f"{where}: {key} has low {value['low']} at or above high {value['high']}")
    return Range(low=low, high=high, source=str(source))
