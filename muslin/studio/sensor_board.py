"""Sensors of the fit room: laid on the garment that is shown, read from its drape, kept as TOML.

The sensors file is that of `muslin twin`: beside an upload's pattern, or for a block in the folder
``sensors`` of the project, where shares of the panel hold for every size.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from fitting.body import REGIONS
from fitting.pattern import BLOCKS, Finding, Pattern
from muslin.folders import assets_folder
from muslin.studio.fitted import MM, Fitted
from muslin.twin.errors import SensorError
from muslin.twin.sensors.check import check_sensors
from muslin.twin.sensors.garment import TwinGarment
from muslin.twin.sensors.landmarks import landmark_title, landmarks_of
from muslin.twin.sensors.overlay import sensor_overlays
from muslin.twin.sensors.pointed import Pointed, landmark_plan, pointed_plan
from muslin.twin.sensors.resolve import resolve_one
from muslin.twin.sensors.sensor import Sensor, SensorKind, SensorPlan
from muslin.twin.sensors.sensors_file import SensorsFile, read_sensors
from muslin.twin.sensors.sensors_write import write_sensors
from muslin.twin.worn.draw import FAILS, UNKNOWN, WORKS, sensor_mesh
from muslin.twin.worn.reading import Reading, read_sensors_of
from muslin.twin.worn.wear import Worn

N_SENSORS = 40


class SensorBoard:
    """The sensors of one fit."""

    def __init__(self, fitted: Fitted) -> None:
        fit = fitted.fit
        self._path = Path(fitted.wish.sensors_path)
        self._region = fit.map.face_region
        self._is_block = fit.garment.pattern in BLOCKS
        self._file = _sensors_of(self._path, fit.garment.pattern)
        self._file = replace(self._file, fabric=fit.garment.fabric.name)
        self._told: dict[str, dict[str, Any]] = {}
        garment = TwinGarment(pattern=fit.garment.pattern, plans=(), fabric=fit.garment.fabric)
        self._worn = Worn(
            garment=garment, body=fit.body, pattern=fitted.pattern, cloth=fit.cloth,
            drape=fit.drape, fabric=fit.garment.fabric,
        )  # fmt: skip

    def change(self, wish: Mapping[str, Any]) -> None:
        """Add or remove a sensor, and keep the file.

        Args:
            wish: Of the desk, which has checked names and numbers.

        Raises:
            SensorError: If it cannot be laid there.
        """
        if wish["do"] == "remove":
            left = tuple(plan for plan in self._file.plans if plan.name != wish["name"])
            if len(left) == len(self._file.plans):
                raise SensorError(f"no sensor is called {wish['name']!r}")
            self._file = replace(self._file, plans=left)
            self._told.pop(wish["name"], None)
        else:
            self._add(wish)
        self._keep()

    def rows(self) -> list[dict[str, Any]]:
        """Every sensor with its place and what it feels."""
        for plan in self._file.plans:
            if plan.name not in self._told:
                self._told[plan.name] = self._row(plan)
        return [self._told[plan.name] for plan in self._file.plans]

    def landmarks(self) -> list[list[str]]:
        """Key and title of every landmark of the body."""
        return [[key, landmark_title(key)] for key in sorted(landmarks_of(self._worn.body))]

    def file(self, kind: str) -> bytes:
        """The sensors file, or the pattern with its sensors on their layer as DXF or SVG.

        Raises:
            SensorError: If there is no sensor.
        """
        if not self._file.plans:
            raise SensorError("no sensor is placed yet")
        with tempfile.TemporaryDirectory(prefix="muslin-sensors-") as folder:
            path = Path(folder) / f"garment.{kind}"
            if kind == "toml":
                write_sensors(path, self._file)
            else:
                _write_pattern(path, self._worn.pattern, self._laid())
            return path.read_bytes()

    def _add(self, wish: Mapping[str, Any]) -> None:
        if len(self._file.plans) >= N_SENSORS:
            raise SensorError(f"a garment takes {N_SENSORS} sensors here; remove one first")
        kind = cast("SensorKind", wish["kind"])
        name = wish["name"] or self._free_name(kind)
        if wish["over"]:
            plan = landmark_plan(kind, wish["over"], name=name)
        else:
            points = [Pointed(face=int(f), weights=(a, b, c)) for f, a, b, c in wish["points"]]
            plan = pointed_plan(
                kind, points, self._worn.dressed, self._worn.pattern, name=name,
                by_share=self._is_block,
            )  # fmt: skip
        laid = resolve_one(plan, self._worn.pattern, dressed=self._worn.dressed)
        if isinstance(laid, Finding):
            raise SensorError(laid.sentence())
        others = [sensor for sensor in self._laid() if sensor.name != laid.name]
        names = {other.name for other in self._file.plans}
        problems = [
            found.sentence()
            for found in check_sensors([*others, laid], self._worn.pattern)
            if found.severity != "hint" and repr(laid.name) in found.text
        ]
        if laid.name in names:
            problems = [f"a sensor is called {laid.name!r} already"]
        if problems:
            raise SensorError("; ".join(problems))
        self._worn.site(laid)
        self._file = replace(self._file, plans=(*self._file.plans, plan))

    def _free_name(self, kind: str) -> str:
        names = {plan.name for plan in self._file.plans}
        return next(name for i in range(1, 99) if (name := f"{kind}_{i}") not in names)

    def _laid(self) -> list[Sensor]:
        found = [
            resolve_one(plan, self._worn.pattern, dressed=self._worn.dressed)
            for plan in self._file.plans
        ]
        return [one for one in found if isinstance(one, Sensor)]

    def _keep(self) -> None:
        """Write the file, with the fabric that is shown."""
        if not self._file.plans:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        schema = self._file.schema
        if schema and not self._path.with_name(schema).is_file():
            shutil.copyfile(assets_folder() / "twin" / schema, self._path.with_name(schema))
        half = self._path.with_suffix(".part")
        write_sensors(half, self._file)
        half.replace(self._path)

    def _row(self, plan: SensorPlan) -> dict[str, Any]:
        told: dict[str, Any] = {"name": plan.name, "kind": plan.kind, "panel": plan.panel}
        laid = resolve_one(plan, self._worn.pattern, dressed=self._worn.dressed)
        if isinstance(laid, Finding):
            return told | {"problem": laid.sentence()}
        try:
            (reading,) = read_sensors_of(self._worn, [laid])
        except SensorError as error:
            return told | {"problem": str(error)}
        return told | self._felt(laid, reading)

    def _felt(self, sensor: Sensor, reading: Reading) -> dict[str, Any]:
        """Place and numbers of a sensor as the page shows them, and its patch on the cloth."""
        uv_mm = sensor.center_m * MM
        site = self._worn.site(sensor)
        regions = Counter(self._region[site.faces].tolist())
        color = WORKS if reading.works else FAILS if reading.converged else UNKNOWN
        patch = sensor_mesh(self._worn, sensor, color, lift_m=0.0025)
        return {
            "panel": sensor.panel,
            "uv_mm": [round(float(v), 1) for v in uv_mm],
            "path_mm": (sensor.points_m * MM).round(1).tolist() if sensor.is_line else [],
            "length_mm": round(sensor.length_m * MM, 1) if sensor.is_line else None,
            "region": REGIONS[regions.most_common(1)[0][0]].replace("_", " "),
            "place": reading.place,
            "landmark_mm": round(reading.landmark_m * MM, 1),
            "pressure_kpa": reading.pressure_mean_pa / 1000,
            "contact_share": reading.contact_share,
            "strain_percent": reading.strain * 100,
            "works": reading.works if reading.converged and reading.requirement else None,
            "verdict": reading.verdict,
            "color": list(color),
            "patch_m": patch.vertices_m.round(4).ravel().tolist(),
        }


def _sensors_of(path: Path, pattern: str) -> SensorsFile:
    """The project's sensors file, else those that ship with a block, else none."""
    if path.is_file():
        return read_sensors(path)
    shipped = assets_folder() / "twin" / f"{pattern}.sensors.toml"
    if pattern in BLOCKS and shipped.is_file():
        # The garment that is shown was drafted with the block's own ease.
        return replace(read_sensors(shipped), ease={})
    return SensorsFile(plans=(), pattern=pattern if pattern in BLOCKS else "")


def _write_pattern(path: Path, pattern: Pattern, sensors: list[Sensor]) -> None:
    from fitting.pattern.formats.dxf_write import write_dxf
    from fitting.pattern.formats.svg_write import write_svg

    lines = sensor_overlays(sensors)
    if path.suffix == ".dxf":
        write_dxf(path, (replace(pattern, size=pattern.size or "M"),), overlays=lines)
    else:
        write_svg(path, pattern, overlays=lines)
