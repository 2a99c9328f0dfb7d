"""Write a sensors file; what is written reads back as the same plans."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muslin.twin.sensors.sensor import ByShare, OnPanel, OverLandmark, Sensor, SensorPlan
from muslin.twin.sensors.sensors_file import SensorsFile


def plan_of(sensor: Sensor) -> SensorPlan:
    """A plan that says where a sensor is, in coordinates of its panel."""
    common = {
        "name": sensor.name, "kind": sensor.kind, "panel": sensor.panel,
        "channels": sensor.channels, "requirement": sensor.requirement,
        "width_m": sensor.width_m, "mass_kg": sensor.mass_kg,
    }  # fmt: skip
    if sensor.is_line:
        return SensorPlan(anchor=OnPanel(points_m=sensor.points_m), **common)
    turn = math.atan2(sensor.axis[1], sensor.axis[0])
    c, s = math.cos(turn), math.sin(turn)
    center = sensor.center_m
    shape = (sensor.points_m - center) @ np.array([[c, -s], [s, c]])
    anchor = OnPanel(points_m=center[None])
    return SensorPlan(anchor=anchor, shape_m=shape, turn_rad=turn, **common)


def write_sensors(path: Path, file: SensorsFile) -> None:
    """Write a sensors file."""
    lines = []
    words = {"pattern": file.pattern, "fabric": file.fabric, "schema": file.schema}
    if any(words.values()) or file.ease or file.grip:
        lines.append("[garment]")
        lines += [f"{key} = {_text(word)}" for key, word in words.items() if word]
        if file.ease:
            ease = ", ".join(f"{key} = {value!r}" for key, value in file.ease.items())
            lines.append(f"ease = {{ {ease} }}")
        if file.grip:
            width, friction = _short(file.grip.width_m * 100), _short(file.grip.friction_skin)
            lines.append(f"grip = {{ width_cm = {width}, friction = {friction} }}")
        lines.append("")
    for plan in file.plans:
        lines += [*_sensor_lines(plan), ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _sensor_lines(plan: SensorPlan) -> list[str]:
    lines = ["[[sensor]]", f"name = {_text(plan.name)}", f'kind = "{plan.kind}"']
    if plan.panel:
        lines.append(f"panel = {_text(plan.panel)}")
    if plan.channels:
        lines.append(f"channels = [{', '.join(map(_text, plan.channels))}]")
    if plan.requirement:
        lines.append(f"requirement = {_text(plan.requirement)}")
    lines += _place_lines(plan)
    if plan.turn_rad:
        lines.append(f"turn_deg = {_short(math.degrees(plan.turn_rad))}")
    if plan.is_line:
        lines.append(f"width_cm = {_short(plan.width_m * 100)}")
    if plan.mass_kg:
        lines.append(f"mass_g = {_short(plan.mass_kg * 1000)}")
    return lines


def _place_lines(plan: SensorPlan) -> list[str]:
    has_shape = bool(len(plan.shape_m))
    word = "at" if has_shape else "path"
    match plan.anchor:
        case OnPanel(points_m=points):
            lines = [f"{word}_cm = {_pairs(points * 100, single=has_shape)}"]
        case ByShare(shares=shares):
            lines = [f"{word}_share = {_pairs(shares, single=has_shape)}"]
        case OverLandmark(landmark=landmark, offset_m=offset):
            at = _pairs(np.array([offset]) * 100, single=True)
            lines = [f"over = {_text(landmark)}", f"offset_cm = {at}"]
    if not has_shape:
        return lines
    if plan.is_line and len(plan.shape_m) == 2:
        length = float(np.linalg.norm(plan.shape_m[1] - plan.shape_m[0]))
        return [*lines, f"length_cm = {_short(length * 100)}"]
    size = np.ptp(plan.shape_m, axis=0)
    if plan.is_round:
        return [*lines, f"size_cm = {_pairs(size[None] * 100, single=True)}", "round = true"]
    return [*lines, f"outline_cm = {_pairs(plan.shape_m * 100, single=False)}"]


def _text(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _short(value: float) -> str:
    return repr(round(float(value), 6))


def _pairs(points: NDArray[np.float64], *, single: bool) -> str:
    rows = [f"[{_short(x)}, {_short(y)}]" for x, y in points]
    return rows[0] if single else f"[{', '.join(rows)}]"
