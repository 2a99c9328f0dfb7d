"""Frames in any order become samples and losses that tile the index of every stream.

A gap counts once a later frame has come and a confirmation time has passed; what arrives later
still fills it. At the end `finish` closes what is open, so that samples and losses together cover
every index that the garment produced, each once.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_bridge.codec import decode_frame
from firmware_bridge.errors import FrameError, SchemaError
from firmware_bridge.events import Damaged, Event, LossCause, Lost, Marker, Sampled, Status
from firmware_bridge.packet import (
    FLAG_OVERRUN_BEFORE,
    INDEX_MODULUS,
    EventKind,
    Frame,
    FrameKind,
    device_content,
)
from firmware_bridge.schema import GarmentSchema

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Hole:
    """An interval of indices that has not arrived, ``[start, stop)``."""

    start: int
    stop: int
    since_ns: int
    cause: LossCause
    epoch_before: int
    epoch_after: int
    declared: bool = False


@dataclass(slots=True)
class _Stream:
    """What is known of one stream in one boot."""

    next_index: int = 0
    last_epoch: int = 0
    holes: list[_Hole] = field(default_factory=list[_Hole])


class Reassembler:
    """Turn received bytes into events; one instance for one garment, over all its links."""

    def __init__(
        self, schema: GarmentSchema, *, confirm_s: float = 1.0, max_gaps: int = 1024
    ) -> None:
        self._schema = schema
        self._confirm_ns = round(confirm_s * 1e9)
        self._max_gaps = max_gaps
        self._boot: int | None = None
        self._streams: dict[int, _Stream] = {}
        self._seen_device_frames: set[tuple[int, int, int]] = set()
        self.n_duplicates = 0
        self.n_damaged = 0

    @property
    def boot(self) -> int | None:
        """Boot counter of the garment, once a frame has come."""
        return self._boot

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
            stream = self._schema.stream(frame.stream_id)
            counts = decode_frame(frame, stream)
        except (FrameError, SchemaError) as error:
            self.n_damaged += 1
            return [Damaged(reason=str(error), host_ns=host_ns, epoch=epoch)]
        events = self._change_boot(frame.session, host_ns, epoch)
        state = self._streams.setdefault(frame.stream_id, _Stream())
        start = _unwrap(frame.first_index, near=state.next_index)
        pieces = self._place(frame, state, start, host_ns, epoch)
        if not pieces:
            self.n_duplicates += 1
        rate_hz = stream.rate_hz
        events.extend(
            Sampled(
                stream_id=frame.stream_id,
                boot=frame.session,
                first_index=low,
                # A frame that is new in part keeps its time by the nominal rate from its stamp.
                device_us=frame.device_us + round((low - start) / rate_hz * 1e6),
                counts=counts[low - start : high - start],
                flags=frame.flags,
                host_ns=host_ns,
                epoch=epoch,
                backfilled=backfilled,
            )
            for low, high in pieces
        )
        return events + self.tick(host_ns)

    def _place(
        self, frame: Frame, state: _Stream, start: int, host_ns: int, epoch: int
    ) -> list[tuple[int, int]]:
        """Note the frame's interval; returns the parts of it that are new."""
        stop = start + frame.n_samples
        pieces = _fill(state.holes, start, stop)
        if start > state.next_index:
            overrun = bool(frame.flags & FLAG_OVERRUN_BEFORE)
            state.holes.append(
                _Hole(
                    start=state.next_index,
                    stop=start,
                    since_ns=host_ns,
                    cause=LossCause.SENSOR_OVERRUN if overrun else LossCause.RADIO,
                    epoch_before=state.last_epoch or epoch,
                    epoch_after=epoch,
                )
            )
        if stop > state.next_index:
            pieces.append((max(start, state.next_index), stop))
            state.next_index = stop
            state.last_epoch = epoch
        return pieces

    def _change_boot(self, boot: int, host_ns: int, epoch: int) -> list[Event]:
        if boot == self._boot:
            return []
        events: list[Event] = []
        if self._boot is not None:
            events = self._close_all(host_ns, {})
            logger.info("garment rebooted: boot %d after %d in epoch %d", boot, self._boot, epoch)
        self._boot = boot
        self._streams = {}
        return events

    def _device_event(self, frame: Frame, host_ns: int) -> list[Event]:
        key = (frame.session, int(frame.kind), frame.first_index)
        if key in self._seen_device_frames:
            self.n_duplicates += 1
            return []
        self._seen_device_frames.add(key)
        content = device_content(frame)
        if frame.kind is FrameKind.STATUS:
            streams = content.get(1, [])
            return [
                Status(
                    host_ns=host_ns,
                    battery_pct=float(content.get(0, float("nan"))),
                    producer_lost=sum(int(row[1]) for row in streams),
                    frames_dropped=sum(int(row[2]) for row in streams),
                    log_used_b=int(content.get(2, 0)),
                )
            ]
        number = content.get(0, 0)
        kind = EventKind(number).name.lower() if number in set(EventKind) else f"event_{number}"
        return [
            Marker(
                host_ns=host_ns,
                kind=kind,
                text=str(content.get(1, "")),
                source="device",
                device_us=frame.device_us,
            )
        ]

    def tick(self, host_ns: int) -> list[Event]:
        """Declare the gaps whose confirmation time has passed, the oldest ones beyond the cap."""
        events: list[Event] = []
        for stream_id, state in sorted(self._streams.items()):
            waiting = [hole for hole in state.holes if not hole.declared]
            surplus = len(waiting) - self._max_gaps
            for i, hole in enumerate(waiting):
                if i < surplus or host_ns - hole.since_ns >= self._confirm_ns:
                    events.append(self._declare(stream_id, hole, host_ns))
            if len(state.holes) > 4 * self._max_gaps:
                del state.holes[: len(state.holes) - 4 * self._max_gaps]
        return events

    def finish(self, newest: Mapping[int, int], *, host_ns: int) -> list[Event]:
        """Close everything that is open.

        Args:
            newest: One past the last index that the garment produced, by stream.
            host_ns: Now.

        Returns:
            The losses that had not been declared, the tails included.
        """
        for stream_id in newest:
            self._streams.setdefault(stream_id, _Stream())
        return self._close_all(host_ns, newest)

    def _close_all(self, host_ns: int, newest: Mapping[int, int]) -> list[Event]:
        events: list[Event] = []
        for stream_id, state in sorted(self._streams.items()):
            stop = newest.get(stream_id, state.next_index)
            if stop > state.next_index:
                state.holes.append(
                    _Hole(
                        start=state.next_index,
                        stop=stop,
                        since_ns=host_ns,
                        cause=LossCause.RADIO,
                        epoch_before=state.last_epoch,
                        epoch_after=state.last_epoch,
                    )
                )
                state.next_index = stop
            events.extend(
                self._declare(stream_id, hole, host_ns) for hole in state.holes if not hole.declared
            )
        return events

    def _declare(self, stream_id: int, hole: _Hole, host_ns: int) -> Lost:
        hole.declared = True
        return Lost(
            stream_id=stream_id,
            boot=self._boot or 0,
            first_index=hole.start,
            n_samples=hole.stop - hole.start,
            cause=hole.cause,
            host_ns=host_ns,
            epoch_before=hole.epoch_before,
            epoch_after=hole.epoch_after,
        )


def _unwrap(index: int, *, near: int) -> int:
    """The 64-bit index closest to another one."""
    shift = (index - near) % INDEX_MODULUS
    if shift >= INDEX_MODULUS // 2:
        shift -= INDEX_MODULUS
    return max(near + shift, index if near + shift < 0 else 0)


def _fill(holes: list[_Hole], start: int, stop: int) -> list[tuple[int, int]]:
    """Take an interval out of the holes, which change; returns the parts that were missing."""
    pieces: list[tuple[int, int]] = []
    rest: list[_Hole] = []
    for hole in holes:
        low, high = max(start, hole.start), min(stop, hole.stop)
        if low >= high:
            rest.append(hole)
            continue
        pieces.append((low, high))
        for part_start, part_stop in ((hole.start, low), (high, hole.stop)):
            if part_start < part_stop:
                rest.append(
                    _Hole(
                        start=part_start,
                        stop=part_stop,
                        since_ns=hole.since_ns,
                        cause=hole.cause,
                        epoch_before=hole.epoch_before,
                        epoch_after=hole.epoch_after,
                        declared=hole.declared,
                    )
                )
    holes[:] = rest
    return pieces
