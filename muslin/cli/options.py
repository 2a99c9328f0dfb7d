"""Options that many commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

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
FitClassName = Annotated[
    str | None,
    typer.Option(help="What the garment is meant to be: a name or a file; the block's usual one."),
]
ModelName = Annotated[
    str | None,
    typer.Option("--model", help="Weights (.safetensors) or name of a model; the shipped one."),
]
_BACKENDS = ("auto", "egl", "osmesa", "numpy")


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
