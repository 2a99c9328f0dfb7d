"""Delta groups: samples into frame bodies and back, bit for bit lossless.

A body holds one reference per channel (the first sample), one mode byte per group of 16 and
channel, then the residual bits, planar within a group, least significant bit first. All
arithmetic wraps modulo 2^32. The C encoder of a garment must produce the same bytes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import FrameError
from firmware_bridge.packet import FLAG_END_OF_BLOCK, Frame, FrameKind
from firmware_bridge.schema import StreamSchema

GROUP = 16
MAX_SAMPLES = 255
OVERHEAD_BYTES = 18
MIN_FRAME_SIZE = 64
_MASK = 0xFFFFFFFF
_ORDER_RAW, _ORDER_DELTA, _ORDER_DELTA_2 = 0, 1, 2


def _zigzag(delta: int) -> int:
    """Map a wrapped 32-bit difference to a small unsigned number."""
    delta &= _MASK
    return ((delta << 1) ^ _MASK if delta >> 31 else delta << 1) & _MASK


class FrameEncoder:
    """Pack samples of one stream into frames, as the firmware does.

    Samples are pushed one at a time; a frame comes back when the pushed sample did not fit any
    more. Cost accounting is one pass over the channels per sample.
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

    def _clear(self) -> None:
        n_channels = len(self._bits)
        self._samples: list[tuple[int, ...]] = []
        self._closed: list[list[tuple[int, int]]] = []
        self._used_bits = 0
        self._or_1 = [0] * n_channels
        self._or_2 = [0] * n_channels
        self._delta = [0] * n_channels
        self._group_size = 0

    def _modes(self, or_1: list[int], or_2: list[int]) -> list[tuple[int, int]]:
        modes: list[tuple[int, int]] = []
        for bits, any_1, any_2 in zip(self._bits, or_1, or_2, strict=True):
            order, width = _ORDER_RAW, bits
            if any_1.bit_length() < width:
                order, width = _ORDER_DELTA, any_1.bit_length()
            if any_2.bit_length() < width:
                order, width = _ORDER_DELTA_2, any_2.bit_length()
            modes.append((order, width))
        return modes

    def push(self, sample: Sequence[int], *, device_us: int) -> bytes | None:
        """Add a sample.

        Args:
            sample: One count per channel.
            device_us: Device time of the sample.

        Returns:
            The frame that was full before this sample, or nothing.

        Raises:
            FrameError: If the sample has another number of channels.
        """
        if len(sample) != len(self._bits):
            raise FrameError(f"sample has {len(sample)} channels, wanted {len(self._bits)}")
        values = tuple(int(value) for value in sample)
        closed = None
        if self._samples and not self._fits(values):
            closed = self.flush()
        if not self._samples:
            self._first_us = device_us
        else:
            self._add_residuals(values)
        self._samples.append(values)
        self._next_index += 1
        return closed

    def _residuals(self, values: tuple[int, ...]) -> tuple[list[int], list[int], list[int]]:
        previous = self._samples[-1]
        delta = [(new - old) & _MASK for new, old in zip(values, previous, strict=True)]
        or_1 = [old | _zigzag(d) for old, d in zip(self._or_1, delta, strict=True)]
        or_2 = [
            old | _zigzag(d - before)
            for old, d, before in zip(self._or_2, delta, self._delta, strict=True)
        ]
        return delta, or_1, or_2

    def _fits(self, values: tuple[int, ...]) -> bool:
        if len(self._samples) == self._cap:
            return False
        _, or_1, or_2 = self._residuals(values)
        size = self._group_size + 1
        cost = sum(size * width + 8 for _, width in self._modes(or_1, or_2))
        return self._base_bits + self._used_bits + cost + 7 <= self._budget_bits

    def _add_residuals(self, values: tuple[int, ...]) -> None:
        self._delta, self._or_1, self._or_2 = self._residuals(values)
        self._group_size += 1
        if self._group_size == GROUP:
            self._close_group()

    def _close_group(self) -> None:
        modes = self._modes(self._or_1, self._or_2)
        self._closed.append(modes)
        self._used_bits += sum(self._group_size * width + 8 for _, width in modes)
        self._or_1 = [0] * len(self._bits)
        self._or_2 = [0] * len(self._bits)
        self._group_size = 0

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
            body=_pack_body(self._samples, self._closed, self._bits),
        )
        self._clear()
        return frame.to_bytes()

    def finish(self) -> bytes | None:
        """Close the open frame and mark the end of a block."""
        return self.flush(flags=FLAG_END_OF_BLOCK)


def _pack_body(
    samples: list[tuple[int, ...]], groups: list[list[tuple[int, int]]], bits: list[int]
) -> bytes:
    body = bytearray()
    for value, width in zip(samples[0], bits, strict=True):
        n_bytes = (width + 7) // 8
        body += (value & ((1 << 8 * n_bytes) - 1)).to_bytes(n_bytes, "little")
    for modes in groups:
        body += bytes(order << 5 | (0 if order == _ORDER_RAW else width) for order, width in modes)
    stream, position = 0, 0
    delta_before = [0] * len(bits)
    for i_group, modes in enumerate(groups):
        start = 1 + i_group * GROUP
        rows = range(start, min(start + GROUP, len(samples)))
        for channel, (order, width) in enumerate(modes):
            for row in rows:
                value = samples[row][channel]
                delta = (value - samples[row - 1][channel]) & _MASK
                if order == _ORDER_RAW:
                    code = value
                elif order == _ORDER_DELTA:
                    code = _zigzag(delta)
                else:
                    code = _zigzag(delta - delta_before[channel])
                delta_before[channel] = delta
                stream |= (code & ((1 << width) - 1)) << position
                position += width
    return bytes(body) + stream.to_bytes((position + 7) // 8, "little")


def decode_frame(frame: Frame, stream: StreamSchema) -> NDArray[np.int64]:
    """Decode a data frame whose checksum was right.

    Args:
        frame: Frame of kind DATA.
        stream: The stream it names.

    Returns:
        Counts, shape (n_samples, n_channels).

    Raises:
        FrameError: If modes or length contradict the header; nothing is decoded then.
    """
    bits = [channel.bits for channel in stream.channels]
    n_channels, body, n = len(bits), frame.body, frame.n_samples
    if n < 1:
        raise FrameError("data frame holds no sample")
    n_groups = (n - 1 + GROUP - 1) // GROUP
    n_reference = sum((width + 7) // 8 for width in bits)
    n_head = n_reference + n_groups * n_channels
    if len(body) < n_head:
        raise FrameError(f"data frame body has {len(body)} bytes, its header needs {n_head}")
    modes, n_bits = _read_modes(body[n_reference:n_head], bits, n)
    if len(body) != n_head + (n_bits + 7) // 8:
        raise FrameError(
            f"data frame body has {len(body)} bytes, its modes need {n_head + (n_bits + 7) // 8}"
        )
    columns = _references(body, bits)
    residual_bits = int.from_bytes(body[n_head:], "little")
    _unpack(residual_bits, modes, bits, columns, n)
    return _sign_extend(columns, stream)


def _read_modes(data: bytes, bits: list[int], n: int) -> tuple[list[tuple[int, int]], int]:
    modes: list[tuple[int, int]] = []
    n_bits = 0
    n_channels = len(bits)
    for i, mode in enumerate(data):
        order, width = mode >> 5, mode & 0x1F
        raw_bits = bits[i % n_channels]
        if order > _ORDER_DELTA_2:
            raise FrameError(f"residual order {order} is not known; 0, 1 and 2 are")
        if order == _ORDER_RAW and width != 0:
            raise FrameError(f"raw group has width {width}, wanted 0")
        if order != _ORDER_RAW and width >= raw_bits:
            raise FrameError(f"delta group has width {width}, wanted below {raw_bits}")
        width = raw_bits if order == _ORDER_RAW else width
        rows = min(GROUP, n - 1 - (i // n_channels) * GROUP)
        n_bits += rows * width
        modes.append((order, width))
    return modes, n_bits


def _references(body: bytes, bits: list[int]) -> list[list[int]]:
    columns: list[list[int]] = []
    offset = 0
    for width in bits:
        n_bytes = (width + 7) // 8
        value = int.from_bytes(body[offset : offset + n_bytes], "little", signed=True)
        columns.append([value & _MASK])
        offset += n_bytes
    return columns


def _unpack(
    residual_bits: int,
    modes: list[tuple[int, int]],
    bits: list[int],
    columns: list[list[int]],
    n: int,
) -> None:
    """Append the decoded values to the columns, which change."""
    n_channels = len(bits)
    delta_before = [0] * n_channels
    for i, (order, width) in enumerate(modes):
        channel, rows = i % n_channels, min(GROUP, n - 1 - (i // n_channels) * GROUP)
        column, delta, mask = columns[channel], delta_before[channel], (1 << width) - 1
        value = column[-1]
        chunk = residual_bits & ((1 << rows * width) - 1)
        residual_bits >>= rows * width
        for _ in range(rows):
            code = chunk & mask
            chunk >>= width
            if order == _ORDER_RAW:
                if code >> (width - 1) & 1:
                    code -= 1 << width
                delta = (code - value) & _MASK
                value = code & _MASK
            else:
                step = (code >> 1) ^ -(code & 1)
                delta = (step if order == _ORDER_DELTA else delta + step) & _MASK
                value = (value + delta) & _MASK
            column.append(value)
        delta_before[channel] = delta


def _sign_extend(columns: list[list[int]], stream: StreamSchema) -> NDArray[np.int64]:
    """Turn 32-bit patterns into the counts each channel means, shape (n_samples, n_channels)."""
    counts = np.array(columns, dtype=np.uint32).astype(np.int64).T
    for i, channel in enumerate(stream.channels):
        column = counts[:, i]
        if channel.signed:
            counts[:, i] = np.where(column >= 1 << 31, column - (1 << 32), column)
        else:
            counts[:, i] = column & ((1 << channel.bits) - 1)
    return np.ascontiguousarray(counts)
