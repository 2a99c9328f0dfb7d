"""What a recording looks like while it runs: rate, loss, age and shape of every stream.

Counters only; nothing here touches what is recorded. Feeding costs little, looking costs more.
"""

import time
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import GarmentSchema, StreamSchema
from wearables.events import (
    Event,
    LinkClosed,
    LinkOpened,
    Lost,
    Marker,
    Sampled,
    Status,
)

WINDOW_S = 5.0
_FLAT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """One stream at this moment.

    Attributes:
        name: Of the stream.
        nominal_hz: Rate that the garment announces.
        rate_hz: Samples that arrived lately, a second; NaN before it can be said.
        coverage: Share of all samples since the start that are there, 0..1; NaN before any.
        n_gaps: Gaps since the start that nothing has filled.
        lost_s: Time that is missing since the start.
        age_s: Time since the last frame arrived; NaN before any.
        latency_s: How much later than the fastest frame the last one arrived; NaN before any.
        quality: 0..1 of the last seconds: samples that arrived, times the share of channels that
            neither stand still nor hit the end of their range.
        channels: Names.
        shapes: The last seconds of each channel, oldest first, shape (n_samples, n_channels).
    """

    name: str
    nominal_hz: float
    rate_hz: float
    coverage: float
    n_gaps: int
    lost_s: float
    age_s: float
    latency_s: float
    quality: float
    channels: tuple[str, ...]
    shapes: NDArray[np.int64]


class _Track:
    """One stream's counters."""

    def __init__(self, schema: StreamSchema) -> None:
        self.schema = schema
        self.recent: deque[tuple[int, NDArray[np.int64]]] = deque()
        self.n_stored = self.n_lost = self.n_gaps = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.least_delay_ns: dict[int, int] = {}
        self.delay_ns = 0

    def take(self, event: Sampled) -> None:
        self.n_stored += len(event.counts)
        if event.backfilled:
            # It closes a gap that was counted before.
            self.n_lost = max(0, self.n_lost - len(event.counts))
            return
        self.first_ns = self.first_ns or event.host_ns
        self.last_ns = event.host_ns
        self.recent.append((event.host_ns, event.counts))
        while event.host_ns - self.recent[0][0] > WINDOW_S * 1e9:
            self.recent.popleft()
        length_us = round(len(event.counts) / self.schema.rate_hz * 1e6)
        delay_ns = event.host_ns - (event.device_us + length_us) * 1000
        least_ns = min(delay_ns, self.least_delay_ns.get(event.boot, delay_ns))
        self.least_delay_ns[event.boot] = least_ns
        self.delay_ns = delay_ns - least_ns

    def state(self, now_ns: int) -> StreamState:
        schema, n_channels = self.schema, len(self.schema.channels)
        pieces = [c for at_ns, c in self.recent if now_ns - at_ns <= WINDOW_S * 1e9]
        shapes = np.concatenate(pieces) if pieces else np.zeros((0, n_channels), dtype=np.int64)
        rate_hz = age_s = latency_s = float("nan")
        if self.first_ns is not None and self.last_ns is not None:
            window_s = min(WINDOW_S, max((now_ns - self.first_ns) * 1e-9, 0.5))
            rate_hz = len(shapes) / window_s
            age_s, latency_s = (now_ns - self.last_ns) * 1e-9, self.delay_ns * 1e-9
        n_all = self.n_stored + self.n_lost
        came = min(1.0, rate_hz / schema.rate_hz) if rate_hz == rate_hz else 0.0
        return StreamState(
            name=schema.name,
            nominal_hz=schema.rate_hz,
            rate_hz=rate_hz,
            coverage=self.n_stored / n_all if n_all else float("nan"),
            n_gaps=self.n_gaps,
            lost_s=self.n_lost / schema.rate_hz,
            age_s=age_s,
            latency_s=latency_s,
            quality=came * self._alive(shapes),
            channels=tuple(channel.name for channel in schema.channels),
            shapes=shapes,
        )

    def _alive(self, shapes: NDArray[np.int64]) -> float:
        """Share of channels that move and stay within their range."""
        if len(shapes) < max(2, _FLAT_S * self.schema.rate_hz):
            return 1.0
        ranges = np.array([channel.count_range for channel in self.schema.channels])
        is_flat = shapes.min(axis=0) == shapes.max(axis=0)
        at_end = (shapes <= ranges[:, 0]) | (shapes >= ranges[:, 1])
        return float(1 - (is_flat | (at_end.mean(axis=0) > 0.1)).mean())


class Monitor:
    """Watches one recording; give `feed` to `Take.watch`.

    Attributes:
        battery_pct: Newest charge; NaN before it was told.
        n_links: Links so far.
        is_linked: Whether one is up.
        trouble: Why the last link ended, while none is up.
        last_marker: The newest marker.
        n_damaged: Notifications that were no frames.
    """

    def __init__(self, schema: GarmentSchema) -> None:
        self._tracks = {stream.id: _Track(stream) for stream in schema.streams}
        self.name = schema.name
        self.battery_pct = float("nan")
        self.n_links = 0
        self.is_linked = False
        self.trouble = ""
        self.last_marker: Marker | None = None
        self.n_damaged = 0

    def feed(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Sampled():
                self._tracks[event.stream_id].take(event)
            case Lost():
                track = self._tracks[event.stream_id]
                track.n_lost += event.n_samples
                track.n_gaps += 1
            case Marker():
                self.last_marker = event
            case Status():
                self.battery_pct = event.battery_pct
            case LinkOpened():
                self.n_links += 1
                self.is_linked, self.trouble = True, ""
            case LinkClosed():
                self.is_linked, self.trouble = False, event.reason
            case _:
                self.n_damaged += type(event).__name__ == "Damaged"

    def streams(self, now_ns: int | None = None) -> list[StreamState]:
        """Every stream at a moment, by default now."""
        now_ns = time.monotonic_ns() if now_ns is None else now_ns
        return [track.state(now_ns) for track in self._tracks.values()]
