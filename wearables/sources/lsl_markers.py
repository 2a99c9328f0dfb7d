"""Markers from LSL streams of texts, for recordings of anything (optional: pylsl)."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from wearables.errors import LinkError
from wearables.events import Marker
from wearables.sources.lsl import lsl_minus_host_s, require_pylsl

_PULL_S, _JOIN_S = 0.2, 2.0


class LslMarkers:
    """Listens to LSL marker streams; a context manager.

    Attributes:
        match: Predicate of LSL; all streams of type ``Markers`` by default.
        n_streams: How many were found.
    """

    def __init__(
        self, deliver: Callable[[Marker], None], *, match: str = "", wait_s: float = 2.0
    ) -> None:
        """Prepare to listen.

        Args:
            deliver: Gets every marker, in the event loop.
            match: Predicate of LSL.
            wait_s: How long to look for streams.
        """
        self.match = match or "type='Markers'"
        self.n_streams = 0
        self._deliver = deliver
        self._wait_s = wait_s
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    async def __aenter__(self) -> Self:
        """Find the streams and listen.

        Raises:
            LinkError: If pylsl is missing or no stream of texts was found.
        """
        lsl = require_pylsl()
        found = await asyncio.to_thread(lsl.resolve_bypred, self.match, 1, self._wait_s)
        texts = [info for info in found if info.channel_format() == lsl.cf_string]
        if not texts:
            raise LinkError(f"no LSL marker stream was found for {self.match!r}")
        self.n_streams = len(texts)
        loop = asyncio.get_running_loop()
        for info in texts:
            inlet = lsl.StreamInlet(info)
            await asyncio.to_thread(inlet.open_stream, self._wait_s)
            thread = threading.Thread(target=self._listen, args=(lsl, inlet, loop), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def _listen(self, lsl: Any, inlet: Any, loop: asyncio.AbstractEventLoop) -> None:
        correction_s = inlet.time_correction(self._wait_s)
        while not self._ending.is_set():
            words, stamp = inlet.pull_sample(_PULL_S)
            if words is None:
                continue
            host_s = stamp + correction_s - lsl_minus_host_s(lsl)
            text = " ".join(words)
            marker = Marker(host_ns=round(host_s * 1e9), kind="marker", text=text, source="program")
            loop.call_soon_threadsafe(self._deliver, marker)
        inlet.close_stream()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, _JOIN_S)
