"""What is in range: garments, known by service and serial number, and devices of other makers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware_bridge.uuids import COMPANY_TEST, GARMENT_SERVICE_UUID
from wearables.ble.backends import backend_for
from wearables.ble.shared_scan import wait_for_device
from wearables.ble.trouble import as_link_errors
from wearables.errors import LinkError

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

_FORMAT = 1
_MAKER_SIZE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDevice:
    """A device in range; a garment if it has a serial number.

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


class NotSeenError(LinkError):
    """What was looked for did not advertise; it may at any moment."""


def serial_of(data: "AdvertisementData") -> int | None:
    """Serial number of a garment; nothing if something else advertises."""
    maker = data.manufacturer_data.get(COMPANY_TEST, b"")
    if GARMENT_SERVICE_UUID not in data.service_uuids:
        return None
    if len(maker) < _MAKER_SIZE or maker[0] != _FORMAT:
        return None
    return int.from_bytes(maker[2:6], "little")


def _found(device: "BLEDevice", data: "AdvertisementData") -> FoundDevice:
    return FoundDevice(
        address=device.address,
        name=data.local_name or device.name or "",
        rssi_dbm=data.rssi,
        service_uuids=tuple(data.service_uuids),
        serial=serial_of(data),
    )


async def scan(uri: str, *, timeout_s: float = 5.0) -> list[FoundDevice]:
    """Look for everything that advertises; garments are those with a serial number.

    Args:
        uri: Radio to use.
        timeout_s: How long.

    Returns:
        What was seen, the strongest first.

    Raises:
        LinkError: If the radio cannot be used.
    """
    from bleak import BleakScanner

    with as_link_errors(f"radio {uri} cannot scan"):
        seen = await BleakScanner.discover(
            timeout=timeout_s, return_adv=True, **backend_for(uri).for_scanner
        )
    found = [_found(device, data) for device, data in seen.values()]
    return sorted(found, key=lambda device: (-device.rssi_dbm, device.address))


async def find_device(
    uri: str, fits: Callable[[FoundDevice], bool], *, timeout_s: float
) -> "tuple[BLEDevice, FoundDevice]":
    """Wait for a device that fits.

    Args:
        uri: Radio to use.
        fits: Whether a device is the one.
        timeout_s: How long to wait.

    Returns:
        The device, and what it advertised.

    Raises:
        NotSeenError: If none was seen.
        LinkError: If the radio cannot scan.
    """
    with as_link_errors(f"radio {uri} cannot scan"):
        return await _seen(uri, fits, timeout_s=timeout_s, words="device that fits")


async def find_garment(
    uri: str, *, serial: int | None, timeout_s: float
) -> "tuple[BLEDevice, FoundDevice]":
    """Wait for one garment to advertise; the first that comes if no serial number is given.

    Trouble of the radio comes as it is: whoever keeps the link tells a radio that is switched off
    from one that failed once.

    Raises:
        NotSeenError: If it was not seen.
        BleakError: If the radio cannot scan.
        TimeoutError: If it does not start to.
    """
    return await _seen(
        uri,
        lambda found: found.serial is not None and serial in (None, found.serial),
        timeout_s=timeout_s,
        words="garment" if serial is None else f"garment with serial {serial:08x}",
    )


async def _seen(
    uri: str, fits: Callable[[FoundDevice], bool], *, timeout_s: float, words: str
) -> "tuple[BLEDevice, FoundDevice]":
    seen = await wait_for_device(
        uri, lambda device, data: fits(_found(device, data)), timeout_s=timeout_s
    )
    if seen is None:
        raise NotSeenError(f"no {words} was seen within {timeout_s:g} s on radio {uri}")
    device, data = seen
    return device, _found(device, data)
