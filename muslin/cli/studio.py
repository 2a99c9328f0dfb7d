"""The screen, and what this computer can do: studio, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Json

app = typer.Typer()


@app.command(epilog="Example: muslin studio --port 8765 --no-browser")
def studio(
    *,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 0,
    host: Annotated[
        str, typer.Option(help="Interface; anything but 127.0.0.1 can be reached by others.")
    ] = "127.0.0.1",
    folder: Annotated[
        Path, typer.Option(help="Where sessions, uploads and project.toml are kept.")
    ] = Path("muslin-studio"),
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open fit room and session room in the browser. Prints the one address of the page."""
    from muslin.studio import studio as run

    raise typer.Exit(run(port=port, host=host, folder=folder, opens_browser=browser))


@app.command(epilog="Example: muslin doctor")
def doctor(*, as_json: Json = False) -> None:
    """Say what is installed, what is missing and what to install."""
    from muslin.doctor import doctor as run

    raise typer.Exit(run(as_json=as_json))
