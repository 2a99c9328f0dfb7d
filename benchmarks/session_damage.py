"""Corrupt a session at random and ask `verify` and `recover`: a sentence, never a crash or a hang.

The files are looked at within one child, one after another, so that each crash and each hang of the
HDF5 library is seen and counted. On those the guarded `verify` must call the file damaged, and the
guarded `recover` must end, within the limit ("told").
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

from firmware_bridge.events import Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.errors import SessionError
from wearables.sessions import SessionWriter, SubjectInfo, recover, verify

LOOK = """
import sys
from pathlib import Path
from wearables.errors import WearablesError
from wearables.sessions import recover_here, verify_here
for name in sys.argv[1:]:
    path = Path(name)
    report = verify_here(path)
    try:
        recover_here(path, path.with_suffix(".r.h5"))
    except WearablesError:
        pass
    print(report.exit_code, flush=True)
"""


def sound_session(path: Path, rng: np.random.Generator, n_garments: int) -> None:
    channels = tuple(
        ChannelSchema(name=f"c{i}", unit="mV", bits=16, signed=True, scale=1, offset=0, kind="ecg")
        for i in range(4)
    )
    stream = StreamSchema(
        id=1, name="ecg", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    names = [f"g{i}" for i in range(n_garments)]
    schemas = schema if n_garments == 1 else dict.fromkeys(names, schema)
    writer = SessionWriter(path, schemas, subject=SubjectInfo(id="P"), journal=False)
    for i in range(0, 5000, 20):
        for name in names:
            event = Sampled(
                stream_id=1, boot=1, first_index=i, device_us=i * 10_000,
                counts=rng.integers(-2000, 2000, (20, 4)), flags=0, host_ns=i * 10_000_000, epoch=1,
            )  # fmt: skip
            writer.write(event, device=name if n_garments > 1 else "")
    writer.close()


def corrupted(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip bits, blank a stretch, or cut."""
    bad = bytearray(data)
    kind = rng.integers(4)
    if kind == 0:
        return bytes(bad[: rng.integers(1, len(bad))])
    if kind == 1:
        start = int(rng.integers(len(bad)))
        bad[start : start + 512] = bytes(len(bad[start : start + 512]))
        return bytes(bad)
    for _ in range(1 if kind == 2 else 50):
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
    return bytes(bad)


def look(paths: list[Path], *, limit_s: float) -> tuple[list[str], list[Path]]:
    """Exit code of each file, or "crash" or "hang"; and the files of the latter."""
    codes: list[str] = []
    stuck: list[Path] = []
    while len(codes) < len(paths):
        command = [sys.executable, "-c", LOOK, *map(str, paths[len(codes) :])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            seen, end = answers(process, limit_s=limit_s)
        codes += seen
        if len(codes) < len(paths):
            stuck.append(paths[len(codes)])
            sys.stderr.write(f"file {len(codes)}: {end}\n")
            codes.append(end)
    return codes, stuck


def answers(process: "subprocess.Popen[str]", *, limit_s: float) -> tuple[list[str], str]:
    """Lines until the process ends; it is killed when one takes longer than the limit."""
    seen: list[str] = []
    is_late = threading.Event()

    def kill() -> None:
        is_late.set()
        process.kill()

    while True:
        watchdog = threading.Timer(limit_s, kill)
        watchdog.start()
        line = process.stdout.readline() if process.stdout else ""
        watchdog.cancel()
        if not line:
            return seen, "hang" if is_late.is_set() else "crash"
        seen.append(line.strip())


def is_told(path: Path, *, limit_s: float) -> bool:
    """Whether the guarded functions end, and the file is called damaged."""
    with contextlib.suppress(SessionError):
        recover(path, path.with_suffix(".told.h5"), timeout_s=limit_s)
    return verify(path, timeout_s=limit_s).exit_code == 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--garments", type=int, default=1, help="that share the file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=20.0, help="seconds a file, then a hang")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.h5"
        sound_session(sound, rng, arguments.garments)
        data = sound.read_bytes()
        paths = []
        for i in range(arguments.files):
            paths.append(Path(folder) / f"{i}.h5")
            paths[-1].write_bytes(corrupted(data, rng))
        codes, stuck = look(paths, limit_s=arguments.limit)
        told = [is_told(path, limit_s=arguments.limit) for path in stuck]
    result = {"files": len(codes), "crashes": codes.count("crash"), "hangs": codes.count("hang")}
    result["told"] = sum(told)
    result |= {f"exit_{code}": codes.count(code) for code in ("0", "1", "3")}
    print(json.dumps(result) if arguments.json else result)


if __name__ == "__main__":
    main()
