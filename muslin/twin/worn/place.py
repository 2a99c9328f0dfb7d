"""Lay a garment's sensors on its pattern: what `muslin twin place` does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fitting.pattern import Finding, Pattern, garmentcode_from_pattern
from fitting.pattern.formats.dxf_write import write_dxf
from fitting.pattern.formats.svg_write import write_svg
from muslin.errors import Exit
from muslin.fitting_room import size_choice
from muslin.folders import writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say, say_table, step
from muslin.twin.errors import SensorError
from muslin.twin.sensors.check import check_sensors
from muslin.twin.sensors.garment import TwinGarment, sensors_path, twin_garment
from muslin.twin.sensors.overlay import sensor_overlays
from muslin.twin.sensors.resolve import resolve
from muslin.twin.sensors.sensor import OverLandmark, Sensor
from muslin.twin.sensors.sensors_file import SensorsFile
from muslin.twin.sensors.sensors_write import plan_of, write_sensors
from muslin.twin.worn.person import person_of
from muslin.twin.worn.wear import Worn, wear


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Sensors on a pattern.

    Attributes:
        folder: Where the files are.
        pattern: The pattern.
        sensors: Sensors laid on it.
        findings: Every problem and hint.
        files: Names of the files, the sensors file first.
    """

    folder: Path
    pattern: Pattern
    sensors: tuple[Sensor, ...]
    findings: tuple[Finding, ...]
    files: tuple[str, ...]

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        problems = [f for f in self.findings if f.severity != "hint"]
        if as_json:
            print_json(self.to_json())
        else:
            rows = [
                (s.name, f"{s.kind.replace('_', ' ')} on {s.panel} at {_at_cm(s)}")
                for s in self.sensors
            ]
            say_table("Sensors", [*rows, *((name, str(self.folder / name)) for name in self.files)])
            for finding in self.findings:
                say(f"{'hint: ' if finding.severity == 'hint' else ''}{finding}")
            say(f"{len(problems)} problems, {len(self.findings) - len(problems)} hints")
        return Exit.FAILED if problems else Exit.DONE

    def to_json(self) -> dict[str, Any]:
        """Sensors and findings for a program."""
        return {
            "files": [str(self.folder / name) for name in self.files],
            "sensors": [
                {
                    "name": s.name, "kind": s.kind, "panel": s.panel, "channels": list(s.channels),
                    "points_m": s.points_m.tolist(), "center_m": s.center_m.tolist(),
                }
                for s in self.sensors
            ],
            "findings": [finding.to_json() for finding in self.findings],
        }  # fmt: skip


def place(
    garment: str,
    *,
    sensors: Path | None = None,
    body: Path | None = None,
    size: int | str = 0,
    ease: Mapping[str, float] | None = None,
    out: Path = Path("placed"),
) -> Placed:
    """Lay sensors on a pattern and write it with them: sensors.toml, JSON, DXF and SVG.

    Landmarks become coordinates; for them the garment is draped on the body once.

    Args:
        garment: Name of a block, or a pattern file.
        sensors: Sensors file; the one beside the pattern, or the block's own, when absent.
        body: Tape measures (TOML, cm); the demo's body when absent.
        size: Step of a block, or size of a graded file.
        ease: Changes to the block's ease.
        out: Folder for the files.

    Raises:
        InputError: If an option cannot be used, or a sensor cannot be laid.
        FittingError: If a file says something impossible.
    """
    chosen = twin_garment(garment, sensors=sensors, ease=ease)
    size_step, file_size = size_choice(garment, size)
    folder = writable_folder(out)
    pattern, worn = _pattern(chosen, body, size_step, file_size)
    laid = resolve(chosen.plans, pattern, dressed=None if worn is None else worn.dressed)
    findings = check_sensors(laid, pattern, schema=chosen.schema)
    stem = chosen.pattern if chosen.is_block else Path(chosen.pattern).stem
    source = sensors_path(garment) if sensors is None else sensors
    files = _write(folder, stem, pattern, laid, chosen, source)
    return Placed(folder=folder, pattern=pattern, sensors=laid, findings=findings, files=files)


def _pattern(
    garment: TwinGarment, body: Path | None, size_step: int, file_size: str | None
) -> tuple[Pattern, Worn | None]:
    """The pattern, and the worn garment where a sensor hangs on a landmark."""
    by_landmark = any(isinstance(plan.anchor, OverLandmark) for plan in garment.plans)
    if not by_landmark and not garment.is_block:
        return garment.draft(None, file_size=file_size), None
    person = person_of(body)
    if not by_landmark:
        return garment.draft(person.measures, size_step=size_step), None
    with step("drape, for the landmarks"):
        worn = wear(garment, person.body, person.measures, size_step=size_step, file_size=file_size)
    if not worn.drape.converged:
        raise SensorError(f"landmarks cannot be found: {worn.drape.cause}")
    return worn.pattern, worn


def _write(
    folder: Path, stem: str, pattern: Pattern, sensors: tuple[Sensor, ...], garment: TwinGarment,
    source: Path,
) -> tuple[str, ...]:  # fmt: skip
    names = tuple(f"{stem}.{kind}" for kind in ("sensors.toml", "json", "dxf", "svg"))
    schema = f"{stem}.garment.toml"
    beside = _schema_file(source)
    if beside is not None:
        (folder / schema).write_text(beside.read_text(encoding="utf-8"), encoding="utf-8")
    write_sensors(
        folder / names[0],
        SensorsFile(
            plans=tuple(plan_of(sensor) for sensor in sensors),
            pattern=names[1],
            fabric=garment.fabric.name,
            grip=garment.grip,
            schema=schema if beside is not None else "",
        ),
    )
    write_json(folder / names[1], garmentcode_from_pattern(pattern))
    lines = sensor_overlays(sensors)
    write_dxf(folder / names[2], (replace(pattern, size=pattern.size or "M"),), overlays=lines)
    write_svg(folder / names[3], pattern, overlays=lines)
    return (*names, schema) if beside is not None else names


def _schema_file(source: Path) -> Path | None:
    from muslin.twin.sensors.sensors_file import read_sensors

    named = read_sensors(source).schema
    return source.parent / named if named else None


def _at_cm(sensor: Sensor) -> str:
    x, y = sensor.center_m.round(4) * 100 + 0.0
    return f"({x:.1f}, {y:.1f}) cm"
