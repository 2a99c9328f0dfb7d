"""Commands of the fitting half: bodies, patterns, drape, fit."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import BackendName, FitClassName, Json, MapName, backend_named

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
    body: Annotated[
        Path | None, typer.Option(help="Tape measures in cm (TOML); the demo's body.")
    ] = None,
    fabric: Annotated[
        str | None, typer.Option(help="Fabric card by name or file; the block's usual one.")
    ] = None,
    size: Annotated[
        str, typer.Option(help="Step of a block (0 as drafted, -1 down), or size of a graded file.")
    ] = "0",
    compare: Annotated[
        str | None, typer.Option(help="Second size, draped beside the first.")
    ] = None,
    fit_class: FitClassName = None,
    map_name: MapName = "stretch",
    backend: BackendName = "numpy",
    edge: Annotated[float, typer.Option(help="Edge length of the cloth mesh, cm.")] = 1.6,
    device: Annotated[
        str, typer.Option(help="Where the solver runs: cpu, or cuda for an NVIDIA GPU.")
    ] = "cpu",
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
        fit_class=fit_class,
        map_name=map_name,
        backend=backend_named(backend),
        edge_length_m=edge / 100,
        device=device,
        out=out,
        seed=seed,
    )
    raise typer.Exit(result.tell(as_json=as_json))
