"""The command that opens the screen: studio."""

from pathlib import Path
from typing import Annotated

import typer

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
    """Open fit room and session room as a page of this computer; prints one address."""
    from muslin.studio import studio as run

    raise typer.Exit(run(port=port, host=host, folder=folder, opens_browser=browser))
