"""Delta groups: how samples lie in frame bodies, and how they are read, bit for bit lossless.

A body holds one reference per channel (the first sample), one mode byte per group of 16 and
channel, then the residual bits, planar within a group, least significant bit first. All
arithmetic wraps modulo 2^32. `encoder` writes them, and so does the C encoder of a garment.
"""

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import FrameError
from firmware_bridge.packet import Frame, FrameKind
from firmware_bridge.schema import StreamSchema

GROUP = 16
MAX_SAMPLES = 255
OVERHEAD_BYTES = 18
MIN_FRAME_SIZE = 64
MASK = 0xFFFFFFFF
ORDER_RAW, ORDER_DELTA, ORDER_DELTA_2 = 0, 1, 2


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
    if frame.kind is not FrameKind.DATA or frame.stream_id != stream.id:
        raise FrameError(
            f"{frame.kind.name.lower()} frame of stream {frame.stream_id} is not a data frame "
            f"of stream {stream.id}"
        )
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
        if order > ORDER_DELTA_2:
            raise FrameError(f"residual order {order} is not known; 0, 1 and 2 are")
        if order == ORDER_RAW and width != 0:
            raise FrameError(f"raw group has width {width}, wanted 0")
        if order != ORDER_RAW and width >= raw_bits:
            raise FrameError(f"delta group has width {width}, wanted below {raw_bits}")
        width = raw_bits if order == ORDER_RAW else width
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
        columns.append([value & MASK])
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
        # One loop for each order: this is where a live recording spends its time.
        if order == ORDER_DELTA:
            for _ in range(rows):
                code = chunk & mask
                chunk >>= width
                value = (value + ((code >> 1) ^ -(code & 1))) & MASK
                column.append(value)
        elif order == ORDER_DELTA_2:
            for _ in range(rows):
                code = chunk & mask
                chunk >>= width
                delta += (code >> 1) ^ -(code & 1)
                value = (value + delta) & MASK
                column.append(value)
        else:
            sign = 1 << (width - 1)
            for _ in range(rows):
                column.append((((chunk & mask) ^ sign) - sign) & MASK)
                chunk >>= width
        if rows:
            delta_before[channel] = (column[-1] - column[-2]) & MASK


def _sign_extend(columns: list[list[int]], stream: StreamSchema) -> NDArray[np.int64]:
    """Turn 32-bit patterns into the counts each channel means, shape (n_samples, n_channels)."""
    counts = np.array(columns, dtype=np.uint32).view(np.int32).astype(np.int64)
    for i, channel in enumerate(stream.channels):
        if not channel.signed:
            counts[i] &= (1 << channel.bits) - 1
    return np.ascontiguousarray(counts.T)
