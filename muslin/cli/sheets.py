"""Commands that make sheets for the workroom: nest, techpack."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import (
    BodyFile,
    Edge,
    FabricName,
    FabricWidth,
    FitClassName,
    HemAllowance,
    Json,
    SeamAllowance,
    Seed,
    numbers_in,
    words_in,
)

app = typer.Typer()


@app.command(epilog="Example: muslin nest tshirt --sizes S:2,M:3 --width 150 --out marker.svg")
def nest(
    patterns: Annotated[
        list[str], typer.Argument(help="Blocks or pattern files that are cut together.")
    ],
    *,
    sizes: Annotated[
        str, typer.Option(help="Garments of each size, such as S:2,M:3, 0:1,+1:2 or 38:4.")
    ] = "0:1",
    width: FabricWidth = 150.0,
    fabric: FabricName = None,
    body: Annotated[
        Path | None,
        typer.Option(help="Tape measures (as for drape) that blocks are drafted for."),
    ] = None,
    gap: Annotated[float, typer.Option(help="Least distance between pieces, mm.")] = 2.0,
    rotate: Annotated[
        str, typer.Option(help="Turns allowed, degrees; 0 alone for piles and one-way prints.")
    ] = "0,180",
    allowance: SeamAllowance = 1.0,
    hem: HemAllowance = 2.0,
    seconds: Annotated[float, typer.Option(help="Time for the search, s.")] = 30.0,
    workers: Annotated[
        int | None, typer.Option(help="Searches side by side; one a core when absent.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first search.")] = 0,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", help="File to write: .svg, .dxf or .json; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Lay a size mix on a fabric width. Length, mass, waste, and the marker as SVG and DXF."""
    from math import radians

    from fitting.nesting import Allowance
    from muslin.nest import nest as run
    from muslin.size_run import size_mix

    result = run(
        patterns, mix=size_mix(sizes), width_m=width / 100, fabric=fabric, body=body,
        gap_m=gap / 1000, turns_rad=[radians(turn) for turn in numbers_in(rotate, "rotate")],
        allowance=Allowance(seam_m=allowance / 100, hem_m=hem / 100),
        seconds=seconds, seed=seed, n_threads=workers, out=out or [Path("marker.svg")],
    )  # fmt: skip
    raise typer.Exit(result.tell(as_json=as_json))


@app.command(epilog="Example: muslin techpack tshirt --sizes S,M,L --body body.toml --out pack.pdf")
def techpack(
    pattern: Annotated[str, typer.Argument(help="Block, or pattern file (JSON, DXF, SVG).")],
    *,
    sizes: Annotated[
        str, typer.Option(help="Letter codes or steps of a block, sizes of a graded file.")
    ] = "-1,0,+1",
    body: BodyFile = None,
    fabric: FabricName = None,
    fit_class: FitClassName = None,
    allowance: SeamAllowance = 1.0,
    hem: HemAllowance = 2.0,
    width: FabricWidth = 150.0,
    seconds: Annotated[float, typer.Option(help="Search time of the marker, s.")] = 10.0,
    edge: Edge = 1.6,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option("--out", "-o", help="PDF to write.")] = Path("techpack.pdf"),
    as_json: Json = False,
) -> None:
    """Write what a factory needs. Panels, measures, fabric, bill, marker, seams, fit per size."""
    from fitting.nesting import Allowance
    from muslin.techpack import techpack as run

    result = run(
        pattern, sizes=words_in(sizes), body=body,
        fabric=fabric, fit_class=fit_class, width_m=width / 100, seconds=seconds,
        allowance=Allowance(seam_m=allowance / 100, hem_m=hem / 100),
        edge_length_m=edge / 100, seed=seed, out=out,
    )  # fmt: skip
    raise typer.Exit(result.tell(as_json=as_json))
