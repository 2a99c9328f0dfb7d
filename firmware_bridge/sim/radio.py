"""A virtual controller and a virtual air, the only place that overrides inner parts of bumble.

Every override cures a fault that was measured with 0.0.236; a contract test names them.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink

from firmware_bridge.errors import SchemaError

_SHORT_ACL = 251
_SUPERVISION_TIMEOUT = 0x08
_NOT_ESTABLISHED = 0x3E


@dataclass(frozen=True, slots=True, kw_only=True)
class AirSettings:
    """How the air behaves; the defaults pass packets on at once.

    Attributes:
        interval_s: Connection interval; packets wait for the next event. 0 for no waiting.
        budget: Packets of one direction in one connection event at most.
        miss: Probability that a packet is not heard; the event ends there, the next repeats it.
        supervision_s: Time out of range after which both sides regard the link as lost.
        seed: Seed of the misses.
    """

    interval_s: float = 0.0
    budget: int = 6
    miss: float = 0.0
    supervision_s: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.miss < 1:
            raise SchemaError(f"miss is {self.miss:g}, wanted a probability from 0 to below 1")
        if self.budget < 1:
            raise SchemaError(f"budget is {self.budget} packets an event, wanted at least 1")


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """A packet on its way, and how many buffers of the sender it holds."""

    source: hci.Address
    data: bytes
    sender: "VirtualController | None"
    handle: int
    n_buffers: int


_Direction = tuple[Controller, hci.Address]


class RadioLink(LocalLink):
    """Air between controllers of one process.

    Attributes:
        settings: How it behaves.
        n_missed: Packets that had to be repeated.
    """

    def __init__(self, *, interval_s: float = 0.0, settings: AirSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or AirSettings(interval_s=interval_s)
        self.n_missed = 0
        self._rng = np.random.default_rng(self.settings.seed)
        # Each direction of each connection has events of its own: who receives, from whom.
        self._waiting: dict[_Direction, deque[_Waiting]] = {}
        self._planned: set[_Direction] = set()
        self._busy: set[Controller] = set()
        self._away: dict[Controller, asyncio.TimerHandle] = {}

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
        sender = sender_controller if isinstance(sender_controller, VirtualController) else None
        packet = _Waiting(
            source=connection.self_address,
            data=data,
            sender=sender,
            handle=connection.handle,
            n_buffers=sender.take_buffers(connection.handle) if sender is not None else 0,
        )
        direction = (receiver, connection.self_address)
        self._waiting.setdefault(direction, deque()).append(packet)
        self._plan(direction)

    def _plan(self, direction: _Direction) -> None:
        """Plan the next connection event of a direction, if something waits that can go."""
        waiting = self._waiting.get(direction)
        if direction in self._planned or not waiting or direction[0] in self._busy:
            return
        if self._is_away(direction[0], waiting[0].sender):
            return
        self._planned.add(direction)
        loop, interval_s = asyncio.get_running_loop(), self.settings.interval_s
        if interval_s <= 0:
            loop.call_soon(self._hold_event, direction)
        else:
            next_event_s = (loop.time() // interval_s + 1) * interval_s
            loop.call_at(next_event_s, self._hold_event, direction)

    def _hold_event(self, direction: _Direction) -> None:
        self._planned.discard(direction)
        waiting, receiver = self._waiting.get(direction, deque()), direction[0]
        budget = self.settings.budget if self.settings.interval_s > 0 else len(waiting)
        while waiting and budget > 0 and receiver not in self._busy:
            if self._is_away(receiver, waiting[0].sender):
                break
            if self.settings.miss and self._rng.random() < self.settings.miss:
                self.n_missed += 1
                break
            budget -= 1
            self._deliver(receiver, waiting.popleft())
        if receiver in self.controllers:
            self._plan(direction)

    def set_busy(self, controller: Controller, *, is_busy: bool) -> None:
        """Let packets for a controller wait in the air while its host takes no more, or go on.

        A radio repeats until a packet is taken, so a late host slows the senders and loses nothing.
        """
        if is_busy:
            self._busy.add(controller)
            return
        if controller not in self._busy:
            return
        self._busy.discard(controller)
        for direction in list(self._waiting):
            if direction[0] is controller:
                self._plan(direction)

    def _deliver(self, receiver: Controller, packet: _Waiting) -> None:
        if packet.sender is not None:
            packet.sender.free_buffers(packet.handle, packet.n_buffers)
        # A link may have ended while the packet was in the air.
        if packet.source in receiver.le_connections:
            receiver.on_link_acl_data(packet.source, core.PhysicalTransport.LE, packet.data)

    def _is_away(self, *controllers: Controller | None) -> bool:
        return any(each in self._away for each in controllers)

    def set_range(self, controller: Controller, *, is_near: bool) -> None:
        """Move a controller out of everybody's range, or back.

        What it sends waits, as a radio repeats; after the supervision timeout its links end.
        """
        if is_near:
            timer = self._away.pop(controller, None)
            if timer is not None:
                timer.cancel()
            for direction in self._waiting:
                self._plan(direction)
        elif controller not in self._away:
            loop = asyncio.get_running_loop()
            self._away[controller] = loop.call_later(
                self.settings.supervision_s, self._lose_links, controller
            )

    def _lose_links(self, controller: Controller) -> None:
        packet = ll.TerminateInd(_SUPERVISION_TIMEOUT)
        for connection in list(controller.le_connections.values()):
            peer = self.find_le_controller(connection.peer_address)
            for end, other in (
                (peer, connection.self_address),
                (controller, connection.peer_address),
            ):
                if end is not None and other in end.le_connections:
                    end.on_ll_control_pdu(other, packet)
                    self._waiting.pop((end, other), None)

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Advertise and connect to controllers in range."""
        if self._is_away(sender_controller):
            return
        loop = asyncio.get_running_loop()
        for controller in self.controllers:
            if controller is not sender_controller and not self._is_away(controller):
                loop.call_soon(controller.on_ll_advertising_pdu, packet)
        if isinstance(packet, ll.ConnectInd):
            peer = self.find_le_controller(packet.advertiser_address)
            if peer is None or self._is_away(peer):
                # A central knows after six intervals that nobody heard it.
                wait_s = 6 * self.settings.interval_s
                loop.call_later(wait_s, _fail, sender_controller, packet.advertiser_address)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Carry a control packet between controllers in range."""
        ends = [self.find_le_controller(each) for each in (sender_address, receiver_address)]
        receiver = ends[1]
        if receiver is None:
            return
        if not self._is_away(*ends):
            super().send_ll_control_pdu(sender_address, receiver_address, packet)
        elif isinstance(packet, ll.TerminateInd):
            # It never hears that the link is over, also not when it is back: its timeout tells.
            stale = receiver.le_connections.get(sender_address)
            loop, wait_s = asyncio.get_running_loop(), self.settings.supervision_s
            loop.call_later(wait_s, _lose, receiver, sender_address, stale)


def _lose(controller: Controller, peer_address: hci.Address, stale: object) -> None:
    if stale is not None and controller.le_connections.get(peer_address) is stale:
        controller.on_ll_control_pdu(peer_address, ll.TerminateInd(_SUPERVISION_TIMEOUT))


def _fail(central: Controller, peer_address: hci.Address) -> None:
    if peer_address in central.le_connections:
        central.on_ll_control_pdu(peer_address, ll.TerminateInd(_NOT_ESTABLISHED))


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
        self._buffers: dict[int, int] = {}

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """Take a packet; the base class calls it completed before it is delivered."""
        connection = self.find_connection_by_handle(packet.connection_handle)
        if connection is None:
            return
        handle = packet.connection_handle
        self._buffers[handle] = self._buffers.get(handle, 0) + 1
        connection.assembler.feed_packet(packet)

    def take_buffers(self, handle: int) -> int:
        """Buffers of the packet that was just put together."""
        return self._buffers.pop(handle, 0)

    def free_buffers(self, handle: int, n_buffers: int) -> None:
        """Tell the host that a packet was delivered."""
        if n_buffers and self.find_connection_by_handle(handle) is not None:
            event = hci.HCI_Number_Of_Completed_Packets_Event(
                connection_handles=[handle], num_completed_packets=[n_buffers]
            )
            self.send_hci_packet(event)

    def on_hci_reset_command(
        self, _command: hci.HCI_SyncCommand[Any]
    ) -> hci.HCI_StatusReturnParameters:
        """Reset; the base class forgets to end connections and scans."""
        self.reap()
        return super().on_hci_reset_command(_command)  # pyright: ignore[reportUnknownMemberType]

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_SyncCommand[Any]
    ) -> hci.HCI_StatusReturnParameters:
        """Stop initiating; the base class goes on, and never tells whoever waits for the link."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        event = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        # After the answer to the command, which leaves when this returns.
        asyncio.get_running_loop().call_soon(self.send_hci_packet, event)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def set_busy(self, *, is_busy: bool) -> None:
        """Take no more packets from the air, or go on."""
        if isinstance(self.link, RadioLink):
            self.link.set_busy(self, is_busy=is_busy)

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
        self.set_busy(is_busy=False)
        self.host = None
        self.link.controllers.discard(self)


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, RadioLink] = WeakKeyDictionary()


def shared_link() -> RadioLink:
    """The air of this process and event loop, which ``sim:`` names."""
    return _shared.setdefault(asyncio.get_running_loop(), RadioLink())
