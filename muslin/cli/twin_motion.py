"""Commands of the twin in motion: predict what a garment sends, let a session move the avatar."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import BodyFile, Idle, Json
from muslin.cli.twin import GarmentName, SensorsToml, app, twin

__all__ = ["app", "replay", "simulate"]

Keys = Annotated[int, typer.Option(help="Most key poses that are draped.")]
Stream = Annotated[str | None, typer.Option(help="Be the garment on ble, udp or pty.")]
Port = Annotated[int | None, typer.Option(help="Radio's or UDP data port; 0 for a free one.")]
ControlPort = Annotated[int | None, typer.Option(help="UDP control port; 0 for a free one.")]


@twin.command(epilog="Example: muslin twin simulate knee_sleeve --motion squat -o squat.h5")
def simulate(
    garment: GarmentName,
    *,
    motion: Annotated[
        str,
        typer.Option(
            help="walk, run, bend, curl45, curl90, squat, lift, sit, a .bvh clip, "
            "or a .csv with time_s and columns such as knee_flexion_l_deg."
        ),
    ] = "walk",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Session (.h5) or replay (.npz) to write.")
    ] = None,
    stream: Stream = None,
    duration: Annotated[
        float | None, typer.Option(help="Seconds of a named motion; 20 if omitted.")
    ] = None,
    body: BodyFile = None,
    size: Annotated[int, typer.Option(help="Size step of the block.")] = 0,
    sensors: SensorsToml = None,
    fabric: Annotated[str | None, typer.Option(help="Fabric card; the garment's own.")] = None,
    keys: Keys = 5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of drape and noise.")] = 0,
    port: Port = None,
    control_port: ControlPort = None,
    idle: Idle = 300.0,
    as_json: Json = False,
) -> None:
    """Predict what a garment sends while its wearer moves. A session, or a garment to record."""
    from muslin.errors import InputError
    from muslin.simulate import DoorSettings
    from muslin.twin.signals.simulated import (
        check_target,
        stream_prediction,
        tell,
        twin_simulate,
        write_prediction,
    )

    if out is None and stream is None:
        raise InputError("nothing to do with the signals: give --out FILE or --stream ble|udp|pty")
    door = None if stream is None else DoorSettings(
        kind=stream, port=port, control_port=control_port
    )  # fmt: skip
    if out is not None:
        check_target(out)
    made = twin_simulate(
        garment, motion=motion, duration_s=duration, body=body, size_step=size, sensors=sensors,
        fabric=fabric, n_keys=keys, seed=seed,
    )  # fmt: skip
    if out is not None:
        write_prediction(made.prediction, out, title=f"{garment}, {made.frames.name}")
    code = tell(made, out, as_json=as_json)
    if door is not None:
        code = stream_prediction(made.prediction, door=door, seed=seed, idle_s=idle)
    raise typer.Exit(code)


@twin.command(epilog="Example: muslin twin replay squat.h5 --garment knee_sleeve --out twin")
def replay(
    session: Annotated[
        Path,
        typer.Argument(
            help="Session that starts with a still stand; FILE#DEVICE for one of several garments."
        ),
    ],
    *,
    garment: Annotated[str, typer.Option(help="Block or pattern file.")] = "knee_sleeve",
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("twin"),
    bent: Annotated[float, typer.Option(help="Largest angle of the hinge, degrees.")] = 90.0,
    gauge_factor: Annotated[
        float | None, typer.Option(help="Reading per strain where known; instead of --bent.")
    ] = None,
    both_sides: Annotated[
        bool, typer.Option("--both-sides", help="The other leg or arm did the same.")
    ] = False,
    start: Annotated[float, typer.Option(help="Where the animation starts, s.")] = 0.0,
    seconds: Annotated[float, typer.Option(help="How long it is, s.")] = 10.0,
    frames: Annotated[int, typer.Option(help="Its frames; straight ways between.")] = 40,
    stream: Stream = None,
    body: BodyFile = None,
    size: Annotated[int, typer.Option(help="Size step of the block.")] = 0,
    sensors: SensorsToml = None,
    fabric: Annotated[str | None, typer.Option(help="Fabric card; the garment's own.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the drape.")] = 0,
    port: Port = None,
    control_port: ControlPort = None,
    idle: Idle = 300.0,
    as_json: Json = False,
) -> None:
    """Let a recorded session move avatar and garment. GLB animation, measured beside predicted."""
    from muslin.simulate import DoorSettings, simulate
    from muslin.twin.replay.files import tell, write_twin
    from muslin.twin.replay.recorded import settings_from
    from muslin.twin.replay.replayed import twin_replay

    door = None if stream is None else DoorSettings(
        kind=stream, port=port, control_port=control_port
    )  # fmt: skip
    found = twin_replay(
        session, garment, body=body, size_step=size, sensors=sensors, fabric=fabric, seed=seed,
        settings=settings_from(
            bent_deg=bent, gauge_factor=gauge_factor, both_sides=both_sides
        ),
    )  # fmt: skip
    numbers = write_twin(found, out, start_s=start, seconds=seconds, n_frames=frames)
    code = tell(numbers, out, as_json=as_json)
    if door is not None:
        code = simulate(
            replay=out / "replay.npz", seconds=60.0, seed=seed, serial=1, idle_s=idle,
            summary=None, knobs={}, door=door,
        )  # fmt: skip
    raise typer.Exit(code)
