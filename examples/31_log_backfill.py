"""A garment goes out of range for two seconds; its log gives back every sample, bit for bit."""

import asyncio
from pathlib import Path

import numpy as np

from firmware_bridge.sim import Faults, sim_process, write_replay
from muslin.folders import assets_folder
from muslin.record import record
from muslin.wearer import demo_replay
from wearables.sessions import Session

schema, counts, markers = demo_replay(
    assets_folder(), seconds_per_activity=1.2, rng=np.random.default_rng(3)
)
replay = Path("wearer.npz")
write_replay(replay, schema, counts, markers)
faults = Faults(outages_s=((1.0, 3.0),), log_kib=512)


async def main() -> None:
    async with sim_process(replay, door="udp", loss=0.1, faults=faults, seed=1) as uri:
        await asyncio.to_thread(record, garment=uri, duration_s=0.0, out=Path("back.h5"))


asyncio.run(main())
with Session.open(Path("back.h5")) as session:
    for stream_id, (name, stream) in enumerate(session.streams.items(), start=1):
        late = int(stream.frames["n"][stream.frames["source"] == 1].sum())
        held = stream.counts(0, stream.n_rows)
        same = np.array_equal(held, counts[stream_id][: len(held)])
        print(f"{name}: {stream.n_stored} samples, {late} of them from the log,"
              f" {stream.n_lost} lost; equal to what was felt: {same}")  # fmt: skip
        for gap in stream.gaps[:2]:
            print(
                f"  gap at {gap.start_s:.2f} s: {gap.n_samples} missing, {gap.n_filled} came late"
            )
