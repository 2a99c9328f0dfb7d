"""Out to LSL and in again, in one process."""

import asyncio
import itertools
import sys
import time

import numpy as np
import pytest

from firmware_bridge.events import Damaged, LossCause, Lost, Marker, Sampled, Status
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.errors import LinkError
from wearables.events import LinkClosed, LinkOpened
from wearables.sources.lsl import LslOutlet, LslSource
from wearables.sources.lsl_markers import LslMarkers

SCHEMA = GarmentSchema(
    vendor="v", name="Muslin test", hw="h", schema=1,
    streams=(
        StreamSchema(
            id=3, name="imu", rate_hz=50.0, rates_hz=(50.0,), max_latency_ms=100, store=False,
            channels=(
                ChannelSchema(name="ax", unit="[g]", bits=16, signed=True, scale=0.5, offset=2.0,
                              kind="acc", site="wrist"),
                ChannelSchema(name="ay", unit="[g]", bits=16, signed=True, scale=0.5, offset=0.0,
                              kind="acc"),
            ),
        ),
    ),
)  # fmt: skip


def sampled(index, host_ns, **changes):
    counts = np.stack([np.arange(index, index + 5), -np.arange(index, index + 5)], axis=1)
    fields = {
        "stream_id": 3, "boot": 1, "first_index": index, "device_us": index * 20_000,
        "counts": counts, "flags": 0, "host_ns": host_ns, "epoch": 1,
    }  # fmt: skip
    return Sampled(**{**fields, **changes})


def test_without_pylsl_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(LinkError, match="pip install pylsl"):
        LslOutlet(SCHEMA)


async def test_a_stream_that_ends_before_it_is_opened_is_one_sentence(monkeypatch):
    pylsl = pytest.importorskip("pylsl")

    def gone(self, timeout=None):
        raise pylsl.util.TimeoutError("the operation failed due to a timeout.")

    monkeypatch.setattr(pylsl.StreamInlet, "info", gone)
    outlet = LslOutlet(SCHEMA, source_id="ends")
    with pytest.raises(LinkError, match="'Muslin test imu' was announced and does not answer"):
        async with LslSource("name='Muslin test imu'", wait_s=0.5):
            pass
    del outlet


async def test_out_and_in_again():
    pytest.importorskip("pylsl")
    outlet = LslOutlet(SCHEMA, source_id="muslin-test")
    source = LslSource("starts-with(source_id,'muslin-test')", wait_s=1.0)
    with pytest.raises(LinkError, match="only once"):
        _ = source.schema

    async def play():
        index = 0
        while not source._stopping.is_set():
            outlet.push(sampled(index, time.monotonic_ns()))
            index += 5
            if index == 50:
                outlet.push(sampled(0, 1, backfilled=True))
            await asyncio.sleep(0.1)

    events = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(play())
        async with source:
            now_ns = time.monotonic_ns()
            lost = {"first_index": 0, "n_samples": 4, "epoch_before": 1, "epoch_after": 1}
            outlet.push(Lost(stream_id=3, boot=1, cause=LossCause.RADIO, host_ns=now_ns, **lost))
            outlet.push(LinkOpened(epoch=1, boot=1, host_ns=now_ns, mtu=23))
            outlet.push(LinkClosed(epoch=1, host_ns=now_ns, reason="lost"))
            outlet.push(Marker(host_ns=now_ns, kind="user", text="hü", source="user"))
            outlet.push(Damaged(reason="x", host_ns=now_ns, epoch=1))
            outlet.push(
                Status(host_ns=now_ns, battery_pct=1, producer_lost=0, frames_dropped=0,
                       log_used_b=0)
            )  # fmt: skip
            async for event in source:
                events.append(event)
                if len([e for e in events if isinstance(e, Marker)]) >= 1 and len(events) > 6:
                    await source.stop()
        task.cancel()
    samples = [e for e in events if isinstance(e, Sampled)]
    scale = source.schema.streams[0].channels[0].scale
    assert [c.name for c in source.schema.streams[0].channels] == ["ax", "ay"]
    # Samples are 20 ms apart by the sensor's clock, whenever they were pushed.
    spacing_us = [
        (b.device_us - a.device_us) / len(a.counts) for a, b in itertools.pairwise(samples)
    ]
    assert np.allclose(spacing_us, 20_000, atol=600)
    values = np.concatenate([e.counts for e in samples]) * scale
    assert np.allclose(np.diff(values[:, 0]), 0.5, atol=1e-5)
    assert np.allclose(values[:, 0] + 1, -values[:, 1], atol=1e-5)


async def test_markers_of_other_programs_are_taken_from_lsl():
    pylsl = pytest.importorskip("pylsl")
    with pytest.raises(LinkError, match="no LSL marker stream"):
        async with LslMarkers(lambda _marker: None, match="source_id='none'", wait_s=0.1):
            pass
    info = pylsl.StreamInfo("task", "Markers", 1, 0, "string", "muslin-marker-test")
    outlet = pylsl.StreamOutlet(info)
    taken: list[Marker] = []
    match = "source_id='muslin-marker-test'"
    async with LslMarkers(taken.append, match=match, wait_s=2.0) as markers:
        assert markers.n_streams == 1
        async with asyncio.timeout(10):
            while not taken:
                outlet.push_sample(["stimulus 3"])
                await asyncio.sleep(0.05)
    assert (taken[0].text, taken[0].source) == ("stimulus 3", "program")
    assert abs(taken[0].host_ns - time.monotonic_ns()) < 10e9
