"""Commands that bring data in and play them out: scan, record-device, import, replay."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Force, Json, Live, Markers, MinBattery, SessionFile, Subject

app = typer.Typer()

Radio = Annotated[str, typer.Option(help="os:, os:hci1, tcp-client:HOST:PORT, usb:0, serial:TTY.")]


@app.command(epilog="Example: muslin scan --radio os: --duration 5")
def scan(
    *,
    radio: Radio = "os:",
    duration: Annotated[float, typer.Option(help="Seconds to scan.")] = 5.0,
    everything: Annotated[bool, typer.Option("--all", help="Show unknown devices too.")] = False,
    as_json: Json = False,
) -> None:
    """List garments and sensors in range: exit 0 some, 1 none."""
    from muslin.ingest import scan_radio

    raise typer.Exit(
        scan_radio(radio=radio, duration_s=duration, everything=everything, as_json=as_json)
    )


@app.command(
    "record-device",
    epilog="Example: muslin record-device --device 'Polar H10' --duration 60 --out p07.h5",
)
def record_device(
    *,
    device: Annotated[str, typer.Option(help="Address or part of the name; the first fit.")] = "",
    profile: Annotated[
        list[str] | None, typer.Option(help="heart_rate, polar ...; several times; all it has.")
    ] = None,
    radio: Radio = "os:",
    duration: Annotated[float, typer.Option(help="Seconds to record; 0 until interrupted.")] = 40.0,
    subject: Subject = "anonymous",
    out: Annotated[Path, typer.Option("--out", "-o", help="Session file to write.")] = Path(
        "session.h5"
    ),
    min_battery: MinBattery = 10.0,
    force: Force = False,
    markers: Markers = None,
    live: Live = True,
    as_json: Json = False,
) -> None:
    """Record a heart rate strap or another known sensor. Polar, Movesense, Thingy and more."""
    from muslin.ingest import record_device as run
    from muslin.recording.preflight import Limits
    from muslin.recording.run import MarkerDoors

    code = run(
        radio=radio,
        device=device,
        profiles=profile or [],
        subject=subject,
        out=out,
        doors=MarkerDoors(udp_port=markers),
        limits=Limits(duration_s=duration, min_battery_pct=min_battery, force=force),
        is_live=live,
        as_json=as_json,
    )
    raise typer.Exit(code)


@app.command("import", epilog="Example: muslin import walk.csv --map walk.toml --subject P07")
def import_(
    recording: Annotated[Path, typer.Argument(help="EDF, BDF, XDF, CSV, or Hexoskin folder.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Session file; NAME.h5 by default.")
    ] = None,
    subject: Subject = "anonymous",
    mapping: Annotated[
        Path | None, typer.Option("--map", help="CSV: which column is what (TOML).")
    ] = None,
    kind: Annotated[str, typer.Option("--from", help="csv, edf, hexoskin or xdf.")] = "",
    as_json: Json = False,
) -> None:
    """Bring a recording of another program into a session. Exit 3 if it has gaps."""
    from muslin.ingest import import_file

    code = import_file(
        recording, out=out, subject=subject, mapping=mapping, kind=kind, as_json=as_json
    )
    raise typer.Exit(code)


@app.command(epilog="Example: muslin replay p07.h5 --to lsl")
def replay(
    session: SessionFile,
    *,
    to: Annotated[str, typer.Option(help="lsl or garment.")] = "garment",
    speed: Annotated[float, typer.Option(help="lsl only: 1 is real time.")] = 1.0,
    duration: Annotated[float, typer.Option(help="Seconds; 0 to the end or interrupt.")] = 0.0,
) -> None:
    """Play a session as a virtual garment, or as LSL streams."""
    from muslin.ingest import replay_file

    raise typer.Exit(replay_file(session, to=to, speed=speed, duration_s=duration))
