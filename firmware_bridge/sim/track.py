"""One stream of a virtual garment while it is played, with exact counters."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.errors import SchemaError
from firmware_bridge.schema import StreamSchema
from firmware_bridge.sim.faults import Faults


@dataclass(slots=True, kw_only=True)
class Track:
    """What is played of a stream, and how far it got.

    Attributes:
        stream: Its description.
        counts: Raw integers at the stream's nominal rate, shape (n_samples, n_channels).
        encoder: Makes its frames.
        rng: Where its losses come from.
        faults: Knobs.
        origin_us: Device time of the first sample.
        rate_hz: Rate that was set; samples between two recorded ones repeat the earlier one.
        produced: Samples that the sensor took, lost ones included.
        overrun: Samples that the sensor's own queue lost.
        first_row: Row of the counts that is sample 0; later boots begin later.
    """

    stream: StreamSchema
    counts: NDArray[np.int64]
    encoder: FrameEncoder
    rng: np.random.Generator
    faults: Faults
    origin_us: int
    rate_hz: float
    produced: int = 0
    overrun: int = 0
    first_row: int = 0
    frames: int = 0
    frames_dropped: int = 0
    samples_dropped: int = 0
    frames_unsent: int = 0
    samples_unsent: int = 0
    frames_unlogged: int = 0
    samples_torn: int = 0
    _overruns: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    _stuck: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])

    def __post_init__(self) -> None:
        gone_s = self.first_row / self.stream.rate_hz
        for name, at_s, n_samples in self.faults.overruns:
            if name == self.stream.name and at_s >= gone_s:
                self._overruns.append((round((at_s - gone_s) * self.rate_hz), n_samples))
        self._overruns.sort()
        names = [channel.name for channel in self.stream.channels]
        for name, channel, start_s, stop_s in self.faults.stuck:
            if name == self.stream.name:
                if channel not in names:
                    raise SchemaError(f"stream {name!r} has no channel {channel!r} to be stuck")
                start, stop = (
                    max(round((at_s - gone_s) * self.rate_hz), 0) for at_s in (start_s, stop_s)
                )
                self._stuck.append((names.index(channel), start, stop))

    @property
    def is_done(self) -> bool:
        """Whether every sample has been produced."""
        return self._row(self.produced) >= self.counts.shape[0]

    def _row(self, index: int) -> int:
        return self.first_row + int(index * self.stream.rate_hz / self.rate_hz)

    def play(self, device_us: int) -> Iterator[tuple[int, bytes]]:
        """Produce samples until a device time; yields when frames close, and the frames."""
        period_us = 1e6 / self.rate_hz
        latency_us = 1000 * self.stream.max_latency_ms
        encoder = self.encoder
        while not self.is_done:
            at_us = self.origin_us + round(self.produced * period_us)
            if at_us > device_us:
                break
            frame = self._lose()
            if frame is not None:
                yield at_us, frame
                continue
            if encoder.n_pending and at_us >= encoder.first_us + latency_us:
                yield from self._flushed(encoder.first_us + latency_us)
            frame = encoder.push(self._sample(), device_us=at_us)
            self.produced += 1
            if frame is not None:
                yield at_us, frame
        if encoder.n_pending and device_us >= encoder.first_us + latency_us:
            yield from self._flushed(encoder.first_us + latency_us)

    def _flushed(self, at_us: int) -> Iterator[tuple[int, bytes]]:
        frame = self.encoder.flush()
        if frame is not None:
            yield at_us, frame

    def tear(self) -> bytes | None:
        """Lose the open frame; returns what it would have been."""
        self.samples_torn += self.encoder.n_pending
        return self.encoder.flush()

    def _lose(self) -> bytes | None:
        """Let the sensor's queue run over where a knob says so; returns the frame that closes."""
        frame = None
        while self._overruns and self.produced >= self._overruns[0][0]:
            _, n_samples = self._overruns.pop(0)
            n_left = self.counts.shape[0] - self._row(self.produced)
            n_lost = min(n_samples, n_left - 1)
            if n_lost > 0:
                frame = self.encoder.skip(n_lost) or frame
                self.produced += n_lost
                self.overrun += n_lost
        return frame

    def _sample(self) -> list[int]:
        sample: list[int] = self.counts[self._row(self.produced)].tolist()
        for channel, start, stop in self._stuck:
            if start <= self.produced < stop:
                sample[channel] = int(self.counts[self._row(start), channel])
        return sample
