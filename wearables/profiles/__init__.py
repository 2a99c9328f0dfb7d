"""Payloads of sensors that a lab already owns, decoded from bytes without a radio."""

from wearables.profiles.sig import (
    HeartRate,
    RunningCadence,
    decode_battery_pct,
    decode_heart_rate,
    decode_running,
)

__all__ = [
    "HeartRate",
    "RunningCadence",
    "decode_battery_pct",
    "decode_heart_rate",
    "decode_running",
]
