"""Devices that are no garments: connect, read, write, subscribe.

The one door to bleak for sensors that a lab already owns. All trouble is a `LinkError`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from wearables.ble.backends import backend_for, connect_turn
from wearables.ble.trouble import as_link_errors
from wearables.errors import LinkError

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.device import BLEDevice


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
        with as_link_errors(f"reading {uuid}"):
            async with asyncio.timeout(self._timeout_s):
                return bytes(await self._client.read_gatt_char(self._characteristic(uuid)))

    async def write(self, uuid: str, data: bytes) -> None:
        """Write a characteristic, with a response where the device offers one."""
        with as_link_errors(f"writing {uuid}"):
            item = self._characteristic(uuid)
            async with asyncio.timeout(self._timeout_s):
                await self._client.write_gatt_char(item, data, response="write" in item.properties)

    async def subscribe(self, uuid: str, callback: Callable[[bytes], None]) -> None:
        """Hand every value of a characteristic to a callback that neither waits nor raises."""

        def take(_sender: Any, data: bytearray) -> None:
            callback(bytes(data))

        with as_link_errors(f"subscribing to {uuid}"):
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
        with as_link_errors(f"connecting to {device.address}"):
            async with connect_turn(uri), asyncio.timeout(connect_timeout_s):
                await client.connect()
        yield link
    finally:
        with contextlib.suppress(LinkError), as_link_errors("disconnecting"):
            async with asyncio.timeout(timeout_s):
                await client.disconnect()
