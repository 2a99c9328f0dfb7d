"""Commands of the sensor garment twin: sensors on panels, and what they feel on a body."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
twin = typer.Typer(no_args_is_help=True, help="Sensors on a garment: placed, worn, surveyed.")
app.add_typer(twin, name="twin")

GarmentName = Annotated[str, typer.Argument(help="Block with sensors, or a pattern file.")]
SensorsToml = Annotated[
    Path | None, typer.Option(help="Sensors file (TOML); the one beside the pattern.")
]
BodyToml = Annotated[Path | None, typer.Option(help="Tape measures in cm (TOML); the demo's body.")]
SizeName = Annotated[str, typer.Option(help="Step of a block, or size of a graded file.")]
