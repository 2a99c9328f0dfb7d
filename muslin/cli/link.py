"""Commands for those who make garments."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Json

app = typer.Typer()
firmware = typer.Typer(no_args_is_help=True, help="From one TOML to a garment's firmware.")
app.add_typer(firmware, name="firmware")

GarmentToml = Annotated[Path, typer.Argument(help="The garment's TOML.")]


@firmware.command(epilog="Example: muslin firmware init --out garment.toml")
def init(
    *, out: Annotated[Path, typer.Option(help="File to write.")] = Path("garment.toml")
) -> None:
    """Write a commented TOML to start from."""
    from muslin.firmware import init as run

    raise typer.Exit(run(out))


@firmware.command(epilog="Example: muslin firmware check garment.toml")
def check(garment: GarmentToml, *, as_json: Json = False) -> None:
    """List every problem of a garment's TOML, with line and key."""
    from muslin.firmware import check as run

    raise typer.Exit(run(garment, as_json=as_json))


@firmware.command(epilog="Example: muslin firmware generate garment.toml --out generated")
def generate(
    garment: GarmentToml,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("generated"),
) -> None:
    """Write the C headers, the descriptor and a table for people."""
    from muslin.firmware import generate as run

    raise typer.Exit(run(garment, out=out))
