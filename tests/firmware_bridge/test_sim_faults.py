"""Power cuts, slow flash and outages of a virtual garment: what it says is what happened."""

import numpy as np
import pytest

from firmware_bridge.control import Command, check_response, decode_message, request
from firmware_bridge.errors import ControlError, SchemaError
from firmware_bridge.events import Sampled
from firmware_bridge.packet import Frame, FrameKind
from firmware_bridge.reassembly import Reassembler
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, Garment, Replay, TruthMarker
from firmware_bridge.sim.serve import flash_of

RATE_HZ, N = 200.0, 2000
COUNTS = np.random.default_rng(8).integers(-4000, 4000, (N, 3))
CHANNELS = tuple(
    ChannelSchema(name=name, unit="1", bits=16, signed=True, scale=1, offset=0, kind="acc")
    for name in "xyz"
)
STREAM = StreamSchema(
    id=4, name="imu", rate_hz=RATE_HZ, rates_hz=(RATE_HZ,), max_latency_ms=200, store=True,
    channels=CHANNELS,
)  # fmt: skip
SCHEMA = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(STREAM,))


def garment(**knobs):
    faults = Faults(**knobs)
    replay = Replay(
        schema=SCHEMA, counts={4: COUNTS}, markers=(TruthMarker(6.0, "activity", "sit"),)
    )
    return Garment(replay, rng=np.random.default_rng(2), faults=faults, flash=flash_of(faults))


def ask(own, command, body=None, *, at_us):
    reply = own.respond(request(command, body or {}, sequence=1), device_us=at_us)
    return check_response(decode_message(reply.make(at_us)))


def sampled(frames):
    whole = Reassembler(SCHEMA)
    events = [e for frame in frames for e in whole.accept(frame, host_ns=0, epoch=1)]
    return [e for e in events if isinstance(e, Sampled)]


def test_a_power_cut_starts_a_new_boot_while_the_wearer_moves_on():
    own = garment(log_kib=64)
    ask(own, Command.START, at_us=0)
    before = own.advance(3_000_000)
    own.cut_power(3_000_000, off_s=1.5, wake_us=70_000)
    assert own.session == 2
    assert not own.is_streaming
    ask(own, Command.START, at_us=570_000)
    after = own.advance(20_000_000)
    assert {Frame.from_bytes(f).session for f in after} == {2}
    old, new = sampled(before), sampled(after)
    for event in old:
        stop = event.first_index + len(event.counts)
        np.testing.assert_array_equal(event.counts, COUNTS[event.first_index : stop])
    # 3 s played, 1.5 s without power, 0.5 s until the host started it again.
    counts = np.concatenate([event.counts for event in new])
    np.testing.assert_array_equal(counts, COUNTS[1000:])
    assert new[0].first_index == 0
    (earlier,) = own.summary()["earlier_boots"]
    row = earlier["streams"]["4"]
    assert row["produced"] == 601
    assert row["samples_torn"] == row["produced"] - sum(len(e.counts) for e in old)


def test_after_a_power_cut_the_log_tells_of_the_earlier_boot_and_replays_it():
    own = garment(log_kib=64, loss=1.0)
    ask(own, Command.START, at_us=0)
    own.advance(3_000_000)
    own.cut_power(3_000_000, off_s=0.1, wake_us=0)
    (row,) = ask(own, Command.LOG_STATUS, at_us=1)["4"]["earlier"]
    session, oldest, newest = row
    assert (session, oldest) == (1, 0)
    ask(own, Command.BACKFILL, {"stream": 4, "session": 1, "a": 0, "b": newest}, at_us=2)
    frames = []
    while own.has_replies:
        frames += own.replayed()
    counts = np.concatenate([e.counts for e in sampled(frames)])
    np.testing.assert_array_equal(counts, COUNTS[:newest])
    with pytest.raises(ControlError, match="no such session"):
        ask(own, Command.BACKFILL, {"stream": 4, "session": 9, "a": 0, "b": 5}, at_us=3)


@pytest.mark.parametrize("seed", range(12))
def test_a_record_that_is_torn_never_comes_back(seed):
    faults = Faults(log_kib=8)
    own = Garment(
        Replay(schema=SCHEMA, counts={4: COUNTS}), rng=np.random.default_rng(seed), faults=faults,
        flash=flash_of(faults),
    )  # fmt: skip
    ask(own, Command.START, at_us=0)
    sent = own.advance(2_000_000 + 7_000 * seed)
    own.cut_power(2_000_000 + 7_000 * seed, off_s=0, wake_us=0)
    logged = own.log_status()["4"]["earlier"]
    assert logged[0][2] == sum(len(e.counts) for e in sampled(sent))
    # What is logged after the tear is found as well.
    ask(own, Command.START, at_us=10)
    own.advance(1_000_000)
    assert own.log_status()["4"]["oldest"] == 0


def test_an_acknowledgement_must_name_what_is_there():
    own = garment(log_kib=64)
    ask(own, Command.START, at_us=0)
    own.advance(3_000_000)
    assert ask(own, Command.ACK, {"stream": 4, "session": 1, "upto": 200}, at_us=1) == {}
    for body, words in (
        ({}, "range"),
        ({"stream": 4, "session": 1, "upto": -1}, "range"),
        ({"stream": 4, "session": 7, "upto": 1}, "no such session"),
    ):
        with pytest.raises(ControlError, match=words):
            ask(own, Command.ACK, body, at_us=1)


def test_a_slow_flash_leaves_frames_out_of_the_log_and_says_how_many():
    quick, slow = garment(log_kib=64), garment(log_kib=64, flash_ms=400.0)
    for own in (quick, slow):
        ask(own, Command.START, at_us=0)
        frames = own.advance(60_000_000)
        assert sum(len(e.counts) for e in sampled(frames)) == N
    assert quick.summary()["streams"]["4"]["frames_unlogged"] == 0
    row = slow.summary()["streams"]["4"]
    assert 0 < row["frames_unlogged"] < row["frames"]
    answer = ask(slow, Command.BACKFILL, {"stream": 4, "session": 1, "a": 0, "b": N}, at_us=1)
    assert answer["frames"] == row["frames"] - row["frames_unlogged"]


def test_slow_flash_does_not_depend_on_how_often_time_is_told():
    totals = set()
    for step_us in (10_000, 333_000, 60_000_000):
        own = garment(log_kib=64, flash_ms=330.0)
        ask(own, Command.START, at_us=0)
        for at_us in range(0, 60_000_001, step_us):
            own.advance(at_us)
        own.advance(60_000_000)
        totals.add(own.summary()["streams"]["4"]["frames_unlogged"])
    assert len(totals) == 1


def test_events_go_on_in_the_next_boot():
    own = garment()
    ask(own, Command.START, at_us=0)
    own.advance(1_000_000)
    own.cut_power(1_000_000, off_s=1.0, wake_us=0)
    ask(own, Command.START, at_us=0)
    frames = own.advance(9_000_000)
    events = [f for f in map(Frame.from_bytes, frames) if f.kind is FrameKind.EVENT]
    # Six seconds after the very first sample, four after the second start.
    assert events[0].device_us == 4_000_000


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"outages_s": ((3.0, 1.0),)}, "3 to 1 s"),
        ({"brown_outs": ((-1.0, 2.0),)}, "wanted 0 or more"),
        ({"flash_ms": -1.0}, "flash_ms is -1"),
        ({"jams": ((2.0, 1.0, 5.0),)}, "jam from 2 to 1 s"),
        ({"jams": ((1.0, 2.0, 0.0),)}, "a rate above 0"),
    ],
)
def test_impossible_knobs_are_refused(knobs, words):
    with pytest.raises(SchemaError, match=words):
        Faults(**knobs)
