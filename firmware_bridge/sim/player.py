"""What a virtual garment plays and remembers, without radio and without clock.

The same seed and knobs give the same bytes and the same losses, however often `advance` is called.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.flash_log import Flash
from firmware_bridge.packet import FLAG_END_OF_BLOCK, EventKind, FrameKind, device_frame
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.sim.faults import Faults
from firmware_bridge.sim.memory import Memory
from firmware_bridge.sim.signals import Replay
from firmware_bridge.sim.track import Track

STATUS_PERIOD_US = 5_000_000
DEFAULT_FRAME_SIZE = 244
_N_SAMPLES_AT = 14
_REPLAYED_PER_TURN = 4


class Player:
    """Plays a replay once, from the first start on; a power cut goes on with a new boot.

    Attributes:
        replay: What it plays.
        faults: What goes wrong.
        session: Boot counter.
        frame_size: Largest frame that the transport carries.
        on_frame: Told every data frame that was produced, whatever becomes of it.
    """

    def __init__(
        self,
        replay: Replay,
        *,
        rng: np.random.Generator,
        faults: Faults | None = None,
        session: int = 1,
        frame_size: int = DEFAULT_FRAME_SIZE,
        flash: Flash | None = None,
    ) -> None:
        self.replay = replay
        self.faults = faults or Faults()
        self.session = session
        self.frame_size = frame_size
        self.on_frame: Callable[[bytes], None] = lambda _frame: None
        self._flash = flash
        self._memory = self._mounted()
        self._rng = rng
        self._earlier_boots: list[dict[str, Any]] = []
        self._next_marker = 0
        # Where the world is at a device time: the wearer moves on while the garment is off.
        self._world_s: float | None = None
        self._world_at_us = 0
        self._boot()

    def _boot(self) -> None:
        self._tracks: dict[int, Track] = {}
        self._outbox: list[bytes] = []
        self._replies: list[bytes] = []
        self._origin_us: int | None = None
        self._stopped_us: int | None = None
        self._next_status_us = 0
        self._n_device_frames = 0
        self._end_told = False
        self._rates_hz = {stream.id: stream.rate_hz for stream in self.replay.schema.streams}
        self._generation = 0

    def _mounted(self) -> Memory | None:
        if self._flash is None:
            return None
        return Memory(self._flash, write_us=round(self.faults.flash_ms * 1000))

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels."""
        return self.replay.schema

    @property
    def is_streaming(self) -> bool:
        """Whether samples are being produced."""
        return self._origin_us is not None and self._stopped_us is None and not self.is_finished

    @property
    def is_finished(self) -> bool:
        """Whether every sample of the replay has been produced."""
        return bool(self._tracks) and all(track.is_done for track in self._tracks.values())

    def since_start_s(self, device_us: int) -> float:
        """Time since the very first sample; negative before the start and after a reboot."""
        if self._origin_us is None:
            return -1.0
        return (device_us - self._origin_us) * 1e-6 + (self._world_s or 0.0)

    def advance(self, device_us: int) -> list[bytes]:
        """Let time pass.

        Args:
            device_us: Device time now.

        Returns:
            Frames to send, in order; those that the loss knob took are not among them.
        """
        if self.is_streaming and self._origin_us is not None:
            closed = [
                (at_us, track.stream.id, frame)
                for track in self._tracks.values()
                for at_us, frame in track.play(device_us)
            ]
            for at_us, key, frame in sorted(closed, key=lambda row: row[:2]):
                self._log(self._tracks[key], frame, at_us)
            self._tell_markers(self._origin_us, device_us)
            self._tell_status(device_us)
        if self._memory is not None:
            self._memory.settle(device_us)
        if self.is_finished and not self._end_told:
            self._finish(device_us)
        frames, self._outbox = self._outbox, []
        return frames

    @property
    def has_replies(self) -> bool:
        """Whether frames of the log wait to be replayed."""
        return bool(self._replies)

    def replayed(self) -> list[bytes]:
        """Frames of the log to send next; a bounded share, since the live stream comes first."""
        frames = self._replies[:_REPLAYED_PER_TURN]
        del self._replies[:_REPLAYED_PER_TURN]
        return frames

    def _log(self, track: Track, frame: bytes | None, at_us: int) -> None:
        if frame is None:
            return
        track.frames += 1
        if self._memory is not None and track.stream.store and not self._memory.take(frame, at_us):
            track.frames_unlogged += 1
        self.on_frame(frame)
        if track.rng.random() < self.faults.loss:
            track.frames_dropped += 1
            track.samples_dropped += frame[_N_SAMPLES_AT]
        else:
            self._outbox.append(frame)

    def _finish(self, device_us: int) -> None:
        for track in self._tracks.values():
            self._log(track, track.encoder.flush(flags=FLAG_END_OF_BLOCK), device_us)
        self._end_told = True
        self._tell_status(device_us, now=True)
        self._tell(FrameKind.EVENT, {0: int(EventKind.END), 1: "replay finished"}, device_us)

    def _tell(self, kind: FrameKind, content: dict[int, Any], device_us: int) -> None:
        frame = device_frame(
            kind,
            content,
            session=self.session,
            counter=self._n_device_frames,
            device_us=device_us,
        )
        self._n_device_frames += 1
        self._outbox.append(frame)

    def _tell_markers(self, origin_us: int, device_us: int) -> None:
        markers = self.replay.markers
        while self._next_marker < len(markers):
            marker = markers[self._next_marker]
            at_us = origin_us + round((marker.time_s - (self._world_s or 0.0)) * 1e6)
            if at_us > device_us:
                break
            kind = EventKind.__members__.get(marker.kind.upper(), EventKind.MARKER)
            self._tell(FrameKind.EVENT, {0: int(kind), 1: marker.text}, at_us)
            self._next_marker += 1

    def _tell_status(self, device_us: int, *, now: bool = False) -> None:
        if not now and device_us < self._next_status_us:
            return
        self._next_status_us = device_us + STATUS_PERIOD_US
        streams = [
            [key, track.overrun, track.frames_dropped + track.frames_unsent]
            for key, track in self._tracks.items()
        ]
        used_b = self._memory.used_bytes if self._memory is not None else 0
        content = {0: self.faults.battery_pct, 1: streams, 2: used_b}
        self._tell(FrameKind.STATUS, content, device_us)

    def note_unsent(self, frame: bytes) -> None:
        """Count a frame that the transport could not take: no link, or its queue is full."""
        track = self._tracks.get(frame[1])
        if frame[0] & 0x0F == FrameKind.DATA and track is not None:
            track.frames_unsent += 1
            track.samples_unsent += frame[_N_SAMPLES_AT]

    def start(self, device_us: int) -> None:
        """Take samples from now on, or go on after a pause with the next index."""
        if self._origin_us is None:
            self._origin_us = device_us
            self._next_status_us = device_us
            if self._world_s is not None:
                self._world_s += (device_us - self._world_at_us) * 1e-6
            self._make_tracks(device_us)
        elif self._stopped_us is not None:
            # Paused time does not count: indices go on without a hole.
            self._origin_us += device_us - self._stopped_us
            for track in self._tracks.values():
                track.origin_us = self._origin_us
        self._stopped_us = None
        self._end_told = False  # A host that came back must hear that the replay is over.

    def _make_tracks(self, origin_us: int) -> None:
        streams = self.schema.streams
        for stream, rng in zip(streams, self._rng.spawn(len(streams)), strict=True):
            self._tracks[stream.id] = Track(
                stream=stream,
                counts=self.replay.counts[stream.id],
                encoder=FrameEncoder(
                    stream,
                    session=self.session,
                    size=self.frame_size,
                    generation=self._generation % 16,
                ),
                rng=rng,
                faults=self.faults,
                origin_us=origin_us,
                rate_hz=self._rates_hz[stream.id],
                first_row=round((self._world_s or 0.0) * stream.rate_hz),
            )

    def stop(self, device_us: int) -> None:
        """Take no more samples; what was taken is sent."""
        if self._origin_us is not None and self._stopped_us is None:
            self._outbox = self.advance(device_us)
            for track in self._tracks.values():
                self._log(track, track.encoder.flush(flags=FLAG_END_OF_BLOCK), device_us)
            self._tell_status(device_us, now=True)
            self._stopped_us = device_us

    def cut_power(self, device_us: int, *, off_s: float, wake_us: int) -> None:
        """Lose what is not in flash, tear the record that is being written, and boot again.

        Args:
            device_us: Device time when the power goes.
            off_s: How long it stays away.
            wake_us: Device time of the new boot's first moment.
        """
        self.advance(device_us)
        if self._origin_us is not None:
            self._world_s = self.since_start_s(device_us) + off_s
            self._world_at_us = wake_us
        torn = [track.tear() for track in self._tracks.values()]
        if self._memory is not None:
            self._memory.tear([frame for frame in torn if frame is not None], rng=self._rng)
        self._earlier_boots.append(self._boot_summary())
        self.session += 1
        self._boot()
        self._memory = self._mounted()
        for frame in torn:
            # A record that was whole when the power went is there after all.
            if frame is not None and self._memory is not None and self._memory.has(frame):
                self.on_frame(frame)

    def log_status(self) -> dict[str, Any]:
        """First index in the log and next index, by stream; earlier boots that the log holds."""
        memory, status = self._memory, dict[str, Any]()
        for stream in self.schema.streams:
            track = self._tracks.get(stream.id)
            newest = track.produced if track is not None else 0
            held = memory.extents(stream.id) if memory is not None else []
            own = [oldest for session, oldest, _ in held if session == self.session]
            status[str(stream.id)] = {
                "session": self.session,
                "oldest": own[0] if own else newest,
                "newest": newest,
                "earlier": [list(row) for row in held if row[0] != self.session],
            }
        return status

    def summary(self) -> dict[str, Any]:
        """What really happened, for comparison with what a host recorded."""
        return {**self._boot_summary(), "earlier_boots": self._earlier_boots}

    def _boot_summary(self) -> dict[str, Any]:
        return {
            "session": self.session,
            "finished": self.is_finished,
            "device_frames": self._n_device_frames,
            "streams": {
                str(key): {
                    "name": track.stream.name,
                    "produced": track.produced,
                    "frames": track.frames,
                    "frames_dropped": track.frames_dropped,
                    "samples_dropped": track.samples_dropped,
                    "samples_overrun": track.overrun,
                    "frames_unsent": track.frames_unsent,
                    "samples_unsent": track.samples_unsent,
                    "frames_unlogged": track.frames_unlogged,
                    "samples_torn": track.samples_torn,
                }
                for key, track in self._tracks.items()
            },
        }
