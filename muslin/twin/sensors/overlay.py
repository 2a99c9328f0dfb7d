"""Sensors as lines on a layer of their own, for pattern files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fitting.pattern import Finding, Pattern
from fitting.pattern.formats.overlay import Overlay
from muslin.screen import say
from muslin.twin.sensors.garment import sensors_beside
from muslin.twin.sensors.resolve import resolve_one
from muslin.twin.sensors.sensor import Sensor
from muslin.twin.sensors.sensors_file import read_sensors

LAYER = "SENSORS"


def sensor_overlays(sensors: Sequence[Sensor], *, size: str = "") -> tuple[Overlay, ...]:
    """Outlines of sensors; a line by its width and its middle.

    Args:
        sensors: Sensors laid on a pattern.
        size: Size of a nest that the pattern is; empty for all.
    """
    overlays = []
    for sensor in sensors:
        outline = Overlay(
            points_m=sensor.cover_m(), closed=True, label=sensor.name, panel=sensor.panel,
            layer=LAYER, size=size,
        )  # fmt: skip
        overlays.append(outline)
        if sensor.is_line:
            overlays.append(replace(outline, points_m=sensor.points_m, closed=False, label=""))
    return tuple(overlays)


def overlays_beside(pattern_file: Path, patterns: Sequence[Pattern]) -> tuple[Overlay, ...]:
    """Outlines of the sensors whose file lies beside a pattern; what cannot be laid is said.

    Args:
        pattern_file: The pattern file; it need not have sensors.
        patterns: The pattern in each of its sizes.

    Raises:
        SensorError: If the sensors file cannot be read.
    """
    path = sensors_beside(pattern_file)
    if path is None:
        return ()
    overlays: list[Overlay] = []
    plans = read_sensors(path).plans
    for pattern in patterns:
        laid = [resolve_one(plan, pattern) for plan in plans]
        for found in laid:
            if isinstance(found, Finding):
                say(f"note: not drawn: {found}")
        sensors = [found for found in laid if isinstance(found, Sensor)]
        overlays += sensor_overlays(sensors, size=pattern.size)
    say(f"sensors of {path} on layer {LAYER}")
    return tuple(overlays)
