"""The firmware of a virtual garment: a player that obeys the control point."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware_bridge.codec import MIN_FRAME_SIZE
from firmware_bridge.control import (
    GROUP_GARMENT,
    Command,
    Rc,
    SmpMessage,
    encode_message,
    refusal,
    response,
)
from firmware_bridge.packet import EventKind, FrameKind
from firmware_bridge.sim.player import DEFAULT_FRAME_SIZE, Player

__all__ = ["DEFAULT_FRAME_SIZE", "Garment", "Reply"]

DEFAULT_DITHER_US = 7_500
_DESCRIPTOR_CHUNK = 400
_LINK_SHARE = 0.92
_HAS_LOG, _STREAMING = 0x02, 0x04
_MAX_IDENTIFY_MS = 10_000
_MAX_DITHER_US = 1_000_000
# They tell how far the stream got, so the host expects all of it before.
_AFTER_DATA = (Command.STOP, Command.LOG_STATUS)
CALIBRATION_KINDS = ("still", "zero", "stretch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that is built at the moment it is sent.

    Attributes:
        wait_us: How long to wait before.
        make: Builds the message from the device time of sending.
        is_clock: Whether it answers a clock exchange, and is stamped when it leaves.
        is_last: Whether the frames that were there before must leave first.
    """

    wait_us: int
    make: Callable[[int], bytes]
    is_clock: bool = False
    is_last: bool = False


class Garment(Player):
    """A garment that plays a replay once, from the first start command on.

    Attributes:
        n_identified: How often it was asked to show itself.
    """

    n_identified = 0

    def info(self) -> bytes:
        """Value of the Info characteristic, 12 bytes."""
        flags = _STREAMING if self.is_streaming else 0
        flags |= _HAS_LOG if self._memory is not None else 0
        head = bytes([1, flags]) + self.session.to_bytes(2, "little")
        return head + self.schema.sha256()[:8]

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
                answer = response(request, self.log_status())
            case Command.INFO:
                answer = response(request, {"info": self.info()})
            case Command.BACKFILL:
                answer = self._backfill(request)
            case Command.ACK:
                answer = self._acknowledge(request)
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
        return _at_once(answer, wait_us, is_last=Command(request.command) in _AFTER_DATA)

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
        self.start(device_us)
        return response(request, {})

    def _stop(self, request: SmpMessage, device_us: int) -> SmpMessage:
        self.stop(device_us)
        return response(request, {})

    def _exchange(self, request: SmpMessage, device_us: int) -> Reply:
        limit_us: object = request.body.get("dither_us", DEFAULT_DITHER_US)
        if not isinstance(limit_us, int) or not 0 <= limit_us <= _MAX_DITHER_US:
            return _at_once(refusal(request, Rc.RANGE), 0)
        wait_us = int(self._rng.integers(0, limit_us + 1))

        def make(sent_us: int) -> bytes:
            return encode_message(response(request, {"t2": device_us, "t3": sent_us}))

        return Reply(wait_us=wait_us, make=make, is_clock=True)

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

    def _acknowledge(self, request: SmpMessage) -> SmpMessage:
        """The host has what is before an index; a ring erases the oldest first either way."""
        if self._memory is None:
            return refusal(request, Rc.STORAGE)
        stream_id, session, upto = (request.body.get(k) for k in ("stream", "session", "upto"))
        if not isinstance(stream_id, int) or not isinstance(session, int):
            return refusal(request, Rc.RANGE)
        if not isinstance(upto, int) or upto < 0:
            return refusal(request, Rc.RANGE)
        if self._memory.oldest(stream_id, session) is None:
            return refusal(request, Rc.NO_SUCH_SESSION)
        return response(request, {})

    def _describe(self, request: SmpMessage) -> SmpMessage:
        descriptor = self.schema.to_cbor()
        offset: object = request.body.get("off", 0)
        if not isinstance(offset, int) or not 0 <= offset < len(descriptor):
            return refusal(request, Rc.RANGE)
        data = descriptor[offset : offset + _DESCRIPTOR_CHUNK]
        return response(request, {"off": offset, "len": len(descriptor), "data": data})


def _at_once(message: SmpMessage, wait_us: int, *, is_last: bool = False) -> Reply:
    data = encode_message(message)
    return Reply(wait_us=wait_us, make=lambda _sent_us: data, is_last=is_last)
