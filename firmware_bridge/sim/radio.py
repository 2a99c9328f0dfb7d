"""A virtual controller and a virtual air, the only place that overrides inner parts of bumble.

Every override cures a fault that was measured with 0.0.236; a contract test names them.
"""

import asyncio
from collections import deque
from typing import Any
from weakref import WeakKeyDictionary

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.common import PacketParser

_SHORT_ACL = 251
_SUPERVISION_TIMEOUT = 0x08


class RadioLink(LocalLink):
    """Air between controllers of one process.

    Args:
        interval_s: Connection interval; packets wait for the next event. 0 passes them on at once.
    """

    def __init__(self, *, interval_s: float = 0.0) -> None:
        super().__init__()
        self._interval_s = interval_s
        self._waiting: dict[Controller, deque[tuple[hci.Address, bytes]]] = {}

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Deliver a packet under the address that the connection was made with.

        The base class always names the sender's random address; a central with a public address,
        such as BlueZ, would then get packets of a stranger.
        """
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is None or receiver is None:
            return
        loop = asyncio.get_running_loop()
        if self._interval_s <= 0:
            loop.call_soon(self._deliver, receiver, connection.self_address, data)
            return
        waiting = self._waiting.setdefault(receiver, deque())
        waiting.append((connection.self_address, data))
        if len(waiting) == 1:
            next_event_s = (loop.time() // self._interval_s + 1) * self._interval_s
            loop.call_at(next_event_s, self._drain, receiver)

    def _drain(self, receiver: Controller) -> None:
        waiting = self._waiting.pop(receiver, deque())
        for source, data in waiting:
            self._deliver(receiver, source, data)

    @staticmethod
    def _deliver(receiver: Controller, source: hci.Address, data: bytes) -> None:
        # A link may have ended while the packet was in the air.
        if source in receiver.le_connections:
            receiver.on_link_acl_data(source, core.PhysicalTransport.LE, data)


class VirtualController(Controller):
    """A controller that a 4.2 host can use, with packets long enough for a whole notification."""

    acl_data_packet_length = _SHORT_ACL
    le_acl_data_packet_length = _SHORT_ACL
    # With these two bits Linux waits for an event that the virtual controller never sends.
    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    )

    def __init__(self, name: str, *, link: RadioLink, number: int) -> None:
        # A zero public address would hide the adapter from BlueZ.
        address = f"F0:F1:F2:00:00:{number % 255 + 1:02X}"
        super().__init__(name, link=link, public_address=address)  # pyright: ignore[reportUnknownMemberType]

    def on_hci_reset_command(
        self, _command: hci.HCI_SyncCommand[Any]
    ) -> hci.HCI_StatusReturnParameters:
        """Reset; the base class forgets to end connections and scans."""
        self.reap()
        return super().on_hci_reset_command(_command)  # pyright: ignore[reportUnknownMemberType]

    def reap(self) -> None:
        """Clean up after a host that went away without a word."""
        for connection in list(self.le_connections.values()):
            packet = ll.TerminateInd(_SUPERVISION_TIMEOUT)
            if self.link.find_le_controller(connection.peer_address) is not None:
                connection.send_ll_control_pdu(packet)
        self.le_connections.clear()
        self.pending_le_connection = None
        self.le_scan_enable = False
        self.le_legacy_advertiser.stop()

    def leave(self) -> None:
        """Take the controller off the air."""
        self.reap()
        self.host = None
        self.link.controllers.discard(self)


class HciServer:
    """Lets one host at a time drive a controller over TCP.

    The newest host wins, and its predecessor's late farewell does not touch it.
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
        return PacketParser(self._controller)

    def detach(self, client: asyncio.Transport) -> None:
        """A host went away."""
        if client is self._client:
            self._client = None
            self._controller.reap()


class _HciClient(asyncio.Protocol):
    def __init__(self, server: HciServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._parser = self._server.attach(transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except core.InvalidPacketError:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.detach(self._transport)


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, RadioLink] = WeakKeyDictionary()


def shared_link() -> RadioLink:
    """The air of this process and event loop, which ``sim:`` names."""
    return _shared.setdefault(asyncio.get_running_loop(), RadioLink())
