"""Describe a garment of your own, be that garment on UDP, and record it."""

import asyncio
from pathlib import Path

import numpy as np

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import sim_process, write_replay
from muslin.record import record
from wearables.sessions import Session

RATE_HZ, N_S = 100.0, 3
channels = tuple(
    ChannelSchema(
        name=name, unit="%", bits=12, signed=False, scale=0.0125, offset=0.0, kind="strain",
        site="left knee",
    )
    for name in ("front", "back")
)  # fmt: skip
stream = StreamSchema(
    id=1, name="strain", rate_hz=RATE_HZ, rates_hz=(RATE_HZ,), max_latency_ms=250, store=True,
    channels=channels,
)  # fmt: skip
schema = GarmentSchema(
    vendor="org.example", name="knee-sleeve", hw="a1", schema=1, streams=(stream,)
)

bend = 0.5 - 0.5 * np.cos(2 * np.pi * 0.7 * np.arange(round(N_S * RATE_HZ)) / RATE_HZ)
counts = np.rint(np.stack([1200 + 900 * bend, 900 + 500 * (1 - bend)], axis=1)).astype(np.int64)
replay = Path("sleeve.npz")
write_replay(replay, schema, {1: counts})


async def main() -> None:
    async with sim_process(replay, door="udp", loss=0.2, seed=4) as uri:
        print("the garment is at", uri.split(":")[0], "on this computer")
        result = await asyncio.to_thread(
            record, garment=uri, duration_s=0.0, subject="P01", out=Path("sleeve.h5")
        )
    with Session.open(result.path) as session:
        strain = session.streams["strain"]
        block = strain.read()
        print(f"recorded {session.schema.name}: {strain.n_stored} stored, {strain.n_lost} lost")
        print("channels", block.channels, "largest strain", f"{np.nanmax(block.values):.3f}")
        sent = counts[: strain.n_rows]
        held = np.isfinite(block.values).all(axis=1)
        same = np.array_equal(strain.counts(0, strain.n_rows)[held], sent[held])
        print("what arrived is what was sent, count by count:", same)


asyncio.run(main())
