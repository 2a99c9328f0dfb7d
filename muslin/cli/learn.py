"""Commands that learn activities and tell them: train, evaluate, classify."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Json, ModelName, Seed, model_named
from muslin.errors import InputError

app = typer.Typer()

_RECIPE = (
    "basicmotions, knit-strain, knit-motion, knit-fused, waist-6, waist-12, watch-6 or sleeve-gait."
)
_DATA = "Folder with recordings of the recipe's layout; not needed for basicmotions."


@app.command(
    epilog="Example: muslin train --recipe knit-strain --data DIR --out strain.safetensors"
)
def train(
    *,
    recipe: Annotated[str, typer.Option(help=_RECIPE)] = "basicmotions",
    data: Annotated[Path | None, typer.Option(help=_DATA)] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Weights to write.")] = Path(
        "model.safetensors"
    ),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Train an activity model. Wearers are held out to say what it is worth on strangers."""
    from muslin.learn import train as run

    raise typer.Exit(run(recipe, data=data, out=out, seed=seed, as_json=as_json))


@app.command(epilog="Example: muslin evaluate strain.safetensors --data DIR")
def evaluate(
    model: Annotated[Path, typer.Argument(help="Weights written by muslin train.")],
    *,
    data: Annotated[Path, typer.Option(help="Folder with labelled recordings.")],
    as_json: Json = False,
) -> None:
    """Judge a model on other recordings. Macro-F1, each wearer, confusion, calibration."""
    from muslin.learn import evaluate as run

    raise typer.Exit(run(model, data=data, as_json=as_json))


@app.command(epilog="Example: muslin classify --garment udp:shirt.local --model waist.safetensors")
def classify(
    session: Annotated[
        Path | None, typer.Argument(help="Session file, or a folder of them.")
    ] = None,
    *,
    garment: Annotated[
        str | None, typer.Option(help="A live source instead, named as for muslin record.")
    ] = None,
    model: ModelName = None,
    personal: Annotated[
        Path | None,
        typer.Option(help="Session of the person with a marker at each activity, to learn from."),
    ] = None,
    stream: Annotated[str | None, typer.Option(help="Stream; the one that fits.")] = None,
    duration: Annotated[float, typer.Option(help="Live: seconds; 0 until q or the end.")] = 0.0,
    patience: Annotated[float, typer.Option(help="Live: seconds without samples to end.")] = 30.0,
    loss: Annotated[float, typer.Option(help="sim: only: share of frames lost on purpose.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="sim: only: seed of the virtual garment.")] = 7,
    as_json: Json = False,
) -> None:
    """Tell the activity in each window, recorded or live. Unknown is an answer, with its reason.

    With --json a live source gives one object a line.
    """
    if (session is None) == (garment is None):
        raise InputError("name either a session file (or folder), or a live source by --garment")
    from muslin.classify import classify as run
    from muslin.classify_live import check_times, classify_live
    from muslin.folders import existing_path
    from muslin.personal import opened_model
    from muslin.record import VirtualGarment

    # What was typed is judged before weights are loaded.
    virtual = VirtualGarment(loss=loss, seed=seed)
    check_times(duration, patience)
    if session is not None:
        existing_path(session, "session")
    loaded = opened_model(model_named(model), personal=personal, stream=stream)
    if session is not None:
        raise typer.Exit(run(session, model=loaded, stream=stream, as_json=as_json))
    code = classify_live(
        garment or "", model=loaded, stream=stream, duration_s=duration, patience_s=patience,
        virtual=virtual, as_json=as_json,
    )  # fmt: skip
    raise typer.Exit(code)
