"""Read the packets that main.c wrote: python read_packets.py garment.gl"""

import sys
from pathlib import Path

from firmware_bridge.events import Lost, Sampled
from firmware_bridge.framing import CobsReader
from firmware_bridge.reassembly import Reassembler
from firmware_bridge.schema import GarmentSchema

descriptor, *frames = CobsReader()(Path(sys.argv[1]).read_bytes())
# The garment describes itself: nothing of its TOML is needed here.
schema = GarmentSchema.from_cbor(descriptor)
reassembler = Reassembler(schema)
events = [
    event
    for i, frame in enumerate(frames)
    for event in reassembler.accept(frame, host_ns=i, epoch=1)
]
events += reassembler.finish({}, host_ns=len(frames))
for stream in schema.streams:
    mine = [event for event in events if getattr(event, "stream_id", None) == stream.id]
    n_read = sum(len(event.counts) for event in mine if isinstance(event, Sampled))
    n_lost = sum(event.n_samples for event in mine if isinstance(event, Lost))
    print(f"{stream.name}: {n_read} samples of {len(stream.channels)} channels, {n_lost} lost")
