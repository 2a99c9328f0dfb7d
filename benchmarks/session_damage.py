"""Corrupt a session at random and ask `verify` and `recover`: a sentence, never a crash.

Each file is looked at in a process of its own, so that a crash of the HDF5 library is seen too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from firmware_bridge.events import Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.sessions import SessionWriter, SubjectInfo

LOOK = """
import sys
from pathlib import Path
from wearables.errors import WearablesError
from wearables.sessions import Session, recover, verify
for name in sys.argv[1:]:
    path = Path(name)
    report = verify(path)
    try:
        recover(path, path.with_suffix(".r.h5"))
    except WearablesError:
        pass
    print(report.exit_code, flush=True)
"""


def sound_session(path: Path, rng: np.random.Generator) -> None:
    channels = tuple(
        ChannelSchema(name=f"c{i}", unit="mV", bits=16, signed=True, scale=1, offset=0, kind="ecg")
        for i in range(4)
    )
    stream = StreamSchema(
        id=1, name="ecg", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    writer = SessionWriter(path, schema, subject=SubjectInfo(id="P"), journal=False)
    for i in range(0, 5000, 20):
        counts = rng.integers(-2000, 2000, (20, 4))
        writer.write(
            Sampled(
                stream_id=1, boot=1, first_index=i, device_us=i * 10_000, counts=counts, flags=0,
                host_ns=i * 10_000_000, epoch=1,
            )
        )  # fmt: skip
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    codes: list[str] = []
    n_crashes = 0
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.h5"
        sound_session(sound, rng)
        data = sound.read_bytes()
        paths = []
        for i in range(arguments.files):
            paths.append(Path(folder) / f"{i}.h5")
            paths[-1].write_bytes(corrupted(data, rng))
        while paths:
            done = subprocess.run(
                [sys.executable, "-c", LOOK, *map(str, paths)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            seen = done.stdout.split()
            codes += seen
            if done.returncode:
                n_crashes += 1
                sys.stderr.write(done.stderr[-600:])
                codes.append("crash")
            paths = paths[len(seen) + bool(done.returncode) :]
    result = {"files": len(codes), "crashes": n_crashes}
    result |= {f"exit_{code}": codes.count(code) for code in ("0", "1", "3")}
    print(json.dumps(result) if arguments.json else result)


if __name__ == "__main__":
    main()
