"""Polar Measurement Data: ECG, acceleration and PPG, plain and delta frames.

A frame holds u8 kind, u64 nanoseconds since 2000-01-01 of its *last* sample, u8 form (b7 set:
delta), then samples. It has no sequence number and no checksum. Written from the layout that
Polar publishes for its sensors; no code or captures of its SDK were used.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.events import Damaged

SERVICE_UUID = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL_UUID = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA_UUID = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

_HEAD_SIZE = 10
_DELTA = 0x80
_CONTROL_RESPONSE = 0xF0
_ALREADY_STARTED = 6


class PmdKind(IntEnum):
    """What a frame measures."""

    ECG = 0
    PPG = 1
    ACC = 2


class PmdCommand(IntEnum):
    """Requests of the control point."""

    GET_SETTINGS = 1
    START = 2
    STOP = 3


class PmdSetting(IntEnum):
    """Settings of a measurement; the number of bytes of a value follows from the kind."""

    RATE_HZ = 0
    RESOLUTION_BITS = 1
    RANGE = 2
    CHANNELS = 4
    FACTOR = 5


_SETTING_SIZES = {0: 2, 1: 2, 2: 2, 3: 2, 4: 1, 5: 4}

_NAMED_SETTINGS = frozenset(int(setting) for setting in PmdSetting)

# Kind and form: channels, bits
_FORMS: dict[tuple[int, int], tuple[int, int]] = {
    (PmdKind.ECG, 0): (1, 24),
    (PmdKind.PPG, 0): (4, 24),
    (PmdKind.ACC, 0): (3, 8),
    (PmdKind.ACC, 1): (3, 16),
    (PmdKind.ACC, 2): (3, 24),
}
# Delta frames of acceleration keep 16 bits in form 0 as well as in form 1.
_DELTA_FORMS: dict[tuple[int, int], tuple[int, int]] = {
    (PmdKind.PPG, 0): (4, 24),
    (PmdKind.ACC, 0): (3, 16),
    (PmdKind.ACC, 1): (3, 16),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PmdFrame:
    """One frame of samples.

    Attributes:
        kind: What was measured.
        form: Number of the sample form, without the delta bit.
        is_delta: Whether it came as differences.
        last_ns: Nanoseconds since 2000-01-01 at the last sample.
        counts: Integers as sent, shape (n_samples, n_channels): microvolts for ECG, milli-g for
            plain acceleration of form 1, g times the factor of the settings for delta form 0.
    """

    kind: PmdKind
    form: int
    is_delta: bool
    last_ns: int
    counts: NDArray[np.int64]


def decode_pmd(data: bytes, *, host_ns: int, epoch: int) -> PmdFrame | Damaged:
    """Read a frame of the data characteristic."""
    try:
        return _decode(data)
    except _FrameTroubleError as error:
        return Damaged(reason=str(error), host_ns=host_ns, epoch=epoch)


class _FrameTroubleError(Exception):
    """A frame that cannot be read."""


def _decode(data: bytes) -> PmdFrame:
    if len(data) <= _HEAD_SIZE:
        raise _FrameTroubleError(f"PMD frame has {len(data)} bytes, wanted more than {_HEAD_SIZE}")
    kind, form, is_delta = data[0], data[9] & ~_DELTA, bool(data[9] & _DELTA)
    forms = _DELTA_FORMS if is_delta else _FORMS
    if (kind, form) not in forms:
        word = "delta" if is_delta else "plain"
        raise _FrameTroubleError(f"PMD frame of kind {kind}, {word} form {form} is not known")
    n_channels, bits = forms[kind, form]
    body = data[_HEAD_SIZE:]
    counts = _delta(body, n_channels, bits) if is_delta else _plain(body, n_channels, bits)
    return PmdFrame(
        kind=PmdKind(kind),
        form=form,
        is_delta=is_delta,
        last_ns=int.from_bytes(data[1:9], "little"),
        counts=counts,
    )


def _plain(body: bytes, n_channels: int, bits: int) -> NDArray[np.int64]:
    size = n_channels * bits // 8
    if len(body) % size:
        raise _FrameTroubleError(f"PMD samples have {len(body)} bytes, wanted a multiple of {size}")
    return _integers(body, bits).reshape(-1, n_channels)


def _integers(body: bytes, bits: int) -> NDArray[np.int64]:
    """Little-endian two's-complement integers of whole bytes, shape (n,)."""
    octets = np.frombuffer(body, dtype=np.uint8).reshape(-1, bits // 8).astype(np.int64)
    words = (octets << (8 * np.arange(bits // 8))).sum(axis=1)
    return words - (words >> (bits - 1) << bits)


def _delta(body: bytes, n_channels: int, bits: int) -> NDArray[np.int64]:
    """Reference sample, then blocks of differences: u8 width, u8 count, bits."""
    start = n_channels * bits // 8
    if len(body) < start:
        raise _FrameTroubleError(f"PMD reference has {len(body)} bytes, wanted {start}")
    parts = [_integers(body[:start], bits).reshape(1, n_channels)]
    while start < len(body):
        if len(body) - start < 2:
            raise _FrameTroubleError("PMD delta frame ends inside the head of a block")
        width, count = body[start], body[start + 1]
        size = -(-width * count * n_channels // 8)
        block = body[start + 2 : start + 2 + size]
        if not 1 <= width <= 32 or len(block) < size:
            raise _FrameTroubleError(
                f"PMD delta block of {count} samples at {width} bits has {len(block)} bytes, "
                f"wanted {size} and 1 to 32 bits"
            )
        parts.append(_differences(block, width, count * n_channels).reshape(-1, n_channels))
        start += 2 + size
    return np.cumsum(np.concatenate(parts), axis=0)


def _differences(block: bytes, width: int, n: int) -> NDArray[np.int64]:
    """Two's-complement numbers packed least significant bit first, shape (n,)."""
    bits = np.unpackbits(np.frombuffer(block, dtype=np.uint8), bitorder="little")
    words = (bits[: n * width].reshape(n, width).astype(np.int64) << np.arange(width)).sum(axis=1)
    return words - (words >> (width - 1) << width)


def start_request(kind: PmdKind, settings: dict[PmdSetting, int]) -> bytes:
    """Bytes that start a measurement; each setting as id, count 1, value."""
    parts = [bytes([PmdCommand.START, kind])]
    for key, value in settings.items():
        parts.append(bytes([key, 1]) + value.to_bytes(_SETTING_SIZES[key], "little"))
    return b"".join(parts)


def refusal(answer: bytes) -> str | None:
    """Why the control point refused; nothing if it agreed."""
    if len(answer) < 4 or answer[0] != _CONTROL_RESPONSE:
        return f"the answer {answer.hex()} is not one of the control point"
    if answer[3] in (0, _ALREADY_STARTED):
        return None
    return f"request {answer[1]} of kind {answer[2]} ended with status {answer[3]}"


def decode_settings(
    answer: bytes, *, host_ns: int, epoch: int
) -> dict[PmdSetting, tuple[int, ...]] | Damaged:
    """Read the settings that a measurement offers, or the factor that a start reports."""
    found: dict[PmdSetting, tuple[int, ...]] = {}
    start = 5
    while start < len(answer):
        key, count = answer[start], int.from_bytes(answer[start + 1 : start + 2], "little")
        size = _SETTING_SIZES.get(key, 0)
        stop = start + 2 + size * count
        if not size or not count or stop > len(answer):
            reason = f"PMD settings of {len(answer)} bytes cannot be read at byte {start}"
            return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)
        values = tuple(
            int.from_bytes(answer[i : i + size], "little") for i in range(start + 2, stop, size)
        )
        if key in _NAMED_SETTINGS:
            found[PmdSetting(key)] = values
        start = stop
    return found
