"""Commands that follow from a fit: sizes, comparisons, pictures, the drapemeter."""

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
    numbers_in,
    words_in,
)

app = typer.Typer()


@app.command(epilog="Example: muslin size --pattern tshirt --body body.toml --sizes -2,-1,0,1,2")
def size(
    *,
    pattern: Annotated[
        str, typer.Option(help="Block to draft, or a graded pattern file (DXF).")
    ] = "tshirt",
    body: BodyFile = None,
    fabric: FabricName = None,
    sizes: Annotated[
        str, typer.Option(help="Size steps of a block, -2 to 2; sizes of a file, all of them.")
    ] = "",
    fit_class: FitClassName = None,
    map_name: MapName = "ease",
    backend: BackendName = "numpy",
    edge: Edge = 1.6,
    out: OutFolder = Path("size"),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Recommend a size, with the reason and how sure. Exit 1 when no size fits."""
    from muslin.size import size as run

    result = run(
        pattern=pattern, body=body, fabric=fabric,
        sizes=words_in(sizes), fit_class=fit_class,
        map_name=map_name, backend=backend_named(backend),
        edge_length_m=edge / 100, out=out, seed=seed,
    )  # fmt: skip
    raise typer.Exit(result.tell(as_json=as_json))


@app.command(epilog="Example: muslin compare --fabrics cotton_jersey,denim --map ease")
def compare(
    *,
    patterns: Annotated[
        str, typer.Option("--pattern", help="Blocks or pattern files, with commas between.")
    ] = "tshirt",
    body: BodyFile = None,
    fabrics: Annotated[str, typer.Option(help="Fabric cards; each block's usual one.")] = "",
    sizes: Annotated[str, typer.Option(help="Size steps, with commas between.")] = "0",
    fit_class: FitClassName = None,
    map_name: MapName = "stretch",
    backend: BackendName = "numpy",
    edge: Edge = 1.6,
    out: OutFolder = Path("compare"),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Put sizes, fabrics or garments side by side on one sheet. Two to six of them."""
    from muslin.compare import compare as run

    result = run(
        patterns=words_in(patterns),
        fabrics=words_in(fabrics),
        body=body, sizes=numbers_in(sizes, "sizes"), fit_class=fit_class, map_name=map_name,
        backend=backend_named(backend), edge_length_m=edge / 100, out=out, seed=seed,
    )  # fmt: skip
    raise typer.Exit(result.tell(as_json=as_json))


@app.command(epilog="Example: muslin cusick cotton_jersey --out drapemeter")
def cusick(
    fabric: Annotated[str, typer.Argument(help="Fabric card by name, or a card (TOML).")],
    *,
    backend: BackendName = "numpy",
    edge: Annotated[float, typer.Option(help="Edge length of the mesh, cm.")] = 0.9,
    out: OutFolder = Path("cusick"),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Simulate the drapemeter for a fabric card. Drape coefficient, folds, picture."""
    from muslin.cusick import cusick as run

    result = run(
        fabric, edge_length_m=edge / 100, backend=backend_named(backend), out=out, seed=seed
    )
    raise typer.Exit(result.tell(as_json=as_json))


@app.command(epilog="Example: muslin render fit/fit.glb --map pressure --views front,back")
def render(
    fit: Annotated[Path, typer.Argument(help="GLB that `muslin drape` wrote.")],
    *,
    map_name: Annotated[
        str | None, typer.Option("--map", help="Map to show; what the file shows when absent.")
    ] = None,
    views: Annotated[
        str,
        typer.Option(
            help="all, or of front, back, left, right, three_quarter, quarter_right, "
            "quarter_back_left, quarter_back_right."
        ),
    ] = "all",
    low: Annotated[float | None, typer.Option(help="Lower end of the colours.")] = None,
    high: Annotated[float | None, typer.Option(help="Upper end of the colours.")] = None,
    turntable: Annotated[
        int, typer.Option(help="Pictures of a turn, written as an animated PNG; 36 is smooth.")
    ] = 0,
    flat: Annotated[bool, typer.Option("--flat", help="Colours without any shading.")] = False,
    backend: BackendName = "auto",
    width: Annotated[int, typer.Option(help="Width of a picture, pixels.")] = 800,
    height: Annotated[int, typer.Option(help="Height of a picture, pixels.")] = 1000,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Picture to write; beside the file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw a saved fit. One view, a contact sheet of several, or a turntable."""
    from muslin.render import ALL_VIEWS
    from muslin.render import render as run

    chosen = ALL_VIEWS if views == "all" else tuple(views.split(","))
    result = run(
        fit, map_name=map_name, views=chosen, low=low, high=high, n_turntable=turntable,
        flat=flat, backend=backend_named(backend), width_px=width, height_px=height, out=out,
    )  # fmt: skip
    raise typer.Exit(result.tell(as_json=as_json))
