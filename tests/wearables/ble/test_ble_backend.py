"""The bumble backend keeps bleak's promises, and bumble still has the parts that are overridden."""

import asyncio
import contextlib
import inspect
import subprocess
import sys
from collections.abc import AsyncIterator

import bleak
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bumble import core, gatt, hci
from bumble.controller import Controller, LegacyAdvertiser
from bumble.device import Device
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.sim.hci_server import HciServer
from firmware_bridge.sim.peripheral import advertising_bytes
from firmware_bridge.sim.radio import RadioLink, VirtualController, shared_link
from firmware_bridge.uuids import GARMENT_SERVICE_UUID
from wearables.ble.advertisement import parse_advertisement, uuid_text
from wearables.ble.backends import backend_for
from wearables.ble.bumble_radio import BumbleRadio
from wearables.ble.install import install
from wearables.ble.scanning import serial_of
from wearables.errors import LinkError

VALUE = "12345678-0000-1000-8000-00805f9b34fb"
REFUSED = "12345679-0000-1000-8000-00805f9b34fb"
ADDRESS = "C0:01:02:03:04:05"


def refuse(_connection: object) -> bytes:
    raise core.InvalidStateError("no")


class Thing:
    """A small peripheral with a value that can be read, written and notified."""

    def __init__(self, link: RadioLink) -> None:
        self.controller = VirtualController("thing", link=link, number=3)
        host = Host(self.controller, AsyncPipeSink(self.controller))
        address = hci.Address(ADDRESS, hci.Address.RANDOM_DEVICE_ADDRESS)
        self.device = Device(name="thing", address=address, host=host)
        properties = gatt.Characteristic.Properties
        permissions = gatt.Characteristic.Permissions
        self.value = gatt.Characteristic(
            VALUE,
            properties.READ | properties.WRITE | properties.NOTIFY,
            permissions.READABLE | permissions.WRITEABLE,
            b"hello",
            [gatt.Descriptor(gatt.GATT_CHARACTERISTIC_USER_DESCRIPTION_DESCRIPTOR, 3, b"a value")],
        )
        locked = gatt.Characteristic(
            REFUSED, properties.READ, permissions.READ_REQUIRES_ENCRYPTION, b""
        )
        self.device.add_service(gatt.Service(GARMENT_SERVICE_UUID, [self.value, locked]))


@contextlib.asynccontextmanager
async def thing() -> AsyncIterator[Thing]:
    it = Thing(shared_link())
    await it.device.power_on()
    await it.device.start_advertising(
        auto_restart=True, advertising_data=advertising_bytes(77), advertising_interval_min=20
    )
    try:
        yield it
    finally:
        it.controller.leave()


def client(**arguments: object) -> BleakClient:
    return BleakClient(ADDRESS, timeout=2.0, **backend_for("sim:").for_client, **arguments)  # type: ignore[arg-type]


def abstract(kind: type) -> set[str]:
    return set(kind.__abstractmethods__)  # type: ignore[attr-defined]


def test_bleak_asks_for_exactly_what_is_implemented():
    assert abstract(BaseBleakScanner) == {"start", "stop"}
    assert abstract(BaseBleakClient) == {
        "mtu_size", "connect", "disconnect", "pair", "unpair", "is_connected", "read_gatt_char",
        "read_gatt_descriptor", "write_gatt_char", "write_gatt_descriptor", "start_notify",
        "stop_notify",
    }  # fmt: skip
    backend = backend_for("sim:")
    assert backend.scanner is not None
    assert backend.client is not None
    assert not inspect.isabstract(backend.scanner)
    assert not inspect.isabstract(backend.client)


def test_bumble_still_has_the_parts_that_are_overridden():
    assert {"le_acl_data_packet_length", "acl_data_packet_length", "le_features"} <= set(
        dir(Controller)
    )
    parameters = list(inspect.signature(LocalLink.send_acl_data).parameters)
    assert parameters == ["self", "sender_controller", "destination_address", "transport", "data"]
    assert callable(Controller.on_hci_reset_command)
    assert callable(Controller.on_link_acl_data)
    assert callable(LegacyAdvertiser.stop)
    assert isinstance(Host.get_data_packet_queue, object)


def test_uris_name_radios():
    assert backend_for("os:").for_client == {"backend": None}
    assert backend_for("os:hci1").for_scanner == {"backend": None, "bluez": {"adapter": "hci1"}}
    assert backend_for("usb:0").arguments == {"radio_uri": "usb:0"}
    with pytest.raises(LinkError, match="'carrier:pigeon' is not known"):
        backend_for("carrier:pigeon")


def test_importing_loads_no_radio():
    code = "import sys, wearables.ble; sys.exit(bool({'bleak', 'bumble'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_reads_writes_notifications_and_descriptors():
    async with thing() as it, client() as link:
        assert link.is_connected
        assert link.name == ADDRESS
        assert link.mtu_size == 247
        assert await link.read_gatt_char(VALUE) == b"hello"
        await link.write_gatt_char(VALUE, b"there", response=True)
        assert await link.read_gatt_char(VALUE) == b"there"
        await link.write_gatt_char(VALUE, b"again", response=False)
        characteristic = link.services.get_characteristic(VALUE)
        assert characteristic is not None
        assert characteristic.max_write_without_response_size == 244
        descriptor = characteristic.get_descriptor("00002901-0000-1000-8000-00805f9b34fb")
        assert descriptor is not None
        assert await link.read_gatt_descriptor(descriptor.handle) == b"a value"
        await link.write_gatt_descriptor(descriptor.handle, b"mine")
        assert await link.read_gatt_descriptor(descriptor.handle) == b"mine"
        got: asyncio.Queue[bytes] = asyncio.Queue()
        await link.start_notify(VALUE, lambda _sender, data: got.put_nowait(bytes(data)))
        for i in range(50):
            await it.device.notify_subscribers(it.value, bytes([i]) * 244)
        async with asyncio.timeout(2):
            assert [(await got.get())[0] for _ in range(50)] == list(range(50))
        await link.stop_notify(VALUE)
        await it.device.notify_subscribers(it.value, b"late")
        await link.read_gatt_char(VALUE)
        assert got.empty()
    assert not link.is_connected


async def test_a_refused_read_has_the_protocols_code():
    async with thing(), client() as link:
        with pytest.raises(BleakGATTProtocolError) as caught:
            await link.read_gatt_char(REFUSED)
        assert caught.value.code in (0x02, 0x05, 0x0F)


async def test_pairing_is_not_supported():
    async with thing(), client() as link:
        with pytest.raises(NotImplementedError):
            await link.pair()
        with pytest.raises(NotImplementedError):
            await link.unpair()


async def test_the_far_end_hangs_up():
    ended = asyncio.Event()
    async with thing() as it, client(disconnected_callback=lambda _client: ended.set()) as link:
        (connection,) = it.device.connections.values()
        await connection.disconnect()
        async with asyncio.timeout(2):
            await ended.wait()
        assert not link.is_connected
        with pytest.raises(BleakError, match="not connected"):
            await link.read_gatt_char(VALUE)


async def test_a_pending_read_fails_when_the_link_ends():
    async with thing() as it:
        started = asyncio.Event()

        async def hang(_connection: object) -> bytes:
            started.set()
            await asyncio.sleep(0.3)
            return b""

        it.value.value = gatt.CharacteristicValue(read=hang)
        async with client() as link, asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(expect_disconnected(link))
            await started.wait()
            (connection,) = it.device.connections.values()
            await connection.disconnect()
            async with asyncio.timeout(2):
                await reading
        await asyncio.sleep(0.05)


async def expect_disconnected(link: BleakClient) -> None:
    with pytest.raises(BleakError, match="disconnected"):
        await link.read_gatt_char(VALUE)


async def test_connecting_again_works_every_time():
    async with thing():
        for _ in range(4):
            async with client() as link:
                assert await link.read_gatt_char(VALUE) == b"hello"


async def test_an_absent_device_is_not_found():
    with pytest.raises(BleakDeviceNotFoundError):
        await BleakClient(ADDRESS, timeout=0.1, **backend_for("sim:").for_client).connect()


async def test_a_refused_transport_means_no_bluetooth():
    backend = backend_for("tcp-client:127.0.0.1:9")
    with pytest.raises(BleakBluetoothNotAvailableError) as caught:
        await BleakScanner(**backend.for_scanner).start()
    assert caught.value.reason is BleakBluetoothNotAvailableReason.NO_BLUETOOTH
    with pytest.raises(BleakBluetoothNotAvailableError):
        await BleakClient(ADDRESS, **backend.for_client).connect()


async def test_the_scanner_filters_by_service():
    async with thing():
        arguments = backend_for("sim:").for_scanner
        seen = await BleakScanner.discover(
            timeout=0.1, return_adv=True, service_uuids=[GARMENT_SERVICE_UUID], **arguments
        )
        assert list(seen) == [ADDRESS]
        (data,) = [data for _, data in seen.values()]
        assert serial_of(data) == 77
        other = await BleakScanner.discover(timeout=0.1, service_uuids=[VALUE], **arguments)
        assert other == []


async def test_foreign_code_can_be_moved_to_our_radio():
    before = bleak.get_platform_client_backend_type  # type: ignore[attr-defined]
    undo = install("sim:")
    try:
        async with thing():
            device = await BleakScanner.find_device_by_address(ADDRESS, timeout=1.0)
            assert device is not None
            async with BleakClient(device) as link:
                assert await link.read_gatt_char(VALUE) == b"hello"
    finally:
        undo()
    assert bleak.get_platform_client_backend_type is before  # type: ignore[attr-defined]


async def test_tcp_hosts_come_crash_and_come_again():
    """A host that vanishes without a word leaves nothing behind that stops the next one."""
    link = RadioLink(interval_s=0.002)
    it = Thing(link)
    await it.device.power_on()
    await it.device.start_advertising(
        auto_restart=True, advertising_data=advertising_bytes(1), advertising_interval_min=20
    )
    server = HciServer(VirtualController("central", link=link, number=9))
    uri = f"tcp-client:127.0.0.1:{await server.open(port=0)}"
    arguments = backend_for(uri).for_client
    for crash in (False, True, False, True, False):
        ended = asyncio.Event()
        gone = lambda _client, ended=ended: ended.set()  # noqa: E731
        async with BleakClient(ADDRESS, gone, timeout=2.0, **arguments) as host:
            assert await host.read_gatt_char(VALUE) == b"hello"
            if crash:
                server.drop()
                async with asyncio.timeout(2):
                    await ended.wait()
                with pytest.raises(BleakError):
                    await host.read_gatt_char(VALUE)
        await asyncio.sleep(0.02)
        assert not server.has_client
        assert not it.device.connections
    it.controller.leave()
    await server.close()


async def test_garbage_from_a_host_ends_it():
    link = RadioLink()
    server = HciServer(VirtualController("central", link=link, number=9))
    port = await server.open(port=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\xff\xff")
    async with asyncio.timeout(2):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    await server.close()


def test_advertising_fills_its_31_bytes():
    data = advertising_bytes(0x01020304)
    assert len(data) == 31
    parsed = parse_advertisement(core.AdvertisingData.from_bytes(data).ad_structures, rssi_dbm=-40)
    assert parsed.service_uuids == [GARMENT_SERVICE_UUID]
    assert parsed.rssi == -40
    assert serial_of(parsed) == 0x01020304


def test_all_parts_of_an_advertisement_are_read():
    parts = [
        (0x09, b"Shirt"), (0x0A, b"\xfc"), (0x03, b"\x0d\x18\x0f\x18"), (0x16, b"\x0f\x18\x57"),
        (0xFF, b"\x59"), (0xFF, b"\x59\x00\x01"),
    ]  # fmt: skip
    data = parse_advertisement(parts, rssi_dbm=-1)
    assert (data.local_name, data.tx_power) == ("Shirt", -4)
    assert data.service_uuids[0] == "0000180d-0000-1000-8000-00805f9b34fb"
    assert data.service_data == {"0000180f-0000-1000-8000-00805f9b34fb": b"\x57"}
    assert data.manufacturer_data == {0x59: b"\x01"}
    assert serial_of(data) is None
    assert uuid_text(bytes(range(16))) == "0f0e0d0c-0b0a-0908-0706-050403020100"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=24)), max_size=5))
def test_no_advertisement_breaks_the_parser(parts: list[tuple[int, bytes]]):
    data = parse_advertisement(parts, rssi_dbm=0)
    assert all(len(uuid) == 36 for uuid in data.service_uuids)
    serial_of(data)


async def test_a_radio_that_hangs_is_opened_anew(monkeypatch):
    """A late answer must not be taken for that of the next command."""
    monkeypatch.setattr("wearables.ble.bumble_radio._COMMAND_TIMEOUT_S", 0.05)
    hanging = await BumbleRadio.acquire("sim:")

    async def hang(**_settings: object) -> None:
        await asyncio.sleep(10)

    monkeypatch.setattr(hanging.device, "start_scanning", hang)
    with pytest.raises(TimeoutError):
        await hanging.start_scanning()
    assert not hanging.is_alive
    fresh = await BumbleRadio.acquire("sim:")
    assert fresh is not hanging
    await fresh.release()
    await hanging.release()


@pytest.mark.parametrize("what", ["start_scanning", "connect"])
async def test_a_radio_that_answers_another_command_is_given_up(monkeypatch, what: str):
    """bumble asserts; a recording of many garments must not end by that."""
    confused = await BumbleRadio.acquire("sim:")

    async def answer(*_arguments: object, **_settings: object) -> None:
        raise AssertionError

    monkeypatch.setattr(confused.device, what, answer)
    address = hci.Address(ADDRESS, hci.Address.RANDOM_DEVICE_ADDRESS)
    work = (
        confused.connect(address, timeout_s=1.0) if what == "connect" else confused.start_scanning()
    )
    with pytest.raises(BleakError, match="answered another command"):
        await work
    assert not confused.is_alive
    await confused.release()


async def test_what_an_earlier_host_asked_is_not_answered_to_its_successor():
    server = HciServer(VirtualController("central", link=RadioLink(), number=200))
    port = await server.open(port=0)
    reset = bytes(hci.HCI_Reset_Command())
    async with asyncio.timeout(10):
        _, early = await asyncio.open_connection("127.0.0.1", port)
        late_reader, late = await asyncio.open_connection("127.0.0.1", port)
        late.write(reset)
        first = await late_reader.readexactly(7)
        # Its end of the line may be open for a while yet.
        early.write(reset)
        late.write(bytes(hci.HCI_Read_BD_ADDR_Command()))
        second = await late_reader.readexactly(13)
    assert (first[4:6], second[4:6]) == (b"\x03\x0c", b"\x09\x10")
    for writer in (early, late):
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    await server.close()
