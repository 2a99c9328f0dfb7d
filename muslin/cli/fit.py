"""The command of the fitting half that all others follow: drape."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import (
    BackendName,
    BodyFile,
    Edge,
    FabricName,
    FitClassName,
    Json,
    MapName,
    OutFolder,
    Seed,
    backend_named,
)

app = typer.Typer()


@app.command(
    epilog="Example: muslin drape --body body.toml --fabric cotton_jersey --size 0 --out fit"
)
def drape(
    *,
    pattern: Annotated[
        str,
        typer.Option(
            help="Block to draft, such as tshirt or leggings; or a pattern file (JSON, DXF, SVG)."
        ),
    ] = "tshirt",
    body: BodyFile = None,
    fabric: FabricName = None,
    size: Annotated[
        str, typer.Option(help="Step of a block (0 as drafted, -1 down), or size of a graded file.")
    ] = "0",
    compare: Annotated[
        str | None, typer.Option(help="Second size, draped beside the first.")
    ] = None,
    fit_class: FitClassName = None,
    map_name: MapName = "stretch",
    backend: BackendName = "numpy",
    edge: Edge = 1.6,
    device: Annotated[
        str, typer.Option(help="Where the solver runs: cpu, or cuda for an NVIDIA GPU.")
    ] = "cpu",
    placed: Annotated[
        bool,
        typer.Option(
            "--placed",
            help="Friction holds to where the garment is put on until it rests: one "
            "rest, whatever the solver's way; for sensors and tight garments.",
        ),
    ] = False,
    out: OutFolder = Path("fit"),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Drape a garment on a body and judge the fit. Writes fit.json, fit.png, fit.glb."""
    from muslin.drape import drape as run

    result = run(
        pattern=pattern,
        body=body,
        fabric=fabric,
        size=size,
        compare=compare,
        fit_class=fit_class,
        map_name=map_name,
        backend=backend_named(backend),
        edge_length_m=edge / 100,
        device=device,
        placed=placed,
        out=out,
        seed=seed,
    )
    raise typer.Exit(result.tell(as_json=as_json))
