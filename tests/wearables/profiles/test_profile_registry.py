import dataclasses
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from firmware_bridge.events import Damaged, LossCause, Lost, Sampled, Status
from firmware_bridge.schema import GarmentSchema
from wearables.errors import SignalError
from wearables.profiles import Reading, known_profiles, polar, profiles_named, registry
from wearables.profiles.indexing import Indexer
from wearables.profiles.profile import uuid16
from wearables.profiles.standard import (
    UNKNOWN,
    battery_profile,
    channel,
    heart_rate_profile,
    slow_stream,
)
from wearables.profiles.vendors import movesense_profile, polar_profile

AT = {"host_ns": 100_000_000_000, "epoch": 1}


def plug_in(monkeypatch, value: str) -> None:
    entry = EntryPoint(name="extra", value=value, group=registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])


def extra_profile():
    return dataclasses.replace(battery_profile(), name="extra")


def test_plug_ins_join(monkeypatch):
    monkeypatch.setattr("wearables.profiles.standard.extra", extra_profile, raising=False)
    plug_in(monkeypatch, "wearables.profiles.standard:extra")
    assert [p.name for p in profiles_named(["extra", "polar"])] == ["extra", "polar"]


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ("wearables.profiles.standard:battery_profile", "which exists"),
        ("wearables.profiles.nowhere:thing", "cannot be loaded"),
        ("builtins:dict", "gives a dict"),
    ],
)
def test_bad_plug_ins_are_told(monkeypatch, value, match):
    plug_in(monkeypatch, value)
    with pytest.raises(SignalError, match=match):
        known_profiles()


def test_unknown_profiles_are_told():
    with pytest.raises(SignalError, match="'x' is not known; known are heart_rate, battery"):
        profiles_named(["x"])


@pytest.mark.parametrize("name", list(known_profiles()))
def test_noise_never_leaks_out_of_a_profile(name):
    profile = known_profiles()[name]
    rng = np.random.default_rng(17)
    streams = [dataclasses.replace(s, id=i) for i, s in enumerate(profile.streams, start=1)]
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=tuple(streams))
    decoder, index = profile.make_decoder(), Indexer(schema, origin_ns=0)
    uuids = [*profile.notify_uuids, *(r.answer_uuid for r in profile.requests if r.answer_uuid)]
    n_damaged = 0
    for i in range(5000):
        data = bytearray(rng.bytes(int(rng.integers(0, 48))))
        if len(data) > 10 and rng.random() < 0.5:
            data[0], data[1], data[9] = rng.integers(0, 4), rng.integers(0, 4), 0x81 * (i % 2)
        at = {"host_ns": i * 1_000_000, "epoch": 1}
        made = [*decoder.feed(uuids[i % len(uuids)], bytes(data), **at)]
        if i == 4999:
            made += decoder.flush(**at)
        for item in made:
            events = index(item, **at) if isinstance(item, Reading) else [item]
            assert all(isinstance(e, Sampled | Lost | Damaged | Status) for e in events)
            n_damaged += sum(isinstance(e, Damaged) for e in events)
    assert n_damaged > 100


@pytest.mark.parametrize(
    ("name", "number", "data", "row"),
    [
        ("running", 0x2A53, "070002b45000e8030000", [512, 180, 80, 1000, 1]),
        ("running", 0x2A53, "00000150", [256, 80, UNKNOWN, 0xFFFFFFFF, 0]),
        ("cycling", 0x2A5B, "030a00000000040500 0008", [10, 1024, 5, 2048]),
        ("cycling", 0x2A5B, "00", [0xFFFFFFFF, UNKNOWN, UNKNOWN, UNKNOWN]),
        ("thermometer", 0x2A1C, "006e0100ff", [30975]),
        ("oximeter", 0x2A5F, "0062004800", [980, 720, UNKNOWN, 0]),
        ("oximeter", 0x2A5E, "0862004800 3200", [980, 720, 5000, 1]),
        ("heart_rate", 0x2A37, "0848e803", [72, 2, 1000]),
    ],
)
def test_standard_rows(name, number, data, row):
    decoder = known_profiles()[name].make_decoder()
    (made,) = decoder.feed(uuid16(number), bytes.fromhex(data), **AT)
    assert made.counts.tolist() == [row]
    assert decoder.flush(**AT) == []


def test_beats_chain_and_start_anew_after_a_pause():
    decoder = heart_rate_profile().make_decoder()
    uuid = uuid16(0x2A37)
    times_ms = []
    for host_s, data in ((100, "1048000400 02"), (101.2, "10480004"), (110, "10480004")):
        at = {"host_ns": round(host_s * 1e9), "epoch": 1}
        times_ms += decoder.feed(uuid, bytes.fromhex(data), **at)[1].counts[:, 1].tolist()
    assert times_ms == [59500, 60000, 61000, 70000]


def test_polar_counts_in_units_of_a_factor():
    decoder = polar_profile({polar.PmdKind.ACC: {polar.PmdSetting.RATE_HZ: 50}}).make_decoder()
    frame = (
        b"\x02"
        + (10**15).to_bytes(8, "little")
        + b"\x80"
        + np.array([1000, -1, 0], "<i2").tobytes()
    )
    (found,) = decoder.feed(polar.DATA_UUID, frame, **AT)
    assert "factor" in found.reason
    for word, n in ((0.000244, 0), (5.0, 0)):
        answer = bytes.fromhex("f0020200000501") + np.float32(word).tobytes()
        assert len(decoder.feed(polar.CONTROL_UUID, answer, **AT)) == n
    (damaged,) = decoder.feed(polar.CONTROL_UUID, bytes.fromhex("f002020000 09"), **AT)
    assert isinstance(damaged, Damaged)
    assert decoder.feed(polar.CONTROL_UUID, b"", **AT) == []
    (made,) = decoder.feed(polar.DATA_UUID, frame, **AT)
    assert made.counts.tolist() == [[24400, -24, 0]]
    (damaged,) = decoder.feed(polar.DATA_UUID, b"\0" + frame[1:9] + b"\0" + bytes(3), **AT)
    assert "not asked for" in damaged.reason


def schema() -> GarmentSchema:
    fast = dataclasses.replace(slow_stream("fast", channel("x", "1", bits=8), rate_hz=100.0), id=1)
    slow = dataclasses.replace(slow_stream("slow", channel("y", "1")), id=2)
    return GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(fast, slow))


def reading(stream: str, n: int, device_us: int | None = None) -> Reading:
    return Reading(stream=stream, counts=np.zeros((n, 1), np.int64), device_us=device_us)


def test_the_index_runs_and_small_jitter_is_no_gap():
    index = Indexer(schema(), origin_ns=0)
    events = []
    for i, jitter_us in enumerate((0, 300, -900, 2000)):
        at = {"host_ns": i * 100_000_000, "epoch": 1}
        events += index(reading("fast", 10, 7_000_000 + i * 100_000 + jitter_us), **at)
    assert [e.first_index for e in events] == [0, 10, 20, 30]
    assert index(reading("fast", 0, 1), host_ns=1, epoch=1) == []


def test_one_missing_frame_is_a_gap_of_its_length():
    index = Indexer(schema(), origin_ns=0)
    index(reading("fast", 10, 1_000_000), host_ns=0, epoch=1)
    lost, sampled = index(reading("fast", 10, 1_200_000), host_ns=200_000_000, epoch=1)
    assert (lost.first_index, lost.n_samples, lost.cause) == (10, 10, LossCause.INFERRED)
    assert sampled.first_index == 20


def test_a_clock_that_is_set_starts_a_boot():
    index = Indexer(schema(), origin_ns=0)
    index(reading("fast", 10, 1_000_000), host_ns=0, epoch=1)
    (sampled,) = index(reading("fast", 10, 9_000_000_000), host_ns=100_000_000, epoch=1)
    assert (sampled.boot, sampled.first_index, sampled.device_us) == (2, 0, 100_000)


def test_values_beyond_their_bits_are_damage():
    index = Indexer(schema(), origin_ns=0)
    item = Reading(stream="fast", counts=np.array([[256]]))
    (found,) = index(item, host_ns=3, epoch=4)
    assert isinstance(found, Damaged)


def test_streams_without_a_clock_follow_the_one_with():
    index = Indexer(schema(), origin_ns=0)
    for i in range(400):
        # The sensor's clock runs 1 % fast.
        device_us = round(i * 101_000)
        index(reading("fast", 10, device_us), host_ns=i * 100_000_000, epoch=1)
    (slow,) = index(reading("slow", 1), host_ns=40_000_000_000, epoch=1)
    assert abs(slow.device_us - 40_400_000) < 20_000


def test_movesense_values_and_refusals():
    profile = movesense_profile(["/Meas/Acc/52"])
    refusal = profile.requests[0].refusal
    assert refusal is not None
    assert refusal(b"\x01\x01\xc8\x00") is None
    assert refusal(b"\x01\x02\x94\x01") is None
    assert "status 404" in (refusal(b"\x01\x01\x94\x01") or "")
    decoder = profile.make_decoder()
    huge = b"\x02\x01\0\0\0\0" + np.array([1e30, 0, 0], "<f4").tobytes()
    assert decoder.feed("", huge, **AT) == []
    (found,) = decoder.flush(**AT)
    assert isinstance(found, Damaged)
