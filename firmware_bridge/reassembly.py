"""Frames in any order become samples and losses that tile the index of every stream.

A gap counts once a later frame has come and a confirmation time has passed; what arrives later
still fills it. At the end `finish` closes what is open, so that samples and losses together cover
every index that the garment produced, each once. Each boot of the garment keeps its own indices:
a late frame of an old boot fills the old gaps and leaves the new boot alone.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_bridge.codec import decode_frame
from firmware_bridge.device_frames import read_device_frame
from firmware_bridge.errors import FrameError, SchemaError
from firmware_bridge.events import Damaged, Event, LossCause, Lost, Sampled
from firmware_bridge.gaps import Hole, Track
from firmware_bridge.packet import FLAG_OVERRUN_BEFORE, INDEX_MODULUS, Frame, FrameKind
from firmware_bridge.schema import GarmentSchema, StreamSchema

logger = logging.getLogger(__name__)

# An index may run at most this much faster than the clock, and this far ahead of it.
_RATE_MARGIN = 2.0
_AHEAD_S = 60.0
# If frame after frame disagrees with the newest one, that one was the damaged one.
_MAX_REFUSED = 3


@dataclass(slots=True)
class _Boot:
    """What is known of one power-up of the garment."""

    number: int
    tracks: dict[int, Track] = field(default_factory=dict[int, Track])


class Reassembler:
    """Turn received bytes into events; one instance for one garment, over all its links."""

    def __init__(
        self, schema: GarmentSchema, *, confirm_s: float = 1.0, max_gaps: int = 1024
    ) -> None:
        self._schema = schema
        self._confirm_ns = round(confirm_s * 1e9)
        self._max_gaps = max_gaps
        self._boots: dict[int, _Boot] = {}
        self._boot: int | None = None
        self._device_frames: dict[int, set[tuple[FrameKind, int]]] = {}
        self._refused: dict[tuple[int, int], int] = {}
        self.n_duplicates = 0
        self.n_damaged = 0

    @property
    def boot(self) -> int | None:
        """Newest boot counter of the garment, once a data frame has come."""
        return self._boot

    @property
    def boots(self) -> tuple[int, ...]:
        """Every boot counter seen, in order of its first frame."""
        return tuple(self._boots)

    def newest(self, stream_id: int, boot: int) -> tuple[int, int]:
        """One past the newest index known of a stream in a boot, and the link of its last frame."""
        known = self._boots.get(boot)
        track = known.tracks.get(stream_id) if known is not None else None
        return (0, 0) if track is None else (track.next_index, track.last_epoch or 0)

    def begin(self, stream_id: int, boot: int, index: int) -> None:
        """Expect a stream to start at another index than 0, because recording starts late.

        What comes from before that index counts as a duplicate. Without effect once the stream
        has data in this boot.
        """
        track = self._boot_of(boot).tracks.setdefault(stream_id, Track())
        if not track.has_data:
            track.next_index = index

    def accept(
        self, data: bytes, *, host_ns: int, epoch: int, backfilled: bool = False
    ) -> list[Event]:
        """Take in the bytes of one notification.

        Args:
            data: Bytes as received.
            host_ns: Arrival.
            epoch: Link that carried them.
            backfilled: Whether they were asked for from the log.

        Returns:
            What they mean; damage is an event.
        """
        try:
            frame = Frame.from_bytes(data)
            if frame.kind is not FrameKind.DATA:
                return self._device_event(frame, host_ns)
            return self._samples(frame, host_ns=host_ns, epoch=epoch, backfilled=backfilled)
        except (FrameError, SchemaError) as error:
            self.n_damaged += 1
            return [Damaged(reason=str(error), host_ns=host_ns, epoch=epoch)]

    def _samples(self, frame: Frame, *, host_ns: int, epoch: int, backfilled: bool) -> list[Event]:
        stream = self._schema.stream(frame.stream_id)
        counts = decode_frame(frame, stream)
        known = self._boots.get(frame.session, _Boot(frame.session))
        track = known.tracks.get(frame.stream_id, Track())
        start = self._believe(frame, track, stream)
        events = self._enter(frame.session, host_ns)
        self._boot_of(frame.session).tracks[frame.stream_id] = track
        is_overrun = bool(frame.flags & FLAG_OVERRUN_BEFORE)
        cause = LossCause.SENSOR_OVERRUN if is_overrun else LossCause.RADIO
        is_newest = start + frame.n_samples > track.next_index
        pieces = track.place(
            start, start + frame.n_samples, host_ns=host_ns, epoch=epoch, cause=cause
        )
        if is_newest:
            track.newest_us = frame.device_us
        if not pieces:
            self.n_duplicates += 1
        events.extend(
            Sampled(
                stream_id=frame.stream_id,
                boot=frame.session,
                first_index=low,
                # A frame that is new in part keeps its time by the nominal rate from its stamp.
                device_us=frame.device_us + round((low - start) / stream.rate_hz * 1e6),
                counts=counts[low - start : high - start],
                flags=frame.flags,
                host_ns=host_ns,
                epoch=epoch,
                backfilled=backfilled,
            )
            for low, high in pieces
        )
        return events + self.tick(host_ns)

    def _believe(self, frame: Frame, track: Track, stream: StreamSchema) -> int:
        """Unwrapped index of a frame.

        One damaged frame in 65,536 passes the checksum; its index must not open a gap of days.

        Raises:
            FrameError: If the index is not possible at the frame's device time.
        """
        near, start = track.next_index, frame.first_index
        if track.has_data or near:
            start = _unwrap(start, near=near)
        since_s = max(frame.device_us - track.newest_us, 0) * 1e-6
        ahead = max(stream.rates_hz) * (_RATE_MARGIN * since_s + _AHEAD_S)
        key = (frame.session, stream.id)
        n_refused = self._refused.get(key, 0) + 1
        if start < 0 or (start > near + ahead and n_refused < _MAX_REFUSED):
            self._refused[key] = n_refused
            raise FrameError(
                f"stream {stream.name!r}: index {start} after {near} is not possible "
                f"within {since_s:.1f} s of device time"
            )
        self._refused.pop(key, None)
        return start

    def _boot_of(self, number: int) -> _Boot:
        if number not in self._boots:
            self._boots[number] = _Boot(number)
            self._boot = number
        return self._boots[number]

    def _enter(self, number: int, host_ns: int) -> list[Event]:
        """Start a boot that is new; what the one before still waited for is lost then."""
        if number in self._boots:
            return []
        events = self._confirm(host_ns, before_ns=host_ns, max_waiting=0)
        if self._boot is not None:
            logger.info("garment rebooted: boot %d after %d", number, self._boot)
        self._boot_of(number)
        return events

    def _device_event(self, frame: Frame, host_ns: int) -> list[Event]:
        event = read_device_frame(frame, host_ns=host_ns)
        # Device frames come early or late; only data start a boot.
        seen = self._device_frames.setdefault(frame.session, set())
        key = (frame.kind, frame.first_index)
        if key in seen:
            self.n_duplicates += 1
            return []
        seen.add(key)
        return [event]

    def tick(self, host_ns: int) -> list[Event]:
        """Declare the gaps whose confirmation time has passed, the oldest ones beyond the cap."""
        before_ns = host_ns - self._confirm_ns
        return self._confirm(host_ns, before_ns=before_ns, max_waiting=self._max_gaps)

    def _confirm(self, host_ns: int, *, before_ns: int, max_waiting: int) -> list[Event]:
        return [
            _lost(boot.number, stream_id, hole, host_ns)
            for boot in self._boots.values()
            for stream_id, track in sorted(boot.tracks.items())
            for hole in track.confirm(before_ns=before_ns, max_waiting=max_waiting)
        ]

    def finish(
        self,
        newest: Mapping[int, int],
        *,
        host_ns: int,
        epoch: int | None = None,
        boot: int | None = None,
    ) -> list[Event]:
        """Close everything that is open.

        Args:
            newest: One past the last index that the garment produced in a boot, by stream.
            host_ns: Now.
            epoch: Link that told it; without it, the link of the last frame.
            boot: Which boot; the newest one if nothing is said.

        Returns:
            The losses that had not been declared, the tails included.
        """
        if boot is None:
            boot = self._boot
        if boot is None and any(newest.values()):
            boot = 0
        if boot is not None and any(newest.values()):
            tracks = self._boot_of(boot).tracks
            for stream_id, stop in newest.items():
                track = tracks.setdefault(stream_id, Track())
                last = epoch if epoch is not None else track.last_epoch or 0
                track.lose_until(stop, host_ns=host_ns, epoch=last, cause=LossCause.RADIO)
        return self._confirm(host_ns, before_ns=host_ns, max_waiting=0)


def _unwrap(index: int, *, near: int) -> int:
    """The 64-bit index closest to another one; negative if it lies before the start."""
    half = INDEX_MODULUS // 2
    return near + (index - near + half) % INDEX_MODULUS - half


def _lost(boot: int, stream_id: int, hole: Hole, host_ns: int) -> Lost:
    return Lost(
        stream_id=stream_id,
        boot=boot,
        first_index=hole.start,
        n_samples=hole.stop - hole.start,
        cause=hole.cause,
        host_ns=host_ns,
        epoch_before=hole.epoch_before,
        epoch_after=hole.epoch_after,
    )
