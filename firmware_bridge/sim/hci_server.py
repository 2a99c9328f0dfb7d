"""The line between a virtual controller and a host in another process: HCI over TCP."""

import asyncio
import socket

from bumble import core
from bumble.transport.common import PacketParser

from firmware_bridge.sim.radio import VirtualController

# A sixth of a second of sixteen garments' full notifications.
_WAITING_B = 65_536


class HciServer:
    """Lets one host at a time drive a controller over TCP.

    The newest host wins, and its predecessor's late farewell does not touch it. Little waits in the
    socket: a host that is late is busy, so that an answer to a command is never far behind.
    """

    def __init__(self, controller: VirtualController) -> None:
        self._controller = controller
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Server | None = None
        controller.host = self

    @property
    def has_client(self) -> bool:
        """Whether a host is connected."""
        return self._client is not None

    async def open(self, *, port: int) -> int:
        """Listen on the loopback interface; returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _HciClient(self), "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    def drop(self) -> None:
        """Hang up on the host without a word, as a crash of the garment would."""
        if self._client is not None:
            self._client.abort()

    async def close(self) -> None:
        """Stop listening and drop the host."""
        self.drop()
        if self._server is not None:
            self._server.close()
            # One turn of the loop lets the transports close their sockets.
            await asyncio.sleep(0)

    def on_packet(self, packet: bytes) -> None:
        """Send a packet of the controller to the host."""
        if self._client is not None:
            self._client.write(packet)

    def attach(self, client: asyncio.Transport) -> PacketParser:
        """Take a new host; returns the parser for its bytes."""
        if self._client is not None:
            self._client.close()
        self._controller.reap()
        self._client = client
        client.set_write_buffer_limits(high=_WAITING_B)
        opened: socket.socket | None = client.get_extra_info("socket")
        if opened is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _WAITING_B)
        self._controller.set_busy(is_busy=False)
        return PacketParser(self._controller)

    def hold(self, client: asyncio.Transport, *, is_full: bool) -> None:
        """The host does not read as fast as packets come, or has caught up."""
        if client is self._client:
            self._controller.set_busy(is_busy=is_full)

    def is_served(self, client: asyncio.Transport) -> bool:
        """Whether this is the host that answers go to."""
        return client is self._client

    def detach(self, client: asyncio.Transport) -> None:
        """A host went away."""
        if client is self._client:
            self._client = None
            self._controller.set_busy(is_busy=False)
            self._controller.reap()


class _HciClient(asyncio.Protocol):
    def __init__(self, server: HciServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._parser = self._server.attach(transport)

    def data_received(self, data: bytes) -> None:
        if not self._server.is_served(self._transport):
            # The answer would go to the host that came since, which takes it for another.
            return
        try:
            self._parser.feed_data(data)
        except core.InvalidPacketError:
            self._transport.close()

    def pause_writing(self) -> None:
        self._server.hold(self._transport, is_full=True)

    def resume_writing(self) -> None:
        self._server.hold(self._transport, is_full=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.detach(self._transport)
