"""Device Information service, 180A: who made the sensor, and which one it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from firmware_bridge.events import Damaged

# Characteristic: attribute of `DeviceInformation`
TEXT_FIELDS: Mapping[int, str] = {
    0x2A24: "model",
    0x2A25: "serial",
    0x2A26: "firmware",
    0x2A27: "hardware",
    0x2A28: "software",
    0x2A29: "manufacturer",
}
_MAX_SIZE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInformation:
    """What a sensor says of itself; empty where it says nothing."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    hardware: str = ""
    firmware: str = ""
    software: str = ""


def decode_text(data: bytes, *, host_ns: int, epoch: int) -> str | Damaged:
    """Read a UTF-8 text; the padding with zeros that many sensors send is cut."""
    if len(data) > _MAX_SIZE:
        reason = f"text has {len(data)} bytes, wanted at most {_MAX_SIZE}"
        return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)
    try:
        return data.rstrip(b"\0").decode("utf-8").strip()
    except UnicodeDecodeError as error:
        reason = f"text of {len(data)} bytes is not UTF-8 at byte {error.start}"
        return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)


def decode_device_information(values: Mapping[int, bytes]) -> DeviceInformation:
    """Collect the texts that were read.

    Args:
        values: Bytes by the 16-bit number of the characteristic; damaged texts stay empty.
    """
    texts: dict[str, str] = {}
    for number, name in TEXT_FIELDS.items():
        text = decode_text(values.get(number, b""), host_ns=0, epoch=0)
        texts[name] = "" if isinstance(text, Damaged) else text
    return DeviceInformation(**texts)
