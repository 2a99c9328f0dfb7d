"""Samples into frames, as the firmware does; the C encoder of a garment makes the same bytes."""

from collections.abc import Sequence

from firmware_bridge.codec import (
    GROUP,
    MASK,
    MAX_SAMPLES,
    MIN_FRAME_SIZE,
    ORDER_DELTA,
    ORDER_DELTA_2,
    ORDER_RAW,
    OVERHEAD_BYTES,
)
from firmware_bridge.errors import FrameError
from firmware_bridge.packet import FLAG_END_OF_BLOCK, FLAG_OVERRUN_BEFORE, Frame, FrameKind
from firmware_bridge.schema import StreamSchema

_HALF = 1 << 31


class FrameEncoder:
    """Pack samples of one stream into frames, as the firmware does.

    Samples are pushed one at a time; a frame comes back when the pushed sample did not fit any
    more. The cost of the open group changes only when a residual needs more bits than every one
    before it, so most samples cost one pass over the channels.
    """

    def __init__(
        self,
        stream: StreamSchema,
        *,
        session: int,
        size: int = 244,
        cap: int = MAX_SAMPLES,
        generation: int = 0,
    ) -> None:
        if size < MIN_FRAME_SIZE:
            raise FrameError(f"frame size of {size} bytes is below {MIN_FRAME_SIZE}")
        if not 1 <= cap <= MAX_SAMPLES:
            raise FrameError(f"cap of {cap} samples is outside 1 to {MAX_SAMPLES}")
        self._stream = stream
        self._session = session
        self._budget_bits = 8 * (size - OVERHEAD_BYTES)
        self._cap = cap
        self._flags = (generation % 16) << 4
        self._bits = [channel.bits for channel in stream.channels]
        self._base_bits = 8 * sum((bits + 7) // 8 for bits in self._bits)
        if self._base_bits > self._budget_bits:
            need = OVERHEAD_BYTES + self._base_bits // 8
            raise FrameError(
                f"one sample of stream {stream.name!r} takes a frame of {need} bytes, "
                f"the frame size is {size}"
            )
        # Second differences of up to 30 bits stay within 32 bits, so they cannot wrap.
        self._wraps = max(self._bits) > 30
        ranges = [channel.count_range for channel in stream.channels]
        self._safe_low = max(low for low, _ in ranges)
        self._safe_high = min(high for _, high in ranges)
        self._next_index = 0
        self._first_us = 0
        self._clear()

    @property
    def next_index(self) -> int:
        """Index that the next pushed sample gets."""
        return self._next_index

    @property
    def n_pending(self) -> int:
        """Samples that wait in the open frame."""
        return len(self._samples)

    @property
    def first_us(self) -> int:
        """Device time of the first pending sample."""
        return self._first_us

    def skip(self, n_samples: int) -> bytes | None:
        """Leave out samples that the sensor lost; the next frame says so.

        Args:
            n_samples: How many.

        Returns:
            The frame that was open, marked as the end of a block.
        """
        closed = self.finish()
        if n_samples > 0:
            self._next_index += n_samples
            self._flags |= FLAG_OVERRUN_BEFORE
        return closed

    def push(self, sample: Sequence[int], *, device_us: int) -> bytes | None:
        """Add a sample.

        Args:
            sample: One count per channel.
            device_us: Device time of the sample.

        Returns:
            The frame that was full before this sample, or nothing.

        Raises:
            FrameError: If the sample has another number of channels, or a count does not fit.
        """
        values = list(map(int, sample))
        if len(values) != len(self._bits):
            raise FrameError(f"sample has {len(values)} channels, wanted {len(self._bits)}")
        if min(values) < self._safe_low or max(values) > self._safe_high:
            self._check_ranges(values)
        closed = None
        if self._samples:
            if self._append(values):
                return None
            closed = self.flush()
        self._first_us = device_us
        self._samples.append(values)
        self._next_index += 1
        return closed

    def _check_ranges(self, values: list[int]) -> None:
        for value, channel in zip(values, self._stream.channels, strict=True):
            low, high = channel.count_range
            if not low <= value <= high:
                raise FrameError(
                    f"stream {self._stream.name!r}, channel {channel.name!r}: count of {value} "
                    f"is outside {low} to {high}"
                )

    def _append(self, values: list[int]) -> bool:
        """Add a sample to the open frame if it fits; else nothing changes."""
        if len(self._samples) == self._cap:
            return False
        codes_1, codes_2, wraps, is_wider = self._codes_1, self._codes_2, self._wraps, False
        # A literal: calling list[int] takes as long as a whole channel.
        deltas: list[int] = []
        for value, previous, before, limit_1, limit_2 in zip(
            values, self._samples[-1], self._delta, self._limit_1, self._limit_2, strict=True
        ):
            delta = value - previous
            if wraps:
                delta = (delta + _HALF & MASK) - _HALF
            change = delta - before
            if wraps:
                change = (change + _HALF & MASK) - _HALF
            # Zigzag, (d << 1) ^ (d >> 31), without a call.
            code_1 = delta + delta if delta >= 0 else ~(delta + delta)
            code_2 = change + change if change >= 0 else ~(change + change)
            codes_1.append(code_1)
            codes_2.append(code_2)
            deltas.append(delta)
            if code_1 >= limit_1 or code_2 >= limit_2:
                is_wider = True
        limit_1, limit_2, width = self._limit_1, self._limit_2, self._width
        n_channels = len(values)
        if is_wider:
            limit_1 = _widen(limit_1, codes_1[-n_channels:])
            limit_2 = _widen(limit_2, codes_2[-n_channels:])
            width = sum(width for _, width in self._modes(limit_1, limit_2))
        size = self._group_size + 1
        cost_bits = size * width + 8 * n_channels
        if self._base_bits + self._used_bits + cost_bits + 7 > self._budget_bits:
            del codes_1[-n_channels:], codes_2[-n_channels:]
            return False
        self._limit_1, self._limit_2, self._width = limit_1, limit_2, width
        self._delta, self._group_size = deltas, size
        self._samples.append(values)
        self._next_index += 1
        if size == GROUP:
            self._close_group()
        return True

    def _modes(self, limit_1: list[int], limit_2: list[int]) -> list[tuple[int, int]]:
        """Order and width of each channel in the open group; ties keep the lower order."""
        modes: list[tuple[int, int]] = []
        for bits, any_1, any_2 in zip(self._bits, limit_1, limit_2, strict=True):
            order, width = ORDER_RAW, bits
            if any_1.bit_length() - 1 < width:
                order, width = ORDER_DELTA, any_1.bit_length() - 1
            if any_2.bit_length() - 1 < width:
                order, width = ORDER_DELTA_2, any_2.bit_length() - 1
            modes.append((order, width))
        return modes

    def _clear(self) -> None:
        self._samples: list[list[int]] = []
        # Zigzag codes of both orders, row after row; the first sample has none.
        self._codes_1: list[int] = []
        self._codes_2: list[int] = []
        self._closed: list[list[tuple[int, int]]] = []
        self._used_bits = 0
        self._delta = [0] * len(self._bits)
        self._open_group()

    def _open_group(self) -> None:
        # Every code so far is below its limit, a power of two.
        self._limit_1 = [1] * len(self._bits)
        self._limit_2 = [1] * len(self._bits)
        self._width = 0
        self._group_size = 0

    def _close_group(self) -> None:
        self._closed.append(self._modes(self._limit_1, self._limit_2))
        self._used_bits += self._group_size * self._width + 8 * len(self._bits)
        self._open_group()

    def flush(self, *, flags: int = 0) -> bytes | None:
        """Close the open frame.

        Args:
            flags: Flag bits to set, such as `FLAG_END_OF_BLOCK`.

        Returns:
            The frame, or nothing when no sample waits.
        """
        if not self._samples:
            return None
        if self._group_size:
            self._close_group()
        n_samples = len(self._samples)
        frame = Frame(
            kind=FrameKind.DATA,
            stream_id=self._stream.id,
            session=self._session,
            first_index=self._next_index - n_samples,
            device_us=self._first_us,
            n_samples=n_samples,
            flags=self._flags | flags,
            body=self._pack(),
        )
        self._flags &= ~FLAG_OVERRUN_BEFORE
        self._clear()
        return frame.to_bytes()

    def finish(self) -> bytes | None:
        """Close the open frame and mark the end of a block."""
        return self.flush(flags=FLAG_END_OF_BLOCK)

    def _pack(self) -> bytes:
        body = bytearray()
        for value, bits in zip(self._samples[0], self._bits, strict=True):
            n_bytes = (bits + 7) // 8
            body += (value & ((1 << 8 * n_bytes) - 1)).to_bytes(n_bytes, "little")
        for modes in self._closed:
            body += bytes(
                order << 5 | (0 if order == ORDER_RAW else width) for order, width in modes
            )
        residuals, position, n_channels = 0, 0, len(self._bits)
        for i_group, modes in enumerate(self._closed):
            low = i_group * GROUP * n_channels
            high = low + GROUP * n_channels
            for channel, (order, width) in enumerate(modes):
                if order == ORDER_RAW:
                    codes = self._raw_codes(i_group, channel)
                else:
                    source = self._codes_1 if order == ORDER_DELTA else self._codes_2
                    codes = source[low + channel : high : n_channels]
                packed = 0
                for code in reversed(codes):
                    packed = packed << width | code
                residuals |= packed << position
                position += width * len(codes)
        return bytes(body) + residuals.to_bytes((position + 7) // 8, "little")

    def _raw_codes(self, i_group: int, channel: int) -> list[int]:
        first, mask = 1 + i_group * GROUP, (1 << self._bits[channel]) - 1
        return [row[channel] & mask for row in self._samples[first : first + GROUP]]


def _widen(limits: list[int], codes: list[int]) -> list[int]:
    return [
        limit if code < limit else 1 << code.bit_length()
        for limit, code in zip(limits, codes, strict=True)
    ]
