"""When to ask a garment for its clock: bursts of exchanges, each at a random phase of the radio."""

import asyncio
import logging
import time

import numpy as np

from firmware_bridge.control import Command
from firmware_bridge.timesync import Exchange
from wearables.ble.link import Link
from wearables.ble.settings import SupervisorSettings
from wearables.events import Exchanged

# Twice the longest usual connection interval (50 ms): an exchange that always meets the same phase
# of the radio has a bias of up to half an interval (`benchmarks/link_sync.py`).
_HOST_DITHER_S = 0.1
_MAX_MISSED = 3

logger = logging.getLogger(__name__)


class ClockAsker:
    """Exchanges clocks over one link.

    Attributes:
        due_ns: When the next exchange of a burst is due.
    """

    def __init__(
        self, link: Link, boot: int, *, settings: SupervisorSettings, rng: np.random.Generator
    ) -> None:
        self._link = link
        self._boot = boot
        self._settings = settings
        self._rng = rng
        self._n_left = settings.exchanges_per_burst
        self._n_missed = 0
        self.due_ns = time.monotonic_ns()

    async def ask_if_due(self) -> Exchanged | None:
        """Exchange clocks if it is time to; one answer that never comes is no reason to hang up.

        Raises:
            TimeoutError: If the garment did not answer several times in a row.
        """
        if time.monotonic_ns() < self.due_ns:
            return None
        exchanged: Exchanged | None = None
        try:
            exchanged = await self._ask()
            self._n_missed = 0
        except TimeoutError:
            self._n_missed += 1
            if self._n_missed >= _MAX_MISSED:
                raise
            logger.info("the garment did not answer a clock exchange")
        self._n_left -= 1
        wait_s = self._settings.exchange_spacing_s
        if self._n_left <= 0:
            self._n_left = self._settings.exchanges_per_burst
            wait_s = self._settings.exchange_every_s
        self.due_ns = time.monotonic_ns() + round(wait_s * 1e9)
        return exchanged

    async def burst(self) -> list[Exchanged]:
        """One burst at once."""
        found: list[Exchanged] = []
        for i in range(self._settings.exchanges_per_burst):
            if i:
                await asyncio.sleep(self._settings.exchange_spacing_s)
            found.append(await self._ask())
        return found

    async def _ask(self) -> Exchanged:
        # A random start, so that requests do not keep one phase to the connection events.
        await asyncio.sleep(float(self._rng.uniform(0, _HOST_DITHER_S)))
        dither_us = self._settings.dither_us
        t1_ns = time.monotonic_ns()
        body, t4_ns = await self._link.ask(Command.TIME, {"t1": t1_ns, "dither_us": dither_us})
        exchange = Exchange(
            t1_host_ns=t1_ns,
            t2_device_us=int(body["t2"]),
            t3_device_us=int(body["t3"]),
            t4_host_ns=t4_ns,
            dither_us=dither_us,
        )
        return Exchanged(exchange=exchange, epoch=self._link.epoch, boot=self._boot)
