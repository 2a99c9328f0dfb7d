"""Find garments by what they advertise: service and serial number, never the address."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware_bridge.uuids import COMPANY_TEST, GARMENT_SERVICE_UUID
from wearables.ble.backends import backend_for
from wearables.ble.shared_scan import wait_for_device
from wearables.errors import LinkError

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

_FORMAT = 1
_MAKER_SIZE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGarment:
    """A garment in range.

    Attributes:
        address: Address, or what the platform shows instead of it.
        name: Advertised name, or the address.
        serial: Serial number.
        rssi_dbm: Strength of reception.
    """

    address: str
    name: str
    serial: int
    rssi_dbm: int


def serial_of(data: "AdvertisementData") -> int | None:
    """Serial number of a garment; nothing if something else advertises."""
    maker = data.manufacturer_data.get(COMPANY_TEST, b"")
    if GARMENT_SERVICE_UUID not in data.service_uuids:
        return None
    if len(maker) < _MAKER_SIZE or maker[0] != _FORMAT:
        return None
    return int.from_bytes(maker[2:6], "little")


def _found(device: "BLEDevice", data: "AdvertisementData") -> FoundGarment:
    return FoundGarment(
        address=device.address,
        name=data.local_name or device.name or device.address,
        serial=serial_of(data) or 0,
        rssi_dbm=data.rssi,
    )


async def scan(uri: str, *, timeout_s: float = 5.0) -> list[FoundGarment]:
    """Look for garments.

    Args:
        uri: Radio to use.
        timeout_s: How long.

    Returns:
        What was seen, the strongest first.

    Raises:
        LinkError: If the radio cannot be used.
    """
    from bleak import BleakScanner
    from bleak.exc import BleakError

    backend = backend_for(uri)
    try:
        seen = await BleakScanner.discover(
            timeout=timeout_s, return_adv=True, **backend.for_scanner
        )
    except BleakError as error:
        raise LinkError(str(error.args[0])) from error
    found = [_found(device, data) for device, data in seen.values() if serial_of(data) is not None]
    return sorted(found, key=lambda garment: -garment.rssi_dbm)


class NotSeenError(LinkError):
    """What was looked for did not advertise; it may at any moment."""


async def find_garment(
    uri: str, *, serial: int | None, timeout_s: float
) -> "tuple[BLEDevice, FoundGarment]":
    """Wait for one garment to advertise.

    Args:
        uri: Radio to use.
        serial: Which one; the first that comes if nothing is said.
        timeout_s: How long to wait.

    Returns:
        The device, and what it advertised.

    Raises:
        NotSeenError: If it was not seen.
    """

    def fits(_device: "BLEDevice", data: "AdvertisementData") -> bool:
        number = serial_of(data)
        return number is not None and serial in (None, number)

    seen = await wait_for_device(uri, fits, timeout_s=timeout_s)
    if seen is None:
        which = "no garment" if serial is None else f"no garment with serial {serial:08x}"
        raise NotSeenError(f"{which} was seen within {timeout_s:g} s on radio {uri}")
    device, data = seen
    return device, _found(device, data)
