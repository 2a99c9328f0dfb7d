"""A bleak backend over bumble: a whole Bluetooth host in Python.

It drives virtual controllers and real HCI dongles alike. One `BumbleRadio` per event loop and URI;
whoever scans or connects holds it, and the last one closes it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.exc import (
    BleakDeviceNotFoundError,
    BleakError,
)
from bumble import hci
from bumble.device import Advertisement, Connection, Device

from wearables.ble.advertisement import parse_advertisement
from wearables.ble.bumble_radio import BumbleRadio, as_bleak_errors
from wearables.ble.services import discover_services

logger = logging.getLogger(__name__)

MTU = 247
# A command that is given up while the radio hangs has a late answer, which confuses the next one.
_DISCONNECT_TIMEOUT_S = 5.0
# Who is connected was heard a moment ago, and whoever else wants the radio waits meanwhile.
_REACH_S = 2.0
# A device that left while the link was made never answers, and its end of the link never ends.
_FIRST_ANSWER_S = 1.5


class BleakScannerBumble(BaseBleakScanner):
    """Scanner; arguments as bleak passes them, and ``radio_uri``."""

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        *,
        radio_uri: str,
        **_platform: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._radio_uri = radio_uri
        self._radio: BumbleRadio | None = None

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        radio = await BumbleRadio.acquire(self._radio_uri)
        radio.device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        self._radio = radio
        try:
            await radio.start_scanning()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop scanning."""
        radio, self._radio = self._radio, None
        if radio is None:
            return
        radio.device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        try:
            await radio.stop_scanning()
        finally:
            await radio.release()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        data = parse_advertisement(advertisement.data.ad_structures, rssi_dbm=advertisement.rssi)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False).upper()
        device = self.create_or_update_device(
            address, address, data.local_name, advertisement.address, data
        )
        self.call_detection_callbacks(device, data)


class BleakClientBumble(BaseBleakClient):
    """Client; arguments as bleak passes them, and ``radio_uri``.

    With ``services`` it looks into those only, which saves most round trips of a connect.
    """

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        radio_uri: str,
        disconnected_callback: Callable[[], None] | None = None,
        timeout: float = 10.0,
        services: set[str] | None = None,
        **_platform: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout
        )
        self._wanted = services
        self._radio_uri = radio_uri
        self._radio: BumbleRadio | None = None
        self._connection: Connection | None = None
        is_device = isinstance(address_or_ble_device, BLEDevice)
        self._target = address_or_ble_device.details if is_device else None
        self._name = (address_or_ble_device.name if is_device else None) or self.address
        self._notified: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """Advertised name, or the address."""
        return self._name

    @property
    def mtu_size(self) -> int:
        """Agreed ATT MTU."""
        return self._connection.att_mtu if self._connection is not None else 23

    @property
    def is_connected(self) -> bool:
        """Whether the link is up, as far as the radio knows."""
        return self._connection is not None

    def _link(self) -> Connection:
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection

    async def connect(self, pair: bool, **_kwargs: Any) -> None:
        """Connect and discover services; any failure leaves no link behind."""
        if pair:
            logger.warning("pairing is not supported by this radio, going on without")
        self._radio = radio = await BumbleRadio.acquire(self._radio_uri)
        try:
            if not isinstance(self._target, hci.Address):
                self._target = await self._find()
            limit_s = min(self._timeout, _REACH_S)
            self._connection = await radio.connect(self._target, timeout_s=limit_s)
            await self._learn(radio, self._connection)
        except BaseException:
            await self.disconnect()
            raise

    async def _learn(self, radio: BumbleRadio, connection: Connection) -> None:
        """Watch a fresh link, agree on the MTU, discover services."""
        radio.clients.add(self)
        connection.on(Connection.EVENT_DISCONNECTION, lambda _reason: self.on_link_end())
        if not radio.holds(connection):
            # It ended before anybody could listen to that, and nothing will say so again.
            raise BleakError("disconnected")
        with as_bleak_errors():
            async with asyncio.timeout(min(self._timeout, _FIRST_ANSWER_S)):
                await connection.gatt_client.request_mtu(MTU)
            async with asyncio.timeout(self._timeout):
                self.services = await discover_services(
                    connection.gatt_client, lambda: self.mtu_size - 3, self._wanted
                )

    async def _find(self) -> hci.Address:
        """Look for the address, because its type must be known."""
        found: asyncio.Future[hci.Address] = asyncio.get_running_loop().create_future()

        def see(device: BLEDevice, _data: AdvertisementData) -> None:
            if device.address == self.address.upper() and not found.done():
                found.set_result(device.details)

        scanner = BleakScannerBumble(see, None, "active", radio_uri=self._radio_uri)
        await scanner.start()
        try:
            async with asyncio.timeout(self._timeout):
                return await found
        except TimeoutError:
            raise BleakDeviceNotFoundError(
                self.address, f"{self.address} was not seen within {self._timeout:g} s"
            ) from None
        finally:
            await scanner.stop()

    def on_link_end(self) -> None:
        """The link is gone: fail what waits on it, and tell the user."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.gatt_client.on_disconnection()
        if self._radio is not None:
            self._radio.clients.discard(self)
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """End the link and let the radio go."""
        connection, self._connection = self._connection, None
        radio, self._radio = self._radio, None
        if radio is None:
            return
        radio.clients.discard(self)
        try:
            if connection is not None and radio.is_alive and radio.holds(connection):
                with contextlib.suppress(BleakError, TimeoutError), as_bleak_errors():
                    async with asyncio.timeout(_DISCONNECT_TIMEOUT_S):
                        await connection.disconnect()
        finally:
            await radio.release()

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        """Not supported."""
        raise NotImplementedError("this radio cannot pair")

    async def unpair(self) -> None:
        """Not supported."""
        raise NotImplementedError("this radio cannot pair")

    async def _read(self, handle: int) -> bytearray:
        with as_bleak_errors():
            return bytearray(await self._link().gatt_client.read_value(handle))

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,
        **_kwargs: Any,
    ) -> bytearray:
        """Read a characteristic; nothing is cached."""
        return await self._read(characteristic.obj.handle)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        """Read a descriptor; nothing is cached."""
        return await self._read(descriptor.obj.handle)

    async def _write(self, handle: int, data: SizedBuffer, *, response: bool) -> None:
        with as_bleak_errors():
            await self._link().gatt_client.write_value(handle, bytes(data), response)

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a characteristic."""
        await self._write(characteristic.obj.handle, data, response=response)

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        """Write a descriptor."""
        await self._write(descriptor.obj.handle, data, response=True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        """Subscribe; the callback gets every value as it arrives."""

        def forward(value: bytes) -> None:
            callback(bytearray(value))

        self._notified[characteristic.handle] = forward
        with as_bleak_errors():
            await self._link().gatt_client.subscribe(characteristic.obj, forward)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """End a subscription."""
        forward = self._notified.pop(characteristic.handle, None)
        with as_bleak_errors():
            await self._link().gatt_client.unsubscribe(characteristic.obj, forward)
