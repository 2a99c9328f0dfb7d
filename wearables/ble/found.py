"""A garment that a scan has found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGarment:
    """What a garment advertises.

    Attributes:
        address: Address of this platform; identify by serial, not by address.
        serial: Serial number.
        rssi_dbm: Received signal strength.
        name: Name, where the platform shows it.
    """

    address: str
    serial: int
    rssi_dbm: int
    name: str | None
