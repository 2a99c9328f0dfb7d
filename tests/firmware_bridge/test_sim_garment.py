"""The virtual garment's firmware: exact, repeatable, and honest about what it dropped."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.codec import decode_frame
from firmware_bridge.control import Command, Op, Rc, SmpMessage, decode_message, request
from firmware_bridge.errors import SchemaError
from firmware_bridge.packet import FLAG_END_OF_BLOCK, EventKind, Frame, FrameKind, device_content
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, Garment, Replay, TruthMarker, read_replay, write_replay
from firmware_bridge.sim.serve import faults_from_json, parse


def channel(name: str, bits: int) -> ChannelSchema:
    return ChannelSchema(
        name=name, unit="1", bits=bits, signed=True, scale=1.0, offset=0.0, kind="acc"
    )


def stream(number: int, rate_hz: float, n_channels: int, latency_ms: int) -> StreamSchema:
    return StreamSchema(
        id=number, name=f"s{number}", rate_hz=rate_hz, rates_hz=(rate_hz,),
        max_latency_ms=latency_ms, store=True,
        channels=tuple(channel(f"c{i}", 16) for i in range(n_channels)),
    )  # fmt: skip


SCHEMA = GarmentSchema(
    vendor="org.example", name="shirt", hw="r1", schema=1,
    streams=(stream(1, 200.0, 3, 100), stream(2, 64.0, 1, 300)),
)  # fmt: skip
_rng = np.random.default_rng(5)
REPLAY = Replay(
    schema=SCHEMA,
    counts={
        1: _rng.integers(-500, 500, (400, 3)),
        2: _rng.integers(-500, 500, (128, 1)),
    },
    markers=(TruthMarker(0.0, "activity", "walk"), TruthMarker(1.0, "activity", "sit")),
)


def garment(**knobs: object) -> Garment:
    return Garment(REPLAY, rng=np.random.default_rng(7), faults=Faults(**knobs))  # type: ignore[arg-type]


def ask(unit: Garment, command: Command, body: dict | None = None, *, at_us: int = 0) -> dict:
    reply = unit.respond(request(command, body or {}, sequence=3), device_us=at_us)
    message = decode_message(reply.make(at_us + reply.wait_us))
    assert message.sequence == 3
    return message.body


def decoded(frames: list[bytes]) -> dict[int, list[tuple[int, np.ndarray]]]:
    found: dict[int, list[tuple[int, np.ndarray]]] = {1: [], 2: []}
    for data in frames:
        frame = Frame.from_bytes(data)
        if frame.kind is FrameKind.DATA:
            counts = decode_frame(frame, SCHEMA.stream(frame.stream_id))
            found[frame.stream_id].append((frame.first_index, counts))
    return found


def play(unit: Garment, times_us: list[int]) -> list[bytes]:
    ask(unit, Command.START)
    return [frame for at_us in times_us for frame in unit.advance(at_us)]


def test_every_sample_arrives_bit_exact_without_loss():
    unit = garment()
    frames = play(unit, list(range(0, 2_100_000, 10_000)))
    for number, pieces in decoded(frames).items():
        assert [first for first, _ in pieces] == list(
            np.cumsum([0, *(len(c) for _, c in pieces[:-1])])
        )
        np.testing.assert_array_equal(np.concatenate([c for _, c in pieces]), REPLAY.counts[number])
    assert unit.is_finished
    assert not unit.is_streaming


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 2_200_000), max_size=12), st.floats(0, 1))
def test_ticks_change_neither_bytes_nor_losses(times_us: list[int], loss: float):
    """However often the garment is asked, it sends the same data frames."""
    once, often = garment(loss=loss), garment(loss=loss)
    one = decoded(play(once, [2_200_000]))
    other = decoded(play(often, [*sorted(times_us), 2_200_000]))
    for number in (1, 2):
        assert len(one[number]) == len(other[number])
        for (first_a, a), (first_b, b) in zip(one[number], other[number], strict=True):
            assert first_a == first_b
            np.testing.assert_array_equal(a, b)
    assert once.summary()["streams"] == often.summary()["streams"]


def test_counters_say_exactly_what_was_dropped():
    unit = garment(loss=0.4)
    pieces = decoded(play(unit, [2_200_000]))
    for key, row in unit.summary()["streams"].items():
        received = sum(len(counts) for _, counts in pieces[int(key)])
        assert row["produced"] == REPLAY.counts[int(key)].shape[0]
        assert row["samples_dropped"] == row["produced"] - received
        assert row["frames_dropped"] > 0


def test_frames_leave_within_their_latency():
    frames = play(garment(), list(range(0, 2_100_000, 10_000)))
    longest = {number: max(len(c) for _, c in pieces) for number, pieces in decoded(frames).items()}
    assert longest[1] <= 20
    assert longest[2] <= 20


def test_stop_flushes_and_tells_how_far_it_got():
    unit = garment()
    frames = play(unit, [503_000])
    ask(unit, Command.STOP, at_us=503_000)
    last = unit.advance(503_000)
    ends = [f for f in map(Frame.from_bytes, last) if f.flags & FLAG_END_OF_BLOCK]
    assert {frame.stream_id for frame in ends} == {1, 2}
    status = ask(unit, Command.LOG_STATUS)
    for number, pieces in decoded(frames + last).items():
        n = sum(len(counts) for _, counts in pieces)
        # Without a log nothing can be asked for, so the oldest is the newest.
        assert status[str(number)] == {
            "session": 1, "oldest": n, "newest": n, "earlier": [],
        }  # fmt: skip
    assert unit.advance(900_000) == []


def test_a_pause_leaves_no_hole_in_the_indices():
    unit = garment()
    frames = play(unit, [500_000])
    ask(unit, Command.STOP, at_us=500_000)
    ask(unit, Command.START, at_us=1_700_000)
    frames += unit.advance(4_000_000)
    pieces = decoded(frames)[1]
    np.testing.assert_array_equal(np.concatenate([c for _, c in pieces]), REPLAY.counts[1])


def test_truth_and_end_are_told_and_the_end_again_to_a_host_that_came_back():
    unit = garment()
    frames = play(unit, [2_200_000])
    events = [f for f in map(Frame.from_bytes, frames) if f.kind is FrameKind.EVENT]
    told = [(device_content(f)[0], device_content(f)[1], f.device_us) for f in events]
    assert told[:2] == [(EventKind.ACTIVITY, "walk", 0), (EventKind.ACTIVITY, "sit", 1_000_000)]
    assert told[2][0] == EventKind.END
    assert unit.advance(2_300_000) == []
    ask(unit, Command.START, at_us=2_400_000)
    again = [Frame.from_bytes(data) for data in unit.advance(2_400_000)]
    assert EventKind.END in [device_content(f)[0] for f in again if f.kind is FrameKind.EVENT]


def test_status_comes_every_five_seconds_with_cumulative_counters():
    long = Replay(schema=SCHEMA, counts={1: np.zeros((2400, 3), int), 2: np.zeros((768, 1), int)})
    unit = Garment(long, rng=np.random.default_rng(0))
    ask(unit, Command.START)
    unit.note_unsent(Frame.from_bytes(unit.advance(500_000)[0]).to_bytes())
    frames = [data for at_us in range(600_000, 11_000_000, 100_000) for data in unit.advance(at_us)]
    status = [f for f in map(Frame.from_bytes, frames) if f.kind is FrameKind.STATUS]
    assert len(status) == 2
    assert device_content(status[0])[1] == [[1, 0, 1], [2, 0, 0]]


def test_clock_exchange_waits_within_the_dither_and_stamps_late():
    unit = garment()
    waits = set()
    for _ in range(20):
        reply = unit.respond(
            request(Command.TIME, {"t1": 1, "dither_us": 900}, sequence=1), device_us=50
        )
        assert reply.is_clock
        assert 0 <= reply.wait_us <= 900
        assert decode_message(reply.make(4_000)).body == {"t2": 50, "t3": 4_000}
        waits.add(reply.wait_us)
    assert len(waits) > 5


def test_descriptor_is_read_in_pieces():
    unit, data = garment(), b""
    while True:
        body = ask(unit, Command.DESCRIPTOR, {"off": len(data)})
        data += body["data"]
        if len(data) == body["len"]:
            break
    assert GarmentSchema.from_cbor(data) == SCHEMA
    assert ask(unit, Command.DESCRIPTOR, {"off": len(data)})["err"]["rc"] == Rc.RANGE


@pytest.mark.parametrize(("group", "command"), [(0, 5), (71, 77), (71, 12)])
def test_unknown_commands_are_refused(group: int, command: int):
    message = SmpMessage(op=Op.WRITE, group=group, sequence=9, command=command)
    reply = garment().respond(message, device_us=0)
    assert decode_message(reply.make(0)).body["err"] == {"group": group, "rc": Rc.UNKNOWN}


def test_start_over_the_link_budget_is_refused():
    assert ask(garment(budget_b_s=100.0), Command.START)["err"]["rc"] == Rc.OVER_BUDGET


def test_a_marker_of_the_host_comes_back_as_an_event():
    unit = garment()
    ask(unit, Command.MARKER, {"text": "here"}, at_us=8)
    (frame,) = map(Frame.from_bytes, unit.advance(9))
    assert device_content(frame) == {0: EventKind.MARKER, 1: "here"}


def test_info_names_session_and_descriptor():
    unit = garment()
    assert unit.info() == bytes([1, 0, 1, 0]) + SCHEMA.sha256()[:8]
    ask(unit, Command.START)
    assert unit.info()[1] == 0x04


def test_replay_files_round_trip(tmp_path):
    path = tmp_path / "r.npz"
    write_replay(path, SCHEMA, REPLAY.counts, REPLAY.markers)
    replay = read_replay(path)
    assert replay.schema == SCHEMA
    assert replay.markers == REPLAY.markers
    assert replay.duration_s == 2.0
    for number, counts in REPLAY.counts.items():
        np.testing.assert_array_equal(replay.counts[number], counts)


def test_bad_replays_are_named(tmp_path):
    path = tmp_path / "r.npz"
    path.write_bytes(b"nonsense")
    with pytest.raises(SchemaError, match="is not a replay"):
        read_replay(path)
    with pytest.raises(FileNotFoundError):
        read_replay(tmp_path / "none.npz")
    with pytest.raises(SchemaError, match="no samples for stream 's2'"):
        Replay(schema=SCHEMA, counts={1: REPLAY.counts[1]})
    with pytest.raises(SchemaError, match="shape"):
        Replay(schema=SCHEMA, counts={1: REPLAY.counts[2], 2: REPLAY.counts[2]})
    with pytest.raises(SchemaError, match="reach from"):
        Replay(schema=SCHEMA, counts={1: REPLAY.counts[1] * 1000, 2: REPLAY.counts[2]})


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**13), st.integers(10**6, 10**9), st.floats(-100, 100))
def test_the_device_clock_only_moves_forward(elapsed_ns: int, step_ns: int, drift_ppm: float):
    faults = Faults(drift_ppm=drift_ppm, wander_ppm=4.0)
    step_us = faults.device_us(elapsed_ns + step_ns) - faults.device_us(elapsed_ns)
    assert step_us == pytest.approx(step_ns / 1000, rel=2e-4, abs=3)


def test_knobs_pass_through_json_and_bad_loss_is_refused():
    knobs = {"loss": 0.1, "cuts_s": [1.0], "silences_s": [[1.0, 2.0]]}
    assert faults_from_json(json.dumps(knobs)) == Faults(
        loss=0.1, cuts_s=(1.0,), silences_s=((1.0, 2.0),)
    )
    assert parse(["--replay", "x.npz", "--port", "9"]).port == 9
    with pytest.raises(SchemaError, match="probability"):
        Faults(loss=1.5)
