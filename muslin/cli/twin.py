"""Commands of the sensor garment twin: sensors on panels, and what they feel on a body."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import (
    BackendName,
    BodyFile,
    CaseTimeout,
    Edge,
    Json,
    Memory,
    OutFolder,
    ResumedFolder,
    RetryFailed,
    Scheduler,
    Seed,
    Workers,
    backend_named,
    numbers_in,
    words_in,
)

app = typer.Typer()
twin = typer.Typer(no_args_is_help=True, help="Sensors on a garment: placed, worn, surveyed.")
app.add_typer(twin, name="twin")

GarmentName = Annotated[str, typer.Argument(help="Block with sensors, or a pattern file.")]
SensorsToml = Annotated[
    Path | None, typer.Option(help="Sensors file (TOML); the one beside the pattern.")
]
SizeName = Annotated[str, typer.Option(help="Step of a block, or size of a graded file.")]
Ease = Annotated[
    list[str] | None,
    typer.Option(help="Change an ease of a block, such as girth_share=-0.25; repeatable."),
]
RequirementsToml = Annotated[
    Path | None, typer.Option(help="What sensors need (TOML); the ranges that ship.")
]


def ease_of(words: Sequence[str] | None) -> dict[str, float]:
    """Read ``name=value`` options."""
    from muslin.draft import ease_named

    return dict(ease_named(word) for word in words or ())


@twin.command(epilog="Example: muslin twin place chest_band --size 1 --out placed")
def place(
    garment: GarmentName,
    *,
    sensors: SensorsToml = None,
    body: BodyFile = None,
    size: SizeName = "0",
    ease: Ease = None,
    out: OutFolder = Path("placed"),
    as_json: Json = False,
) -> None:
    """Lay sensors on a pattern and check them. Writes DXF and SVG; exit 1 on problems."""
    from muslin.twin.worn.place import place as run

    result = run(garment, sensors=sensors, body=body, size=size, ease=ease_of(ease), out=out)
    raise typer.Exit(result.tell(as_json=as_json))


@twin.command(epilog="Example: muslin twin read chest_band --body body.toml --size 0 --out twin")
def read(
    garment: GarmentName,
    *,
    sensors: SensorsToml = None,
    body: BodyFile = None,
    size: SizeName = "0",
    fabric: Annotated[
        str | None, typer.Option(help="Fabric card by name or file; the sensors file's.")
    ] = None,
    ease: Ease = None,
    requirements: RequirementsToml = None,
    backend: BackendName = "numpy",
    edge: Edge = 1.0,
    out: OutFolder = Path("twin"),
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Drape a sensor garment and read every sensor. Exit 1 when one does not work."""
    from muslin.twin.worn.read import read as run

    result = run(
        garment,
        sensors=sensors,
        body=body,
        size=size,
        fabric=fabric,
        ease=ease_of(ease),
        requirements=requirements,
        backend=backend_named(backend),
        edge_length_m=edge / 100,
        out=out,
        seed=seed,
    )
    raise typer.Exit(result.tell(as_json=as_json))


@twin.command(
    epilog="Example: muslin twin survey chest_band --bodies bodies.csv --sizes -1,0,1 "
    "--search electrode_r,electrode_l --out survey"
)
def survey(
    garment: Annotated[str, typer.Argument(help="Block with sensors.")],
    *,
    bodies: Annotated[
        Path, typer.Option(help="People (CSV): name, sex, measures in cm; or ANSUR II's layout.")
    ],
    sizes: Annotated[str, typer.Option(help="Size steps with commas between.")] = "-1,0,1",
    sensors: SensorsToml = None,
    fabric: Annotated[
        str | None, typer.Option(help="Fabric card by name or file; the sensors file's.")
    ] = None,
    ease: Ease = None,
    requirements: RequirementsToml = None,
    made_to_measure: Annotated[
        bool, typer.Option("--made-to-measure", help="Draft for each wearer, not by a size chart.")
    ] = False,
    search: Annotated[
        str, typer.Option(help="Sensors, commas between, whose place and ease are searched.")
    ] = "",
    edge: Edge = 1.0,
    out: ResumedFolder = Path("survey"),
    scheduler: Scheduler = None,
    workers: Workers = 2,
    memory: Memory = 4.0,
    timeout: CaseTimeout = 600.0,
    retry_failed: RetryFailed = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Survey sensors over people and sizes. A page, numbers, and exit 3 when a case failed."""
    from muslin.twin.survey.run import survey as run

    result = run(
        garment,
        bodies=bodies,
        sizes=numbers_in(sizes, "sizes"),
        sensors=sensors,
        fabric=fabric,
        ease=ease_of(ease),
        requirements=requirements,
        made_to_measure=made_to_measure,
        search=tuple(words_in(search)),
        edge_length_m=edge / 100,
        out=out,
        scheduler=scheduler,
        n_workers=workers,
        memory_gib=memory,
        timeout_s=timeout,
        retry_failed=retry_failed,
        seed=seed,
    )
    raise typer.Exit(result.tell(as_json=as_json))
