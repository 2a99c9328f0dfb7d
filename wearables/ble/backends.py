"""Which radio a URI names.

| URI | radio |
|---|---|
| ``os:`` or ``os:hci1`` | the platform's own, by an adapter |
| ``os:?notify=acquire`` or ``os:hci1?notify=start`` | the same on Linux, by another call of BlueZ |
| ``sim:`` | virtual, in this process |
| ``tcp-client:HOST:PORT`` | virtual, in a simulator's process |
| ``usb:0``, ``serial:...``, ``hci-socket:0`` | a dongle, driven without the platform's stack |

BlueZ hands notifications on by D-Bus signals (``start``, bleak's default: any number of listeners,
and reads of the same characteristic come as notifications too) or through a socket (``acquire``:
fewer copies, one listener).

Garments on a wire have URIs too, see `wearables.ble.dialling`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from wearables.errors import LinkError

if TYPE_CHECKING:
    from bleak.backends.client import BaseBleakClient
    from bleak.backends.scanner import BaseBleakScanner

_turns: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]]" = (
    WeakKeyDictionary()
)

_NOTIFY = {"notify=start": True, "notify=acquire": False}
_PREFIXES = ("sim", "tcp-client", "usb", "serial", "hci-socket")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Classes and arguments for bleak.

    Attributes:
        scanner: Class for ``BleakScanner(backend=...)``; nothing for the platform's.
        client: Class for ``BleakClient(backend=...)``; nothing for the platform's.
        arguments: Further keyword arguments of both.
        for_notify: Keyword arguments of ``start_notify``.
    """

    scanner: "type[BaseBleakScanner] | None"
    client: "type[BaseBleakClient] | None"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    for_notify: Mapping[str, Any] = field(default_factory=dict)

    @property
    def for_scanner(self) -> dict[str, Any]:
        """Keyword arguments of ``BleakScanner``."""
        return {"backend": self.scanner, **self.arguments}

    @property
    def for_client(self) -> dict[str, Any]:
        """Keyword arguments of ``BleakClient``."""
        return {"backend": self.client, **self.arguments}


def backend_for(uri: str) -> Backend:
    """Find the radio that a URI names.

    Raises:
        LinkError: If the URI names none.
    """
    kind, _, rest = uri.partition(":")
    if kind == "os":
        return _platform(uri, rest)
    if kind not in _PREFIXES:
        known = ", ".join(f"{prefix}:" for prefix in ("os", *_PREFIXES))
        raise LinkError(f"radio {uri!r} is not known; it must start with one of {known}")
    from wearables.ble.bumble_backend import BleakClientBumble, BleakScannerBumble

    return Backend(
        scanner=BleakScannerBumble, client=BleakClientBumble, arguments={"radio_uri": uri}
    )


def _platform(uri: str, rest: str) -> Backend:
    adapter, _, option = rest.partition("?")
    arguments = {"bluez": {"adapter": adapter}} if adapter else {}
    if not option:
        return Backend(scanner=None, client=None, arguments=arguments)
    if option not in _NOTIFY:
        known = " or ".join(_NOTIFY)
        raise LinkError(f"option {option!r} of radio {uri!r} is not known; wanted {known}")
    return Backend(
        scanner=None, client=None, arguments=arguments,
        for_notify={"bluez": {"use_start_notify": _NOTIFY[option]}},
    )  # fmt: skip


@contextlib.asynccontextmanager
async def radio_held(uri: str) -> AsyncGenerator[None]:
    """Keep the radio open between scans and links; the platform's own needs nothing."""
    if uri.partition(":")[0] == "os":
        yield
        return
    backend_for(uri)
    from wearables.ble.bumble_radio import BumbleRadio

    radio = await BumbleRadio.acquire(uri)
    try:
        yield
    finally:
        await radio.release()


def connect_turn(uri: str) -> asyncio.Lock:
    """Lock of a radio, since stacks refuse a second connect while one is being made."""
    turns = _turns.setdefault(asyncio.get_running_loop(), {})
    return turns.setdefault(radio_of(uri), asyncio.Lock())


def radio_of(uri: str) -> str:
    """The radio itself, without options: two ways to use it share its scanner and its turns."""
    return uri.partition("?")[0]
