"""A breathing belt: 25 Hz of strain over a service of its own.

A notification is u32 milliseconds since the belt was switched on, then 1 to 9 samples of i16 in
hundredths of a per cent, little endian.
"""

import struct

import numpy as np

from firmware_bridge.events import Damaged
from firmware_bridge.schema import ChannelSchema, StreamSchema
from wearables.profiles import Profile, Reading

SERVICE = "5f3a0001-7c1e-4b8e-9d55-2f8f5a4c1001"
STRAIN = "5f3a0002-7c1e-4b8e-9d55-2f8f5a4c1001"
RATE_HZ = 25.0
_MOST = 9


class BeltDecoder:
    """State of one link; this belt needs none."""

    def feed(self, uuid: str, data: bytes, *, host_ns: int, epoch: int) -> list[Reading | Damaged]:
        """Take a notification; what is not whole is an event, never an exception."""
        n, rest = divmod(len(data) - 4, 2)
        if rest or not 1 <= n <= _MOST:
            reason = f"belt: {len(data)} bytes are no notification"
            return [Damaged(reason=reason, host_ns=host_ns, epoch=epoch)]
        (milliseconds,) = struct.unpack_from("<I", data)
        counts = np.frombuffer(data, "<i2", offset=4).astype(np.int64)[:, None]
        return [Reading(stream="breath", counts=counts, device_us=1000 * milliseconds)]

    def flush(self, *, host_ns: int, epoch: int) -> list[Reading | Damaged]:
        """Nothing is held back."""
        return []


def belt_profile() -> Profile:
    """The belt as Muslin records it."""
    strain = ChannelSchema(
        name="chest", unit="%", bits=16, signed=True, scale=0.01, offset=0.0, kind="strain",
        site="chest",
    )  # fmt: skip
    stream = StreamSchema(
        id=1, name="breath", rate_hz=RATE_HZ, rates_hz=(RATE_HZ,), max_latency_ms=400, store=False,
        channels=(strain,),
    )  # fmt: skip
    return Profile(
        name="lab_belt", service_uuid=SERVICE, notify_uuids=(STRAIN,), streams=(stream,),
        make_decoder=BeltDecoder,
    )  # fmt: skip
