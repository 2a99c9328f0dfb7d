"""Doors without radio: UDP on the loopback interface, and two pseudo-terminals."""

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import Callable
from typing import Any

from firmware_bridge.console import ConsoleReader, encode_console
from firmware_bridge.framing import encode_cobs
from firmware_bridge.sim.garment import DEFAULT_FRAME_SIZE

DATA_PORT, CONTROL_PORT = 1338, 1337
SUBSCRIBE, UNSUBSCRIBE = b"\x01", b"\x00"
SUBSCRIPTION_S = 10.0
_HOST = "127.0.0.1"
_READ_BYTES = 65_536

Obey = Callable[[bytes], bool]
Forget = Callable[[], None]


class UdpDoor:
    """One datagram is one frame or one message.

    Frames go to who subscribed last, until the subscription is ended or not renewed in time.

    Attributes:
        frame_size: Largest frame; that of the radio, so that a logged frame fits everywhere.
    """

    frame_size = DEFAULT_FRAME_SIZE
    has_room = True

    def __init__(self) -> None:
        self.obey: Obey = lambda _data: True
        self.forget_link: Forget = lambda: None
        self._data: asyncio.DatagramTransport | None = None
        self._control: asyncio.DatagramTransport | None = None
        self._subscriber: Any = None
        self._asker: Any = None
        self._heard_ns = 0
        self._is_near = True

    async def open(
        self, *, data_port: int = DATA_PORT, control_port: int = CONTROL_PORT
    ) -> tuple[int, int]:
        """Listen on the loopback interface; returns both ports, where 0 took free ones."""
        loop = asyncio.get_running_loop()
        self._data, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._on_data), local_addr=(_HOST, data_port)
        )
        self._control, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._on_control), local_addr=(_HOST, control_port)
        )
        ports = [each.get_extra_info("sockname")[1] for each in (self._data, self._control)]
        return int(ports[0]), int(ports[1])

    @property
    def uri(self) -> str:
        """What a host connects to."""
        ends = [each.get_extra_info("sockname") for each in (self._data, self._control) if each]
        return f"udp:{_HOST}:{ends[0][1]}:{ends[1][1]}"

    @property
    def is_listened(self) -> bool:
        """Whether a subscription is fresh."""
        if self._subscriber is None:
            return False
        if time.monotonic_ns() - self._heard_ns > SUBSCRIPTION_S * 1e9:
            self._end()
        return self._subscriber is not None

    def _end(self) -> None:
        self._subscriber = None
        self.forget_link()

    def _on_data(self, data: bytes, sender: Any) -> None:
        if not self._is_near:
            return
        if data == SUBSCRIBE:
            self._subscriber, self._heard_ns = sender, time.monotonic_ns()
        elif data == UNSUBSCRIBE and sender == self._subscriber:
            self._end()

    def _on_control(self, data: bytes, sender: Any) -> None:
        if self._is_near:
            self._asker = sender
            self.obey(data)

    async def send_frame(self, frame: bytes) -> bool:
        """Send a datagram to the subscriber."""
        if self._data is None or self._subscriber is None or not self._is_near:
            return False
        self._data.sendto(frame, self._subscriber)
        return True

    async def send_control(self, message: bytes) -> None:
        """Answer who asked last."""
        if self._control is not None and self._asker is not None and self._is_near:
            self._control.sendto(message, self._asker)

    async def cut(self) -> None:
        """Forget the subscriber; a host notices by silence."""
        self._end()

    def set_range(self, *, is_near: bool) -> None:
        """Drop datagrams, both ways, while out of range."""
        self._is_near = is_near

    def close(self) -> None:
        """Stop listening."""
        for transport in (self._data, self._control):
            if transport is not None:
                transport.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Any], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._take(data, addr)

    def error_received(self, exc: Exception) -> None:
        """A host that closed its socket; its subscription ends by itself."""


class PtyDoor:
    """Two pseudo-terminals: frames in COBS on one, control messages as console lines on the other.

    A line does not know whether somebody reads. What nobody reads fills the line, then the
    garment's queue, whose newest frames are dropped and counted.

    Attributes:
        frame_size: Largest frame; that of the radio, so that a logged frame fits everywhere.
    """

    frame_size = DEFAULT_FRAME_SIZE
    is_listened = True

    def __init__(self) -> None:
        self.obey: Obey = lambda _data: True
        self.forget_link: Forget = lambda: None
        self._is_near = True
        self._reader = ConsoleReader()
        self._data = _PtyPort()
        self._control = _PtyPort()

    async def open(self) -> tuple[str, str]:
        """Make both terminals; returns their paths, data first."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._control.master, self._on_control)
        # Nothing is expected on the data port; unread input would fill it.
        loop.add_reader(self._data.master, self._data.read)
        return self._data.path, self._control.path

    @property
    def uri(self) -> str:
        """What a host connects to."""
        return f"uart:{self._data.path},{self._control.path}"

    @property
    def has_room(self) -> bool:
        """Whether both lines took all that was written."""
        return self._data.flush() and self._control.flush()

    def _on_control(self) -> None:
        data = self._control.read()
        if self._is_near:
            for message in self._reader(data):
                self.obey(message)

    async def send_frame(self, frame: bytes) -> bool:
        """Write a packet; what is out of range is lost on the way, unnoticed."""
        if self._is_near:
            self._data.write(encode_cobs(frame))
        return self._is_near

    async def send_control(self, message: bytes) -> None:
        """Write a message as lines."""
        if self._is_near:
            self._control.write(encode_console(message))

    async def cut(self) -> None:
        """A cable is pulled: what waits is gone."""
        self._reader.reset()
        self.forget_link()

    def set_range(self, *, is_near: bool) -> None:
        """Be silent and deaf while out of range."""
        self._is_near = is_near

    def close(self) -> None:
        """Close both terminals."""
        with contextlib.suppress(RuntimeError):
            for port in (self._data, self._control):
                asyncio.get_running_loop().remove_reader(port.master)
        self._data.close()
        self._control.close()


class _PtyPort:
    """One pseudo-terminal in raw mode; its far end stays open, so that hosts may come and go."""

    def __init__(self) -> None:
        import tty

        self.master, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self._far)
        self._waiting = bytearray()

    def read(self) -> bytes:
        try:
            return os.read(self.master, _READ_BYTES)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EIO):
                return b""
            raise

    def write(self, data: bytes) -> None:
        self._waiting += data
        self.flush()

    def flush(self) -> bool:
        """Write what waits; returns whether nothing is left."""
        while self._waiting:
            try:
                n_written = os.write(self.master, self._waiting)
            except BlockingIOError:
                return False
            del self._waiting[:n_written]
        return True

    def close(self) -> None:
        os.close(self.master)
        os.close(self._far)
