"""Samples and losses tile the index, whatever the link does."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.events import Damaged, LossCause, Lost, Marker, Sampled, Status
from firmware_bridge.framing import CobsReader, encode_cobs
from firmware_bridge.link import LoopbackLink, LossyLink
from firmware_bridge.packet import FLAG_OVERRUN_BEFORE, Frame, FrameKind, device_frame
from firmware_bridge.reassembly import Reassembler, _unwrap
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema

SECOND_NS = 1_000_000_000


def garment():
    channel = ChannelSchema(
        name="c", unit="1", bits=16, signed=True, scale=1.0, offset=0.0, kind="other"
    )
    stream = StreamSchema(
        id=1, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=500, store=True,
        channels=(channel,),
    )  # fmt: skip
    return GarmentSchema(vendor="v", name="g", hw="h", schema=1, streams=(stream,))


def frames(n_frames, *, session=1, per_frame=10):
    encoder = FrameEncoder(garment().streams[0], session=session, cap=per_frame)
    rows = range(n_frames * per_frame)
    out = [encoder.push([i % 1000], device_us=i * 10_000) for i in rows] + [encoder.flush()]
    return [frame for frame in out if frame]


def tiles(events, newest):
    """Check that samples and final losses cover [0, newest) once; returns the lost indices."""
    stored = np.zeros(newest, dtype=int)
    lost = np.zeros(newest, dtype=int)
    for event in events:
        if isinstance(event, Sampled):
            part = slice(event.first_index, event.first_index + len(event.counts))
            expected = np.arange(part.start, part.stop) % 1000
            np.testing.assert_array_equal(event.counts[:, 0], expected)
            stored[part] += 1
        elif isinstance(event, Lost):
            lost[event.first_index : event.first_index + event.n_samples] += 1
    assert stored.max() <= 1
    assert lost.max() <= 1
    assert (stored | lost).all()
    return np.flatnonzero((lost == 1) & (stored == 0))


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    loss=st.sampled_from([0.0, 0.1, 0.5, 0.95]),
    twice=st.sampled_from([0.0, 0.3]),
    shuffle=st.integers(0, 6),
    confirm_s=st.sampled_from([0.0, 0.3, 100.0]),
)
def test_samples_and_losses_tile_the_index(seed, loss, twice, shuffle, confirm_s):
    """Loss, duplication, reordering and late arrival leave nothing out and nothing twice."""
    rng = np.random.default_rng(seed)
    packets = frames(30)
    kept = [i for i in range(30) if rng.random() >= loss]
    kept += [i for i in kept if rng.random() < twice]
    order = sorted(kept, key=lambda i: i + rng.uniform(0, shuffle))
    reassembler = Reassembler(garment(), confirm_s=confirm_s)
    events = []
    for step, i in enumerate(order):
        events += reassembler.accept(packets[i], host_ns=step * SECOND_NS // 10, epoch=1)
    events += reassembler.finish({1: 300}, host_ns=99 * SECOND_NS)
    missing = tiles(events, 300)
    expected = sorted(set(range(30)) - set(kept))
    np.testing.assert_array_equal(missing, [i * 10 + j for i in expected for j in range(10)])
    assert reassembler.n_duplicates == len(kept) - len(set(kept))


def test_a_gap_waits_for_its_confirmation_and_is_filled_late():
    packets = frames(4)
    reassembler = Reassembler(garment(), confirm_s=1.0)
    reassembler.accept(packets[0], host_ns=0, epoch=1)
    assert [type(e) for e in reassembler.accept(packets[2], host_ns=1, epoch=2)] == [Sampled]
    (lost,) = reassembler.tick(2 * SECOND_NS)
    assert (lost.first_index, lost.n_samples, lost.cause) == (10, 10, LossCause.RADIO)
    assert (lost.epoch_before, lost.epoch_after) == (1, 2)
    (late,) = reassembler.accept(packets[1], host_ns=3 * SECOND_NS, epoch=2, backfilled=True)
    assert late.backfilled
    assert reassembler.finish({1: 30}, host_ns=4 * SECOND_NS) == []


def test_an_overrun_in_the_sensor_is_told_from_the_radio():
    encoder = FrameEncoder(garment().streams[0], session=1)
    encoder.skip(5)
    encoder.push([5], device_us=0)
    reassembler = Reassembler(garment(), confirm_s=0)
    data = encoder.flush()
    assert Frame.from_bytes(data).flags & FLAG_OVERRUN_BEFORE
    events = reassembler.accept(data, host_ns=5, epoch=1)
    assert events[-1].cause is LossCause.SENSOR_OVERRUN


def test_a_reboot_closes_the_old_boot_and_starts_anew():
    old, new = frames(3), frames(2, session=2)
    reassembler = Reassembler(garment())
    reassembler.accept(old[0], host_ns=0, epoch=1)
    reassembler.accept(old[2], host_ns=1, epoch=1)
    lost, first = reassembler.accept(new[0], host_ns=2, epoch=1)
    assert (lost.boot, lost.first_index, lost.n_samples) == (1, 10, 10)
    assert (first.boot, first.first_index) == (2, 0)
    assert reassembler.boot == 2


def test_a_crowd_of_gaps_is_capped():
    packets = frames(40)
    reassembler = Reassembler(garment(), confirm_s=1e6, max_gaps=3)
    events = []
    for packet in packets[::2]:
        events += reassembler.accept(packet, host_ns=0, epoch=1)
    declared = [event for event in events if isinstance(event, Lost)]
    assert len(declared) == 19 - 3


def test_damage_and_unknown_streams_are_events():
    reassembler = Reassembler(garment())
    (event,) = reassembler.accept(b"\x10nonsense" * 4, host_ns=1, epoch=1)
    assert isinstance(event, Damaged)
    assert reassembler.n_damaged == 1


def test_markers_and_status_are_read_once():
    reassembler = Reassembler(garment())
    mark = device_frame(FrameKind.EVENT, {0: 4, 1: "Walking"}, session=1, counter=0, device_us=7)
    (marker,) = reassembler.accept(mark, host_ns=1, epoch=1)
    assert marker == Marker(
        host_ns=1, kind="activity", text="Walking", source="device", device_us=7
    )
    assert reassembler.accept(mark, host_ns=2, epoch=1) == []
    state = {0: 81, 1: [[1, 2, 3], [2, 4, 5]], 2: 900}
    data = device_frame(FrameKind.STATUS, state, session=1, counter=1, device_us=8)
    (status,) = reassembler.accept(data, host_ns=3, epoch=1)
    assert status == Status(
        host_ns=3, battery_pct=81.0, producer_lost=6, frames_dropped=8, log_used_b=900
    )
    odd = device_frame(FrameKind.EVENT, {0: 77}, session=1, counter=2, device_us=8)
    assert reassembler.accept(odd, host_ns=4, epoch=1)[0].kind == "event_77"


def test_the_index_unwraps():
    assert _unwrap(3, near=2**32 - 5) == 2**32 + 3
    assert _unwrap(2**32 - 2, near=2**32 + 10) == 2**32 - 2
    assert _unwrap(7, near=0) == 7


@settings(max_examples=60, deadline=None)
@given(packets=st.lists(st.binary(min_size=1, max_size=300), max_size=5), size=st.integers(1, 50))
def test_cobs_survives_any_cut(packets, size):
    data = b"".join(map(encode_cobs, packets))
    reader = CobsReader()
    got = [packet for i in range(0, len(data), size) for packet in reader(data[i : i + size])]
    assert got == packets


def test_cobs_resynchronises():
    reader = CobsReader(cap_bytes=20)
    assert reader(b"\x09ab\x00") == []
    assert reader(b"\x01" * 30 + b"\x00" + b"\x00") == []
    assert reader(encode_cobs(b"fine")) == [b"fine"]
    assert reader.n_damaged == 2


async def test_a_lossy_link_loses_its_share():
    link = LossyLink(LoopbackLink(), loss=0.5, rng=np.random.default_rng(1))
    for i in range(100):
        await link.send(bytes([i]))
    assert 30 < link.n_lost < 70
    first = await asyncio.wait_for(link.receive(), 1)
    assert first != b""


def test_a_body_that_is_no_map_is_damage():
    reassembler = Reassembler(garment())
    data = device_frame(FrameKind.EVENT, {0: 1}, session=1, counter=0, device_us=0)
    events = reassembler.accept(data[:-3] + b"\x00\x00\x00", host_ns=0, epoch=1)
    assert isinstance(events[0], Damaged)


@pytest.mark.parametrize("newest", [{}, {1: 0}])
def test_an_empty_recording_has_no_loss(newest):
    assert Reassembler(garment()).finish(newest, host_ns=0) == []


def test_a_late_frame_of_an_old_boot_leaves_the_new_one_alone():
    old, new = frames(4), frames(3, session=2)
    reassembler = Reassembler(garment())
    events = []
    for step, data in enumerate([old[0], old[2], new[0], old[1], old[3], new[1], new[0], new[2]]):
        events += reassembler.accept(data, host_ns=step, epoch=1)
    events += reassembler.finish({1: 30}, host_ns=99)
    assert reassembler.boot == 2
    assert reassembler.n_duplicates == 1
    assert tiles([e for e in events if e.boot == 1], 40).size == 0
    assert tiles([e for e in events if e.boot == 2], 30).size == 0


def test_a_recording_that_starts_late_does_not_miss_what_came_before():
    packets = frames(5)
    reassembler = Reassembler(garment(), confirm_s=0)
    reassembler.begin(1, 1, 25)
    (late,) = reassembler.accept(packets[2], host_ns=0, epoch=1)
    assert (late.first_index, len(late.counts)) == (25, 5)
    assert late.device_us == 250_000
    assert reassembler.accept(packets[1], host_ns=1, epoch=1) == []
    reassembler.begin(1, 1, 0)
    (tail,) = reassembler.finish({1: 50}, host_ns=2, epoch=7)
    assert (tail.first_index, tail.n_samples) == (30, 20)
    assert (tail.epoch_before, tail.epoch_after) == (1, 7)


def test_everything_is_lost_when_nothing_arrives():
    (lost,) = Reassembler(garment()).finish({1: 12}, host_ns=5, epoch=3)
    assert (lost.first_index, lost.n_samples, lost.epoch_after) == (0, 12, 3)


def forged(index, device_us=0, *, stream_id=1):
    """A frame of one zero whose checksum is right, whatever its index says."""
    return Frame(
        kind=FrameKind.DATA, stream_id=stream_id, session=1, first_index=index,
        device_us=device_us, n_samples=1, flags=0, body=b"\0\0",
    ).to_bytes()  # fmt: skip


@pytest.mark.parametrize("index", [2**31, 2**32 - 1, 10_000])
def test_an_impossible_index_opens_no_gap(index):
    packets = frames(3)
    reassembler = Reassembler(garment(), confirm_s=0)
    events = reassembler.accept(packets[0], host_ns=0, epoch=1)
    (damaged,) = reassembler.accept(forged(index, 100_000), host_ns=0, epoch=1)
    assert isinstance(damaged, Damaged)
    assert "not possible" in damaged.reason
    for data in packets[1:]:
        events += reassembler.accept(data, host_ns=1, epoch=1)
    events += reassembler.finish({1: 30}, host_ns=2)
    assert tiles(events, 30).size == 0


def test_a_stamp_that_was_damaged_does_not_lock_the_stream_out():
    reassembler = Reassembler(garment(), confirm_s=1e6)
    reassembler.accept(forged(0, 1 << 40), host_ns=0, epoch=1)
    kinds = [
        type(reassembler.accept(forged(i, i * 10_000), host_ns=0, epoch=1)[0])
        for i in range(20_000, 20_004)
    ]
    assert kinds == [Damaged, Damaged, Sampled, Sampled]


def test_a_garment_that_ran_for_a_year_may_join():
    reassembler = Reassembler(garment(), confirm_s=0)
    year = 3_153_600_000
    events = reassembler.accept(forged(year, year * 10_000), host_ns=0, epoch=1)
    assert [event.first_index for event in events] == [year, 0]


def test_an_overrun_is_told_even_when_its_frame_comes_last():
    encoder = FrameEncoder(garment().streams[0], session=1, cap=5)
    first = [encoder.push([i], device_us=0) for i in range(5)] + [encoder.skip(10)]
    overrun = [encoder.push([i], device_us=0) for i in range(15, 25)] + [encoder.flush()]
    first, second, third = [data for data in first + overrun if data]
    for confirm_s in (0, 100):
        reassembler = Reassembler(garment(), confirm_s=confirm_s)
        events = []
        for step, data in enumerate([first, third, second]):
            events += reassembler.accept(data, host_ns=step, epoch=1)
        events += reassembler.finish({1: 25}, host_ns=9)
        np.testing.assert_array_equal(tiles(events, 25), np.arange(5, 15))
    assert events[-1].cause is LossCause.SENSOR_OVERRUN


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (3, {0: "x"}), (3, {0: True}), (3, {1: 5}), (3, {1: [[1]]}), (3, {1: [5]}), (3, {2: []}),
        (3, {1: [[1, -2, 0]]}), (1, {0: [1]}), (1, {0: "a"}), (1, {1: 5}),
    ],
)  # fmt: skip
def test_odd_device_frames_are_damage(kind, content):
    reassembler = Reassembler(garment())
    data = device_frame(FrameKind(kind), content, session=1, counter=0, device_us=0)
    (event,) = reassembler.accept(data, host_ns=0, epoch=1)
    assert isinstance(event, Damaged)
    assert reassembler.n_damaged == 1


def test_an_infinite_charge_is_not_a_number():
    data = device_frame(FrameKind.STATUS, {0: float("inf")}, session=1, counter=0, device_us=0)
    (status,) = Reassembler(garment()).accept(data, host_ns=0, epoch=1)
    assert np.isnan(status.battery_pct)


def test_a_body_that_is_no_cbor_is_damage():
    data = Frame(
        kind=FrameKind.EVENT, stream_id=0, session=1, first_index=0, device_us=0, n_samples=0,
        flags=0, body=b"\xff",
    ).to_bytes()  # fmt: skip
    (event,) = Reassembler(garment()).accept(data, host_ns=0, epoch=1)
    assert "not CBOR" in event.reason


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(list(FrameKind)),
    stream_id=st.integers(0, 3),
    session=st.integers(1, 2),
    index=st.sampled_from([0, 5, 40, 6_000, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1),
    device_us=st.sampled_from([0, 500_000]) | st.integers(0, 2**48 - 1),
    n_samples=st.just(1) | st.integers(0, 255),
    body=st.just(b"\0\0") | st.binary(min_size=1, max_size=60),
    at=st.integers(0, 10),
)
def test_a_forged_frame_never_breaks_the_tiling(
    kind, stream_id, session, index, device_us, n_samples, body, at
):
    """Whatever passes the checksum: no crash, and every index is told once."""
    bad = Frame(
        kind=kind, stream_id=stream_id, session=session, first_index=index, device_us=device_us,
        n_samples=n_samples, flags=0, body=body,
    ).to_bytes()  # fmt: skip
    reassembler = Reassembler(garment(), confirm_s=0)
    events = []
    packets = frames(10)
    for step, data in enumerate([*packets[:at], bad, *packets[at:]]):
        events += reassembler.accept(data, host_ns=step, epoch=1)
    events += reassembler.finish({1: 100}, host_ns=99)
    seen = np.zeros(100, dtype=int)
    for event in events:
        if isinstance(event, Sampled) and event.boot == 1:
            low = event.first_index
            seen[low : low + len(event.counts)] += 1
    assert (seen == 1).all()
