"""Markers from other programs over UDP, stamped when they arrive, joined to any source.

A datagram is a text, or JSON: ``{"text": "stimulus 3", "kind": "stimulus", "age_ms": 2.5}``, where
``age_ms`` says how long ago it happened.
"""

import asyncio
import json
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from firmware_bridge.schema import GarmentSchema
from wearables.errors import LinkError
from wearables.events import Event, Marker, Source

MAX_TEXT = 500
QUEUE_SIZE = 1024


def parse_marker(data: bytes, *, host_ns: int) -> Marker | None:
    """Read a datagram; nothing if it holds no text."""
    text = data.decode("utf-8", "replace").strip()
    kind, age_ns = "marker", 0
    if text.startswith("{"):
        try:
            content: Any = json.loads(text)
            text, kind = str(content["text"]).strip(), str(content.get("kind", kind))
            age_ms = float(content.get("age_ms", 0.0))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        if not math.isfinite(age_ms) or age_ms < 0:
            return None
        age_ns = round(age_ms * 1e6)
    if not text:
        return None
    return Marker(
        host_ns=host_ns - age_ns, kind=kind[:MAX_TEXT], text=text[:MAX_TEXT], source="program"
    )


class UdpMarkers(asyncio.DatagramProtocol):
    """Listens for markers; a context manager.

    Attributes:
        port: Port that it listens on; one is chosen when 0 was asked for.
        n_refused: Datagrams that held no marker, or came while 1,024 waited.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        deliver: Callable[[Marker], None] | None = None,
    ) -> None:
        """Prepare to listen.

        Args:
            port: Port to listen on.
            host: Interface to listen on.
            deliver: Gets every marker at once; without it they wait for `take`.
        """
        self.port = port
        self._deliver = deliver
        self.n_refused = 0
        self._host = host
        self._waiting: deque[Marker] = deque()
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            LinkError: If the port cannot be used.
        """
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(self._host, self.port)
            )
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise LinkError(
                f"markers cannot listen on {self._host}:{self.port}: {reason}"
            ) from error
        self.port = int(self._transport.get_extra_info("sockname")[1])
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Stamp and keep a marker."""
        marker = parse_marker(data, host_ns=time.monotonic_ns())
        if marker is not None and self._deliver is not None:
            self._deliver(marker)
        elif marker is None or len(self._waiting) >= QUEUE_SIZE:
            self.n_refused += 1
        else:
            self._waiting.append(marker)

    def take(self) -> list[Marker]:
        """Markers that came since the last call."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


class _Joined:
    """A source with markers among its events."""

    def __init__(self, source: Source, markers: UdpMarkers) -> None:
        self._source = source
        self._markers = markers

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels."""
        return self._source.schema

    async def stop(self) -> None:
        """Ask for the end; iterate on until it comes."""
        await self._source.stop()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield markers before the next event; their stamps tell when they came."""
        async for event in self._source:
            for marker in self._markers.take():
                yield marker
            yield event
        for marker in self._markers.take():
            yield marker


def with_markers(source: Source, markers: UdpMarkers) -> Source:
    """The source, with markers among its events."""
    return _Joined(source, markers)
