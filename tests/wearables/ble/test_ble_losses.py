"""Why samples are missing: a queue that was full, a link that was down, a garment that rebooted."""

import asyncio
import dataclasses

import numpy as np
import pytest
from virtual_air import QUICK, check_complete, on_air, replay

from firmware_bridge.backfill import BackfillPlanner
from firmware_bridge.control import Command, SmpMessage
from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Garment
from firmware_bridge.sim.garment import Reply
from wearables.ble import GarmentSource
from wearables.ble.backends import backend_for
from wearables.ble.losses import DroppedRange, Rebooted, with_causes
from wearables.ble.packets import Packet, PacketQueue
from wearables.errors import LinkError
from wearables.events import Event, LossCause, Lost, Sampled
from wearables.sessions import Session, SessionWriter, SubjectInfo, recover, verify_here
from wearables.sessions.stored_events import StoredEvents

STREAM = StreamSchema(
    id=3, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=60, store=True,
    channels=(
        ChannelSchema(name="c", unit="1", bits=16, signed=True, scale=1.0, offset=0.0, kind="acc"),
    ),
)  # fmt: skip


def lost(first: int, n: int, *, epochs: tuple[int, int] = (1, 1)) -> Lost:
    return Lost(
        stream_id=3, boot=2, first_index=first, n_samples=n, cause=LossCause.RADIO, host_ns=9,
        epoch_before=epochs[0], epoch_after=epochs[1],
    )  # fmt: skip


def spans(parts: list[Lost]) -> list[tuple[int, int, LossCause]]:
    return [(part.first_index, part.n_samples, part.cause) for part in parts]


def dropped(start: int, stop: int, *, boot: int = 2) -> DroppedRange:
    return DroppedRange(stream_id=3, boot=boot, start=start, stop=stop)


def test_a_loss_is_parted_into_what_the_host_dropped_and_what_the_radio_did():
    found = with_causes(
        lost(100, 50), [dropped(130, 140), dropped(90, 110), dropped(0, 500, boot=1)]
    )
    assert spans(found) == [
        (100, 10, LossCause.HOST_QUEUE),
        (110, 20, LossCause.RADIO),
        (130, 10, LossCause.HOST_QUEUE),
        (140, 10, LossCause.RADIO),
    ]


def test_without_a_drop_a_loss_between_two_links_is_a_missing_link():
    assert spans(with_causes(lost(5, 6, epochs=(1, 2)), [])) == [(5, 6, LossCause.NO_LINK)]
    assert spans(with_causes(lost(5, 6), [dropped(11, 20)])) == [(5, 6, LossCause.RADIO)]


def test_indices_on_the_wire_wrap_and_those_of_a_loss_do_not():
    first = 2**32 - 4
    found = with_causes(lost(first, 8), [dropped(2**32 - 2, 2**32 + 3)])
    assert spans(found) == [
        (first, 2, LossCause.RADIO),
        (first + 2, 5, LossCause.HOST_QUEUE),
        (first + 7, 1, LossCause.RADIO),
    ]
    assert spans(with_causes(lost(2**32 + 1, 2), [dropped(0, 2)]))[0][2] is LossCause.HOST_QUEUE


async def test_a_full_queue_notes_which_samples_it_dropped():
    encoder, frames = FrameEncoder(STREAM, session=2, size=244), []
    for i in range(900):
        frame = encoder.push([i % 700], device_us=i * 10_000)
        if frame is not None:
            frames.append(frame)
    queue = PacketQueue(1)
    for frame in frames[:3]:
        queue.put_packet(Packet(epoch=1, host_ns=1, data=frame))
    queue.put_packet(Packet(epoch=1, host_ns=1, data=b"\x11"))
    assert queue.n_overflow == 3
    n_first = frames[0][14]
    assert list(queue.dropped) == [dropped(n_first, n_first + frames[1][14] + frames[2][14])]


def session_of(path, events):
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(STREAM,))
    with SessionWriter(path, schema, subject=SubjectInfo(id="P"), start_host_ns=0) as writer:
        for event in events:
            writer.write(event)
    return path


def sampled(boot: int, host_ns: int) -> Sampled:
    return Sampled(
        stream_id=3, boot=boot, first_index=0, device_us=0, counts=np.ones((20, 1), dtype=np.int64),
        flags=0, host_ns=host_ns, epoch=boot,
    )  # fmt: skip


def test_a_reboot_is_a_gap_of_unknown_size_with_a_duration(tmp_path):
    reboot = Rebooted(boot=1, epoch=2, heard_ns=200_000_000, host_ns=1_700_000_000)
    row = reboot.loss(3, index=20, epoch_before=1)
    path = session_of(tmp_path / "s.h5", [sampled(1, 200_000_000), row, sampled(2, 1_800_000_000)])
    with Session.open(path) as session:
        (gap,) = session.streams["s"].gaps
        shift_s = session.anchor_host_ns * 1e-9
        assert (gap.first_index, gap.n_samples, gap.n_filled) == (20, 0, 0)
        assert gap.cause is LossCause.REBOOT
        assert gap.is_open
        assert (gap.start_s, gap.stop_s) == pytest.approx((0.2 - shift_s, 1.7 - shift_s))
        assert session.streams["s"].n_lost == 0
    report = verify_here(path)
    assert not report.is_damaged
    assert any("unknown number of samples" in text and "reboot" in text for text in report.findings)


@pytest.mark.parametrize("order", ["arrival", "index"])
def test_a_reboot_row_survives_replay_and_repair(tmp_path, order):
    row = Rebooted(boot=1, epoch=2, heard_ns=5, host_ns=90).loss(3, index=20, epoch_before=1)
    path = session_of(tmp_path / "s.h5", [sampled(1, 5), row, sampled(2, 95)])
    with StoredEvents(path, order=order) as events:
        assert [event for event in events if isinstance(event, Lost)] == [row]
    with StoredEvents(recover(path).path) as events:
        assert [event for event in events if isinstance(event, Lost)] == [row]


def test_the_log_may_forget_what_is_before_the_first_sample_still_hoped_for():
    planner = BackfillPlanner()
    assert planner.first_missing(3, 2) is None
    planner.want(3, 2, 50, 60)
    planner.want(3, 2, 20, 30)
    assert planner.first_missing(3, 2) == 20
    planner.arrived(3, 2, 20, 30, host_ns=1)
    assert planner.first_missing(3, 2) == 50


def test_bluez_can_be_asked_for_notifications_in_either_way():
    assert backend_for("os:hci1").for_notify == {}
    start = backend_for("os:hci1?notify=start")
    assert start.arguments == {"bluez": {"adapter": "hci1"}}
    assert start.for_notify == {"bluez": {"use_start_notify": True}}
    assert backend_for("os:?notify=acquire").for_notify == {"bluez": {"use_start_notify": False}}
    with pytest.raises(LinkError, match="wanted notify=start or notify=acquire"):
        backend_for("os:?notify=maybe")


async def test_a_reboot_without_a_log_leaves_a_row_of_unknown_size_for_each_stream():
    content = replay(1.5)
    async with (
        on_air(content, brown_outs=((0.5, 0.2),)),
        GarmentSource("sim:", settings=QUICK) as source,
    ):
        events = [event async for event in source]
    rows = [e for e in events if isinstance(e, Lost) and e.cause is LossCause.REBOOT]
    assert [(row.stream_id, row.boot, row.n_samples) for row in rows] == [(1, 1, 0), (2, 1, 0)]
    for row in rows:
        before = [e for e in events if isinstance(e, Sampled | Lost) and e.boot == 1]
        last = max(
            e.first_index + (len(e.counts) if isinstance(e, Sampled) else e.n_samples)
            for e in before
            if e.stream_id == row.stream_id
        )
        assert row.first_index == last
        assert row.duration_ns > 0.15e9
        assert (row.epoch_before, row.epoch_after) == (1, 2)


async def test_what_the_host_dropped_itself_has_its_own_cause():
    content = replay(1.5)
    narrow = dataclasses.replace(QUICK, queue_size=2)
    async with on_air(content), GarmentSource("sim:", settings=narrow) as source:
        events: list[Event] = []
        async for event in source:
            if isinstance(event, Sampled) and event.stream_id == 1 and event.first_index < 40:
                await asyncio.sleep(0.2)
            events.append(event)
    assert source.n_overflow > 0
    assert check_complete(events, content, {1: 300, 2: 96})[1] > 0
    assert {e.cause for e in events if isinstance(e, Lost)} == {LossCause.HOST_QUEUE}


async def test_at_the_end_the_log_is_told_what_it_need_not_keep(monkeypatch):
    told: list[dict[str, object]] = []
    plain = Garment.respond

    def respond(self: Garment, message: SmpMessage, *, device_us: int) -> Reply:
        if message.command == Command.ACK:
            told.append(dict(message.body))
        return plain(self, message, device_us=device_us)

    monkeypatch.setattr(Garment, "respond", respond)
    async with (
        on_air(replay(0.8), loss=0.2, log_kib=256),
        GarmentSource("sim:", settings=QUICK) as source,
    ):
        assert [event async for event in source]
    assert told == [
        {"stream": 1, "session": 1, "upto": 160}, {"stream": 2, "session": 1, "upto": 51},
    ]  # fmt: skip
