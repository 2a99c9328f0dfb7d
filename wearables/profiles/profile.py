"""What a profile is: which characteristics to listen to, and how bytes become samples.

A package adds its own by an entry point of the group ``muslin.profiles`` that names a function
without arguments which returns a `Profile`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.events import Damaged, Status
from firmware_bridge.schema import StreamSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Samples of one notification, before they get an index.

    Attributes:
        stream: Name of the stream.
        counts: Raw integers, shape (n_samples, n_channels).
        device_us: Device time of the first sample; nothing where the device has no clock.
        is_regular: Whether samples come at the stream's rate, so that gaps can be counted.
    """

    stream: str
    counts: NDArray[np.int64]
    device_us: int | None = None
    is_regular: bool = True


class ProfileDecoder(Protocol):
    """State of one device's profile; one is made for each link."""

    def feed(
        self, uuid: str, data: bytes, *, host_ns: int, epoch: int
    ) -> Sequence[Reading | Damaged | Status]:
        """Take a value of a characteristic; damage is an event, never an exception."""
        ...

    def flush(self, *, host_ns: int, epoch: int) -> Sequence[Reading | Damaged | Status]:
        """What was held back, once the link has ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Bytes to write when the link is up.

    Attributes:
        uuid: Characteristic to write.
        data: What to write.
        answer_uuid: Characteristic that answers; nothing if none does.
        refusal: Tells from the answer why the device refused; nothing if it agreed, or if the
            answer belongs to another request.
    """

    uuid: str
    data: bytes
    answer_uuid: str | None = None
    refusal: Callable[[bytes], str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How to record one service of a device.

    Attributes:
        name: Short name, unique among all profiles.
        service_uuid: Service that a device must have, 128-bit text in lower case.
        streams: What it yields; the ids are given anew when profiles are joined.
        notify_uuids: Characteristics to subscribe to; those that a device lacks are skipped.
        read_uuids: Characteristics to read once and hand to the decoder.
        requests: What starts the device, in order.
        make_decoder: Makes the decoder of a link.
    """

    name: str
    service_uuid: str
    streams: tuple[StreamSchema, ...]
    make_decoder: Callable[[], ProfileDecoder]
    notify_uuids: tuple[str, ...] = ()
    read_uuids: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()


def uuid16(number: int) -> str:
    """Text of a UUID that the Bluetooth SIG has assigned."""
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"
