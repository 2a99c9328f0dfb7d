"""A garment over Bluetooth: find it, connect with a fresh client, carry its two planes.

Callbacks of the radio are synchronous and only hand bytes on. One scanner and one connect at a
time for each radio, since stacks refuse a second.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from firmware_bridge.control import SmpAssembler
from firmware_bridge.uuids import (
    DATA_UUID,
    GARMENT_SERVICE_UUID,
    INFO_UUID,
    SMP_SERVICE_UUID,
    SMP_UUID,
)
from wearables.ble.backends import backend_for, connect_turn
from wearables.ble.scanning import find_garment
from wearables.ble.settings import SupervisorSettings
from wearables.errors import LinkError

if TYPE_CHECKING:
    from bleak import BleakClient


class GattChannel:
    """The garment's services on a connected client."""

    def __init__(
        self, client: "BleakClient", *, rssi_dbm: int | None, for_notify: Mapping[str, Any]
    ) -> None:
        self._client = client
        self._for_notify = for_notify
        self._rssi_dbm = rssi_dbm
        self._assembler = SmpAssembler()

    @property
    def max_write_size(self) -> int:
        """Bytes of one write without response; the MTU is not reliable on every platform."""
        characteristic = self._client.services.get_characteristic(SMP_UUID)
        if characteristic is None:
            raise LinkError("the garment has no control characteristic")
        return characteristic.max_write_without_response_size

    async def open(
        self, on_data: Callable[[bytes], None], on_control: Callable[[bytes], None]
    ) -> None:
        """Subscribe to both planes."""

        def take_control(_sender: Any, piece: bytearray) -> None:
            for whole in self._assembler(bytes(piece)):
                on_control(whole)

        def take_data(_sender: Any, data: bytearray) -> None:
            on_data(bytes(data))

        await self._client.start_notify(SMP_UUID, take_control, **self._for_notify)
        await self._client.start_notify(DATA_UUID, take_data, **self._for_notify)

    async def write_control(self, message: bytes) -> None:
        """Send a message in pieces that fit."""
        size = self.max_write_size
        for start in range(0, len(message), size):
            piece = message[start : start + size]
            await self._client.write_gatt_char(SMP_UUID, piece, response=False)

    async def read_info(self) -> bytes:
        """Read the Info characteristic."""
        return bytes(await self._client.read_gatt_char(INFO_UUID))

    def rssi_dbm(self) -> int | None:
        """Strength of the advertisement that the garment was found by."""
        return self._rssi_dbm


@contextlib.asynccontextmanager
async def gatt_channel(
    uri: str,
    *,
    serial: int | None,
    settings: SupervisorSettings,
    connect_timeout_s: float,
    on_lost: Callable[[], None],
    on_found: Callable[[str, int | None], None],
) -> AsyncGenerator[GattChannel]:
    """Find a garment, connect, and disconnect whatever happens.

    Args:
        uri: Radio to use.
        serial: Which garment; the first one seen if nothing is said.
        settings: Patience.
        connect_timeout_s: Longest connect with discovery, once it is this garment's turn.
        on_lost: Called when the radio says that the link is gone.
        on_found: Called with address and serial number once it was seen.

    Raises:
        NotSeenError: If it does not advertise.
    """
    from bleak import BleakClient

    device, found = await find_garment(uri, serial=serial, timeout_s=settings.scan_timeout_s)
    on_found(found.address, found.serial)
    backend = backend_for(uri)
    # A fresh client each time: stale ones hang.
    client = BleakClient(
        device,
        lambda _client: on_lost(),
        # Looking into all services would double the time of a reconnect.
        services=[GARMENT_SERVICE_UUID, SMP_SERVICE_UUID],
        timeout=connect_timeout_s,
        **backend.for_client,
    )
    try:
        # The wait for a turn ends, since whoever has it is timed.
        async with connect_turn(uri), asyncio.timeout(connect_timeout_s):
            await client.connect()
        yield GattChannel(client, rssi_dbm=found.rssi_dbm, for_notify=backend.for_notify)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.operation_timeout_s):
                await client.disconnect()
