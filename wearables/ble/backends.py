"""Which bleak backend a URI means: the platform's, or ours over bumble."""

from typing import Any

from wearables.errors import LinkError

BUMBLE_SCHEMES = ("tcp-client", "usb", "serial", "hci-socket")


def backend_for(uri: str) -> tuple[type[Any] | None, type[Any] | None, dict[str, Any]]:
    """Choose scanner class, client class and their extra arguments.

    Args:
        uri: ``os:``, ``os:hci1``, ``tcp-client:HOST:PORT``, ``usb:0``, ``serial:/dev/ttyACM0``
            or ``hci-socket:0``.

    Raises:
        LinkError: If the URI is none of these.
    """
    scheme, _, rest = uri.partition(":")
    if scheme == "os":
        return None, None, {"bluez": {"adapter": rest}} if rest else {}
    if scheme in BUMBLE_SCHEMES and rest:
        from wearables.ble.bumble_backend import BleakClientBumble, BleakScannerBumble

        return BleakScannerBumble, BleakClientBumble, {"uri": uri}
    known = ", ".join(f"{name}:…" for name in ("sim", "os", *BUMBLE_SCHEMES))
    raise LinkError(f"garment address {uri!r} is not understood; wanted one of {known}")
