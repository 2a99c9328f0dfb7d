"""Profiles of makers: Polar PMD, Movesense GSP, Thingy:52."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from firmware_bridge.events import Damaged
from firmware_bridge.schema import ChannelSchema, StreamSchema
from wearables.profiles import movesense, polar, thingy
from wearables.profiles.polar import PmdKind, PmdSetting
from wearables.profiles.profile import Profile, Reading, Request
from wearables.profiles.standard import Made, OneValue, channel

POLAR_DEFAULTS: Mapping[PmdKind, Mapping[PmdSetting, int]] = {
    PmdKind.ECG: {PmdSetting.RATE_HZ: 130, PmdSetting.RESOLUTION_BITS: 14},
    PmdKind.ACC: {PmdSetting.RATE_HZ: 50, PmdSetting.RESOLUTION_BITS: 16, PmdSetting.RANGE: 8},
}
_AXES = "xyz"
# Fine enough for frames in units of a factor, and whole for those in mg.
_ACC_STEP_MG = 0.01
_GSP_OK = (200, 201)


def _fast_stream(name: str, rate_hz: float, channels: Sequence[ChannelSchema]) -> StreamSchema:
    return StreamSchema(
        id=1, name=name, rate_hz=float(rate_hz), rates_hz=(float(rate_hz),), max_latency_ms=1000,
        store=False, channels=tuple(channels),
    )  # fmt: skip


class PolarDecoder:
    """Frames of several measurements, moved from the last to the first sample."""

    def __init__(self, rates_hz: Mapping[PmdKind, float]) -> None:
        self._rates_hz = rates_hz
        self._factors: dict[int, float] = {}

    def feed(self, uuid: str, data: bytes, *, host_ns: int, epoch: int) -> Made:
        """Take a frame, or the answer to a start, which may tell the factor of its counts."""
        if uuid == polar.CONTROL_UUID:
            return self._note_factor(data, host_ns, epoch)
        frame = polar.decode_pmd(data, host_ns=host_ns, epoch=epoch)
        if isinstance(frame, Damaged):
            return [frame]
        if frame.kind not in self._rates_hz:
            reason = f"PMD frame of {frame.kind.name} was not asked for"
            return [Damaged(reason=reason, host_ns=host_ns, epoch=epoch)]
        before_ns = round((len(frame.counts) - 1) * 1e9 / self._rates_hz[frame.kind])
        first_us = max(0, frame.last_ns - before_ns) // 1000
        counts = frame.counts
        if frame.kind is PmdKind.ACC:
            mg = self._mg_per_count(frame)
            if mg is None:
                reason = "PMD delta frame of acceleration came without a factor for its counts"
                return [Damaged(reason=reason, host_ns=host_ns, epoch=epoch)]
            counts = np.rint(counts * (mg / _ACC_STEP_MG)).astype(np.int64)
        return [Reading(stream=frame.kind.name.lower(), counts=counts, device_us=first_us)]

    def _mg_per_count(self, frame: polar.PmdFrame) -> float | None:
        """Delta form 0 counts in units of the factor, the others in mg."""
        if frame.form or not frame.is_delta:
            return 1.0
        factor_g = self._factors.get(frame.kind)
        return None if factor_g is None else factor_g * 1000

    def _note_factor(self, answer: bytes, host_ns: int, epoch: int) -> Made:
        if len(answer) < 4 or answer[1] != polar.PmdCommand.START or polar.refusal(answer):
            return []
        settings = polar.decode_settings(answer, host_ns=host_ns, epoch=epoch)
        if isinstance(settings, Damaged):
            return [settings]
        for word in settings.get(PmdSetting.FACTOR, ()):
            factor = float(np.array(word, "<u4").view("<f4"))
            # A count of 1 g or more is no accelerometer's.
            if 0 < factor < 1:
                self._factors[answer[2]] = factor
        return []

    def flush(self, *, host_ns: int, epoch: int) -> Made:
        """Nothing is held back."""
        return []


def polar_profile(
    measurements: Mapping[PmdKind, Mapping[PmdSetting, int]] | None = None,
) -> Profile:
    """Polar sensors: ECG and acceleration, or what is asked for.

    Args:
        measurements: Settings by kind; each needs its rate.
    """
    wanted = dict(measurements or POLAR_DEFAULTS)
    rates_hz = {kind: float(asked[PmdSetting.RATE_HZ]) for kind, asked in wanted.items()}
    channels = {
        PmdKind.ECG: [channel("ecg", "uV", bits=24, signed=True, kind="ecg")],
        PmdKind.ACC: [
            channel(f"acc_{axis}", "m[g]", bits=24, signed=True, scale=_ACC_STEP_MG, kind="acc")
            for axis in _AXES
        ],
        PmdKind.PPG: [
            channel(name, "{count}", bits=24, signed=True, kind="ppg")
            for name in ("ppg_1", "ppg_2", "ppg_3", "ambient")
        ],
    }
    return Profile(
        name="polar",
        service_uuid=polar.SERVICE_UUID,
        streams=tuple(
            _fast_stream(kind.name.lower(), rates_hz[kind], channels[kind]) for kind in wanted
        ),
        notify_uuids=(polar.DATA_UUID,),
        requests=tuple(
            Request(
                uuid=polar.CONTROL_UUID,
                data=polar.start_request(kind, dict(asked)),
                answer_uuid=polar.CONTROL_UUID,
                refusal=polar.refusal,
            )
            for kind, asked in wanted.items()
        ),
        make_decoder=functools.partial(PolarDecoder, rates_hz),
    )


# Unit and step of the integers that keep the floats; steps are finer than the sensor's own.
_MOVESENSE_STEPS = {"acc": ("m/s2", 1e-4), "gyr": ("deg/s", 1e-3), "mag": ("uT", 1e-2)}


class MovesenseDecoder:
    """Notifications of several subscriptions."""

    def __init__(self, paths: Mapping[int, str], streams: Mapping[int, StreamSchema]) -> None:
        self._paths = dict(paths)
        self._streams = streams
        self._assembler = movesense.GspAssembler()

    def feed(self, uuid: str, data: bytes, *, host_ns: int, epoch: int) -> Made:
        """Take a notification; a long one waits for its second part."""
        return self._read(self._assembler(data), host_ns, epoch)

    def flush(self, *, host_ns: int, epoch: int) -> Made:
        """What still waited."""
        return self._read(self._assembler.flush(), host_ns, epoch)

    def _read(self, notifications: Sequence[bytes], host_ns: int, epoch: int) -> Made:
        made: list[Reading | Damaged] = []
        for data in notifications:
            found = movesense.decode_gsp(data, self._paths, host_ns=host_ns, epoch=epoch)
            if isinstance(found, Damaged):
                made.append(found)
            elif isinstance(found, movesense.GspSamples):
                made.append(self._reading(found, host_ns, epoch))
        return made

    def _reading(self, found: movesense.GspSamples, host_ns: int, epoch: int) -> Reading | Damaged:
        stream = self._streams[found.reference]
        is_ecg = stream.channels[0].kind == "ecg"
        scale = np.array([1.0 if is_ecg else c.scale for c in stream.channels])
        counts = np.rint(found.values / scale)
        if np.abs(counts).max() >= 2**31:
            reason = f"a value of stream {stream.name} is outside of its range"
            return Damaged(reason=reason, host_ns=host_ns, epoch=epoch)
        device_us = found.time_ms * 1000
        return Reading(stream=stream.name, counts=counts.astype(np.int64), device_us=device_us)


def _gsp_refusal(reference: int, answer: bytes) -> str | None:
    found = movesense.decode_gsp(answer, {}, host_ns=0, epoch=0)
    if not isinstance(found, movesense.GspResponse) or found.reference != reference:
        return None
    if found.status in _GSP_OK:
        return None
    return f"subscription {reference} ended with status {found.status}"


def movesense_profile(paths: Sequence[str] = ("/Meas/IMU6/52", "/Meas/ECG/128")) -> Profile:
    """Movesense sensors with the GSP firmware.

    Args:
        paths: Resources with their rate as the last part.
    """
    by_reference = dict(enumerate(paths, start=1))
    streams: dict[int, StreamSchema] = {}
    for reference, path in by_reference.items():
        what, rate_hz = movesense.what_of(path), float(path.rsplit("/", 1)[-1])
        channels: list[ChannelSchema] = []
        for name in movesense.CHANNELS[what]:
            kind = name[:3]
            unit, step = _MOVESENSE_STEPS.get(kind, ("V", movesense.ECG_V_PER_COUNT))
            channels.append(channel(name, unit, bits=32, signed=True, scale=step, kind=kind))
        streams[reference] = _fast_stream(what.lower(), rate_hz, channels)
    return Profile(
        name="movesense",
        service_uuid=movesense.SERVICE_UUID,
        streams=tuple(streams.values()),
        notify_uuids=(movesense.NOTIFY_UUID,),
        requests=tuple(
            Request(
                uuid=movesense.WRITE_UUID,
                data=movesense.subscribe_request(reference, path),
                answer_uuid=movesense.NOTIFY_UUID,
                refusal=functools.partial(_gsp_refusal, reference),
            )
            for reference, path in by_reference.items()
        ),
        make_decoder=functools.partial(MovesenseDecoder, by_reference, streams),
    )


def thingy_profile(settings: thingy.MotionSettings | None = None) -> Profile:
    """Thingy:52, raw motion at the configured rate, stamped on arrival."""
    asked = settings or thingy.MotionSettings()
    kinds = (
        ("acc", "[g]", thingy.ACC_G_PER_COUNT),
        ("gyr", "deg/s", thingy.GYR_DEG_S_PER_COUNT),
        ("mag", "uT", thingy.MAG_UT_PER_COUNT),
    )
    channels = [
        channel(f"{kind}_{axis}", unit, signed=True, scale=scale, kind=kind)
        for kind, unit, scale in kinds
        for axis in _AXES
    ]

    def place(found: thingy.RawMotion, _host_ns: int) -> Made:
        return [Reading(stream="motion", counts=found.counts[None, :])]

    return Profile(
        name="thingy",
        service_uuid=thingy.SERVICE_UUID,
        streams=(_fast_stream("motion", asked.motion_rate_hz, channels),),
        notify_uuids=(thingy.RAW_UUID,),
        requests=(Request(uuid=thingy.CONFIG_UUID, data=asked.to_bytes()),),
        make_decoder=lambda: OneValue(thingy.decode_raw_motion, place),
    )
