"""Commands of the sensing half: record, analyze."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import (
    Force,
    Json,
    Live,
    Markers,
    MinBattery,
    ModelName,
    Subject,
    model_named,
)

app = typer.Typer()


Required = Annotated[
    list[str] | None, typer.Option("--require", help="Stream that must send; repeatable.")
]
LslMarks = Annotated[str | None, typer.Option(help="LSL predicate of marker streams; '' for all.")]
StudyFile = Annotated[
    Path | None, typer.Option(help="TOML with [subject], [protocol] and [[calibration]].")
]


@app.command(
    epilog="Example: muslin record --garment sim: --duration 20 --subject P07 --out p07.h5"
)
def record(
    *,
    garment: Annotated[
        list[str] | None,
        typer.Option(
            help="sim: (a virtual one), os:, os:hci1#SERIAL, usb:0, tcp-client:HOST:PORT, "
            "udp:HOST, uart:DATA,SMP, lsl:PREDICATE, replay:FILE; NAME=URI names it; repeatable."
        ),
    ] = None,
    duration: Annotated[float, typer.Option(help="Seconds to record; 0 until stopped.")] = 40.0,
    subject: Subject = "",
    task: Annotated[str, typer.Option(help="What the subject does.")] = "",
    study: StudyFile = None,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Session file; of several OUT-NAME.h5 ..."),
    ] = Path("session.h5"),
    one_file: Annotated[
        bool, typer.Option("--one-file", help="Several garments into one session file.")
    ] = False,
    require: Required = None,
    min_battery: MinBattery = 10.0,
    force: Force = False,
    markers: Markers = None,
    lsl_markers: LslMarks = None,
    live: Live = True,
    loss: Annotated[float, typer.Option(help="sim: only: share of frames lost on purpose.")] = 0.03,
    seed: Annotated[int, typer.Option(min=0, help="sim: only: seed of the virtual garment.")] = 7,
    as_json: Json = False,
) -> None:
    """Record garments into session files. The files say what is missing."""
    from muslin.record import VirtualGarment, record_many, tell
    from muslin.recording.preflight import Limits
    from muslin.recording.run import MarkerDoors
    from muslin.recording.study import read_study

    outcome = record_many(
        garment or ["sim:"],
        out=out,
        study=read_study(study, subject=subject, task=task),
        limits=Limits(
            required=tuple(require or ()), min_battery_pct=min_battery, duration_s=duration,
            force=force,
        ),
        virtual=VirtualGarment(loss=loss, seed=seed),
        doors=MarkerDoors(udp_port=markers, lsl=lsl_markers),
        is_live=live,
        in_one_file=one_file,
    )  # fmt: skip
    raise typer.Exit(tell(outcome, as_json=as_json))


@app.command(epilog="Example: muslin analyze p07.h5 --out p07.html")
def analyze(
    session: Annotated[Path, typer.Argument(help="Session file, or a folder of them.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Page to write; beside the session.")
    ] = None,
    model: ModelName = None,
    as_json: Json = False,
) -> None:
    """Turn sessions into heart, breath, movement and activity. One page, quality first."""
    from muslin.analyze_session import analyze_session

    raise typer.Exit(analyze_session(session, out=out, model=model_named(model), as_json=as_json))
