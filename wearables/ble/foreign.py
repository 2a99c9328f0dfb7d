"""Devices that are no garments: find them, connect, read, write, subscribe.

The one door to bleak for sensors that a lab already owns. All trouble is a `LinkError`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wearables.ble.backends import backend_for, connect_turn, radio_held
from wearables.ble.scanning import NotSeenError, serial_of
from wearables.ble.shared_scan import wait_for_device
from wearables.errors import LinkError

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDevice:
    """A device in range.

    Attributes:
        address: Address, or what the platform shows instead of it.
        name: Advertised name; empty if it has none.
        rssi_dbm: Strength of reception.
        service_uuids: Services that it advertises.
        serial: Serial number, of a garment only.
    """

    address: str
    name: str
    rssi_dbm: int
    service_uuids: tuple[str, ...]
    serial: int | None


@contextlib.contextmanager
def _as_link_errors(what: str) -> Iterator[None]:
    from bleak.exc import BleakError

    try:
        yield
    except LinkError:
        raise
    except BleakError as error:
        text = str(error.args[0]) if error.args else type(error).__name__
        raise LinkError(text if text.startswith(what) else f"{what}: {text}") from error
    except TimeoutError as error:
        raise LinkError(f"{what}: no answer in time") from error
    except FileNotFoundError as error:
        # The socket of the platform's own stack is not there.
        text = "this computer's Bluetooth service does not run (Linux: bluetoothd and its D-Bus)"
        raise LinkError(f"{what}: {text}") from error
    except OSError as error:
        raise LinkError(f"{what}: {(error.strerror or str(error)).lower()}") from error


def _found(device: "BLEDevice", data: "AdvertisementData") -> FoundDevice:
    return FoundDevice(
        address=device.address,
        name=data.local_name or device.name or "",
        rssi_dbm=data.rssi,
        service_uuids=tuple(data.service_uuids),
        serial=serial_of(data),
    )


async def scan_devices(uri: str, *, timeout_s: float = 5.0) -> list[FoundDevice]:
    """Look for everything that advertises.

    Args:
        uri: Radio to use.
        timeout_s: How long.

    Returns:
        What was seen, the strongest first.

    Raises:
        LinkError: If the radio cannot be used.
    """
    from bleak import BleakScanner

    with _as_link_errors(f"radio {uri} cannot scan"):
        seen = await BleakScanner.discover(
            timeout=timeout_s, return_adv=True, **backend_for(uri).for_scanner
        )
    found = [_found(device, data) for device, data in seen.values()]
    return sorted(found, key=lambda device: (-device.rssi_dbm, device.address))


async def find_device(
    uri: str, fits: Callable[[FoundDevice], bool], *, timeout_s: float
) -> "BLEDevice":
    """Wait for a device that fits.

    Raises:
        NotSeenError: If none was seen.
        LinkError: If the radio cannot scan.
    """
    with _as_link_errors(f"radio {uri} cannot scan"):
        seen = await wait_for_device(
            uri, lambda device, data: fits(_found(device, data)), timeout_s=timeout_s
        )
    if seen is None:
        raise NotSeenError(f"no device that fits was seen within {timeout_s:g} s on radio {uri}")
    return seen[0]


class DeviceLink:
    """An open link to a device."""

    def __init__(
        self, client: "BleakClient", *, timeout_s: float, for_notify: Mapping[str, Any]
    ) -> None:
        self._client = client
        self._for_notify = for_notify
        self._timeout_s = timeout_s
        self.lost = asyncio.Event()

    @property
    def mtu(self) -> int:
        """ATT MTU."""
        return self._client.mtu_size

    @property
    def service_uuids(self) -> frozenset[str]:
        """Services of the device."""
        return frozenset(service.uuid for service in self._client.services)

    def has(self, uuid: str) -> bool:
        """Whether the device has a characteristic."""
        return any(
            item.uuid == uuid
            for service in self._client.services
            for item in service.characteristics
        )

    def _characteristic(self, uuid: str) -> "BleakGATTCharacteristic":
        found = self._client.services.get_characteristic(uuid)
        if found is None:
            raise LinkError(f"the device has no characteristic {uuid}")
        return found

    async def read(self, uuid: str) -> bytes:
        """Read a characteristic."""
        with _as_link_errors(f"reading {uuid}"):
            async with asyncio.timeout(self._timeout_s):
                return bytes(await self._client.read_gatt_char(self._characteristic(uuid)))

    async def write(self, uuid: str, data: bytes) -> None:
        """Write a characteristic, with a response where the device offers one."""
        with _as_link_errors(f"writing {uuid}"):
            item = self._characteristic(uuid)
            async with asyncio.timeout(self._timeout_s):
                await self._client.write_gatt_char(item, data, response="write" in item.properties)

    async def subscribe(self, uuid: str, callback: Callable[[bytes], None]) -> None:
        """Hand every value of a characteristic to a callback that neither waits nor raises."""

        def take(_sender: Any, data: bytearray) -> None:
            callback(bytes(data))

        with _as_link_errors(f"subscribing to {uuid}"):
            async with asyncio.timeout(self._timeout_s):
                item = self._characteristic(uuid)
                await self._client.start_notify(item, take, **self._for_notify)


@contextlib.asynccontextmanager
async def connected(
    uri: str, device: "BLEDevice", *, connect_timeout_s: float, timeout_s: float
) -> AsyncGenerator[DeviceLink]:
    """Connect with a fresh client, and disconnect whatever happens.

    Args:
        uri: Radio to use.
        device: What a scan has found.
        connect_timeout_s: Longest connect with discovery.
        timeout_s: Longest read, write or subscription.

    Raises:
        LinkError: If it cannot be connected.
    """
    from bleak import BleakClient

    backend = backend_for(uri)
    client = BleakClient(
        device,
        lambda _client: link.lost.set(),
        timeout=connect_timeout_s,
        **backend.for_client,
    )
    link = DeviceLink(client, timeout_s=timeout_s, for_notify=backend.for_notify)
    try:
        with _as_link_errors(f"connecting to {device.address}"):
            async with connect_turn(uri), asyncio.timeout(connect_timeout_s):
                await client.connect()
        yield link
    finally:
        with contextlib.suppress(LinkError), _as_link_errors("disconnecting"):
            async with asyncio.timeout(timeout_s):
                await client.disconnect()


@contextlib.asynccontextmanager
async def radio_open(uri: str) -> AsyncGenerator[None]:
    """Keep the radio open between scans and links.

    Raises:
        LinkError: If it cannot be opened.
    """
    async with contextlib.AsyncExitStack() as stack:
        with _as_link_errors(f"radio {uri} cannot be opened"):
            await stack.enter_async_context(radio_held(uri))
        yield
