"""Sensors that a lab already owns: payloads decoded from bytes, and a source that records them."""

from wearables.profiles.device_information import DeviceInformation
from wearables.profiles.health import (
    BodyTemperature,
    PulseOximetry,
    decode_body_temperature,
    decode_continuous_oximetry,
    decode_spot_oximetry,
)
from wearables.profiles.movesense import decode_gsp
from wearables.profiles.polar import PmdFrame, decode_pmd
from wearables.profiles.profile import Profile, ProfileDecoder, Reading, Request
from wearables.profiles.registry import known_profiles, profiles_named
from wearables.profiles.sig import (
    CyclingCadence,
    HeartRate,
    RunningCadence,
    decode_battery_pct,
    decode_body_location,
    decode_cycling,
    decode_heart_rate,
    decode_running,
    decode_temperature_c,
)
from wearables.profiles.thingy import decode_raw_motion

__all__ = [
    "BodyTemperature", "CyclingCadence", "DeviceInformation", "HeartRate", "PmdFrame", "Profile",
    "ProfileDecoder", "PulseOximetry", "Reading", "Request", "RunningCadence",
    "decode_battery_pct", "decode_body_location", "decode_body_temperature",
    "decode_continuous_oximetry", "decode_cycling", "decode_gsp", "decode_heart_rate",
    "decode_pmd", "decode_raw_motion", "decode_running", "decode_spot_oximetry",
    "decode_temperature_c", "known_profiles", "profiles_named",
]  # fmt: skip
