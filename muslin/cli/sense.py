"""Commands of the sensing half: record, understand, keep sessions."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Json

app = typer.Typer()


@app.command(
    epilog="Example: muslin record --garment sim: --duration 20 --subject P07 --out p07.h5"
)
def record(
    *,
    garment: Annotated[
        str, typer.Option(help="sim: starts a virtual garment; os:, tcp-client:HOST:PORT, usb:0.")
    ] = "sim:",
    duration: Annotated[float, typer.Option(help="Seconds to record; 0 until interrupted.")] = 40.0,
    subject: Annotated[str, typer.Option(help="Pseudonym of the subject.")] = "anonymous",
    out: Annotated[Path, typer.Option(help="Session file to write.")] = Path("session.h5"),
    loss: Annotated[float, typer.Option(help="sim: only: share of frames lost on purpose.")] = 0.03,
    seed: Annotated[int, typer.Option(help="sim: only: seed of the virtual garment.")] = 7,
    as_json: Json = False,
) -> None:
    """Record a garment into a session file that says what is missing."""
    from muslin.record import record as run

    result = run(
        garment=garment, duration_s=duration, subject=subject, out=out, loss=loss, seed=seed
    )
    raise typer.Exit(result.tell(as_json=as_json))


@app.command(epilog="Example: muslin analyze p07.h5 --out p07.html")
def analyze(
    session: Annotated[Path, typer.Argument(help="Session file.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Page to write; beside the session.")] = None,
    model: Annotated[Path | None, typer.Option(help="Activity model; the shipped one.")] = None,
    as_json: Json = False,
) -> None:
    """Turn a session into pulse, breathing, movement and activity: one page, quality first."""
    from muslin.commands import analyze_session

    raise typer.Exit(analyze_session(session, out=out, model=model, as_json=as_json))


@app.command(epilog="Example: muslin train --out model.safetensors")
def train(
    *,
    out: Annotated[Path, typer.Option(help="Weights to write.")] = Path("model.safetensors"),
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    as_json: Json = False,
) -> None:
    """Train the activity model on the BasicMotions training cases."""
    from muslin.commands import train_model

    raise typer.Exit(train_model(out=out, seed=seed, as_json=as_json))


@app.command(epilog="Example: muslin verify p07.h5")
def verify(
    session: Annotated[Path, typer.Argument(help="Session file.")], *, as_json: Json = False
) -> None:
    """Check a session file: exit 0 clean, 3 loss found, 1 damaged."""
    from muslin.commands import verify_session

    raise typer.Exit(verify_session(session, as_json=as_json))
