"""bleak's unmodified BlueZ backend, over a private D-Bus, records a virtual garment."""

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, sim_process, write_replay
from wearables.ble import GarmentSource, SupervisorSettings, scan
from wearables.errors import LinkError
from wearables.events import LinkClosed, Lost, Sampled

pytestmark = [pytest.mark.bluez, pytest.mark.slow]

PATIENCE = SupervisorSettings(
    scan_timeout_s=20, exchanges_per_burst=2, exchange_spacing_s=0.02, dither_us=2_000
)


@pytest.fixture
def private_bluez(missing):
    if not sys.platform.startswith("linux"):
        pytest.skip("BlueZ is Linux's")
    if shutil.which("dbus-daemon") is None:
        missing("dbus-daemon is not installed")
    path = Path(__file__).with_name("bluez_shim.py")
    spec = importlib.util.spec_from_file_location("bluez_shim", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.private_bluez


def replay(path: Path, duration_s: float) -> np.ndarray:
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


async def test_the_platforms_own_backend_records_every_sample(tmp_path, private_bluez):
    counts = replay(tmp_path / "r.npz", 3.0)
    faults = Faults(cuts_s=(1.0,), log_kib=64)
    garment = sim_process(tmp_path / "r.npz", faults=faults, serial=0xAB)
    async with garment as uri, private_bluez(tmp_path, uri):
        assert [found.serial for found in await scan("os:", timeout_s=1.0)] == [0xAB]
        async with GarmentSource("os:", settings=PATIENCE) as source:
            events = [event async for event in source]
    found, times = np.zeros_like(counts), np.zeros(len(counts), dtype=int)
    for event in events:
        if isinstance(event, Sampled):
            rows = slice(event.first_index, event.first_index + len(event.counts))
            found[rows] = event.counts
            times[rows] += 1
    np.testing.assert_array_equal(times, 1)
    np.testing.assert_array_equal(found, counts)
    assert [e.reason for e in events if isinstance(e, LinkClosed)] == ["lost", "stopped"]
    assert any(isinstance(event, Lost) for event in events)


async def test_without_a_bus_it_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    quick = SupervisorSettings(scan_timeout_s=0.2, backoff_first_s=0.01, first_attempts=1)
    with pytest.raises(LinkError, match="os: cannot be used: no such file"):
        async with GarmentSource("os:", settings=quick):
            pass
