"""The radio side of a virtual garment: GATT services, advertising, notifications.

One queue keeps frames and control responses in order; only clock responses overtake, and they are
stamped when they leave.
"""

import asyncio
import contextlib
import functools
import time
from collections import deque

from bumble import core, gatt, hci
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from firmware_bridge.control import SmpAssembler, decode_message
from firmware_bridge.errors import MessageError
from firmware_bridge.packet import FrameKind
from firmware_bridge.sim.bootloader import MANAGED_GROUPS, Bootloader, answer_management
from firmware_bridge.sim.garment import DEFAULT_FRAME_SIZE, Garment, Reply
from firmware_bridge.sim.radio import RadioLink, VirtualController
from firmware_bridge.uuids import (
    COMPANY_TEST,
    DATA_UUID,
    GARMENT_SERVICE_UUID,
    INFO_UUID,
    SMP_SERVICE_UUID,
    SMP_UUID,
)

MAX_MTU = 247
_TICK_S = 0.01
_MAX_IN_FLIGHT = 12
_ATT_OVERHEAD = 3
_ADVERTISING_INTERVAL_MS = 30
_RESET_S = 0.1


def advertising_bytes(serial: int) -> bytes:
    """Advertising data, exactly 31 bytes: flags, service, company, format, state, serial."""
    service = core.UUID(GARMENT_SERVICE_UUID).to_bytes()
    maker = COMPANY_TEST.to_bytes(2, "little") + bytes([1, 0]) + serial.to_bytes(4, "little")
    return bytes([2, 0x01, 0x06, 17, 0x07]) + service + bytes([9, 0xFF]) + maker


class GarmentPeripheral:
    """A garment on the air.

    Attributes:
        garment: Its firmware.
        woke_ns: Host time when its clock started.
    """

    def __init__(
        self,
        garment: Garment,
        *,
        link: RadioLink,
        serial: int = 1,
        name: str = "Muslin",
        bootloader: Bootloader | None = None,
    ) -> None:
        self.garment = garment
        self._serial = serial
        self._connection: Connection | None = None
        self._bootloader = bootloader
        self._subscribed: set[gatt.Characteristic[bytes]] = set()
        self._assembler = SmpAssembler()
        self._queue: deque[bytes | Reply] = deque()
        self._clock_replies: list[tuple[int, Reply]] = []
        self._cuts_s = deque(sorted(garment.faults.cuts_s))
        self.woke_ns = time.monotonic_ns()
        self._controller = VirtualController("garment", link=link, number=serial)
        config = DeviceConfiguration(name=name, address=_address(serial))
        config.advertising_interval_min = _ADVERTISING_INTERVAL_MS
        config.advertising_interval_max = _ADVERTISING_INTERVAL_MS
        host = Host(self._controller, AsyncPipeSink(self._controller))
        self._device = Device(config=config, host=host)
        self._device.gatt_server.max_mtu = MAX_MTU
        self._make_services(name)
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)

    @property
    def is_connected(self) -> bool:
        """Whether a central is connected."""
        return self._connection is not None

    def device_us(self) -> int:
        """Device time now."""
        return self.garment.faults.device_us(time.monotonic_ns() - self.woke_ns)

    def _make_services(self, name: str) -> None:
        read, notify = gatt.Characteristic.Properties.READ, gatt.Characteristic.Properties.NOTIFY
        no_response = gatt.Characteristic.Properties.WRITE_WITHOUT_RESPONSE
        readable = gatt.Characteristic.Permissions.READABLE
        writeable = gatt.Characteristic.Permissions.WRITEABLE
        self._data = gatt.Characteristic[bytes](DATA_UUID, notify, readable, b"")
        info = gatt.Characteristic[bytes](
            INFO_UUID,
            read,
            readable,
            gatt.CharacteristicValue[bytes](read=lambda _connection: self.garment.info()),
        )
        self._smp = gatt.Characteristic[bytes](
            SMP_UUID,
            no_response | notify,
            writeable,
            gatt.CharacteristicValue[bytes](write=self._on_control),
        )
        schema = self.garment.schema
        texts = {
            gatt.GATT_MANUFACTURER_NAME_STRING_CHARACTERISTIC: schema.vendor,
            gatt.GATT_MODEL_NUMBER_STRING_CHARACTERISTIC: schema.name,
            gatt.GATT_SERIAL_NUMBER_STRING_CHARACTERISTIC: f"{self._serial:08x}",
            gatt.GATT_HARDWARE_REVISION_STRING_CHARACTERISTIC: schema.hw,
        }
        battery_pct = round(self.garment.faults.battery_pct)
        about = [
            gatt.Characteristic(uuid, read, readable, text.encode()) for uuid, text in texts.items()
        ]
        battery = gatt.Characteristic(
            gatt.GATT_BATTERY_LEVEL_CHARACTERISTIC, read, readable, bytes([battery_pct])
        )
        self._device.add_services(
            [
                gatt.Service(GARMENT_SERVICE_UUID, [self._data, info]),
                gatt.Service(SMP_SERVICE_UUID, [self._smp]),
                gatt.Service(gatt.GATT_DEVICE_INFORMATION_SERVICE, about),
                gatt.Service(gatt.GATT_BATTERY_SERVICE, [battery]),
            ]
        )
        for characteristic in (self._data, self._smp):
            characteristic.on(
                gatt.Characteristic.EVENT_SUBSCRIPTION,
                functools.partial(self._on_subscription, characteristic),
            )

    def _on_subscription(
        self,
        characteristic: gatt.Characteristic[bytes],
        _bearer: object,
        on: bool,
        _indicate: bool,
    ) -> None:
        if on:
            self._subscribed.add(characteristic)
        else:
            self._subscribed.discard(characteristic)

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        self._forget_link()
        connection.on(Connection.EVENT_DISCONNECTION, functools.partial(self._on_end, connection))

    def _on_end(self, connection: Connection, _reason: int) -> None:
        if connection is self._connection:
            self._connection = None
            self._forget_link()

    def _forget_link(self) -> None:
        self._assembler.reset()
        self._subscribed.clear()
        self._clock_replies.clear()
        for item in self._queue:
            if isinstance(item, bytes):
                self.garment.note_unsent(item)
        self._queue.clear()

    def _on_control(self, connection: Connection, value: bytes) -> None:
        for data in self._assembler(value):
            now_us = self.device_us()
            try:
                message = decode_message(data)
            except MessageError:
                self._assembler.reset()
                return
            self.garment.frame_size = min(DEFAULT_FRAME_SIZE, connection.att_mtu - _ATT_OVERHEAD)
            if self._bootloader is not None and message.group in MANAGED_GROUPS:
                self._queue.append(answer_management(self._bootloader, message))
                continue
            reply = self.garment.respond(message, device_us=now_us)
            if reply.is_clock:
                self._clock_replies.append((now_us + reply.wait_us, reply))
                continue
            self._take(self.garment.advance(now_us))
            self._queue.append(reply)

    def _take(self, frames: list[bytes], *, replayed: bool = False) -> None:
        silent = self.garment.faults.is_silent(self.garment.since_start_s(self.device_us()))
        for frame in frames:
            # Events are few and small; a host that missed the end would wait for ever.
            is_data = frame[0] & 0x0F == FrameKind.DATA
            is_full = is_data and len(self._queue) >= self.garment.faults.queue_frames
            if silent or is_full or self._data not in self._subscribed:
                # A replayed frame stays in the log; the host asks again.
                if not replayed:
                    self.garment.note_unsent(frame)
            else:
                self._queue.append(frame)

    async def open(self) -> None:
        """Power on and advertise; again after every disconnection."""
        await self._device.power_on()
        await self._device.start_advertising(
            auto_restart=True,
            advertising_data=advertising_bytes(self._serial),
            scan_response_data=bytes(
                core.AdvertisingData([(core.AdvertisingData.COMPLETE_LOCAL_NAME, b"Muslin")])
            ),
        )

    async def run(self) -> None:
        """Play until cancelled."""
        while True:
            now_us = self.device_us()
            self._take(self.garment.advance(now_us))
            self._take(self.garment.replayed(), replayed=True)
            await self._cut(self.garment.since_start_s(now_us))
            await self._send_clock()
            await self._send()
            await self._restart()
            await asyncio.sleep(self._pause_s())

    def _pause_s(self) -> float:
        due_us = min((due for due, _ in self._clock_replies), default=None)
        if due_us is None:
            return _TICK_S
        return min(max((due_us - self.device_us()) * 1e-6, 0.0), _TICK_S)

    async def _cut(self, since_start_s: float) -> None:
        if self._cuts_s and since_start_s >= self._cuts_s[0] and self._connection is not None:
            self._cuts_s.popleft()
            await self._connection.disconnect()

    async def _restart(self) -> None:
        """Boot again once the answer to the reset has left."""
        boot = self._bootloader
        if boot is None or not boot.is_reset_due or self._queue:
            return
        await asyncio.sleep(_RESET_S)
        if self._connection is not None:
            await self._connection.disconnect()
        boot.reset()
        boot.run_self_test()

    async def _send_clock(self) -> None:
        for due in [due for due in self._clock_replies if due[0] <= self.device_us()]:
            self._clock_replies.remove(due)
            await self._notify(self._smp, due[1].make(self.device_us()))

    async def _send(self) -> None:
        while self._queue and self._connection is not None:
            packets = self._device.host.get_data_packet_queue(self._connection.handle)
            if packets is not None and packets.pending >= _MAX_IN_FLIGHT:
                return
            item = self._queue.popleft()
            if isinstance(item, Reply):
                if item.wait_us:
                    await asyncio.sleep(item.wait_us * 1e-6)
                await self._notify(self._smp, item.make(self.device_us()))
            elif not await self._notify(self._data, item):
                self.garment.note_unsent(item)

    async def _notify(self, characteristic: gatt.Characteristic[bytes], data: bytes) -> bool:
        """Send a value in pieces that fit; the data plane's frames always are one piece."""
        connection = self._connection
        if connection is None or characteristic not in self._subscribed:
            return False
        size = connection.att_mtu - _ATT_OVERHEAD
        if characteristic is self._data and len(data) > size:
            return False
        with contextlib.suppress(core.BaseBumbleError):
            for start in range(0, len(data), size):
                piece = data[start : start + size]
                await self._device.notify_subscriber(connection, characteristic, piece)
            return True
        return False

    def close(self) -> None:
        """Leave the air."""
        self._controller.leave()


def _address(serial: int) -> hci.Address:
    text = f"C0:4D:{serial >> 24 & 0xFF:02X}:{serial >> 16 & 0xFF:02X}:{serial >> 8 & 0xFF:02X}:"
    return hci.Address(text + f"{serial & 0xFF:02X}", hci.Address.RANDOM_DEVICE_ADDRESS)
