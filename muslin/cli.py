"""The command line: `muslin --help` is the index.

Commands import what they need when they run, so that help appears at once. What people read goes
to stderr, data go to stdout.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from muslin.errors import Exit, InputError, describe_os_error

app = typer.Typer(
    name="muslin",
    help="Record what a sensor garment feels, and see how a garment fits, before anything is made.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


@app.callback()
def _settings(
    *, debug: Annotated[bool, typer.Option(help="Show tracebacks instead of sentences.")] = False
) -> None:
    """Hold what is true for every command."""
    # `main` reads the flag from the arguments, since an error may come before this runs.


@app.command(epilog="Example: muslin demo --out my-demo")
def demo(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the five files.")] = Path("muslin-demo"),
    duration: Annotated[float, typer.Option(help="Seconds to record.")] = 40.0,
    as_json: Json = False,
) -> None:
    """Do the main job once, end to end: garment, session, page, body, drape, picture."""
    from muslin.demo import demo as run

    raise typer.Exit(run(out=out, duration_s=duration, as_json=as_json))


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


@app.command(
    epilog="Example: muslin drape --body body.toml --fabric cotton_jersey --size 0 --out fit"
)
def drape(
    *,
    pattern: Annotated[
        str, typer.Option(help="tshirt drafts a block; or a GarmentCode specification (JSON).")
    ] = "tshirt",
    body: Annotated[
        Path | None, typer.Option(help="Tape measures in cm (TOML); the demo's body.")
    ] = None,
    fabric: Annotated[str, typer.Option(help="Name of a fabric card, or a card (TOML).")] = (
        "cotton_jersey"
    ),
    size: Annotated[int, typer.Option(help="Size step of the block: 0 as drafted, -1 down.")] = 0,
    compare: Annotated[
        int | None, typer.Option(help="Second size step, draped beside the first.")
    ] = None,
    edge: Annotated[float, typer.Option(help="Edge length of the cloth mesh, cm.")] = 1.6,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("fit"),
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    as_json: Json = False,
) -> None:
    """Drape a garment on a body and judge the fit: fit.json, fit.png, fit.glb."""
    from muslin.drape import drape as run

    result = run(
        pattern=pattern,
        body=body,
        fabric=fabric,
        size=size,
        compare=compare,
        edge_length_m=edge / 100,
        out=out,
        seed=seed,
    )
    raise typer.Exit(result.tell(as_json=as_json))


@app.command(epilog="Example: muslin check shirt_specification.json")
def check(
    pattern: Annotated[Path, typer.Argument(help="GarmentCode specification (JSON).")],
    *,
    as_json: Json = False,
) -> None:
    """Find every problem of a pattern: exit 0 clean, 1 problems found, 2 unreadable."""
    from muslin.commands import check_file

    raise typer.Exit(check_file(pattern, as_json=as_json))


@app.command(epilog="Example: muslin verify p07.h5")
def verify(
    session: Annotated[Path, typer.Argument(help="Session file.")], *, as_json: Json = False
) -> None:
    """Check a session file: exit 0 clean, 3 loss found, 1 damaged."""
    from muslin.commands import verify_session

    raise typer.Exit(verify_session(session, as_json=as_json))


def main(arguments: list[str] | None = None) -> None:
    """Run a command and turn errors into one sentence and an exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    sys.exit(run_command(arguments))


def run_command(arguments: list[str]) -> int:
    """Run a command; returns its exit code."""
    if "--debug" in arguments:
        return _invoke(["--debug", *(word for word in arguments if word != "--debug")])
    try:
        return _invoke(arguments)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except OSError as error:
        text = str(error) if _is_input_error(error) else describe_os_error(error)
        typer.echo(f"muslin: {text}", err=True)
        return Exit.BAD_INPUT
    except Exception as error:
        if not _is_input_error(error):
            raise
        typer.echo(f"muslin: {error}", err=True)
        return Exit.BAD_INPUT


def _invoke(arguments: list[str]) -> int:
    """Let typer read the arguments; its own complaints leave with exit code 2."""
    try:
        code = app(arguments, prog_name="muslin")
    except SystemExit as stop:
        code = stop.code
    return code if isinstance(code, int) else Exit.DONE


def _is_input_error(error: Exception) -> bool:
    """Whether an exception speaks of bad input; asks only packages that are loaded."""
    bases: list[type[Exception]] = [InputError]
    for module, name in (
        ("wearables.errors", "WearablesError"),
        ("fitting.errors", "FittingError"),
        ("firmware_bridge.errors", "FirmwareBridgeError"),
    ):
        if module in sys.modules:
            bases.append(getattr(sys.modules[module], name))
    return isinstance(error, tuple(bases))
