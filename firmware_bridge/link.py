"""A link carries packets, whole or not at all; links for tests live here too."""

import asyncio
from typing import Protocol

import numpy as np


class Link(Protocol):
    """Send and receive packets of at most the link's size."""

    async def send(self, data: bytes) -> None:
        """Send one packet."""
        ...

    async def receive(self) -> bytes:
        """Wait for the next packet."""
        ...


class LoopbackLink:
    """What is sent is received, in order; a full queue makes the sender wait."""

    def __init__(self, *, capacity: int = 1024) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=capacity)

    async def send(self, data: bytes) -> None:
        """Send one packet."""
        await self._queue.put(data)

    async def receive(self) -> bytes:
        """Wait for the next packet."""
        return await self._queue.get()


class LossyLink:
    """A link that loses packets at random."""

    def __init__(self, link: Link, *, loss: float, rng: np.random.Generator) -> None:
        self._link = link
        self._loss = loss
        self._rng = rng
        self.n_lost = 0

    async def send(self, data: bytes) -> None:
        """Send one packet, or lose it."""
        if self._rng.random() < self._loss:
            self.n_lost += 1
            return
        await self._link.send(data)

    async def receive(self) -> bytes:
        """Wait for the next packet."""
        return await self._link.receive()
