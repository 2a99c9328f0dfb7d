"""Commands that run over night: batch fit, batch analyze."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import (
    CaseTimeout,
    Edge,
    FitClassName,
    Json,
    Memory,
    ResumedFolder,
    RetryFailed,
    Scheduler,
    Workers,
    words_in,
)

app = typer.Typer()
batch = typer.Typer(no_args_is_help=True, help="Many fits: bodies, sizes and fabrics, resumable.")
app.add_typer(batch, name="batch")


@batch.command(
    epilog="Example: muslin batch fit bodies.csv --pattern tshirt --sizes S,M,L --out run"
)
def fit(
    bodies: Annotated[
        Path, typer.Argument(help="CSV: name, sex, perhaps type, and ISO 8559-1 measures in cm.")
    ],
    *,
    patterns: Annotated[
        str, typer.Option("--pattern", help="Blocks or pattern files, with commas between.")
    ] = "tshirt",
    sizes: Annotated[
        str, typer.Option(help="Letter codes or steps of blocks, sizes of graded files.")
    ] = "S,M,L,XL",
    fabrics: Annotated[str, typer.Option(help="Fabric cards; each pattern's usual one.")] = "",
    base: Annotated[
        Path | None,
        typer.Option(help="Who blocks are drafted for (TOML); the survey's average person."),
    ] = None,
    fit_class: FitClassName = None,
    edge: Edge = 1.6,
    out: ResumedFolder = Path("batch"),
    scheduler: Scheduler = None,
    workers: Workers = 2,
    memory: Memory = 4.0,
    timeout: CaseTimeout = 600.0,
    retry_failed: RetryFailed = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every fit.")] = 0,
    as_json: Json = False,
) -> None:
    """Fit every body in every size and fabric. Writes fits.parquet, summary.html, summary.json."""
    from muslin.batch import batch_fit

    result = batch_fit(
        bodies, patterns=words_in(patterns), sizes=words_in(sizes), fabrics=words_in(fabrics),
        base=base, fit_class=fit_class, edge_length_m=edge / 100, seed=seed, out=out,
        scheduler=scheduler, n_workers=workers, memory_gib=memory, timeout_s=timeout,
        retry_failed=retry_failed,
    )  # fmt: skip
    raise typer.Exit(result.tell(as_json=as_json))


@batch.command(epilog="Example: muslin batch analyze run")
def analyze(
    folder: Annotated[Path, typer.Argument(help="Folder of `muslin batch fit`.")],
    *,
    as_json: Json = False,
) -> None:
    """Put table and summary of a batch together again. Exit 3 when some fits are missing."""
    from muslin.batch import batch_analyze

    raise typer.Exit(batch_analyze(folder).tell(as_json=as_json))
