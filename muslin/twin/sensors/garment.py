"""A sensor garment: pattern, fabric, ease, schema and sensors in one, from a block or a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from firmware_bridge.schema import GarmentSchema
from firmware_bridge.schema_toml import garment_from_toml
from fitting.body import Measurements
from fitting.cloth import Fabric, load_fabric
from fitting.pattern import BLOCKS, Pattern, draft_block, read_pattern
from muslin.errors import InputError
from muslin.folders import assets_folder, existing_file
from muslin.twin.errors import SensorError
from muslin.twin.sensors.grip import Grip
from muslin.twin.sensors.sensor import SensorPlan
from muslin.twin.sensors.sensors_file import SensorsFile, read_sensors

_USUAL_FABRIC = "cotton_jersey"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinGarment:
    """A garment with sensors, before it has a size.

    Attributes:
        pattern: Name of a block, else a pattern file.
        plans: Its sensors.
        fabric: Card of its fabric.
        schema: What it sends; None where nobody says.
        ease: Changes to the block's ease, by field name.
        grip: What its edges grip the skin with; None for the fabric alone.
    """

    pattern: str
    plans: tuple[SensorPlan, ...]
    fabric: Fabric
    schema: GarmentSchema | None = None
    ease: Mapping[str, float] = field(default_factory=dict)
    grip: Grip | None = None

    @property
    def is_block(self) -> bool:
        """Whether it is drafted from tape measures."""
        return self.pattern in BLOCKS

    def draft(
        self,
        measures: Measurements | None,
        *,
        size_step: int = 0,
        file_size: str | None = None,
        ease: Mapping[str, float] | None = None,
    ) -> Pattern:
        """Draft the block for tape measures, or read the pattern file.

        Args:
            measures: Who it is drafted for; a pattern file needs none.
            size_step: Sizes up or down of a block.
            file_size: Size of a graded pattern file.
            ease: Further changes to the block's ease.

        Raises:
            InputError: If a block has no measures, or a file is asked for a step or an ease.
            FittingError: If it cannot be drafted or read.
        """
        if self.is_block:
            if measures is None:
                raise InputError(f"a {self.pattern} is drafted from tape measures; none were given")
            changes = {**self.ease, **(ease or {})}
            return draft_block(self.pattern, measures, ease=changes, size_step=size_step)
        if size_step or ease:
            raise InputError(f"{self.pattern} is a file; only drafted blocks have steps and ease")
        return read_pattern(existing_file(Path(self.pattern), "pattern file"), size=file_size)


def twin_garment(
    garment: str,
    *,
    sensors: Path | None = None,
    fabric: str | None = None,
    ease: Mapping[str, float] | None = None,
) -> TwinGarment:
    """Find a garment and its sensors.

    Args:
        garment: Name of a block, or a pattern file.
        sensors: Sensors file; the one beside the pattern, or the block's own, when absent.
        fabric: Fabric card; the sensors file's, else the block's usual one, when absent.
        ease: Changes to the block's ease on top of the sensors file's.

    Raises:
        InputError: If a file or the block is not there.
        SensorError: If there are no sensors for it.
        FittingError: If a card cannot be read.
        SchemaError: If the garment TOML cannot be read.
    """
    if garment not in BLOCKS and not Path(garment).suffix:
        raise InputError(f"garment {garment!r} is no block ({', '.join(BLOCKS)}) and no file")
    path = sensors_path(garment) if sensors is None else existing_file(sensors, "sensors file")
    file = read_sensors(path)
    block = BLOCKS.get(garment)
    usual = file.fabric or (_USUAL_FABRIC if block is None else block.fabric)
    return TwinGarment(
        pattern=garment,
        plans=file.plans,
        fabric=load_fabric(fabric or usual),
        schema=_schema_beside(path, file),
        ease={**file.ease, **(ease or {})},
        grip=file.grip,
    )


def sensors_path(garment: str) -> Path:
    """The sensors file of a garment: beside a pattern file, or the one that ships with a block.

    Raises:
        SensorError: If there is none.
    """
    if garment in BLOCKS:
        path = assets_folder() / "twin" / f"{garment}.sensors.toml"
        hint = "give one with --sensors"
    else:
        pattern = Path(garment)
        path = sensors_beside(pattern) or pattern.with_suffix(".sensors.toml")
        hint = f"write {path.name} beside it, or give --sensors"
    if not path.is_file():
        raise SensorError(f"{garment} has no sensors file; {hint}")
    return path


def sensors_beside(pattern_file: Path) -> Path | None:
    """``NAME.sensors.toml`` or ``sensors.toml`` beside a pattern file; None where there is none."""
    both = pattern_file.with_suffix(".sensors.toml"), pattern_file.with_name("sensors.toml")
    return next((path for path in both if path.is_file()), None)


def _schema_beside(path: Path, file: SensorsFile) -> GarmentSchema | None:
    if not file.schema:
        return None
    schema = existing_file(path.parent / file.schema, "garment schema")
    return garment_from_toml(schema.read_text(encoding="utf-8"))
