"""Keep a link to a garment: find, connect, serve, and again after trouble.

Every link is an epoch. After a link that ended the search goes on at once, and so it does for a
garment that is not seen, since it may come into range at any moment; trouble that repeats is
answered with growing pauses.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

import numpy as np

from firmware_bridge.errors import ControlError
from wearables.ble.dialling import dial
from wearables.ble.link import Link, LinkEndedError
from wearables.ble.packets import PacketQueue
from wearables.ble.scanning import NotSeenError
from wearables.ble.settings import SupervisorSettings, pause_s
from wearables.ble.states import Backoff, Connecting, Scanning, Serving, State, Stopped
from wearables.errors import LinkError
from wearables.events import LinkClosed

logger = logging.getLogger(__name__)


class Supervisor:
    """Repeats find, connect, serve until serving ends by itself.

    Attributes:
        queue: Where notifications and links' ends go.
        epoch: Number of the newest link.
        state: What it is doing.
        stop_at_ns: Host time of the end; nothing for until asked.
        has_streamed: Set by the user once the first link served.
        link: The link that is up.
    """

    def __init__(
        self,
        uri: str,
        *,
        serial: int | None,
        settings: SupervisorSettings,
        rng: np.random.Generator,
    ) -> None:
        self._uri = uri
        self._serial = serial
        self._settings = settings
        self._rng = rng
        self.queue = PacketQueue(settings.queue_size)
        self.epoch = 0
        self.state: State = Scanning()
        self.stop_at_ns: int | None = None
        self.has_streamed = False
        self.link: Link | None = None
        self._stop = asyncio.Event()
        self._seen_serial: int | None = None
        self._stopping_ns: int | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked for the end, or it is time."""
        is_over = self.stop_at_ns is not None and time.monotonic_ns() >= self.stop_at_ns
        return is_over or self._stop.is_set()

    def stop(self) -> None:
        """Ask for the end; serving notices at once."""
        self._stop.set()
        if self.link is not None:
            self.link.woken.set()

    async def run(self, serve: Callable[[Link], Awaitable[None]]) -> None:
        """Keep the link.

        Args:
            serve: Uses a link that has just come up, returns when all is done, raises `LinkError`,
                `TimeoutError` or bleak's errors when it has to be repeated.
        """
        from bleak.exc import BleakBluetoothNotAvailableError, BleakError

        n_failures = 0
        while not self._is_over():
            started_ns = time.monotonic_ns()
            try:
                await self._once(serve)
                break
            except (BleakError, LinkError, ControlError, TimeoutError, OSError) as error:
                reason = _reason(error, self._uri)
                if time.monotonic_ns() - started_ns > self._settings.settled_s * 1e9:
                    n_failures = 0
                n_failures += 1
                hopeless = isinstance(error, BleakBluetoothNotAvailableError)
                if not self.has_streamed and (
                    hopeless or n_failures >= self._settings.first_attempts
                ):
                    self.state = Stopped(error=reason)
                    return
                logger.info("link trouble %d: %s", n_failures, reason)
                # A garment, dongle or simulator that is merely away may be back at any moment.
                away = 1 if isinstance(error, NotSeenError) else 2 if hopeless else n_failures
            await self._pause(min(n_failures, away), reason)
        self.state = Stopped()

    def _is_over(self) -> bool:
        """Whether the farewell is over: after the end more links are worth trying for a while."""
        if not self.is_stopping:
            return False
        now_ns = time.monotonic_ns()
        if self._stopping_ns is None:
            self._stopping_ns = now_ns
            return False
        return now_ns - self._stopping_ns > self._settings.farewell_s * 1e9

    async def _pause(self, n_failures: int, reason: str) -> None:
        delay_s = pause_s(n_failures, settings=self._settings, rng=self._rng)
        self.state = Backoff(delay_s=delay_s, n_failures=n_failures, reason=reason)
        if self.is_stopping:
            await asyncio.sleep(delay_s)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stop.wait()

    async def _once(self, serve: Callable[[Link], Awaitable[None]]) -> None:
        settings = self._settings
        self.state = Scanning()
        if self.has_streamed and self._serial is None:
            # Another garment in range must not take the place of the one that was recorded.
            self._serial = self._seen_serial
        is_lost = asyncio.Event()

        def on_lost() -> None:
            is_lost.set()
            if self.link is not None:
                self.link.on_lost()

        def on_found(address: str, serial: int | None) -> None:
            self.state = Connecting(address=address)
            self._seen_serial = serial

        limit_s = settings.longest_connect_s(is_known=self.has_streamed)
        channel = dial(
            self._uri, serial=self._serial, settings=settings, connect_timeout_s=limit_s,
            on_lost=on_lost, on_found=on_found,
        )  # fmt: skip
        async with channel as carrier:
            link = Link(
                carrier,
                epoch=self.epoch + 1,
                queue=self.queue,
                timeout_s=settings.operation_timeout_s,
            )
            link.is_lost = is_lost.is_set()
            self.epoch, self.link = link.epoch, link
            self.state = Serving(epoch=link.epoch, since_ns=time.monotonic_ns())
            reason = "lost"
            try:
                await serve(link)
                reason = "stopped"
            except LinkEndedError as error:
                reason = error.reason
                raise
            finally:
                self.link = None
                now_ns = time.monotonic_ns()
                self.queue.put_event(LinkClosed(epoch=link.epoch, host_ns=now_ns, reason=reason))


def _reason(error: Exception, uri: str) -> str:
    """What went wrong, in words."""
    if isinstance(error, OSError) and error.strerror:
        # The platform's own stack may be absent, with its socket.
        return f"{uri} cannot be used: {error.strerror.lower()}"
    return str(error.args[0]) if error.args else type(error).__name__
