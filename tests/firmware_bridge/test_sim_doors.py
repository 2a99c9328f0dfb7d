"""The virtual garment speaks the same link over UDP and over two serial lines."""

import asyncio
import contextlib
import json
import os
import tty

import numpy as np
import pytest

from firmware_bridge.console import ConsoleReader, encode_console
from firmware_bridge.control import Command, check_response, decode_message, encode_message, request
from firmware_bridge.errors import ControlError
from firmware_bridge.events import Lost, Sampled
from firmware_bridge.framing import CobsReader
from firmware_bridge.reassembly import Reassembler
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, Garment, Replay
from firmware_bridge.sim.doors import PtyDoor, UdpDoor
from firmware_bridge.sim.outlet import Outlet
from firmware_bridge.sim.serve import faults_from_json, flash_of

N = 400
COUNTS = np.random.default_rng(3).integers(-900, 900, (N, 6))


def replay():
    channels = tuple(
        ChannelSchema(name=name, unit="1", bits=16, signed=True, scale=1, offset=0, kind="acc")
        for name in "abcdef"
    )
    stream = StreamSchema(
        id=2, name="imu", rate_hz=400.0, rates_hz=(400.0,), max_latency_ms=50, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    return Replay(schema=schema, counts={2: COUNTS})


class UdpHost:
    """A host that speaks UDP and nothing else of this project's host side."""

    async def open(self, door):
        _, _, data_port, control_port = door.uri.split(":")
        loop, self.frames, self.answers = asyncio.get_running_loop(), [], asyncio.Queue()
        self.data, _ = await loop.create_datagram_endpoint(
            lambda: Datagrams(self.frames.append), remote_addr=("127.0.0.1", int(data_port))
        )
        self.control, _ = await loop.create_datagram_endpoint(
            lambda: Datagrams(self.answers.put_nowait), remote_addr=("127.0.0.1", int(control_port))
        )
        self.data.sendto(b"\x01")

    async def exchange(self, message):
        self.control.sendto(message)
        async with asyncio.timeout(2):
            return await self.answers.get()

    def close(self):
        self.data.close()
        self.control.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take):
        self.take = take

    def datagram_received(self, data, addr):
        self.take(data)


class LineHost:
    """A host with two serial lines."""

    async def open(self, door):
        loop, self.frames, self.answers = asyncio.get_running_loop(), [], asyncio.Queue()
        paths = door.uri.removeprefix("uart:").split(",")
        self.lines = [os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK) for path in paths]
        for line in self.lines:
            tty.setraw(line)
        cobs, console = CobsReader(), ConsoleReader()
        loop.add_reader(
            self.lines[0], lambda: self.frames.extend(cobs(os.read(self.lines[0], 9999)))
        )

        def hear():
            for message in console(os.read(self.lines[1], 9999)):
                self.answers.put_nowait(message)

        loop.add_reader(self.lines[1], hear)

    async def exchange(self, message):
        os.write(self.lines[1], encode_console(message))
        async with asyncio.timeout(2):
            return await self.answers.get()

    def close(self):
        for line in self.lines:
            asyncio.get_running_loop().remove_reader(line)
            os.close(line)


@contextlib.asynccontextmanager
async def linked(make_door, make_host, **knobs):
    faults = Faults(**knobs)
    own = Garment(replay(), rng=np.random.default_rng(1), faults=faults, flash=flash_of(faults))
    door, host = make_door(), make_host()
    outlet = Outlet(own, door)
    door.obey, door.forget_link = outlet.obey, outlet.forget_link
    await (door.open(data_port=0, control_port=0) if make_door is UdpDoor else door.open())
    await host.open(door)
    number = iter(range(256))

    async def ask(command, body=None):
        message = request(command, body or {}, sequence=next(number))
        return check_response(decode_message(await host.exchange(encode_message(message))))

    try:
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(outlet.run())
            yield own, host, ask
            playing.cancel()
    finally:
        host.close()
        door.close()


async def until(condition, timeout_s=4.0):
    for _ in range(round(timeout_s / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


DOORS = pytest.mark.parametrize(
    ("make_door", "make_host"), [(UdpDoor, UdpHost), (PtyDoor, LineHost)], ids=["udp", "pty"]
)


@DOORS
async def test_a_stranger_learns_the_garment_and_gets_every_sample(make_door, make_host):
    async with linked(make_door, make_host) as (own, host, ask):
        info = (await ask(Command.INFO))["info"]
        body = await ask(Command.DESCRIPTOR, {"off": 0})
        schema = GarmentSchema.from_cbor(body["data"])
        assert len(body["data"]) == body["len"]
        assert info[4:12] == schema.sha256()[:8]
        await ask(Command.START)
        clock = await ask(Command.TIME, {"t1": 1, "dither_us": 0})
        assert clock["t3"] >= clock["t2"]
        await until(lambda: own.is_finished and len(host.frames) >= own.summary()["device_frames"])
        await asyncio.sleep(0.04)
    whole = Reassembler(schema)
    events = [e for frame in host.frames for e in whole.accept(frame, host_ns=0, epoch=1)]
    counts = np.concatenate([e.counts for e in events if isinstance(e, Sampled)])
    np.testing.assert_array_equal(counts, COUNTS)


@DOORS
async def test_losses_and_outages_come_back_from_the_log(make_door, make_host):
    """Loss and a silent stretch; then everything missing is asked for and is bit-exact."""
    knobs = {"loss": 0.3, "outages_s": ((0.3, 0.6),), "log_kib": 64}
    async with linked(make_door, make_host, **knobs) as (own, host, ask):
        await ask(Command.START)
        await until(lambda: own.is_finished)
        whole = Reassembler(own.schema)
        events = [e for frame in host.frames for e in whole.accept(frame, host_ns=0, epoch=1)]
        events += whole.finish({2: N}, host_ns=1)
        lost = [e for e in events if isinstance(e, Lost)]
        assert sum(e.n_samples for e in lost) > 100
        n_before = len(host.frames)
        for e in lost:
            span = {"a": e.first_index, "b": e.first_index + e.n_samples}
            await ask(Command.BACKFILL, {"stream": 2, "session": 1, **span})
        await until(lambda: not own.has_replies)
        await asyncio.sleep(0.05)
        frames = host.frames[n_before:]
    got = np.full((N, 6), 9999)
    for frame in (*host.frames[:n_before], *frames):
        for e in Reassembler(own.schema).accept(frame, host_ns=0, epoch=1):
            if isinstance(e, Sampled):
                got[e.first_index : e.first_index + len(e.counts)] = e.counts
    np.testing.assert_array_equal(got, COUNTS)


@DOORS
async def test_refusals_are_typed(make_door, make_host):
    async with linked(make_door, make_host, budget_b_s=100.0) as (_, _, ask):
        for command, body, reason in (
            (Command.START, {}, "over budget"),
            (Command.SET, {"stream": 2, "rate": 1.0}, "range"),
            (Command.BACKFILL, {"stream": 2, "session": 1, "a": 0, "b": 9}, "storage"),
            (Command.DESCRIPTOR, {"off": "x"}, "range"),
            (Command.TIME, {"dither_us": "long"}, "range"),
        ):
            with pytest.raises(ControlError, match=reason):
                await ask(command, body)


async def test_what_nobody_subscribed_to_is_not_sent_and_counted():
    async with linked(UdpDoor, UdpHost) as (own, host, ask):
        await ask(Command.START)
        host.data.sendto(b"\x00")
        await asyncio.sleep(0.03)
        n_frames = len(host.frames)
        await until(lambda: own.is_finished)
        assert len(host.frames) == n_frames
        assert own.summary()["streams"]["2"]["samples_unsent"] > N / 2


@DOORS
async def test_a_slow_transport_fills_the_queue_and_drops_the_newest(make_door, make_host):
    async with linked(make_door, make_host, queue_frames=2, drain_frames_s=5.0) as (own, _, ask):
        await ask(Command.START)
        await until(lambda: own.is_finished)
        row = own.summary()["streams"]["2"]
        assert 0 < row["frames_unsent"] < row["frames"]
        assert (await ask(Command.LOG_STATUS))["2"]["newest"] == N


def test_a_jam_holds_for_its_time():
    assert Faults().drain_at(3.0) == 0.0
    jammed = Faults(drain_frames_s=40.0, jams=((1.0, 2.0, 5.0),))
    assert [jammed.drain_at(at_s) for at_s in (0.9, 1.0, 1.9, 2.0)] == [40.0, 5.0, 5.0, 40.0]
    text = json.dumps({"jams": [[1, 2, 5]]})
    assert faults_from_json(text) == Faults(jams=((1.0, 2.0, 5.0),))


async def test_damage_on_the_control_line_is_passed_over():
    async with linked(PtyDoor, LineHost) as (_, host, ask):
        for noise in (b"boot: ok\n", b"\x06\x09????\n", encode_console(b"x" * 300)[:200] + b"\n"):
            os.write(host.lines[1], noise)
        assert len((await ask(Command.INFO))["info"]) == 12


@DOORS
async def test_a_brown_out_is_a_new_boot_and_the_log_keeps_the_old_one(make_door, make_host):
    knobs = {"brown_outs": ((0.4, 0.05),), "log_kib": 64}
    async with linked(make_door, make_host, **knobs) as (own, host, ask):
        await ask(Command.START)
        await until(lambda: own.session == 2)
        await asyncio.sleep(0.1)
        if make_door is UdpDoor:
            host.data.sendto(b"\x01")
        info = (await ask(Command.INFO))["info"]
        assert int.from_bytes(info[2:4], "little") == 2
        ((session, oldest, newest),) = (await ask(Command.LOG_STATUS))["2"]["earlier"]
        assert (session, oldest) == (1, 0)
        host.frames.clear()
        await ask(Command.BACKFILL, {"stream": 2, "session": 1, "a": 0, "b": newest})
        await until(lambda: not own.has_replies)
        await ask(Command.START)
        await until(lambda: own.is_finished)
        await asyncio.sleep(0.05)
    whole = Reassembler(own.schema)
    events = [e for frame in host.frames for e in whole.accept(frame, host_ns=0, epoch=1)]
    boots = {e.boot: [] for e in events if isinstance(e, Sampled)}
    for e in events:
        if isinstance(e, Sampled):
            boots[e.boot].append(e.counts)
    np.testing.assert_array_equal(np.concatenate(boots[1]), COUNTS[:newest])
    later = np.concatenate(boots[2])
    assert len(later) > 20
    np.testing.assert_array_equal(later, COUNTS[-len(later) :])
