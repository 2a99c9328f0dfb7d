"""A private D-Bus on which a virtual radio looks like BlueZ: ``org.bluez`` for bleak's own backend.

Only what bleak calls is here. Behind it stand the clients of `wearables.ble.bumble_backend`.
"""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError, BleakGATTProtocolError
from dbus_fast import BusType, DBusError, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_property, method

from wearables.ble.backends import backend_for

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"
 eavesdrop="true"/><allow receive_sender="*"/></policy></busconfig>"""
ROOT = "/org/bluez/hci0"
READ = PropertyAccess.READ


def as_dbus_error(error: Exception) -> DBusError:
    """bleak finds the code of the protocol in the text."""
    if isinstance(error, BleakGATTProtocolError):
        text = f"Operation failed with ATT error: {int(error.code):#04x}"
        return DBusError("org.bluez.Error.Failed", text)
    return DBusError("org.bluez.Error.Failed", str(error) or type(error).__name__)


class Adapter(ServiceInterface):
    def __init__(self, shim: "BluezShim") -> None:
        super().__init__("org.bluez.Adapter1")
        self._shim = shim
        self.is_discovering = False

    @method()
    async def StartDiscovery(self):  # noqa: N802
        self.is_discovering = True
        await self._shim.start_scanning()

    @method()
    async def StopDiscovery(self):  # noqa: N802
        self.is_discovering = False
        await self._shim.stop_scanning()

    @method()
    def SetDiscoveryFilter(self, properties: "a{sv}"):  # noqa: N802, F722
        del properties

    @method()
    def RemoveDevice(self, device: "o"):  # noqa: N802, F821
        del device

    @dbus_property(access=READ)
    def Address(self) -> "s":  # noqa: N802, F821
        return "F0:F1:F2:00:00:01"

    @dbus_property(access=READ)
    def Roles(self) -> "as":  # noqa: N802, F722
        return ["central"]

    @dbus_property(access=READ)
    def Alias(self) -> "s":  # noqa: N802, F821
        return "virtual"

    @dbus_property(access=READ)
    def Powered(self) -> "b":  # noqa: N802, F821
        return True

    @dbus_property(access=READ)
    def Discovering(self) -> "b":  # noqa: N802, F821
        return self.is_discovering


class Device(ServiceInterface):
    def __init__(self, shim: "BluezShim", path: str, found) -> None:
        super().__init__("org.bluez.Device1")
        self._shim, self.path = shim, path
        self.found, self.data = found
        self.client: BleakClient | None = None
        self.is_connected = self.is_resolved = False

    @method()
    async def Connect(self):  # noqa: N802
        try:
            await self._shim.connect(self)
        except (BleakError, TimeoutError) as error:
            raise as_dbus_error(error) from error

    @method()
    async def Disconnect(self):  # noqa: N802
        if self.client is not None:
            await self.client.disconnect()
        self._shim.on_lost(self)

    def tell(self) -> None:
        """Links come and go, services first when they go."""
        for name in ("ServicesResolved", "Connected"):
            value = self.is_resolved if name == "ServicesResolved" else self.is_connected
            self.emit_properties_changed({name: value})

    @dbus_property(access=READ)
    def Address(self) -> "s":  # noqa: N802, F821
        return self.found.address

    @dbus_property(access=READ)
    def Alias(self) -> "s":  # noqa: N802, F821
        return self.found.name or self.found.address

    @dbus_property(access=READ)
    def Adapter(self) -> "o":  # noqa: N802, F821
        return ROOT

    @dbus_property(access=READ)
    def Connected(self) -> "b":  # noqa: N802, F821
        return self.is_connected

    @dbus_property(access=READ)
    def Paired(self) -> "b":  # noqa: N802, F821
        return False

    @dbus_property(access=READ)
    def ServicesResolved(self) -> "b":  # noqa: N802, F821
        return self.is_resolved

    @dbus_property(access=READ)
    def RSSI(self) -> "n":  # noqa: N802, F821
        return self.data.rssi

    @dbus_property(access=READ)
    def UUIDs(self) -> "as":  # noqa: N802, F722
        return list(self.data.service_uuids)

    @dbus_property(access=READ)
    def ManufacturerData(self) -> "a{qv}":  # noqa: N802, F722
        return {k: Variant("ay", bytes(v)) for k, v in self.data.manufacturer_data.items()}


class Service(ServiceInterface):
    def __init__(self, device: str, uuid: str) -> None:
        super().__init__("org.bluez.GattService1")
        self._device, self._uuid = device, uuid

    @dbus_property(access=READ)
    def UUID(self) -> "s":  # noqa: N802, F821
        return self._uuid

    @dbus_property(access=READ)
    def Primary(self) -> "b":  # noqa: N802, F821
        return True

    @dbus_property(access=READ)
    def Device(self) -> "o":  # noqa: N802, F821
        return self._device


class Characteristic(ServiceInterface):
    def __init__(self, client: BleakClient, service: str, item) -> None:
        super().__init__("org.bluez.GattCharacteristic1")
        self._client, self._service, self._item = client, service, item
        self._ours: socket.socket | None = None
        self._value = b""
        self.is_notifying = False

    @method()
    async def ReadValue(self, options: "a{sv}") -> "ay":  # noqa: N802, F722, F821
        del options
        try:
            return bytes(await self._client.read_gatt_char(self._item))
        except (BleakError, TimeoutError) as error:
            raise as_dbus_error(error) from error

    @method()
    async def WriteValue(self, value: "ay", options: "a{sv}"):  # noqa: N802, F722, F821
        wants = "type" not in options or options["type"].value != "command"
        try:
            await self._client.write_gatt_char(self._item, value, response=wants)
        except (BleakError, TimeoutError) as error:
            raise as_dbus_error(error) from error

    @method()
    async def StartNotify(self):  # noqa: N802
        await self._client.start_notify(self._item, self._tell)
        self.is_notifying = True

    @method()
    async def StopNotify(self):  # noqa: N802
        await self._client.stop_notify(self._item)
        self.is_notifying = False

    @method()
    async def AcquireNotify(self, options: "a{sv}") -> "hq":  # noqa: N802, F722, F821
        del options
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        await self._client.start_notify(self._item, self._send)
        # The bus hands the descriptor on; the copy here is closed when that is done.
        asyncio.get_running_loop().call_later(1.0, theirs.close)
        return [theirs.fileno(), self._client.mtu_size]

    def _tell(self, _sender, data: bytearray) -> None:
        self._value = bytes(data)
        self.emit_properties_changed({"Value": self._value})

    def _send(self, _sender, data: bytearray) -> None:
        with contextlib.suppress(OSError):
            if self._ours is not None:
                self._ours.send(data)

    def close(self) -> None:
        if self._ours is not None:
            self._ours.close()

    @dbus_property(access=READ)
    def UUID(self) -> "s":  # noqa: N802, F821
        return self._item.uuid

    @dbus_property(access=READ)
    def Service(self) -> "o":  # noqa: N802, F821
        return self._service

    @dbus_property(access=READ)
    def Value(self) -> "ay":  # noqa: N802, F821
        return self._value

    @dbus_property(access=READ)
    def Notifying(self) -> "b":  # noqa: N802, F821
        return self.is_notifying

    @dbus_property(access=READ)
    def Flags(self) -> "as":  # noqa: N802, F722
        return list(self._item.properties)

    @dbus_property(access=READ)
    def MTU(self) -> "q":  # noqa: N802, F821
        return self._client.mtu_size

    @dbus_property(access=READ)
    def NotifyAcquired(self) -> "b":  # noqa: N802, F821
        return self._ours is not None


class BluezShim:
    """``org.bluez`` in front of a radio of ours."""

    def __init__(self, bus: MessageBus, radio_uri: str) -> None:
        self._bus, self._uri = bus, radio_uri
        self._devices: dict[str, Device] = {}
        self._exported: dict[str, list[tuple[str, ServiceInterface]]] = {}
        backend = backend_for(radio_uri)
        self._scanner = BleakScanner(self._on_seen, **backend.for_scanner)
        self._client_arguments = backend.for_client

    async def open(self) -> None:
        self._bus.export("/org/bluez", ServiceInterface("org.bluez.AgentManager1"))
        self._bus.export(ROOT, Adapter(self))
        await self._bus.request_name("org.bluez")

    async def start_scanning(self) -> None:
        await self._scanner.start()

    async def stop_scanning(self) -> None:
        with contextlib.suppress(BleakError):
            await self._scanner.stop()

    def _on_seen(self, found, data) -> None:
        path = f"{ROOT}/dev_{found.address.replace(':', '_')}"
        device = self._devices.get(path)
        if device is None:
            device = self._devices[path] = Device(self, path, (found, data))
            self._bus.export(path, device)
        device.found, device.data = found, data
        device.emit_properties_changed({"RSSI": data.rssi})

    async def connect(self, device: Device) -> None:
        client = BleakClient(
            device.found, lambda _client: self.on_lost(device), **self._client_arguments
        )
        await client.connect()
        device.client, device.is_connected = client, True
        device.emit_properties_changed({"Connected": True})
        objects = self._exported.setdefault(device.path, [])
        for service in client.services:
            path = f"{device.path}/service{service.handle:04x}"
            objects.append((path, Service(device.path, service.uuid)))
            for item in service.characteristics:
                place = f"{path}/char{item.handle:04x}"
                objects.append((place, Characteristic(client, path, item)))
        for path, item in objects:
            self._bus.export(path, item)
        device.is_resolved = True
        device.emit_properties_changed({"ServicesResolved": True})

    def on_lost(self, device: Device) -> None:
        if not device.is_connected:
            return
        device.is_connected = device.is_resolved = False
        device.tell()
        for path, item in reversed(self._exported.pop(device.path, [])):
            if isinstance(item, Characteristic):
                item.close()
            self._bus.unexport(path, item)


@contextlib.asynccontextmanager
async def private_bluez(folder: Path, radio_uri: str) -> AsyncIterator[None]:
    """Run a D-Bus daemon of our own with the shim on it; the environment names it meanwhile."""
    daemon = shutil.which("dbus-daemon")
    assert daemon is not None
    path = folder / "bus"
    config = folder / "bus.conf"
    config.write_text(CONFIG.format(path=path), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        daemon, f"--config-file={config}", "--nofork", "--nopidfile"
    )
    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={path}"
    bus = None
    try:
        async with asyncio.timeout(10):
            while not path.exists():  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.01)
        bus = await MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True).connect()
        await BluezShim(bus, radio_uri).open()
        yield
    finally:
        if bus is not None:
            bus.disconnect()
        if before is None:
            del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
        else:
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before
        process.terminate()
        await process.wait()
