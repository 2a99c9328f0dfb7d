"""Advertising data, as bytes from the air, in the shape that bleak shows."""

from collections.abc import Iterable

from bleak.backends.scanner import AdvertisementData

_BASE_UUID_TAIL = "-0000-1000-8000-00805f9b34fb"
_AD_UUID_SIZES = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
_AD_SERVICE_DATA_SIZES = {0x16: 2, 0x20: 4, 0x21: 16}
_AD_NAMES = (0x08, 0x09)
_AD_TX_POWER, _AD_MANUFACTURER = 0x0A, 0xFF


def uuid_text(data: bytes) -> str:
    """UUID as bleak writes it, from its little-endian bytes."""
    number = data[::-1].hex()
    if len(data) < 16:
        return number.rjust(8, "0") + _BASE_UUID_TAIL
    return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


def parse_advertisement(
    structures: Iterable[tuple[int, bytes]], *, rssi_dbm: int
) -> AdvertisementData:
    """Read the fields that bleak shows to its users; what is too short is left out.

    Args:
        structures: Kind and content of each part.
        rssi_dbm: Strength of reception.
    """
    name: str | None = None
    tx_power: int | None = None
    uuids: list[str] = []
    manufacturer: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    for kind, data in structures:
        if kind in _AD_NAMES:
            name = data.decode("utf-8", errors="replace")
        elif kind == _AD_TX_POWER and data:
            tx_power = int.from_bytes(data[:1], "little", signed=True)
        elif kind == _AD_MANUFACTURER and len(data) >= 2:
            manufacturer[int.from_bytes(data[:2], "little")] = data[2:]
        elif size := _AD_UUID_SIZES.get(kind):
            starts = range(0, len(data) - size + 1, size)
            uuids += [uuid_text(data[start : start + size]) for start in starts]
        elif size := _AD_SERVICE_DATA_SIZES.get(kind):
            service_data[uuid_text(data[:size])] = data[size:]
    return AdvertisementData(
        local_name=name,
        manufacturer_data=manufacturer,
        service_data=service_data,
        service_uuids=uuids,
        tx_power=tx_power,
        rssi=rssi_dbm,
        platform_data=(),
    )
