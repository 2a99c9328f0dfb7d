"""Commands of patterns and fabrics: draft, grade, fabric."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from muslin.cli.options import BodyFile, Json, OutFolder

app = typer.Typer()
fabric = typer.Typer(no_args_is_help=True, help="Fabric cards in SI, each number with its source.")
app.add_typer(fabric, name="fabric")


@app.command(epilog="Example: muslin draft leggings --measures body.toml --out leggings.json")
def draft(
    block: Annotated[str, typer.Argument(help="Block, such as tshirt, trousers or chest_band.")],
    *,
    measures: BodyFile = None,
    size: Annotated[str, typer.Option(help="Step (-1, +2) or letter code (M).")] = "0",
    ease: Annotated[
        list[str] | None, typer.Option(help="Change an ease, such as bust_m=0.1; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="GarmentCode file; BLOCK.json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draft a block for a person. Exit 1 when the pattern check finds something."""
    from muslin.draft import draft as run

    result = run(block, measures=measures, size=size, ease=ease or (), out=out)
    raise typer.Exit(result.tell(as_json=as_json))


@app.command(epilog="Example: muslin grade tshirt --size S --size M --size L --out graded")
def grade(
    pattern: Annotated[str, typer.Argument(help="Block, or a GarmentCode file (JSON).")],
    *,
    size: Annotated[
        list[str] | None, typer.Option(help="Step (-1, +1) or, for blocks, letter; repeatable.")
    ] = None,
    measures: BodyFile = None,
    out: OutFolder = Path("graded"),
    as_json: Json = False,
) -> None:
    """Write a pattern in several sizes. Exit 1 when the pattern check finds something."""
    from muslin.draft import grade as run

    result = run(pattern, sizes=size or ("-1", "0", "+1"), measures=measures, out=out)
    raise typer.Exit(result.tell(as_json=as_json))


@fabric.command(epilog="Example: muslin fabric show cotton_jersey")
def show(
    name: Annotated[str | None, typer.Argument(help="Card; all names when absent.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show a card with the source of every number."""
    from muslin.fabric import show as run

    raise typer.Exit(run(name, as_json=as_json))


@fabric.command(epilog="Example: muslin fabric check my_cloth.toml")
def check(
    name: Annotated[str, typer.Argument(help="Card by name, or a file (TOML).")],
    *,
    as_json: Json = False,
) -> None:
    """Find numbers that no ordinary fabric has. Exit 0 none, 1 some, 2 unreadable."""
    from muslin.fabric import check as run

    raise typer.Exit(run(name, as_json=as_json))


@fabric.command("import", epilog="Example: muslin fabric import kes.csv --name my_wool")
def import_(
    sheet: Annotated[Path, typer.Argument(help="CSV with quantity, warp, weft.")],
    *,
    name: Annotated[str | None, typer.Option(help="Name of the card; the file's.")] = None,
    method: Annotated[
        Literal["kes", "fast", "cusick"] | None, typer.Option(help="Instrument; by its quantities.")
    ] = None,
    base: Annotated[str, typer.Option(help="Card that lends what was not measured.")] = (
        "cotton_jersey"
    ),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Card to write; beside the sheet.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a card of a KES-F, FAST or Cusick result sheet."""
    from muslin.fabric import import_sheet as run

    raise typer.Exit(run(sheet, name=name, method=method, base=base, out=out, as_json=as_json))
