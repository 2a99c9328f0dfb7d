"""The line to a Bluetooth controller: bumble's transports, with their trouble in words."""

import os
import socket

from bumble.transport import open_transport
from bumble.transport.common import Transport

from wearables.errors import LinkError

# Little waits in a socket: what this host has not read holds up the answers behind it.
_SOCKET_B = 65_536
_WANTED = {
    "tcp-client": "tcp-client:HOST:PORT",
    "serial": "serial:DEVICE",
    "usb": "usb:NUMBER or usb:VENDOR:PRODUCT",
    "hci-socket": "hci-socket:NUMBER",
}


async def open_hci(uri: str) -> Transport:
    """Open the transport that a radio's URI names.

    Raises:
        LinkError: If it cannot be opened; the sentence is the reason.
    """
    try:
        transport = await open_transport(uri)
    except TimeoutError:
        raise
    except Exception as error:
        # bumble and libusb raise what they like, bare exceptions included.
        raise LinkError(_reason(error, uri)) from error
    carrier = getattr(transport.sink, "transport", None)
    opened: socket.socket | None = carrier.get_extra_info("socket") if carrier else None
    if opened is not None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_B)
    return transport


def _reason(error: Exception, uri: str) -> str:
    kind = uri.partition(":")[0]
    if isinstance(error, ConnectionRefusedError):
        return "nobody answers there"
    if isinstance(error, socket.gaierror):
        return "no computer of that name is known"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    if isinstance(error, ValueError) and kind in _WANTED:
        return f"wanted {_WANTED[kind]}"
    if kind == "usb":
        return f"no such dongle, or no right to use it ({type(error).__name__})"
    return str(error) or type(error).__name__
