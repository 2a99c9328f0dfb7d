"""Profiles of the Bluetooth SIG's services: heart rate, battery, cadence, temperature, oximetry.

Measurements that come about once a second are streams at 1 Hz, stamped on arrival. What comes by
the event, such as intervals between beats, keeps its own time in a channel.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from firmware_bridge.events import Damaged, Status
from firmware_bridge.schema import ChannelSchema, StreamSchema
from wearables.profiles import health, sig
from wearables.profiles.profile import Profile, Reading, uuid16

HEART_RATE_UUID, BATTERY_UUID = uuid16(0x2A37), uuid16(0x2A19)
_RR_TICKS_PER_S = 1024
# Beats chain by their intervals; when the chain leaves the arrival by more, beats were missed.
_RR_SLACK_S = 2.0
UNKNOWN = 0xFFFF
_TOO_LARGE = 1 << 40

Made = Sequence[Reading | Damaged | Status]


def channel(
    name: str, unit: str, *, bits: int = 16, scale: float = 1.0, offset: float = 0.0,
    kind: str = "other", signed: bool = False,
) -> ChannelSchema:  # fmt: skip
    """One channel; physical = (raw - offset) * scale."""
    return ChannelSchema(
        name=name, unit=unit, bits=bits, signed=signed, scale=scale, offset=offset, kind=kind
    )


def slow_stream(name: str, *channels: ChannelSchema, rate_hz: float = 1.0) -> StreamSchema:
    """A stream that comes about once a second."""
    return StreamSchema(
        id=1, name=name, rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=2000, store=False,
        channels=channels,
    )  # fmt: skip


class OneValue:
    """Decoder that keeps nothing between notifications."""

    def __init__(self, decode: Callable[..., Any], place: Callable[[Any, int], Made]) -> None:
        self._decode = decode
        self._place = place

    def feed(self, uuid: str, data: bytes, *, host_ns: int, epoch: int) -> Made:
        """Take a value."""
        found = self._decode(data, host_ns=host_ns, epoch=epoch)
        return [found] if isinstance(found, Damaged) else self._place(found, host_ns)

    def flush(self, *, host_ns: int, epoch: int) -> Made:
        """Nothing is held back."""
        return []


def _row(stream: str, *values: float | None, regular: bool = True) -> list[Reading]:
    # Values too large for any channel stay so; the index finds them.
    numbers = [
        UNKNOWN
        if v is None or not math.isfinite(v)
        else round(max(-_TOO_LARGE, min(v, _TOO_LARGE)))
        for v in values
    ]
    return [Reading(stream=stream, counts=np.array([numbers], np.int64), is_regular=regular)]


class HeartRateDecoder:
    """Rate at 1 Hz, and beats with their own times."""

    def __init__(self) -> None:
        self._first_ns: int | None = None
        self._beat_s = -math.inf

    def feed(self, uuid: str, data: bytes, *, host_ns: int, epoch: int) -> Made:
        """Take a heart rate measurement."""
        found = sig.decode_heart_rate(data, host_ns=host_ns, epoch=epoch)
        if isinstance(found, Damaged):
            return [found]
        contact = {None: 2, False: 0, True: 1}[found.has_contact]
        energy_kj = None if found.energy_j is None else found.energy_j / 1000
        made = _row("heart_rate", found.rate_bpm, contact, energy_kj)
        if found.rr_s:
            made.append(self._beats(found.rr_s, host_ns))
        return made

    def _beats(self, rr_s: tuple[float, ...], host_ns: int) -> Reading:
        now_s = host_ns * 1e-9
        last_s = self._beat_s + sum(rr_s)
        if abs(now_s - last_s) > _RR_SLACK_S:
            self._beat_s = now_s - sum(rr_s)
        if self._first_ns is None:
            # Room for the beats that end before the first notification.
            self._first_ns = host_ns - 60_000_000_000
        rows: list[tuple[int, int]] = []
        for interval_s in rr_s:
            self._beat_s += interval_s
            since_ms = round((self._beat_s - self._first_ns * 1e-9) * 1000)
            rows.append((round(interval_s * _RR_TICKS_PER_S), since_ms % (1 << 32)))
        return Reading(stream="rr", counts=np.array(rows, np.int64), is_regular=False)

    def flush(self, *, host_ns: int, epoch: int) -> Made:
        """Nothing is held back."""
        return []


def heart_rate_profile() -> Profile:
    """Heart Rate, 180D: rate, contact, energy; intervals with the time of each beat."""
    rate = slow_stream(
        "heart_rate",
        channel("rate", "/min", kind="heart_rate"),
        channel("contact", "1", bits=8, kind="contact"),
        channel("energy", "kJ", kind="energy"),
    )
    beats = slow_stream(
        "rr",
        channel("interval", "s", scale=1 / _RR_TICKS_PER_S, kind="rr"),
        # Seconds since a minute before the first notification, so that beats can be told apart
        # from samples at a fixed rate.
        channel("beat", "s", bits=32, scale=1e-3, kind="time"),
        rate_hz=1.2,
    )
    return Profile(
        name="heart_rate", service_uuid=uuid16(0x180D), streams=(rate, beats),
        notify_uuids=(HEART_RATE_UUID,), make_decoder=HeartRateDecoder,
    )  # fmt: skip


def battery_profile() -> Profile:
    """Battery, 180F: status events; read once, then notified."""

    def place(pct: int, host_ns: int) -> Made:
        none = {"producer_lost": 0, "frames_dropped": 0, "log_used_b": 0}
        return [Status(host_ns=host_ns, battery_pct=float(pct), **none)]

    return Profile(
        name="battery", service_uuid=uuid16(0x180F), streams=(),
        notify_uuids=(BATTERY_UUID,), read_uuids=(BATTERY_UUID,),
        make_decoder=lambda: OneValue(sig.decode_battery_pct, place),
    )  # fmt: skip


def running_profile() -> Profile:
    """Running Speed and Cadence, 1814."""

    def place(found: sig.RunningCadence, _host_ns: int) -> Made:
        stride_cm = None if found.stride_m is None else found.stride_m * 100
        distance_dm = 0xFFFFFFFF if found.distance_m is None else found.distance_m * 10
        speed = found.speed_m_s * 256
        head = (speed, found.cadence_per_min, stride_cm, distance_dm, found.is_running)
        return _row("running", *head)

    stream = slow_stream(
        "running",
        channel("speed", "m/s", scale=1 / 256, kind="speed"),
        channel("cadence", "/min", kind="cadence"),
        channel("stride", "m", scale=0.01, kind="length"),
        channel("distance", "m", bits=32, scale=0.1, kind="length"),
        channel("is_running", "1", bits=8, kind="flag"),
    )
    return Profile(
        name="running", service_uuid=uuid16(0x1814), streams=(stream,),
        notify_uuids=(uuid16(0x2A53),),
        make_decoder=lambda: OneValue(sig.decode_running, place),
    )  # fmt: skip


def cycling_profile() -> Profile:
    """Cycling Speed and Cadence, 1816: counters and clocks as sent; rates are derived later."""

    def place(found: sig.CyclingCadence, _host_ns: int) -> Made:
        turns = found.wheel_revolutions
        wheel = 0xFFFFFFFF if turns is None else turns
        crank = (found.crank_revolutions, found.crank_event_ticks)
        return _row("cycling", wheel, found.wheel_event_ticks, *crank)

    tick_s = 1 / 1024
    stream = slow_stream(
        "cycling",
        channel("wheel_turns", "1", bits=32, kind="count"),
        channel("wheel_event", "s", scale=tick_s, kind="time"),
        channel("crank_turns", "1", kind="count"),
        channel("crank_event", "s", scale=tick_s, kind="time"),
    )
    return Profile(
        name="cycling", service_uuid=uuid16(0x1816), streams=(stream,),
        notify_uuids=(uuid16(0x2A5B),),
        make_decoder=lambda: OneValue(sig.decode_cycling, place),
    )  # fmt: skip


def thermometer_profile() -> Profile:
    """Health Thermometer, 1809: kelvin; one row a measurement."""

    def place(found: health.BodyTemperature, _host_ns: int) -> Made:
        return _row("temperature", found.temperature_k * 100, regular=False)

    stream = slow_stream("temperature", channel("body", "K", scale=0.01, kind="temperature"))
    return Profile(
        name="thermometer", service_uuid=uuid16(0x1809), streams=(stream,),
        notify_uuids=(uuid16(0x2A1C),),
        make_decoder=lambda: OneValue(health.decode_body_temperature, place),
    )  # fmt: skip


class OximeterDecoder:
    """Spot checks and the continuous measurement share one stream."""

    def feed(self, uuid: str, data: bytes, *, host_ns: int, epoch: int) -> Made:
        """Take an oximetry measurement."""
        is_spot = uuid == uuid16(0x2A5E)
        decode = health.decode_spot_oximetry if is_spot else health.decode_continuous_oximetry
        found = decode(data, host_ns=host_ns, epoch=epoch)
        if isinstance(found, Damaged):
            return [found]
        amplitude = found.pulse_amplitude
        amplitude = None if amplitude is None else amplitude * 1e4
        values = (found.spo2 * 1000, found.pulse_hz * 600, amplitude, is_spot)
        return _row("oximetry", *values, regular=not is_spot)

    def flush(self, *, host_ns: int, epoch: int) -> Made:
        """Nothing is held back."""
        return []


def oximeter_profile() -> Profile:
    """Pulse Oximeter, 1822: saturation as a share, pulse, amplitude."""
    stream = slow_stream(
        "oximetry",
        channel("spo2", "1", scale=1e-3, kind="spo2"),
        channel("pulse", "/min", scale=0.1, kind="heart_rate"),
        channel("amplitude", "1", scale=1e-4, kind="amplitude"),
        channel("is_spot", "1", bits=8, kind="flag"),
    )
    return Profile(
        name="oximeter", service_uuid=uuid16(0x1822), streams=(stream,),
        notify_uuids=(uuid16(0x2A5E), uuid16(0x2A5F)), make_decoder=OximeterDecoder,
    )  # fmt: skip
