"""Kill -9 a recorder at random moments: what is left of the session, alone and with its journal.

Each trial records in a process of its own, which tells every sample that it handed to the writer;
the kill comes at a random moment after the first second. With several garments they share the file,
and the one that lost most counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from wearables.sessions import Session, recover_here, verify, verify_here

RECORDER = """
import sys, time
from pathlib import Path
import numpy as np
from firmware_bridge.events import Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.sessions import SessionWriter, SubjectInfo
channels = tuple(
    ChannelSchema(name=f"c{i}", unit="mV", bits=16, signed=True, scale=1, offset=0, kind="ecg")
    for i in range(3))
stream = StreamSchema(id=1, name="ecg", rate_hz=500.0, rates_hz=(500.0,), max_latency_ms=100,
                      store=True, channels=channels)
schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
names = [f"g{i}" for i in range(int(sys.argv[2]))]
schemas = schema if len(names) == 1 else dict.fromkeys(names, schema)
with SessionWriter(Path(sys.argv[1]), schemas, subject=SubjectInfo(id="P")) as writer:
    print("open", flush=True)
    start_s, index = time.monotonic(), 0
    while True:
        counts = (np.arange(index, index + 10)[:, None] * [1, 3, 7] % 30000).astype(np.int64)
        event = Sampled(stream_id=1, boot=1, first_index=index, device_us=index * 2000,
            counts=counts, flags=0, host_ns=time.monotonic_ns(), epoch=1)
        for name in names:
            writer.write(event, device=name if len(names) > 1 else "")
        index += 10
        print(index, flush=True)
        time.sleep(max(0.0, start_s + index / 500 - time.monotonic()))
"""


def trial(folder: Path, wait_s: float, n_garments: int) -> dict[str, float | bool]:
    """Record, kill, look."""
    path = folder / "s.h5"
    with subprocess.Popen(
        [sys.executable, "-c", RECORDER, str(path), str(n_garments)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.readline()
        time.sleep(wait_s)
        process.kill()
        told = process.stdout.read().split("\n")
    n_sent = max([int(word) for word in told[:-1] if word], default=0)
    with h5py.File(path, "r"):
        opens_plain = True
    is_clean = not verify(path).is_damaged
    with Session.open(path) as session:
        n_alone = equal_rows(session)
    report = recover_here(path, folder / "r.h5")
    with Session.open(report.path) as session:
        n_journal = equal_rows(session)
    return {
        "opens_plain": opens_plain,
        "verify_clean": is_clean and not verify_here(report.path).is_damaged,
        "lost_alone_s": (n_sent - n_alone) / 500,
        "lost_with_journal_s": (n_sent - n_journal) / 500,
    }


def equal_rows(session: Session) -> int:
    """Samples of each garment in the file, all of them as sent; the least counts."""
    for stream in session.streams.values():
        counts = stream.counts(0, stream.n_rows)
        sent = np.arange(len(counts))[:, None] * [1, 3, 7] % 30000
        if not (counts == sent).all():
            raise SystemExit("a stored sample differs from the one that was sent")
    return min(stream.n_stored for stream in session.streams.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--garments", type=int, default=1, help="that share the file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    rows = []
    for _ in range(arguments.trials):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(trial(Path(folder), float(rng.uniform(0.05, 3.0)), arguments.garments))
    result = {
        "trials": len(rows),
        "opens_plain": sum(bool(row["opens_plain"]) for row in rows),
        "verify_clean": sum(bool(row["verify_clean"]) for row in rows),
        "lost_alone_max_s": max(row["lost_alone_s"] for row in rows),
        "lost_with_journal_max_s": max(row["lost_with_journal_s"] for row in rows),
    }
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:26} {value:g}")


if __name__ == "__main__":
    main()
