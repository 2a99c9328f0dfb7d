"""Compiled loops of the batch decoder; loaded only when numba is there.

`unpack_frames` has no bounds checks of its own: `check_frames` must have passed every frame.
"""

# numba ships no usable types, and infers those of its kernels.
# pyright: basic

import numba
import numpy as np
from numpy.typing import NDArray

_GROUP = 16
_HEADER = 16
_HALF, _MASK = 1 << 31, 0xFFFFFFFF


def _crc_table() -> NDArray[np.int64]:
    """Remainders of every byte for polynomial 1021, most significant bit first."""
    table = np.zeros(256, dtype=np.int64)
    for byte in range(256):
        rest = byte << 8
        for _ in range(8):
            rest = (rest << 1) ^ (0x1021 if rest & 0x8000 else 0)
        table[byte] = rest & 0xFFFF
    return table


_TABLE = _crc_table()


@numba.njit(cache=True)
def check_frames(
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    length: NDArray[np.int64],
    stream_id: int,
    bits: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Which packets pass every check of a single frame, shape (n_packets,)."""
    n_channels, n_reference = bits.size, 0
    for c in range(n_channels):
        n_reference += (bits[c] + 7) // 8
    valid = np.zeros(start.size, dtype=np.bool_)
    for f in range(start.size):
        low, size = start[f], length[f]
        if size < 19 or data[low] != 0x10 or data[low + 1] != stream_id:
            continue
        crc = 0xFFFF
        for i in range(low, low + size - 2):
            crc = ((crc << 8) & 0xFFFF) ^ _TABLE[(crc >> 8) ^ data[i]]
        if crc != np.int64(data[low + size - 2]) | np.int64(data[low + size - 1]) << 8:
            continue
        n = np.int64(data[low + 14])
        n_groups = (n + _GROUP - 2) // _GROUP
        head = _HEADER + n_reference + n_groups * n_channels
        if n < 1 or size < head + 2:
            continue
        n_bits, good = 0, True
        for g in range(n_groups):
            rows = min(_GROUP, n - 1 - g * _GROUP)
            for c in range(n_channels):
                mode = np.int64(data[low + _HEADER + n_reference + g * n_channels + c])
                order, width = mode >> 5, mode & 0x1F
                if order > 2 or (order == 0 and width != 0) or (order > 0 and width >= bits[c]):
                    good = False
                n_bits += rows * (bits[c] if order == 0 else width)
        valid[f] = good and size == head + (n_bits + 7) // 8 + 2
    return valid


@numba.njit(cache=True)
def unpack_frames(
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    n_samples: NDArray[np.int64],
    bits: NDArray[np.int64],
    signed: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Counts of checked frames, shape (sum of n_samples, n_channels)."""
    n_channels, n_reference = bits.size, 0
    for c in range(n_channels):
        n_reference += (bits[c] + 7) // 8
    counts = np.zeros((n_samples.sum(), n_channels), dtype=np.int64)
    value = np.zeros(n_channels, dtype=np.int64)
    delta = np.zeros(n_channels, dtype=np.int64)
    row0 = 0
    for f in range(start.size):
        at = start[f] + _HEADER
        for c in range(n_channels):
            n_bytes, word = (bits[c] + 7) // 8, np.int64(0)
            for i in range(n_bytes):
                word |= np.int64(data[at + i]) << (8 * i)
            word -= (word >> (8 * n_bytes - 1)) << (8 * n_bytes)
            value[c], delta[c] = word, 0
            counts[row0, c] = word if signed[c] else word & ((np.int64(1) << bits[c]) - 1)
            at += n_bytes
        n = n_samples[f]
        n_groups = (n + _GROUP - 2) // _GROUP
        mode_at, byte = at, at + n_groups * n_channels
        store, n_stored = np.uint64(0), 0
        for g in range(n_groups):
            rows = min(_GROUP, n - 1 - g * _GROUP)
            first = row0 + 1 + g * _GROUP
            for c in range(n_channels):
                mode = np.int64(data[mode_at])
                mode_at += 1
                order, width = mode >> 5, mode & 0x1F
                if order == 0:
                    width = bits[c]
                mask = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
                last, change = value[c], delta[c]
                unsigned = np.int64(-1) if signed[c] else (np.int64(1) << bits[c]) - 1
                for j in range(rows):
                    while n_stored < width:
                        store |= np.uint64(data[byte]) << np.uint64(n_stored)
                        byte += 1
                        n_stored += 8
                    code = np.int64(store & mask)
                    store >>= np.uint64(width)
                    n_stored -= width
                    if order == 0:
                        code -= (code >> (width - 1)) << width
                        change = code - last
                        last = code
                    else:
                        step = (code >> 1) ^ -(code & 1)
                        change = step if order == 1 else change + step
                        last = ((last + change + _HALF) & _MASK) - _HALF
                    counts[first + j, c] = last & unsigned
                value[c], delta[c] = last, change
        row0 += n
    return counts
