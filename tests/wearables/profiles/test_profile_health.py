import math

import numpy as np
import pytest

from firmware_bridge.events import Damaged
from wearables.profiles import (
    CyclingCadence,
    decode_battery_pct,
    decode_body_location,
    decode_body_temperature,
    decode_continuous_oximetry,
    decode_cycling,
    decode_heart_rate,
    decode_running,
    decode_spot_oximetry,
    decode_temperature_c,
)
from wearables.profiles.device_information import (
    DeviceInformation,
    decode_device_information,
    decode_text,
)
from wearables.profiles.health import float16_11073, float32_11073
from wearables.profiles.sig import revolutions_per_s

AT = {"host_ns": 5, "epoch": 2}


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("6e0100ff", 36.6), ("6c0e00fe", 36.92), ("010000 00", 1.0), ("ffffff01", -10.0),
        ("feff7f00", math.inf), ("02008000", -math.inf),
    ],
)  # fmt: skip
def test_medical_floats(data, value):
    assert float32_11073(bytes.fromhex(data)) == pytest.approx(value)


def test_medical_floats_that_are_no_numbers():
    for data in ("ffff7f00", "00008000", "01008000"):
        assert math.isnan(float32_11073(bytes.fromhex(data)))
    for data in ("ff07", "0008", "0108"):
        assert math.isnan(float16_11073(bytes.fromhex(data)))
    assert float16_11073(bytes.fromhex("fe07")) == math.inf
    assert float16_11073(bytes.fromhex("0208")) == -math.inf
    assert float16_11073(bytes.fromhex("d3f3")) == pytest.approx(97.9)
    assert float16_11073(bytes.fromhex("ff0f")) == -1


def test_body_temperature():
    celsius = decode_body_temperature(bytes.fromhex("006e0100ff"), **AT)
    assert celsius.temperature_k == pytest.approx(309.75)
    assert (celsius.stamp, celsius.site) == (None, None)
    full = decode_body_temperature(bytes.fromhex("07db0300ffe9070b180f1e0002"), **AT)
    assert full.temperature_k == pytest.approx(273.15 + (98.7 - 32) / 1.8)
    assert (full.stamp, full.site) == ((2025, 11, 24, 15, 30, 0), 2)


def test_oximetry():
    plain = decode_continuous_oximetry(bytes.fromhex("0062004800"), **AT)
    assert (plain.spo2, plain.pulse_hz) == (pytest.approx(0.98), pytest.approx(1.2))
    data = "1f 62004800 61004900 60004a00 0100 020000 3200"
    full = decode_continuous_oximetry(bytes.fromhex(data), **AT)
    assert (full.spo2_fast, full.spo2_slow) == (pytest.approx(0.97), pytest.approx(0.96))
    assert (full.pulse_fast_hz, full.pulse_slow_hz) == (pytest.approx(73 / 60), 74 / 60)
    assert (full.measurement_status, full.device_status) == (1, 2)
    assert full.pulse_amplitude == pytest.approx(0.5)
    spot = decode_spot_oximetry(bytes.fromhex("0f62004800e9070b180f1e0001000200003200"), **AT)
    assert spot.stamp == (2025, 11, 24, 15, 30, 0)
    assert (spot.measurement_status, spot.device_status) == (1, 2)
    assert math.isnan(decode_spot_oximetry(bytes.fromhex("00ff07ff07"), **AT).spo2)


def test_cycling():
    data = bytes.fromhex("030a00000000040500 0008")
    found = decode_cycling(data, **AT)
    assert found == CyclingCadence(
        wheel_revolutions=10, wheel_event_ticks=1024, crank_revolutions=5, crank_event_ticks=2048
    )
    assert decode_cycling(b"\0", **AT).wheel_revolutions is None
    assert revolutions_per_s((10, 1024), (12, 2048), counter_bits=32) == 2.0
    assert revolutions_per_s((65535, 65024), (1, 512), counter_bits=16) == 2.0
    assert revolutions_per_s((5, 9), (5, 9), counter_bits=16) is None


def test_small_values():
    assert decode_temperature_c(bytes.fromhex("d007"), **AT) == 20.0
    assert decode_temperature_c(bytes.fromhex("0080"), **AT) is None
    assert decode_body_location(b"\x01", **AT) == "chest"
    assert decode_body_location(b"\x63", **AT) == "unknown"


def test_device_information():
    values = {0x2A29: b"Maker\0", 0x2A24: "Modèle 1 ".encode(), 0x2A25: b"\xff\xfe"}
    about = decode_device_information(values)
    assert about == DeviceInformation(manufacturer="Maker", model="Modèle 1")
    assert "512" in decode_text(bytes(600), **AT).reason


ALL = [
    decode_body_temperature, decode_continuous_oximetry, decode_spot_oximetry, decode_cycling,
    decode_temperature_c, decode_body_location, decode_text,
]  # fmt: skip


@pytest.mark.parametrize("decode", ALL[:-1])
def test_wrong_lengths_are_damage(decode):
    for data in (b"", bytes(23)):
        found = decode(data, **AT)
        assert isinstance(found, Damaged)
        assert f"{len(data)} bytes" in found.reason


@pytest.mark.parametrize("decode", ALL)
def test_noise_never_raises(decode):
    rng = np.random.default_rng(7)
    for _ in range(5000):
        decode(rng.bytes(int(rng.integers(0, 24))), **AT)


def test_payloads_agree_with_an_independent_decoder():
    oracle = pytest.importorskip("bluetooth_sig").BluetoothSIGTranslator()
    rng = np.random.default_rng(5)
    for _ in range(100):
        flags = int(rng.integers(0, 32)) & ~1 & ~6
        data = bytes([flags, 72]) + rng.bytes(2 * (flags >> 3 & 1) + 4 * (flags >> 4 & 1))
        ours, theirs = decode_heart_rate(data, **AT), oracle.parse_characteristic("2A37", data)
        assert (ours.rate_bpm, ours.rr_s) == (theirs.heart_rate, theirs.rr_intervals)
        flags = int(rng.integers(0, 8))
        data = bytes([flags]) + rng.bytes(3 + 2 * (flags & 1) + 4 * (flags >> 1 & 1))
        ours, theirs = decode_running(data, **AT), oracle.parse_characteristic("2A53", data)
        assert ours.speed_m_s == theirs.instantaneous_speed
        assert ours.stride_m == theirs.instantaneous_stride_length
        assert ours.distance_m == pytest.approx(theirs.total_distance)
        flags = int(rng.integers(0, 4))
        data = bytes([flags]) + rng.bytes(6 * (flags & 1) + 4 * (flags >> 1 & 1))
        ours, theirs = decode_cycling(data, **AT), oracle.parse_characteristic("2A5B", data)
        assert ours.wheel_revolutions == theirs.cumulative_wheel_revolutions
        assert ours.crank_revolutions == theirs.cumulative_crank_revolutions
        if flags & 2:
            assert ours.crank_event_ticks / 1024 == theirs.last_crank_event_time
    assert decode_battery_pct(b"\x57", **AT) == oracle.parse_characteristic("2A19", b"\x57")
    temperature = oracle.parse_characteristic("2A6E", bytes.fromhex("d007"))
    assert decode_temperature_c(bytes.fromhex("d007"), **AT) == temperature
