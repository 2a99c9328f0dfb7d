"""Heart and breath rate of one garment while it is recorded, for the page alone.

A rate is shown while it is fresh and its events look like beats or breaths; otherwise it is not
known. The report of the finished session is the measurement, this is the look at it.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import GarmentSchema, StreamSchema
from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals.breath.sites import shows_breath

# A median of so many intervals does not jump with one missed beat.
N_INTERVALS = {"heart": 9, "breath": 4}
MIN_QUALITY = 0.3
# With the newest event older than this, the rate is of another time.
STALE_S = {"heart": 6.0, "breath": 15.0}
# What shows heart and breath, best first.
_KINDS = {"heart": ("ecg", "ppg"), "breath": ("respiration", "strain")}


@dataclass(slots=True)
class _Meter:
    """One detector on one channel, and the times of its last events."""

    vital: str
    stream_id: int
    operator: Any
    times_s: deque[float]
    intervals_s: deque[float]
    expected: int | None = None

    def feed(self, block: SampleBlock) -> None:
        """Take in samples of its stream."""
        if self.expected is not None and block.first_index > self.expected:
            self._note(self.operator.gap(block.first_index - self.expected))
        elif self.expected is not None and block.first_index < self.expected:
            self.operator.reset()  # The garment started anew.
            self.intervals_s.clear()
        self._note(self.operator(block))
        self.expected = block.first_index + block.n_samples

    def _note(self, events: Any) -> None:
        for event in events:
            if event.after_gap or event.quality < MIN_QUALITY:
                self.times_s.clear()
            elif self.times_s:
                self.intervals_s.append(event.time_s - self.times_s[-1])
            self.times_s.append(event.time_s)

    def per_minute(self, now_s: float) -> float | None:
        """Rate, or None where it would be a guess."""
        if len(self.intervals_s) < 2 or not self.times_s:
            return None
        if now_s - self.times_s[-1] > STALE_S[self.vital]:
            return None
        return 60.0 / float(np.median(self.intervals_s))


class LiveVitals:
    """Sees the converted samples of a garment; `rates` says what the page may show."""

    def __init__(self, schema: GarmentSchema) -> None:
        meters = (_meter(schema, vital) for vital in _KINDS)
        self._meters = [meter for meter in meters if meter is not None]

    def feed(
        self, stream_id: int, first_index: int, time_s: NDArray[np.float64],
        values: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Take in samples of a stream: times [s], shape (n,), values, shape (n, n_channels)."""
        wanted = [meter for meter in self._meters if meter.stream_id == stream_id]
        if not wanted:
            return
        block = SampleBlock(
            stream="live", first_index=first_index, time_s=time_s, values=values,
            channels=tuple(f"channel_{i}" for i in range(values.shape[1])),
        )  # fmt: skip
        for meter in wanted:
            meter.feed(block)

    def rates(self, now_s: float) -> dict[str, float | None]:
        """Rate per minute by vital sign that this garment can show; None while it is not known."""
        return {meter.vital: meter.per_minute(now_s) for meter in self._meters}


def _meter(schema: GarmentSchema, vital: str) -> _Meter | None:
    for kind in _KINDS[vital]:
        for stream in schema.streams:
            columns = _columns(stream, vital, kind)
            operator = _operator(stream, kind, columns[0]) if columns else None
            if operator is not None:
                recent = deque[float](maxlen=N_INTERVALS[vital])
                return _Meter(vital, stream.id, operator, deque(maxlen=2), recent)
    return None


def _columns(stream: StreamSchema, vital: str, kind: str) -> list[int]:
    return [
        i for i, channel in enumerate(stream.channels)
        if channel.kind == kind and (vital != "breath" or shows_breath(kind, channel.site or ""))
    ]  # fmt: skip


def _operator(stream: StreamSchema, kind: str, channel: int) -> Any | None:
    from wearables.signals import BreathDetector, PulseDetector, RPeakDetector

    try:
        match kind:
            case "ecg":
                return RPeakDetector(rate_hz=stream.rate_hz, channel=channel, latency_s=1.0)
            case "ppg":
                return PulseDetector(rate_hz=stream.rate_hz, channel=channel)
            case _:
                return BreathDetector(rate_hz=stream.rate_hz, channel=channel)
    except SignalError:
        return None  # Too slow a stream shows no beat.
