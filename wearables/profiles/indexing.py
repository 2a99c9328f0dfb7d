"""Give samples an index where the sensor sends none, and find gaps in its time stamps."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from firmware_bridge.events import Damaged, LossCause, Lost, Sampled
from firmware_bridge.schema import GarmentSchema, StreamSchema
from wearables.profiles.profile import Reading

# A stamp that runs away from the host by more than this was set, or the sensor restarted.
CLOCK_STEP_US = 10_000_000
# A missing half frame is a gap; less is the sensor's own clock.
GAP_FRAMES = 0.5
DELAY_WINDOW_US = 30_000_000


@dataclass(slots=True)
class _Track:
    """Where one stream stands within its boot."""

    next_index: int
    next_us: float
    host_ns: int
    epoch: int


class Indexer:
    """Turn readings into samples with index, device time and gaps.

    A sensor without a clock gets the host's, counted from the start; beside streams with a clock,
    the least delay of the last 30 s brings it to the sensor's.

    Attributes:
        boot: Rises when the sensor's clock was set or it restarted.
    """

    def __init__(self, schema: GarmentSchema, *, origin_ns: int) -> None:
        self._streams = {stream.name: stream for stream in schema.streams}
        self._tracks: dict[str, _Track] = {}
        self._origin_ns = origin_ns
        self._base_us: int | None = None
        self._delays: deque[tuple[int, int]] = deque()
        self._newest: tuple[int, int] | None = None
        self.boot = 1

    def __call__(
        self, reading: Reading, *, host_ns: int, epoch: int
    ) -> list[Sampled | Lost | Damaged]:
        """Place a reading; counts that its channels cannot hold are damage."""
        stream = self._streams[reading.stream]
        lows, highs = np.array([c.count_range for c in stream.channels]).T
        if (reading.counts < lows).any() or (reading.counts > highs).any():
            reason = f"a value of stream {stream.name} is outside of its range"
            return [Damaged(reason=reason, host_ns=host_ns, epoch=epoch)]
        if not len(reading.counts):
            return []
        device_us = self._device_us(reading.device_us, host_ns)
        track = self._tracks.get(stream.name)
        events: list[Sampled | Lost | Damaged] = []
        index = 0
        if track is not None:
            lost = self._lost(stream, reading, track, device_us, host_ns, epoch)
            index = track.next_index
            if lost is not None:
                events.append(lost)
                index += lost.n_samples
        n = len(reading.counts)
        sampled = Sampled(
            stream_id=stream.id,
            boot=self.boot,
            first_index=index,
            device_us=device_us,
            counts=reading.counts,
            flags=0,
            host_ns=host_ns,
            epoch=epoch,
        )
        next_us = device_us + n * 1e6 / stream.rate_hz
        self._tracks[stream.name] = _Track(index + n, next_us, host_ns, epoch)
        return [*events, sampled]

    def _device_us(self, stamp_us: int | None, host_ns: int) -> int:
        """Time since the start on the sensor's clock."""
        host_us = (host_ns - self._origin_ns) // 1000
        if stamp_us is None:
            delay_us = min((delay for _, delay in self._delays), default=0)
            return max(0, host_us - delay_us)
        if self._newest is not None:
            moved_us = stamp_us - self._newest[0] - (host_us - self._newest[1])
            if abs(moved_us) > CLOCK_STEP_US:
                self._restart()
        if self._base_us is None:
            self._base_us = stamp_us - host_us
        self._newest = (stamp_us, host_us)
        device_us = max(0, stamp_us - self._base_us)
        self._delays.append((host_us, host_us - device_us))
        while self._delays[0][0] < host_us - DELAY_WINDOW_US:
            self._delays.popleft()
        return device_us

    def _restart(self) -> None:
        self.boot += 1
        self._tracks.clear()
        self._delays.clear()
        self._base_us = None

    def _lost(
        self,
        stream: StreamSchema,
        reading: Reading,
        track: _Track,
        device_us: int,
        host_ns: int,
        epoch: int,
    ) -> Lost | None:
        """Samples between the last reading and this one."""
        is_new_link = epoch != track.epoch
        if not reading.is_regular or (reading.device_us is None and not is_new_link):
            return None
        missing = (device_us - track.next_us) * 1e-6 * stream.rate_hz
        if missing <= max(1.0, GAP_FRAMES * len(reading.counts)) - 0.5:
            return None
        return Lost(
            stream_id=stream.id,
            boot=self.boot,
            first_index=track.next_index,
            n_samples=max(1, round(missing)),
            cause=LossCause.NO_LINK if is_new_link else LossCause.INFERRED,
            host_ns=host_ns,
            epoch_before=track.epoch,
            epoch_after=epoch,
        )
