"""Commands for those who make garments."""

from pathlib import Path
from typing import Annotated

import typer

from muslin.cli.options import Idle, Json, OutFolder

app = typer.Typer()
firmware = typer.Typer(no_args_is_help=True, help="From one TOML to a garment's firmware.")
app.add_typer(firmware, name="firmware")

GarmentToml = Annotated[Path, typer.Argument(help="The garment's TOML.")]


@firmware.command(epilog="Example: muslin firmware init garment.toml")
def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("garment.toml"),
) -> None:
    """Write a commented TOML to start from."""
    from muslin.firmware import init as run

    raise typer.Exit(run(path))


@firmware.command(epilog="Example: muslin firmware check garment.toml")
def check(garment: GarmentToml, *, as_json: Json = False) -> None:
    """List every problem of a garment's TOML, with line and key."""
    from muslin.firmware import check as run

    raise typer.Exit(run(garment, as_json=as_json))


@firmware.command(epilog="Example: muslin firmware generate garment.toml --out generated")
def generate(
    garment: GarmentToml,
    *,
    out: OutFolder = Path("generated"),
) -> None:
    """Write the C headers, the descriptor and a table for people."""
    from muslin.firmware import generate as run

    raise typer.Exit(run(garment, out=out))


@firmware.command(epilog="Example: muslin firmware update app.bin --key maker.pub --garment os:")
def update(
    image: Annotated[Path, typer.Argument(help="Image signed for MCUboot.")],
    *,
    garment: Annotated[str, typer.Option(help="Radio or line, as for muslin record.")],
    key: Annotated[
        Path | None, typer.Option(help="The maker's public key (PEM): checked before sending.")
    ] = None,
    serial: Annotated[int | None, typer.Option(help="Which garment; the first one seen.")] = None,
    allow_downgrade: Annotated[
        bool, typer.Option("--allow-downgrade", help="Send an older version too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Update a garment. Upload, test boot, and wait until it confirms itself."""
    from muslin.firmware import update as run

    code = run(
        image, garment=garment, key=key, serial=serial, allow_downgrade=allow_downgrade,
        as_json=as_json,
    )  # fmt: skip
    raise typer.Exit(code)


@app.command(epilog="Example: muslin simulate --udp --seconds 60 --loss 0.05 --log-kib 512")
def simulate(
    *,
    ble: Annotated[bool, typer.Option("--ble", help="On a virtual radio; the default.")] = False,
    pty: Annotated[bool, typer.Option("--pty", help="On two serial lines.")] = False,
    udp: Annotated[bool, typer.Option("--udp", help="On two UDP ports.")] = False,
    replay: Annotated[
        Path | None,
        typer.Option(help="Session, replay or foreign recording; a synthetic wearer if omitted."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="Replay is CSV: which column is what (TOML).")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Length of the synthetic recording.")] = 60.0,
    loss: Annotated[float, typer.Option(help="Share of frames that are lost.")] = 0.0,
    outage: Annotated[
        list[str] | None, typer.Option(help="START:STOP in seconds out of range; repeatable.")
    ] = None,
    silence: Annotated[
        list[str] | None, typer.Option(help="START:STOP in seconds without data; repeatable.")
    ] = None,
    cut: Annotated[
        list[float] | None, typer.Option(help="Second at which the link ends; repeatable.")
    ] = None,
    brown_out: Annotated[
        list[str] | None, typer.Option(help="AT:FOR, power lost for so many seconds; repeatable.")
    ] = None,
    jam: Annotated[
        list[str] | None, typer.Option(help="START:STOP:RATE, frames a second there; repeatable.")
    ] = None,
    overrun: Annotated[
        list[str] | None, typer.Option(help="STREAM:AT:N samples lost in the sensor; repeatable.")
    ] = None,
    stuck: Annotated[
        list[str] | None, typer.Option(help="STREAM:CHANNEL:START:STOP; repeatable.")
    ] = None,
    offset: Annotated[float, typer.Option(help="The garment's clock at the start, s.")] = 12.345,
    drift_ppm: Annotated[float, typer.Option(help="How fast the garment's clock is.")] = 37.0,
    wander_ppm: Annotated[float, typer.Option(help="Slow change of it.")] = 0.0,
    wander_period: Annotated[float, typer.Option(help="Period of the change, s.")] = 600.0,
    queue_frames: Annotated[int, typer.Option(help="Frames that wait for the transport.")] = 256,
    drain: Annotated[float, typer.Option(help="Frames a second it takes; 0 for all.")] = 0.0,
    link_budget: Annotated[float, typer.Option(help="Bytes a second; start obeys it.")] = 90_000.0,
    battery: Annotated[float, typer.Option(help="Charge, per cent.")] = 87.0,
    slow_control: Annotated[float, typer.Option(help="Wait before each answer, s.")] = 0.0,
    log_kib: Annotated[int, typer.Option(help="Flash log, KiB; 0 for none.")] = 0,
    flash_ms: Annotated[float, typer.Option(help="Time to log a frame; slow loses some.")] = 0.0,
    interval_ms: Annotated[float, typer.Option(help="Radio: connection interval.")] = 7.5,
    budget: Annotated[int, typer.Option(help="Radio: packets per connection event.")] = 6,
    miss: Annotated[float, typer.Option(help="Radio: share of packets sent again.")] = 0.0,
    supervision: Annotated[float, typer.Option(help="Radio: out of range ends it, s.")] = 2.0,
    port: Annotated[
        int | None, typer.Option(help="Radio's or UDP data port (1338); 0 for a free one.")
    ] = None,
    control_port: Annotated[
        int | None, typer.Option(help="UDP control port (1337); 0 for a free one.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed and knobs, same bytes.")] = 7,
    serial: Annotated[int, typer.Option(help="Serial number.")] = 1,
    idle: Idle = 300.0,
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
    """Be a garment, with faults on demand. On a virtual radio, on serial lines or on UDP."""
    from muslin.errors import InputError
    from muslin.simulate import DOORS, DoorSettings
    from muslin.simulate import simulate as run

    chosen = [name for name, is_on in zip(DOORS, (ble, pty, udp), strict=True) if is_on]
    if len(chosen) > 1:
        raise InputError(f"--{' and --'.join(chosen)} exclude each other; choose one")
    knobs = {
        "loss": loss, "cuts_s": tuple(cut or ()), "drift_ppm": drift_ppm,
        "silences_s": _fields("silence", silence, "START:STOP", (float, float)),
        "outages_s": _fields("outage", outage, "START:STOP", (float, float)),
        "jams": _fields("jam", jam, "START:STOP:RATE", (float, float, float)),
        "brown_outs": _fields("brown-out", brown_out, "AT:FOR", (float, float)),
        "overruns": _fields("overrun", overrun, "STREAM:AT:N", (str, float, int)),
        "stuck": _fields("stuck", stuck, "STREAM:CHANNEL:START:STOP", (str, str, float, float)),
        "clock_offset_s": offset, "wander_ppm": wander_ppm, "wander_period_s": wander_period,
        "queue_frames": queue_frames, "drain_frames_s": drain, "budget_b_s": link_budget,
        "battery_pct": battery, "slow_control_s": slow_control, "log_kib": log_kib,
        "flash_ms": flash_ms,
    }  # fmt: skip
    door = DoorSettings(
        kind=chosen[0] if chosen else "ble", port=port, control_port=control_port,
        interval_ms=interval_ms, budget=budget, miss=miss, supervision_s=supervision,
    )  # fmt: skip
    code = run(
        replay=replay, mapping=mapping, seconds=seconds, seed=seed, serial=serial, idle_s=idle,
        summary=summary, knobs=knobs, door=door, boot=(firmware_image, key, fail_self_test),
    )  # fmt: skip
    raise typer.Exit(code)


def _fields(
    name: str, texts: list[str] | None, wanted: str, kinds: tuple[type, ...]
) -> tuple[tuple[str | float | int, ...], ...]:
    """Read options whose fields stand between colons."""
    from muslin.errors import InputError

    rows = []
    for text in texts or ():
        try:
            words = zip(kinds, text.split(":"), strict=True)
            rows.append(tuple(kind(word) for kind, word in words))
        except ValueError:
            unit = " in seconds" if wanted == "START:STOP" else ""
            raise InputError(f"{name} is {text!r}, wanted {wanted}{unit}") from None
    return tuple(rows)
