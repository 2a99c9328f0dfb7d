"""Commands for those who make garments."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Json

app = typer.Typer()
firmware = typer.Typer(no_args_is_help=True, help="From one TOML to a garment's firmware.")
app.add_typer(firmware, name="firmware")

GarmentToml = Annotated[Path, typer.Argument(help="The garment's TOML.")]


@firmware.command(epilog="Example: muslin firmware init --out garment.toml")
def init(
    *, out: Annotated[Path, typer.Option(help="File to write.")] = Path("garment.toml")
) -> None:
    """Write a commented TOML to start from."""
    from muslin.firmware import init as run

    raise typer.Exit(run(out))


@firmware.command(epilog="Example: muslin firmware check garment.toml")
def check(garment: GarmentToml, *, as_json: Json = False) -> None:
    """List every problem of a garment's TOML, with line and key."""
    from muslin.firmware import check as run

    raise typer.Exit(run(garment, as_json=as_json))


@firmware.command(epilog="Example: muslin firmware generate garment.toml --out generated")
def generate(
    garment: GarmentToml,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("generated"),
) -> None:
    """Write the C headers, the descriptor and a table for people."""
    from muslin.firmware import generate as run

    raise typer.Exit(run(garment, out=out))


@firmware.command(epilog="Example: muslin firmware update app.bin --key maker.pub --garment os:")
def update(
    image: Annotated[Path, typer.Argument(help="Image signed for MCUboot.")],
    *,
    garment: Annotated[str, typer.Option(help="Radio, as for muslin record.")],
    key: Annotated[
        Path | None, typer.Option(help="The maker's public key (PEM): checked before sending.")
    ] = None,
    serial: Annotated[int | None, typer.Option(help="Which garment; the first one seen.")] = None,
    allow_downgrade: Annotated[
        bool, typer.Option("--allow-downgrade", help="Send an older version too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Update a garment: upload, test boot, and wait until it confirms itself."""
    from muslin.firmware import update as run

    code = run(
        image, garment=garment, key=key, serial=serial, allow_downgrade=allow_downgrade,
        as_json=as_json,
    )  # fmt: skip
    raise typer.Exit(code)


@app.command(epilog="Example: muslin simulate --seconds 60 --loss 0.05 --log-kib 512")
def simulate(
    *,
    replay: Annotated[
        Path | None, typer.Option(help="Session or replay to play; a synthetic wearer if omitted.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Length of the synthetic recording.")] = 60.0,
    loss: Annotated[float, typer.Option(help="Share of frames that are lost.")] = 0.0,
    cut: Annotated[
        list[float] | None, typer.Option(help="Second at which the link ends; repeatable.")
    ] = None,
    silence: Annotated[
        list[str] | None, typer.Option(help="START:STOP in seconds without data; repeatable.")
    ] = None,
    drift_ppm: Annotated[float, typer.Option(help="How fast the garment's clock is.")] = 37.0,
    wander_ppm: Annotated[float, typer.Option(help="Slow change of it.")] = 0.0,
    queue_frames: Annotated[int, typer.Option(help="Frames that wait for the radio.")] = 256,
    battery: Annotated[float, typer.Option(help="Charge, per cent.")] = 87.0,
    slow_control: Annotated[float, typer.Option(help="Wait before each answer, s.")] = 0.0,
    log_kib: Annotated[int, typer.Option(help="Flash log, KiB; 0 for none.")] = 0,
    interval_ms: Annotated[float, typer.Option(help="Connection interval.")] = 7.5,
    port: Annotated[int, typer.Option(help="Port on the loopback; 0 for a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="Same seed and knobs, same bytes.")] = 7,
    serial: Annotated[int, typer.Option(help="Serial number.")] = 1,
    idle: Annotated[float, typer.Option(help="Seconds to wait for a listener.")] = 300.0,
    summary: Annotated[
        Path | None, typer.Option(help="JSON file for what was really sent.")
    ] = None,
    firmware_image: Annotated[
        Path | None, typer.Option("--firmware", help="Image that runs; takes updates then.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Public key its bootloader trusts.")] = None,
    fail_self_test: Annotated[
        bool, typer.Option("--fail-self-test", help="New firmware does not confirm itself.")
    ] = False,
) -> None:
    """Be a garment on a virtual radio, with faults on demand."""
    from muslin.errors import InputError
    from muslin.simulate import simulate as run

    pairs = []
    for text in silence or ():
        try:
            start, stop = (float(word) for word in text.split(":"))
        except ValueError:
            raise InputError(f"silence is {text!r}, wanted START:STOP in seconds") from None
        pairs.append((start, stop))
    knobs = {
        "loss": loss, "cuts_s": tuple(cut or ()), "silences_s": tuple(pairs),
        "drift_ppm": drift_ppm, "wander_ppm": wander_ppm, "queue_frames": queue_frames,
        "battery_pct": battery, "slow_control_s": slow_control, "log_kib": log_kib,
    }  # fmt: skip
    code = run(
        replay=replay, seconds=seconds, port=port, interval_ms=interval_ms, seed=seed,
        serial=serial, idle_s=idle, summary=summary, knobs=knobs,
        boot=(firmware_image, key, fail_self_test),
    )  # fmt: skip
    raise typer.Exit(code)
