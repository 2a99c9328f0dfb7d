"""UUIDs and advertising of the garment link; both sides of the radio read them here."""

GARMENT_SERVICE = "7a1e0001-5b0d-4c3e-9f52-1d6c0a77e001"
DATA = "7a1e0002-5b0d-4c3e-9f52-1d6c0a77e001"
INFO = "7a1e0003-5b0d-4c3e-9f52-1d6c0a77e001"
SMP_SERVICE = "8d53dc1d-1db7-4cd3-868b-8a527460aa84"
SMP = "da2e7828-fbce-4e01-ae9e-261174997c48"

TEST_COMPANY = 0xFFFF
MAX_MTU = 247


def manufacturer_data(serial: int, *, flags: int = 0) -> bytes:
    """Advertised after the company: format, flags, serial number."""
    return bytes([1, flags]) + serial.to_bytes(4, "little")


def serial_of(data: bytes) -> int | None:
    """Serial number in advertised manufacturer data; nothing when it is of another format."""
    if len(data) != 6 or data[0] != 1:
        return None
    return int.from_bytes(data[2:], "little")
