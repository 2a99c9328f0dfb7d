"""The sensors file beside a pattern (TOML): centimetres, degrees and grams; SI inside.

One table a sensor. Where: ``at_cm`` or ``at_share`` with ``size_cm`` (``round = true`` for an
ellipse) or ``outline_cm``; for a line ``path_cm``, ``path_share``, or ``at_...`` with
``length_cm``. ``over = "fifth rib, left"`` with ``offset_cm`` takes the place of ``at_...``.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from muslin.twin.errors import SensorError
from muslin.twin.sensors.grip import Grip, grip_of
from muslin.twin.sensors.sensor import (
    LINE_KINDS,
    SENSOR_KINDS,
    Anchor,
    ByShare,
    OnPanel,
    OverLandmark,
    SensorKind,
    SensorPlan,
    ellipse_m,
    rectangle_m,
    straight_m,
)

_GARMENT_KEYS = ("pattern", "fabric", "schema", "ease", "grip")
_KEYS = (
    "name", "kind", "panel", "channels", "requirement", "at_cm", "at_share", "over", "offset_cm",
    "size_cm", "round", "outline_cm", "path_cm", "path_share", "length_cm", "width_cm", "turn_deg",
    "mass_g",
)  # fmt: skip
_LINE_WIDTH_M = 0.01
_ANCHORS = ("at_cm", "at_share", "over", "path_cm", "path_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorsFile:
    """What a sensors file says.

    Attributes:
        plans: Sensors in file order.
        pattern: Block or pattern file that they belong to; empty where the file does not say.
        fabric: Fabric card of the garment; empty for the block's own.
        schema: Garment TOML beside the file; empty for none.
        ease: Changes to the block's ease, by field name.
        grip: What the edges grip the skin with; None for the fabric alone.
    """

    plans: tuple[SensorPlan, ...]
    pattern: str = ""
    fabric: str = ""
    schema: str = ""
    ease: Mapping[str, float] = field(default_factory=dict)
    grip: Grip | None = None


def read_sensors(path: Path) -> SensorsFile:
    """Read a sensors file.

    Raises:
        SensorError: If it cannot be read; names sensor and key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SensorError(f"{path}: no sensors file: {error}") from error
    return sensors_from_tables(content, where=str(path))


def sensors_from_tables(content: Mapping[str, Any], *, where: str = "sensors") -> SensorsFile:
    """Build plans from parsed TOML; arguments and errors as in `read_sensors`."""
    unknown = sorted(set(content) - {"garment", "sensor"})
    if unknown:
        raise SensorError(f"{where}: unknown table {unknown[0]!r}; known are garment and sensor")
    garment, rows = content.get("garment", {}), content.get("sensor", [])
    if not isinstance(garment, dict) or not isinstance(rows, list) or not rows:
        raise SensorError(f"{where}: at least one [[sensor]] table is needed")
    _only(garment, _GARMENT_KEYS, f"{where}: [garment]")
    plans = []
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            raise SensorError(f"{where}: sensor {i + 1} is no table; write [[sensor]]")
        name = row.get("name", f"number {i + 1}")
        plans.append(_plan(row, f"{where}: sensor {name!r}"))
    ease = garment.get("ease", {})
    if not isinstance(ease, dict) or not all(_is_number(v) for v in ease.values()):
        raise SensorError(f"{where}: [garment] ease is {ease!r}; a table of numbers is wanted")
    words = {key: str(garment.get(key, "")) for key in ("pattern", "fabric", "schema")}
    grip = garment.get("grip", {})
    if not isinstance(grip, dict):
        raise SensorError(f"{where}: [garment] grip is {grip!r}; a table is wanted")
    return SensorsFile(
        plans=tuple(plans), ease={k: float(v) for k, v in ease.items()},
        grip=grip_of(grip, f"{where}: [garment]"), **words,
    )  # fmt: skip


def _plan(row: Mapping[str, Any], where: str) -> SensorPlan:
    _only(row, _KEYS, where)
    for key in ("name", "kind"):
        if not isinstance(row.get(key), str) or not row[key]:
            raise SensorError(f"{where}: {key} is missing")
    kind = row["kind"]
    if kind not in SENSOR_KINDS:
        raise SensorError(f"{where}: kind {kind!r} is not one of {', '.join(SENSOR_KINDS)}")
    is_line = kind in LINE_KINDS
    given = [key for key in _ANCHORS if key in row]
    if len(given) != 1:
        raise SensorError(f"{where}: one of {', '.join(_ANCHORS)} is wanted, {len(given)} given")
    if given[0].startswith("path") and not is_line:
        raise SensorError(f"{where}: an {kind} covers an area; write at_cm and size_cm")
    if "panel" not in row and given[0] != "over":
        raise SensorError(f"{where}: panel is missing")
    channels = row.get("channels", [])
    if not isinstance(channels, list) or not all(isinstance(c, str) for c in channels):
        raise SensorError(f"{where}: channels is {channels!r}; a list of stream.channel is wanted")
    return SensorPlan(
        name=row["name"],
        kind=cast("SensorKind", kind),
        panel=str(row.get("panel", "")),
        anchor=_anchor(row, given[0], where),
        shape_m=_shape_m(row, given[0], where, is_line=is_line),
        turn_rad=math.radians(_number(row, "turn_deg", where, 0.0)),
        channels=tuple(channels),
        requirement=str(row.get("requirement", "")),
        width_m=_number(row, "width_cm", where, 100 * _LINE_WIDTH_M) / 100 if is_line else 0.0,
        mass_kg=_number(row, "mass_g", where, 0.0) / 1000,
        is_round=bool(row.get("round", False)),
    )


def _anchor(row: Mapping[str, Any], key: str, where: str) -> Anchor:
    if key == "over":
        offset = _points(row.get("offset_cm", [0.0, 0.0]), "offset_cm", where)[0] / 100
        return OverLandmark(landmark=str(row["over"]), offset_m=(offset[0], offset[1]))
    points = _points(row[key], key, where)
    if key.startswith("path") and len(points) < 2:
        raise SensorError(f"{where}: {key} has one point; a path needs two")
    if key.startswith("at") and len(points) != 1:
        raise SensorError(f"{where}: {key} has {len(points)} points; one is wanted")
    return ByShare(shares=points) if key.endswith("share") else OnPanel(points_m=points / 100)


def _shape_m(
    row: Mapping[str, Any], anchor: str, where: str, *, is_line: bool
) -> NDArray[np.float64]:
    """Shape round the anchor; a path by points needs none."""
    if anchor.startswith("path"):
        return np.zeros((0, 2))
    if is_line:
        if "length_cm" not in row:
            raise SensorError(f"{where}: a line at a point needs length_cm, or give path_cm")
        return straight_m(_positive(row, "length_cm", where) / 100)
    if "outline_cm" in row:
        outline = _points(row["outline_cm"], "outline_cm", where) / 100
        if len(outline) < 3:
            raise SensorError(f"{where}: outline_cm has {len(outline)} points; three are wanted")
        return outline
    if "size_cm" not in row:
        raise SensorError(f"{where}: size_cm = [width, height] or outline_cm is missing")
    size = _points(row["size_cm"], "size_cm", where)[0] / 100
    if not (size > 0).all():
        raise SensorError(f"{where}: size_cm is {row['size_cm']}; both must be above zero")
    return (ellipse_m if row.get("round") else rectangle_m)(float(size[0]), float(size[1]))


def _points(value: Any, key: str, where: str) -> NDArray[np.float64]:
    """Points as shape (n, 2), from one pair or a list of pairs."""
    rows = [value] if isinstance(value, list) and value and _is_number(value[0]) else value
    good = isinstance(rows, list) and bool(rows)
    for row in rows if good else []:
        good &= isinstance(row, list) and len(row) == 2 and all(_is_number(v) for v in row)
    if not good:
        raise SensorError(f"{where}: {key} is {value!r}; pairs of numbers are wanted")
    return np.array(rows, dtype=np.float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(row: Mapping[str, Any], key: str, where: str, otherwise: float) -> float:
    value = row.get(key, otherwise)
    if not _is_number(value):
        raise SensorError(f"{where}: {key} is {value!r}; a number is wanted")
    return float(value)


def _positive(row: Mapping[str, Any], key: str, where: str) -> float:
    value = _number(row, key, where, 0.0)
    if not value > 0:
        raise SensorError(f"{where}: {key} is {value:g}; it must be above zero")
    return value


def _only(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        raise SensorError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(known)}")
