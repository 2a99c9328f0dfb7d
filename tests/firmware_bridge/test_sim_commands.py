"""A virtual garment obeys every command, and its sensors fail as asked."""

import numpy as np
import pytest

from firmware_bridge.control import Command, Op, SmpMessage, decode_message
from firmware_bridge.events import LossCause, Lost, Sampled
from firmware_bridge.reassembly import Reassembler
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, Garment, Replay

RATE_HZ = 100.0


def replay(n=400):
    channels = tuple(
        ChannelSchema(name=name, unit="1", bits=12, signed=False, scale=1, offset=0, kind="strain")
        for name in ("a", "b")
    )
    stream = StreamSchema(
        id=3, name="strain", rate_hz=RATE_HZ, rates_hz=(50.0, RATE_HZ), max_latency_ms=200,
        store=True, channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    counts = np.stack([np.arange(n), 4000 - np.arange(n)], axis=1)
    return Replay(schema=schema, counts={3: counts})


def garment(**knobs):
    return Garment(replay(), rng=np.random.default_rng(1), faults=Faults(**knobs))


def ask(own, command, body=None, *, device_us=0):
    op = Op.READ if command in (Command.TIME, Command.LOG_STATUS) else Op.WRITE
    message = SmpMessage(op=op, group=71, sequence=1, command=int(command), body=body or {})
    return decode_message(own.respond(message, device_us=device_us).make(device_us)).body


def rc(body):
    return body.get("err", {}).get("rc", 0)


def played(own, until_us=10_000_000):
    reassembler = Reassembler(own.schema)
    frames = [f for us in range(0, until_us, 50_000) for f in own.advance(us)]
    events = [e for f in frames for e in reassembler.accept(f, host_ns=0, epoch=1)]
    return [*events, *reassembler.finish({3: 400}, host_ns=1)]


def test_a_rate_is_set_before_the_start_only():
    own = garment()
    assert rc(ask(own, Command.SET, {"stream": 3, "rate": 20.0})) == 2
    assert rc(ask(own, Command.SET, {"stream": 9, "rate": 50.0})) == 2
    assert ask(own, Command.SET, {"stream": 3, "rate": 50.0}) == {"generation": 1}
    assert ask(own, Command.SET, {"stream": 3, "rate": 50.0}) == {"generation": 1}
    ask(own, Command.START)
    assert rc(ask(own, Command.SET, {"stream": 3, "rate": 100.0})) == 5
    counts = np.concatenate([e.counts for e in played(own) if isinstance(e, Sampled)])
    np.testing.assert_array_equal(counts[:, 0], np.arange(0, 400, 2))


def test_a_rate_above_the_link_budget_is_refused():
    own = garment(budget_b_s=250.0)
    assert ask(own, Command.SET, {"stream": 3, "rate": 50.0}) == {"generation": 1}
    assert rc(ask(own, Command.SET, {"stream": 3, "rate": 100.0})) == 4
    assert rc(ask(own, Command.START)) == 0
    assert rc(ask(garment(budget_b_s=250.0), Command.START)) == 4


@pytest.mark.parametrize("body", [{}, {"ms": 0}, {"ms": 99_999}, {"ms": "long"}])
def test_identify_has_a_range(body):
    own = garment()
    assert rc(ask(own, Command.IDENTIFY, body)) == 2
    assert rc(ask(own, Command.IDENTIFY, {"ms": 500})) == 0
    assert own.n_identified == 1


def test_calibration_is_a_marker_while_streaming():
    own = garment()
    assert rc(ask(own, Command.CALIBRATE, {"kind": "still"})) == 5
    ask(own, Command.START)
    assert rc(ask(own, Command.CALIBRATE, {"kind": "dance"})) == 2
    assert rc(ask(own, Command.CALIBRATE, {"kind": "still"}, device_us=1000)) == 0
    texts = [getattr(event, "text", "") for event in played(own)]
    assert "calibrate still" in texts


def test_what_the_sensor_loses_is_told_apart():
    own = garment(overruns=(("strain", 1.0, 30), ("other", 1.0, 5)))
    ask(own, Command.START)
    events = played(own)
    lost = [e for e in events if isinstance(e, Lost)]
    assert [(e.first_index, e.n_samples, e.cause) for e in lost] == [
        (100, 30, LossCause.SENSOR_OVERRUN)
    ]
    counts = np.concatenate([e.counts for e in events if isinstance(e, Sampled)])
    assert 115 not in counts[:, 0]
    assert len(counts) == 370
    assert own.summary()["streams"]["3"]["samples_overrun"] == 30


def test_a_stuck_channel_stays():
    own = garment(stuck=(("strain", "b", 1.0, 2.0),))
    ask(own, Command.START)
    counts = np.concatenate([e.counts for e in played(own) if isinstance(e, Sampled)])
    assert (counts[100:200, 1] == 3900).all()
    assert counts[200, 1] == 3800
    np.testing.assert_array_equal(counts[:, 0], np.arange(400))
