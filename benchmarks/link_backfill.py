"""What a recording lacks after random loss and a long outage, on each of the three doors.

A virtual garment with a flash log plays motion (six channels of 16 bit, 200 Hz); 8 % of its frames
are lost and the host is out of range for nearly a third of the time. `muslin record` then holds, or
does not, every sample bit for bit. All doors run at the same time.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, sim_process, write_replay
from muslin.record import record
from wearables.sessions import Session

DOORS = ("ble", "udp", "pty")
RATE_HZ, LOSS = 200.0, 0.08


def motion(seconds: float, seed: int) -> tuple[GarmentSchema, np.ndarray]:
    names = [f"{kind}_{axis}" for kind in ("acc", "gyr") for axis in "xyz"]
    channels = tuple(
        ChannelSchema(name=name, unit="1", bits=16, signed=True, scale=1, offset=0, kind=name[:3])
        for name in names
    )
    stream = StreamSchema(
        id=1, name="imu", rate_hz=RATE_HZ, rates_hz=(RATE_HZ,), max_latency_ms=250, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="org.example", name="b", hw="h", schema=1, streams=(stream,))
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE_HZ)
    wave = np.sin(2 * np.pi * 1.8 / RATE_HZ * np.arange(n)[:, None] + np.arange(6)) * 2000
    return schema, np.rint(wave + rng.normal(0, 20, (n, 6))).astype(np.int64)


async def one(door: str, seconds: float, folder: Path, seed: int) -> dict[str, Any]:
    schema, counts = motion(seconds, seed)
    replay, out, told = (folder / f"{door}{end}" for end in (".npz", ".h5", ".json"))
    write_replay(replay, schema, {1: counts})
    outage_s = (seconds / 3, seconds / 3 + seconds * 35 / 120)
    faults = Faults(outages_s=(outage_s,), log_kib=4096)
    async with sim_process(
        replay, loss=LOSS, faults=faults, seed=seed, door=door, summary=told
    ) as uri:
        await asyncio.to_thread(record, garment=uri, duration_s=0, out=out)
    row = json.loads(told.read_text())["streams"]["1"]
    with Session.open(out) as session:
        stream = session.streams["imu"]
        held = stream.counts(0, stream.n_rows)
        is_exact = held.shape == counts.shape and bool(np.array_equal(held, counts))
        n_stored = stream.n_stored
    n_missed = row["samples_dropped"] + row["samples_unsent"]
    return {
        "samples": len(counts), "not_sent_live": n_missed, "stored": n_stored,
        "bit_exact": is_exact and n_stored == len(counts),
    }  # fmt: skip


async def run(doors: list[str], seconds: float, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        rows = await asyncio.gather(*(one(d, seconds, Path(folder), seed) for d in doors))
    return dict(zip(doors, rows, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--door", choices=DOORS, action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = asyncio.run(run(options.door or list(DOORS), options.seconds, options.seed))
    if options.json:
        print(json.dumps(result))
        return
    for door, row in result.items():
        verdict = "bit-exact" if row["bit_exact"] else "NOT complete"
        print(f"{door}: {row['samples']} samples, {row['not_sent_live']} missed live, "
              f"{row['stored']} stored: {verdict}")  # fmt: skip


if __name__ == "__main__":
    main()
