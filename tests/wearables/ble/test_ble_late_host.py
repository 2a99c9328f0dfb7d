"""A host or a machine that is late slows the data; it loses neither links nor answers."""

import asyncio
import time
from typing import Any

import numpy as np
import pytest
from virtual_air import QUICK, check_complete, on_air, replay

from firmware_bridge.control import Command, encode_message, request
from firmware_bridge.sim import Faults, Garment
from firmware_bridge.sim.hci_server import HciServer
from firmware_bridge.sim.outlet import Outlet
from firmware_bridge.sim.peripheral import GarmentPeripheral
from firmware_bridge.sim.radio import AirSettings, RadioLink, VirtualController, shared_link
from firmware_bridge.sim.serve import flash_of
from wearables.ble import GarmentSource
from wearables.ble.exchanging import ClockAsker
from wearables.ble.link import Link, LinkEndedError
from wearables.ble.watching import SilenceWatch
from wearables.events import LinkOpened


class Quiet:
    """A link of which nothing but its clock matters."""

    def __init__(self) -> None:
        self.is_lost = False
        self.woken = asyncio.Event()
        self.last_data_ns = time.monotonic_ns()
        self.epoch = 1
        self.n_asked = 0

    async def ask(self, _command: Command, _body: dict[str, object]) -> tuple[dict[str, int], int]:
        self.n_asked += 1
        if self.n_asked != 3:
            raise TimeoutError
        return {"t2": 1, "t3": 2}, time.monotonic_ns()


async def end_of(watch: SilenceWatch) -> str:
    """Reason of the link's end; a busy machine may put it off a few times."""
    for _ in range(100):
        try:
            watch.check()
        except LinkEndedError as ended:
            return ended.reason
        await watch.sleep_until(watch.due_ns)
    return "never"


async def test_a_silent_link_is_given_up():
    link = Quiet()
    watch = SilenceWatch(link, silence_s=0.02)  # type: ignore[arg-type]
    assert await end_of(watch) == "silent"
    link.is_lost = True
    assert await end_of(watch) == "lost"


async def test_silence_that_the_host_slept_through_does_not_count():
    link = Quiet()
    watch = SilenceWatch(link, silence_s=0.02)  # type: ignore[arg-type]
    # The machine holds this process up for longer than the link may be silent.
    asyncio.get_running_loop().call_soon(time.sleep, 0.3)
    await watch.sleep_until(watch.due_ns)
    watch.check()
    assert await end_of(watch) == "silent"


async def test_one_clock_exchange_without_an_answer_keeps_the_link():
    link = Quiet()
    settings = QUICK.__class__(exchange_spacing_s=0.0, exchange_every_s=0.0)
    clock = ClockAsker(link, 1, settings=settings, rng=np.random.default_rng(0))  # type: ignore[arg-type]
    assert await clock.ask_if_due() is None
    assert await clock.ask_if_due() is None
    assert await clock.ask_if_due() is not None
    assert await clock.ask_if_due() is None
    assert await clock.ask_if_due() is None
    with pytest.raises(TimeoutError):
        await clock.ask_if_due()


async def test_a_host_that_does_not_read_slows_the_garment_and_loses_nothing():
    """What waits between controller and host stays small, so that answers are never far behind."""
    link = RadioLink(settings=AirSettings(interval_s=0.002, budget=60))
    content = replay(3.0)
    faults = Faults(log_kib=512)
    unit = Garment(content, rng=np.random.default_rng(1), faults=faults, flash=flash_of(faults))
    garment = GarmentPeripheral(unit, link=link, serial=1)
    await garment.open()
    controller = VirtualController("central", link=link, number=200)
    server = HciServer(controller)
    uri = f"tcp-client:127.0.0.1:{await server.open(port=0)}"
    events = []
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(garment.run())
        async with GarmentSource(uri, serial=1, settings=QUICK) as source:
            controller.set_busy(is_busy=True)
            tasks.create_task(free_after(controller, 0.3))
            events = [event async for event in source]
        playing.cancel()
    produced = {key: track.produced for key, track in unit._tracks.items()}
    assert sum(check_complete(events, content, produced).values()) == 0
    assert sum(isinstance(event, LinkOpened) for event in events) == 1
    garment.close()
    await server.close()


async def free_after(controller: VirtualController, seconds: float) -> None:
    """Longer than a link may be silent would be 0.5 s."""
    await asyncio.sleep(seconds)
    controller.set_busy(is_busy=False)


async def test_the_socket_to_a_host_that_does_not_read_fills_up():
    link = RadioLink()
    controller = VirtualController("central", link=link, number=200)
    server = HciServer(controller)
    port = await server.open(port=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    while not server.has_client:  # noqa: ASYNC110
        await asyncio.sleep(0)
    n_sent = 0
    while controller not in link._busy:
        server.on_packet(bytes(251))
        n_sent += 251
        assert n_sent < 20_000_000
        await asyncio.sleep(0)
    while controller in link._busy:
        await reader.read(1 << 20)
    writer.close()
    await writer.wait_closed()
    await server.close()


class Listened:
    """A door through which everything passes."""

    frame_size, is_listened, has_room = 244, True, True

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send_frame(self, _frame: bytes) -> bool:
        self.sent.append("frame")
        return True

    async def send_control(self, message: bytes) -> None:
        self.sent.append(Command(message[7]).name)

    async def cut(self) -> None:
        """Nothing to end."""

    def set_range(self, *, is_near: bool) -> None:
        """Always near."""


async def test_answers_overtake_frames_but_those_that_tell_how_far_it_got_do_not():
    door = Listened()
    unit = Garment(replay(1.0), rng=np.random.default_rng(1))
    outlet = Outlet(unit, door)

    def ask(command: Command, **body: object) -> None:
        outlet.obey(encode_message(request(command, body, sequence=0)))

    ask(Command.START, streams=[1, 2])
    await outlet._send()
    assert door.sent[0] == "START"
    outlet._take([bytes([0x10, 1]), bytes([0x10, 1])])
    ask(Command.DESCRIPTOR, off=0)
    ask(Command.STOP, streams=[1, 2])
    ask(Command.INFO)
    ask(Command.LOG_STATUS)
    door.sent.clear()
    await outlet._send()
    told = [name for name in door.sent if name != "frame"]
    assert told == ["DESCRIPTOR", "INFO", "STOP", "LOG_STATUS"]
    assert door.sent.index("INFO") < door.sent.index("frame") < door.sent.index("STOP")


async def test_a_link_that_ended_while_the_garment_was_away_does_not_stay_half_alive():
    air = shared_link()
    async with on_air(replay(30.0)) as garment, GarmentSource("sim:", settings=QUICK) as source:
        link = source._supervisor.link
        assert isinstance(link, Link)
        before = air.settings
        air.settings = AirSettings(supervision_s=0.1)
        # The host hangs up while the garment is away for less than the time after which it notices.
        garment.set_range(is_near=False)
        (connection,) = garment._controller.le_connections.values()
        peer = air.find_le_controller(connection.peer_address)
        assert peer is not None
        (other,) = peer.le_connections.values()
        other.send_ll_control_pdu(terminate())
        peer.on_le_disconnected(other, 0x13)
        garment.set_range(is_near=True)
        assert garment.is_connected
        for _ in range(100):
            await asyncio.sleep(0.02)
            if not garment.is_connected:
                break
        air.settings = before
        assert not garment.is_connected or source._supervisor.epoch > 1
        await source.stop()


def terminate() -> Any:
    """What a host sends when it hangs up."""
    from bumble import ll

    return ll.TerminateInd(0x13)
