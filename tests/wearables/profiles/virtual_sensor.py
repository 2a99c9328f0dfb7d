"""Virtual sensors on the air of this process."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable

from bumble import core, gatt, hci
from bumble.device import Device
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from firmware_bridge.sim.radio import VirtualController, shared_link

PROPERTIES = gatt.Characteristic.Properties
PERMISSIONS = gatt.Characteristic.Permissions
READ_WRITE = PERMISSIONS.READABLE | PERMISSIONS.WRITEABLE


class Sensor:
    """A peripheral whose characteristics are notified by hand."""

    def __init__(
        self, number: int, name: str, services: dict[str, dict[str, bytes | None]]
    ) -> None:
        self.controller = VirtualController(name, link=shared_link(), number=number)
        address = hci.Address(f"C0:0A:00:00:00:{number:02X}", hci.Address.RANDOM_DEVICE_ADDRESS)
        host = Host(self.controller, AsyncPipeSink(self.controller))
        self.device = Device(name=name, address=address, host=host)
        self.device.gatt_server.max_mtu = 247
        self.address = str(address)
        self.name = name
        self.first_service = next(iter(services))
        self.values: dict[str, gatt.Characteristic[bytes]] = {}
        self.written: list[tuple[str, bytes]] = []
        self.answer: Callable[[str, bytes], tuple[str, bytes] | None] = lambda _uuid, _data: None
        for service, items in services.items():
            self.device.add_service(
                gatt.Service(service, [self._item(uuid, value) for uuid, value in items.items()])
            )

    def _item(self, uuid: str, value: bytes | None) -> gatt.Characteristic[bytes]:
        async def write(_connection: object, data: bytes) -> None:
            self.written.append((uuid, data))
            reply = self.answer(uuid, data)
            if reply is not None:
                await self.send(*reply)

        if value is None:
            held = gatt.CharacteristicValue[bytes](read=lambda _connection: b"", write=write)
            flags = PROPERTIES.WRITE | PROPERTIES.NOTIFY
            made = gatt.Characteristic[bytes](uuid, flags, READ_WRITE, held)
        else:
            flags = PROPERTIES.READ | PROPERTIES.NOTIFY
            made = gatt.Characteristic[bytes](uuid, flags, PERMISSIONS.READABLE, value)
        self.values[uuid] = made
        return made

    async def send(self, uuid: str, data: bytes) -> None:
        with contextlib.suppress(core.BaseBumbleError):
            await self.device.notify_subscribers(self.values[uuid], data)

    async def drop(self) -> None:
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    async def open(self) -> None:
        await self.device.power_on()
        uuid = core.UUID(self.first_service).to_bytes()
        kind = 0x03 if len(uuid) == 2 else 0x07
        data = bytes([2, 1, 6, len(uuid) + 1, kind]) + uuid
        name = self.name.encode()[: 31 - len(data) - 2]
        data += struct.pack("BB", len(name) + 1, 0x09) + name
        await self.device.start_advertising(
            auto_restart=True, advertising_data=data, advertising_interval_min=20
        )


@contextlib.asynccontextmanager
async def on_air(*sensors: Sensor) -> AsyncIterator[None]:
    for sensor in sensors:
        await sensor.open()
    try:
        yield
    finally:
        # A device that has just lost its link starts to advertise; let it finish.
        await asyncio.sleep(0.05)
        for sensor in sensors:
            sensor.controller.leave()
