"""From one TOML to a garment's firmware: what `muslin firmware` does."""

from importlib.resources import files
from pathlib import Path

from muslin.errors import Exit, InputError
from muslin.folders import existing_file, writable_folder
from muslin.screen import print_json, say, say_table

HEADERS = ("gl_bytes.h", "gl_core.h", "gl_frames.h", "gl_log.h")
STARTER = """\
# What this garment sends. From this file come the C header of the firmware, the descriptor that
# the garment tells every host, and a table for people:
#     muslin firmware check garment.toml
#     muslin firmware generate garment.toml --out generated

[device]
vendor = "org.example"     # reverse domain of the maker
name = "my-garment"        # model
hw = "rev-a"               # hardware revision
schema = 1                 # raise it with every change of meaning

[[stream]]                 # channels that are sampled together
id = 1                     # 1 to 255
name = "strain"
rate_hz = 100.0
rates_hz = [50.0, 100.0]   # what the host may set
max_latency_ms = 500       # longest wait before a frame is sent
store = true               # keep it in the garment's flash log

[[stream.channel]]         # several names: channels that differ in their names only
name = ["chest", "waist"]
kind = "strain"
unit = "%"                 # UCUM: % deg/s m/s2 [g] mV uS kPa Cel /min 1 ...
bits = 12                  # 1 to 32
signed = false
scale = 0.0125             # physical = (count - offset) * scale
offset = 0.0
site = "trunk"             # optional: where on the body
# calibration = "C-0042 2026-03-01"
# axis = "x"

[[stream]]
id = 2
name = "imu"
rate_hz = 200.0

[[stream.channel]]
name = ["acc_x", "acc_y", "acc_z"]
kind = "acc"
unit = "[g]"
bits = 16
signed = true
scale = 0.0001220703125    # 4 g in 15 bits
"""


def init(out: Path) -> Exit:
    """Write a commented TOML to start from.

    Raises:
        InputError: If the file exists.
    """
    if out.exists():
        raise InputError(f"{out} exists; choose another name")
    writable_folder(out.parent)
    out.write_text(STARTER, encoding="utf-8")
    say(f"{out} written; change it, then: muslin firmware check {out}")
    return Exit.DONE


def check(path: Path, *, as_json: bool) -> Exit:
    """Say every problem of a garment's TOML, or what the garment needs of its link."""
    from firmware_bridge.schema_check import check_toml
    from firmware_bridge.schema_toml import garment_from_toml

    text = _text_of(path)
    problems = check_toml(text)
    if as_json:
        rows = [{"line": p.line, "key": p.key, "text": p.text} for p in problems]
        print_json({"path": str(path), "problems": rows})
    elif problems:
        for problem in problems:
            key = f"{problem.key}: " if problem.key else ""
            say(f"{path}:{problem.line}: {key}{problem.text}")
    if problems:
        return Exit.BAD_INPUT
    schema = garment_from_toml(text)
    if not as_json:
        raw_b_s = sum(s.rate_hz * sum(c.bits for c in s.channels) / 8 for s in schema.streams)
        rows = [
            (f"stream {s.id} {s.name}", f"{len(s.channels)} channels at {s.rate_hz:g} Hz")
            for s in schema.streams
        ]
        say_table(
            f"{schema.vendor} {schema.name}",
            [
                *rows,
                ("descriptor", f"{len(schema.to_cbor())} bytes"),
                ("worst case on the link", f"{raw_b_s / 920:.2f} kB/s"),
            ],
        )
    return Exit.DONE


def generate(path: Path, *, out: Path) -> Exit:
    """Write the firmware's headers, the descriptor and a table for people.

    Raises:
        SchemaError: If the TOML has a problem.
    """
    from firmware_bridge.codegen import c_header, markdown_table
    from firmware_bridge.schema_toml import garment_from_toml

    if check(path, as_json=False) is not Exit.DONE:
        return Exit.BAD_INPUT
    schema = garment_from_toml(_text_of(path))
    header, table = c_header(schema), markdown_table(schema)
    writable_folder(out)
    (out / "gl_schema.h").write_text(header, encoding="utf-8")
    (out / "garment.md").write_text(table, encoding="utf-8")
    (out / "descriptor.cbor").write_bytes(schema.to_cbor())
    for name in HEADERS:
        content = files("firmware_bridge").joinpath("c", name).read_text(encoding="utf-8")
        (out / name).write_text(content, encoding="utf-8")
    say(f"{out}: gl_schema.h, {', '.join(HEADERS)}, descriptor.cbor, garment.md")
    return Exit.DONE


def _text_of(path: Path) -> str:
    try:
        return existing_file(path, "garment TOML").read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error.reason} at {error.start}") from error


def update(
    image: Path,
    *,
    garment: str,
    key: Path | None,
    serial: int | None,
    allow_downgrade: bool,
    as_json: bool,
) -> Exit:
    """Bring a signed image onto a garment, and wait until it runs and has confirmed itself.

    Raises:
        ImageError: If the image is damaged, forged or older than what runs.
        LinkError: If the garment does not answer.
        UpdateError: If it does not run the image in the end.
    """
    import asyncio
    from importlib.util import find_spec

    if find_spec("smpclient") is None:
        raise InputError("updates need smpclient: pip install 'muslin[dfu]'")
    from firmware_bridge.dfu import LINES, Progress, update_on_line
    from firmware_bridge.image import FirmwareImage
    from wearables.ble.update import update_firmware

    found = FirmwareImage.from_bytes(existing_file(image, "firmware image").read_bytes())
    if key is None:
        say(f"version {found.version}; without --key its signature is left to the garment")
    else:
        found.check_signature(existing_file(key, "public key").read_bytes())
        say(f"version {found.version}, signed with {key}")
    last = [""]

    def tell(progress: Progress) -> None:
        share = 10 * progress.n_sent // max(progress.n_total, 1)
        text = f"{progress.step} {10 * share} %" if progress.step == "upload" else progress.step
        if text != last[0]:
            rate = f", {progress.rate_b_s / 1000:.1f} kB/s" if progress.rate_b_s else ""
            say(f"  {text}{rate}")
            last[0] = text

    if garment.partition(":")[0] in LINES:
        if serial is not None:
            raise InputError("--serial chooses among garments in radio range; a line has one")
        led = update_on_line(garment, found, allow_downgrade=allow_downgrade, on_progress=tell)
    else:
        led = update_firmware(
            garment, found, serial=serial, allow_downgrade=allow_downgrade, on_progress=tell
        )
    asyncio.run(led)
    if as_json:
        print_json({"version": str(found.version), "sha256": found.sha256.hex()})
    else:
        say(f"the garment runs version {found.version}")
    return Exit.DONE
