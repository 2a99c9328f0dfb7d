"""From the virtual garment over a virtual radio to events: what is lost is known exactly."""

import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from virtual_air import QUICK, check_complete, on_air, replay

from firmware_bridge.sim import sim_process, write_replay
from firmware_bridge.sim.serve import parse, serve
from wearables.ble import GarmentSource, SupervisorSettings, scan
from wearables.ble.packets import Packet, PacketQueue
from wearables.ble.states import Stopped
from wearables.errors import LinkError
from wearables.events import (
    Event,
    Exchanged,
    LinkClosed,
    LinkOpened,
    LossCause,
    Lost,
    Marker,
    Sampled,
    Status,
)


def produced_by(summary: dict) -> dict[int, int]:
    return {int(key): row["produced"] for key, row in summary["streams"].items()}


async def test_a_whole_replay_with_loss_agrees_with_the_senders_counters():
    content = replay(1.0)
    async with on_air(content, loss=0.3) as peripheral:
        async with GarmentSource("sim:", settings=QUICK) as source:
            assert source.schema == content.schema
            events = [event async for event in source]
        summary = peripheral.garment.summary()
    n_lost = check_complete(events, content, {1: 200, 2: 64})
    assert summary["finished"]
    assert n_lost[1] == summary["streams"]["1"]["samples_dropped"] > 0
    assert n_lost[2] == summary["streams"]["2"]["samples_dropped"]
    opened = [event for event in events if isinstance(event, LinkOpened)]
    assert [(event.epoch, event.boot, event.mtu) for event in opened] == [(1, 1, 247)]
    closed = [event for event in events if isinstance(event, LinkClosed)]
    assert [(event.epoch, event.reason) for event in closed] == [(1, "stopped")]
    assert ("activity", "walk") in [(e.kind, e.text) for e in events if isinstance(e, Marker)]
    assert any(isinstance(event, Status) for event in events)
    assert source.n_overflow == 0


async def test_a_garment_with_a_log_gives_back_what_was_lost():
    content = replay(2.0)
    async with on_air(content, loss=0.3, log_kib=512, cuts_s=(0.8,)) as peripheral:
        async with GarmentSource("sim:", settings=QUICK) as source:
            events = [event async for event in source]
        summary = peripheral.garment.summary()
    assert summary["streams"]["1"]["samples_dropped"] > 0
    for stream_id, want in content.counts.items():
        found = np.full(want.shape, 99_999)
        for event in events:
            if isinstance(event, Sampled) and event.stream_id == stream_id:
                low = event.first_index
                assert np.all(found[low : low + len(event.counts)] == 99_999)
                found[low : low + len(event.counts)] = event.counts
        np.testing.assert_array_equal(found, want)
    assert any(isinstance(event, Sampled) and event.backfilled for event in events)
    assert any(isinstance(event, Lost) for event in events)


async def test_clock_exchanges_agree_with_the_clock_that_was_set():
    async with on_air(replay(1.0), clock_offset_s=100.0, drift_ppm=0.0) as peripheral:
        async with GarmentSource("sim:", settings=QUICK, duration_s=0.3) as source:
            exchanges = [e.exchange async for e in source if isinstance(e, Exchanged)]
        truth_s = peripheral.woke_ns * 1e-9 - 100.0
    assert len(exchanges) >= 4
    for exchange in exchanges:
        assert abs(exchange.offset_s - truth_s) <= exchange.rtt_s / 2 + 1e-5


async def test_duration_ends_the_recording_and_stop_does_too():
    content = replay(4.0)
    async with on_air(content) as peripheral:
        async with GarmentSource("sim:", settings=QUICK, duration_s=0.3) as source:
            events = [event async for event in source]
        first = produced_by(peripheral.garment.summary())
        assert 40 < first[1] < 400
        assert check_complete(events, content, first).total() == 0
        async with GarmentSource("sim:", settings=QUICK) as source:
            again: list[Event] = []
            async for event in source:
                again.append(event)
                if isinstance(event, Sampled):
                    await source.stop()
        # The first recording's samples are not missing in the second one.
        assert min(e.first_index for e in again if isinstance(e, Sampled)) >= first[2]
        assert not [e for e in again if isinstance(e, Lost)]
        assert produced_by(peripheral.garment.summary())[1] < 800


async def test_a_cut_link_comes_back_as_a_new_epoch():
    content = replay(1.5)
    async with on_air(content, cuts_s=(0.4,)), GarmentSource("sim:", settings=QUICK) as source:
        events = [event async for event in source]
    n_lost = check_complete(events, content, {1: 300, 2: 96})
    assert n_lost[1] > 0
    assert [e.epoch for e in events if isinstance(e, LinkOpened)] == [1, 2]
    assert [e.reason for e in events if isinstance(e, LinkClosed)] == ["lost", "stopped"]
    causes = {e.cause for e in events if isinstance(e, Lost)}
    assert causes == {LossCause.NO_LINK}


async def test_a_silent_garment_is_connected_anew():
    content = replay(2.5)
    async with (
        on_air(content, silences_s=((0.3, 1.1),)),
        GarmentSource("sim:", settings=QUICK) as source,
    ):
        events = [event async for event in source]
    assert [e.reason for e in events if isinstance(e, LinkClosed)] == ["silent", "stopped"]
    assert check_complete(events, content, {1: 500, 2: 160})[1] > 100


async def test_scan_finds_garments_by_serial_and_the_right_one_is_connected():
    async with on_air(replay(0.3), serial=0xABCD01), on_air(replay(0.2), serial=0xABCD02) as two:
        found = await scan("sim:", timeout_s=0.3)
        assert {device.serial for device in found} == {0xABCD01, 0xABCD02}
        async with GarmentSource("sim:", serial=0xABCD02, settings=QUICK) as source:
            assert two.is_connected
            assert [e async for e in source if isinstance(e, Sampled)]


async def test_no_garment_is_one_sentence():
    quick = SupervisorSettings(scan_timeout_s=0.1, backoff_first_s=0.01, first_attempts=2)
    with pytest.raises(LinkError, match=r"no garment with serial 00000007 was seen within 0\.1 s"):
        async with GarmentSource("sim:", serial=7, settings=quick):
            pass
    assert await scan("sim:", timeout_s=0.05) == []


async def test_a_garment_that_refuses_is_an_error():
    quick = SupervisorSettings(backoff_first_s=0.01, first_attempts=1)
    async with on_air(replay(0.2), budget_b_s=1.0):
        with pytest.raises(LinkError, match="refused start: over budget"):
            async with GarmentSource("sim:", settings=quick):
                pass


async def test_a_radio_that_is_not_there_is_an_error():
    with pytest.raises(LinkError, match="cannot be opened"):
        async with GarmentSource("tcp-client:127.0.0.1:9", settings=QUICK):
            pass
    with pytest.raises(LinkError, match="cannot be opened"):
        await scan("tcp-client:127.0.0.1:9", timeout_s=0.1)
    with pytest.raises(LinkError, match="is not known"):
        async with GarmentSource("pigeon:1", settings=QUICK):
            pass


async def test_the_schema_is_unknown_before_the_source_is_open():
    source = GarmentSource("sim:")
    with pytest.raises(LinkError, match="once the source is open"):
        _ = source.schema
    with pytest.raises(LinkError, match="not open"):
        await anext(aiter(source))


async def test_a_full_queue_counts_what_it_drops_and_keeps_events():
    queue = PacketQueue(2)
    for i in range(5):
        queue.put_packet(Packet(epoch=1, host_ns=i, data=b""))
    closed = LinkClosed(epoch=1, host_ns=9, reason="stopped")
    queue.put_event(closed)
    items = [await queue.get(timeout_s=0.01) for _ in range(4)]
    assert queue.n_overflow == 3
    assert items[2:] == [closed, None]


async def test_another_process_and_its_summary(tmp_path: Path):
    content = replay(1.0)
    path, summary = tmp_path / "r.npz", tmp_path / "s.json"
    write_replay(path, content.schema, content.counts, content.markers)
    async with sim_process(path, loss=0.2, seed=3, summary=summary) as uri:
        assert [garment.serial for garment in await scan(uri, timeout_s=0.2)] == [1]
        async with GarmentSource(uri, settings=QUICK) as source:
            events = [event async for event in source]
    told = json.loads(summary.read_text())
    n_lost = check_complete(events, content, produced_by(told))
    assert {key: n_lost[int(key)] for key in told["streams"]} == {
        key: row["samples_dropped"] for key, row in told["streams"].items()
    }


@pytest.mark.parametrize("asked", [True, False])
async def test_a_served_garment_tells_its_address_and_ends(tmp_path: Path, capsys, asked: bool):
    """It ends when asked to, or when the replay is over and nobody is connected."""
    content = replay(0.3)
    path, summary = tmp_path / "r.npz", tmp_path / "s.json"
    write_replay(path, content.schema, content.counts)
    idle_s = "30" if asked else "0.05"
    options = parse(["--replay", str(path), "--summary", str(summary), "--idle-s", idle_s])
    closed = asyncio.Event()
    is_open = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(
            serve(options, closed=closed, on_open=lambda _uri: is_open.set())
        )
        await is_open.wait()
        told = json.loads(capsys.readouterr().out)
        async with GarmentSource(told["uri"], settings=QUICK) as source:
            events = [event async for event in source]
        if asked:
            closed.set()
        await serving
    assert told["serial"] == 1
    assert (
        check_complete(events, content, produced_by(json.loads(summary.read_text()))).total() == 0
    )


async def test_a_slow_garment_with_a_short_queue_drops_and_says_so():
    """Control responses hold up the queue; what does not fit is counted, not forgotten."""
    content = replay(0.6)
    async with on_air(content, slow_control_s=0.15, queue_frames=1) as peripheral:
        async with GarmentSource("sim:", settings=QUICK) as source:
            events = [event async for event in source]
        summary = peripheral.garment.summary()
    n_lost = check_complete(events, content, produced_by(summary))
    assert n_lost[1] == summary["streams"]["1"]["samples_unsent"]


async def test_a_killed_garment_ends_the_recording_at_its_time(tmp_path: Path):
    content = replay(5.0)
    path = tmp_path / "r.npz"
    write_replay(path, content.schema, content.counts)
    quick = SupervisorSettings(
        scan_timeout_s=0.1,
        operation_timeout_s=0.5,
        backoff_first_s=0.05,
        exchanges_per_burst=1,
        farewell_s=0.3,
    )
    events: list[Event] = []
    async with (
        sim_process(path) as uri,
        GarmentSource(uri, settings=quick, duration_s=0.8) as source,
    ):
        async for event in source:
            events.append(event)
            if isinstance(event, Sampled) and event.first_index > 40:
                for child in children_of(os.getpid(), "firmware_bridge.sim.serve"):
                    os.kill(child, signal.SIGKILL)
    assert [e.reason for e in events if isinstance(e, LinkClosed)] == ["lost"]
    assert isinstance(source.state, Stopped)


def children_of(parent: int, name: str) -> list[int]:
    """Processes that a process started, found by a part of their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_child = (folder / "stat").read_text().rpartition(")")[2].split()[1] == str(parent)
            if is_child and name in (folder / "cmdline").read_text():
                found.append(int(folder.name))
    return found


async def test_a_missing_replay_file_does_not_hang(tmp_path: Path, capfd):
    with pytest.raises(ConnectionError, match="did not start"):
        async with sim_process(tmp_path / "none.npz"):
            pass
    assert "none.npz" in capfd.readouterr().err
