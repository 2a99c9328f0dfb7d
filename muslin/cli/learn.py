"""Commands that learn activities and tell them: train, evaluate, classify."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Json, ModelName, model_named

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
    out: Annotated[Path, typer.Option(help="Weights to write.")] = Path("model.safetensors"),
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    as_json: Json = False,
) -> None:
    """Train an activity model; wearers are held out to say what it is worth on strangers."""
    from muslin.learn import train as run

    raise typer.Exit(run(recipe, data=data, out=out, seed=seed, as_json=as_json))


@app.command(epilog="Example: muslin evaluate strain.safetensors --data DIR")
def evaluate(
    model: Annotated[Path, typer.Argument(help="Weights written by muslin train.")],
    *,
    data: Annotated[Path, typer.Option(help="Folder with labelled recordings.")],
    as_json: Json = False,
) -> None:
    """Judge a model on other recordings: macro-F1, each wearer, confusion, calibration."""
    from muslin.learn import evaluate as run

    raise typer.Exit(run(model, data=data, as_json=as_json))


@app.command(
    epilog="Example: muslin classify p07.h5 --stream garment/imu --model waist.safetensors"
)
def classify(
    session: Annotated[Path, typer.Argument(help="Session file.")],
    *,
    model: ModelName = None,
    stream: Annotated[str | None, typer.Option(help="Stream; the one that fits.")] = None,
    as_json: Json = False,
) -> None:
    """Tell the activity in each window of a session; unknown is an answer, with its reason."""
    from muslin.learn import classify as run

    raise typer.Exit(run(session, model=model_named(model), stream=stream, as_json=as_json))
