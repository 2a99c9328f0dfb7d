"""The firmware of a virtual garment, without radio and without clock: device time comes in.

The same seed and knobs give the same bytes and the same losses, however often `advance` is called.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from firmware_bridge.codec import MIN_FRAME_SIZE, FrameEncoder
from firmware_bridge.control import (
    GROUP_GARMENT,
    Command,
    Rc,
    SmpMessage,
    encode_message,
    refusal,
    response,
)
from firmware_bridge.flash_log import Flash
from firmware_bridge.packet import FLAG_END_OF_BLOCK, EventKind, FrameKind, device_frame
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.sim.faults import Faults
from firmware_bridge.sim.memory import Memory
from firmware_bridge.sim.signals import Replay
from firmware_bridge.sim.track import Track

STATUS_PERIOD_US = 5_000_000
DEFAULT_FRAME_SIZE = 244
DEFAULT_DITHER_US = 7_500
_DESCRIPTOR_CHUNK = 400
_LINK_SHARE = 0.92
_N_SAMPLES_AT = 14
_HAS_LOG, _STREAMING = 0x02, 0x04
_REPLAYED_PER_TURN = 4
_MAX_IDENTIFY_MS = 10_000
CALIBRATION_KINDS = ("still", "zero", "stretch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that is built at the moment it is sent.

    Attributes:
        wait_us: How long to wait before.
        make: Builds the message from the device time of sending.
        is_clock: Whether it answers a clock exchange and must not queue behind data.
    """

    wait_us: int
    make: Callable[[int], bytes]
    is_clock: bool = False


class Garment:
    """A garment that plays a replay once, from the first start command on."""

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
        self._memory = Memory(flash) if flash is not None else None
        self.faults = faults or Faults()
        self.session = session
        self.frame_size = frame_size
        self._descriptor = replay.schema.to_cbor()
        self._rng = rng
        self._tracks: dict[int, Track] = {}
        self._outbox: list[bytes] = []
        self._replies: list[bytes] = []
        self._origin_us: int | None = None
        self._stopped_us: int | None = None
        self._next_marker = 0
        self._next_status_us = 0
        self._n_device_frames = 0
        self._end_told = False
        self._rates_hz = {stream.id: stream.rate_hz for stream in replay.schema.streams}
        self._generation = 0
        self.n_identified = 0

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
        """Time since the first sample; negative before the start."""
        return -1.0 if self._origin_us is None else (device_us - self._origin_us) * 1e-6

    def info(self) -> bytes:
        """Value of the Info characteristic, 12 bytes."""
        flags = _STREAMING if self.is_streaming else 0
        flags |= _HAS_LOG if self._memory is not None else 0
        head = bytes([1, flags]) + self.session.to_bytes(2, "little")
        return head + self.schema.sha256()[:8]

    def advance(self, device_us: int) -> list[bytes]:
        """Let time pass.

        Args:
            device_us: Device time now.

        Returns:
            Frames to send, in order; those that the loss knob took are not among them.
        """
        if self.is_streaming and self._origin_us is not None:
            for track in self._tracks.values():
                for frame in track.play(device_us):
                    self._log(track, frame)
            self._tell_markers(self._origin_us, device_us)
            self._tell_status(device_us)
        if self.is_finished and not self._end_told:
            self._finish(device_us)
        frames, self._outbox = self._outbox, []
        return frames

    def replayed(self) -> list[bytes]:
        """Frames of the log to send next; a bounded share, since the live stream comes first."""
        frames = self._replies[:_REPLAYED_PER_TURN]
        del self._replies[:_REPLAYED_PER_TURN]
        return frames

    def _log(self, track: Track, frame: bytes | None) -> None:
        if frame is None:
            return
        track.frames += 1
        if self._memory is not None and track.stream.store:
            self._memory.store(frame)
        if track.rng.random() < self.faults.loss:
            track.frames_dropped += 1
            track.samples_dropped += frame[_N_SAMPLES_AT]
        else:
            self._outbox.append(frame)

    def _finish(self, device_us: int) -> None:
        for track in self._tracks.values():
            self._log(track, track.encoder.flush(flags=FLAG_END_OF_BLOCK))
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
            at_us = origin_us + round(marker.time_s * 1e6)
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

    def respond(self, request: SmpMessage, *, device_us: int) -> Reply:
        """Obey a control message.

        Args:
            request: The message.
            device_us: Device time of its arrival.
        """
        wait_us = round(self.faults.slow_control_s * 1e6)
        if request.group != GROUP_GARMENT or request.command not in set(Command):
            return _at_once(refusal(request, Rc.UNKNOWN), wait_us)
        match Command(request.command):
            case Command.START:
                answer = self._start(request, device_us)
            case Command.STOP:
                answer = self._stop(request, device_us)
            case Command.TIME:
                return self._exchange(request, device_us)
            case Command.LOG_STATUS:
                answer = response(request, self._log_status())
            case Command.BACKFILL:
                answer = self._backfill(request)
            case Command.ACK:
                answer = response(request, {}) if self._memory else refusal(request, Rc.STORAGE)
            case Command.MARKER:
                text = str(request.body.get("text", ""))
                self._tell(FrameKind.EVENT, {0: int(EventKind.MARKER), 1: text}, device_us)
                answer = response(request, {})
            case Command.DESCRIPTOR:
                answer = self._describe(request)
            case Command.SET:
                answer = self._set(request)
            case Command.IDENTIFY:
                answer = self._identify(request)
            case Command.CALIBRATE:
                answer = self._calibrate(request, device_us)
        return _at_once(answer, wait_us)

    def _exceeds_budget(self, rates_hz: Mapping[int, float]) -> bool:
        """Whether the raw worst case of these rates is more than the link carries."""
        worst_b_s = sum(
            rates_hz[stream.id] * sum(channel.bits for channel in stream.channels) / 8
            for stream in self.schema.streams
        )
        return worst_b_s / _LINK_SHARE > self.faults.budget_b_s

    def _set(self, request: SmpMessage) -> SmpMessage:
        """Change the rate of a stream; only before the first sample, whose index it would break."""
        stream_id, rate_hz = request.body.get("stream"), request.body.get("rate")
        known = {stream.id: stream for stream in self.schema.streams}
        if stream_id not in known or rate_hz not in known[stream_id].rates_hz:
            return refusal(request, Rc.RANGE)
        rates_hz = {**self._rates_hz, stream_id: float(rate_hz)}
        if rates_hz != self._rates_hz:
            if self._tracks:
                return refusal(request, Rc.WRONG_STATE)
            if self._exceeds_budget(rates_hz):
                return refusal(request, Rc.OVER_BUDGET)
            self._rates_hz = rates_hz
            self._generation += 1
        return response(request, {"generation": self._generation % 16})

    def _identify(self, request: SmpMessage) -> SmpMessage:
        duration_ms: object = request.body.get("ms")
        if not isinstance(duration_ms, int) or not 0 < duration_ms <= _MAX_IDENTIFY_MS:
            return refusal(request, Rc.RANGE)
        self.n_identified += 1
        return response(request, {})

    def _calibrate(self, request: SmpMessage, device_us: int) -> SmpMessage:
        """Note when the wearer stands still or stretches; what follows is the host's to compute."""
        kind: object = request.body.get("kind")
        if kind not in CALIBRATION_KINDS:
            return refusal(request, Rc.RANGE)
        if not self.is_streaming:
            return refusal(request, Rc.WRONG_STATE)
        content = {0: int(EventKind.MARKER), 1: f"calibrate {kind}"}
        self._tell(FrameKind.EVENT, content, device_us)
        return response(request, {})

    def _start(self, request: SmpMessage, device_us: int) -> SmpMessage:
        if self.frame_size < MIN_FRAME_SIZE or self._exceeds_budget(self._rates_hz):
            return refusal(request, Rc.OVER_BUDGET)
        if self._origin_us is None:
            self._origin_us = device_us
            self._next_status_us = device_us
            self._make_tracks(device_us)
        elif self._stopped_us is not None:
            # Paused time does not count: indices go on without a hole.
            self._origin_us += device_us - self._stopped_us
            for track in self._tracks.values():
                track.origin_us = self._origin_us
        self._stopped_us = None
        self._end_told = False  # A host that came back must hear that the replay is over.
        return response(request, {})

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
            )

    def _stop(self, request: SmpMessage, device_us: int) -> SmpMessage:
        if self._origin_us is not None and self._stopped_us is None:
            self._outbox = self.advance(device_us)
            for track in self._tracks.values():
                self._log(track, track.encoder.flush(flags=FLAG_END_OF_BLOCK))
            self._tell_status(device_us, now=True)
            self._stopped_us = device_us
        return response(request, {})

    def _exchange(self, request: SmpMessage, device_us: int) -> Reply:
        limit_us = max(int(request.body.get("dither_us", DEFAULT_DITHER_US)), 0)
        wait_us = int(self._rng.integers(0, limit_us + 1))

        def make(sent_us: int) -> bytes:
            return encode_message(response(request, {"t2": device_us, "t3": sent_us}))

        return Reply(wait_us=wait_us, make=make, is_clock=True)

    def _log_status(self) -> dict[str, Any]:
        oldest = {
            key: self._memory.oldest(key, self.session) if self._memory is not None else None
            for key in self._tracks
        }
        return {
            str(key): {
                "session": self.session,
                "oldest": track.produced if oldest[key] is None else oldest[key],
                "newest": track.produced,
            }
            for key, track in self._tracks.items()
        }

    def _backfill(self, request: SmpMessage) -> SmpMessage:
        if self._memory is None:
            return refusal(request, Rc.STORAGE)
        try:
            stream_id, session, start, stop = (
                int(request.body[key]) for key in ("stream", "session", "a", "b")
            )
        except (KeyError, TypeError, ValueError):
            return refusal(request, Rc.RANGE)
        oldest = self._memory.oldest(stream_id, session)
        if oldest is None:
            return refusal(request, Rc.NO_SUCH_SESSION)
        frames = self._memory.find(stream_id, session, start, stop)
        if any(len(frame) > self.frame_size for frame in frames):
            return refusal(request, Rc.OVER_BUDGET)
        self._replies.extend(frames)
        return response(request, {"frames": len(frames), "oldest": oldest})

    def _describe(self, request: SmpMessage) -> SmpMessage:
        offset = int(request.body.get("off", 0))
        if not 0 <= offset < len(self._descriptor):
            return refusal(request, Rc.RANGE)
        data = self._descriptor[offset : offset + _DESCRIPTOR_CHUNK]
        return response(request, {"off": offset, "len": len(self._descriptor), "data": data})

    def summary(self) -> dict[str, Any]:
        """What really happened, for comparison with what a host recorded."""
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
                }
                for key, track in self._tracks.items()
            },
        }


def _at_once(message: SmpMessage, wait_us: int) -> Reply:
    data = encode_message(message)
    return Reply(wait_us=wait_us, make=lambda _sent_us: data)
