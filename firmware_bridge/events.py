"""What arrives on a garment link, trouble included: a union of small types.

Indices are unwrapped to 64 bit per boot. Host times are ``time.monotonic_ns`` of the recording
host, device times integer microseconds since boot.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class LossCause(IntEnum):
    """Why samples are missing; the numbers are those of the session file's gap table."""

    RADIO = 1
    SENSOR_OVERRUN = 2
    HOST_QUEUE = 3
    DAMAGED = 4
    NO_LINK = 5
    REBOOT = 6
    PAUSED = 7
    LOG_OVERWRITTEN = 8
    INFERRED = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Samples of one frame.

    Attributes:
        stream_id: Stream of the garment's schema, 1..255.
        boot: Boot counter of the garment.
        first_index: Index of the first sample, unwrapped.
        device_us: Device time of the first sample.
        counts: Raw integers, shape (n_samples, n_channels), int64.
        flags: Flags byte of the frame.
        host_ns: Arrival.
        epoch: Number of the radio link that carried it.
        backfilled: Whether it was replayed from the garment's log.
    """

    stream_id: int
    boot: int
    first_index: int
    device_us: int
    counts: NDArray[np.int64]
    flags: int
    host_ns: int
    epoch: int
    backfilled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Samples known to be missing: ``[first_index, first_index + n_samples)``.

    After a reboot nobody may know how many they were; then ``n_samples`` is 0, and ``duration_ns``
    says how long before ``host_ns`` the garment was last heard.
    """

    stream_id: int
    boot: int
    first_index: int
    n_samples: int
    cause: LossCause
    host_ns: int
    epoch_before: int
    epoch_after: int
    duration_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """Bytes that arrived and are not a valid frame."""

    reason: str
    host_ns: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A remark on the time line.

    Attributes:
        host_ns: Host time of the remark.
        kind: ``marker``, ``button``, ``on_body``, ``off_body``, ``activity`` ...
        text: What it says.
        source: ``user``, ``device`` or ``program``.
        device_us: Device time, when the garment made it.
    """

    host_ns: int
    kind: str
    text: str
    source: str
    device_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """State of the garment; counters are cumulative since boot.

    Attributes:
        host_ns: Arrival.
        battery_pct: Charge, 0..100.
        producer_lost: Samples lost in the sensor queue, all streams.
        frames_dropped: Frames dropped before the radio, all streams.
        log_used_b: Bytes used in the flash log.
    """

    host_ns: int
    battery_pct: float
    producer_lost: int
    frames_dropped: int
    log_used_b: int


Event = Sampled | Lost | Damaged | Marker | Status
