"""A bleak backend over bumble: real HCI, L2CAP, ATT and GATT without the platform's Bluetooth.

Serves virtual garments (HCI over TCP) and HCI dongles. One radio per event loop and URI is shared
by scanners and clients, and closed when the last of them lets go.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from bumble import att, core, hci
from bumble.core import AdvertisingData
from bumble.device import Device, Peer
from bumble.transport import open_transport

logger = logging.getLogger(__name__)

MTU = 247
OPEN_TIMEOUT_S = 10.0
_HOST_ADDRESS = "F0:F0:F0:F0:F0:F0"
_BASE_UUID_TAIL = "-0000-1000-8000-00805f9b34fb"


class BumbleRadio:
    """One bumble host on one HCI transport, shared by whoever uses the URI."""

    _open: dict[tuple[int, str], "BumbleRadio"] = {}  # noqa: RUF012 - one registry on purpose

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._users = 0
        self._ready = asyncio.Lock()
        self._transport: Any = None
        self.device: Any = None
        self.connecting = asyncio.Lock()
        self.links: set[BleakClientBumble] = set()

    @classmethod
    async def acquire(cls, uri: str) -> "BumbleRadio":
        """Open the radio, or share the open one.

        Raises:
            BleakBluetoothNotAvailableError: If the transport cannot be opened.
        """
        key = (id(asyncio.get_running_loop()), uri)
        radio = cls._open.setdefault(key, cls(uri))
        radio._users += 1
        try:
            async with radio._ready:
                if radio.device is None:
                    await radio._power_on()
        except BaseException:
            await radio.release()
            raise
        return radio

    async def _power_on(self) -> None:
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                self._transport = await open_transport(self._uri)
                device = Device.with_hci(
                    "Muslin host",
                    hci.Address(_HOST_ADDRESS),
                    self._transport.source,
                    self._transport.sink,
                )
                await device.power_on()
        except (OSError, TimeoutError, core.BaseBumbleError) as error:
            raise BleakBluetoothNotAvailableError(
                f"no Bluetooth controller answers at {self._uri}: {error}",
                BleakBluetoothNotAvailableReason.NO_BLUETOOTH,
            ) from error
        self.device = device
        self._transport.source.terminated.add_done_callback(self._on_terminated)

    def _on_terminated(self, _: asyncio.Future[None]) -> None:
        """The HCI transport ended: every link on it has ended too."""
        for client in tuple(self.links):
            client.on_link_ended()

    async def release(self) -> None:
        """Let go; the last one closes the radio."""
        self._users -= 1
        if self._users > 0:
            return
        for key, radio in list(self._open.items()):
            if radio is self:
                del self._open[key]
        if self._transport is not None:
            await self._transport.close()


@contextlib.contextmanager
def _bleak_errors() -> Iterator[None]:
    """Say bumble's errors in bleak's words."""
    try:
        yield
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(error.error_code) from error
    except core.TimeoutError as error:
        raise TimeoutError(str(error)) from error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling() == 0:
            # bumble cancels what waits on a link that ends; nobody cancelled us.
            raise BleakError("disconnected") from None
        raise
    except (core.BaseBumbleError, hci.HCI_Error) as error:
        raise BleakError(str(error)) from error


class BleakScannerBumble(BaseBleakScanner):
    """Scan through a bumble radio."""

    def __init__(
        self,
        detection_callback: Any,
        service_uuids: list[str] | None,
        scanning_mode: str = "active",
        *,
        uri: str,
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._uri = uri
        self._active = scanning_mode == "active"
        self._radio: BumbleRadio | None = None

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        self._radio = await BumbleRadio.acquire(self._uri)
        self._radio.device.on("advertisement", self._on_advertisement)
        with _bleak_errors():
            await self._radio.device.start_scanning(active=self._active)

    async def stop(self) -> None:
        """Stop scanning."""
        if self._radio is None:
            return
        radio, self._radio = self._radio, None
        radio.device.remove_listener("advertisement", self._on_advertisement)
        try:
            with _bleak_errors():
                await radio.device.stop_scanning()
        finally:
            await radio.release()

    def _on_advertisement(self, advertisement: Any) -> None:
        fields = advertisement.data
        name = fields.get(AdvertisingData.COMPLETE_LOCAL_NAME)
        maker = fields.get(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
        data = AdvertisementData(
            local_name=name if isinstance(name, str) else None,
            manufacturer_data={maker[0]: bytes(maker[1])} if maker else {},
            service_data={},
            service_uuids=_service_uuids(fields),
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(advertisement,),
        )
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = str(advertisement.address).split("/")[0]
        device = self.create_or_update_device(
            address, address, data.local_name, advertisement.address, data
        )
        self.call_detection_callbacks(device, data)


def _service_uuids(fields: Any) -> list[str]:
    found: list[str] = []
    for kind in (
        AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    ):
        for uuids in fields.get_all(kind):
            found.extend(_uuid_text(uuid) for uuid in uuids)
    return found


def _uuid_text(uuid: Any) -> str:
    """Lower-case 128-bit text, as bleak wants it."""
    text = uuid.to_hex_str("-").lower()
    return f"0000{text}{_BASE_UUID_TAIL}" if len(text) == 4 else text


class BleakClientBumble(BaseBleakClient):
    """A GATT client through a bumble radio."""

    def __init__(self, address_or_ble_device: BLEDevice | str, *, uri: str, **options: Any) -> None:
        super().__init__(address_or_ble_device, **options)
        self._uri = uri
        known = isinstance(address_or_ble_device, BLEDevice)
        self._peer_address: Any = address_or_ble_device.details if known else None
        self._radio: BumbleRadio | None = None
        self._connection: Any = None
        self._peer: Any = None

    @property
    def name(self) -> str:
        """Address; a name is not always known."""
        return self.address

    @property
    def mtu_size(self) -> int:
        """Negotiated MTU."""
        return self._connection.att_mtu if self._connection else 23

    @property
    def is_connected(self) -> bool:
        """Whether the link is up."""
        return self._connection is not None

    async def connect(self, pair: bool = False, **_: Any) -> None:
        """Connect, ask for the MTU, discover everything."""
        radio = await BumbleRadio.acquire(self._uri)
        try:
            address = self._peer_address or hci.Address(self.address)
            async with radio.connecting, asyncio.timeout(self._timeout):
                with _bleak_errors():
                    self._connection = await radio.device.connect(address, timeout=None)
                    self._radio = radio
                    radio.links.add(self)
                    self._connection.on("disconnection", lambda _: self.on_link_ended())
                    self._peer = Peer(self._connection)
                    await self._peer.request_mtu(MTU)
                    self.services = await self._discover()
        except TimeoutError as error:
            await self._abandon(radio)
            raise BleakDeviceNotFoundError(
                self.address, f"{self.address} did not answer within {self._timeout:g} s"
            ) from error
        except BaseException:
            await self._abandon(radio)
            raise

    async def _abandon(self, radio: BumbleRadio) -> None:
        """Undo a half-made link."""
        connection, self._connection, self._radio = self._connection, None, None
        radio.links.discard(self)
        if connection is not None:
            with contextlib.suppress(core.BaseBumbleError, TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(2.0):
                    await connection.disconnect()
        await radio.release()

    async def _discover(self) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in await self._peer.discover_services():
            ours = BleakGATTService(service, service.handle, _uuid_text(service.uuid))
            collection.add_service(ours)
            for item in await self._peer.discover_characteristics(service=service):
                characteristic = BleakGATTCharacteristic(
                    item,
                    item.handle,
                    _uuid_text(item.uuid),
                    _property_names(item.properties),
                    lambda: self.mtu_size - 3,
                    ours,
                )
                collection.add_characteristic(characteristic)
                for found in await self._peer.discover_descriptors(item):
                    descriptor = BleakGATTDescriptor(
                        found, found.handle, _uuid_text(found.type), characteristic
                    )
                    collection.add_descriptor(descriptor)
        return collection

    def on_link_ended(self) -> None:
        """The link is gone; tell whoever wants to know, once."""
        if self._connection is None:
            return
        self._connection = None
        if self._radio is not None:
            self._radio.links.discard(self)
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        """End the link and let go of the radio."""
        radio, self._radio = self._radio, None
        if radio is None:
            return
        try:
            if self._connection is not None:
                with contextlib.suppress(BleakError, TimeoutError), _bleak_errors():
                    async with asyncio.timeout(5.0):
                        await self._connection.disconnect()
            self.on_link_ended()
            radio.links.discard(self)
        finally:
            await radio.release()

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        """Not offered yet."""
        raise NotImplementedError("pairing through the bumble backend is not implemented")

    async def unpair(self) -> None:
        """Not offered yet."""
        raise NotImplementedError("pairing through the bumble backend is not implemented")

    def _live_peer(self) -> Any:
        if self._connection is None:
            raise BleakError("disconnected")
        return self._peer.gatt_client

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        """Read a characteristic."""
        with _bleak_errors():
            return bytearray(await self._live_peer().read_value(characteristic.obj))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        """Read a descriptor."""
        with _bleak_errors():
            return bytearray(await self._live_peer().read_value(descriptor.obj))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        """Write a characteristic."""
        with _bleak_errors():
            await self._live_peer().write_value(
                characteristic.obj, bytes(data), with_response=response
            )

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        """Write a descriptor."""
        with _bleak_errors():
            await self._live_peer().write_value(descriptor.obj, bytes(data), with_response=True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: Any, **_: Any
    ) -> None:
        """Subscribe."""
        with _bleak_errors():
            await self._live_peer().subscribe(
                characteristic.obj, lambda value: callback(bytearray(value))
            )

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        with _bleak_errors():
            await self._live_peer().unsubscribe(characteristic.obj)


def _property_names(properties: Any) -> list[Any]:
    """Bleak's names of the properties that are set."""
    flags: Any = type(properties)
    return [
        flag.name.lower().replace("_", "-") for flag in flags if flag in properties and flag.name
    ]
