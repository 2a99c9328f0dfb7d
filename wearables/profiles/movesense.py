"""Movesense GATT Sensor Protocol: subscribe by path, then u8 kind, u8 reference, u32 ms, samples.

The notifications do not describe themselves: the host must remember which path it gave to which
reference. Integers are little endian, samples 32-bit floats except for ECG.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.events import Damaged

SERVICE_UUID = "34802252-7185-4d5d-b431-630e7050e8f0"
WRITE_UUID = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY_UUID = "34800002-7185-4d5d-b431-630e7050e8f0"

# Volts of one count of ECG, see the sensor's data sheet.
ECG_V_PER_COUNT = 0.381e-6
_RESPONSE, _DATA, _CONTINUATION = 1, 2, 3
_ECG_SAMPLES = 16

# First part of the path: channels in the order of the bytes, as groups of three.
CHANNELS: dict[str, tuple[str, ...]] = {
    "Acc": ("acc_x", "acc_y", "acc_z"),
    "Gyro": ("gyr_x", "gyr_y", "gyr_z"),
    "Magn": ("mag_x", "mag_y", "mag_z"),
    "IMU6": ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z"),
    "IMU9": (
        "acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z", "mag_x", "mag_y", "mag_z",
    ),
    "ECG": ("ecg",),
}  # fmt: skip


class GspCommand(IntEnum):
    """Requests."""

    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GspResponse:
    """Answer to a request; ``status`` is 200 when all is well, as in HTTP."""

    reference: int
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GspSamples:
    """Samples of one notification.

    Attributes:
        reference: What the host named the subscription.
        time_ms: Device time of the first sample.
        values: Samples, shape (n_samples, n_channels): m/s2, deg/s, uT, or counts of ECG.
    """

    reference: int
    time_ms: int
    values: NDArray[np.float64]


def what_of(path: str) -> str:
    """First part of the measured resource: ``/Meas/Acc/52`` gives ``Acc``."""
    parts = [part for part in path.split("/") if part]
    return parts[1] if len(parts) > 1 and parts[0] == "Meas" else ""


def subscribe_request(reference: int, path: str) -> bytes:
    """Bytes that ask for a resource, e.g. ``/Meas/Acc/52``."""
    return bytes([GspCommand.SUBSCRIBE, reference]) + path.encode("ascii")


def unsubscribe_request(reference: int) -> bytes:
    """Bytes that end a subscription."""
    return bytes([GspCommand.UNSUBSCRIBE, reference])


def decode_gsp(
    data: bytes, paths: dict[int, str], *, host_ns: int, epoch: int
) -> GspSamples | GspResponse | Damaged:
    """Read a notification.

    Args:
        data: Its bytes.
        paths: Path by reference, as subscribed.
        host_ns: Arrival.
        epoch: Link.
    """

    def damaged(reason: str) -> Damaged:
        return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)

    if len(data) < 2:
        return damaged(f"GSP notification has {len(data)} bytes, wanted 2 or more")
    kind, reference = data[0], data[1]
    if kind == _RESPONSE:
        if len(data) < 4:
            return damaged(f"GSP response has {len(data)} bytes, wanted 4 or more")
        return GspResponse(reference=reference, status=int.from_bytes(data[2:4], "little"))
    if kind != _DATA:
        text = "continues nothing" if kind == _CONTINUATION else f"of kind {kind} is not known"
        return damaged(f"GSP notification {text}")
    what = what_of(paths.get(reference, ""))
    if what not in CHANNELS:
        return damaged(f"GSP reference {reference} was never subscribed to samples")
    values = _samples(data[6:], what) if len(data) > 6 else None
    if values is None:
        return damaged(f"GSP samples of {what} have {len(data)} bytes, which is no whole number")
    if not np.isfinite(values).all():
        return damaged(f"GSP samples of {what} are not finite")
    return GspSamples(
        reference=reference,
        time_ms=int.from_bytes(data[2:6], "little"),
        values=values,
    )


def _samples(body: bytes, what: str) -> NDArray[np.float64] | None:
    if what == "ECG":
        if len(body) % 4 or len(body) > 4 * _ECG_SAMPLES:
            return None
        return np.frombuffer(body, dtype="<i4").astype(np.float64)[:, None]
    n_groups = len(CHANNELS[what]) // 3
    if len(body) % (12 * n_groups):
        return None
    # All samples of the first sensor come first, then those of the second.
    with np.errstate(invalid="ignore"):
        floats = np.frombuffer(body, dtype="<f4").astype(np.float64)
    groups = floats.reshape(n_groups, -1, 3)
    return np.concatenate(list(groups), axis=1)


class GspAssembler:
    """Join the two parts of notifications that were too long for the link.

    A first part does not say that a second will come, so each waits for the next notification of
    its subscription, or for `flush`.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, bytes] = {}

    def __call__(self, data: bytes) -> list[bytes]:
        """Take a notification; returns those that are whole now."""
        if len(data) < 2 or data[0] not in (_DATA, _CONTINUATION):
            return [data]
        before = self._waiting.pop(data[1], None)
        if data[0] == _CONTINUATION:
            return [data if before is None else before + data[2:]]
        self._waiting[data[1]] = data
        return [] if before is None else [before]

    def flush(self) -> list[bytes]:
        """What still waits; nothing more will come."""
        whole = list(self._waiting.values())
        self._waiting.clear()
        return whole


def hello_request(reference: int) -> bytes:
    """Bytes that ask the sensor who it is."""
    return struct.pack("<BB", GspCommand.HELLO, reference)
