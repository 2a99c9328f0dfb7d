"""Commands that care for session files."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Json

app = typer.Typer()

SessionFile = Annotated[Path, typer.Argument(help="Session file (HDF5).")]


@app.command(epilog="Example: muslin repair session.h5")
def repair(
    session: SessionFile,
    *,
    out: Annotated[
        Path | None, typer.Option(help="New file; SESSION.recovered.h5 by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a sound copy of a damaged or unfinished session, with the help of its journal."""
    from muslin.sessions import repair_session

    raise typer.Exit(repair_session(session, out=out, as_json=as_json))
