"""A controller with bumble's host on top: the radio that scanners and clients of a loop share."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakError,
    BleakGATTProtocolError,
)
from bumble import att, core, hci
from bumble.device import Connection, Device
from bumble.host import Host
from bumble.transport import open_transport
from bumble.transport.common import AsyncPipeSink, Transport

from wearables.errors import LinkError

logger = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 10.0
_COMMAND_TIMEOUT_S = 8.0
# Little waits in a socket: what this host has not read holds up the answers behind it.
_SOCKET_B = 65_536
_WANTED = {
    "tcp-client": "tcp-client:HOST:PORT",
    "serial": "serial:DEVICE",
    "usb": "usb:NUMBER or usb:VENDOR:PRODUCT",
    "hci-socket": "hci-socket:NUMBER",
}


class RadioConfusedError(BleakError):
    """Host and controller no longer speak of the same command."""


@contextlib.contextmanager
def as_bleak_errors() -> Generator[None]:
    """Turn bumble's errors into those that bleak promises."""
    try:
        yield
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(int(error.error_code)) from error
    except (core.TimeoutError, TimeoutError) as error:
        raise TimeoutError(str(error) or "the radio did not answer in time") from error
    except asyncio.CancelledError:
        # bumble cancels what waits on a link that ends; nobody cancelled this task.
        task = asyncio.current_task()
        if task is not None and task.cancelling() == 0:
            raise BleakError("disconnected") from None
        raise
    except (core.BaseBumbleError, hci.HCI_Error) as error:
        raise BleakError(f"{type(error).__name__}: {error}") from error
    except (AssertionError, asyncio.InvalidStateError) as error:
        # bumble asserts that an answer is the one it waits for; a late one is another's.
        raise RadioConfusedError("the radio answered another command than the last one") from error


_radios: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, BumbleRadio]]" = (
    WeakKeyDictionary()
)


class LinkUser(Protocol):
    """Whoever has a link over the radio."""

    def on_link_end(self) -> None:
        """The link is gone."""
        ...


class BumbleRadio:
    """A controller with a host on top, shared by all scanners and links of one event loop."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._connect_turn = asyncio.Lock()
        self.device: Device
        self._ready = asyncio.Lock()
        self._users = 0
        self._scanners = 0
        self._transport: Transport | None = None
        self._leave: Callable[[], None] | None = None
        self.is_alive = False
        self.clients: set[LinkUser] = set()

    @classmethod
    async def acquire(cls, uri: str) -> "BumbleRadio":
        """Use the radio, opening it if nobody does yet.

        Raises:
            BleakBluetoothNotAvailableError: If it cannot be opened.
        """
        radios = _radios.setdefault(asyncio.get_running_loop(), {})
        radio = radios.setdefault(uri, cls(uri))
        radio._users += 1
        try:
            async with radio._ready:
                if not radio.is_alive:
                    await radio._start()
        except BaseException:
            await radio.release()
            raise
        return radio

    async def release(self) -> None:
        """Stop using the radio; the last user closes it."""
        self._users -= 1
        if self._users == 0:
            self._forget()
            await self._close()

    def _forget(self) -> None:
        radios = _radios.get(asyncio.get_running_loop(), {})
        if radios.get(self.uri) is self:
            del radios[self.uri]

    async def _start(self) -> None:
        address = hci.Address.generate_static_address()
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                if self.uri.startswith("sim:"):
                    self.device = self._virtual_device(address)
                else:
                    self._transport = await _open_hci(self.uri)
                    source, sink = self._transport.source, self._transport.sink
                    self.device = Device.with_hci("Muslin", address, source, sink)
                    source.terminated.add_done_callback(self._on_terminated)
                with as_bleak_errors():
                    await self.device.power_on()
        except (OSError, BleakError, core.BaseBumbleError, LinkError) as error:
            raise BleakBluetoothNotAvailableError(
                f"radio {self.uri} cannot be opened: {error}",
                BleakBluetoothNotAvailableReason.NO_BLUETOOTH,
            ) from error
        self.is_alive = True

    def _virtual_device(self, address: hci.Address) -> Device:
        from firmware_bridge.sim.radio import VirtualController, shared_link

        controller = VirtualController("host", link=shared_link(), number=201)
        self._leave = controller.leave
        host = Host(controller, AsyncPipeSink(controller))
        return Device(name="Muslin", address=address, host=host)

    def _on_terminated(self, _done: asyncio.Future[None]) -> None:
        self.give_up()

    def give_up(self) -> None:
        """The controller is gone or hangs: every link is, and the next user opens a new radio."""
        self.is_alive = False
        with contextlib.suppress(RuntimeError):  # the loop may be closing
            self._forget()
        for client in list(self.clients):
            client.on_link_end()

    async def _close(self) -> None:
        self.is_alive = False
        if self._leave is not None:
            self._leave()
        if self._transport is not None:
            await self._transport.close()
            # One turn of the loop lets the socket close.
            await asyncio.sleep(0)

    async def connect(self, address: hci.Address, *, timeout_s: float) -> Connection:
        """Make a link, one at a time: a second attempt would fail inside the controller.

        Raises:
            BleakError: If the controller refuses.
            TimeoutError: If nobody answers in time.
        """
        async with self._connect_turn:
            try:
                with as_bleak_errors():
                    return await self.device.connect(address, timeout=timeout_s)
            except asyncio.CancelledError:
                # Otherwise the controller goes on trying for nobody.
                command = hci.HCI_LE_Create_Connection_Cancel_Command()
                await self._quietly(self.device.send_sync_command(command))
                await self._quietly(self._end_late_link(address))
                raise
            except RadioConfusedError:
                await self._renounce()
                raise
            except (BleakError, TimeoutError):
                await self._quietly(self._end_late_link(address))
                raise

    def holds(self, connection: Connection) -> bool:
        """Whether a link still exists, as far as the host knows."""
        return self.device.connections.get(connection.handle) is connection

    async def _end_late_link(self, address: hci.Address) -> None:
        """End the link that an attempt made a moment too late."""
        late = self.device.find_connection_by_bd_addr(address)
        if late is not None:
            await late.disconnect()

    async def _quietly(self, work: Coroutine[Any, Any, object]) -> None:
        with contextlib.suppress(BleakError, TimeoutError):
            await self._command(work)

    async def start_scanning(self) -> None:
        """Scan, if nobody does yet."""
        self._scanners += 1
        if self._scanners == 1:
            await self._command(self.device.start_scanning(filter_duplicates=False))

    async def stop_scanning(self) -> None:
        """Stop scanning, if nobody else does."""
        self._scanners -= 1
        if self._scanners == 0 and self.is_alive:
            await self._command(self.device.stop_scanning())

    async def _command(self, work: Coroutine[Any, Any, object]) -> None:
        """Wait for a command of the controller; one that hangs is of no use any more.

        Its late answer would be taken for that of another command, so the radio is given up.
        """
        try:
            with as_bleak_errors():
                async with asyncio.timeout(_COMMAND_TIMEOUT_S):
                    await work
        except (TimeoutError, RadioConfusedError):
            await self._renounce()
            raise

    async def _renounce(self) -> None:
        """Give the radio up and hang up on it."""
        logger.warning("radio %s does not answer and is opened anew", self.uri)
        self.give_up()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None


async def _open_hci(uri: str) -> Transport:
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
