"""Many frames of one stream at once: for replay, repair and files, not for the live loop.

Two engines give the same bits: numpy alone, and compiled loops when numba is importable. The
checks of a single frame precede any decoding here too; what fails them is told with its reason.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.codec import GROUP, decode_frame
from firmware_bridge.errors import FrameError
from firmware_bridge.packet import CRC_SIZE, HEADER_SIZE, MIN_SIZE, VERSION, Frame, crc16
from firmware_bridge.schema import StreamSchema

Engine = Literal["auto", "numpy", "numba"]
_HALF, _MASK = 1 << 31, 0xFFFFFFFF
# Frames that are decoded together; bounds the memory of the padded arrays.
_CHUNK = 512
_WINDOW_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameBatch:
    """Decoded frames of one stream.

    Attributes:
        position: Place of each good frame among the packets, shape (n_frames,).
        session: Boot counter, shape (n_frames,).
        first_index: Index modulo 2^32 of the first sample, shape (n_frames,).
        device_us: Device time of the first sample, shape (n_frames,).
        n_samples: Samples per frame, shape (n_frames,).
        flags: Flags byte, shape (n_frames,).
        counts: Raw integers, frame after frame, shape (sum of n_samples, n_channels).
        damaged: Place and reason of every packet that is no valid frame of the stream.
    """

    position: NDArray[np.int64]
    session: NDArray[np.int64]
    first_index: NDArray[np.int64]
    device_us: NDArray[np.int64]
    n_samples: NDArray[np.int64]
    flags: NDArray[np.int64]
    counts: NDArray[np.int64]
    damaged: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the schema says of a stream's frames."""

    bits: NDArray[np.int64]
    signed: NDArray[np.bool_]
    n_reference: int

    @classmethod
    def of(cls, stream: StreamSchema) -> "_Layout":
        bits = np.array([channel.bits for channel in stream.channels], dtype=np.int64)
        signed = np.array([channel.signed for channel in stream.channels])
        return cls(bits, signed, int(((bits + 7) // 8).sum()))


def has_numba() -> bool:
    """Whether the compiled engine can be used."""
    return importlib.util.find_spec("numba") is not None


def decode_batch(
    packets: Sequence[bytes], stream: StreamSchema, *, engine: Engine = "auto"
) -> FrameBatch:
    """Decode data frames of one stream.

    Args:
        packets: Frames as received, checksum included.
        stream: The stream they belong to.
        engine: ``numba``, ``numpy``, or the fastest one that is there.

    Returns:
        The good frames in the order given, and the reasons of the others.

    Raises:
        FrameError: If numba is asked for and not installed.
    """
    compiled = engine == "numba" or (engine == "auto" and has_numba())
    if engine == "numba" and not has_numba():
        raise FrameError("decoding with numba was asked for, and numba is not installed")
    data = np.frombuffer(b"".join(packets) + bytes(_WINDOW_BYTES), dtype=np.uint8)
    length = np.array([len(packet) for packet in packets], dtype=np.int64)
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(length)[:-1]]) if packets else length
    layout = _Layout.of(stream)
    if compiled:
        from firmware_bridge.batch_kernels import check_frames

        valid = check_frames(data, start, length, stream.id, layout.bits)
    else:
        valid = _check(packets, data, start, length, stream.id, layout)
    position = np.flatnonzero(valid)
    start, length = start[position], length[position]
    n_samples = data[start + 14].astype(np.int64)
    if compiled:
        from firmware_bridge.batch_kernels import unpack_frames

        counts = unpack_frames(data, start, n_samples, layout.bits, layout.signed)
    else:
        pieces = [
            _unpack(data, start[low : low + _CHUNK], n_samples[low : low + _CHUNK], layout)
            for low in range(0, position.size, _CHUNK)
        ]
        counts = np.concatenate([np.zeros((0, layout.bits.size), np.int64), *pieces])
    return FrameBatch(
        position=position,
        session=_integer(data, start + 2, 2),
        first_index=_integer(data, start + 4, 4),
        device_us=_integer(data, start + 8, 6),
        n_samples=n_samples,
        flags=data[start + 15].astype(np.int64),
        counts=counts,
        damaged=tuple((i, _reason(packets[i], stream)) for i in np.flatnonzero(~valid).tolist()),
    )


def _reason(packet: bytes, stream: StreamSchema) -> str:
    try:
        decode_frame(Frame.from_bytes(packet), stream)
    except FrameError as error:
        return str(error)
    return "the frame is valid"


def _integer(data: NDArray[np.uint8], at: NDArray[np.int64], n_bytes: int) -> NDArray[np.int64]:
    """Little-endian unsigned integers at byte positions, shape of the positions."""
    value = np.zeros(at.shape, dtype=np.int64)
    for i in range(n_bytes):
        value |= data[at + i].astype(np.int64) << (8 * i)
    return value


def _check(
    packets: Sequence[bytes],
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    length: NDArray[np.int64],
    stream_id: int,
    layout: _Layout,
) -> NDArray[np.bool_]:
    """Which packets pass every check of a single frame, shape (n_packets,)."""
    valid = length >= MIN_SIZE
    safe = np.where(valid, start, 0)
    valid &= (data[safe] == VERSION << 4) & (data[safe + 1] == stream_id)
    for i in np.flatnonzero(valid).tolist():
        packet = packets[i]
        told = packet[-2] | packet[-1] << 8
        valid[i] = crc16(packet[:-CRC_SIZE]) == told
    n_samples = data[np.where(valid, start + 14, 0)].astype(np.int64)
    valid &= n_samples >= 1
    n_groups = (n_samples + GROUP - 2) // GROUP
    n_head = HEADER_SIZE + layout.n_reference + n_groups * layout.bits.size
    valid &= length >= n_head + CRC_SIZE
    keep = np.flatnonzero(valid)
    for low in range(0, keep.size, _CHUNK):
        chunk = keep[low : low + _CHUNK]
        order, width, rows = _modes(data, start[chunk], n_samples[chunk], layout)
        told_width = width & 0x1F
        wanted = np.where(order == 0, told_width == 0, told_width < layout.bits)
        cost = np.where(order == 0, layout.bits, told_width) * rows[:, :, None]
        n_bits = cost.sum(axis=(1, 2))
        whole = n_head[chunk] + (n_bits + 7) // 8 + CRC_SIZE == length[chunk]
        used = rows[:, :, None] > 0
        valid[chunk] = whole & ((wanted & (order <= 2)) | ~used).all(axis=(1, 2))
    return valid


def _modes(
    data: NDArray[np.uint8], start: NDArray[np.int64], n: NDArray[np.int64], layout: _Layout
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Order and told width, shape (n_frames, n_groups, n_channels); rows (n_frames, n_groups)."""
    n_channels = layout.bits.size
    group = np.arange((int(n.max(initial=1)) + GROUP - 2) // GROUP)
    rows = np.clip(n[:, None] - 1 - group * GROUP, 0, GROUP)
    at = start[:, None] + HEADER_SIZE + layout.n_reference + group * n_channels
    at = np.where(rows > 0, at, 0)[:, :, None] + np.arange(n_channels)
    mode = np.where(rows[:, :, None] > 0, data[at].astype(np.int64), 0)
    return mode >> 5, mode & 0x1F, rows


def _unpack(
    data: NDArray[np.uint8], start: NDArray[np.int64], n: NDArray[np.int64], layout: _Layout
) -> NDArray[np.int64]:
    """Counts of checked frames, shape (sum of n, n_channels)."""
    n_frames, n_channels = start.size, layout.bits.size
    order, width, rows = _modes(data, start, n, layout)
    n_groups = rows.shape[1]
    width = np.where(order == 0, layout.bits, width)
    cost = (width * rows[:, :, None]).reshape(n_frames, -1)
    n_told = (n + GROUP - 2) // GROUP
    first = 8 * (start + HEADER_SIZE + layout.n_reference + n_told * n_channels)
    bit = (first[:, None] + np.cumsum(cost, axis=1) - cost).reshape(width.shape)
    window = np.ndarray((data.size - 7,), dtype="<u8", buffer=data, strides=(1,))
    value = _references(data, start, layout)
    delta = np.zeros_like(value)
    column = np.zeros((n_frames, 1 + n_groups * GROUP, n_channels), dtype=np.int64)
    column[:, 0] = value
    step_of = np.arange(GROUP)[:, None]
    for group in range(n_groups):
        width_g, order_g = width[:, group, None], order[:, group, None]
        inside = step_of < rows[:, group, None, None]
        at = np.where(inside, bit[:, group, None] + step_of * width_g, 0)
        code = (window[at >> 3] >> (at & 7).astype(np.uint64)).astype(np.int64)
        code &= (1 << width_g) - 1
        step = (code >> 1) ^ -(code & 1)
        second = np.cumsum(step, axis=1) + delta[:, None]
        walked = value[:, None] + np.cumsum(np.where(order_g == 2, second, step), axis=1)
        raw = code - ((code >> (width_g - 1).clip(0) & 1) << width_g)
        values = np.where(order_g == 0, raw, walked)
        values = (values + _HALF & _MASK) - _HALF
        column[:, 1 + group * GROUP : 1 + (group + 1) * GROUP] = values
        before = np.where(rows[:, group, None] > 1, values[:, -2], value)
        delta, value = values[:, -1] - before, values[:, -1]
    return _meaning(column[np.arange(column.shape[1]) < n[:, None]], layout)


def _references(
    data: NDArray[np.uint8], start: NDArray[np.int64], layout: _Layout
) -> NDArray[np.int64]:
    """First sample of each frame as signed 32-bit values, shape (n_frames, n_channels)."""
    columns: list[NDArray[np.int64]] = []
    at = start + HEADER_SIZE
    for bits in layout.bits:
        n_bytes = (int(bits) + 7) // 8
        value = _integer(data, at, n_bytes)
        columns.append(value - ((value >> (8 * n_bytes - 1)) << (8 * n_bytes)))
        at = at + n_bytes
    return np.stack(columns, axis=1)


def _meaning(values: NDArray[np.int64], layout: _Layout) -> NDArray[np.int64]:
    """Signed 32-bit patterns to the counts of each channel, shape as given."""
    unsigned = values & ((1 << layout.bits) - 1)
    return np.where(layout.signed, values, unsigned)
