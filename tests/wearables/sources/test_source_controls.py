"""Markers, pause and stop for running recordings, and what the monitor sees of them."""

import math

import numpy as np
import pytest

from firmware_bridge.events import Damaged, LossCause, Lost, Marker, Sampled, Status
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.events import LinkClosed, LinkOpened
from wearables.sources import Controls, Monitor

SCHEMA = GarmentSchema(
    vendor="v", name="n", hw="h", schema=1,
    streams=(
        StreamSchema(
            id=1, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
            channels=tuple(
                ChannelSchema(name=name, unit="1", bits=8, signed=True, scale=1.0, offset=0.0,
                              kind="acc")
                for name in "ab"
            ),
        ),
    ),
)  # fmt: skip


def sampled(index, n=10, *, backfilled=False, counts=None):
    rows = np.arange(index, index + n)
    values = np.stack([rows % 50, rows % 7], axis=1) if counts is None else counts
    return Sampled(
        stream_id=1, boot=1, first_index=index, device_us=index * 10_000, counts=values, flags=0,
        host_ns=10**9 + index * 10**7, epoch=1, backfilled=backfilled,
    )  # fmt: skip


class Scripted:
    """A source whose events are made while it is read."""

    schema = SCHEMA

    def __init__(self, *steps):
        self.steps = steps
        self.is_stopped = False

    async def __aiter__(self):
        for step in self.steps:
            event = step() if callable(step) else step
            if event is not None:
                yield event

    async def stop(self):
        self.is_stopped = True


async def test_a_pause_is_a_gap_that_no_log_fills():
    controls = Controls()
    source = Scripted(
        sampled(0), lambda: controls.pause(on=True), sampled(10), sampled(20), sampled(40),
        lambda: controls.pause(on=False), sampled(50), sampled(20, backfilled=True),
        sampled(30, backfilled=True), lambda: controls.pause(on=True), sampled(60),
    )  # fmt: skip
    events = [event async for event in controls.attach(source)]
    told = [(e.first_index, e.n_samples, e.cause) for e in events if isinstance(e, Lost)]
    assert told == [(10, 20, LossCause.PAUSED), (40, 10, LossCause.PAUSED),
                    (60, 10, LossCause.PAUSED)]  # fmt: skip
    assert [e.first_index for e in events if isinstance(e, Sampled)] == [0, 50, 30]
    assert [e.text for e in events if isinstance(e, Marker)] == ["paused", "resumed", "paused"]


async def test_a_marker_stands_in_every_recording_and_stop_reaches_all():
    controls = Controls()
    sources = [Scripted(lambda: controls.mark("now"), sampled(0)), Scripted(sampled(0))]
    joined = [controls.attach(source, first=[sampled(90)]) for source in sources]
    seen = [[event async for event in source] for source in joined]
    assert [[e.text for e in events if isinstance(e, Marker)] for events in seen] == [["now"]] * 2
    assert [event.first_index for event in seen[1] if isinstance(event, Sampled)] == [90, 0]
    assert controls.last_marker is not None
    assert joined[0].schema is SCHEMA
    await joined[0].stop()
    await controls.stop()
    assert all(source.is_stopped for source in sources)


def test_too_many_markers_are_counted():
    controls = Controls()
    controls.attach(Scripted())
    for i in range(1030):
        controls.mark(str(i))
    assert controls.n_refused == 6


def test_the_monitor_tells_rate_loss_and_shape():
    monitor = Monitor(SCHEMA)
    (empty,) = monitor.streams(10**9)
    assert math.isnan(empty.rate_hz)
    assert math.isnan(empty.coverage)
    monitor.feed(LinkOpened(epoch=1, boot=1, host_ns=0, mtu=247))
    for index in range(0, 600, 10):
        if index != 300:
            monitor.feed(sampled(index))
    lost = Lost(
        stream_id=1, boot=1, first_index=300, n_samples=10, cause=LossCause.RADIO, host_ns=0,
        epoch_before=1, epoch_after=1,
    )  # fmt: skip
    monitor.feed(lost)
    (state,) = monitor.streams(10**9 + 590 * 10**7)
    assert state.rate_hz == pytest.approx(100, abs=5)
    assert state.coverage == pytest.approx(590 / 600)
    assert (state.n_gaps, state.lost_s) == (1, pytest.approx(0.1))
    assert (state.age_s, state.latency_s) == (pytest.approx(0.0), pytest.approx(0.0))
    assert state.quality > 0.9
    assert state.shapes.shape[1] == 2
    monitor.feed(sampled(300, backfilled=True))
    assert monitor.streams(10**9)[0].coverage == 1.0


def test_channels_that_stand_still_or_clip_have_no_quality():
    monitor = Monitor(SCHEMA)
    flat = np.stack([np.full(10, 5), np.full(10, 127)], axis=1)
    for index in range(0, 600, 10):
        monitor.feed(sampled(index, counts=flat))
    assert monitor.streams(10**9 + 590 * 10**7)[0].quality == 0.0


def test_the_monitor_follows_link_battery_and_damage():
    monitor = Monitor(SCHEMA)
    monitor.feed(LinkOpened(epoch=1, boot=1, host_ns=0, mtu=247))
    monitor.feed(
        Status(host_ns=0, battery_pct=40.0, producer_lost=0, frames_dropped=0, log_used_b=0)
    )
    monitor.feed(Damaged(reason="crc", host_ns=0, epoch=1))
    monitor.feed(Marker(host_ns=0, kind="marker", text="x", source="user"))
    assert (monitor.is_linked, monitor.battery_pct, monitor.n_damaged) == (True, 40.0, 1)
    monitor.feed(LinkClosed(epoch=1, host_ns=0, reason="silent"))
    assert (monitor.is_linked, monitor.trouble, monitor.n_links) == (False, "silent", 1)
    assert monitor.last_marker is not None
