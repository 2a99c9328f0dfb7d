"""A radio that repeats packets, has a budget and loses range: slower, yet complete."""

import asyncio
import contextlib
import json

import numpy as np
import pytest

from firmware_bridge.errors import SchemaError
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import write_replay
from firmware_bridge.sim.radio import AirSettings
from firmware_bridge.sim.serve import parse, serve
from wearables.ble import GarmentSource
from wearables.ble.supervisor import SupervisorSettings
from wearables.events import LinkClosed, Lost, Sampled

QUICK = SupervisorSettings(
    scan_timeout_s=2, backoff_first_s=0.05, backoff_max_s=0.2, exchange_spacing_s=0.02,
    exchanges_per_burst=2, drain_s=0.1, silence_s=3.0, dither_us=5000,
)  # fmt: skip
COUNTS = np.random.default_rng(4).integers(-900, 900, (400, 6))


@pytest.fixture
def replay(tmp_path):
    channels = tuple(
        ChannelSchema(name=name, unit="1", bits=16, signed=True, scale=1, offset=0, kind="acc")
        for name in "abcdef"
    )
    stream = StreamSchema(
        id=1, name="imu", rate_hz=200.0, rates_hz=(200.0,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    write_replay(tmp_path / "r.npz", schema, {1: COUNTS})
    return tmp_path / "r.npz"


async def recorded(replay, summary, *options):
    """Events of a recording to the end of the replay."""
    told = asyncio.get_running_loop().create_future()
    arguments = ["--replay", str(replay), "--idle-s", "5", "--summary", str(summary), *options]
    closed = asyncio.Event()
    async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve(parse(arguments), closed=closed, on_open=told.set_result))
        async with GarmentSource(await told, settings=QUICK) as source:
            events = [event async for event in source]
        closed.set()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    return events


def counts_of(events):
    got = np.full(COUNTS.shape, 9999)
    for event in events:
        if isinstance(event, Sampled):
            got[event.first_index : event.first_index + len(event.counts)] = event.counts
    return got


async def test_packets_that_are_not_heard_are_repeated(replay, tmp_path):
    options = ["--miss", "0.2", "--budget", "2", "--interval-ms", "15"]
    events = await recorded(replay, tmp_path / "s.json", *options)
    np.testing.assert_array_equal(counts_of(events), COUNTS)
    assert not [e for e in events if isinstance(e, Lost)]
    assert json.loads((tmp_path / "s.json").read_text())["streams"]["1"]["frames_unsent"] == 0


async def test_out_of_range_ends_the_link_after_the_timeout_and_the_log_fills_the_gap(
    replay, tmp_path
):
    faults = {"outages_s": [[0.5, 1.2]], "log_kib": 64}
    options = ["--supervision-s", "0.3", "--faults", json.dumps(faults)]
    events = await recorded(replay, tmp_path / "s.json", *options)
    assert [e for e in events if isinstance(e, LinkClosed)]
    np.testing.assert_array_equal(counts_of(events), COUNTS)


@pytest.mark.parametrize(("knobs", "words"), [({"miss": 1.0}, "below 1"), ({"budget": 0}, "one|1")])
def test_an_impossible_air_is_refused(knobs, words):
    with pytest.raises(SchemaError, match=words):
        AirSettings(**knobs)
