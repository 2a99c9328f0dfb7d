"""Commands of bodies: make one from the tape, tape one."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import BodyFile, Json
from muslin.errors import InputError

app = typer.Typer()


@app.command(epilog="Example: muslin body --measures body.toml --pose sitting --out body")
def body(
    *,
    measures: BodyFile = None,
    pose: Annotated[str, typer.Option(help="Name of a pose, such as a, t or sitting.")] = "a",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for body.glb, body.obj, body.json.")
    ] = Path("body"),
    as_json: Json = False,
) -> None:
    """Make a body from tape measures. It says how sure each measure is."""
    from muslin.body import body as run

    raise typer.Exit(run(measures=measures, pose=pose, out=out, as_json=as_json))


@app.command(epilog="Example: muslin measure scan.ply --unit mm --draw tapes.png")
def measure(
    mesh: Annotated[Path, typer.Argument(help="Scan or body: PLY, OBJ, GLB, GLTF or STL.")],
    *,
    unit: Annotated[
        str | None, typer.Option(help="m, cm, mm or inch; guessed from the size.")
    ] = None,
    sex: Annotated[
        str | None, typer.Option(help="female or male; both are tried when not said.")
    ] = None,
    draw: Annotated[Path | None, typer.Option(help="PNG that shows how each tape lies.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for measures.json and registered.glb."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure a scan as a tape would. Girths, lengths along the surface, heights."""
    from muslin.body import measure as run

    if unit not in (None, "m", "cm", "mm", "inch"):
        raise InputError(f"unit {unit!r} is not known; known are m, cm, mm, inch")
    if sex not in (None, "female", "male"):
        raise InputError(f"sex {sex!r} is not known; known are female, male")
    raise typer.Exit(run(mesh, unit=unit, sex=sex, draw=draw, out=out, as_json=as_json))
