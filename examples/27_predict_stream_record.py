"""Predict what a knee sleeve sends in squats, stream it as a garment, record it, compare."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from firmware_bridge.sim import sim_process
from muslin.twin.replay.files import write_twin
from muslin.twin.replay.replayed import twin_replay
from muslin.twin.signals.simulated import twin_simulate, write_prediction
from wearables.ble import GarmentSource
from wearables.sessions import Session, SubjectInfo, record

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()

# A sleeve on the demo's body: draped in four key poses of the squat, strain in between.
made = twin_simulate("knee_sleeve", motion="squat", duration_s=9.0, n_keys=4, seed=1)
said = made.prediction
for site in made.worn.sites:
    if site.sensor.is_line:
        strain = 100 * made.worn.strain(site)
        print(f"{site.sensor.name}: {strain.min():+.1f} to {strain.max():+.1f} % strain")
replay = folder / "squat.npz"
write_prediction(said, replay, title="squat")


async def stream_and_record(path: Path) -> None:
    """A virtual garment on UDP sends the samples; the recorder knows no difference."""
    async with AsyncExitStack() as stack:
        uri = await stack.enter_async_context(sim_process(replay, door="udp"))
        source = await stack.enter_async_context(GarmentSource(uri))
        await record(source, path, subject=SubjectInfo(id="synthetic"))


session = folder / "squat.h5"
asyncio.run(stream_and_record(session))
with Session.open(session) as opened:
    for stream in said.schema.streams:
        reader = opened.streams[stream.name]
        same = np.array_equal(reader.counts(0, reader.n_rows), said.counts[stream.id])
        label = opened.schema.stream_named(stream.name).channels[0].calibration
        print(f"{stream.name}: {reader.n_rows} samples, bit for bit: {same}; labelled {label!r}")

# The way back: the recorded session moves the avatar.
found = twin_replay(session, "knee_sleeve")
write_twin(found, folder / "twin", seconds=7.0, n_frames=12)
knee = np.degrees(found.motion.track.angles_rad["knee_flexion_l"])
print(f"knee found in the session: {knee.min():.0f} to {knee.max():.0f} degrees")
for line in found.lines:
    print(f"{line.name}: measured and predicted correlate {line.correlation:+.2f}")
