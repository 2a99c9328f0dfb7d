"""Commands that care for session files: verify, repair, migrate, sessions, info, export ..."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Json, OutFolder, SessionFile

app = typer.Typer()


@app.command(epilog="Example: muslin verify p07.h5")
def verify(session: SessionFile, *, as_json: Json = False) -> None:
    """Check a session file. Exit 0 clean, 3 loss found, 1 damaged or not read within a minute.

    The limit is 60 s and 1 s a megabyte: on some damaged files the HDF5 library never comes back.
    """
    from muslin.sessions import verify_session

    raise typer.Exit(verify_session(session, as_json=as_json))


@app.command(epilog="Example: muslin repair session.h5")
def repair(
    session: SessionFile,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New file; SESSION.recovered.h5 by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a sound copy of a damaged or unfinished session. Its journal helps."""
    from muslin.sessions import repair_session

    raise typer.Exit(repair_session(session, out=out, as_json=as_json))


@app.command(epilog="Example: muslin migrate old.h5 --out new.h5")
def migrate(
    session: SessionFile,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New file; SESSION.migrated.h5 by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring a session of an older layout to the newest one. The old file stays."""
    from muslin.sessions import migrate_session

    raise typer.Exit(migrate_session(session, out=out, as_json=as_json))


@app.command(epilog="Example: muslin sessions study --where \"task='walk' and coverage>0.95\"")
def sessions(
    folder: Annotated[Path, typer.Argument(help="Folder of session files.")],
    *,
    where: Annotated[str, typer.Option(help="SQL condition on the columns of the index.")] = "",
    as_json: Json = False,
) -> None:
    """List the sessions of a folder. The index is rebuilt from the files."""
    from muslin.sessions import list_sessions

    raise typer.Exit(list_sessions(folder, where=where, as_json=as_json))


@app.command(epilog="Example: muslin info session.h5")
def info(session: SessionFile, *, as_json: Json = False) -> None:
    """Say what a session holds and what is missing."""
    from muslin.sessions import describe_session

    raise typer.Exit(describe_session(session, as_json=as_json))


@app.command(epilog="Example: muslin export session.h5 --to xdf --out exported")
def export(
    session: Annotated[Path, typer.Argument(help="Session file (HDF5), or weights of a model.")],
    *,
    to: Annotated[
        str,
        typer.Option(help="bids, csv, edf, mcap, parquet or xdf; of a model torchscript or int8."),
    ],
    out: OutFolder = Path("exported"),
    data: Annotated[
        Path | None, typer.Option(help="Model only: labelled recordings that judge the int8 net.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a session in a format of the field, gaps explicit. Or a model's nets for elsewhere."""
    from muslin.learn import MODEL_FORMATS, export_model
    from muslin.sessions import export_file

    if to in MODEL_FORMATS:
        raise typer.Exit(export_model(session, to=to, out=out, data=data, as_json=as_json))
    raise typer.Exit(export_file(session, to=to, out=out, as_json=as_json))


@app.command(epilog="Example: muslin align p07-1.h5 p07-2.h5 --rate 50 --out aligned.npz")
def align(
    sessions: Annotated[list[Path], typer.Argument(help="Session files (HDF5).")],
    *,
    rate: Annotated[float, typer.Option(help="Rate of the grid, Hz.")],
    method: Annotated[str, typer.Option(help="polyphase, linear or hold.")] = "polyphase",
    out: Annotated[Path, typer.Option("--out", "-o", help="File (npz).")] = Path("aligned.npz"),
    event: Annotated[
        float | None, typer.Option(help="Time of a tap or shake that all felt, s: check clocks.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Believe the event: shift the grid, add a fit.")
    ] = False,
) -> None:
    """Bring streams of one or several sessions to one time grid."""
    from muslin.sessions import align_files

    code = align_files(sessions, rate_hz=rate, method=method, out=out, event_s=event, accept=accept)
    raise typer.Exit(code)


@app.command(epilog='Example: muslin annotate session.h5 "strap slipped" --author mk --at 12.5')
def annotate(
    session: SessionFile,
    text: Annotated[str, typer.Argument(help="The remark.")],
    *,
    author: Annotated[str, typer.Option(help="Who says so.")],
    at: Annotated[float, typer.Option(help="Session time, s.")],
    duration: Annotated[float, typer.Option(help="How long it holds, s.")] = 0.0,
) -> None:
    """Add a remark to a closed session. The samples stay as they are."""
    from muslin.sessions import annotate_file

    code = annotate_file(session, author=author, text=text, start_s=at, duration_s=duration)
    raise typer.Exit(code)
