"""Commands about patterns: check, convert, seams."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Edge, Json

app = typer.Typer()

PatternPath = Annotated[
    Path, typer.Argument(help="GarmentCode or FreeSewing JSON, DXF AAMA/ASTM, or SVG.")
]
Size = Annotated[str | None, typer.Option(help="Size of a graded nest; its sample size.")]
Unit = Annotated[str | None, typer.Option(help="Unit of a file that states none: mm, cm, inch, m.")]
Allowance = Annotated[
    float, typer.Option(help="Seam allowance that the outline includes, cm; it is taken off.")
]


@app.command(epilog="Example: muslin check shirt_specification.json")
def check(
    pattern: PatternPath,
    *,
    size: Size = None,
    unit: Unit = None,
    allowance: Allowance = 0.0,
    edge: Edge = 1.6,
    body: Annotated[
        Path | None,
        typer.Option(help="A wearer's tape measures (as for drape): can they put it on?"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find every problem of a pattern. Exit 0 clean, 1 problems found, 2 unreadable."""
    from muslin.patterns import check as run

    result = run(
        pattern,
        size=size,
        unit=unit,
        allowance_cm=allowance,
        edge_length_m=edge / 100,
        body=body,
    )
    raise typer.Exit(result.tell(as_json=as_json))


@app.command(epilog="Example: muslin convert style.dxf --to pdf --size 38")
def convert(
    pattern: PatternPath,
    *,
    to: Annotated[str, typer.Option(help="json (GarmentCode), dxf (ASTM D6673), svg or pdf.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; beside the pattern.")
    ] = None,
    size: Size = None,
    unit: Unit = None,
    allowance: Allowance = 0.0,
    paper: Annotated[
        str, typer.Option(help="PDF at 1:1: a4 or letter tiles, or one sheet for a plotter.")
    ] = "a4",
) -> None:
    """Write a pattern in another format, at its true size."""
    from muslin.patterns import convert as run
    from muslin.screen import say

    target = run(pattern, to=to, out=out, size=size, unit=unit, allowance_cm=allowance, paper=paper)
    say(f"wrote {target}")


@app.command(epilog="Example: muslin seams style.dxf")
def seams(
    pattern: PatternPath,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Seams file; NAME.seams.toml beside it.")
    ] = None,
    unit: Unit = None,
    allowance: Allowance = 0.0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an edited seams file.")
    ] = False,
) -> None:
    """Propose seams in a file to edit. From lengths, notches, names and grading."""
    from muslin.patterns import seams as run
    from muslin.screen import say

    target, n_seams = run(pattern, out=out, unit=unit, allowance_cm=allowance, overwrite=overwrite)
    say(f"wrote {n_seams} proposals to {target}; edit and confirm them, then check the pattern")
