"""A virtual garment in the test's own process, and whether its events tell everything it took."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import numpy as np

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, Garment, Replay, TruthMarker
from firmware_bridge.sim.peripheral import GarmentPeripheral
from firmware_bridge.sim.radio import shared_link
from firmware_bridge.sim.serve import flash_of
from wearables.ble import SupervisorSettings
from wearables.events import Event, Lost, Sampled

QUICK = SupervisorSettings(
    scan_timeout_s=2.0,
    connect_timeout_s=3.0,
    operation_timeout_s=1.0,
    backoff_first_s=0.02,
    farewell_s=0.3,
    exchanges_per_burst=2,
    exchange_spacing_s=0.02,
    dither_us=2_000,
    silence_s=0.5,
)


def replay(duration_s: float) -> Replay:
    def stream(number: int, rate_hz: float, n_channels: int) -> StreamSchema:
        channels = tuple(
            ChannelSchema(
                name=f"c{i}", unit="1", bits=16, signed=True, scale=1.0, offset=0.0, kind="acc"
            )
            for i in range(n_channels)
        )
        return StreamSchema(
            id=number, name=f"s{number}", rate_hz=rate_hz, rates_hz=(rate_hz,),
            max_latency_ms=60, store=True, channels=channels,
        )  # fmt: skip

    rng = np.random.default_rng(3)
    schema = GarmentSchema(
        vendor="org.example", name="shirt", hw="r1", schema=1,
        streams=(stream(1, 200.0, 6), stream(2, 64.0, 1)),
    )  # fmt: skip
    counts = {
        s.id: rng.integers(-900, 900, (int(s.rate_hz * duration_s), len(s.channels)))
        for s in schema.streams
    }
    return Replay(schema=schema, counts=counts, markers=(TruthMarker(0.1, "activity", "walk"),))


@contextlib.asynccontextmanager
async def on_air(
    content: Replay, *, serial: int = 1, **knobs: object
) -> AsyncIterator[GarmentPeripheral]:
    """A garment in this process, reached as ``sim:``."""
    faults = Faults(**knobs)  # type: ignore[arg-type]
    unit = Garment(content, rng=np.random.default_rng(1), faults=faults, flash=flash_of(faults))
    peripheral = GarmentPeripheral(unit, link=shared_link(), serial=serial)
    await peripheral.open()
    try:
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(peripheral.run())
            yield peripheral
            playing.cancel()
    finally:
        peripheral.close()


def check_complete(events: list[Event], content: Replay, produced: dict[int, int]) -> Counter[int]:
    """Every produced sample came out once, as sampled (bit-exact) or as lost; counts the lost."""
    n_lost: Counter[int] = Counter()
    seen = {key: np.zeros(produced[key], dtype=int) for key in content.counts}
    for event in events:
        if isinstance(event, Sampled):
            stop = event.first_index + len(event.counts)
            want = content.counts[event.stream_id][event.first_index : stop]
            np.testing.assert_array_equal(event.counts, want)
            seen[event.stream_id][event.first_index : stop] += 1
        elif isinstance(event, Lost):
            seen[event.stream_id][event.first_index : event.first_index + event.n_samples] += 1
            n_lost[event.stream_id] += event.n_samples
    for counts in seen.values():
        np.testing.assert_array_equal(counts, 1)
    return n_lost
