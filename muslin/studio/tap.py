"""Live samples of one garment on their way to the page: values in the garment's own units.

Nothing here touches what is recorded. Times are seconds since the recording's start, by the clock
exchange with the shortest round trip so far; before there is one, by the least delay of a frame. So
a frame that came late, or out of the garment's buffer, is drawn where it belongs.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import GarmentSchema, StreamSchema
from muslin.studio.live_vitals import LiveVitals
from muslin.studio.wire import pack_samples
from wearables.events import Event, Exchanged, SampleBlock, Sampled
from wearables.sources import LiveClock

STREAMS_PER_GARMENT = 16
POSE_NUMBER = 200


class _Strip:
    """One stream: conversion, and where its last sample lies."""

    def __init__(self, schema: StreamSchema, number: int) -> None:
        self.schema = schema
        self.number = number
        self.scale = np.array([float(channel.scale) for channel in schema.channels])
        self.offset = np.array([float(channel.offset) for channel in schema.channels])
        self.next_s = -math.inf
        # Boot and index that the next frame starts with, or later.
        self.next_index: tuple[int, int] = (-1, 0)

    def values(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        return (counts.astype(np.float64) - self.offset) * self.scale


@dataclass(slots=True, kw_only=True)
class Bundle:
    """What waits to be sent.

    Attributes:
        frames: Wire frames.
        oldest_ns: Arrival of the oldest sample in it; 0 for none.
    """

    frames: list[bytes]
    oldest_ns: int = 0


class LiveTap:
    """Sees the events of one garment; give `feed` to a `Take`."""

    def __init__(self, schema: GarmentSchema, garment: int, *, start_ns: int) -> None:
        first = garment * STREAMS_PER_GARMENT
        self._strips = {s.id: _Strip(s, first + i) for i, s in enumerate(schema.streams)}
        self._garment = garment
        self._start_ns = start_ns
        self._clocks: dict[int, LiveClock] = {}
        self._waiting = Bundle(frames=[])
        self._pose = _pose_of(schema)
        self.vitals = LiveVitals(schema)

    def feed(self, event: Event) -> None:
        """Take live samples; what comes late, out of the garment's log, is in the file alone."""
        if isinstance(event, Exchanged):
            self._clocks.setdefault(event.boot, LiveClock()).exchange(event.exchange)
        if not isinstance(event, Sampled) or event.backfilled:
            return
        strip = self._strips[event.stream_id]
        if (event.boot, event.first_index) < strip.next_index:
            return
        strip.next_index = (event.boot, event.first_index + len(event.counts))
        clock = self._clocks.setdefault(event.boot, LiveClock())
        first_s = (clock.host_ns(event.device_us, event.host_ns) - self._start_ns) * 1e-9
        rate_hz = strip.schema.rate_hz
        if 0 < strip.next_s - first_s < 1 / rate_hz:
            first_s = strip.next_s  # The clock was set by less than a sample.
        strip.next_s = first_s + len(event.counts) / rate_hz
        values = strip.values(event.counts)
        self._put(pack_samples(values, number=strip.number, first_s=first_s, rate_hz=rate_hz))
        self._waiting.oldest_ns = self._waiting.oldest_ns or event.host_ns
        time_s = first_s + np.arange(len(values)) / rate_hz
        self.vitals.feed(event.stream_id, event.first_index, time_s, values)
        if self._pose is not None and event.stream_id == self._pose.stream_id:
            self._turn(values, event.first_index, time_s)

    def take(self) -> Bundle:
        """What came since the last call."""
        taken, self._waiting = self._waiting, Bundle(frames=[])
        return taken

    @property
    def site(self) -> str:
        """Where the motion sensor sits; empty if there is none."""
        return "" if self._pose is None else self._pose.site

    def _put(self, frame: bytes) -> None:
        self._waiting.frames.append(frame)

    def _turn(
        self, values: NDArray[np.float64], first_index: int, time_s: NDArray[np.float64]
    ) -> None:
        pose = self._pose
        if pose is None:
            return
        block = SampleBlock(
            stream="imu", first_index=first_index, time_s=time_s, values=values * pose.factors,
            channels=tuple(f"channel_{i}" for i in range(values.shape[1])),
        )  # fmt: skip
        for turned in pose.operator(block):
            self._put(
                pack_samples(
                    turned.values[-1:], number=POSE_NUMBER + self._garment,
                    first_s=float(turned.time_s[-1]), rate_hz=pose.operator.rate_hz,
                )
            )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Pose:
    """Orientation of the first stream that holds acceleration and angular rate."""

    stream_id: int
    site: str
    factors: NDArray[np.float64]
    operator: Any


def _pose_of(schema: GarmentSchema) -> _Pose | None:
    from wearables.sessions.units import si_factor
    from wearables.signals.motion.orientation import Orientation

    for stream in schema.streams:
        kinds = [channel.kind for channel in stream.channels]
        acc = [i for i, kind in enumerate(kinds) if kind == "acc"][:3]
        gyr = [i for i, kind in enumerate(kinds) if kind == "gyr"][:3]
        if len(acc) == len(gyr) == 3:
            return _Pose(
                stream_id=stream.id,
                site=stream.channels[acc[0]].site or "",
                factors=np.array([si_factor(channel.unit) for channel in stream.channels]),
                operator=Orientation(rate_hz=stream.rate_hz, acc=acc, gyr=gyr),
            )
    return None
