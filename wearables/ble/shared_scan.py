"""One scanner for each radio, however many garments are looked for at the same time.

Stacks refuse a second scan. Whoever waits shares the scanner; the first one starts it, the last one
stops it. A scanner that hears nothing at all for as long as somebody waited is started anew, since
some stacks fall silent after hours.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from wearables.ble.backends import backend_for, radio_of

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

Fits = Callable[["BLEDevice", "AdvertisementData"], bool]
Seen = tuple["BLEDevice", "AdvertisementData"]

_RADIO_TIMEOUT_S = 5.0

_scans: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _SharedScan]]" = WeakKeyDictionary()


class _SharedScan:
    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._turn = asyncio.Lock()
        self._scanner: Any = None
        self._waiting: dict[asyncio.Future[Seen], Fits] = {}
        self._n_heard = 0

    def _on_advertisement(self, device: "BLEDevice", data: "AdvertisementData") -> None:
        self._n_heard += 1
        for found, fits in self._waiting.items():
            if not found.done() and fits(device, data):
                found.set_result((device, data))

    async def wait(self, fits: Fits, *, timeout_s: float) -> Seen | None:
        found: asyncio.Future[Seen] = asyncio.get_running_loop().create_future()
        n_before = self._n_heard
        try:
            self._waiting[found] = fits
            await self._start()
            async with asyncio.timeout(timeout_s):
                return await found
        except TimeoutError:
            if self._scanner is None:
                raise
            if self._n_heard == n_before:
                await self._stop()
            return None
        finally:
            self._waiting.pop(found, None)
            if not self._waiting:
                await self._stop()

    async def _start(self) -> None:
        from bleak import BleakScanner

        async with self._turn:
            if self._scanner is not None:
                return
            scanner = BleakScanner(self._on_advertisement, **backend_for(self._uri).for_scanner)
            async with asyncio.timeout(_RADIO_TIMEOUT_S):
                await scanner.start()
            self._scanner = scanner

    async def _stop(self) -> None:
        from bleak.exc import BleakError

        async with self._turn:
            scanner, self._scanner = self._scanner, None
            if scanner is None:
                return
            # A radio that is gone cannot stop; the next scan finds out.
            with contextlib.suppress(BleakError, TimeoutError):
                async with asyncio.timeout(_RADIO_TIMEOUT_S):
                    await scanner.stop()


async def wait_for_device(uri: str, fits: Fits, *, timeout_s: float) -> Seen | None:
    """Wait until something that fits advertises.

    Args:
        uri: Radio to use.
        fits: Whether it is the one.
        timeout_s: How long to wait.

    Returns:
        Device and advertisement; nothing after the timeout.

    Raises:
        BleakError: If the radio cannot scan.
        TimeoutError: If it does not start to.
    """
    scans = _scans.setdefault(asyncio.get_running_loop(), {})
    radio = radio_of(uri)
    return await scans.setdefault(radio, _SharedScan(radio)).wait(fits, timeout_s=timeout_s)
