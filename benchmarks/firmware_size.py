"""Size of the encoder on microcontrollers, and its instructions per sample in the emulator."""

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from firmware_bridge.codegen import c_header
from firmware_bridge.schema_toml import garment_from_toml

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE, GOLDEN = ROOT / "examples" / "firmware", ROOT / "tests" / "golden" / "link"
HEADERS = ROOT / "firmware_bridge" / "c"
CORES = ("cortex-m0plus", "cortex-m4", "cortex-m33")
# SysTick of this board counts every 40th instruction with -icount shift=0.
TICK_INSTRUCTIONS = 40
N_SAMPLES = 20_000
LOG = """#include "gl_log.h"
int32_t mount(gl_log *log, const gl_flash *flash) { return gl_log_mount(log, flash); }
int32_t append(gl_log *log, const uint8_t *f, uint32_t n) { return gl_log_append(log, f, n); }
void rewind_log(const gl_log *log, gl_log_reader *r) { gl_log_rewind(log, r); }
int32_t next(const gl_log *log, gl_log_reader *r, uint8_t *f, uint32_t n) {
    return gl_log_next(log, r, f, n);
}
"""


def run(*command: object) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def n_text(source: Path, core: str, level: str, folder: Path) -> int:
    target = folder / "size.o"
    run("arm-none-eabi-gcc", "-std=c99", level, f"-mcpu={core}", "-mthumb", f"-I{folder}",
        f"-I{HEADERS}", f"-I{EXAMPLE}", "-c", "-o", target, source)  # fmt: skip
    return int(run("arm-none-eabi-size", target).splitlines()[1].split()[0])


def instructions(level: str, folder: Path) -> float:
    program = folder / "walk.elf"
    run("arm-none-eabi-gcc", "-std=gnu99", level, "-mcpu=cortex-m3", "-mthumb", "-nostartfiles",
        f"-I{HEADERS}", "-T", GOLDEN / "cortex_m.ld", "-o", program,
        GOLDEN / "cortex_m.c")  # fmt: skip
    said = run("qemu-system-arm", "-M", "mps2-an385", "-icount", "shift=0", "-nographic",
               "-monitor", "none", "-serial", "none", "-semihosting-config",
               "enable=on,target=native", "-kernel", program)  # fmt: skip
    return int(said.split()[3]) * TICK_INSTRUCTIONS / N_SAMPLES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not installed; apt-get install gcc-arm-none-eabi "
                             "libnewlib-arm-none-eabi qemu-system-arm")  # fmt: skip
    schema = garment_from_toml((EXAMPLE / "garment.toml").read_text(encoding="utf-8"))
    result: dict[str, object] = {"descriptor_bytes": len(schema.to_cbor())}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "gl_schema.h").write_text(c_header(schema))
        log = folder / "log.c"
        log.write_text(LOG)
        for core in CORES:
            for level in ("-Os", "-O2"):
                result[f"{core} {level}"] = n_text(EXAMPLE / "garment.c", core, level, folder)
            result[f"{core} log -Os"] = n_text(log, core, "-Os", folder)
        for level in ("-Os", "-O2"):
            result[f"instructions a six-channel sample {level}"] = instructions(level, folder)
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:44}{value}")


if __name__ == "__main__":
    main()
