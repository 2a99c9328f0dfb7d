"""A link that ended comes back once the garment can be heard, whatever others on the radio do."""

import asyncio

import numpy as np
import pytest
from bleak import BleakClient
from bleak.exc import BleakError
from bumble import hci, ll
from bumble.controller import Controller
from virtual_air import on_air, replay

from firmware_bridge.sim.radio import shared_link
from firmware_bridge.uuids import GARMENT_SERVICE_UUID, SMP_SERVICE_UUID
from wearables.ble import SupervisorSettings
from wearables.ble.backends import backend_for, radio_held
from wearables.ble.bumble_radio import BumbleRadio
from wearables.ble.link import Link, LinkEndedError
from wearables.ble.scanning import find_garment
from wearables.ble.settings import pause_s
from wearables.ble.states import Backoff, Stopped
from wearables.ble.supervisor import Supervisor


async def client_of(serial: int, **arguments: object) -> BleakClient:
    device, _ = await find_garment("sim:", serial=serial, timeout_s=2.0)
    return BleakClient(device, **backend_for("sim:").for_client, **arguments)  # type: ignore[arg-type]


async def some_advertisements() -> None:
    """The advertising interval is 30 ms."""
    for _ in range(3):
        await asyncio.sleep(0.04)


async def test_only_the_services_that_are_asked_for_are_looked_into():
    async with on_air(replay(1.0)):
        async with await client_of(1) as everything:
            assert len(list(everything.services)) > 3
        wanted = {GARMENT_SERVICE_UUID, SMP_SERVICE_UUID}
        async with await client_of(1, services=wanted) as few:
            assert {service.uuid for service in few.services} == wanted


@pytest.mark.parametrize("ending", ["timeout", "cancel"])
async def test_an_attempt_that_is_given_up_leaves_nothing_behind(ending: str):
    async with radio_held("sim:"), on_air(replay(1.0)) as garment:
        client = await client_of(1, timeout=0.1 if ending == "timeout" else 20.0)
        garment.set_range(is_near=False)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1 if ending == "cancel" else 5.0):
                await client.connect()
        garment.set_range(is_near=True)
        await some_advertisements()
        # Had the controller gone on trying, the garment would be connected to nobody now.
        assert not garment.is_connected
        async with await client_of(1):
            assert garment.is_connected


async def test_a_link_that_is_made_a_moment_too_late_is_ended():
    async with radio_held("sim:"), on_air(replay(1.0)) as garment:
        radio = await BumbleRadio.acquire("sim:")
        plain = radio.device.connect

        async def late(address: hci.Address, *, timeout: float) -> None:  # noqa: ASYNC109
            await plain(address, timeout=timeout)
            raise TimeoutError

        client = await client_of(1)
        radio.device.connect = late  # type: ignore[method-assign,assignment]
        with pytest.raises(TimeoutError):
            await client.connect()
        del radio.device.connect
        await some_advertisements()
        assert not garment.is_connected
        await radio.release()


async def test_a_garment_that_left_while_being_connected_does_not_hold_up_the_others(monkeypatch):
    monkeypatch.setattr("wearables.ble.bumble_backend._REACH_S", 0.2)
    async with (
        radio_held("sim:"),
        on_air(replay(1.0), serial=1) as gone,
        on_air(replay(1.0), serial=2) as near,
    ):
        first, second = await client_of(1), await client_of(2)
        gone.set_range(is_near=False)
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            failing = tasks.create_task(_failure_of(first))
            tasks.create_task(second.connect())
        assert failing.result() is TimeoutError
        assert near.is_connected
        await second.disconnect()


async def _failure_of(client: BleakClient) -> type[Exception] | None:
    try:
        await client.connect()
    except TimeoutError as error:
        return type(error)
    return None


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_garment_that_leaves_at_the_moment_of_the_connect_is_given_up_soon(
    monkeypatch, is_told: bool
):
    """A radio tells after six intervals; a stack that does not is not waited for either."""
    monkeypatch.setattr("wearables.ble.bumble_backend._FIRST_ANSWER_S", 0.2)
    if not is_told:
        monkeypatch.setattr("firmware_bridge.sim.radio._fail", lambda *_: None)
    async with radio_held("sim:"), on_air(replay(1.0)) as garment:
        air = shared_link()
        plain = air.send_advertising_pdu

        def leave(sender: Controller, packet: ll.AdvertisingPdu) -> None:
            if isinstance(packet, ll.ConnectInd):
                garment.set_range(is_near=False)
            plain(sender, packet)

        air.send_advertising_pdu = leave  # type: ignore[method-assign]
        client = await client_of(1, timeout=20.0)
        async with asyncio.timeout(5):
            with pytest.raises((TimeoutError, BleakError)):
                await client.connect()
        del air.send_advertising_pdu
        garment.set_range(is_near=True)
        async with await client_of(1):
            assert garment.is_connected


def test_pauses_grow_only_from_the_second_failure_on_and_to_a_limit():
    settings = SupervisorSettings(backoff_first_s=0.25, backoff_max_s=1.0, backoff_jitter=0.0)
    rng = np.random.default_rng(1)
    pauses = [pause_s(n, settings=settings, rng=rng) for n in (1, 2, 3, 4, 5, 10_000)]
    assert pauses == [0.0, 0.25, 0.5, 1.0, 1.0, 1.0]
    jittered = [pause_s(4, settings=SupervisorSettings(), rng=rng) for _ in range(200)]
    assert 0.8 <= min(jittered) < 0.9
    assert 1.1 < max(jittered) <= 1.2


async def test_links_that_end_are_made_anew_until_one_serves_to_the_end():
    settings = SupervisorSettings(backoff_first_s=0.01, scan_timeout_s=2.0)
    supervisor = Supervisor("sim:", serial=1, settings=settings, rng=np.random.default_rng(1))

    async def serve(_link: Link) -> None:
        supervisor.has_streamed = True
        if supervisor.epoch < 5:
            raise LinkEndedError("silent")

    async with asyncio.timeout(10), radio_held("sim:"), on_air(replay(1.0)):
        await supervisor.run(serve)
    assert supervisor.epoch == 5
    assert supervisor.state == Stopped()


async def test_a_radio_that_went_away_after_a_link_is_asked_for_at_an_even_pace():
    settings = SupervisorSettings(backoff_first_s=0.01, backoff_jitter=0.0, farewell_s=0.02)
    supervisor = Supervisor(
        "tcp-client:127.0.0.1:9", serial=1, settings=settings, rng=np.random.default_rng(1)
    )
    supervisor.has_streamed = True
    pauses: set[float] = set()

    async def serve(_link: Link) -> None:
        raise AssertionError("nobody is there")

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(supervisor.run(serve))
        for _ in range(20):
            await asyncio.sleep(0.01)
            if isinstance(supervisor.state, Backoff):
                pauses.add(supervisor.state.delay_s)
        supervisor.stop()
    assert pauses <= {0.0, 0.01}
    assert 0.01 in pauses
