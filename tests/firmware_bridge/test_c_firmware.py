"""What a firmware engineer builds: generated headers, the example, the microcontroller."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_bridge.codegen import c_header, markdown_table
from firmware_bridge.errors import SchemaError
from firmware_bridge.schema_toml import garment_from_toml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "firmware"
GOLDEN = ROOT / "tests" / "golden" / "link"
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]


@pytest.fixture(scope="module")
def schema():
    return garment_from_toml((EXAMPLE / "garment.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def generated(schema, c_headers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    (folder / "gl_schema.h").write_text(c_header(schema))
    for header in c_headers.glob("*.h"):
        shutil.copy(header, folder)
    return folder


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def arm_gcc(missing):
    path = shutil.which("arm-none-eabi-gcc")
    if path is None:
        missing("no arm-none-eabi-gcc: the encoder's size is not checked")
    return path


def test_the_reference_garment_has_the_descriptor_of_the_specification(schema):
    assert len(schema.to_cbor()) in range(500, 600)


def test_the_example_describes_itself_and_tells_its_loss(missing, generated, tmp_path):
    gcc = shutil.which("gcc")
    if gcc is None:
        missing("no gcc: the firmware example is not built")
    program, packets = tmp_path / "garment", tmp_path / "garment.gl"
    sources = [EXAMPLE / "main.c", EXAMPLE / "garment.c"]
    run(gcc, *STRICT, "-fsanitize=address,undefined", f"-I{generated}", "-o", program, *sources)
    packets.write_bytes(run(program))
    said = run(sys.executable, EXAMPLE / "read_packets.py", packets).decode()
    assert said.splitlines() == [
        "strain: 1000 samples of 8 channels, 0 lost",
        "imu: 2000 samples of 6 channels, 40 lost",
        "ecg: 5000 samples of 1 channels, 0 lost",
    ]


def test_the_encoder_is_small_on_a_cortex_m4(arm_gcc, generated, tmp_path):
    """.text with the descriptor and three streams: at most 3 kB."""
    target = tmp_path / "garment.o"
    flags = ["-Os", "-mcpu=cortex-m4", "-mthumb", f"-I{generated}", "-c"]
    run(arm_gcc, *STRICT, *flags, "-o", target, EXAMPLE / "garment.c")
    table = run(arm_gcc.replace("gcc", "size"), target).decode()
    n_text = int(table.splitlines()[1].split()[0])
    assert 525 < n_text <= 3 * 1024


def test_the_whole_example_links_for_a_cortex_m4(arm_gcc, generated, tmp_path):
    program = tmp_path / "garment.elf"
    flags = ["-Os", "-mcpu=cortex-m4", "-mthumb", "--specs=nosys.specs", f"-I{generated}"]
    run(arm_gcc, *STRICT, *flags, "-o", program, EXAMPLE / "main.c", EXAMPLE / "garment.c")
    assert program.read_bytes()[:4] == b"\x7fELF"


def test_the_walk_is_the_same_on_an_emulated_cortex_m3(arm_gcc, missing, c_headers, tmp_path):
    """V6: 455 frames, 110,014 bytes, checksum 60B4."""
    qemu = shutil.which("qemu-system-arm")
    if qemu is None:
        missing("no qemu-system-arm: the encoder does not run on a microcontroller")
    program = tmp_path / "walk.elf"
    flags = ["-O2", "-mcpu=cortex-m3", "-mthumb", "-nostartfiles", f"-I{c_headers}"]
    run(arm_gcc, "-std=gnu99", *flags, "-T", GOLDEN / "cortex_m.ld", "-o", program,
        GOLDEN / "cortex_m.c")  # fmt: skip
    done = subprocess.run(
        [qemu, "-M", "mps2-an385", "-icount", "shift=0", "-nographic", "-monitor", "none",
         "-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel", program],
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    words = (done.stdout + done.stderr).split()
    assert [int(word) for word in words[:3]] == [455, 110_014, 0x60B4]


def test_names_that_meet_in_c_are_refused():
    text = (EXAMPLE / "garment.toml").read_text(encoding="utf-8").replace('"waist"', '"Chest"')
    with pytest.raises(SchemaError, match="both 'chest' in C"):
        c_header(garment_from_toml(text))


def test_the_table_says_what_a_count_means(schema):
    table = markdown_table(schema)
    assert "| chest | strain | `%` | 12 | 0.0125 | 0 | 0 to 51.1875 |  |  |" in table
    assert re.search(r"500 Hz \(permitted: 250, 500\), sent after 250 ms", table)
