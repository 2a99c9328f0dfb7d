"""Garments over UDP and serial lines, recorded like those on the air."""

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, sim_process, write_replay
from wearables.ble import GarmentSource, SupervisorSettings
from wearables.errors import LinkError
from wearables.events import LinkClosed, LinkOpened, Lost, Sampled
from wearables.wire.uart import parse_uart, uart_channel
from wearables.wire.udp import parse_udp

QUICK = SupervisorSettings(
    operation_timeout_s=0.5, backoff_first_s=0.02, exchanges_per_burst=2,
    exchange_spacing_s=0.02, dither_us=2_000, silence_s=0.5,
)  # fmt: skip


def write(path: Path, duration_s: float) -> np.ndarray:
    channel = ChannelSchema(
        name="x", unit="1", bits=16, signed=True, scale=1.0, offset=0.0, kind="acc"
    )
    stream = StreamSchema(
        id=1, name="s", rate_hz=200.0, rates_hz=(200.0,), max_latency_ms=60, store=True,
        channels=(channel,),
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    counts = np.random.default_rng(3).integers(-900, 900, (round(200 * duration_s), 1))
    write_replay(path, schema, {1: counts})
    return counts


def placed(events, n):
    """Samples by index, and how often each index was told."""
    values, told = np.full((n, 1), 99_999), np.zeros(n, dtype=int)
    for event in events:
        if isinstance(event, Sampled):
            rows = slice(event.first_index, event.first_index + len(event.counts))
            values[rows] = event.counts
            told[rows] += 1
    return values, told


@pytest.mark.parametrize("door", ["udp", "pty"])
async def test_a_wire_carries_every_sample_and_its_losses(tmp_path, door):
    counts = write(tmp_path / "r.npz", 1.5)
    place = sim_process(tmp_path / "r.npz", door=door, loss=0.2, seed=1)
    async with place as uri, GarmentSource(uri, settings=QUICK) as source:
        assert source.rssi_dbm is None
        events = [event async for event in source]
    values, told = placed(events, len(counts))
    for event in events:
        if isinstance(event, Lost):
            told[event.first_index : event.first_index + event.n_samples] += 1
    np.testing.assert_array_equal(told, 1)
    is_there = values[:, 0] != 99_999
    np.testing.assert_array_equal(values[is_there], counts[is_there])
    assert 0 < is_there.sum() < len(counts)
    assert [e.reason for e in events if isinstance(e, LinkClosed)] == ["stopped"]


@pytest.mark.parametrize("door", ["udp", "pty"])
async def test_a_silent_wire_is_opened_anew_and_its_log_fills_the_gap(tmp_path, door):
    counts = write(tmp_path / "r.npz", 3.0)
    faults = Faults(silences_s=((0.4, 1.2),), log_kib=256)
    place = sim_process(tmp_path / "r.npz", door=door, faults=faults)
    async with place as uri, GarmentSource(uri, settings=QUICK) as source:
        events = [event async for event in source]
    values, told = placed(events, len(counts))
    np.testing.assert_array_equal(told, 1)
    np.testing.assert_array_equal(values, counts)
    assert [e.epoch for e in events if isinstance(e, LinkOpened)] == [1, 2]
    assert any(isinstance(event, Lost) for event in events)


def test_uris_of_wires():
    assert parse_udp("udp:shirt.local") == ("shirt.local", 1338, 1337)
    assert parse_udp("udp:10.0.0.2:5:6") == ("10.0.0.2", 5, 6)
    assert parse_uart("uart:/dev/a,/dev/b") == ("/dev/a", "/dev/b", 1_000_000)
    assert parse_uart("uart:COM3,COM4@115200") == ("COM3", "COM4", 115_200)
    for bad in ("udp:", "udp:h:1", "udp:h:1:x", "udp:h:0:5"):
        with pytest.raises(LinkError, match="is not understood"):
            parse_udp(bad)
    for bad in ("uart:", "uart:/dev/a", "uart:/dev/a,", "uart:a,b@x", "uart:a,b,c"):
        with pytest.raises(LinkError, match="is not understood"):
            parse_uart(bad)


async def test_wires_that_are_not_there_are_one_sentence(tmp_path):
    quick = SupervisorSettings(operation_timeout_s=0.1, backoff_first_s=0.01, first_attempts=2)
    with pytest.raises(LinkError, match="cannot be opened"):
        async with GarmentSource(f"uart:{tmp_path / 'x'},{tmp_path / 'y'}", settings=quick):
            pass
    with pytest.raises(LinkError):
        async with GarmentSource("udp:127.0.0.1:9:9", settings=quick):
            pass
    with pytest.raises(LinkError, match="cannot be reached"):
        async with GarmentSource("udp:no-such-host.invalid", settings=quick):
            pass


async def test_an_unplugged_line_ends_its_link():
    ends = [os.openpty() for _ in range(2)]
    lost = asyncio.Event()
    uri = "uart:" + ",".join(os.ttyname(far) for _, far in ends)
    async with uart_channel(uri, on_lost=lost.set, on_found=lambda *_: None) as channel:
        await channel.open(lambda _data: None, lambda _data: None)
        for near, far in ends:
            os.close(far)
            os.close(near)
        async with asyncio.timeout(2):
            await lost.wait()
