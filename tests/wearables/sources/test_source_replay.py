"""What was recorded is played back the same."""

import asyncio
import dataclasses
import json
import socket
import time

import h5py
import numpy as np
import pytest

from firmware_bridge.events import Damaged, LossCause, Lost, Marker, Sampled, Status
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.timesync import Exchange
from wearables.errors import LinkError, SessionError
from wearables.events import Exchanged, LinkClosed, LinkOpened
from wearables.sessions import Session, SessionWriter, SubjectInfo, record, verify_here
from wearables.sessions.stored_events import StoredEvents, host_ns_of
from wearables.sources import ReplaySource, UdpMarkers, with_markers
from wearables.sources.markers import parse_marker

P = SubjectInfo(id="P1")
TABLES = [
    "markers", *(f"devices/garment/{name}" for name in ("epochs", "exchanges", "status")),
    *(f"devices/garment/streams/{s}/{t}" for s in ("a", "b")
      for t in ("raw", "frames", "gaps", "segments")),
]  # fmt: skip


def stream(number, name, rate_hz):
    channel = ChannelSchema(
        name="x", unit="[g]", bits=16, signed=True, scale=0.001, offset=0.0, kind="acc"
    )
    return StreamSchema(
        id=number, name=name, rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=100,
        store=True, channels=(channel, dataclasses.replace(channel, name="y")),
    )  # fmt: skip


SCHEMA = GarmentSchema(
    vendor="v", name="n", hw="h", schema=1, streams=(stream(1, "a", 100.0), stream(2, "b", 50.0))
)


def build(path, *, seconds=4):
    """A session with two links, two boots, a gap, a backfilled gap and all kinds of events."""
    rng = np.random.default_rng(1)
    with SessionWriter(path, SCHEMA, subject=P, journal=False) as writer:
        zero = writer.anchor_host_ns
        writer.write(LinkOpened(epoch=1, boot=1, host_ns=zero, mtu=247))
        for boot, start_s in ((1, 0), (2, seconds)):
            for i in range(seconds * 10):
                host_ns = zero + round((start_s + i / 10) * 1e9)
                for schema in SCHEMA.streams:
                    n = round(schema.rate_hz / 10)
                    lost = {
                        "stream_id": schema.id, "boot": boot, "first_index": i * n,
                        "n_samples": n, "host_ns": host_ns, "epoch_before": boot,
                        "epoch_after": boot, "cause": LossCause.RADIO,
                    }  # fmt: skip
                    if i in (7, 9):
                        writer.write(Lost(**lost))
                        continue
                    late = [i] if i != 12 else [12, 9]
                    for j in late:
                        writer.write(
                            Sampled(
                                stream_id=schema.id, boot=boot, first_index=j * n,
                                device_us=j * 100_000 + 3, flags=0, host_ns=host_ns + 1000,
                                counts=rng.integers(-999, 999, (n, 2)), epoch=boot,
                                backfilled=j == 9,
                            )
                        )  # fmt: skip
                if i == 20:
                    mark = {"kind": "marker", "text": "hü", "source": "user"}
                    writer.write(Marker(host_ns=host_ns + 5, **mark))
                    writer.write(Marker(host_ns=host_ns + 6, device_us=2_000_000, **mark))
                    writer.write(
                        Status(
                            host_ns=host_ns, battery_pct=77, producer_lost=1, frames_dropped=2,
                            log_used_b=3,
                        )
                    )  # fmt: skip
                    exchange = Exchange(
                        t1_host_ns=host_ns, t2_device_us=i * 100_000 + 500,
                        t3_device_us=i * 100_000 + 600, t4_host_ns=host_ns + 10**6, dither_us=5,
                    )  # fmt: skip
                    writer.write(Exchanged(exchange=exchange, epoch=boot, boot=boot))
            closed_ns = zero + round((start_s + seconds - 0.05) * 1e9)
            writer.write(LinkClosed(epoch=boot, host_ns=closed_ns, reason="lost"))
            if boot == 1:
                writer.write(LinkOpened(epoch=2, boot=2, host_ns=closed_ns + 10, mtu=100))


def tables(path):
    with h5py.File(path) as file:
        return {name: file[name][...] for name in TABLES}


async def test_record_replay_record_gives_equal_tables(tmp_path):
    build(tmp_path / "a.h5")
    async with ReplaySource(tmp_path / "a.h5") as source:
        await record(source, tmp_path / "b.h5", subject=P)
    assert verify_here(tmp_path / "b.h5").exit_code == verify_here(tmp_path / "a.h5").exit_code == 3
    before, after = tables(tmp_path / "a.h5"), tables(tmp_path / "b.h5")
    for name, rows in before.items():
        if name.endswith("gaps"):
            # When a gap was closed is told by the frame that filled it.
            assert rows.tobytes() == after[name].tobytes()
        assert np.array_equal(rows, after[name]), name


async def test_in_order_of_the_index_nothing_is_late(tmp_path):
    build(tmp_path / "a.h5")
    async with ReplaySource(tmp_path / "a.h5", order="index") as source:
        events = [event async for event in source]
    samples = [e for e in events if isinstance(e, Sampled) and e.stream_id == 1 and e.boot == 1]
    assert [e.first_index for e in samples] == [i * 10 for i in range(40) if i != 7]
    lost = [e for e in events if isinstance(e, Lost) and e.stream_id == 1]
    assert [(e.boot, e.first_index, e.n_samples) for e in lost] == [(1, 70, 10), (2, 70, 10)]


def test_events_come_by_host_time(tmp_path):
    build(tmp_path / "a.h5")
    with StoredEvents(tmp_path / "a.h5") as events:
        times = [host_ns_of(event) for event in events]
    assert times == sorted(times)
    with pytest.raises(SessionError, match="order 'x'"):
        StoredEvents(tmp_path / "a.h5", order="x")


async def test_a_loss_at_the_end_stays(tmp_path):
    with SessionWriter(tmp_path / "a.h5", SCHEMA, subject=P, journal=False) as writer:
        writer.write(
            Sampled(
                stream_id=1, boot=1, first_index=0, device_us=0, counts=np.zeros((10, 2), int),
                flags=0, host_ns=5, epoch=1,
            )
        )  # fmt: skip
        writer.write(
            Lost(
                stream_id=1, boot=1, first_index=10, n_samples=5, cause=LossCause.NO_LINK,
                host_ns=6, epoch_before=1, epoch_after=1,
            )
        )  # fmt: skip
    async with ReplaySource(tmp_path / "a.h5", order="index") as source:
        lost = [event async for event in source if isinstance(event, Lost)]
    assert [(e.first_index, e.n_samples) for e in lost] == [(10, 5)]


async def test_pace_and_rebase(tmp_path):
    build(tmp_path / "a.h5")
    start_ns = time.monotonic_ns()
    async with ReplaySource(tmp_path / "a.h5", speed=40, rebase=True) as source:
        assert source.schema == SCHEMA
        events = [event async for event in source]
    took_s = (time.monotonic_ns() - start_ns) * 1e-9
    assert took_s >= 0.15
    assert host_ns_of(events[0]) >= start_ns
    exchanged = next(e for e in events if isinstance(e, Exchanged))
    assert exchanged.exchange.rtt_s == pytest.approx(0.0009)


async def test_a_replay_can_be_stopped(tmp_path):
    build(tmp_path / "a.h5")
    async with ReplaySource(tmp_path / "a.h5", speed=0.5) as source:
        n = 0
        async for _ in source:
            n += 1
            if n == 3:
                await source.stop()
    assert n == 3


async def test_wrong_replays_are_told(tmp_path):
    with pytest.raises(SessionError, match="speed"):
        ReplaySource(tmp_path / "x.h5", speed=0)
    with pytest.raises(SessionError, match="not open"):
        _ = ReplaySource(tmp_path / "x.h5").schema
    with pytest.raises(SessionError, match="does not exist"):
        async with ReplaySource(tmp_path / "x.h5"):
            pass


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b" go ", ("marker", "go", 1000)),
        (json.dumps({"text": "s3", "kind": "stimulus", "age_ms": 0.0005}).encode(),
         ("stimulus", "s3", 500)),
        (b"", None), (b"{", None), (b'{"kind": "x"}', None), (b'{"text": ""}', None),
        (b'{"text": "x", "age_ms": "old"}', None), (b'{"text": "x", "age_ms": -1}', None),
        (b'{"text": "x", "age_ms": NaN}', None), (b"\xff\xfe", ("marker", "\ufffd\ufffd", 1000)),
    ],
)  # fmt: skip
def test_datagrams(data, expected):
    marker = parse_marker(data, host_ns=1000)
    found = None if marker is None else (marker.kind, marker.text, marker.host_ns)
    assert found == expected


def test_noise_is_no_marker_or_a_text():
    rng = np.random.default_rng(1)
    for _ in range(5000):
        data = rng.bytes(int(rng.integers(0, 40)))
        parse_marker(b"{" + data if rng.random() < 0.5 else data, host_ns=0)


async def test_markers_come_in_over_the_network(tmp_path):
    build(tmp_path / "a.h5")
    async with UdpMarkers() as markers, ReplaySource(tmp_path / "a.h5") as source:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"stimulus", ("127.0.0.1", markers.port))
            sender.sendto(b"{", ("127.0.0.1", markers.port))
        for _ in range(400):
            await asyncio.sleep(0.005)
            if markers.n_refused:
                break
        joined = with_markers(source, markers)
        assert joined.schema == SCHEMA
        await record(joined, tmp_path / "b.h5", subject=P)
        with pytest.raises(LinkError, match="cannot listen"):
            async with UdpMarkers(port=markers.port):
                pass
    with Session.open(tmp_path / "b.h5") as session:
        assert "stimulus" in [mark.text for mark in session.markers]


async def test_too_many_markers_are_counted():
    markers = UdpMarkers()
    for _ in range(1030):
        markers.datagram_received(b"x", None)
    assert (len(markers.take()), markers.n_refused) == (1024, 6)
    assert markers.take() == []
    assert not isinstance(markers, Damaged)
