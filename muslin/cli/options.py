"""Options that many commands share."""

import math
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from muslin.errors import InputError

if TYPE_CHECKING:
    from fitting.preview import Backend

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
MapName = Annotated[
    str,
    typer.Option(
        "--map",
        help="stretch, warp, weft, shear, limit, stress, pressure, laplace, ease or gap.",
    ),
]
BackendName = Annotated[
    str, typer.Option("--backend", help="What draws: auto, egl, osmesa or numpy.")
]
BodyFile = Annotated[
    Path | None,
    typer.Option(help="Tape measures: TOML in cm, .vit or .smis; the demo's wearer."),
]
FabricName = Annotated[
    str | None, typer.Option(help="Fabric card by name or file; the block's usual one.")
]
SeamAllowance = Annotated[float, typer.Option(help="Seam allowance, cm.")]
HemAllowance = Annotated[float, typer.Option(help="Allowance at open edges, cm.")]
FabricWidth = Annotated[float, typer.Option(help="Usable width of the fabric, cm.")]
Edge = Annotated[float, typer.Option(help="Edge length of the cloth mesh, cm.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the run.")]
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")]
ResumedFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder; a rerun goes on there.")]
SessionFile = Annotated[Path, typer.Argument(help="Session file (HDF5).")]
Subject = Annotated[str, typer.Option(help="Pseudonym of the subject.")]
MinBattery = Annotated[float, typer.Option(help="Least charge to start with, per cent.")]
Force = Annotated[bool, typer.Option("--force", help="Start although the check refuses.")]
Markers = Annotated[int | None, typer.Option(help="UDP port that takes markers; 0 any.")]
Live = Annotated[bool, typer.Option(help="Live view: m marks, p pauses, q stops.")]
Idle = Annotated[float, typer.Option(help="After the replay: seconds without a listener to end.")]
FitClassName = Annotated[
    str | None,
    typer.Option(help="What the garment is meant to be: a name or a file; the block's usual one."),
]
ModelName = Annotated[
    str | None,
    typer.Option("--model", help="Weights (.safetensors) or name of a model; the shipped one."),
]
Scheduler = Annotated[
    str | None, typer.Option(help="Dask scheduler, such as tcp://127.0.0.1:8786; local workers.")
]
Workers = Annotated[int, typer.Option(help="Local workers, one thread each.")]
Memory = Annotated[float, typer.Option(help="Memory of a local worker, GiB.")]
CaseTimeout = Annotated[float, typer.Option(help="Time that one case may take, s.")]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Run cases again that failed before.")
]
_BACKENDS = ("auto", "egl", "osmesa", "numpy")


def with_finite_numbers(run: Callable[..., None]) -> Callable[..., None]:
    """A command that refuses options which are NaN or infinite, before it does anything."""

    @wraps(run)
    def checked(**options: Any) -> None:
        for name, value in options.items():
            numbers = value if isinstance(value, list) else [value]
            if any(isinstance(one, float) and not math.isfinite(one) for one in numbers):
                raise InputError(f"--{name.replace('_', '-')} is {value}, wanted a finite number")
        run(**options)

    return checked


def backend_named(name: str) -> "Backend":
    """Check the name of a backend.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in _BACKENDS:
        raise InputError(f"backend {name!r} is not known; known are {', '.join(_BACKENDS)}")
    return cast("Backend", name)


def model_named(name: str | None) -> Path | None:
    """Find weights by path or name; nothing stays nothing.

    Raises:
        ModelError: If no model has that name.
    """
    if name is None:
        return None
    from wearables.activity.known import find_model

    return find_model(name)


def words_in(text: str) -> list[str]:
    """Read words with commas between."""
    return [word.strip() for word in text.split(",") if word.strip()]


def numbers_in(words: str, option: str) -> tuple[int, ...]:
    """Read whole numbers with commas between.

    Raises:
        InputError: If a word is no whole number.
    """
    try:
        return tuple(int(word) for word in words.split(",") if word.strip())
    except ValueError as error:
        raise InputError(
            f"--{option} {words!r} are not whole numbers with commas between, such as -1,0,1"
        ) from error
