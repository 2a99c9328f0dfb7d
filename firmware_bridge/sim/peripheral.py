"""The radio door of a virtual garment: GATT services, advertising, notifications."""

import contextlib
import functools

from bumble import core, gatt, hci
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from firmware_bridge.control import SmpAssembler
from firmware_bridge.sim.bootloader import Bootloader
from firmware_bridge.sim.garment import Garment
from firmware_bridge.sim.outlet import Outlet
from firmware_bridge.sim.radio import RadioLink, VirtualController
from firmware_bridge.uuids import (
    COMPANY_TEST,
    DATA_UUID,
    GARMENT_SERVICE_UUID,
    INFO_UUID,
    SMP_SERVICE_UUID,
    SMP_UUID,
)

MAX_MTU = 247
_MAX_IN_FLIGHT = 12
_ATT_OVERHEAD = 3
_ADVERTISING_INTERVAL_MS = 30


def advertising_bytes(serial: int) -> bytes:
    """Advertising data, exactly 31 bytes: flags, service, company, format, state, serial."""
    service = core.UUID(GARMENT_SERVICE_UUID).to_bytes()
    maker = COMPANY_TEST.to_bytes(2, "little") + bytes([1, 0]) + serial.to_bytes(4, "little")
    return bytes([2, 0x01, 0x06, 17, 0x07]) + service + bytes([9, 0xFF]) + maker


class GarmentPeripheral:
    """A garment on the air.

    Attributes:
        garment: Its firmware.
        outlet: What it sends, in which order.
    """

    def __init__(
        self,
        garment: Garment,
        *,
        link: RadioLink,
        serial: int = 1,
        name: str = "Muslin",
        bootloader: Bootloader | None = None,
    ) -> None:
        self.garment = garment
        self._serial = serial
        self._connection: Connection | None = None
        self.outlet = Outlet(garment, self, bootloader=bootloader)
        self._link = link
        self._subscribed: set[gatt.Characteristic[bytes]] = set()
        self._assembler = SmpAssembler()
        self._controller = VirtualController("garment", link=link, number=serial)
        config = DeviceConfiguration(name=name, address=_address(serial))
        config.advertising_interval_min = _ADVERTISING_INTERVAL_MS
        config.advertising_interval_max = _ADVERTISING_INTERVAL_MS
        host = Host(self._controller, AsyncPipeSink(self._controller))
        self._device = Device(config=config, host=host)
        self._device.gatt_server.max_mtu = MAX_MTU
        self._make_services(name)
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)

    @property
    def is_connected(self) -> bool:
        """Whether a central is connected."""
        return self._connection is not None

    @property
    def woke_ns(self) -> int:
        """Host time when its clock started."""
        return self.outlet.woke_ns

    @property
    def frame_size(self) -> int:
        """Largest notification."""
        return MAX_MTU - _ATT_OVERHEAD if self._connection is None else self._payload_bytes

    @property
    def _payload_bytes(self) -> int:
        return self._connection.att_mtu - _ATT_OVERHEAD if self._connection is not None else 0

    @property
    def is_listened(self) -> bool:
        """Whether the central subscribed to frames."""
        return self._data in self._subscribed

    @property
    def has_room(self) -> bool:
        """Whether the controller takes another packet."""
        if self._connection is None:
            return False
        packets = self._device.host.get_data_packet_queue(self._connection.handle)
        return packets is None or packets.pending < _MAX_IN_FLIGHT

    def device_us(self) -> int:
        """Device time now."""
        return self.outlet.device_us()

    def _make_services(self, name: str) -> None:
        read, notify = gatt.Characteristic.Properties.READ, gatt.Characteristic.Properties.NOTIFY
        no_response = gatt.Characteristic.Properties.WRITE_WITHOUT_RESPONSE
        readable = gatt.Characteristic.Permissions.READABLE
        writeable = gatt.Characteristic.Permissions.WRITEABLE
        self._data = gatt.Characteristic[bytes](DATA_UUID, notify, readable, b"")
        info = gatt.Characteristic[bytes](
            INFO_UUID,
            read,
            readable,
            gatt.CharacteristicValue[bytes](read=lambda _connection: self.garment.info()),
        )
        self._smp = gatt.Characteristic[bytes](
            SMP_UUID,
            no_response | notify,
            writeable,
            gatt.CharacteristicValue[bytes](write=self._on_control),
        )
        schema = self.garment.schema
        texts = {
            gatt.GATT_MANUFACTURER_NAME_STRING_CHARACTERISTIC: schema.vendor,
            gatt.GATT_MODEL_NUMBER_STRING_CHARACTERISTIC: schema.name,
            gatt.GATT_SERIAL_NUMBER_STRING_CHARACTERISTIC: f"{self._serial:08x}",
            gatt.GATT_HARDWARE_REVISION_STRING_CHARACTERISTIC: schema.hw,
        }
        battery_pct = round(self.garment.faults.battery_pct)
        about = [
            gatt.Characteristic(uuid, read, readable, text.encode()) for uuid, text in texts.items()
        ]
        battery = gatt.Characteristic(
            gatt.GATT_BATTERY_LEVEL_CHARACTERISTIC, read, readable, bytes([battery_pct])
        )
        self._device.add_services(
            [
                gatt.Service(GARMENT_SERVICE_UUID, [self._data, info]),
                gatt.Service(SMP_SERVICE_UUID, [self._smp]),
                gatt.Service(gatt.GATT_DEVICE_INFORMATION_SERVICE, about),
                gatt.Service(gatt.GATT_BATTERY_SERVICE, [battery]),
            ]
        )
        for characteristic in (self._data, self._smp):
            characteristic.on(
                gatt.Characteristic.EVENT_SUBSCRIPTION,
                functools.partial(self._on_subscription, characteristic),
            )

    def _on_subscription(
        self,
        characteristic: gatt.Characteristic[bytes],
        _bearer: object,
        on: bool,
        _indicate: bool,
    ) -> None:
        if on:
            self._subscribed.add(characteristic)
        else:
            self._subscribed.discard(characteristic)

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        self._forget_link()
        connection.on(Connection.EVENT_DISCONNECTION, functools.partial(self._on_end, connection))

    def _on_end(self, connection: Connection, _reason: int) -> None:
        if connection is self._connection:
            self._connection = None
            self._forget_link()

    def _forget_link(self) -> None:
        self._assembler.reset()
        self._subscribed.clear()
        self.outlet.forget_link()

    def _on_control(self, _connection: Connection, value: bytes) -> None:
        for data in self._assembler(value):
            if not self.outlet.obey(data):
                self._assembler.reset()
                return

    async def open(self) -> None:
        """Power on and advertise; again after every disconnection."""
        await self._device.power_on()
        await self._device.start_advertising(
            auto_restart=True,
            advertising_data=advertising_bytes(self._serial),
            scan_response_data=bytes(
                core.AdvertisingData([(core.AdvertisingData.COMPLETE_LOCAL_NAME, b"Muslin")])
            ),
        )

    async def run(self) -> None:
        """Play until cancelled."""
        await self.outlet.run()

    async def cut(self) -> None:
        """End the link."""
        if self._connection is not None:
            await self._connection.disconnect()

    def set_range(self, *, is_near: bool) -> None:
        """Leave the range of the central, or come back."""
        self._link.set_range(self._controller, is_near=is_near)

    async def send_frame(self, frame: bytes) -> bool:
        """Notify one frame; returns whether it left."""
        return await self._notify(self._data, frame)

    async def send_control(self, message: bytes) -> None:
        """Notify a message, in pieces that fit."""
        await self._notify(self._smp, message)

    async def _notify(self, characteristic: gatt.Characteristic[bytes], data: bytes) -> bool:
        """Send a value in pieces that fit; the data plane's frames always are one piece."""
        connection = self._connection
        if connection is None or characteristic not in self._subscribed:
            return False
        size = self._payload_bytes
        if characteristic is self._data and len(data) > size:
            return False
        with contextlib.suppress(core.BaseBumbleError):
            for start in range(0, len(data), size):
                piece = data[start : start + size]
                await self._device.notify_subscriber(connection, characteristic, piece)
            return True
        return False

    def close(self) -> None:
        """Leave the air."""
        self._controller.leave()


def _address(serial: int) -> hci.Address:
    text = f"C0:4D:{serial >> 24 & 0xFF:02X}:{serial >> 16 & 0xFF:02X}:{serial >> 8 & 0xFF:02X}:"
    return hci.Address(text + f"{serial & 0xFF:02X}", hci.Address.RANDOM_DEVICE_ADDRESS)
