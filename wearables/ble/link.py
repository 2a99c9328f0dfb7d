"""One radio link to a garment: notifications stamped and queued, requests answered.

bleak's callbacks are synchronous and must not block: they stamp, copy and enqueue. A full queue is
counted, never waited for.
"""

import asyncio
import contextlib
import itertools
import time
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from firmware_bridge import gatt
from firmware_bridge.control import (
    Command,
    SmpAssembler,
    SmpMessage,
    check_response,
    decode_message,
    encode_message,
    request,
)
from firmware_bridge.errors import MessageError
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import Exchange
from wearables.ble.backends import backend_for
from wearables.ble.found import FoundGarment
from wearables.ble.settings import SupervisorSettings
from wearables.errors import LinkError

INFO_STREAMING = 0x04


async def scan(uri: str, *, timeout_s: float = 5.0) -> tuple[FoundGarment, ...]:
    """Find garments.

    Args:
        uri: Radio to scan with.
        timeout_s: How long to listen.

    Raises:
        LinkError: If the radio cannot be used.
    """
    found = {device.address: entry for device, entry in await _listen(uri, timeout_s, None)}
    return tuple(sorted(found.values(), key=lambda garment: garment.serial))


async def _listen(
    uri: str, timeout_s: float, serial: int | None, *, stop_at_first: bool = False
) -> list[tuple[BLEDevice, FoundGarment]]:
    scanner_class, _, options = backend_for(uri)
    found: list[tuple[BLEDevice, FoundGarment]] = []
    enough = asyncio.Event()

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        number = gatt.serial_of(data.manufacturer_data.get(gatt.TEST_COMPANY, b""))
        if number is None or serial not in (None, number):
            return
        entry = FoundGarment(
            address=device.address, serial=number, rssi_dbm=data.rssi, name=data.local_name
        )
        found.append((device, entry))
        if stop_at_first:
            enough.set()

    scanner = BleakScanner(
        on_advertisement, service_uuids=[gatt.GARMENT_SERVICE], backend=scanner_class, **options
    )
    try:
        async with scanner:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await enough.wait()
    except BleakError as error:
        raise LinkError(f"cannot scan with {uri}: {error.args[0]}") from error
    return found


async def find_device(uri: str, *, serial: int | None, timeout_s: float) -> BLEDevice:
    """Find one garment by its serial number, or the first one.

    Raises:
        LinkError: If none advertises in time.
    """
    found = await _listen(uri, timeout_s, serial, stop_at_first=True)
    if not found:
        which = "no garment" if serial is None else f"garment {serial} does not advertise and none"
        raise LinkError(f"{which} was found by {uri} within {timeout_s:g} s")
    return found[0][0]


class GarmentLink:
    """A connected garment. Made new for every attempt; `close` always ends it."""

    def __init__(
        self, device: BLEDevice, uri: str, *, settings: SupervisorSettings, epoch: int
    ) -> None:
        _, client_class, options = backend_for(uri)
        self._settings = settings
        self.epoch = epoch
        self.n_overflow = 0
        self.received: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(settings.queue_size)
        self.disconnected = asyncio.Event()
        self._answers: dict[int, asyncio.Future[tuple[int, SmpMessage]]] = {}
        self._sequence = itertools.count()
        self._assembler = SmpAssembler()
        self._client = BleakClient(
            device,
            disconnected_callback=self._on_disconnected,
            backend=client_class,
            timeout=settings.connect_s,
            **options,
        )
        self.boot = 0
        self.is_streaming = False
        self._digest = b""

    @property
    def mtu(self) -> int:
        """Negotiated MTU."""
        return self._client.mtu_size

    async def open(self) -> None:
        """Connect, subscribe, read Info.

        Raises:
            LinkError: If any of it fails.
        """
        try:
            async with asyncio.timeout(self._settings.connect_s):
                await self._client.connect()
                await self._client.start_notify(gatt.SMP, self._on_smp)
                await self._client.start_notify(gatt.DATA, self._on_data)
                info = bytes(await self._client.read_gatt_char(gatt.INFO))
        except (BleakError, TimeoutError, OSError) as error:
            await self.close()
            raise LinkError(f"garment cannot be connected: {_first(error)}") from error
        if len(info) != 12 or info[0] != 1:
            await self.close()
            raise LinkError(f"garment speaks another protocol: its Info is {info.hex()}")
        self.is_streaming = bool(info[1] & INFO_STREAMING)
        self.boot = int.from_bytes(info[2:4], "little")
        self._digest = info[4:]

    def _on_data(self, _: Any, data: bytearray) -> None:
        stamp_ns = time.monotonic_ns()
        try:
            self.received.put_nowait((stamp_ns, bytes(data)))
        except asyncio.QueueFull:
            self.n_overflow += 1

    def _on_smp(self, _: Any, data: bytearray) -> None:
        stamp_ns = time.monotonic_ns()
        for whole in self._assembler(bytes(data)):
            with contextlib.suppress(MessageError):
                message = decode_message(whole)
                waiting = self._answers.pop(message.sequence, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result((stamp_ns, message))

    def _on_disconnected(self, _: BleakClient) -> None:
        self.disconnected.set()
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(LinkError("the link ended before the garment answered"))
        self._answers.clear()

    async def ask(self, command: Command, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send a request and wait for its answer.

        Returns:
            Host time of the answer, and its body.

        Raises:
            LinkError: If the link fails or no answer comes in time.
            ControlError: If the garment refuses.
        """
        sequence = next(self._sequence) % 256
        answer: asyncio.Future[tuple[int, SmpMessage]] = asyncio.get_running_loop().create_future()
        self._answers[sequence] = answer
        data = encode_message(request(command, body, sequence=sequence))
        try:
            async with asyncio.timeout(self._settings.operation_s):
                for start in range(0, len(data), self.mtu - 3):
                    piece = data[start : start + self.mtu - 3]
                    await self._client.write_gatt_char(gatt.SMP, piece, response=False)
                stamp_ns, message = await answer
        except (BleakError, TimeoutError) as error:
            raise LinkError(f"garment did not answer {command.name.lower()}") from error
        finally:
            self._answers.pop(sequence, None)
            if answer.done() and not answer.cancelled():
                answer.exception()
        return stamp_ns, check_response(message)

    async def read_schema(self) -> GarmentSchema:
        """Read the descriptor, and check it against the digest in Info.

        Raises:
            LinkError: If it does not match.
            SchemaError: If it cannot be read.
        """
        data = b""
        while True:
            _, body = await self.ask(Command.DESCRIPTOR, {"off": len(data)})
            data += bytes(body["data"])
            if len(data) >= int(body["len"]) or not body["data"]:
                break
        schema = GarmentSchema.from_cbor(data)
        if schema.sha256()[:8] != self._digest:
            raise LinkError("the garment's descriptor does not match the digest in its Info")
        return schema

    async def exchange_time(self) -> Exchange:
        """One two-way clock exchange; the garment dithers its answer."""
        dither_us = round(self._settings.dither_s * 1e6)
        sent_ns = time.monotonic_ns()
        arrived_ns, body = await self.ask(Command.TIME, {"t1": sent_ns, "dither_us": dither_us})
        return Exchange(
            t1_host_ns=sent_ns,
            t2_device_us=int(body["t2"]),
            t3_device_us=int(body["t3"]),
            t4_host_ns=arrived_ns,
            dither_us=dither_us,
        )

    async def newest(self) -> dict[int, int]:
        """One past the last index that the garment produced, by stream."""
        _, body = await self.ask(Command.LOG_STATUS, {})
        return {int(row["stream"]): int(row["newest"]) for row in body["streams"]}

    async def close(self) -> None:
        """End the link; never raises."""
        with contextlib.suppress(BleakError, TimeoutError, OSError):
            async with asyncio.timeout(self._settings.operation_s):
                await self._client.disconnect()


def _first(error: BaseException) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
