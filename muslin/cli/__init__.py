"""The command line: `muslin --help` is the index.

Commands import what they need when they run, so that help appears at once. What people read goes
to stderr, data go to stdout.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from muslin.cli import (
    batch,
    bodies,
    drafting,
    files,
    fit,
    ingest,
    judge,
    learn,
    link,
    patterns,
    sense,
    sheets,
    studio,
    twin_motion,
)
from muslin.cli.options import Json, with_finite_numbers
from muslin.errors import Exit, InputError, describe_os_error

app = typer.Typer(
    name="muslin",
    help="Record what a sensor garment feels, and see how a garment fits, before anything is made.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(*, wanted: bool) -> None:
    if wanted:
        from muslin.version import version

        typer.echo(f"muslin {version()}")
        raise typer.Exit


@app.callback()
def _settings(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks instead of sentences.")
    ] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Say the version and stop.",
            is_eager=True,
            callback=lambda value: _tell_version(wanted=value),
        ),
    ] = False,
) -> None:
    """Hold what is true for every command."""
    # `main` reads the flag from the arguments, since an error may come before this runs.
    if not debug:
        # A dongle or simulator that goes away is a sentence of ours; its stack prints tracebacks.
        logging.getLogger("bumble").setLevel(logging.CRITICAL)


@app.command(epilog="Example: muslin demo --out my-demo")
def demo(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the five files.")] = Path(
        "muslin-demo"
    ),
    duration: Annotated[float, typer.Option(help="Seconds to record.")] = 40.0,
    as_json: Json = False,
) -> None:
    """Do the main job once, end to end. Garment, session, page, body, drape, picture."""
    from muslin.demo import demo as run

    raise typer.Exit(run(out=out, duration_s=duration, as_json=as_json))


def _check_numbers(group: typer.Typer) -> None:
    """Let every command of a group and of the groups inside refuse NaN."""
    for command in group.registered_commands:
        if command.callback is not None:
            command.callback = with_finite_numbers(command.callback)
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            _check_numbers(inner.typer_instance)


# The order is that of `muslin --help`: sense, fit, both together, make garments, the screen.
for _room in (
    sense,
    ingest,
    files,
    learn,
    bodies,
    drafting,
    patterns,
    fit,
    judge,
    sheets,
    batch,
    twin_motion,
    link,
    studio,
):
    app.add_typer(_room.app)
_check_numbers(app)


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
